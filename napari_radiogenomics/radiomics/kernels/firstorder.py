"""First-order statistics in a kernel around each voxel, compiled.

Strategy: a kernel that moves by one voxel along x loses a plane of cells and gains another.
Values lie in a ring of planes, each in the slot of its own place along x, so that sums run in
one order wherever a run of voxels began. Counts of ranks and of gray levels are whole numbers
that planes enter and leave; order statistics are looked up in the counts of ranks, nothing is
sorted. What a stage gives goes into the rows of ``out``, named by `ROWS`; features are
arithmetic on those rows.

Letters: K cells of a kernel, P cells of a plane, W planes; V voxels, R ranks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.glcm import fixed_point
from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load,
    lowest_bit,
    rows,
    store,
    where_positive,
)

__all__ = ["ROWS", "firstorder_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int32]
Places = NDArray[np.intp]
Ranks = NDArray[np.int32]
Whole = NDArray[np.int64]
# Of the values of a kernel: how many have each rank; bits of the ranks that are held; how many
# there are in each word of 64 ranks, page of 16 words and book of 16 pages.
Counts = tuple[Ranks, NDArray[np.uint64], Ranks, Ranks, Ranks]

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

ONE = np.uint64(1)
NONE = np.uint64(0)
# Bits of a word, words of a page, pages of a book.
WORD, PAGE, BOOK = 64, 16, 16


@njit(cache=True, nogil=True, error_model="numpy")
def _total(row: Reals, at: int) -> float:
    """Sum over the lanes of a row."""
    total = 0.0
    for lane in range(LANES):
        total += row[at * LANES + lane]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(x: Reals, n: int, spare: Reals, out: Reals, v: int) -> None:
    zero = fill(0.0)
    total, energy = zero, zero
    low, high = fill(np.inf), fill(-np.inf)
    for k in range(x.size // LANES):
        value = load(x, k)
        low = where_positive(low - value, value, low)
        high = where_positive(value - high, value, high)
        value = where_positive(value - value + 1.0, value, zero)
        total = total + value
        energy = energy + value * value
    store(spare, 0, total)
    store(spare, 1, energy)
    store(spare, 2, low)
    store(spare, 3, high)
    least = spare[2 * LANES]
    most = spare[3 * LANES]
    for lane in range(1, LANES):
        least = min(least, spare[2 * LANES + lane])
        most = max(most, spare[3 * LANES + lane])
    out[N, v] = n
    out[ENERGY, v] = _total(spare, 1)
    out[MINIMUM, v] = least
    out[MAXIMUM, v] = most
    out[MEAN, v] = _total(spare, 0) / n if least < most else least


@njit(cache=True, nogil=True, error_model="numpy")
def _moments(x: Reals, n: int, spare: Reals, out: Reals, v: int) -> None:
    zero = fill(0.0)
    mean = fill(out[MEAN, v])
    s1, s2, s3, s4 = zero, zero, zero, zero
    for k in range(x.size // LANES):
        d = load(x, k) - mean
        d = where_positive(d - d + 1.0, d, zero)
        square = d * d
        s1 = s1 + where_positive(d, d, zero - d)
        s2 = s2 + square
        s3 = s3 + square * d
        s4 = s4 + square * square
    store(spare, 0, s1)
    store(spare, 1, s2)
    store(spare, 2, s3)
    store(spare, 3, s4)
    out[MAD, v] = _total(spare, 0) / n
    out[M2, v] = _total(spare, 1) / n
    out[M3, v] = _total(spare, 2) / n
    out[M4, v] = _total(spare, 3) / n


@njit(cache=True, nogil=True, error_model="numpy")
def _between(x: Reals, low: float, high: float, spare: Reals) -> float:
    """Mean distance from their mean of the values from ``low`` to ``high``."""
    zero, one = fill(0.0), fill(1.0)
    total, count = zero, zero
    for k in range(x.size // LANES):
        value = load(x, k)
        counts = where_positive(value - value + 1.0, one, zero)
        counts = where_positive(fill(low) - value, zero, counts)
        counts = where_positive(value - high, zero, counts)
        count = count + counts
        total = total + where_positive(counts, value, zero)
    store(spare, 0, total)
    store(spare, 1, count)
    n = _total(spare, 1)
    mean = fill(_total(spare, 0) / n)
    spread = zero
    for k in range(x.size // LANES):
        value = load(x, k)
        counts = where_positive(value - value + 1.0, one, zero)
        counts = where_positive(fill(low) - value, zero, counts)
        counts = where_positive(value - high, zero, counts)
        d = value - mean
        spread = spread + where_positive(counts, where_positive(d, d, zero - d), zero)
    store(spare, 0, spread)
    return _total(spare, 0) / n


@njit(cache=True, nogil=True, error_model="numpy")
def _move_ranks(ranks: Ranks, at: int, cells: Places, sign: int, counts: Counts) -> None:
    """Let the values of some cells enter the counts, or leave them."""
    single, word, by_word, by_page, by_book = counts
    for p in range(cells.size):
        rank = np.uint64(ranks[np.uint64(at + cells[p])])
        if rank == NONE:
            continue
        here = rank >> np.uint64(6)
        bit = rank & np.uint64(63)
        count = single[rank] + sign
        single[rank] = count
        word[here] = (word[here] & ~(ONE << bit)) | (np.uint64(count > 0) << bit)
        by_word[here] += sign
        by_page[rank >> np.uint64(10)] += sign
        by_book[rank >> np.uint64(14)] += sign


@njit(cache=True, nogil=True, error_model="numpy")
def _rank_of(k: int, counts: Counts) -> tuple[Any, Any]:
    """Rank of the value that k others come before; how many of its rank come after it."""
    single, word, by_word, by_page, by_book = counts
    left: Any = np.int64(k)
    book: Any = np.uint64(0)
    while left >= by_book[book]:
        left -= by_book[book]
        book += ONE
    page = book * np.uint64(BOOK)
    while left >= by_page[page]:
        left -= by_page[page]
        page += ONE
    here = page * np.uint64(PAGE)
    while left >= by_word[here]:
        left -= by_word[here]
        here += ONE
    bits = word[here]
    rank = here * np.uint64(WORD) + lowest_bit(bits)
    while left >= single[rank]:
        left -= single[rank]
        bits &= bits - ONE
        rank = here * np.uint64(WORD) + lowest_bit(bits)
    return np.int64(rank), single[rank] - left - 1


@njit(cache=True, nogil=True, error_model="numpy")
def _after(rank: Any, counts: Counts) -> Any:
    """The next rank that is held; there is one."""
    _, word, by_word, _, _ = counts
    here: Any = np.uint64(rank) >> np.uint64(6)
    bits = word[here] & (~ONE << (np.uint64(rank) & np.uint64(63)))
    if bits == NONE:
        here += ONE
        while by_word[here] == 0:
            here += ONE
        bits = word[here]
    return np.int64(here * np.uint64(WORD) + lowest_bit(bits))


@njit(cache=True, nogil=True, error_model="numpy")
def _percentile(in_order: Reals, counts: Counts, n: int, q: float) -> float:
    """Percentile as numpy's "linear" rounds it: `RMAD` compares with it."""
    place = (n - 1) * q
    below = int(place)
    rank, same = _rank_of(below, counts)
    low = in_order[rank]
    if below + 1 >= n or same > 0:
        return low
    high = in_order[_after(rank, counts)]
    t = place - below
    step = high - low
    if t >= 0.5:
        return high - step * (1 - t)
    return low + step * t


