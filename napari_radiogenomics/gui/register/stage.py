"""A canvas that one side of a registration is seen on, with its landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.gui.layers.keys import AXES, PASSING, UNITS
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.layers.sample_points import coarsest
from napari_radiogenomics.gui.register.pairs import Pair, Side
from napari_radiogenomics.gui.register.rings import ring_mm
from napari_radiogenomics.gui.slide.layers import picture_layer
from napari_radiogenomics.gui.slide.redraw import Redraw
from napari_radiogenomics.gui.slide.tiles import ShownPyramid
from napari_radiogenomics.gui.texture.map_layer import see_map

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["COLOR", "Stage"]

COLOR, WORST = "#ffb000", "#ff3b30"
_NAME, _ELSEWHERE = "Landmarks", "Landmarks of other slices"
# Size of a circle on the screen, on a slide and on a scan, and what keeps its name beside it.
_PIXELS, _SMALL, _GAP = (15, 20), (7, 14), "   "
# Landmarks of other slices: pixels, opacity, and how far away they are still seen, in voxels.
# napari draws what lies within half a unit of a slice, so that theirs is twice as large.
_FAINT_PIXELS, _FAINT, _FAR = (6, 11), 0.6, 20.0
# A scan is looked at as near as this: times the section, and voxels at least, for the eye needs
# what lies around.
_NEAR, _LEAST_VOXELS = 4.0, 10.0


class Stage:
    """One side.

    Parameters
    ----------
    model : ViewerModel
        Main viewer, or that of a canvas of its own.
    side : {"fixed", "moving"}
        Which.
    one : Image or Slide
        What is registered.
    own : bool
        Whether the canvas shows this alone: then its layer is made here.
    clicked : callable
        ``clicked(side, (x, y, z))`` in mm, for a click without a drag.
    """

    def __init__(
        self,
        model: ViewerModel,
        side: Side,
        one: Image | Slide,
        *,
        own: bool,
        clicked: Callable[[Side, tuple[float, float, float]], None],
    ) -> None:
        self.model, self.side, self.object, self._clicked = model, side, one, clicked
        self.flat = isinstance(one, Slide)
        self._own = own
        self.unit = 1.0 if self.flat else coarsest([one.geometry])  # type: ignore[union-attr]
        self.points: Layer | None = None
        self.elsewhere: Layer | None = None
        self.overlay: Layer | None = None
        self._pyramid: ShownPyramid | None = None
        self._seen = True
        if own:
            self._show(one)
        elif not self.flat:
            see_map(model, None)  # landmarks are placed on the anatomy
        model.mouse_drag_callbacks.append(self._pressed)

    def _show(self, one: Image | Slide) -> None:
        self.model.layers.clear()
        data = self._picture(one) if isinstance(one, Slide) else image_layers(one)[0]
        self.model.layers.append(Layer.create(*data))
        self.model.canvas.background_color_override = "white" if self.flat else None
        self.model.reset_view()

    def _picture(self, slide: Slide) -> Any:
        """The slide as the Slide view shows it, read while it is panned."""
        self._pyramid = ShownPyramid(slide)
        self._redraw = Redraw(self._draw)
        self._pyramid.arrived = self._redraw.soon
        return picture_layer(slide, self._pyramid)

    def _draw(self) -> None:
        if self._own and self.model.layers:
            self.model.layers[0].refresh(thumbnail=False, extent=False)

    def close(self) -> None:
        """Take away what was added to the canvas."""
        if self._pressed in self.model.mouse_drag_callbacks:
            self.model.mouse_drag_callbacks.remove(self._pressed)
        for layer in (self.points, self.elsewhere, self.overlay):
            self.remove(layer)
        self.points = self.elsewhere = self.overlay = None
        if self._own:
            self.model.layers.clear()
            self.model.canvas.background_color_override = None
        if self._pyramid is not None:
            self._pyramid.close()

    def remove(self, layer: Layer | None) -> None:
        """Take a layer away, where it is still there."""
        if layer is not None and layer in self.model.layers:
            self.model.layers.remove(layer)

    def _pressed(self, _model: ViewerModel, event: Any) -> Any:
        start = event.position
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if self._seen and not dragged and event.button == 1 and self.model.dims.ndisplay == 2:
            self._clicked(self.side, self.place_at(start))

    def place_at(self, position: Sequence[float]) -> tuple[float, float, float]:
        """Place x, y, z in mm of a position of the canvas."""
        y, x = (float(value) for value in position[-2:])
        z = 0.0 if self.flat else float(position[-3])
        return x, y, z

    def _coordinates(self, place: tuple[float, float, float]) -> list[float]:
        """Coordinates of a place in the layer of points."""
        zyx = [value / self.unit for value in place[::-1]]
        return zyx[1:] if self.flat else zyx

    def see(self, seen: bool) -> None:
        """Show what lies on the canvas, and hear clicks; or neither."""
        self._seen = seen
        for layer in (self.points, self.elsewhere, self.overlay):
            if layer is not None:
                layer.visible = seen

    def show_pairs(self, pairs: Sequence[Pair], worst: str = "", chosen: str = "") -> None:
        """Draw the landmarks of this side, numbered; the worst one red, the chosen one filled.

        Those of other slices of a scan are seen faintly.
        """
        placed = [pair for pair in pairs if getattr(pair, self.side) is not None]
        wide = 2 if self.flat else 3
        data = np.array([self._coordinates(getattr(p, self.side)) for p in placed], float)
        data = data.reshape(-1, wide)
        for former in (self.elsewhere, self.points):
            self.remove(former)
        self.points = self.elsewhere = None
        if not placed:
            return
        active = self.model.layers.selection.active
        colors = [WORST if pair.name == worst else COLOR for pair in placed]
        rings = self._rings(pairs)
        if not self.flat:
            self.elsewhere = Layer.create(
                data / (2 * _FAR), self._faint_looks(colors, rings), "points"
            )
            self.model.layers.append(self.elsewhere)
        layer = Layer.create(data, self._looks(placed, colors, chosen, rings), "points")
        self.points = layer
        self.model.layers.append(layer)
        self.model.layers.selection.active = active if active in self.model.layers else None

    def _rings(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        """Diameters in mm of rings that stay apart in the slices of the scan."""
        dims, places = self.model.dims, self._placed(pairs)[:, ::-1]
        shown = [axis - dims.ndim + 3 for axis in dims.displayed if axis >= dims.ndim - 3]
        return np.ones(len(places)) if self.flat else ring_mm(places[:, shown], self.unit)

    def _looks(
        self, placed: Sequence[Pair], colors: list[str], chosen: str, rings: NDArray[np.float64]
    ) -> dict[str, Any]:
        """On a scan landmarks lie close: there the chosen or last one alone has its name."""
        wide = 2 if self.flat else 3
        names = [f"{_GAP}{pair.name}" for pair in placed]
        active = chosen or placed[-1].name
        told = [
            name if self.flat or pair.name == active else ""
            for name, pair in zip(names, placed, strict=True)
        ]
        return self._common() | {
            "name": _NAME,
            "face_color": ["#ffffff60" if pair.name == chosen else "#00000000" for pair in placed],
            "border_color": colors,
            "size": rings / self.unit,
            "scale": (self.unit,) * wide,
            "canvas_size_limits": _PIXELS if self.flat else _SMALL,
            "features": {"name": names, "told": told},
            "text": {"string": "{told}", "color": COLOR, "size": 11, "anchor": "lower_left"},
        }  # fmt: skip

    def _faint_looks(self, colors: list[str], rings: NDArray[np.float64]) -> dict[str, Any]:
        """Small and faint: what lies in the slice itself has its ring."""
        return self._common() | {
            "name": _ELSEWHERE,
            "face_color": "#00000000",
            "border_color": colors,
            "opacity": _FAINT,
            "size": rings / (2 * _FAR * self.unit),
            "scale": (2 * _FAR * self.unit,) * 3,
            "canvas_size_limits": _FAINT_PIXELS,
        }

    def _common(self) -> dict[str, Any]:
        wide = 2 if self.flat else 3
        return {
            "symbol": "disc",  # clear inside: the landmark itself stays in sight
            "visible": self._seen,
            "border_width": 0.2,
            "axis_labels": AXES[-wide:],
            "units": UNITS[-wide:],
            "metadata": {PASSING: True},
        }

    def go_to(self, pair: Pair) -> None:
        """Look at a landmark."""
        place = getattr(pair, self.side)
        if place is None:
            return
        x, y, z = place
        if not self.flat:
            last = self.model.dims.ndim
            self.model.dims.set_point(range(last - 3, last), (z, y, x))
        self.model.scene.camera.center = (y, x)

    def go_to_middle(self, pairs: Sequence[Pair]) -> None:
        """Go to the slices of the landmark nearest to the middle of all, and look there.

        Parameters
        ----------
        pairs : sequence of Pair
            Without any that is placed here, the slices stay.
        """
        placed = self._placed(pairs)
        if self.flat or not len(placed) or self.model.dims.ndim < 3:
            return
        away = np.linalg.norm(placed - placed.mean(axis=0), axis=1)
        last = self.model.dims.ndim
        self.model.dims.set_point(range(last - 3, last), placed[away.argmin()][::-1])
        self._center(placed.mean(axis=0))

    def _center(self, place: NDArray[np.float64]) -> None:
        """Bring a place x, y, z in mm into the middle of the view."""
        dims = self.model.dims
        if dims.ndisplay == 2:
            shown = [axis - dims.ndim + 3 for axis in dims.displayed]
            self.model.scene.camera.center = tuple(float(place[::-1][axis]) for axis in shown)

    def _placed(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        """Places of the landmarks of this side, x, y, z in mm."""
        places = [place for pair in pairs if (place := getattr(pair, self.side)) is not None]
        return np.array(places, float).reshape(-1, 3)

    def look_near(self, pairs: Sequence[Pair], section_mm: float) -> None:
        """Look at a scan that others draw on as near as a section is small, if not nearer already.

        Parameters
        ----------
        pairs : sequence of Pair
            Their middle comes into the middle, where the view goes nearer; without any the place
            of the slices.
        section_mm : float
            Longer side of the section.
        """
        dims, camera = self.model.dims, self.model.scene.camera
        if self._own or self.flat or dims.ndisplay != 2 or dims.ndim < 3:
            return
        placed = self._placed(pairs)
        reach = float(np.ptp(placed, axis=0).max()) if len(placed) else 0.0
        seen = max(_NEAR * section_mm, 2 * reach, _LEAST_VOXELS * self.unit)
        zoom = min(self.model.canvas.size) / seen
        if zoom <= camera.zoom:
            return
        self._center(placed.mean(axis=0) if len(placed) else np.array(dims.point[-3:])[::-1])
        camera.zoom = zoom

    def show_overlay(self, data: Any, looks: dict[str, Any]) -> None:
        """Lay the other side over this one."""
        self.remove(self.overlay)
        active = self.model.layers.selection.active
        layer = Layer.create(data, {**looks, "visible": self._seen}, "image")
        marks = (self.points, self.elsewhere)
        at = len(self.model.layers) - sum(mark in self.model.layers for mark in marks)
        self.model.layers.insert(at, layer)
        self.overlay = layer
        self.model.layers.selection.active = active
