"""Sums and differences of two gray levels around each voxel, compiled: symmetrical pairs.

Strategy: for a run of voxels side by side along x, the powers of sums and differences are added
once for each plane of pairs across x, and each voxel adds its planes; `LANES` planes, then
voxels, go through the same instructions. Levels are taken from one reference, so that sums are
whole numbers that doubles hold exactly: a value does not depend on where the run began. Where
levels are too many for that, each voxel is a run of its own, and the reference its level.

Letters: A angles, V voxels, S rows of cells along x in a kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.glcm import (
    AUTOCORRELATION,
    CONTRAST,
    CORRELATION,
    DIFFERENCE_AVERAGE,
    DIFFERENCE_VARIANCE,
    JOINT_AVERAGE,
    PROMINENCE,
    SHADE,
    SUM_SQUARES,
    TENDENCY,
)
from napari_radiogenomics.radiomics.kernels.likeness import (
    LIKENESS,
    N_LIKENESS,
    add_likeness,
    add_likeness_planes,
)
from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load_at,
    rows,
    store,
    where_positive,
)
from napari_radiogenomics.radiomics.kernels.planes import (
    GROUPS,
    LONGEST,
    copy_run,
    gain,
    window,
)

__all__ = ["moment_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Vector = Any

# Number of pairs, powers 1 to 4 of their sum, 1 and 2 of the size of their difference.
N_SUMS = 7
FEATURES = (
    AUTOCORRELATION, JOINT_AVERAGE, SHADE, PROMINENCE, TENDENCY,
    CONTRAST, DIFFERENCE_AVERAGE, DIFFERENCE_VARIANCE, SUM_SQUARES, CORRELATION,
)  # fmt: skip
# Whole numbers up to this are exact.
EXACT = 2.0**53


@njit(cache=True, nogil=True, error_model="numpy")
def _add_planes(
    tile: Reals, first: Places, second: Places, begin: int, end: int, n: int, planes: Reals,
    step: int,
) -> None:  # fmt: skip
    """Fill the sums of the first ``n`` groups of planes."""
    zero, one = fill(0.0), fill(1.0)
    for group in range(n):
        count, s1, s2, s3, s4, d1, d2 = zero, zero, zero, zero, zero, zero, zero
        for q in range(begin, end):
            x = load_at(tile, first[q] + group * LANES)
            y = load_at(tile, second[q] + group * LANES)
            s = x + y
            d = x - y
            counts = s - s + 1.0  # NaN where one is absent
            s = where_positive(counts, s, zero)
            d = where_positive(counts, d, zero)
            square = s * s
            count = count + where_positive(counts, one, zero)
            s1 = s1 + s
            s2 = s2 + square
            s3 = s3 + square * s
            s4 = s4 + square * square
            d1 = d1 + where_positive(d, d, zero - d)
            d2 = d2 + d * d
        store(planes, 0 * step + group, count)
        store(planes, 1 * step + group, s1)
        store(planes, 2 * step + group, s2)
        store(planes, 3 * step + group, s3)
        store(planes, 4 * step + group, s4)
        store(planes, 5 * step + group, d1)
        store(planes, 6 * step + group, d2)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_angle(
    planes: Reals, step: int, n_planes: int, group: int, tile: Reals, middle: int,
    reference: float, found: Reals,
) -> None:  # fmt: skip
    """Add the features of one angle for a group of voxels."""
    n = window(planes, 0, step, group, n_planes)
    t1 = window(planes, 1, step, group, n_planes)
    t2 = window(planes, 2, step, group, n_planes)
    t3 = window(planes, 3, step, group, n_planes)
    t4 = window(planes, 4, step, group, n_planes)
    d1 = window(planes, 5, step, group, n_planes)
    d2 = window(planes, 6, step, group, n_planes)
    level = load_at(tile, middle + group * LANES)
    c = level + level
    center = level + reference
    # From the reference to the center: whole numbers still.
    u1 = t1 - c * n
    u2 = t2 - c * (t1 + u1)
    u3 = t3 - c * (t2 * 3.0 - c * (t1 * 3.0 - c * n))
    u4 = t4 - c * (t3 * 4.0 - c * (t2 * 6.0 - c * (t1 * 4.0 - c * n)))
    w = fill(1.0) / n
    mean = u1 * w
    average = d1 * w
    contrast = d2 * w
    # Central moments cancel: in whole numbers first, what is 0 is 0 and not a rounding.
    square = u1 * u1
    w2 = w * w
    second = u2 * n - square
    third = (u3 * n - u1 * u2 * 3.0) * n + square * u1 * 2.0
    fourth = ((u4 * n - u1 * u3 * 4.0) * n + square * u2 * 6.0) * n - square * square * 3.0
    tendency = second * w2
    spread = tendency + contrast  # both are 0 or more: 0 only where all levels are one
    correlation = where_positive(spread, (tendency - contrast) / spread, fill(1.0))
    gain(found, 0, group, n, (u2 * w - contrast) * 0.25 + center * (mean + center))
    gain(found, 1, group, n, mean * 0.5 + center)
    gain(found, 2, group, n, third * w2 * w)
    gain(found, 3, group, n, fourth * w2 * w2)
    gain(found, 4, group, n, tendency)
    gain(found, 5, group, n, contrast)
    gain(found, 6, group, n, average)
    gain(found, 7, group, n, contrast - average * average)
    gain(found, 8, group, n, spread * 0.25)
    gain(found, 9, group, n, correlation)
    gain(found, 10, group, n, fill(1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def moment_rows(
    levels: Levels,
    centers: Places,
    strands: Places,
    planes_of: tuple[Places, Places, Places, Places, Places],
    reach: int,
    n_levels: int,
    alike: bool,
    out: Reals,
    angles: Reals,
) -> None:
    """Add what sums and differences of levels say to the rows of each voxel.

    Parameters
    ----------
    levels : ndarray of int16
        Flat and padded; the gray level where a voxel counts, else 0. Every center counts.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking. A run of neighbors along x is fast.
    strands : ndarray of intp, shape (S,)
        From a center to the first cell of each row of its kernel along x.
    planes_of : tuple of ndarray of intp
        Pairs of the first plane of each angle, as `lattice.Planes` has them.
    reach : int
        Cells from the beginning of a row to its middle.
    n_levels : int
        Highest gray level.
    alike : bool
        Whether rows of `likeness` are filled, too.
    out : ndarray of float64, shape (len(glcm.ROWS), V)
        Sums over the angles that hold a pair.
    angles : ndarray of float64, shape (V,)
        Zeros; filled with the number of these angles.
    """
    first_strand, second_strand, x_steps, starts, n_planes = planes_of
    A = starts.size - 1
    margin = 2 * reach
    # Planes reach beyond the last group by the margin, and loads by a group.
    step = GROUPS + (margin + LANES - 1) // LANES + 1
    width = step * LANES
    tile = np.full(strands.size * width + LANES, np.nan)
    planes = rows(max(N_SUMS, N_LIKENESS) * step)
    found = rows((len(FEATURES) + 1) * GROUPS)
    near = rows(len(LIKENESS) * GROUPS)
    first = np.empty(first_strand.size, np.intp)
    second = np.empty(first_strand.size, np.intp)
    for angle in range(A):
        x = x_steps[angle]
        for q in range(starts[angle], starts[angle + 1]):
            first[q] = first_strand[q] * width + max(-x, 0)
            second[q] = second_strand[q] * width + max(x, 0)
    whole_pairs = strands.size * (margin + 1)
    exact = 16.0 * (n_levels + 1.0) ** 4 * whole_pairs < EXACT
    start: Any = np.int64(0)
    while start < centers.size:
        length: Any = np.int64(1)
        while (
            exact
            and length < LONGEST
            and start + length < centers.size
            and centers[start + length] == centers[start] + length
        ):
            length += 1
        at = centers[start]
        reference: Any = np.int64(n_levels // 2 if exact else levels[at])
        copy_run(levels, at, strands, length + margin, reference, tile, width)
        middle = (strands.size // 2) * width + reach
        found[:] = 0.0
        near[:] = 0.0
        groups = (length + LANES - 1) // LANES
        for angle in range(A):
            if n_planes[angle] < 1:
                continue
            wide = (length + n_planes[angle] - 1 + LANES - 1) // LANES
            _add_planes(tile, first, second, starts[angle], starts[angle + 1], wide, planes, step)
            for group in range(groups):
                _add_angle(
                    planes, step, n_planes[angle], group, tile, middle, float(reference), found
                )
            if not alike:
                continue
            add_likeness_planes(
                tile, first, second, starts[angle], starts[angle + 1], wide, n_levels, planes, step
            )
            for group in range(groups):
                add_likeness(planes, step, n_planes[angle], group, near)
        for f, feature in enumerate(FEATURES):
            for v in range(length):
                out[feature, start + v] += found[f * LONGEST + v]
        if alike:
            for f, feature in enumerate(LIKENESS):
                for v in range(length):
                    out[feature, start + v] += near[f * LONGEST + v]
        for v in range(length):
            angles[start + v] += found[len(FEATURES) * LONGEST + v]
        start += length
