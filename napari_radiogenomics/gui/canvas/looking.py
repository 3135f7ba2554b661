"""Where the slices go: to the tumour, to the scan that is visible, to what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer

from napari_radiogenomics.gui.canvas.empty_slice import is_constant, visible_scan
from napari_radiogenomics.gui.canvas.window_level import image_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer

__all__ = ["look_at_scan", "look_at_tumour"]


def look_at_tumour(viewer: ViewerModel) -> bool:
    """Go to the slice with the most labelled voxels of the newest segmentation, at their middle.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer. Segmentations that are hidden are looked at only where none is visible.

    Returns
    -------
    bool
        Whether anything is drawn; where nothing is, the view stays.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> drawn = np.zeros((5, 4, 4), int)
    >>> drawn[3, 1:3, 1:3] = 1
    >>> _ = viewer.add_labels(drawn)
    >>> look_at_tumour(viewer), viewer.dims.point[0]
    (True, 3.0)
    """
    for layer in sorted(_regions(viewer), key=lambda one: not one.visible):
        place = _largest_slice(layer)
        if place is not None:
            _go_to(viewer, layer, place)
            return True
    return False


def look_at_scan(viewer: ViewerModel) -> bool:
    """Go to the topmost visible scan where the slices in sight miss it, and to measured slices.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Returns
    -------
    bool
        Whether the scan was out of sight: the cameras have to follow.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> from napari_radiogenomics import Geometry, Image
    >>> from napari_radiogenomics.gui.layers.layers import image_layers
    >>> viewer = ViewerModel()
    >>> for z in (0.0, 500.0):
    ...     scan = Image(np.zeros((3, 4, 5)), Geometry((5, 4, 3), origin=(0, 0, z)))
    ...     data, settings, _ = image_layers(scan)[0]
    ...     _ = viewer.add_image(data, **settings)
    >>> viewer.dims.set_point(0, 0.0)
    >>> look_at_scan(viewer), viewer.dims.point[0], look_at_scan(viewer)
    (True, 501.0, False)
    """
    layer = visible_scan(viewer)
    if layer is None:
        return False
    missed = not _inside(layer, viewer.dims.point)
    if missed:
        drawn = (_largest_slice(one) for one in _regions(viewer) if one.visible)
        inside = (place for place in drawn if place is not None and _inside(layer, place))
        middle: Any = np.asarray(layer.data_to_world(np.array(layer.data.shape) // 2))
        _go_to(viewer, layer, next(inside, middle))
    _leave_blanks(viewer, layer)
    return missed


def _regions(viewer: ViewerModel) -> list[Labels]:
    """Segmentations in three dimensions or more, the newest first."""
    volumes = (x for x in viewer.layers if isinstance(x, Labels) and x.ndim >= 3)
    return [layer for layer in reversed(list(volumes)) if not layer.multiscale]


def _largest_slice(layer: Labels) -> Any:
    """World position of the middle of the slice with the most labelled voxels; None without."""
    data = np.asarray(layer.data)
    areas = np.array([np.count_nonzero(part) for part in data.reshape(-1, *data.shape[-2:])])
    if not areas.any():
        return None
    place = np.unravel_index(int(areas.argmax()), data.shape[:-2])
    middle = np.argwhere(data[place]).mean(axis=0)
    return np.asarray(layer.data_to_world((*place, *middle)))


def _go_to(viewer: ViewerModel, layer: Layer, place: Any) -> None:
    dims = viewer.dims
    count = min(len(place), layer.ndim)
    dims.set_point(range(dims.ndim - count, dims.ndim), place[-count:])


def _inside(layer: ImageLayer, point: Sequence[float]) -> bool:
    """Whether a place in mm lies within the voxels of a scan, half a voxel of room included."""
    low, high = layer.extent.world[:, -3:]
    here, half = np.asarray(point)[-3:], np.abs(layer.scale[-3:]) / 2
    return bool(np.all((here >= low - half) & (here <= high + half)))


def _leave_blanks(viewer: ViewerModel, layer: ImageLayer) -> None:
    """Go from a slice that the series misses to the nearest one that was measured."""
    image = image_of(layer)
    if image is None or not image.blank_slices:
        return
    point = np.asarray(viewer.dims.point)[-layer.ndim :]
    place = np.rint(layer.world_to_data(point)).astype(int)
    volume = np.asarray(layer.data[tuple(place[:-3])])
    for axis in range(3):
        planes = np.moveaxis(volume, axis, 0)
        here = int(np.clip(place[axis - 3], 0, len(planes) - 1))
        if is_constant(planes[here]):
            order = sorted(range(len(planes)), key=lambda n: abs(n - here))
            place[axis - 3] = next((n for n in order if not is_constant(planes[n])), here)
    if (place != np.rint(layer.world_to_data(point))).any():
        _go_to(viewer, layer, layer.data_to_world(place))
