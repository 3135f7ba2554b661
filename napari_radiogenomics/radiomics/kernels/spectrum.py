"""Largest eigenvalue, by size, of many small symmetric matrices at once, compiled.

Strategy: matrices lie side by side, `WIDE` in a group, so that one vector instruction works on
the same element of several. Householder reflections make each tridiagonal; from the right of
all eigenvalues, Laguerre's method falls onto the largest without ever passing it, and all
pivots of T − x stay negative on the way, so nothing is divided by zero. A lane that has
arrived stays where it is: a result does not depend on its neighbors.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["WIDE", "largest_eigenvalues"]

Reals = NDArray[np.float64]

WIDE = 32
ARRIVED = 1e-11
MOST_STEPS = 60
TINY = 1e-300


@njit(cache=True, nogil=True, error_model="numpy")
def _tridiagonal(A: Reals, m: int, d: Reals, e2: Reals, v: Reals, w: Reals, work: Reals) -> None:
    """Diagonal and squared off-diagonal of each matrix; destroys the lower triangles."""
    beta = work[0]
    scalar = work[1]
    for k in range(m - 2):
        for lane in range(WIDE):
            scalar[lane] = 0.0
        for i in range(k + 1, m):
            for lane in range(WIDE):
                x = A[i, k, lane]
                v[i, lane] = x
                w[i, lane] = 0.0
                scalar[lane] += x * x
        for lane in range(WIDE):
            head = v[k + 1, lane]
            square = scalar[lane]
            norm = np.sqrt(square)
            alpha = -norm if head >= 0.0 else norm
            d[k, lane] = A[k, k, lane]
            e2[k, lane] = square
            v[k + 1, lane] = head - alpha
            half = square - head * alpha  # half of v·v
            beta[lane] = 1.0 / half if half > TINY else 0.0
            scalar[lane] = 0.0
        for i in range(k + 1, m):
            for j in range(k + 1, i):
                for lane in range(WIDE):
                    x = A[i, j, lane]
                    w[i, lane] += x * v[j, lane]
                    w[j, lane] += x * v[i, lane]
            for lane in range(WIDE):
                w[i, lane] += A[i, i, lane] * v[i, lane]
        for i in range(k + 1, m):
            for lane in range(WIDE):
                w[i, lane] *= beta[lane]
                scalar[lane] += w[i, lane] * v[i, lane]
        for i in range(k + 1, m):
            for lane in range(WIDE):
                w[i, lane] -= 0.5 * beta[lane] * scalar[lane] * v[i, lane]
        for i in range(k + 1, m):
            for j in range(k + 1, i + 1):
                for lane in range(WIDE):
                    A[i, j, lane] -= v[i, lane] * w[j, lane] + w[i, lane] * v[j, lane]
    for k in range(max(m - 2, 0), m):
        for lane in range(WIDE):
            d[k, lane] = A[k, k, lane]
            e2[k, lane] = A[m - 1, k, lane] ** 2 if k == m - 2 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _fall(d: Reals, e2: Reals, m: int, sign: float, x: Reals, moving: Reals, work: Reals) -> None:
    """Move each x from above onto the largest eigenvalue of sign·T, where ``moving`` is 1."""
    pivot, g, h, G, H = work[0], work[1], work[2], work[3], work[4]
    for _ in range(MOST_STEPS):
        for lane in range(WIDE):
            pivot[lane] = x[lane] - sign * d[0, lane]
            inverse = 1.0 / (pivot[lane] if pivot[lane] > TINY else TINY)
            pivot[lane] = inverse
            g[lane] = inverse
            h[lane] = 0.0
            G[lane] = inverse
            H[lane] = inverse * inverse
        for k in range(1, m):
            for lane in range(WIDE):
                q = e2[k - 1, lane] * pivot[lane]
                r = x[lane] - sign * d[k, lane] - q
                inverse = 1.0 / (r if r > TINY else TINY)
                slope = (1.0 + q * g[lane]) * inverse
                bend = q * (h[lane] - 2.0 * g[lane] * g[lane]) * inverse
                pivot[lane] = inverse
                g[lane] = slope
                h[lane] = bend
                G[lane] += slope
                H[lane] += slope * slope - bend
        left = 0.0
        for lane in range(WIDE):
            inside = (m - 1.0) * (m * H[lane] - G[lane] * G[lane])
            step = m / (G[lane] + np.sqrt(inside if inside > 0.0 else 0.0))
            step = step if step > 0.0 else 0.0  # too close to tell: NaN or less
            x[lane] -= step * moving[lane]
            moving[lane] = moving[lane] if step > ARRIVED else 0.0
            left += moving[lane]
        if left == 0.0:
            return


@njit(cache=True, nogil=True, error_model="numpy")
def _passes(
    d: Reals, e2: Reals, m: int, sign: float, x: Reals, moving: Reals, pivot: Reals
) -> bool:
    """Mark the lanes where sign·T has an eigenvalue above x: a pivot is not positive."""
    for lane in range(WIDE):
        pivot[lane] = x[lane] - sign * d[0, lane]
        moving[lane] = 0.0 if pivot[lane] > 0.0 else 1.0
    for k in range(1, m):
        for lane in range(WIDE):
            before = pivot[lane] if pivot[lane] > TINY else TINY
            pivot[lane] = x[lane] - sign * d[k, lane] - e2[k - 1, lane] / before
            moving[lane] = moving[lane] if pivot[lane] > 0.0 else 1.0
    left = 0.0
    for lane in range(WIDE):
        left += moving[lane]
    return left > 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def largest_eigenvalues(A: Reals, m: int, work: Reals, out: Reals) -> None:
    """Largest |eigenvalue| of each matrix of a group.

    Parameters
    ----------
    A : ndarray of float64, shape (>= m, >= m, WIDE)
        Symmetric matrices with an eigenvalue 0 or more; only the lower triangles are read, and
        are destroyed.
    m : int
        Their size, 1 or more.
    work : ndarray of float64, shape (4 m + 8, WIDE)
        Scratch.
    out : ndarray of float64, shape (WIDE,)
        Filled; right to about 1e-10.
    """
    d = work[8 : 8 + m]
    e2 = work[8 + m : 8 + 2 * m]
    v = work[8 + 2 * m : 8 + 3 * m]
    w = work[8 + 3 * m : 8 + 4 * m]
    top = work[5]
    moving = work[6]
    other = work[7]
    for lane in range(WIDE):
        top[lane] = 0.0
    for i in range(m):
        for j in range(i):
            for lane in range(WIDE):
                top[lane] += 2.0 * A[i, j, lane] * A[i, j, lane]
        for lane in range(WIDE):
            top[lane] += A[i, i, lane] * A[i, i, lane]
    _tridiagonal(A, m, d, e2, v, w, work)
    for lane in range(WIDE):
        top[lane] = np.sqrt(top[lane]) * (1.0 + 1e-9) + 1e-9  # no eigenvalue lies beyond
        out[lane] = top[lane]
        moving[lane] = 1.0
    _fall(d, e2, m, 1.0, out, moving, work)
    for lane in range(WIDE):
        other[lane] = out[lane] + 1e-9
    if _passes(d, e2, m, -1.0, other, moving, work[0]):
        for lane in range(WIDE):
            other[lane] = top[lane] if moving[lane] > 0.0 else 0.0
        _fall(d, e2, m, -1.0, other, moving, work)
        for lane in range(WIDE):
            out[lane] = max(out[lane], other[lane])
