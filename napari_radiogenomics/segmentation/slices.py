"""Shapes between drawn slices.

Letters: S slices, D drawn slices. Slices lie along the first axis here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.segmentation.edit import Mask
from napari_radiogenomics.segmentation.morphology import signed_distance

__all__ = ["between", "drawn_slices"]

# An interpolated area is at most this many times the larger of its neighbours'.
_LARGEST_BULGE = 1.5


def drawn_slices(mask: Mask) -> NDArray[np.intp]:
    """Slices of a (S, Y, X) mask that hold a voxel."""
    return np.flatnonzero(mask.any(axis=(1, 2)))


def between(
    mask: Mask, spacing: Sequence[float], *, rounded: bool, follow_shift: bool = False
) -> NDArray[np.float64]:
    """Signed distance of the shape in mm, in drawn slices and between them; positive inside.

    Parameters
    ----------
    mask : ndarray of bool, shape (S, Y, X)
        The first and the last slice are drawn.
    spacing : sequence of float
        Along the slices, y and x in mm.
    rounded : bool
        Let the areas follow a smooth curve through those drawn, which falls to zero half a gap
        beyond the ends, as areas of a round body do; else levels are left as distances give
        them, and a shape that moves between slices shrinks on its way.
    follow_shift : bool, optional
        Move shapes that have no voxel in common along the line between their centres, as of a
        vessel that runs at an angle.

    Returns
    -------
    ndarray of float64, shape (S, Y, X)

    References
    ----------
    Raya and Udupa, IEEE Trans Med Imaging 1990, doi:10.1109/42.52980 (distances).
    """
    drawn = drawn_slices(mask)
    plane = spacing[1:]
    known = {int(k): signed_distance(mask[k], plane) for k in drawn}
    level = np.empty(mask.shape)
    areas = _areas(mask, drawn)
    for k, distances in known.items():
        level[k] = distances
    for first, last in pairwise(drawn):
        ends = (known[int(first)], known[int(last)])
        apart = follow_shift and not (mask[first] & mask[last]).any()
        for k in range(first + 1, last):
            t = (k - first) / (last - first)
            one, two = _moved(ends, mask[first], mask[last], t, plane) if apart else ends
            level[k] = one * (1 - t) + two * t
            if rounded:
                level[k] -= _threshold(level[k], areas[k])
    return level


def _areas(mask: Mask, drawn: NDArray[np.intp]) -> NDArray[np.float64]:
    """Voxels that each slice is to have, shape (S,)."""
    from scipy.interpolate import CubicSpline

    counts = mask.sum(axis=(1, 2)).astype(float)
    if len(drawn) < 2:
        return counts
    start = drawn[0] - (drawn[1] - drawn[0]) / 2
    stop = drawn[-1] + (drawn[-1] - drawn[-2]) / 2
    places = np.concatenate([[start], drawn, [stop]])
    curve = CubicSpline(places, [0, *counts[drawn], 0])
    every = np.arange(len(mask))
    upper = np.searchsorted(drawn, every).clip(1, len(drawn) - 1)
    ends = np.stack([counts[drawn[upper - 1]], counts[drawn[upper]]])
    return np.clip(curve(every), ends.min(axis=0), _LARGEST_BULGE * ends.max(axis=0))


def _threshold(level: NDArray[np.float64], area: float) -> float:
    """Level above which this many voxels lie."""
    n = min(max(round(area), 1), level.size - 1)
    ordered = np.partition(level.reshape(-1), (level.size - n - 1, level.size - n))
    return float(ordered[level.size - n - 1] + ordered[level.size - n]) / 2


def _moved(
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    first: Mask,
    last: Mask,
    t: float,
    plane: Sequence[float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends, their centres shifted to the place between them."""
    from scipy.ndimage import shift

    centers = [np.argwhere(mask).mean(axis=0) for mask in (first, last)]
    place = centers[0] * (1 - t) + centers[1] * t
    one, two = (
        shift(end, place - center, order=1, mode="nearest")
        for end, center in zip(ends, centers, strict=True)
    )
    return one, two
