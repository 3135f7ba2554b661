"""What a comparison draws: the map on the scan, the slide with its measure, the biopsies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer, Points
from numpy.typing import NDArray
from qtpy.compat import isalive

from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.correspond.footprint import Footprint, footprint
from napari_radiogenomics.gui.correspond.outlined import Outlined
from napari_radiogenomics.gui.correspond.work import Compared
from napari_radiogenomics.gui.genes.painter import Painter
from napari_radiogenomics.gui.slide.placing import leave_slide, slide_view
from napari_radiogenomics.gui.slide.tiles import ShownPyramid
from napari_radiogenomics.gui.texture.map_layer import (
    keep_under_points,
    maps_of,
    see_map,
    show_maps,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.gui.placing import PlacedWidget
    from napari_radiogenomics.gui.slide.view import SlideView

__all__ = ["Stage"]

_MAP_OPACITY = 0.55
_PART = (2, 98)  # percent of the places
_LEAST_BIOPSY_MM = 0.35
# What is seen of the scan around a section.
_SEEN_MM = 65.0


class Stage:
    """Layers of one comparison, on the scan and on the slide.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer of the scan.
    owner : PlacedWidget, optional
        The dock: the slide is seen with it.
    """

    def __init__(self, viewer: ViewerModel, owner: PlacedWidget | None = None) -> None:
        self.viewer, self._owner = viewer, owner
        self.view: SlideView | None = None
        self.shown: Compared | None = None
        self._map: Layer | None = None
        self._on_slide: dict[str, Layer] = {}
        self._outlined = Outlined()
        self._sweep, self._board = 0.0, False

    def show(self, compared: Compared, *, opacity: float, checkerboard: bool) -> SlideView:
        """Show a comparison in place of the one before."""
        self.clear()
        self.shown = compared
        self._sweep, self._board = opacity, checkerboard
        self._show_scan(compared)
        self.view = view = slide_view(self.viewer, owner=self._owner)
        view.show_slide(compared.case.slide, compared.shown)
        measure = view.add_map(compared.tissue.map)
        measure.opacity = _MAP_OPACITY
        self._on_slide["measure"] = measure
        self._show_overlay()
        self._show_biopsies(compared)
        return view

    def show_again(self, *, opacity: float, checkerboard: bool) -> SlideView | None:
        """Show map and slide as they were left, whatever was shown since; None where nothing is."""
        shown = self.shown
        if shown is None:
            return None
        self.see_own_map()
        self._outlined.draw(self.viewer)
        self._footprint.see(True)
        view = slide_view(self.viewer, owner=self._owner)
        if view.slide is shown.case.slide:
            return view
        self._on_slide = {}  # they went with the slide
        again = replace(shown, shown=ShownPyramid(shown.case.slide))
        return self.show(again, opacity=opacity, checkerboard=checkerboard)

    def leave(self) -> None:
        """Another dock is in front: regions are filled as before, with no map over them."""
        layer = self._map
        if self.shown is not None and layer in self.viewer.layers and layer is not None:
            layer.visible = False  # its colors would mix with those of the regions
        self._footprint.see(False)
        self._outlined.undo()

    @property
    def _footprint(self) -> Footprint:
        return attached(self.viewer, Footprint)

    def see_own_map(self) -> None:
        """Show the map of the comparison, not one that another dock drew: a verdict is of it."""
        layer, shown = self._map, self.shown
        if layer not in self.viewer.layers or shown is None:
            return
        if image_of(layer) is maps_of(layer).get(shown.asked.feature):
            see_map(self.viewer, layer)
        else:  # it shows another map of the same run
            self._show_map(shown)

    def _show_scan(self, compared: Compared) -> None:
        self._show_map(compared)
        self._outlined.draw(self.viewer)
        self._footprint.use(footprint(compared.tissue.map, compared.case.transform))
        table, scale = compared.biopsies, compared.scale
        if not len(table) or scale is None:
            return
        painter = attached(self.viewer, Painter)
        colors = dict(zip(table["sample_id"], map(scale.rgba, table["value"]), strict=True))
        for layer in self.viewer.layers:
            if isinstance(layer, Points) and "sample_id" in layer.features:
                painter.hold_points(layer, colors)

    def _show_map(self, compared: Compared) -> None:
        maps = {compared.asked.feature: compared.drawn}
        layer = self._map = show_maps(self.viewer, maps, first=compared.asked.feature)
        layer.opacity = _MAP_OPACITY
        if compared.found is not None:
            # What lies elsewhere would take the colors, as air at the rim or a vessel far away, and
            # leave one for the section: they are those of the places in the scatter.
            low, high = np.percentile(compared.found.places["a"], _PART)
            if low < high:
                layer.contrast_limits = (float(low), float(high))
        keep_under_points(self.viewer, layer)

    def release_biopsies(self) -> None:
        """Let others color the biopsies: another gene is chosen."""
        attached(self.viewer, Painter).release()

    def _show_biopsies(self, compared: Compared) -> None:
        """Biopsies beside the section, where their ball reaches near it."""
        near, view, scale = compared.near, self.view, compared.scale
        if view is None or near.empty or scale is None:
            return
        layer = view.add_points(
            near, name=f"Biopsies: {compared.asked.score}", size_mm=_LEAST_BIOPSY_MM
        )
        layer.face_color = scale.colors(near["value"].to_numpy(float))
        self._on_slide["biopsies"] = layer

    # Where it is looked at

    def look_at_section(self) -> tuple[float, float] | None:
        """Bring the middle of the section into the middle of the scan's view, close by.

        Returns
        -------
        tuple of float or None
            The middle on the slide, x and y in its mm; None where there is no section.
        """
        if self.shown is None or self.shown.section is None:
            return None
        section = self.shown.section
        index = np.argwhere(section.mask.labels > 0)
        x, y, _ = section.slide_points(index).mean(axis=0).tolist()
        self._look_near(section.scan_points(index).mean(axis=0)[::-1])
        return x, y

    def _look_near(self, middle: NDArray[np.float64]) -> None:
        """Show the slices through a place z, y, x in mm, close by."""
        if self.shown is None:
            return
        viewer = self.viewer
        viewer.dims.set_point(range(viewer.dims.ndim - 3, viewer.dims.ndim), middle)
        if viewer.dims.ndisplay != 2 or viewer.dims.ndim != len(middle):
            return
        viewer.reset_view()
        sides = np.ptp(self.shown.case.scan.geometry.corners, axis=0)[::-1]
        seen = float(sides[list(viewer.dims.displayed)].max())
        camera = viewer.scene.camera
        camera.zoom *= max(1.0, seen / _SEEN_MM)
        camera.center = tuple(middle[list(viewer.dims.displayed)])

    def fit_slide(self) -> None:
        """Show all of the slide, once its view has its room."""
        if self.view is not None:
            self.view.fit()

    # The sweep

    def sweep(self, opacity: float, *, checkerboard: bool) -> None:
        """Show so much of the scan over the slide, all over or in every second square."""
        again = checkerboard != self._board
        self._sweep, self._board = opacity, checkerboard
        layer = self._on_slide.get("scan")
        if again or layer is None:
            self._show_overlay()
        else:
            layer.opacity = opacity
            layer.visible = opacity > 0

    def _show_overlay(self) -> None:
        compared, view = self.shown, self.view
        if compared is None or compared.overlay is None or view is None:
            return
        view.remove(self._on_slide.pop("scan", None))
        data, looks = compared.overlay.layer(checkerboard=self._board, opacity=self._sweep)
        settings: dict[str, Any] = {**looks, "name": "Scan on the section",
                                    "visible": self._sweep > 0}  # fmt: skip
        layer = Layer.create(np.asarray(data), settings, "image")
        view.model.layers.insert(1, layer)  # below the measure, above the slide
        view.model.layers.selection.active = view.picture
        self._on_slide["scan"] = layer

    def show_measure(self, opacity: float) -> None:
        """Set how much of the slide its measure covers."""
        layer = self._on_slide.get("measure")
        if layer is not None:
            layer.opacity = opacity
            layer.visible = opacity > 0

    def clear(self) -> None:
        """Take all layers of the comparison away from the slide; the scan keeps its map."""
        if self.view is not None:
            self.view.remove(*self._on_slide.values())
        if self.shown is not None:
            self.release_biopsies()
        self._outlined.undo()
        self._footprint.use([])
        self._on_slide, self._map, self.shown = {}, None, None

    def leave_patient(self) -> None:
        """Let go of the comparison, and of its slide: it is not that of the scan any more."""
        shown = self.shown
        self.clear()
        if shown is not None and self.view is not None and isalive(self.view):
            leave_slide(self.viewer, shown.case.slide)
