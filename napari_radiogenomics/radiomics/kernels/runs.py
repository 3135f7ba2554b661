"""Run length matrices around each voxel, compiled.

Strategy: as in `sizes`, a tile of voxels at once; run lengths of all lanes grow pair by pair.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.sizes import (
    HIGH_LONG, HIGH_SHORT, I1, I2, INV_I2, INV_J2, J, J2, LANES, LEVELS2, LOW_LONG, LOW_SHORT,
    N, N_MEASURES, N_SUMS, SIZES2, SPREAD, finish, gather, n_log_n_table, squares,
)  # fmt: skip

__all__ = ["run_rows", "weighted_run_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True, error_model="numpy")
def _run_lengths(
    tile: Levels, first: Places, second: Places, begin: int, end: int,
    length: Levels, beside: Levels,
) -> None:  # fmt: skip
    """Length of the run up to each cell, and whether two neighbors are present at all."""
    length[:] = 1
    beside[:] = 0
    for q in range(begin, end):
        a = first[q]
        b = second[q]
        for lane in range(LANES):
            x = tile[a, lane]
            y = tile[b, lane]
            both = np.int16((x > 0) & (y > 0))
            beside[lane] |= both
            length[b, lane] = length[a, lane] * np.int16(both * (x == y)) + np.int16(1)


@njit(cache=True, nogil=True, error_model="numpy")
def _line_holds_two(
    tile: Levels, first: Places, second: Places, begin: int, end: int, lane: int
) -> bool:
    for q in range(begin, end):
        if tile[first[q], lane] > 0 and tile[second[q], lane] > 0:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def run_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    near: tuple[Places, Places, Places],
    far: tuple[Places, Places, Places],
    n_levels: int,
    longest: int,
    out: Reals,
) -> None:
    """Fill the measures of the run length matrix for each voxel, the mean over angles.

    Each angle starts from "all runs have length 1"; a voxel that continues a run of its level
    corrects the sums. An angle without a line of two voxels does not count.

    Parameters
    ----------
    levels, centers, offsets, n_levels
        As for `sizes.dependence_rows`.
    near, far : tuple of ndarray of intp
        Pairs of cells one step apart, and further apart on one line: first, second, starts.
    longest : int
        Cells of the longest line.
    out : ndarray of float64, shape (N_MEASURES, V)
        Zeros; filled. NaN where no angle counts.
    """
    first, second, starts = near
    K = offsets.size
    stride = longest + 1
    tile = np.empty((K, LANES), np.int16)
    length = np.empty((K, LANES), np.int16)
    beside = np.empty(LANES, np.int16)
    events = np.empty(K, np.intp)
    i_square, i_inverse = squares(n_levels)
    j_square, j_inverse = squares(longest)
    for j in range(longest, 1, -1):  # what one more voxel in a run changes
        j_square[j] -= j_square[j - 1] + 1.0
        j_inverse[j] -= j_inverse[j - 1] + 1.0
    n_log_n = n_log_n_table(K)
    by_level = np.zeros(n_levels + 1, np.intp)
    by_size = np.zeros(stride, np.intp)
    by_both = np.zeros((n_levels + 1) * stride, np.intp)
    base = np.zeros((5, LANES))
    logs_of = np.zeros(LANES)
    sums = np.zeros((N_SUMS, LANES))
    share = np.ones(LANES)
    counted = np.zeros(LANES)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        base[:] = 0.0
        counted[:] = 0.0
        for lane in range(lanes):
            logs = 0.0
            for k in range(K):
                i = tile[k, lane]
                if i > 0:
                    base[0, lane] += 1
                    base[1, lane] += i
                    base[2, lane] += i_square[i]
                    base[3, lane] += i_inverse[i]
                    base[4, lane] += 2 * by_level[i] + 1
                    by_level[i] += 1
                    logs += n_log_n[by_level[i]] - n_log_n[by_level[i] - 1]
            logs_of[lane] = logs
            for k in range(K):
                by_level[tile[k, lane]] = 0
        for angle in range(starts.size - 1):
            begin = starts[angle]
            end = starts[angle + 1]
            _run_lengths(tile, first, second, begin, end, length, beside)
            for lane in range(lanes):
                share[lane] = beside[lane]
                if beside[lane] == 0 and _line_holds_two(
                    tile, far[0], far[1], far[2][angle], far[2][angle + 1], lane
                ):
                    share[lane] = 1.0
                counted[lane] += share[lane]
            for lane in range(lanes):
                for k in range(K):
                    i = tile[k, lane]
                    by_level[i] += 1
                    by_both[i * stride + 1] += 1
                n_events = 0
                for q in range(begin, end):
                    events[n_events] = second[q]
                    n_events += length[second[q], lane] > 1
                n = int(base[0, lane])
                by_size[1] = n
                i1, i2, inv_i2 = base[1, lane], base[2, lane], base[3, lane]
                levels2 = base[4, lane]
                j2 = inv_j2 = base[0, lane]
                low_short = low_long = inv_i2
                high_short = high_long = i2
                logs = logs_of[lane]
                for e in range(n_events):
                    i = tile[events[e], lane]
                    j = length[events[e], lane]
                    a, b, c, d = i_square[i], i_inverse[i], j_square[j], j_inverse[j]
                    i1 -= i
                    i2 -= a
                    inv_i2 -= b
                    j2 += c
                    inv_j2 += d
                    low_short += b * d
                    high_short += a * d
                    low_long += b * c
                    high_long += a * c
                    levels2 -= 2 * by_level[i] - 1
                    by_level[i] -= 1
                    by_size[1] -= 1
                    by_size[j - 1] -= 1
                    by_size[j] += 1
                    at = i * stride
                    count = by_both[at + 1]
                    logs += n_log_n[count - 1] - n_log_n[count]
                    by_both[at + 1] = count - 1
                    count = by_both[at + j - 1]
                    logs += n_log_n[count - 1] - n_log_n[count]
                    by_both[at + j - 1] = count - 1
                    count = by_both[at + j]
                    logs += n_log_n[count + 1] - n_log_n[count]
                    by_both[at + j] = count + 1
                for e in range(n_events):
                    at = tile[events[e], lane] * stride
                    by_both[at + length[events[e], lane]] = 0
                for k in range(K):
                    i = tile[k, lane]
                    by_level[i] = 0
                    by_both[i * stride + 1] = 0
                sizes2 = 0
                for j in range(1, stride):
                    sizes2 += by_size[j] * by_size[j]
                    by_size[j] = 0
                n -= n_events
                sums[N, lane] = n
                sums[J, lane] = base[0, lane]
                sums[J2, lane] = j2
                sums[INV_J2, lane] = inv_j2
                sums[I1, lane] = i1
                sums[I2, lane] = i2
                sums[INV_I2, lane] = inv_i2
                sums[LEVELS2, lane] = levels2
                sums[SIZES2, lane] = sizes2
                sums[SPREAD, lane] = n_log_n[n] - logs
                sums[LOW_SHORT, lane] = low_short
                sums[HIGH_SHORT, lane] = high_short
                sums[LOW_LONG, lane] = low_long
                sums[HIGH_LONG, lane] = high_long
            finish(sums, lanes, share, out, start)
        for lane in range(lanes):
            for row in range(N_MEASURES):
                out[row, start + lane] /= counted[lane]  # 0 / 0: no angle counts


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_run_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    near: tuple[Places, Places, Places],
    far: tuple[Places, Places, Places],
    n_levels: int,
    longest: int,
    weights: Reals,
    out: Reals,
) -> None:
    """Fill the measures of one run length matrix: the weighted sum of those of the angles.

    Parameters
    ----------
    levels, centers, offsets, near, far, n_levels, longest, out
        As for `run_rows`.
    weights : ndarray of float64, shape (A,)
        Weight of each angle.
    """
    first, second, starts = near
    K = offsets.size
    stride = longest + 1
    tile = np.empty((K, LANES), np.int16)
    length = np.empty((K, LANES), np.int16)
    beside = np.empty(LANES, np.int16)
    i_square, i_inverse = squares(n_levels)
    j_square, j_inverse = squares(longest)
    matrix = np.zeros((n_levels + 1, LANES, stride))
    by_size = np.zeros(stride)
    sums = np.zeros((N_SUMS, LANES))
    share = np.ones(LANES)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        for angle in range(starts.size - 1):
            _run_lengths(tile, first, second, starts[angle], starts[angle + 1], length, beside)
            for lane in range(lanes):
                if beside[lane] == 0 and not _line_holds_two(
                    tile, far[0], far[1], far[2][angle], far[2][angle + 1], lane
                ):
                    continue
                for k in range(K):
                    row = matrix[tile[k, lane], lane]
                    j = length[k, lane]
                    row[j] += weights[angle]
                    if j > 1:
                        row[j - 1] -= weights[angle]
        sums[:] = 0.0
        for lane in range(lanes):
            for k in range(K):
                i = tile[k, lane]
                by_level = 0.0
                for j in range(1, stride):
                    p = matrix[i, lane, j]
                    matrix[i, lane, j] = 0.0
                    if i == 0 or p <= 1e-12:  # absent, visited before, or left by rounding
                        continue
                    a, b, c, d = i_square[i], i_inverse[i], j_square[j], j_inverse[j]
                    by_level += p
                    by_size[j] += p
                    sums[N, lane] += p
                    sums[J, lane] += p * j
                    sums[J2, lane] += p * c
                    sums[INV_J2, lane] += p * d
                    sums[I1, lane] += p * i
                    sums[I2, lane] += p * a
                    sums[INV_I2, lane] += p * b
                    sums[SPREAD, lane] -= p * np.log2(p)
                    sums[LOW_SHORT, lane] += p * b * d
                    sums[HIGH_SHORT, lane] += p * a * d
                    sums[LOW_LONG, lane] += p * b * c
                    sums[HIGH_LONG, lane] += p * a * c
                sums[LEVELS2, lane] += by_level * by_level
            for j in range(1, stride):
                sums[SIZES2, lane] += by_size[j] * by_size[j]
                by_size[j] = 0.0
            n = sums[N, lane]
            if n > 0.0:
                sums[SPREAD, lane] += n * np.log2(n)
            else:
                for row in range(N_MEASURES):
                    out[row, start + lane] = np.nan
        finish(sums, lanes, share, out, start)
