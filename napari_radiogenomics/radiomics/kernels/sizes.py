"""Matrices of gray level by size around each voxel, compiled: zones and dependences.

Strategy: a tile of `LANES` voxels is gathered first, cells by lanes, so that comparing two
cells of the kernel is one vector operation for all voxels of the tile. What is left for each
voxel alone is its histogram. No matrix is ever filled: each kernel gives the sums named in
`finish` (N sizes counted, sums of 1/j², j², …) and all features are arithmetic on them.

Letters: K cells of the kernel, Q pairs of cells, A angles, V voxels; i gray level, j size.
`runs` uses the helpers of this module too: delete ``__pycache__`` after a change of one, the
cache on disk notices only the module of the kernel itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LANES", "N_MEASURES", "dependence_rows", "zone_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]

# Voxels that are worked on at once: a few vector registers of int16.
LANES = 64

# Sums of a matrix P(i, j) for each lane: rows of ``sums``. SPREAD is N·entropy.
(
    N, J, J2, INV_J2, I1, I2, INV_I2, LEVELS2, SIZES2, SPREAD,
    LOW_SHORT, HIGH_SHORT, LOW_LONG, HIGH_LONG,
) = range(14)  # fmt: skip
N_SUMS = 14
# What is made of them, in PyRadiomics' order: rows of ``out``.
N_MEASURES = 16


@njit(cache=True, nogil=True, error_model="numpy")
def gather(levels: Levels, centers: Places, start: int, offsets: Places, tile: Levels) -> int:
    """Fill the tile from voxel ``start`` on; gives the number of lanes that are used."""
    n = min(LANES, centers.size - start)
    for k in range(offsets.size):
        for lane in range(n):
            tile[k, lane] = levels[centers[start + lane] + offsets[k]]
    if n < LANES:
        for k in range(offsets.size):
            for lane in range(n, LANES):
                tile[k, lane] = 0
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def squares(n: int) -> tuple[Reals, Reals]:
    """k² and 1/k² for k up to n; index 0 holds 0."""
    square = np.zeros(n + 1)
    inverse = np.zeros(n + 1)
    for k in range(1, n + 1):
        square[k] = float(k) * k
        inverse[k] = 1.0 / square[k]
    return square, inverse


@njit(cache=True, nogil=True, error_model="numpy")
def n_log_n_table(n: int) -> Reals:
    table = np.zeros(n + 1)
    for k in range(2, n + 1):
        table[k] = k * np.log2(k)
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def finish(sums: Reals, lanes: int, share: Reals, out: Reals, start: int) -> None:
    """Add what the sums say, times the share of each lane, to ``out``."""
    for lane in range(lanes):
        n = sums[N, lane]
        if n == 0.0 or share[lane] == 0.0:
            continue
        v = start + lane
        whole = share[lane]
        w = whole / n
        n2 = n * n
        out[0, v] += w * sums[INV_J2, lane]
        out[1, v] += w * sums[J2, lane]
        out[2, v] += w * sums[LEVELS2, lane]
        out[3, v] += w * sums[LEVELS2, lane] / n
        out[4, v] += w * sums[SIZES2, lane]
        out[5, v] += w * sums[SIZES2, lane] / n
        out[6, v] += whole * n / sums[J, lane]
        out[7, v] += whole * (n * sums[I2, lane] - sums[I1, lane] * sums[I1, lane]) / n2
        out[8, v] += whole * (n * sums[J2, lane] - sums[J, lane] * sums[J, lane]) / n2
        out[9, v] += w * sums[SPREAD, lane]
        out[10, v] += w * sums[INV_I2, lane]
        out[11, v] += w * sums[I2, lane]
        out[12, v] += w * sums[LOW_SHORT, lane]
        out[13, v] += w * sums[HIGH_SHORT, lane]
        out[14, v] += w * sums[LOW_LONG, lane]
        out[15, v] += w * sums[HIGH_LONG, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _count(
    level: Places, size: Places, n: int, tables: tuple[Reals, Reals, Reals, Reals, Reals],
    by_level: Places, by_size: Places, by_both: Places, sums: Reals, lane: int,
) -> None:  # fmt: skip
    """Sums of ``n`` entries (level, size); leaves the histograms as zeros."""
    i_square, i_inverse, j_square, j_inverse, n_log_n = tables
    stride = by_size.size
    j1, j2, inv_j2, i1, i2, inv_i2 = 0, 0.0, 0.0, 0, 0.0, 0.0
    low_short, high_short, low_long, high_long = 0.0, 0.0, 0.0, 0.0
    levels2 = sizes2 = 0
    for e in range(n):
        i = level[e]
        j = size[e]
        a, b, c, d = i_square[i], i_inverse[i], j_square[j], j_inverse[j]
        i1 += i
        j1 += j
        i2 += a
        inv_i2 += b
        j2 += c
        inv_j2 += d
        low_short += b * d
        high_short += a * d
        low_long += b * c
        high_long += a * c
        levels2 += 2 * by_level[i] + 1  # the square grows by this
        by_level[i] += 1
        sizes2 += 2 * by_size[j] + 1
        by_size[j] += 1
        by_both[i * stride + j] += 1
    logs = 0.0
    for e in range(n):
        i = level[e]
        j = size[e]
        logs += n_log_n[by_both[i * stride + j]]
        by_both[i * stride + j] = 0
        by_level[i] = 0
        by_size[j] = 0
    sums[N, lane] = n
    sums[J, lane] = j1
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


@njit(cache=True, nogil=True, error_model="numpy")
def dependence_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    most: int,
    n_levels: int,
    alpha: int,
    out: Reals,
) -> None:
    """Fill the measures of the dependence matrix for each voxel.

    Parameters
    ----------
    levels : ndarray of int16
        Flat and padded; 1 to ``n_levels`` where a voxel counts, else 0.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking.
    offsets : ndarray of intp, shape (K,)
        From a center to the cells of its kernel.
    first, second : ndarray of intp, shape (Q,)
        Cells that are neighbors, each pair once.
    most : int
        Highest number of neighbors of a cell.
    n_levels : int
        Highest gray level.
    alpha : int
        Gray levels that two neighbors may differ and still depend.
    out : ndarray of float64, shape (N_MEASURES, V)
        Zeros; filled. A voxel alone in its kernel has values.
    """
    K = offsets.size
    tile = np.empty((K, LANES), np.int16)
    depends = np.empty((K, LANES), np.int16)
    level = np.empty(K, np.intp)
    size = np.empty(K, np.intp)
    n_log_n = n_log_n_table(K)
    tables = squares(n_levels) + squares(most + 1) + (n_log_n,)
    by_level = np.zeros(n_levels + 1, np.intp)
    by_size = np.zeros(most + 2, np.intp)
    by_both = np.zeros((n_levels + 1) * by_size.size, np.intp)
    sums = np.zeros((N_SUMS, LANES))
    share = np.ones(LANES)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        depends[:] = 1
        for q in range(first.size):
            a = first[q]
            b = second[q]
            for lane in range(LANES):
                x = tile[a, lane]
                y = tile[b, lane]
                hit = np.int16((abs(x - y) <= alpha) & (x > 0) & (y > 0))
                depends[a, lane] += hit
                depends[b, lane] += hit
        for lane in range(lanes):
            n: Any = np.int64(0)  # a plain 0 would be compiled for, too
            for k in range(K):
                level[n] = tile[k, lane]
                size[n] = depends[k, lane]
                n += tile[k, lane] > 0
            _count(level, size, n, tables, by_level, by_size, by_both, sums, lane)
        finish(sums, lanes, share, out, start)


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(tile: Levels, label: Levels, first: Places, second: Places, forward: bool) -> None:
    """Give neighbors of one gray level the lower of their labels, pair after pair."""
    for at in range(first.size):
        q = at if forward else first.size - 1 - at
        a = first[q]
        b = second[q]
        for lane in range(LANES):
            x = label[a, lane]
            y = label[b, lane]
            low = min(x, y)
            same = tile[a, lane] == tile[b, lane]
            label[a, lane] = low if same else x
            label[b, lane] = low if same else y


@njit(cache=True, nogil=True, error_model="numpy")
def zone_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    n_levels: int,
    out: Reals,
) -> None:
    """Fill the measures of the size zone matrix for each voxel.

    Parameters
    ----------
    levels, centers, offsets, n_levels
        As for `dependence_rows`.
    first, second : ndarray of intp, shape (Q,)
        Cells that touch, each pair once, in the order of the first cell.
    out : ndarray of float64, shape (N_MEASURES, V)
        Zeros; filled. A voxel alone in its kernel has values.
    """
    K = offsets.size
    tile = np.empty((K, LANES), np.int16)
    label = np.empty((K, LANES), np.int16)
    level = np.empty(K, np.intp)
    size = np.empty(K, np.intp)
    members = np.zeros(K, np.intp)
    n_log_n = n_log_n_table(K)
    tables = squares(n_levels) + squares(K) + (n_log_n,)
    by_level = np.zeros(n_levels + 1, np.intp)
    by_size = np.zeros(K + 1, np.intp)
    by_both = np.zeros((n_levels + 1) * by_size.size, np.intp)
    sums = np.zeros((N_SUMS, LANES))
    share = np.ones(LANES)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        for k in range(K):
            label[k] = k
        before = -1
        total = label.sum()
        while total != before:
            before = total
            _merge(tile, label, first, second, True)
            _merge(tile, label, first, second, False)
            total = label.sum()
        for lane in range(lanes):
            n: Any = np.int64(0)  # a plain 0 would be compiled for, too
            for k in range(K):
                members[label[k, lane]] += 1
            for k in range(K):
                level[n] = tile[k, lane]
                size[n] = members[k]
                n += (members[k] > 0) & (tile[k, lane] > 0)
                members[k] = 0
            _count(level, size, n, tables, by_level, by_size, by_both, sums, lane)
        finish(sums, lanes, share, out, start)
