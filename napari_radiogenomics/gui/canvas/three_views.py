"""Three linked orthogonal views with napari-orthogonal-views, heads up in each of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer, Points
from napari_orthogonal_views import OrthoViewWidget
from napari_orthogonal_views.ortho_view_manager import (
    OrthoViewManager,
    _get_manager,  # as its README says
)
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.crosshair import use_thin_crosshair
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.steady_frames import SteadyFrames

if TYPE_CHECKING:
    import napari.viewer
    from napari.components import ViewerModel

__all__ = ["ThreeViews", "show_three_views"]

# What is alike in all views of a layer for as long as it lives; keeping it in step would double
# the time that a new layer takes.
_FIXED_PARTS = {
    "": "affine rotate shear axis_labels units cursor cursor_size help locked_data_level "
    "custom_interpolation_kernel_2d properties current_properties feature_defaults",
    "bounding_box.": "blending line_color line_thickness lines opacity order point_color "
    "point_size points",
    "name_overlay.": "blending box box_color color font_size gridded opacity order position",
    "histogram.": "bins max_samples mode log_scale enabled",
    # The legend stands in the main view alone: there it has its title and its unit.
    "colorbar.": "blending box box_color color font_size gridded opacity order position size "
    "tick_length visible",
}
_FIXED = {part + name for part, names in _FIXED_PARTS.items() for name in names.split()}
_NOT_REPEATED: dict[type[Layer], dict[str, set[str] | str]] = {
    kind: {"forward_exclude": _FIXED, "reverse_exclude": _FIXED}
    for kind in (ImageLayer, Labels, Points)
}
# Part of the height that the lower view gets, and of the width that the view on the right gets.
_LOWER, _RIGHT = 0.38, 0.4
_MARGIN = 6


def upright_order(labels: tuple[str, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    """Exchange the displayed axes of a view where the head would lie on its side.

    Examples
    --------
    >>> upright_order(("z", "y", "x"), (2, 1, 0))
    (2, 0, 1)
    >>> upright_order(("z", "y", "x"), (1, 0, 2))
    (1, 0, 2)
    """
    if labels[order[-1]] != "z":
        return order
    return (*order[:-2], order[-1], order[-2])


def center_in_sight(model: ViewerModel, center: Sequence[float]) -> tuple[float, ...]:
    """Move a camera's center only as far as the point of the slices would be out of sight."""
    dims, camera = model.dims, model.scene.camera
    wanted = list(center)
    for place, axis in ((-2, dims.order[-2]), (-1, dims.order[-1])):
        half = model.canvas.size[place] / camera.zoom / 2
        if abs(dims.point[axis] - center[place]) > half:
            wanted[place] = dims.point[axis]
    return tuple(wanted)


def _no_manager() -> None:
    """Stand for the views before they are opened."""