@njit(cache=True, nogil=True, error_model="numpy")
def _order(
    x: Reals, in_order: Reals, counts: Counts, n: int, spare: Reals, out: Reals, v: int
) -> None:
    """Percentiles and what lies between them."""
    p10 = _percentile(in_order, counts, n, 0.1)
    p90 = _percentile(in_order, counts, n, 0.9)
    out[P10, v] = p10
    out[P25, v] = _percentile(in_order, counts, n, 0.25)
    rank, same = _rank_of((n - 1) // 2, counts)
    middle = in_order[rank]
    if n % 2 == 0 and same == 0:
        middle = 0.5 * (middle + in_order[_after(rank, counts)])
    out[P50, v] = middle
    out[P75, v] = _percentile(in_order, counts, n, 0.75)
    out[P90, v] = p90
    out[RMAD, v] = _between(x, p10, p90, spare)


@njit(cache=True, nogil=True, error_model="numpy")
def _move_levels(
    levels: Levels, at: int, cells: Places, sign: int, by_level: Whole, logs: Whole,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Let cells enter or leave the histogram: how n, the sum of squares and of logs change."""
    less = 1 if sign < 0 else 0
    log_sum: Any = np.int64(0)
    squares: Any = np.int64(0)
    n = 0
    for p in range(cells.size):
        level = np.uint64(levels[np.uint64(at + cells[p])])
        if level == NONE:
            continue
        count = by_level[level]
        lower = np.uint64(count - less)
        by_level[level] = count + sign
        n += 1
        squares += 2 * np.int64(lower) + 1
        log_sum += logs[lower + ONE] - logs[lower]
    return sign * n, sign * squares, sign * log_sum


@njit(cache=True, nogil=True, error_model="numpy")
def _put(values: Reals, at: int, cells: Places, x: Reals, slot: int) -> None:
    """Put the values of a plane into its slot of the ring."""
    for p in range(cells.size):
        x[slot * cells.size + p] = values[np.uint64(at + cells[p])]


@njit(cache=True, nogil=True, error_model="numpy")
def _no_ranks(n: int) -> Counts:
    words = n // WORD + 1
    pages = words // PAGE + 1
    return (
        np.zeros(words * WORD, np.int32),
        np.zeros(words, np.uint64),
        np.zeros(words, np.int32),
        np.zeros(pages, np.int32),
        np.zeros(pages // BOOK + 1, np.int32),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def firstorder_rows(
    values: Reals,
    levels: Levels,
    ranks: Ranks,
    in_order: Reals,
    centers: Places,
    plane: Places,
    n_planes: int,
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
        Flat and padded; 1 to ``n_levels`` where a voxel counts, else 0.
    ranks : ndarray of int32
        Flat and padded; 1 to R, equal where values are, else 0.
    in_order : ndarray of float64, shape (R + 1,)
        The value of each rank.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking. A run of neighbors along x is fast.
    plane : ndarray of intp, shape (P,)
        From a center to the cells of its kernel in the plane of the center across x.
    n_planes : int
        W, an odd number: planes of the kernel.
    n_levels : int
        Highest gray level.
    stages : tuple of bool
        Whether moments, order statistics, histogram are needed.
    out : ndarray of float64, shape (len(ROWS), V)
        Filled; rows of stages not needed are left alone.
    """
    moments, order, histogram = stages
    reach = n_planes // 2
    K = plane.size * n_planes
    n_rows = (K + LANES - 1) // LANES
    x = rows(n_rows)
    x[:] = np.nan
    spare = rows(4)
    counts = _no_ranks(in_order.size if order else 1)
    by_level = np.zeros(n_levels + 1, np.int64)
    logs, unit = fixed_point(K)
    n = squares = log_sum = 0
    for v in range(centers.size):
        at = centers[v]
        beside = v > 0 and at == centers[v - 1] + 1
        if v > 0:
            for step in range(1 if beside else n_planes):
                gone = centers[v - 1] - reach + step
                if order:
                    _move_ranks(ranks, gone, plane, -1, counts)
                a, b, c = _move_levels(levels, gone, plane, -1, by_level, logs)
                n, squares, log_sum = n + a, squares + b, log_sum + c
        for step in range(n_planes - 1 if beside else 0, n_planes):
            here = at - reach + step
            _put(values, here, plane, x, here % n_planes)
            if order:
                _move_ranks(ranks, here, plane, 1, counts)
            a, b, c = _move_levels(levels, here, plane, 1, by_level, logs)
            n, squares, log_sum = n + a, squares + b, log_sum + c
        _sums(x, n, spare, out, v)
        if moments:
            _moments(x, n, spare, out, v)
        if histogram:
            out[ENTROPY, v] = (logs[n] - log_sum) * unit / n
            out[UNIFORMITY, v] = squares / (n * n)
        if order:
            _order(x, in_order, counts, n, spare, out, v)
