"""First-order statistics in a kernel around each voxel, compiled.

Strategy: one pass a voxel gathers the values and gray levels of its kernel; the stages that
the wanted features need follow (moments, sorted values, histogram). What a stage gives goes
into the rows of ``out``, named by `ROWS`; features are arithmetic on those rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ROWS", "firstorder_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int32]
Places = NDArray[np.intp]
Buckets = NDArray[np.uint8]

ROWS = (
    "n", "energy", "minimum", "maximum", "mean",
    "mad", "m2", "m3", "m4",
    "p10", "p25", "p50", "p75", "p90", "rmad",
    "entropy", "uniformity",
)  # fmt: skip
(
    N, ENERGY, MINIMUM, MAXIMUM, MEAN,
    MAD, M2, M3, M4,
    P10, P25, P50, P75, P90, RMAD,
    ENTROPY, UNIFORMITY,
) = range(len(ROWS))  # fmt: skip

# Up to this many values are sorted by insertion.
FEW = 32
N_BUCKETS = 256


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(x: Reals, n: int, out: Reals, v: int) -> None:
    total = 0.0
    energy = 0.0
    low = x[0]
    high = x[0]
    for k in range(n):
        total += x[k]
        energy += x[k] * x[k]
        low = min(low, x[k])
        high = max(high, x[k])
    out[N, v] = n
    out[ENERGY, v] = energy
    out[MINIMUM, v] = low
    out[MAXIMUM, v] = high
    out[MEAN, v] = total / n if low < high else low


@njit(cache=True, nogil=True, error_model="numpy")
def _moments(x: Reals, n: int, out: Reals, v: int) -> None:
    mean = out[MEAN, v]
    s1 = 0.0
    s2 = 0.0
    s3 = 0.0
    s4 = 0.0
    for k in range(n):
        d = x[k] - mean
        square = d * d
        s1 += abs(d)
        s2 += square
        s3 += square * d
        s4 += square * square
    out[MAD, v] = s1 / n
    out[M2, v] = s2 / n
    out[M3, v] = s3 / n
    out[M4, v] = s4 / n


@njit(cache=True, nogil=True, error_model="numpy")
def _insertion_sort(x: Reals, first: int, last: int) -> None:
    for k in range(first + 1, last):
        value = x[k]
        j = k - 1
        while j >= first and x[j] > value:
            x[j + 1] = x[j]
            j -= 1
        x[j + 1] = value


@njit(cache=True, nogil=True, error_model="numpy")
def _shell_sort(x: Reals, first: int, last: int) -> None:
    for gap in (301, 132, 57, 23, 10, 4, 1):
        for k in range(first + gap, last):
            value = x[k]
            j = k - gap
            while j >= first and x[j] > value:
                x[j + gap] = x[j]
                j -= gap
            x[j + gap] = value


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(x: Reals, bucket: Buckets, n: int, ends: Places, to: Reals) -> None:
    """Sort ``x`` into ``to``: many values go to their buckets first, each is sorted then."""
    if n <= FEW:
        for k in range(n):  # a slice would take seconds more to compile
            to[k] = x[k]
        _insertion_sort(to, 0, n)
        return
    shift = 0
    while N_BUCKETS >> (shift + 1) >= n // 2:
        shift += 1
    for b in range(N_BUCKETS >> shift):
        ends[b] = 0
    for k in range(n):
        ends[bucket[k] >> shift] += 1
    total = 0
    for b in range(N_BUCKETS >> shift):
        count = ends[b]
        ends[b] = total
        total += count
    for k in range(n):
        b = bucket[k] >> shift
        to[ends[b]] = x[k]
        ends[b] += 1
    first = 0
    for b in range(N_BUCKETS >> shift):
        last = ends[b]
        if last - first > FEW:
            _shell_sort(to, first, last)
        elif last - first > 1:
            _insertion_sort(to, first, last)
        first = last


@njit(cache=True, nogil=True, error_model="numpy")
def _percentile(x: Reals, n: int, q: float) -> float:
    """Percentile of sorted values as numpy's "linear" rounds it: `rmad` compares with it."""
    place = (n - 1) * q
    below = int(place)
    if below + 1 >= n:
        return x[n - 1]
    t = place - below
    step = x[below + 1] - x[below]
    if t >= 0.5:
        return x[below + 1] - step * (1 - t)
    return x[below] + step * t


