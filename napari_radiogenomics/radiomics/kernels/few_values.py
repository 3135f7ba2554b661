"""First-order statistics of the few values in a small kernel around each voxel, compiled.

Strategy: as in `sizes`, a tile of voxels at once. A network of comparisons sorts the values of
all lanes together, and each cell counts the cells of its gray level: K·K / 2 comparisons cost
less than tables while K is small. Absent values are endless: they come last in order, and no
limit holds them. Cells add up in the order of ``offsets``, so that a value does not depend on
its tile. Rows of ``out`` are those of `firstorder`.

Letters: K cells of a kernel, C comparisons, V voxels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.firstorder import (
    ENERGY,
    ENTROPY,
    M2,
    M3,
    M4,
    MAD,
    MAXIMUM,
    MEAN,
    MINIMUM,
    P10,
    P25,
    P50,
    P75,
    P90,
    RMAD,
    UNIFORMITY,
    N,
)
from napari_radiogenomics.radiomics.kernels.glcm import fixed_point
from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load,
    rows,
    store,
    where_positive,
)

__all__ = ["MOST_CELLS", "few_value_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int32]
Places = NDArray[np.intp]
Whole = NDArray[np.int64]

# Cells of the largest kernel for which this is faster than `firstorder`.
MOST_CELLS = 32
# Voxels of a tile, in groups of `LANES`.
GROUPS = 8
TILE = GROUPS * LANES
# Values are below it, what is absent is above.
_ENDLESS = float(np.finfo(np.float64).max)


@njit(cache=True, nogil=True, error_model="numpy")
def _network(n: int) -> Places:
    """Comparisons that sort n values: Batcher's merge exchange; shape (C, 2)."""
    pairs = np.empty((n * n, 2), np.intp)
    found = 0
    top = 1
    while top < n:
        top *= 2
    p = top // 2
    while p > 0:
        q = top // 2
        rest = 0
        apart = p
        while True:
            for i in range(n - apart):
                if i & p == rest:
                    pairs[found, 0] = i
                    pairs[found, 1] = i + apart
                    found += 1
            if q == p:
                break
            apart = q - p
            q //= 2
            rest = p
        p //= 2
    return pairs[:found].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(
    values: Reals, levels: Levels, centers: Places, start: int, offsets: Places, x: Reals,
    tile: Levels,
) -> int:  # fmt: skip
    """Fill the tiles from voxel ``start`` on; gives the number of lanes that are used."""
    lanes = min(TILE, centers.size - start)
    begin = 0
    while begin < lanes:
        at = centers[start + begin]
        end = begin + 1
        while end < lanes and centers[start + end] == at + end - begin:
            end += 1
        for k in range(offsets.size):
            here = at + offsets[k]
            for i in range(end - begin):
                value = values[np.uint64(here + i)]
                level = levels[np.uint64(here + i)]
                x[k * TILE + begin + i] = value if value == value else np.inf
                # Absent cells are of a level of their own.
                tile[k, begin + i] = level if level > 0 else -1 - k
        begin = end
    return lanes


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(x: Reals, K: int, group: int, sums: Reals, moments: bool) -> None:
    zero, one, far = fill(0.0), fill(1.0), fill(_ENDLESS)
    n, total, energy = zero, zero, zero
    low, high = fill(np.inf), fill(-np.inf)
    for k in range(K):
        value = load(x, k * GROUPS + group)
        held = far - value
        low = where_positive(low - value, value, low)
        value = where_positive(held, value, zero)
        n = n + where_positive(held, one, zero)
        total = total + value
        energy = energy + value * value
        high = where_positive(held, where_positive(value - high, value, high), high)
    mean = where_positive(high - low, total / n, low)
    store(sums, N * GROUPS + group, n)
    store(sums, ENERGY * GROUPS + group, energy)
    store(sums, MINIMUM * GROUPS + group, low)
    store(sums, MAXIMUM * GROUPS + group, high)
    store(sums, MEAN * GROUPS + group, mean)
    if not moments:
        return
    s1, s2, s3, s4 = zero, zero, zero, zero
    for k in range(K):
        value = load(x, k * GROUPS + group)
        d = where_positive(far - value, value - mean, zero)
        square = d * d
        s1 = s1 + where_positive(d, d, zero - d)
        s2 = s2 + square
        s3 = s3 + square * d
        s4 = s4 + square * square
    store(sums, MAD * GROUPS + group, s1 / n)
    store(sums, M2 * GROUPS + group, s2 / n)
    store(sums, M3 * GROUPS + group, s3 / n)
    store(sums, M4 * GROUPS + group, s4 / n)


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(x: Reals, network: Places) -> None:
    for c in range(network.shape[0]):
        a = network[c, 0] * TILE
        b = network[c, 1] * TILE
        for lane in range(TILE):
            one = x[np.uint64(a + lane)]
            other = x[np.uint64(b + lane)]
            x[np.uint64(a + lane)] = one if one < other else other
            x[np.uint64(b + lane)] = other if one < other else one


