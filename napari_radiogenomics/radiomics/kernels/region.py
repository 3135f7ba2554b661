"""Matrices of gray levels of a whole region, compiled.

Strategy: plain loops over the region's box; a region is counted once, not once a voxel. Levels
are numbered, so that rows of levels that do not occur cost nothing.

Letters: Z, Y, X voxels of the box, M levels that occur, A angles, S sizes.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "dependence_counts",
    "longest",
    "matrix_measures",
    "pair_counts",
    "run_counts",
    "tone_sums",
    "zones",
]

Reals = NDArray[np.float64]
Nodes = NDArray[np.int16]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True, error_model="numpy")
def pair_counts(nodes: Nodes, steps: Places, m: int) -> Reals:
    """Count pairs of voxels one step apart.

    Parameters
    ----------
    nodes : ndarray of int16, shape (Z, Y, X)
        Number of each voxel's level, 0 to M - 1; -1 outside the region.
    steps : ndarray of intp, shape (A, 3)
        (dz, dy, dx).
    m : int
        Number of levels M.

    Returns
    -------
    ndarray of float64, shape (A, M, M)
        Row: level of the first voxel, column: of the one a step further.
    """
    Z, Y, X = nodes.shape
    counts = np.zeros((steps.shape[0], m, m))
    for angle in range(steps.shape[0]):
        dz, dy, dx = steps[angle]
        for z in range(max(0, -dz), min(Z, Z - dz)):
            for y in range(max(0, -dy), min(Y, Y - dy)):
                for x in range(max(0, -dx), min(X, X - dx)):
                    a = nodes[z, y, x]
                    b = nodes[z + dz, y + dy, x + dx]
                    if a >= 0 and b >= 0:
                        counts[angle, a, b] += 1.0
    return counts


@njit(cache=True, nogil=True, error_model="numpy")
def run_counts(nodes: Nodes, step: Places, m: int, longest: int) -> tuple[Reals, bool]:
    """Count runs of one level along a step.

    Parameters
    ----------
    nodes, m
        As for `pair_counts`.
    step : ndarray of intp, shape (3,)
        (dz, dy, dx), one voxel at the most along each axis.
    longest : int
        Longest run there can be.

    Returns
    -------
    counts : ndarray of float64, shape (M, longest)
        Column: length of the run - 1.
    holds_two : bool
        Whether a line holds two voxels of the region, beside each other or not.
    """
    Z, Y, X = nodes.shape
    dz, dy, dx = step
    counts = np.zeros((m, longest))
    holds_two = False
    for z in range(Z):
        for y in range(Y):
            for x in range(X):
                level = nodes[z, y, x]
                if level < 0:
                    continue
                k, j, i = z - dz, y - dy, x - dx
                if 0 <= k < Z and 0 <= j < Y and 0 <= i < X and nodes[k, j, i] == level:
                    holds_two = True
                    continue  # not where its run begins
                while not holds_two and 0 <= k < Z and 0 <= j < Y and 0 <= i < X:
                    holds_two = nodes[k, j, i] >= 0
                    k, j, i = k - dz, j - dy, i - dx
                length = 0
                k, j, i = z + dz, y + dy, x + dx
                while 0 <= k < Z and 0 <= j < Y and 0 <= i < X and nodes[k, j, i] == level:
                    length += 1
                    k, j, i = k + dz, j + dy, i + dx
                counts[level, length] += 1.0
    return counts, holds_two


@njit(cache=True, nogil=True, error_model="numpy")
def zones(nodes: Nodes, steps: Places) -> tuple[Places, Places]:
    """Find zones of touching voxels of one level.

    Parameters
    ----------
    nodes
        As for `pair_counts`.
    steps : ndarray of intp, shape (A, 3)
        To neighbors in half of the directions; the other half follows.

    Returns
    -------
    level, size : ndarray of intp
        Number of the level, and voxels, of each zone.
    """
    Z, Y, X = nodes.shape
    left = nodes.copy()
    stack = np.empty((nodes.size, 3), np.intp)
    level = np.empty(nodes.size, np.intp)
    size = np.empty(nodes.size, np.intp)
    n = 0
    for z in range(Z):
        for y in range(Y):
            for x in range(X):
                here = left[z, y, x]
                if here < 0:
                    continue
                left[z, y, x] = -1
                stack[0, 0], stack[0, 1], stack[0, 2] = z, y, x
                height = 1
                voxels = 0
                while height > 0:
                    height -= 1
                    voxels += 1
                    k0, j0, i0 = stack[height]
                    for a in range(2 * steps.shape[0]):
                        sign = 1 - 2 * (a & 1)
                        k = k0 + sign * steps[a >> 1, 0]
                        j = j0 + sign * steps[a >> 1, 1]
                        i = i0 + sign * steps[a >> 1, 2]
                        if 0 <= k < Z and 0 <= j < Y and 0 <= i < X and left[k, j, i] == here:
                            left[k, j, i] = -1
                            stack[height, 0], stack[height, 1], stack[height, 2] = k, j, i
                            height += 1
                level[n] = here
                size[n] = voxels
                n += 1
    return level[:n].copy(), size[:n].copy()


@njit(cache=True, nogil=True, error_model="numpy")
def dependence_counts(nodes: Nodes, steps: Places, levels: Places, alpha: int) -> Reals:
    """Count voxels by level and by neighbors that depend on them.

    Parameters
    ----------
    nodes
        As for `pair_counts`.
    steps
        As for `zones`.
    levels : ndarray of intp, shape (M,)
        The levels that occur.
    alpha : int
        Levels that two neighbors may differ and still depend.

    Returns
    -------
    ndarray of float64, shape (M, 2 A + 1)
        Column: number of dependent neighbors.
    """
    Z, Y, X = nodes.shape
    A = steps.shape[0]
    counts = np.zeros((levels.size, 2 * A + 1))
    for z in range(Z):
        for y in range(Y):
            for x in range(X):
                here = nodes[z, y, x]
                if here < 0:
                    continue
                n = 0
                for a in range(2 * A):
                    sign = 1 - 2 * (a & 1)
                    k = z + sign * steps[a >> 1, 0]
                    j = y + sign * steps[a >> 1, 1]
                    i = x + sign * steps[a >> 1, 2]
                    if 0 <= k < Z and 0 <= j < Y and 0 <= i < X:
                        there = nodes[k, j, i]
                        n += there >= 0 and abs(levels[there] - levels[here]) <= alpha
                counts[here, n] += 1.0
    return counts


@njit(cache=True, nogil=True, error_model="numpy")
def tone_sums(nodes: Nodes, steps: Places, levels: Places, alone: bool) -> tuple[Reals, Reals, int]:
    """Add up how much voxels differ from the mean level of their neighbors.

    Parameters
    ----------
    nodes, steps, levels
        As for `dependence_counts`.
    alone : bool
        Whether a voxel without neighbors counts, with a difference of 0.

    Returns
    -------
    count, tone : ndarray of float64, shape (highest level + 1,)
        Voxels of each level, and their differences added up.
    n : int
        Voxels counted.
    """
    Z, Y, X = nodes.shape
    count = np.zeros(levels[-1] + 1)
    tone = np.zeros(levels[-1] + 1)
    voxels = 0
    for z in range(Z):
        for y in range(Y):
            for x in range(X):
                here = nodes[z, y, x]
                if here < 0:
                    continue
                total = n = 0
                for a in range(2 * steps.shape[0]):
                    sign = 1 - 2 * (a & 1)
                    k = z + sign * steps[a >> 1, 0]
                    j = y + sign * steps[a >> 1, 1]
                    i = x + sign * steps[a >> 1, 2]
                    if 0 <= k < Z and 0 <= j < Y and 0 <= i < X and nodes[k, j, i] >= 0:
                        total += levels[nodes[k, j, i]]
                        n += 1
                level = levels[here]
                if n > 0:
                    tone[level] += abs(level - total / n)
                if n > 0 or alone:
                    count[level] += 1.0
                    voxels += 1
    return count, tone, voxels


@njit(cache=True, nogil=True, error_model="numpy")
def matrix_measures(P: Reals, levels: Places, sizes: Places, out: Reals) -> None:
    """Fill the measures of a matrix of level by size, in the order of `sizes.finish`.

    Parameters
    ----------
    P : ndarray of float64, shape (M, S)
        Counts, or weighted counts.
    levels : ndarray of intp, shape (M,)
        Level of each row.
    sizes : ndarray of intp, shape (S,)
        Size of each column.
    out : ndarray of float64, shape (16,)
        Filled; NaN where the matrix is empty.
    """
    n = voxels = mean_i = 0.0
    for a in range(P.shape[0]):
        for b in range(P.shape[1]):
            n += P[a, b]
            voxels += P[a, b] * sizes[b]
            mean_i += P[a, b] * levels[a]
    if n == 0.0:
        out[:] = np.nan
        return
    mean_i /= n
    mean_j = voxels / n
    by_size = np.zeros(P.shape[1])
    out[:] = 0.0
    for a in range(P.shape[0]):
        i = float(levels[a])
        by_level = 0.0
        for b in range(P.shape[1]):
            p = P[a, b]
            if p == 0.0:
                continue
            j = float(sizes[b])
            by_level += p
            by_size[b] += p
            share = p / n
            out[0] += share / (j * j)
            out[1] += share * j * j
            out[7] += share * (i - mean_i) ** 2
            out[8] += share * (j - mean_j) ** 2
            out[9] -= share * np.log2(share)
            out[10] += share / (i * i)
            out[11] += share * i * i
            out[12] += share / (i * i * j * j)
            out[13] += share * i * i / (j * j)
            out[14] += share * j * j / (i * i)
            out[15] += share * i * i * j * j
        out[2] += by_level * by_level
    for b in range(P.shape[1]):
        out[4] += by_size[b] * by_size[b]
    out[2] /= n
    out[3] = out[2] / n
    out[4] /= n
    out[5] = out[4] / n
    out[6] = n / voxels


@njit(cache=True, nogil=True, error_model="numpy")
def longest(points: Reals, starts: Places) -> float:
    """Largest squared distance of two points of one group.

    Parameters
    ----------
    points : ndarray of float64, shape (V, D)
        Group after group.
    starts : ndarray of intp, shape (G + 1,)
        Group ``g`` has the points ``starts[g]`` to ``starts[g + 1]``.
    """
    most = 0.0
    for g in range(starts.size - 1):
        for p in range(starts[g], starts[g + 1]):
            for q in range(starts[g], p):
                square = 0.0
                for d in range(points.shape[1]):
                    square += (points[p, d] - points[q, d]) ** 2
                most = max(most, square)
    return most