@njit(cache=True, nogil=True, error_model="numpy")
def _order(x: Reals, n: int, out: Reals, v: int) -> None:
    """Percentiles and what lies between them, of sorted values."""
    p10 = _percentile(x, n, 0.1)
    p90 = _percentile(x, n, 0.9)
    out[P10, v] = p10
    out[P25, v] = _percentile(x, n, 0.25)
    out[P50, v] = 0.5 * (x[(n - 1) // 2] + x[n // 2])
    out[P75, v] = _percentile(x, n, 0.75)
    out[P90, v] = p90
    first = 0
    while first < n and x[first] < p10:
        first += 1
    last = n
    while last > first and x[last - 1] > p90:
        last -= 1
    total = 0.0
    for k in range(first, last):
        total += x[k]
    mean = total / (last - first)
    spread = 0.0
    for k in range(first, last):
        spread += abs(x[k] - mean)
    out[RMAD, v] = spread / (last - first)


@njit(cache=True, nogil=True, error_model="numpy")
def _histogram(
    levels: Levels, n: int, counts: NDArray[np.int64], n_log_n: Reals, out: Reals, v: int
) -> None:
    """Entropy and uniformity; leaves ``counts`` as zeros."""
    for k in range(n):
        counts[levels[k]] += 1
    squares = 0
    weighted = 0.0
    for k in range(n):
        count = counts[levels[k]]
        squares += count * count
        weighted += n_log_n[count]
        counts[levels[k]] = 0
    if squares == n * n:
        out[ENTROPY, v] = 0.0
    else:
        out[ENTROPY, v] = np.log2(n) - weighted / n
    out[UNIFORMITY, v] = squares / (n * n)


@njit(cache=True, nogil=True, error_model="numpy")
def firstorder_rows(
    values: Reals,
    levels: Levels,
    buckets: Buckets,
    centers: Places,
    offsets: Places,
    n_levels: int,
    stages: tuple[bool, bool, bool],
    out: Reals,
) -> None:
    """Fill the rows for each voxel.

    Parameters
    ----------
    values : ndarray of float64
        Flat and padded; NaN where a voxel does not count. Every center counts.
    levels : ndarray of int32
        Flat and padded; 1 to ``n_levels`` where a voxel counts.
    buckets : ndarray of uint8
        Flat and padded; rises with the value. What the sorting starts from: values should
        spread over all buckets.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking.
    offsets : ndarray of intp, shape (K,)
        From a center to the voxels of its kernel, 0 included.
    n_levels : int
        Highest gray level.
    stages : tuple of bool
        Whether moments, sorted values, histogram are needed.
    out : ndarray of float64, shape (len(ROWS), V)
        Filled; rows of stages not needed are left alone.
    """
    moments, order, histogram = stages
    x = np.empty(offsets.size)
    in_order = np.empty(offsets.size)
    bucket = np.empty(offsets.size, np.uint8)
    ends = np.empty(N_BUCKETS, np.intp)
    level = np.empty(offsets.size, np.int32)
    counts = np.zeros(n_levels + 1, np.int64)
    n_log_n = np.zeros(offsets.size + 1)
    for count in range(1, offsets.size + 1):
        n_log_n[count] = count * np.log2(count)
    for v in range(centers.size):
        n: Any = np.int64(0)  # a plain 0 would be compiled for, too
        for k in range(offsets.size):
            position = centers[v] + offsets[k]
            if levels[position] > 0:
                x[n] = values[position]
                level[n] = levels[position]
                bucket[n] = buckets[position]
                n += 1
        _sums(x, n, out, v)
        if moments:
            _moments(x, n, out, v)
        if histogram:
            _histogram(level, n, counts, n_log_n, out, v)
        if order:
            _sort(x, bucket, n, ends, in_order)
            _order(in_order, n, out, v)