@njit(cache=True, nogil=True, error_model="numpy")
def _percentile(x: Reals, lane: int, n: int, q: float) -> float:
    """Percentile as numpy's "linear" rounds it: `RMAD` compares with it."""
    place = (n - 1) * q
    below = int(place)
    low = x[np.uint64(below * TILE + lane)]
    high = x[np.uint64(min(below + 1, n - 1) * TILE + lane)]
    t = place - below
    step = high - low
    return high - step * (1 - t) if t >= 0.5 else low + step * t


@njit(cache=True, nogil=True, error_model="numpy")
def _order(x: Reals, K: int, lanes: int, sums: Reals) -> None:
    """Percentiles of sorted values and what lies between them."""
    for lane in range(lanes):
        n = int(sums[N * TILE + lane])
        sums[P10 * TILE + lane] = _percentile(x, lane, n, 0.1)
        sums[P25 * TILE + lane] = _percentile(x, lane, n, 0.25)
        low = x[np.uint64((n - 1) // 2 * TILE + lane)]
        high = x[np.uint64(n // 2 * TILE + lane)]
        sums[P50 * TILE + lane] = 0.5 * (low + high) if low < high else low
        sums[P75 * TILE + lane] = _percentile(x, lane, n, 0.75)
        sums[P90 * TILE + lane] = _percentile(x, lane, n, 0.9)
    zero, one = fill(0.0), fill(1.0)
    for group in range((lanes + LANES - 1) // LANES):
        low = load(sums, P10 * GROUPS + group)
        high = load(sums, P90 * GROUPS + group)
        total, count = zero, zero
        for k in range(K):
            value = load(x, k * GROUPS + group)
            held = where_positive(value - high, zero, where_positive(low - value, zero, one))
            count = count + held
            total = total + where_positive(held, value, zero)
        mean = total / count
        spread = zero
        for k in range(K):
            value = load(x, k * GROUPS + group)
            held = where_positive(value - high, zero, where_positive(low - value, zero, one))
            d = value - mean
            spread = spread + where_positive(held, where_positive(d, d, zero - d), zero)
        store(sums, RMAD * GROUPS + group, spread / count)


@njit(cache=True, nogil=True, error_model="numpy")
def _histogram(
    tile: Levels, same: Levels, lanes: int, log_of: Whole, unit: float, sums: Reals
) -> None:
    """Entropy and uniformity, of the number of cells that each cell is alike."""
    K = tile.shape[0]
    same[:] = 1
    for a in range(K):
        for b in range(a):
            for lane in range(TILE):
                alike = np.int32(tile[a, lane] == tile[b, lane])
                same[a, lane] += alike
                same[b, lane] += alike
    for lane in range(lanes):
        n = int(sums[N * TILE + lane])
        squares: Any = np.int64(n - K)  # absent cells have counted themselves
        log_sum: Any = np.int64(0)
        for k in range(K):
            count = same[k, lane]
            squares += count
            log_sum += log_of[np.uint64(count)]
        sums[ENTROPY * TILE + lane] = (n * log_of[n] - log_sum) * unit / n
        sums[UNIFORMITY * TILE + lane] = squares / (n * n)


@njit(cache=True, nogil=True, error_model="numpy")
def _copy(sums: Reals, first: int, last: int, start: int, lanes: int, out: Reals) -> None:
    """Copy the rows from the first to the last to the voxels of the tile."""
    for row in range(first, last + 1):
        for lane in range(lanes):
            out[row, start + lane] = sums[row * TILE + lane]


@njit(cache=True, nogil=True, error_model="numpy")
def few_value_rows(
    values: Reals,
    levels: Levels,
    centers: Places,
    offsets: Places,
    stages: tuple[bool, bool, bool],
    out: Reals,
) -> None:
    """Fill the rows for each voxel.

    Parameters
    ----------
    values, levels, centers, stages, out
        As for `firstorder.firstorder_rows`.
    offsets : ndarray of intp, shape (K,)
        From a center to the cells of its kernel, at most `MOST_CELLS`.
    """
    moments, order, histogram = stages
    K = offsets.size
    network = _network(K)
    logs, unit = fixed_point(K)
    log_of = np.zeros(K + 1, np.int64)
    for k in range(1, K + 1):
        log_of[k] = logs[k] // k
    x = rows(K * GROUPS)
    tile = np.zeros((K, TILE), np.int32)
    same = np.zeros((K, TILE), np.int32)
    sums = rows(out.shape[0] * GROUPS)
    for start in range(0, centers.size, TILE):
        lanes = _gather(values, levels, centers, start, offsets, x, tile)
        for group in range((lanes + LANES - 1) // LANES):
            _sums(x, K, group, sums, moments)
        if histogram:
            _histogram(tile, same, lanes, log_of, unit, sums)
        if order:
            _sort(x, network)
            _order(x, K, lanes, sums)
        _copy(sums, N, MEAN, start, lanes, out)
        if moments:
            _copy(sums, MAD, M4, start, lanes, out)
        if order:
            _copy(sums, P10, RMAD, start, lanes, out)
        if histogram:
            _copy(sums, ENTROPY, UNIFORMITY, start, lanes, out)
