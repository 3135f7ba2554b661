"""Second derivatives of a scan on an isotropic lattice, and their eigenvalues.

Strategy: interpolation (cubic splines), smoothing and differentiation are all linear and act
along one axis at a time, so each is a small dense matrix, and a volume costs a few matrix
products. Eigenvalues are then found only where vessels are looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Axis", "curvatures", "hessian", "smoothed"]

Matrix = NDArray[np.float32]


class Axis:
    """Interpolation from the voxels along one axis to the points of a lattice.

    Parameters
    ----------
    count : int
        Voxels, one or more.
    at : ndarray, shape (M,)
        Where the points of the lattice lie, in voxels.
    step_mm : float
        Their distance.
    """

    def __init__(self, count: int, at: NDArray[np.float64], step_mm: float) -> None:
        self.step_mm = step_mm
        self._interpolate = _spline_matrix(count, at)

    def matrix(self, sigma_mm: float, order: int = 0) -> Matrix:
        """Interpolate, smooth by a Gaussian and differentiate, as one (M, count) matrix.

        Derivatives are scaled by ``sigma_mm`` to the power of ``order``.
        """
        from scipy.ndimage import gaussian_filter1d

        sigma = sigma_mm / self.step_mm
        count = len(self._interpolate)
        smooth = gaussian_filter1d(np.eye(count), sigma, axis=0, order=order, mode="nearest")
        product: Matrix = (sigma**order * smooth @ self._interpolate).astype(np.float32)
        return product


def _spline_matrix(count: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import make_interp_spline

    inside = np.clip(at, 0, count - 1)
    degree = min(3, count - 1)
    if degree < 1:
        return np.ones((len(at), 1))
    values: NDArray[np.float64] = make_interp_spline(np.arange(count), np.eye(count), degree)(
        inside
    )
    return values


def _along(volume: Matrix, matrices: Sequence[Matrix | None]) -> Matrix:
    """Apply a matrix along each axis; None leaves an axis as it is."""
    steps = enumerate(matrices)
    return reduce(lambda done, step: _apply(done, *step), steps, volume)


def _apply(volume: Matrix, axis: int, matrix: Matrix | None) -> Matrix:
    if matrix is None:
        return volume
    moved = np.tensordot(matrix, volume, axes=(1, axis))
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))


def smoothed(volume: Matrix, axes: Sequence[Axis], sigma_mm: float) -> Matrix:
    """Interpolate a volume onto the lattice and smooth it."""
    return _along(volume, [axis.matrix(sigma_mm) for axis in axes])


def hessian(volume: Matrix, axes: Sequence[Axis], sigma_mm: float, at: NDArray[np.intp]) -> Matrix:
    """Second derivatives times the squared scale, at some points of the lattice.

    Parameters
    ----------
    volume : ndarray of float32, shape (Z, Y, X) or (Y, X)
        Finite values.
    axes : sequence of Axis
        One for each axis.
    sigma_mm : float
        Scale.
    at : ndarray of int, shape (V,)
        Flat indices of the points on the lattice.

    Returns
    -------
    ndarray, shape (V, 6) or (V, 3)
        Upper triangle, row by row: zz, zy, zx, yy, yx, xx.
    """
    by_order = [[axis.matrix(sigma_mm, order) for order in range(3)] for axis in axes]
    found = np.empty((len(at), len(axes) * (len(axes) + 1) // 2), np.float32)
    level = volume - volume.reshape(-1)[0]  # a flat image then has no derivative at all
    _collect(level, by_order, 0, 2, at, found, [])
    return found


def _collect(
    volume: Matrix,
    by_order: Sequence[Sequence[Matrix]],
    axis: int,
    left: int,
    at: NDArray[np.intp],
    found: Matrix,
    taken: list[int],
) -> None:
    """Differentiate axis by axis, sharing what several derivatives have in common."""
    if axis == len(by_order):
        found[:, _column(taken, axis)] = volume.reshape(-1)[at]
        return
    orders = (left,) if axis == len(by_order) - 1 else range(left + 1)
    for order in orders:
        part = _apply(volume, axis, by_order[axis][order])
        _collect(part, by_order, axis + 1, left - order, at, found, [*taken, *[axis] * order])


def _column(taken: Sequence[int], dimensions: int) -> int:
    row, column = taken
    return row * dimensions - row * (row - 1) // 2 + column - row


@njit(cache=True, nogil=True)
def _eigenvalues(second: NDArray[np.float32], values: NDArray[np.float32]) -> None:
    """Eigenvalues of symmetric 3×3 matrices, the highest first; Smith 1961."""
    for v in range(second.shape[0]):
        zz, zy, zx, yy, yx, xx = second[v]
        mean = (zz + yy + xx) / 3.0
        off = zy * zy + zx * zx + yx * yx
        spread = (zz - mean) ** 2 + (yy - mean) ** 2 + (xx - mean) ** 2 + 2.0 * off
        p = np.sqrt(spread / 6.0)
        if p < 1e-20:
            values[v] = mean
            continue
        a, b, c = (zz - mean) / p, (yy - mean) / p, (xx - mean) / p
        d, e, f = zy / p, zx / p, yx / p
        half = (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)) / 2.0
        angle = np.arccos(min(1.0, max(-1.0, half))) / 3.0
        values[v, 0] = mean + 2.0 * p * np.cos(angle)
        values[v, 2] = mean + 2.0 * p * np.cos(angle + 2.0 * np.pi / 3.0)
        values[v, 1] = 3.0 * mean - values[v, 0] - values[v, 2]


def curvatures(second: Matrix, *, bright: bool) -> Matrix:
    """Eigenvalues of second derivatives, positive across a vessel, the highest first.

    Parameters
    ----------
    second : ndarray of float32, shape (V, 6) or (V, 3)
        As from `hessian`.
    bright : bool
        Vessels are brighter than what surrounds them.

    Returns
    -------
    ndarray of float32, shape (V, 3) or (V, 2)
    """
    second = -second if bright else second
    if second.shape[1] == 6:
        values = np.empty((len(second), 3), np.float32)
        _eigenvalues(np.ascontiguousarray(second), values)
        return values
    yy, yx, xx = second.T
    mean, half = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return np.stack([mean + half, mean - half], axis=1).astype(np.float32)
