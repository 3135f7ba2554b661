"""Maximal correlation coefficient of co-occurrence matrices around each voxel, compiled.

Strategy: of a symmetrical matrix P it is the largest |eigenvalue| of D^-1/2·P·D^-1/2 besides
the trivial 1. Levels are nodes of a graph, pairs its edges: a graph in several parts, or whose
edges all run between two halves, has the answer 1 without solving. The other matrices wait in
a queue of their size until a group is full (see `spectrum`).

Letters: K cells of the kernel, A angles, V voxels; M levels of an angle.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.spectrum import WIDE, largest_eigenvalues

__all__ = ["coefficients"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Bits = NDArray[np.uint64]

# Levels that fit into one machine word of the graph.
WORD = 64
# Matrices of more levels are left to a solver for large ones.
MOST_NODES = 96
ONE = np.uint64(1)
NONE = np.uint64(0)


@njit(cache=True, nogil=True, error_model="numpy")
def _size(m: int) -> int:
    """Size of the queue for M levels: sizes in between are padded with zeros."""
    if m <= 16:
        return m + (m & 1)
    if m <= 32:
        return (m + 3) // 4 * 4
    return (m + 15) // 16 * 16


@njit(cache=True, nogil=True, error_model="numpy")
def _is_one(links: Bits, m: int) -> bool:
    """Whether the graph falls apart, or all edges run between two halves."""
    reached = ONE
    even = ONE
    front = ONE
    odd = NONE
    layer = 0
    while front != NONE:
        beyond = NONE
        for a in range(m):
            if (front >> np.uint64(a)) & ONE:
                beyond |= links[a]
        front = beyond & ~reached
        reached |= front
        layer += 1
        if layer & 1:
            odd |= front
        else:
            even |= front
    everyone = (ONE << np.uint64(m)) - ONE if m < WORD else ~NONE
    if reached != everyone:
        return True
    for a in range(m):
        half = even if (even >> np.uint64(a)) & ONE else odd
        if links[a] & half:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(
    counts: Reals, degree: Reals, size: int, waiting: int, total: Reals, target: Places,
    work: Reals, found: Reals, answer: Reals,
) -> None:  # fmt: skip
    """Answer what waits in one queue, and empty it."""
    for i in range(size):
        for lane in range(WIDE):
            x = degree[i, lane]
            work[0, lane] = 1.0 / np.sqrt(x) if x > 0.0 else 0.0
        for j in range(i + 1):
            for lane in range(WIDE):
                x = degree[i, lane]
                y = degree[j, lane]
                inverse = work[0, lane] * (1.0 / np.sqrt(y) if y > 0.0 else 0.0)
                counts[i, j, lane] = counts[i, j, lane] * inverse - inverse * x * y * total[lane]
    largest_eigenvalues(counts, size, work, found)
    A = answer.shape[1]
    for lane in range(waiting):
        answer[target[lane] // A, target[lane] % A] = min(found[lane], 1.0)
    counts[:] = 0.0
    degree[:] = 0.0


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
        As for `glcm.glcm_rows`.
    answer : ndarray of float64, shape (V, A)
        Filled; NaN where an angle holds no pair, 0 where it holds one level, infinite where it
        holds more than `MOST_NODES`.
    """
    K = offsets.size
    A = starts.size - 1
    most = _size(min(K, n_levels, MOST_NODES))
    place = np.zeros(most + 1, np.intp)  # of each queue in the common memory
    space = 0
    for size in range(1, most + 1):
        if _size(size) == size:
            place[size] = space
            space += size * size * WIDE
    counts = np.zeros(space)
    degrees = np.zeros((most + 1, most, WIDE))
    total = np.ones((most + 1, WIDE))
    target = np.zeros((most + 1, WIDE), np.intp)
    waiting = np.zeros(most + 1, np.intp)
    work = np.zeros((4 * most + 8, WIDE))
    found = np.zeros(WIDE)
    links = np.zeros(WORD, np.uint64)
    node_of = np.full(n_levels + 1, -1, np.intp)
    cell = np.zeros(K, np.intp)
    one = np.zeros(K + 1, np.intp)
    two = np.zeros(K + 1, np.intp)
    node = np.zeros(K, np.intp)
    for v in range(centers.size):
        for k in range(K):
            cell[k] = levels[centers[v] + offsets[k]]
        for angle in range(A):
            n = m = 0
            for q in range(starts[angle], starts[angle + 1]):
                x = cell[first[q]]
                y = cell[second[q]]
                if x == 0 or y == 0:
                    continue
                if node_of[x] < 0:
                    node_of[x] = m
                    node[m] = x
                    links[m & 63] = NONE
                    m += 1
                if node_of[y] < 0:
                    node_of[y] = m
                    node[m] = y
                    links[m & 63] = NONE
                    m += 1
                a = node_of[x]
                b = node_of[y]
                one[n] = a
                two[n] = b
                links[a & 63] |= ONE << np.uint64(b & 63)
                links[b & 63] |= ONE << np.uint64(a & 63)
                n += 1
            for a in range(m):
                node_of[node[a]] = -1
            if n == 0:
                answer[v, angle] = np.nan
                continue
            if m == 1:
                answer[v, angle] = 0.0
                continue
            if m > MOST_NODES:
                answer[v, angle] = np.inf
                continue
            if m <= WORD and _is_one(links, m):
                answer[v, angle] = 1.0
                continue
            size = _size(m)
            lane = waiting[size]
            queue = counts[place[size] : place[size] + size * size * WIDE].reshape(
                (size, size, WIDE)
            )
            for q in range(n):
                a = max(one[q], two[q])
                b = min(one[q], two[q])
                queue[a, b, lane] += 1.0 + (a == b)
                degrees[size, a, lane] += 1.0
                degrees[size, b, lane] += 1.0
            total[size, lane] = 0.5 / n
            target[size, lane] = v * A + angle
            waiting[size] += 1
            if waiting[size] == WIDE:
                _solve(queue, degrees[size], size, WIDE, total[size], target[size],
                       work, found, answer)  # fmt: skip
                waiting[size] = 0
    for size in range(1, most + 1):
        if waiting[size] > 0:
            queue = counts[place[size] : place[size] + size * size * WIDE].reshape(
                (size, size, WIDE)
            )
            _solve(queue, degrees[size], size, waiting[size], total[size], target[size],
                   work, found, answer)  # fmt: skip
