"""Maximal correlation coefficient of co-occurrence matrices around each voxel, compiled.

Strategy: of a symmetrical matrix P it is the largest |eigenvalue| of D^-1/2·P·D^-1/2 besides
the trivial 1. Matrices wait in a queue of their size until a group is full (see `spectrum`).
Levels are nodes of a graph, pairs its edges: a graph in several parts, or whose edges all run
between two halves, has the answer 1 without solving. In kernels of few cells a third of the
angles have such a graph, and `coefficients` looks for it; in kernels of many cells hardly any
has, and `glcm` puts the counts into the queues that it has anyway.

Letters: K cells of the kernel, A angles, V voxels; M levels of an angle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load,
    load_counts,
    lowest_bit,
    root,
    rows,
    store,
    where_positive,
)
from napari_radiogenomics.radiomics.kernels.spectrum import SCRATCH_ROWS, largest_eigenvalues

__all__ = ["MOST_NODES", "coefficients", "make_queues", "queue_size", "solve", "solve_rest"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Small = NDArray[np.int32]
Bits = NDArray[np.uint64]
Counts = NDArray[np.int32]
# First row of the queue of each size; rows of all queues; whose the matrices are that wait, and
# how many; a matrix that is solved, and scratch.
Queues = tuple[Places, Counts, Places, Places, Reals, Reals]

# Levels whose links fit into one machine word each; 0 stands for an absent voxel.
WORD = 64
# Matrices of more levels, which no kernel of radius 3 holds, are left to LAPACK.
MOST_NODES = 352
# Of a graph of fewer than 2¹⁵ pairs that neither falls apart nor has two halves, the coefficient
# is less by Cheeger's inequality: beyond it lies rounding.
ALMOST_ONE = 1.0 - 1e-11
ONE = np.uint64(1)
NONE = np.uint64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def queue_size(m: int) -> int:
    """Size of the queue for M levels: large ones are padded with zeros."""
    if m <= 32:
        return m
    return (m + 7) // 8 * 8 if m <= 96 else (m + 31) // 32 * 32


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(
    queue: Counts, size: int, waiting: int, target: Places, matrix: Reals, work: Reals,
    answer: Reals,
) -> None:  # fmt: skip
    """Answer what waits in one queue."""
    zero = fill(0.0)
    total = zero
    for i in range(size):
        store(work, i, zero)
    for i in range(size):
        degree = load(work, i)
        for j in range(i):
            count = load_counts(queue, i * (i + 1) // 2 + j)
            degree = degree + count
            store(work, j, load(work, j) + count)
        store(work, i, degree + load_counts(queue, i * (i + 1) // 2 + i))
    for i in range(size):
        total = total + load(work, i)
    whole = where_positive(total, fill(1.0) / root(total), zero)
    for i in range(size):
        side = root(load(work, i))
        store(work, size + i, side * whole)
        store(work, i, where_positive(side, fill(1.0) / side, zero))
    for i in range(size):
        inverse = load(work, i)
        trivial = load(work, size + i)
        for j in range(i + 1):
            row = i * (i + 1) // 2 + j
            even = load_counts(queue, row) * inverse * load(work, j)
            store(matrix, row, even - trivial * load(work, size + j))
    largest_eigenvalues(matrix, size, work, work)
    A = answer.shape[1]
    for lane in range(waiting):
        found = work[lane] if work[lane] < ALMOST_ONE else 1.0
        answer[target[lane] // A, target[lane] % A] = found


@njit(cache=True, nogil=True, error_model="numpy")
def make_queues(most: int) -> Queues:
    """Queues for matrices of up to ``most`` levels, all empty."""
    place = np.zeros(most + 1, np.intp)
    space: Any = np.int64(0)  # a plain 0 would be compiled for, too
    for size in range(1, most + 1):
        if queue_size(size) == size:
            place[size] = space
            space += size * (size + 1) // 2
    counts = np.zeros(space * LANES, np.int32)
    target = np.zeros((most + 1, LANES), np.intp)
    waiting = np.zeros(most + 1, np.intp)
    matrix = rows(most * (most + 1) // 2)
    return place, counts, target, waiting, matrix, rows(SCRATCH_ROWS * most)


@njit(cache=True, nogil=True, error_model="numpy")
def solve(queues: Queues, size: int, answer: Reals) -> None:
    """Answer what waits in one queue, and empty it."""
    place, counts, target, waiting, matrix, work = queues
    queue = counts[place[size] * LANES :]
    _solve(queue, size, waiting[size], target[size], matrix, work, answer)
    waiting[size] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def solve_rest(queues: Queues, answer: Reals) -> None:
    """Answer what waits in queues that are not full."""
    waiting = queues[3]
    for size in range(1, waiting.size):
        if waiting[size] > 0:
            solve(queues, size, answer)


@njit(cache=True, nogil=True, error_model="numpy")
def _is_one(links: Bits, present: np.uint64) -> bool:
    """Whether the graph falls apart, or all edges run between two halves."""
    front = present & (~present + ONE)
    reached = front
    within = NONE  # an edge that stays at one distance from the first node
    while front != NONE:
        beyond = NONE
        left = front
        while left != NONE:
            linked = links[lowest_bit(left)]
            within |= linked & front
            beyond |= linked
            left &= left - ONE
        front = beyond & ~reached
        reached |= front
    return reached != present or within == NONE


@njit(cache=True, nogil=True, error_model="numpy")
def _link(slot: Small, one: Small, two: Small, begin: int, end: int, links: Bits,
          edge: Small) -> int:  # fmt: skip
    """List the pairs of an angle, as slot · 2¹⁶ + slot, and what each slot is linked to."""
    links[:] = NONE
    n = 0
    for q in range(begin, end):
        x = slot[np.uint64(one[q])]
        y = slot[np.uint64(two[q])]
        links[np.uint64(x)] |= ONE << np.uint64(y & 63)
        links[np.uint64(y)] |= ONE << np.uint64(x & 63)
        edge[n] = x << 16 | y
        n += (x > 0) & (y > 0)
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(edge: Small, n: int, rank: Small) -> int:
    """Number the slots that pairs hold; gives how many there are."""
    rank[:] = -1
    m = 0
    for q in range(n):
        x = edge[q] >> 16
        y = edge[q] & 0xFFFF
        if rank[x] < 0:
            rank[x] = m
            m += 1
        if rank[y] < 0:
            rank[y] = m
            m += 1
    return m


@njit(cache=True, nogil=True, error_model="numpy")
def _rank_of_bits(present: np.uint64, rank: Small) -> int:
    """Number the slots that are set; gives how many there are."""
    m = 0
    while present != NONE:
        rank[lowest_bit(present)] = m
        present &= present - ONE
        m += 1
    return m


@njit(cache=True, nogil=True, error_model="numpy")
def coefficients(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    starts: Places,
    n_levels: int,
    answer: Reals,
) -> None:
    """Fill the coefficient of each voxel and angle.

    Parameters
    ----------
    levels, centers, offsets, first, second, starts, n_levels
        As for `firstorder_rows`; offsets of the cells of a kernel of few cells, and their
        pairs, as in `lattice.Pairs`.
    answer : ndarray of float64, shape (V, A)
        Filled; NaN where an angle holds no pair, 0 where it holds one level, infinite where it
        holds more than `MOST_NODES`.
    """
    K = offsets.size
    A = starts.size - 1
    one = first.astype(np.int32)
    two = second.astype(np.int32)
    most = queue_size(min(K, n_levels, MOST_NODES))
    queues = make_queues(most)
    place, counts, target, waiting, _, _ = queues
    links = np.zeros(max(K + 1, WORD), np.uint64)
    slot_of = np.zeros(n_levels + 1, np.int32)
    slot = np.zeros(K, np.int32)
    edge = np.zeros(K + 1, np.int32)
    rank = np.zeros(max(K + 1, WORD), np.int32)
    for v in range(centers.size):
        slots = 0
        for k in range(K):
            level = levels[centers[v] + offsets[k]]
            if level > 0 and slot_of[level] == 0:
                slots += 1
                slot_of[level] = slots
            slot[k] = slot_of[level]
        for k in range(K):
            slot_of[levels[centers[v] + offsets[k]]] = 0
        for angle in range(A):
            n = _link(slot, one, two, starts[angle], starts[angle + 1], links, edge)
            if n == 0:
                answer[v, angle] = np.nan
                continue
            if slots < WORD:
                present = NONE
                for a in range(1, WORD):
                    links[a] &= ~ONE  # what an absent voxel is linked to
                    present |= links[a]
                if present & (present - ONE) != NONE and _is_one(links, present):
                    answer[v, angle] = 1.0
                    continue
                m = _rank_of_bits(present, rank)
            else:
                m = _rank(edge, n, rank)
            if m == 1 or m > MOST_NODES:
                answer[v, angle] = 0.0 if m == 1 else np.inf
                continue
            size = queue_size(m)
            lane: Any = np.uint64(place[size] * LANES + waiting[size])
            for row in range(size * (size + 1) // 2):
                counts[np.uint64(row * LANES) + lane] = 0
            for q in range(n):
                x: Any = np.int64(rank[np.uint64(edge[np.uint64(q)] >> 16)])
                y: Any = np.int64(rank[np.uint64(edge[np.uint64(q)] & 0xFFFF)])
                high: Any = max(x, y)
                cell = np.uint64(high * (high + 1) // 2 + min(x, y))
                counts[cell * np.uint64(LANES) + lane] += 1 + (x == y)
            target[size, waiting[size]] = v * A + angle
            waiting[size] += 1
            if waiting[size] == LANES:
                solve(queues, size, answer)
    solve_rest(queues, answer)
