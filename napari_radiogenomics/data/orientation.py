"""Canonical arrays: permute and flip, never interpolate.

On screen every scan runs z to the superior, y to the posterior and x to the left, so that
array index and LPS mm rise together. `to_canonical` brings an array there, `from_canonical`
takes it back to the voxel grid it came from; both return views.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry

__all__ = ["canonical_geometry", "from_canonical", "to_canonical", "true_slice"]


def _plan(geometry: Geometry) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Array axes (z, y, x) of the source in canonical order, and those to flip afterwards."""
    axes, signs = geometry.nearest_axes
    source = [axes.index(world) for world in (2, 1, 0)]  # index axis that runs along z, y, x
    order = tuple(2 - index for index in source)
    flips = tuple(place for place, index in enumerate(source) if signs[index] < 0)
    return order, flips


def to_canonical(array: NDArray, geometry: Geometry) -> NDArray:
    """Permute and flip a (..., Z, Y, X) array so that its axes run S, P, L.

    Parameters
    ----------
    array : ndarray, shape (..., Z, Y, X)
        Voxels on ``geometry``; leading axes are left alone.
    geometry : Geometry
        Grid of the array.

    Returns
    -------
    ndarray
        A view of the array.

    Examples
    --------
    >>> array = np.arange(2).reshape(1, 1, 2)
    >>> right = Geometry((2, 1, 1), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    >>> to_canonical(array, right).ravel().tolist()
    [1, 0]
    """
    order, flips = _plan(geometry)
    lead = array.ndim - 3
    view = array.transpose(*range(lead), *(lead + axis for axis in order))
    return np.flip(view, axis=tuple(lead + axis for axis in flips))


def from_canonical(array: NDArray, geometry: Geometry) -> NDArray:
    """Undo `to_canonical`: bring a canonical array back to the grid of ``geometry``.

    Parameters
    ----------
    array : ndarray, shape (..., Z, Y, X)
        Canonical voxels.
    geometry : Geometry
        The true grid to return to.

    Returns
    -------
    ndarray
        A view of the array.
    """
    order, flips = _plan(geometry)
    lead = array.ndim - 3
    view = np.flip(array, axis=tuple(lead + axis for axis in flips))
    inverse = np.argsort(order)
    return view.transpose(*range(lead), *(lead + int(axis) for axis in inverse))


def true_slice(geometry: Geometry, axis: int, index: int) -> tuple[int, int]:
    """Which slice of the true array a slice of the canonical one is.

    Parameters
    ----------
    geometry : Geometry
        The true grid.
    axis, index : int
        Axis of the canonical array (0, 1 or 2), and the slice along it.

    Returns
    -------
    tuple of int
        Axis and index in the true array.

    Examples
    --------
    >>> right = Geometry((5, 1, 1), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    >>> true_slice(right, 2, 0)
    (2, 4)
    """
    order, flips = _plan(geometry)
    true = order[axis]
    return true, geometry.shape[true] - 1 - index if axis in flips else index


def canonical_geometry(geometry: Geometry) -> Geometry:
    """Grid of the canonical array, with the axes of the patient.

    The voxels of an axis-aligned grid keep their places. An oblique grid answers with its
    aligned neighbour: resample onto it, do not relabel.
    """
    aligned = geometry.aligned
    axes, _ = aligned.nearest_axes
    source = [axes.index(world) for world in range(3)]
    size = tuple(aligned.size[index] for index in source)
    spacing = tuple(aligned.spacing[index] for index in source)
    return Geometry(size, spacing, tuple(aligned.corners.min(axis=0)))  # type: ignore[arg-type]
