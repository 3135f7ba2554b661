"""Run length matrices around each voxel, compiled.

Strategy: as in `sizes`, a tile of voxels at once; run lengths of all lanes grow pair by pair.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.sizes import (
    HIGH_LONG,
    HIGH_SHORT,
    I1,
    I2,
    INV_I2,
    INV_J2,
    J2,
    LANES,
    LEVELS2,
    LOW_LONG,
    LOW_SHORT,
    N_MEASURES,
    N_SUMS,
    SIZES2,
    SPREAD,
    J,
    N,
    finish,
    gather,
    n_log_n_table,
    squares,
)  # fmt: skip

__all__ = ["run_rows", "weighted_run_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Counts = NDArray[np.int32]

# Position of the only bit that is set, by a product whose upper six bits are all different.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
BIT_OF = np.zeros(64, np.uint8)
for _bit in range(64):
    BIT_OF[((1 << _bit) * int(DE_BRUIJN) % (1 << 64)) >> 58] = _bit


@njit(cache=True, nogil=True, error_model="numpy")
def _run_lengths(
    tile: Levels, first: Places, second: Places, begin: int, end: int,
    length: Levels, beside: Levels,
) -> None:  # fmt: skip
    """Length of the run that ends in each cell, else 0; whether two neighbors are present."""
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
            on = both * np.int16(x == y)
            before = length[a, lane]
            length[b, lane] = before * on + np.int16(1)
            length[a, lane] = before * (np.int16(1) - on)


@njit(cache=True, nogil=True, error_model="numpy")
def _line_holds_two(
    tile: Levels, first: Places, second: Places, begin: int, end: int, lane: int
) -> bool:
    for q in range(begin, end):  # noqa: SIM110 - generators are not compiled
        if tile[first[q], lane] > 0 and tile[second[q], lane] > 0:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _long_runs(length: Levels, K: int, places: Counts) -> int:
    """List cells that end a run of two or more, as cell · LANES + lane."""
    n = 0
    for k in range(K):
        hits = np.uint64(0)
        for lane in range(LANES):
            hits |= np.uint64(length[k, lane] > 1) << np.uint64(lane)
        while hits != 0:
            lowest = hits & (~hits + np.uint64(1))
            lane = BIT_OF[(lowest * DE_BRUIJN) >> np.uint64(58)]
            places[n] = k * LANES + lane
            n += 1
            hits ^= lowest
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _set_base(
    tile: Levels, lanes: int, stride: int, squares_of: tuple[Reals, Reals], n_log_n: Reals,
    counts: Counts, base: Reals,
) -> None:  # fmt: skip
    """Sums and histograms where every run has length 1."""
    i_square, i_inverse = squares_of
    base[:] = 0.0
    for k in range(tile.shape[0]):
        for lane in range(lanes):
            i = tile[k, lane]
            if i > 0:
                base[N, lane] += 1.0
                base[I1, lane] += i
                base[I2, lane] += i_square[i]
                base[INV_I2, lane] += i_inverse[i]
                at = i * stride
                count = counts[lane, at]
                base[LEVELS2, lane] += 2 * count + 1
                base[SPREAD, lane] += n_log_n[count + 1] - n_log_n[count]
                counts[lane, at] = count + 1
                counts[lane, at + 1] = count + 1
    for lane in range(LANES):
        base[J, lane] = base[J2, lane] = base[INV_J2, lane] = base[N, lane]
        base[LOW_SHORT, lane] = base[LOW_LONG, lane] = base[INV_I2, lane]
        base[HIGH_SHORT, lane] = base[HIGH_LONG, lane] = base[I2, lane]


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

    Each angle starts from "all runs have length 1"; each longer run corrects the sums. An
    angle without a line of two voxels does not count.

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
    places = np.empty(K * LANES, np.int32)
    i_square, i_inverse = squares(n_levels)
    n_log_n = n_log_n_table(K)
    # For each lane and level: how many runs in all, then how many of each length.
    counts = np.zeros((LANES, (n_levels + 1) * stride), np.int32)
    by_size = np.zeros((stride, LANES))
    base = np.zeros((N_SUMS, LANES))
    sums = np.zeros((N_SUMS, LANES))
    share = np.ones(LANES)
    counted = np.zeros(LANES)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        counted[:] = 0.0
        _set_base(tile, lanes, stride, (i_square, i_inverse), n_log_n, counts, base)
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
            sums[:] = base
            by_size[:] = 0.0
            for lane in range(LANES):
                by_size[1, lane] = base[N, lane]
            n = _long_runs(length, K, places)
            for e in range(n):
                lane = places[e] & (LANES - 1)
                k = places[e] // LANES
                i = tile[k, lane]
                j = length[k, lane]
                at = i * stride
                a, b = i_square[i], i_inverse[i]
                fewer = j - 1.0
                c = j * fewer  # j² − j: what the run adds, and its voxels alone did
                d = 1.0 / (j * j) - j
                sums[N, lane] -= fewer
                sums[J2, lane] += c
                sums[INV_J2, lane] += d
                sums[I1, lane] -= fewer * i
                sums[I2, lane] -= fewer * a
                sums[INV_I2, lane] -= fewer * b
                sums[LOW_SHORT, lane] += b * d
                sums[HIGH_SHORT, lane] += a * d
                sums[LOW_LONG, lane] += b * c
                sums[HIGH_LONG, lane] += a * c
                by_size[1, lane] -= j
                by_size[j, lane] += 1.0
                count = counts[lane, at]
                counts[lane, at] = count - (j - 1)
                sums[LEVELS2, lane] -= fewer * (2 * count - fewer)
                count = counts[lane, at + 1]
                counts[lane, at + 1] = count - j
                change = n_log_n[count - j] - n_log_n[count]
                count = counts[lane, at + j]
                counts[lane, at + j] = count + 1
                sums[SPREAD, lane] += change + n_log_n[count + 1] - n_log_n[count]
            for e in range(n):
                lane = places[e] & (LANES - 1)
                k = places[e] // LANES
                at = tile[k, lane] * stride
                j = length[k, lane]
                counts[lane, at] += j - 1
                counts[lane, at + 1] += j
                counts[lane, at + j] = 0
            for lane in range(LANES):
                sums[SIZES2, lane] = 0.0
                sums[SPREAD, lane] = n_log_n[int(sums[N, lane])] - sums[SPREAD, lane]
            for j in range(1, stride):
                for lane in range(LANES):
                    sums[SIZES2, lane] += by_size[j, lane] * by_size[j, lane]
            finish(sums, lanes, share, out, start)
        for lane in range(lanes):
            for k in range(K):
                counts[lane, tile[k, lane] * stride] = 0
                counts[lane, tile[k, lane] * stride + 1] = 0
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
                    j = length[k, lane]
                    if j > 0:
                        matrix[tile[k, lane], lane, j] += weights[angle]
        sums[:] = 0.0
        for lane in range(lanes):
            for k in range(K):
                i = tile[k, lane]
                by_level = 0.0
                for j in range(1, stride):
                    p = matrix[i, lane, j]
                    matrix[i, lane, j] = 0.0
                    if i == 0 or p == 0.0:  # absent, or visited before
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
