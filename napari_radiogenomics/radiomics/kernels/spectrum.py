"""Largest eigenvalue, by size, of many small symmetric matrices at once, compiled.

Strategy: matrices lie side by side, `LANES` in a group: one vector holds the same element of
all (see `machine`). Householder reflections make each tridiagonal; each step writes the matrix
and multiplies it by the next reflection in one pass. From the right of all eigenvalues,
Laguerre's method falls onto the largest without ever passing it; what it needs of the
characteristic polynomial, value and two derivatives, comes without a division from the
recurrence over leading minors. A lane that has arrived stays where it is: a result does not
depend on its neighbors.

A row of memory is `LANES` numbers; of a matrix, row i·(i + 1)/2 + j holds elements (i, j).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.machine import (
    any_positive,
    fill,
    load,
    root,
    store,
    where_positive,
)

__all__ = ["SCRATCH_ROWS", "largest_eigenvalues"]

Reals = NDArray[np.float64]
Vector = Any

# Rows of scratch for each row of a matrix.
SCRATCH_ROWS = 6
# A step is the last one when it is this part of where it leads.
ARRIVED = 1e-12
MOST_STEPS = 60
# Steps this small that shrink this fast leave an error far below the last one.
SMALL = 1e-6
SHRINKS = 1e-3
TINY = 1e-300
# Where the recurrence begins: of eigenvalues up to 1, a few hundred factors neither flow over
# nor vanish.
HUGE = 1e150


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _tridiagonal(A: Reals, m: int, work: Reals) -> None:
    """Diagonal to the first ``m`` rows of work, squares beside it to the next; destroys A."""
    zero = fill(0.0)
    square_of, v, w, x, p = m, 2 * m, 3 * m, 4 * m, 5 * m
    for i in range(m):
        store(work, v + i, zero)
        store(work, w + i, zero)
    store(work, square_of, zero)
    for k in range(m - 1):
        vk = load(work, v + k)
        wk = load(work, w + k)
        store(work, k, load(A, k * (k + 1) // 2 + k) - vk * wk * 2.0)
        square = zero
        for i in range(k + 1, m):
            a = load(A, i * (i + 1) // 2 + k) - load(work, v + i) * wk - load(work, w + i) * vk
            store(work, x + i, a)
            store(work, p + i, zero)
            square = square + a * a
        store(work, square_of + k + 1, square)
        head = load(work, x + k + 1)
        norm = root(square)
        alpha = where_positive(head, zero - norm, norm)
        store(work, x + k + 1, head - alpha)
        half = square - head * alpha  # half of x·x
        beta = where_positive(half - TINY, fill(1.0) / half, zero)
        for i in range(k + 1, m):
            vi = load(work, v + i)
            wi = load(work, w + i)
            xi = load(work, x + i)
            row = i * (i + 1) // 2
            product = zero
            for j in range(k + 1, i):
                a = load(A, row + j) - vi * load(work, w + j) - wi * load(work, v + j)
                store(A, row + j, a)
                product = product + a * load(work, x + j)
                store(work, p + j, load(work, p + j) + a * xi)
            a = load(A, row + i) - vi * wi * 2.0
            store(A, row + i, a)
            store(work, p + i, product + a * xi)
        dot = zero
        for i in range(k + 1, m):
            dot = dot + load(work, p + i) * load(work, x + i)
        half = dot * beta * 0.5
        for i in range(k + 1, m):
            xi = load(work, x + i)
            store(work, w + i, (load(work, p + i) - half * xi) * beta)
            store(work, v + i, xi)
    last = m - 1
    corner = load(work, v + last) * load(work, w + last) * 2.0
    store(work, last, load(A, last * (last + 1) // 2 + last) - corner)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _fall(work: Reals, m: int, x: Vector, moving: Vector) -> Vector:
    """Move each x from above onto the largest eigenvalue of T, where ``moving`` is 1."""
    one = fill(1.0)
    zero = fill(0.0)
    n = float(m)
    step_before = one
    for _ in range(MOST_STEPS):
        p, g, s = fill(HUGE), zero, zero  # polynomial, its derivative, half of the second
        p_before, g_before, s_before = zero, zero, zero
        for k in range(m):
            y = x - load(work, k)
            e = load(work, m + k)
            s_next = y * s + g - e * s_before
            g_next = y * g + p - e * g_before
            p_next = y * p - e * p_before
            p_before, g_before, s_before = p, g, s
            p, g, s = p_next, g_next, s_next
        inverse = one / p
        g = g * inverse
        inside = (g * g * (n - 1.0) - s * inverse * (2.0 * n)) * (n - 1.0)
        step = fill(n) / (g + root(where_positive(inside, inside, zero)))
        step = where_positive(p, step, zero)  # too close to tell: no step
        step = where_positive(step, step, zero) * moving
        x = x - step
        fast = where_positive(step_before * SHRINKS - step, zero, one)
        go_on = where_positive(x * SMALL - step, fast, one)
        moving = moving * where_positive(step - x * ARRIVED - TINY, go_on, zero)
        step_before = step
        if not any_positive(moving):
            break
    return x


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _passes(work: Reals, m: int, x: Vector) -> Vector:
    """Make 1 where T has an eigenvalue above x, else 0: a leading minor is not positive."""
    p, before, found = fill(HUGE), fill(0.0), fill(0.0)
    for k in range(m):
        after = (x - load(work, k)) * p - load(work, m + k) * before
        before = p
        p = after
        found = where_positive(p, found, fill(1.0))
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _limit(work: Reals, m: int) -> tuple[Vector, Vector]:
    """Fourth root of the trace of T⁴: no |eigenvalue| lies beyond; trace of T³: where most do."""
    third, fourth = fill(0.0), fill(0.0)
    d_before, e_before = fill(0.0), fill(0.0)
    for k in range(m):
        d = load(work, k)
        e = load(work, m + k)
        both = d_before + d
        square = d * d + e
        if k + 1 < m:
            square = square + load(work, m + k + 1)
        third = third + d * d * d + e * both * 3.0
        fourth = fourth + square * square + e * (both * both + e_before) * 2.0
        d_before = d
        e_before = e
    return root(root(fourth)), third


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def largest_eigenvalues(A: Reals, m: int, work: Reals, out: Reals) -> None:
    """Largest |eigenvalue| of each matrix of a group.

    Parameters
    ----------
    A : ndarray of float64
        Rows of lower triangles; destroyed. Each matrix has an eigenvalue of 0 or more and one
        of 0 or less.
    m : int
        Size of the matrices, 1 or more.
    work : ndarray of float64
        Scratch, `SCRATCH_ROWS` · m rows.
    out : ndarray of float64
        The first row is filled; each is right to about 1e-11 of itself.
    """
    one = fill(1.0)
    zero = fill(0.0)
    _tridiagonal(A, m, work)
    top, third = _limit(work, m)
    sign = where_positive(third, one, zero - one)
    scale = where_positive(top, one / top, zero)
    for k in range(m):
        store(work, k, load(work, k) * scale * sign)
        store(work, m + k, load(work, m + k) * scale * scale)
    begin = fill(1.0 + 1e-9)
    found = _fall(work, m, begin, one)
    for k in range(m):
        store(work, k, zero - load(work, k))
    moving = _passes(work, m, found * (1.0 + 1e-11))
    if any_positive(moving):
        other = _fall(work, m, where_positive(moving, begin, zero), moving)
        found = where_positive(other - found, other, found)
    store(out, 0, found * top)
