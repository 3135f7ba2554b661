"""A slice that holds one value everywhere says so: else it looks as if nothing was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer

from napari_radiogenomics.gui.attached import Attached, attached
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.canvas.legend import is_map
from napari_radiogenomics.gui.canvas.overlays import keep_text
from napari_radiogenomics.gui.canvas.window_level import image_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["EmptySlice", "empty_text", "is_constant", "show_empty_slice", "visible_scan"]


def empty_text(viewer: ViewerModel) -> str:
    """Say that the topmost visible scan has one value all over the slice in sight.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Returns
    -------
    str
        With the reason where the scan knows it; ``""`` where there is something to see, in 3D,
        and outside the scan.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> from napari_radiogenomics import Geometry, Image
    >>> from napari_radiogenomics.gui.layers.layers import image_layers
    >>> scan = Image(np.zeros((3, 4, 5)), Geometry((5, 4, 3)), unit="HU", name="CT")
    >>> viewer = ViewerModel()
    >>> data, settings, _ = image_layers(scan)[0]
    >>> _ = viewer.add_image(data, **settings)
    >>> print(empty_text(viewer))
    Empty slice:
    0 HU
    everywhere
    """
    layer = visible_scan(viewer)
    if layer is None or viewer.dims.ndisplay != 2:
        return ""
    plane = _plane(layer, viewer)
    if not plane.size or not is_constant(plane):
        return ""
    image = image_of(layer)
    unit = image.unit if image is not None else ""
    value = f"{number_text(float(plane.flat[0]))} {unit}".rstrip()
    # Short lines: beside the letter of the edge there is half a canvas of a small screen.
    if image is not None and image.blank_slices:
        return f"Slice missing\nin the series:\n{value}"
    return f"Empty slice:\n{value}\neverywhere"


def is_constant(plane: Any) -> bool:
    """Whether a slice holds one value everywhere."""
    return bool(plane.flat[0] == plane.flat[-1] and (plane == plane.flat[0]).all())


def visible_scan(viewer: ViewerModel) -> ImageLayer | None:
    """Topmost visible scan of a viewer, or None."""
    seen = (layer for layer in reversed(viewer.layers) if layer.visible and _is_scan(layer))
    return next(seen, None)


def _is_scan(layer: Layer) -> bool:
    plain = isinstance(layer, ImageLayer) and not (layer.rgb or layer.multiscale)
    return plain and layer.ndim >= 3 and image_of(layer) is not None and not is_map(layer)


def _plane(layer: Layer, viewer: ViewerModel) -> Any:
    """Voxels of the layer in the slice of the viewer; none outside it."""
    dims = viewer.dims
    point = np.asarray(dims.point)[-layer.ndim :]
    place = np.rint(layer.world_to_data(point)).astype(int)
    across = [axis - (dims.ndim - layer.ndim) for axis in dims.displayed]
    data = layer.data
    inside = all(0 <= place[a] < data.shape[a] for a in range(layer.ndim) if a not in across)
    if not inside:
        return np.empty(0)
    where = tuple(slice(None) if a in across else place[a] for a in range(layer.ndim))
    return np.asarray(data[where])


class EmptySlice(Attached):
    """A text on the canvas while the slice in sight holds one value everywhere.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        viewer = self.viewer
        self._text = keep_text(viewer, "empty_slice", position="top_right", font_size=9)
        for layer in viewer.layers:
            self._watch(layer)
        viewer.layers.events.inserted.connect(self._inserted)
        for event in (viewer.layers.events.removed, viewer.layers.events.reordered):
            event.connect(self.update)
        for event in (viewer.dims.events.point, viewer.dims.events.order):
            event.connect(self.update)
        viewer.dims.events.ndisplay.connect(self.update)
        self.update()

    def _inserted(self, event: Any) -> None:
        self._watch(event.value)
        self.update()

    def _watch(self, layer: Layer) -> None:
        for event in (layer.events.visible, layer.events.data, layer.events.metadata):
            event.connect(self.update)

    def update(self, event: object = None) -> None:
        """Write the text for the slice in sight now."""
        viewer = self._viewer()
        text = "" if viewer is None else empty_text(viewer)
        if text:
            self._text.text = text
        self._text.visible = bool(text)


def show_empty_slice(viewer: ViewerModel) -> EmptySlice:
    """Say on the canvas where a slice is empty; a second call finds the helper of the first."""
    return attached(viewer, EmptySlice)
