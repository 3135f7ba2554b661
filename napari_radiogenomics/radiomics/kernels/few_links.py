"""Levels that pairs link around each voxel, for MCC, compiled: for kernels of few cells.

Strategy: levels are nodes of a graph, pairs its edges: a graph in several parts, or whose edges
all run between two halves, has the answer 1 without solving, and a third of the angles have
such a graph. A level is the set of its cells, 32 bits; `WIDE` voxels go through the same
instructions. From one level on, what is reached in an even and in an odd number of steps grows
pair by pair, to and fro, until every voxel knows. What is left goes into the queues of `mcc`.

Letters: K cells of the kernel, A angles, V voxels; M levels of an angle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.machine import LANES
from napari_radiogenomics.radiomics.kernels.mcc import (
    Queues,
    make_queues,
    queue_size,
    solve,
    solve_rest,
)
from napari_radiogenomics.radiomics.kernels.whole import (
    WIDE,
    any_set,
    as_sets,
    equal,
    larger,
    load_set,
    load_whole,
    n_set,
    sets,
    store_whole,
    where_set,
)

__all__ = ["coefficients", "gather_wide"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Sets = NDArray[np.int32]
Vector = Any

# What a pair counts, at most 2, lies in the last bits beside its place in a queue.
PACK = 4 * LANES


@njit(cache=True, nogil=True, error_model="numpy")
def gather_wide(levels: Levels, centers: Places, start: int, offsets: Places, tile: Levels) -> None:
    """Fill the tile, cells by lanes, from voxel ``start`` on; zeros beyond the last."""
    n = min(WIDE, centers.size - start)
    if n < WIDE:
        tile[:] = 0
    for k in range(offsets.size):
        for lane in range(n):
            tile[k * WIDE + lane] = levels[np.uint64(centers[start + lane] + offsets[k])]


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_cells(tile: Levels, K: int, wide: Sets, members: Sets) -> Vector:
    """List the cells that have the level of each, if it is present; gives the first of all."""
    firsts, none = sets(0), sets(0)
    for k in range(K):
        store_whole(wide, k, as_sets(load_whole(tile, k)))
    for k in range(K):
        level = load_set(wide, k)
        cells = none
        for other in range(K - 1, -1, -1):
            cells = cells + cells - equal(level, load_set(wide, other))
        cells = where_set(level, cells)
        store_whole(members, k, cells)
        is_first = equal(cells & sets((1 << k) - 1), none)
        firsts = firsts | (is_first & sets(1 << k))
    return firsts


@njit(cache=True, nogil=True, error_model="numpy")
def _list_ends(
    members: Sets, first: Places, second: Places, begin: int, end: int, ends: Sets
) -> Vector:
    """List the levels of both ends of each pair, empty where it is absent; gives all of them."""
    held = sets(0)
    for q in range(begin, end):
        one = load_set(members, first[q])
        two = load_set(members, second[q])
        one, two = where_set(two, one), where_set(one, two)
        store_whole(ends, 2 * (q - begin), one)
        store_whole(ends, 2 * (q - begin) + 1, two)
        held = held | one | two
    return held


@njit(cache=True, nogil=True, error_model="numpy")
def _is_one(ends: Sets, Q: int, held: Vector) -> Vector:
    """Whether the graph falls apart, or all edges run between two halves."""
    none = sets(0)
    even, odd = none, none
    for q in range(Q):
        even = even | (load_set(ends, 2 * q) & equal(even, none))
    for turn in range(2 * Q + 2):
        even_before, odd_before = even, odd
        for step in range(Q):
            q = Q - 1 - step if turn & 1 else step
            one = load_set(ends, 2 * q)
            two = load_set(ends, 2 * q + 1)
            odd = odd | where_set(one & even, two) | where_set(two & even, one)
            even = even | where_set(one & odd, two) | where_set(two & odd, one)
        grown = (even ^ even_before) | (odd ^ odd_before)
        unknown = ((even | odd) ^ held) | equal(even & odd, none)
        if not any_set(where_set(unknown, grown)):
            break
    return where_set((even | odd) ^ held, sets(-1)) | equal(even & odd, none)


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(ends: Sets, Q: int, nodes: Vector, cells: Sets) -> None:
    """List where each pair counts in a triangle of the levels held, times `PACK`, and how much."""
    none, one = sets(0), sets(1)
    for q in range(Q):
        x = load_set(ends, 2 * q)
        y = load_set(ends, 2 * q + 1)
        i = n_set(nodes & ((x & (none - x)) - one))
        j = n_set(nodes & ((y & (none - y)) - one))
        high = larger(i, j)
        low = i + j - high
        twice = high * (high + one) + low + low
        count = one - equal(i, j)
        store_whole(cells, q, where_set(x, twice * sets(PACK // 2) + count))


@njit(cache=True, nogil=True, error_model="numpy")
def _put(cells: Sets, Q: int, lane: int, m: int, whose: int, queues: Queues, answer: Reals) -> None:
    """Put the matrix of one angle of one voxel into its queue."""
    place, counts, target, waiting, _, _ = queues
    size = queue_size(m)
    begin = place[size] * LANES
    column: Any = np.uint64(begin + waiting[size])
    for q in range(Q):
        packed = np.uint64(cells[np.uint64(q * WIDE + lane)])
        counts[packed // np.uint64(PACK // LANES) + column] += packed % np.uint64(PACK // LANES)
    target[size, waiting[size]] = whose
    waiting[size] += 1
    if waiting[size] == LANES:
        solve(queues, size, answer)
        counts[begin : begin + size * (size + 1) // 2 * LANES] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def coefficients(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    starts: Places,
    answer: Reals,
) -> None:
    """Fill the coefficient of each voxel and angle.

    Parameters
    ----------
    levels, centers, offsets, first, second, starts
        As for `few_pairs.few_pair_rows`; at most 32 cells, so that a level is one set of bits.
    answer : ndarray of float64, shape (V, A)
        Filled; NaN where an angle holds no pair, 0 where it holds one level.
    """
    K = offsets.size
    A = starts.size - 1
    queues = make_queues(queue_size(K))
    tile = np.zeros(K * WIDE, np.int16)
    wide = np.zeros(K * WIDE, np.int32)
    members = np.zeros(K * WIDE, np.int32)
    ends = np.zeros(2 * first.size * WIDE, np.int32)
    found = np.zeros(2 * WIDE, np.int32)
    cells = np.zeros(first.size * WIDE, np.int32)
    for start in range(0, centers.size, WIDE):
        gather_wide(levels, centers, start, offsets, tile)
        firsts = _sort_cells(tile, K, wide, members)
        for angle in range(A):
            begin, end = starts[angle], starts[angle + 1]
            held = _list_ends(members, first, second, begin, end, ends)
            store_whole(found, 0, n_set(held & firsts))
            store_whole(found, 1, _is_one(ends, end - begin, held))
            _rank(ends, end - begin, held & firsts, cells)
            for lane in range(min(WIDE, centers.size - start)):
                v = start + lane
                m: Any = np.int64(found[lane])
                if m == 0:
                    answer[v, angle] = np.nan
                elif m == 1:
                    answer[v, angle] = 0.0
                elif found[WIDE + lane] != 0:
                    answer[v, angle] = 1.0
                else:
                    _put(cells, end - begin, lane, m, v * A + angle, queues, answer)
    solve_rest(queues, answer)
