"""Boxes of voxels: around a region, and cut out of a scan.

A box is three slices along z, y, x with a start and a stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError

__all__ = ["Box", "box_around", "crop", "depths", "whole_box"]

Box = tuple[slice, slice, slice]
Grid = TypeVar("Grid", Image, Segmentation)


def whole_box(shape: Sequence[int]) -> Box:
    """Box of a whole grid of this shape.

    Examples
    --------
    >>> whole_box((2, 3, 4))
    (slice(0, 2, None), slice(0, 3, None), slice(0, 4, None))
    """
    z, y, x = (slice(0, n) for n in shape[-3:])
    return z, y, x


def box_around(mask: NDArray[np.bool_], reach: int = 0) -> Box:
    """Smallest box around a region, larger by ``reach`` voxels, clipped at the grid's edge.

    Examples
    --------
    >>> box_around(np.array([[[False, True, True, False]]]))
    (slice(0, 1, None), slice(0, 1, None), slice(1, 3, None))
    """
    box = []
    for axis in range(3):
        places = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not places.size:
            raise InputError("The region is empty: no voxel lies in it.")
        start, stop = int(places[0]) - reach, int(places[-1]) + reach + 1
        box.append(slice(max(start, 0), min(stop, mask.shape[axis])))
    z, y, x = box
    return z, y, x


def depths(mask: NDArray[np.bool_], spacing: Sequence[float]) -> NDArray[np.float64]:
    """How deep each voxel of a region lies, in mm from the nearest voxel outside, shape (V,).

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        Region; beyond the grid is outside.
    spacing : sequence of float
        Size of a voxel along z, y, x in mm.

    Examples
    --------
    >>> depths(np.ones((1, 1, 3), bool), (5.0, 5.0, 2.0))
    array([2., 4., 2.])
    """
    from scipy.ndimage import distance_transform_edt

    inside = mask[box_around(mask)]
    deep: NDArray[np.float64] = distance_transform_edt(np.pad(inside, 1), sampling=tuple(spacing))
    return deep[1:-1, 1:-1, 1:-1][inside]


def crop(source: Grid, box: Box) -> Grid:
    """Cut a box out of a scan or a segmentation; its place in the patient stays true.

    Parameters
    ----------
    source : Image or Segmentation
        What to cut. The result shares its memory.
    box : tuple of slice
        Along z, y, x.

    Returns
    -------
    Image or Segmentation
        The same kind, on the grid of the box.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> scan = Image(np.arange(4).reshape(1, 1, 4), Geometry((4, 1, 1), spacing=(2, 1, 1)))
    >>> part = crop(scan, (slice(0, 1), slice(0, 1), slice(1, 3)))
    >>> part.array.tolist(), part.geometry.origin
    ([[[1, 2]]], (2.0, 0.0, 0.0))
    """
    if box == whole_box(source.geometry.shape):
        return source
    geometry = source.geometry.part(box)
    where = (..., *box)
    if isinstance(source, Segmentation):
        fractions = None if source.fractions is None else source.fractions[where]
        return replace(source, labels=source.labels[where], geometry=geometry, fractions=fractions)  # type: ignore[call-arg]
    inside = range(box[0].start, box[0].stop)
    blank = tuple(k - box[0].start for k in source.blank_slices if k in inside)
    return replace(source, array=source.array[where], geometry=geometry, blank_slices=blank)
