"""Outlines of masks as faces of voxels, and how far two of them lie apart.

An outline is every face between a voxel inside and one outside, with its centre and its area in
mm²: thick slices weigh as much as they measure.

Letters: F faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.segmentation.edit import Mask

__all__ = ["Surface", "distances", "surface_of", "weighted_percentile"]


@dataclass(frozen=True, eq=False)
class Surface:
    """Faces of an outline.

    Attributes
    ----------
    centers : ndarray, shape (F, 3)
        Along z, y, x in mm from the first voxel's centre.
    areas : ndarray, shape (F,)
        In mm².
    """

    centers: NDArray[np.float64]
    areas: NDArray[np.float64]


def surface_of(mask: Mask, spacing: Sequence[float]) -> Surface:
    """Faces between voxels inside and outside of a mask; beyond the grid is outside.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        The region.
    spacing : sequence of float
        Along z, y, x in mm.

    Examples
    --------
    >>> box = surface_of(np.ones((1, 2, 3), bool), (5.0, 1.0, 1.0))
    >>> len(box.areas), float(box.areas.sum())
    (22, 62.0)
    """
    step = np.asarray(spacing, float)
    centers, areas = [], []
    for axis in range(3):
        ends = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        padded = np.pad(mask, ends)
        face = np.argwhere(np.diff(padded, axis=axis)).astype(float)  # between n - 1 and n
        face[:, axis] -= 0.5
        centers.append(face * step)
        areas.append(np.full(len(face), float(np.prod(step) / step[axis])))
    return Surface(np.concatenate(centers), np.concatenate(areas))


def distances(source: Surface, target: Surface) -> NDArray[np.float64]:
    """Distance in mm from each face of the source to the nearest of the target, shape (F,)."""
    from scipy.spatial import cKDTree

    found: NDArray[np.float64] = cKDTree(target.centers).query(source.centers)[0]
    return found


def weighted_percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], percent: float
) -> float:
    """Lowest value at or below which at least this part of the weight lies.

    Examples
    --------
    >>> weighted_percentile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), 20)
    2.0
    """
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order])
    place = int(np.searchsorted(share, share[-1] * percent / 100 * (1 - 1e-12)))
    return float(values[order[min(place, len(order) - 1)]])
