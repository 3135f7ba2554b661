"""Moving voxels between two grids that share their points, and laying out overlapping regions.

Permute, flip, shift and stride only: nothing is interpolated. Grids whose points do not
coincide are answered with None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry

__all__ = ["Region", "compose", "onto"]

# Points count as coinciding when they lie closer than this part of a voxel.
_SAME_POINT = 0.1

# Value, place in the grid (z, y, x), and the mask of that block.
Region = tuple[int, tuple[slice, slice, slice], NDArray[np.bool_]]


def onto(array: NDArray, own: Geometry, target: Geometry) -> NDArray | None:
    """Copy voxels to the same places of another grid.

    Parameters
    ----------
    array : ndarray, shape (..., Z, Y, X)
        Voxels on ``own``; 0 is empty.
    own, target : Geometry
        Grids. Every point of ``own`` must be one of ``target``; along its slices ``own`` may
        skip points of ``target``.

    Returns
    -------
    ndarray or None
        Voxels on ``target``, 0 elsewhere; None where the points do not coincide or voxels
        other than 0 lie outside.
    """
    plan = _plan(own, target)
    if plan is None:
        return None
    axes, steps, starts = plan
    lead = array.ndim - 3
    out = np.zeros((*array.shape[:lead], *target.shape), array.dtype)
    picks: list[slice] = [slice(None)] * 3  # along own i, j, k
    places: list[slice] = [slice(None)] * 3  # along target i, j, k
    for axis in range(3):
        count, room = own.size[axis], target.size[axes[axis]]
        spots = starts[axis] + steps[axis] * np.arange(count)
        inside = np.flatnonzero((spots >= 0) & (spots < room))
        if not len(inside):
            return None if array.any() else out
        first, last = int(inside[0]), int(inside[-1])
        picks[axis] = slice(first, last + 1)
        places[axes[axis]] = _run(int(spots[first]), int(spots[last]), steps[axis])
    every = (slice(None),) * lead
    block = array[(*every, *picks[::-1])]
    if np.count_nonzero(block) < np.count_nonzero(array):
        return None
    order = [2 - axes.index(world) for world in (2, 1, 0)]
    out[(*every, *places[::-1])] = block.transpose(*range(lead), *(lead + axis for axis in order))
    return out


def _run(first: int, last: int, step: int) -> slice:
    stop = last + (1 if step > 0 else -1)
    return slice(first, stop if stop >= 0 else None, step)


def _plan(own: Geometry, target: Geometry) -> tuple[list[int], list[int], list[int]] | None:
    """Target axis, step and start of each own index axis; None where points do not coincide."""
    start = target.world_to_index(own.index_to_world([0, 0, 0]))
    steps = np.linalg.inv(target.affine[:3, :3]) @ own.affine[:3, :3]  # (target, own)
    weights = np.abs(steps) * np.asarray(target.spacing)[:, None]
    axes, whole = [-1, -1, -1], [1, 1, 1]
    # An axis of one voxel says nothing of its direction: it takes what the others leave.
    for axis in sorted(range(3), key=lambda a: own.size[a] == 1):
        free = [b for b in range(3) if b not in axes]
        axes[axis] = max(free, key=lambda b: weights[b, axis])
        if own.size[axis] == 1:
            continue
        whole[axis] = round(float(steps[axes[axis], axis]))
        ideal = np.zeros(3)
        ideal[axes[axis]] = whole[axis]
        stray = np.abs(steps[:, axis] - ideal).max() * (own.size[axis] - 1)
        if stray > _SAME_POINT or whole[axis] == 0 or (abs(whole[axis]) > 1 and axis != 2):
            return None
    if np.abs(start - np.round(start)).max() > _SAME_POINT:
        return None
    starts = np.round(start).astype(int)
    return axes, whole, [int(starts[b]) for b in axes]


def compose(regions: Iterable[Region], shape: Sequence[int], top: int) -> NDArray[np.integer]:
    """Lay regions into one label map, or into as few layers as are found where they overlap.

    Parameters
    ----------
    regions : iterable of (value, block, mask)
        Each value, where its block lies in the grid, and which of its voxels it has.
    shape : sequence of int
        (Z, Y, X) of the grid.
    top : int
        Highest value.

    Returns
    -------
    ndarray of unsigned int, shape (Z, Y, X) or (L, Z, Y, X)
    """
    dtype = np.uint8 if top < 1 << 8 else np.uint16 if top < 1 << 16 else np.uint32
    layers: list[NDArray[np.integer]] = []
    for value, block, mask in regions:
        free = (layer for layer in layers if not layer[block][mask].any())
        layer = next(free, None)
        if layer is None:
            layer = np.zeros(shape, dtype)
            layers.append(layer)
        layer[block][mask] = value
    if not layers:
        layers = [np.zeros(shape, dtype)]
    return layers[0] if len(layers) == 1 else np.stack(layers)
