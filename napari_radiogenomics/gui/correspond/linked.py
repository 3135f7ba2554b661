"""One crosshair for scan and slide: what is pointed at in one is marked in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.layers.keys import AXES, PASSING, UNITS
from napari_radiogenomics.gui.layers.sample_points import coarsest

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_radiogenomics.data.geometry import Geometry
    from napari_radiogenomics.data.transform import Transform
    from napari_radiogenomics.gui.slide.view import SlideView

__all__ = ["Linked", "off_words"]

_NAME, _COLOR = "Crosshair", "#ff2bd6"
# The ring is of pixels, however much is seen of the scan: of mm it would hide a small section. Its
# size in mm, which the limits cut, counts where napari fits all layers into a view: no larger.
_LEAST_PIXELS, _MOST_PIXELS, _RING_MM = 3, 8, 6.0
# A sweep of the mouse asks for more places than can be drawn.
_EVERY_MS = 40
# The ring on the scan waits until the mouse, which marks the place meanwhile, rests so long: all of
# the scan is drawn anew for it.
_AT_REST_MS = 250
# Nearer than this a place is said to be on the section, in mm.
_ON_SECTION = 0.05


def off_words(off_mm: float, error_mm: float) -> str:
    """How far a place is off the section, in words.

    Examples
    --------
    >>> off_words(1.234, 0.3), off_words(-0.2, 0.3)
    ('1.2 mm above the section', '0.2 mm below the section (within its error of 0.3 mm)')
    """
    if not np.isfinite(off_mm):
        return "no place on the slide"
    if abs(off_mm) < _ON_SECTION:
        return "on the section"
    side = "above" if off_mm > 0 else "below"
    said = f"{abs(off_mm):.1f} mm {side} the section"
    within = error_mm > 0 and abs(off_mm) <= error_mm
    return f"{said} (within its error of {error_mm:.1g} mm)" if within else said


class Linked(QObject):
    """Follows the mouse and the sliders of the scan, and clicks on the slide.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer of the scan; its world is LPS mm in the order z, y, x.
    parent : QObject
        Owner.

    Attributes
    ----------
    told : Signal(str)
        Where the crosshair is, with its distance to the section.
    """

    told = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.connections = Connections(parent)
        self.view: SlideView | None = None
        self._to_scan: Transform | None = None
        self._to_slide: Transform | None = None
        self._grid: Geometry | None = None
        self._layer: Layer | None = None
        self._waiting: np.ndarray | None = None
        self._resting = False
        self._marked = False  # something, on both sides
        self._timer = QTimer(self, interval=_EVERY_MS, singleShot=True)
        self._timer.timeout.connect(self._show_waiting)
        self._pointed = np.zeros(3)
        self._at_rest = QTimer(self, interval=_AT_REST_MS, singleShot=True)
        self._at_rest.timeout.connect(lambda: self._mark(self._pointed))
        self.connections.add(viewer.dims.events.point, self._follow_sliders)
        viewer.mouse_move_callbacks.append(self._follow_mouse)

    def use(self, view: SlideView, transform: Transform, grid: Geometry) -> None:
        """Link the slide in a view with the scan through a transform (slide to scan)."""
        if view is not self.view:
            self.view = view
            view.clicked.connect(self.go_to_slide)
            view.moved.connect(self._follow_slide)
        self._to_scan, self._to_slide, self._grid = transform, transform.inverse(), grid

    def release(self) -> None:
        """Link nothing, and take the marks away."""
        self._to_scan = self._to_slide = None
        self._waiting, self._marked = None, False
        self._at_rest.stop()
        if self.view is not None:
            self.view.set_crosshair(None)
        if self._layer is not None and self._layer in self.viewer.layers:
            self.viewer.layers.remove(self._layer)
        self._layer = None

    def rest(self) -> None:
        """Show no mark on the scan while the slide is not seen."""
        self._resting = True
        if self._layer is not None:
            self._layer.visible = False

    def wake(self) -> None:
        """Follow again, with the mark where it was."""
        self._resting = False
        if self._marked and self._layer is not None:
            self._layer.visible = True

    # From the scan to the slide

    def _follow_mouse(self, _viewer: ViewerModel, event: Any) -> None:
        if not isalive(self):
            return  # the dock is closed, and the viewer goes on
        if self._to_slide is not None and len(event.position) >= 3:
            self._wait(np.array(event.position[-3:][::-1], float))

    def _follow_sliders(self, _event: object = None) -> None:
        if self._to_slide is not None and len(self.viewer.dims.point) >= 3:
            self._wait(np.array(self.viewer.dims.point[-3:][::-1], float))

    def _wait(self, lps: np.ndarray) -> None:
        if self._resting:
            return
        self._waiting = lps
        if not self._timer.isActive():
            self._timer.start()

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self.mark_scan(self._waiting)

    def mark_scan(self, lps: Sequence[float] | NDArray[np.float64]) -> None:
        """Mark a place of the scan, in LPS mm, and on the slide what lies there."""
        if self._to_slide is None or self.view is None or self.view.slide is None:
            return
        x, y, off = self._to_slide.points_or_nan(np.asarray(lps, float)).tolist()
        height, width = self.view.slide.extent_mm
        inside = 0 <= x <= width and 0 <= y <= height
        if self._layer is not None and self._layer.visible:
            self._layer.visible = False  # it is of the place before
        self._pointed = np.asarray(lps, float)
        self._at_rest.start()
        self.view.set_crosshair((x, y) if inside else None)
        where = " ".join(f"{value:.1f}" for value in lps)
        beside = "" if inside else ", beside the slide"
        self.told.emit(f"Scan {where} mm (LPS): {off_words(off, self._error)}{beside}")

    @property
    def _error(self) -> float:
        return 0.0 if self._to_scan is None else self._to_scan.error_mm

    # From the slide to the scan

    def _follow_slide(self, place: tuple[float, float] | None) -> None:
        if place is not None and self._to_scan is not None:
            self._timer.stop()
            self.mark_slide(*place)

    def mark_slide(self, x: float, y: float) -> None:
        """Mark a place of the slide, in its mm, in the scan."""
        if self._to_scan is None:
            return
        lps = self._to_scan.points(np.array([x, y, 0.0]))
        self._mark(lps)
        where = " ".join(f"{value:.1f}" for value in lps)
        self.told.emit(f"Slide {x:.2f} {y:.2f} mm: scan {where} mm (LPS), on the section")

    def _mark(self, lps: NDArray[np.float64]) -> None:
        """Put the ring on the scan at a place in LPS mm."""
        self._at_rest.stop()
        if self._grid is None:
            return
        unit = coarsest([self._grid])
        data = (lps[::-1] / unit)[np.newaxis]
        if self._layer is None or self._layer not in self.viewer.layers:
            self._layer = self._add(data, unit)
        else:
            self._layer.data = data
            self._layer.visible = not self._resting
        self._marked = True

    def _add(self, data: np.ndarray, unit: float) -> Layer:
        active = self.viewer.layers.selection.active
        layer = self.viewer.add_points(
            data, name=_NAME, scale=(unit,) * 3, size=_RING_MM / unit, symbol="disc",
            face_color="transparent", border_color=_COLOR, border_width=0.06,
            axis_labels=AXES, units=UNITS, projection_mode="rescale_spherical",
            canvas_size_limits=(_LEAST_PIXELS, _MOST_PIXELS), metadata={PASSING: True},
        )  # fmt: skip
        self.viewer.layers.selection.active = active
        return layer

    def go_to_slide(self, x: float, y: float) -> None:
        """Show in the scan the slices through a place of the slide."""
        if self._to_scan is None:
            return
        lps = self._to_scan.points(np.array([x, y, 0.0]))
        dims = self.viewer.dims
        dims.set_point(range(dims.ndim - 3, dims.ndim), lps[::-1])
        self._timer.stop()  # the sliders stop at slices; the mark stays where it was asked for
        if self.view is not None:
            self.view.set_crosshair((x, y))
        self.mark_slide(x, y)
