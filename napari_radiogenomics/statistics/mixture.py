"""Tail of a weighted sum of χ² variables, right as far as numbers go."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["mixture_tail"]

Reals = NDArray[np.float64]
_ENOUGH = 1e-13
_SMALLEST_WEIGHT = 1e-12
# The path ends at sinh of this many units.
_FARTHEST = 12.0
_HALVINGS = 9


def mixture_tail(q: float, weights: ArrayLike, *, precision: float = _ENOUGH) -> float:
    """Probability that a sum of weighted χ² variables with one degree of freedom exceeds q.

    Parameters
    ----------
    q : float
        Value.
    weights : array_like, shape (K,)
        May be negative, as in the exact test of a ratio.
    precision : float, optional
        Relative change at which halving the steps ends.

    Returns
    -------
    float
        From 0 to 1, with 1e-10 relative precision even in the far tail.

    Raises
    ------
    InputError
        If a weight is not a number, or all are 0.

    References
    ----------
    Helstrom 1983, https://doi.org/10.1109/TAES.1983.309359.

    Examples
    --------
    >>> round(mixture_tail(20.0, [6.0, 3.0, 1.0]), 5)
    0.12396
    """
    w = np.asarray(weights, float).ravel()
    if not w.size or not np.isfinite(w).all() or not np.isfinite(q) or not w.any():
        raise InputError("Weights of a χ² mixture are missing, or all 0. Check the matrix.")
    w = w[np.abs(w) > _SMALLEST_WEIGHT * np.abs(w).max()]
    if (w > 0).all() and q <= 0:
        return 1.0
    if (w < 0).all():
        return 0.0 if q >= 0 else 1.0 - mixture_tail(-q, -w)
    found = _contour(q, *np.unique(w, return_counts=True), precision)
    return float(min(max(found, 0.0), 1.0))


def _contour(q: float, w: Reals, times: NDArray[np.intp], precision: float) -> float:
    """Inversion of the moment generating function on a path through its saddlepoint.

    Each weight stands once, with how many ``times`` it occurs.

    The path bends to the side where exp(−qs) vanishes and never crosses the real axis again, so
    that the integrand falls off fast, hardly oscillates, and the far tail keeps its digits. The
    trapezoidal rule in u with y = sinh(u) is exact to rounding after few halvings.
    """
    saddle = _saddlepoint(q, w, times)
    curve = float((times * 2 * w**2 / (1 - 2 * w * saddle) ** 2).sum())
    unit = 1 / np.sqrt(curve)
    level = float(-0.5 * (times * np.log(1 - 2 * w * saddle)).sum() - q * saddle)
    bend = np.sign(q) * 0.25 / unit

    def integrand(u: Reals) -> Reals:
        y = unit * np.sinh(u)
        s = saddle + bend * y**2 + 1j * y
        with np.errstate(under="ignore"):
            size = np.exp(-0.5 * (times @ np.log(1 - 2 * w[:, None] * s)) - q * s - level)
        return np.asarray((size / s * (2 * bend * y + 1j)).imag * unit * np.cosh(u))

    step = 0.25
    points = np.arange(1.0, round(_FARTHEST / step) + 1) * step
    total = 0.5 * float(integrand(np.zeros(1))[0]) + float(integrand(points).sum())
    for _ in range(_HALVINGS):
        between = np.arange(0.5, round(_FARTHEST / step), 1.0) * step
        finer = total + float(integrand(between).sum())
        step /= 2
        done = abs(finer * step - total * 2 * step) <= precision * abs(finer * step)
        total = finer
        if done:
            break
    tail = float(np.exp(level) * total * step / np.pi)
    return tail if saddle > 0 else 1.0 + tail


def _saddlepoint(q: float, w: Reals, times: NDArray[np.intp]) -> float:
    """Where the cumulant generating function has the slope q, not too near to 0."""
    from scipy.optimize import brentq

    high = float(1 / (2 * w.max()))
    low = float(1 / (2 * w.min())) if w.min() < 0 else -(int(times.sum()) + 1.0) / (2 * q)

    def slope(t: float) -> float:
        return float(times @ (w / (1 - 2 * w * t)) - q)

    upper = q > float(times @ w)
    ends = (0.0, high * (1 - 1e-9)) if upper else (low * (1 - 1e-9), 0.0)
    found = float(brentq(slope, *ends, xtol=1e-15))
    least = 0.1 * (high if upper else min(high, -low))
    return max(found, least) if upper else min(found, -least)
