"""Where a region is on the screen, and the contours of a Shapes layer in mm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels, Shapes

__all__ = ["contour_points", "go_to_region", "region_place", "slices_in_sight", "step_slice"]


def region_place(data: NDArray, value: int, axis: int = 0) -> tuple[int, int, int] | None:
    """Voxel to look at: in the slice with the most voxels of a label, near their middle.

    Parameters
    ----------
    data : ndarray of int, shape (Z, Y, X)
        Labels of the screen.
    value : int
        The label.
    axis : int, optional
        Axis that the slices lie across.

    Returns
    -------
    tuple of int or None
        z, y, x of a voxel of the label; None where it is not drawn.

    Examples
    --------
    >>> drawn = np.zeros((4, 3, 3), int)
    >>> drawn[1, 0, 0], drawn[2, 1:3, 1] = 1, 1
    >>> region_place(drawn, 1)
    (2, 1, 1)
    """
    mask = data == value
    areas = mask.sum(axis=tuple(a for a in range(3) if a != axis))
    if not areas.any():
        return None
    place = int(areas.argmax())
    voxels = np.argwhere(np.take(mask, place, axis=axis))
    nearest = voxels[np.abs(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]
    found = [int(v) for v in nearest]
    found.insert(axis, place)
    return (found[0], found[1], found[2])


def go_to_region(viewer: ViewerModel, layer: Labels, value: int) -> bool:
    """Show the slices of a region, in all views.

    Returns
    -------
    bool
        Whether it is drawn; where it is not, the view stays.
    """
    dims = viewer.dims
    lead = dims.ndim - 3
    axis = dims.order[-3] - lead if dims.ndisplay == 2 else 0
    place = region_place(np.asarray(layer.data), value, axis=max(axis, 0))
    if place is None:
        return False
    dims.set_point(range(lead, dims.ndim), layer.data_to_world(place))
    return True


def step_slice(viewer: ViewerModel, layer: Labels, by: int) -> None:
    """Go to the next slice of a layer in the view, whatever the steps of the slider are."""
    dims = viewer.dims
    if dims.ndisplay != 2:
        return
    own, here = _slice_of(viewer, layer)
    there = min(max(here + by, 0), layer.data.shape[own] - 1)
    dims.set_point(own + dims.ndim - 3, layer.translate[own] + there * layer.scale[own])


def _slice_of(viewer: ViewerModel, layer: Labels) -> tuple[int, int]:
    """Axis of a layer that a view looks along, and the slice it shows; it may lie outside."""
    dims = viewer.dims
    axis = dims.order[-3]
    own = axis - (dims.ndim - 3)
    return own, round((dims.point[axis] - layer.translate[own]) / layer.scale[own])


def slices_in_sight(views: Iterable[ViewerModel], layer: Labels) -> list[tuple[int, int]]:
    """Slices of a layer that are seen in some views, each once.

    Parameters
    ----------
    views : iterable of ViewerModel
        The viewer and those linked with it.
    layer : napari.layers.Labels
        Three axes.

    Returns
    -------
    list of tuple of int
        Axis and index.
    """
    flat = [view for view in views if view.dims.ndisplay == 2 and view.dims.ndim >= 3]
    found = dict.fromkeys(_slice_of(view, layer) for view in flat)
    return [(axis, index) for axis, index in found if 0 <= index < layer.data.shape[axis]]


def contour_points(layer: Shapes) -> list[NDArray[np.float64]]:
    """Corners of the polygons of a Shapes layer, x, y, z in LPS mm.

    Raises
    ------
    InputError
        If there is no closed shape, or the layer has not three axes.
    """
    found = [
        np.array([layer.data_to_world(corner)[::-1] for corner in corners], float)
        for corners, kind in zip(layer.data, layer.shape_type, strict=True)
        if kind in ("polygon", "rectangle", "path") and len(corners) >= 3
    ]
    if not found:
        raise InputError(f'"{layer.name}" has no polygon. Draw one with Layers ▸ New ▸ Shapes.')
    if layer.ndim != 3:
        raise InputError(
            f'"{layer.name}" has {layer.ndim} axes; contours need the slice they were drawn in. '
            "Draw them in a Shapes layer that is made while the scan is open."
        )
    return found
