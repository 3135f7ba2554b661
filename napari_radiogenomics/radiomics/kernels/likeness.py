"""How alike two gray levels are around each voxel, compiled: for kernels of few cells.

Strategy: as in `moments`, planes of pairs are added once, and `LANES` of them go through the
same instructions. What a pair adds depends on its difference alone, and is as soon computed as
looked up. Planes, and pairs in them, are added in one order wherever a run of voxels began.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.glcm import ID, IDM, IDMN, IDN, INVERSE_VARIANCE
from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load_at,
    store,
    where_positive,
)
from napari_radiogenomics.radiomics.kernels.planes import gain, window

__all__ = ["LIKENESS", "N_LIKENESS", "add_likeness", "add_likeness_planes"]

Reals = NDArray[np.float64]
Places = NDArray[np.intp]

LIKENESS = (ID, IDM, IDN, IDMN, INVERSE_VARIANCE)
# Sums of a plane: number of pairs, and what they add to each.
N_LIKENESS = len(LIKENESS) + 1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_likeness_planes(
    tile: Reals, first: Places, second: Places, begin: int, end: int, n: int, n_levels: int,
    planes: Reals, step: int,
) -> None:  # fmt: skip
    """Fill the sums of the first ``n`` groups of planes."""
    zero, one = fill(0.0), fill(1.0)
    whole, whole_square = fill(float(n_levels)), fill(float(n_levels) * n_levels)
    for group in range(n):
        count, s1, s2, s3, s4, s5 = zero, zero, zero, zero, zero, zero
        for q in range(begin, end):
            d = load_at(tile, first[q] + group * LANES) - load_at(tile, second[q] + group * LANES)
            counts = where_positive(d - d + 1.0, one, zero)  # NaN where one is absent
            d = where_positive(counts, d, zero)
            d = where_positive(d, d, zero - d)
            square = d * d
            # One division for two: 1/a = b/(a·b).
            a, b = d + 1.0, square + 1.0
            both = counts / (a * b)
            s1 = s1 + b * both
            s2 = s2 + a * both
            a, b = d + whole, square + whole_square
            both = counts / (a * b)
            s3 = s3 + b * both
            s4 = s4 + a * both
            s5 = s5 + where_positive(d, one / square, zero)
            count = count + counts
        store(planes, 0 * step + group, count)
        store(planes, 1 * step + group, s1)
        store(planes, 2 * step + group, s2)
        store(planes, 3 * step + group, s3 * whole)
        store(planes, 4 * step + group, s4 * whole_square)
        store(planes, 5 * step + group, s5)


@njit(cache=True, nogil=True, error_model="numpy")
def add_likeness(planes: Reals, step: int, n_planes: int, group: int, found: Reals) -> None:
    """Add the features of one angle for a group of voxels."""
    n = window(planes, 0, step, group, n_planes)
    w = fill(1.0) / n
    for f in range(len(LIKENESS)):
        gain(found, f, group, n, window(planes, f + 1, step, group, n_planes) * w)
