"""Two scans at once: flicker from one to the other, or side by side with the same window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.canvas.legend import is_map
from napari_radiogenomics.gui.forms.inputs import belongs_to, is_region
from napari_radiogenomics.gui.layers.keys import PASSING, SOURCE

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Flicker", "SideBySide", "is_seen", "same_window", "two_scans"]

_COPY = "side by side"
_LIMITS = ("contrast_limits",)


def is_seen(layer: Layer) -> bool:
    """Whether a layer is a volume of values: a scan or a map."""
    flat = isinstance(layer, ImageLayer) and not layer.rgb and not layer.multiscale
    return flat and layer.ndim == 3 and not layer.metadata.get(PASSING)


def two_scans(viewer: ViewerModel) -> tuple[ImageLayer, ImageLayer]:
    """Return the scan that is seen, and what it is likely compared with: a map, else a scan.

    Raises
    ------
    InputError
        If there are not two.
    """
    found = [layer for layer in viewer.layers if is_seen(layer)]
    scans = [layer for layer in found if not is_map(layer)]
    first = next((x for x in reversed(scans) if x.visible), next(iter(scans), None))
    maps = [layer for layer in found if is_map(layer)]
    second = next(iter([*reversed(maps), *(x for x in scans if x is not first)]), None)
    if first is None or second is None:
        raise InputError(
            "There is one scan only. Open another, or compute a texture map, to compare them."
        )
    return first, second


class Flicker(Attached):
    """Shows one of two scans, then the other; a map is laid over the scan and taken off.

    Attributes
    ----------
    pair : tuple of Layer or None
        The two; chosen by `two_scans` where None.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.pair: tuple[ImageLayer, ImageLayer] | None = None

    def flip(self) -> Layer:
        """Show the other one, and answer with it.

        Raises
        ------
        InputError
            If there are not two.
        """
        viewer, pair = self.viewer, self.pair
        if pair is None or not all(layer in viewer.layers for layer in pair):
            pair = self.pair = two_scans(viewer)
        first, second = pair
        shown = not second.visible
        second.visible = shown
        first.visible = not shown or is_map(second)
        return second if shown else first


def same_window(viewer: ViewerModel, first: ImageLayer, second: ImageLayer, on: bool) -> None:
    """Link the contrast limits of two scans, or part them."""
    if on:
        second.contrast_limits = first.contrast_limits
        viewer.layers.link_layers([first, second], _LIMITS)
    else:
        viewer.layers.unlink_layers([first, second], _LIMITS)


class SideBySide(Attached):
    """Two scans in napari's grid, each with its regions, moved and windowed together."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._before: dict[str, Any] | None = None
        self._copy: Labels | None = None
        self._copied: Labels | None = None
        self._pair: tuple[ImageLayer, ImageLayer] | None = None
        self._linked = False

    @property
    def active(self) -> bool:
        """Whether two scans are side by side."""
        return self._before is not None

    def start(
        self,
        first: ImageLayer,
        second: ImageLayer,
        *,
        linked: bool = True,
        regions: Labels | None = None,
    ) -> None:
        """Put two scans side by side.

        Parameters
        ----------
        first, second : napari.layers.Image
            Left and right.
        linked : bool, optional
            Give both the same contrast limits.
        regions : napari.layers.Labels, optional
            Those on the second, where they are there for the moment only.

        Raises
        ------
        InputError
            If they are one layer.
        """
        if first is second:
            raise InputError("Choose two different scans to see side by side.")
        self.stop()
        viewer = self.viewer
        grid = viewer.canvas.grid
        self._before = {
            "order": list(viewer.layers),
            "visible": {layer: layer.visible for layer in viewer.layers},
            "grid": (grid.enabled, grid.stride, tuple(grid.shape)),
            "camera": (viewer.scene.camera.center, viewer.scene.camera.zoom),
        }
        self._pair = (first, second)
        shown = self._with_regions(first, second, regions)
        for layer in viewer.layers:
            layer.visible = layer in shown
        for place, layer in enumerate(shown):
            viewer.layers.move(viewer.layers.index(layer), place)
        self._linked = linked
        if linked:
            same_window(viewer, first, second, True)
        grid.stride, grid.shape = max(1, len(shown) // 2), (1, 2)
        grid.enabled = True
        viewer.reset_view()  # each half has half of the width: both scans are seen whole

    def _with_regions(
        self, first: ImageLayer, second: ImageLayer, two: Labels | None
    ) -> list[Layer]:
        """Both scans, each with its regions on it where both have some."""
        one = self._regions_of(first)
        two = two or self._regions_of(second)
        if one is None and two is None:
            return [first, second]
        if one is None or two is None or one is two:
            own = one if one is not None else two
            other = second if one is not None else first
            copy = None if own is None else self._copy_on(own, other)
            if copy is None:
                return [first, second]
            one, two = (own, copy) if one is not None else (copy, own)
        return [first, one, second, two]

    def _regions_of(self, scan: ImageLayer) -> Labels | None:
        found = [x for x in self.viewer.layers if is_region(x) and belongs_to(x, scan)]
        seen = [x for x in found if x.visible]
        return next(iter([*reversed(seen), *reversed(found)]), None)

    def _copy_on(self, regions: Labels, scan: ImageLayer) -> Labels | None:
        """Show the same regions on a scan of the same grid."""
        same = regions.data.shape == scan.data.shape and np.allclose(regions.scale, scan.scale)
        if not (same and np.allclose(regions.translate, scan.translate, atol=1e-3)):
            return None
        copy = Labels(
            regions.data,
            name=f"{regions.name} (same)",
            scale=regions.scale,
            translate=regions.translate,
            axis_labels=regions.axis_labels,
            units=regions.units,
            opacity=regions.opacity,
            colormap=regions.colormap,
            features=regions.features,
            metadata={PASSING: _COPY, SOURCE: regions.metadata.get(SOURCE)},
        )
        copy.editable = False
        active = self.viewer.layers.selection.active
        self.viewer.layers.append(copy)
        self.viewer.layers.selection.active = active
        regions.events.paint.connect(self._redraw)
        self._copy, self._copied = copy, regions
        return copy

    def _redraw(self, event: object = None) -> None:
        if self._copy is not None:
            self._copy.refresh()

    def stop(self) -> None:
        """Show the layers as they were."""
        before, self._before = self._before, None
        if before is None:
            return
        viewer = self.viewer
        grid = viewer.canvas.grid
        enabled, stride, shape = before["grid"]
        grid.enabled, grid.stride, grid.shape = enabled, stride, shape
        if self._linked and self._pair and all(x in viewer.layers for x in self._pair):
            same_window(viewer, *self._pair, False)
        if self._copied is not None:
            self._copied.events.paint.disconnect(self._redraw)
        if self._copy is not None and self._copy in viewer.layers:
            viewer.layers.remove(self._copy)
        self._copy = self._copied = None
        there = [layer for layer in before["order"] if layer in viewer.layers]
        for place, layer in enumerate(there):
            viewer.layers.move(viewer.layers.index(layer), place)
        for layer in there:
            layer.visible = before["visible"][layer]
        viewer.scene.camera.center, viewer.scene.camera.zoom = before["camera"]