class ThreeViews(Attached):
    """Turns the linked views upright and puts letters on them, whenever they come.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer.

    Attributes
    ----------
    changed : Signal()
        The views were opened or closed.
    """

    changed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._crosshair = True
        # Weakly: it goes when the window closes, and asking for it would make another.
        self._manager: Callable[[], OrthoViewManager | None] = _no_manager
        self._followed: WeakSet[Any] = WeakSet()
        self._centers: dict[int, list[tuple[ViewerModel, Any]]] = {}
        self.viewer.dims.events.order.connect(self.update, position="last")
        self.viewer.layers.events.inserted.connect(self.update, position="last")
        self.viewer.events.theme.connect(self._follow_theme)

    @property
    def shown(self) -> bool:
        """Whether the coronal and sagittal views are open."""
        manager = self._manager()
        return manager is not None and bool(manager.is_shown())

    @shown.setter
    def shown(self, shown: bool) -> None:
        manager = self._manager()
        if shown and manager is None:
            use_thin_crosshair()
            manager = _get_manager(self.viewer)
            manager.set_sync_filters(_NOT_REPEATED)
            self._manager = weakref.ref(manager)
            attached(self.viewer, SteadyFrames)
        if manager is not None:
            manager.set_show_orth_views(shown)
            self.arrange()
            self.changed.emit()

    @property
    def width(self) -> int:
        """Pixels that the views have side by side; 0 while they are closed."""
        manager = self._manager()
        return 0 if manager is None else int(manager.h_splitter_top.width())

    def show(self) -> None:
        """Open the coronal and sagittal views."""
        self.shown = True

    @property
    def crosshair(self) -> bool:
        """Whether a crosshair shows where the slices meet."""
        return self._crosshair

    @crosshair.setter
    def crosshair(self, crosshair: bool) -> None:
        self._crosshair = crosshair
        manager = self._manager()
        if manager is not None:
            manager.set_cross_hairs(crosshair)

    def widgets(self) -> list[OrthoViewWidget]:
        """The linked views of this viewer."""
        manager = self._manager()
        if manager is None:
            return []
        both = (manager.right_widget, manager.bottom_widget)
        return [widget for widget in both if isinstance(widget, OrthoViewWidget)]

    def models(self) -> list[ViewerModel]:
        """Models of the linked views."""
        return [widget.vm_container.viewer_model for widget in self.widgets()]

    @contextmanager
    def unlinked(self) -> Iterator[None]:
        """Let layers be set one by one: what is set on one is not set on its copies."""
        with ExitStack() as stack:
            for widget in self.widgets():
                stack.enter_context(widget.vm_container.blocked())
            yield

    def update(self, event: object = None) -> None:
        """Turn every linked view."""
        for model in self.models():
            if model not in self._followed:
                self._followed.add(model)
                model.theme = self.viewer.theme
                model.dims.events.order.connect(self.update, position="last")
                dress_canvas(model, linked=True)
                attached(model, SteadyFrames)
                self._hold_still(model)
            labels, dims = tuple(self.viewer.dims.axis_labels), model.dims
            if dims.ndim != len(labels):
                continue  # it has not got its layers yet
            if tuple(dims.axis_labels) != labels:
                dims.axis_labels = labels
            order = upright_order(labels, tuple(dims.order))
            if tuple(dims.order) != order:
                dims.order = order

    def _follow_theme(self, event: object = None) -> None:
        """Color empty views as the main one is."""
        for model in self.models():
            model.theme = self.viewer.theme

    def _hold_still(self, model: ViewerModel) -> None:
        """Keep the pictures where they are when slices change, in whichever view.

        napari-orthogonal-views 0.5 follows the slice with the camera, but takes places for
        voxel indices, so that a scan that does not start at 0 mm jumps out of sight.
        """
        step = model.dims.events.current_step
        step.connect(self._note_centers, position="first")
        step.connect(self._restore_centers, position="last")

    def _note_centers(self, event: Any) -> None:
        seen = [self.viewer, *self.models()]
        self._centers[id(event.source)] = [(model, model.scene.camera.center) for model in seen]

    def _restore_centers(self, event: Any) -> None:
        for model, center in self._centers.pop(id(event.source), ()):
            wanted = center_in_sight(model, center)
            if tuple(model.scene.camera.center) != wanted:
                model.scene.camera.center = wanted

    def arrange(self) -> None:
        """Set the controls and sizes so that everything fits a small screen."""
        if self.viewer not in self._followed:
            self._followed.add(self.viewer)
            self._hold_still(self.viewer)
        self.update()
        manager = self._manager()
        if manager is None:
            return
        manager.controls_tab.hide()  # its switches are in the Scan dock, and it takes a quarter
        if not manager.is_shown():
            return
        manager.set_axes(False)  # the letters say it
        manager.set_cross_hairs(self._crosshair)
        for widget in self.widgets():
            layout = widget.layout()
            if layout is not None:  # else the number of the last slice touches the edge
                layout.setContentsMargins(0, 0, _MARGIN, 0)
        for splitter, part in (
            (manager.v_splitter, _LOWER),
            (manager.h_splitter_top, _RIGHT),
        ):
            length = max(splitter.height() if part == _LOWER else splitter.width(), 1)
            splitter.setSizes([length - round(length * part), round(length * part)])


def show_three_views(viewer: napari.viewer.Viewer) -> None:
    """Show coronal and sagittal views beside the axial one; they come in the next event.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer.
    """
    QTimer.singleShot(0, attached(viewer, ThreeViews).show)
