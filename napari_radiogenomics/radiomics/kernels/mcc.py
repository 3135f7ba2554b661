"""Maximal correlation coefficient of co-occurrence matrices around each voxel, compiled.

Strategy: of a symmetrical matrix P it is the largest |eigenvalue| of D^-1/2·P·D^-1/2 besides
the trivial 1. Matrices wait in a queue of their size until a group is full (see `spectrum`).
In kernels of few cells `few_links` fills the queues; in those of many cells `glcm` puts the
counts into them that it has anyway.

Letters: A angles, V voxels; M levels of an angle.
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
    root,
    rows,
    store,
    where_positive,
)
from napari_radiogenomics.radiomics.kernels.spectrum import SCRATCH_ROWS, largest_eigenvalues

__all__ = ["MOST_NODES", "make_queues", "queue_size", "solve", "solve_rest"]

Reals = NDArray[np.float64]
Places = NDArray[np.intp]
Counts = NDArray[np.int32]
# First row of the queue of each size; rows of all queues; whose the matrices are that wait, and
# how many; a matrix that is solved, and scratch.
Queues = tuple[Places, Counts, Places, Places, Reals, Reals]

# Matrices of more levels, which no kernel of radius 3 holds, are left to LAPACK.
MOST_NODES = 352
# Of a graph of fewer than 2¹⁵ pairs that neither falls apart nor has two halves, the coefficient
# is less by Cheeger's inequality: beyond it lies rounding.
ALMOST_ONE = 1.0 - 1e-11


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
