"""Neighborhood gray tone differences around each voxel, compiled.

Strategy: as in `sizes`, a tile of voxels at once: what the neighbors of each cell sum to is
found for all lanes together. What is left for a voxel alone are its levels, two by two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.sizes import LANES, gather

__all__ = ["N_MEASURES", "tone_measures", "tone_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]

COARSENESS, CONTRAST, BUSYNESS, COMPLEXITY, STRENGTH = range(5)
N_MEASURES = 5
# Coarseness where nothing differs from its neighbors.
UNIFORM = 1e6


@njit(cache=True, nogil=True, error_model="numpy")
def tone_measures(
    present: Places, m: int, count: Reals, tone: Reals, n: int, out: Reals, v: int
) -> None:
    """Five measures of ``m`` levels: how often each occurs, and how much it differs in all."""
    coarse = differences = total = squares = busy = complexity = 0.0
    sum_i = sum_i2 = strength = 0.0
    for a in range(m):
        i = present[a]
        p = count[i] / n
        x = i * p
        weighted = p * tone[i]
        coarse += weighted
        differences += tone[i]
        total += x
        squares += i * x
        sum_i += i
        sum_i2 += float(i) * i
        for b in range(a):
            j = present[b]
            q = count[j] / n
            busy += abs(x - j * q)
            complexity += abs(i - j) * (weighted + q * tone[j]) / (p + q)
    for a in range(m):
        i = present[a]
        strength += count[i] / n * (m * float(i) * i - 2.0 * i * sum_i + sum_i2)
    out[COARSENESS, v] = 1.0 / coarse if coarse != 0.0 else UNIFORM
    contrast = 2.0 * (squares - total * total) * differences / n
    out[CONTRAST, v] = contrast / (m * (m - 1)) if m > 1 else 0.0
    out[BUSYNESS, v] = coarse / (2.0 * busy) if busy != 0.0 else 0.0
    out[COMPLEXITY, v] = 2.0 * complexity / n
    out[STRENGTH, v] = 2.0 * strength / differences if differences != 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def tone_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    n_levels: int,
    out: Reals,
) -> None:
    """Fill the measures for each voxel.

    Parameters
    ----------
    levels : ndarray of int16
        Flat and padded; 1 to ``n_levels`` where a voxel counts, else 0. Every center counts.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking.
    offsets : ndarray of intp, shape (K,)
        From a center to the cells of its kernel.
    first, second : ndarray of intp, shape (Q,)
        Cells that are neighbors, each pair once.
    n_levels : int
        Highest gray level.
    out : ndarray of float64, shape (N_MEASURES, V)
        Filled.
    """
    K = offsets.size
    tile = np.empty((K, LANES), np.int16)
    total = np.empty((K, LANES), np.int32)
    neighbors = np.empty((K, LANES), np.int32)
    tone = np.empty((K, LANES))
    count_of = np.zeros(n_levels + 1)
    tone_of = np.zeros(n_levels + 1)
    present = np.empty(K + 1, np.intp)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        total[:] = 0
        neighbors[:] = 0
        for q in range(first.size):
            a = first[q]
            b = second[q]
            for lane in range(LANES):
                x = np.int32(tile[a, lane])
                y = np.int32(tile[b, lane])
                total[a, lane] += y
                neighbors[a, lane] += np.int32(y > 0)
                total[b, lane] += x
                neighbors[b, lane] += np.int32(x > 0)
        for k in range(K):
            for lane in range(LANES):
                # Without neighbors the total is 0, and so is the difference.
                near = neighbors[k, lane]
                mean = total[k, lane] / max(near, 1)
                tone[k, lane] = abs(tile[k, lane] - mean) * np.float64(near > 0)
        for lane in range(lanes):
            n: Any = np.int64(0)  # a plain 0 would be compiled for, too
            m: Any = np.int64(0)
            for k in range(K):
                i = tile[k, lane]
                if i > 0:
                    present[m] = i
                    m += count_of[i] == 0.0
                    count_of[i] += 1.0
                    tone_of[i] += tone[k, lane]
                    n += 1
            tone_measures(present, m, count_of, tone_of, n, out, start + lane)
            for a in range(m):
                count_of[present[a]] = 0.0
                tone_of[present[a]] = 0.0
