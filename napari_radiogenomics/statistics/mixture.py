"""Tail of a weighted sum of χ² variables, right as far as numbers go.

Strategy: the moment generating function is inverted on a path through its saddlepoint. The path
bends to the side where exp(−qs) vanishes and never crosses the real axis again, so that the
integrand falls off fast, hardly oscillates, and the far tail keeps its digits. The trapezoidal
rule in u with y = sinh(u) is exact to rounding after few halvings. The root of the product over
the weights is one root at the end: the loop counts how often the product crosses the cut.
Letters: K weights, T values.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["mixture_tail", "mixture_tails"]

Reals = NDArray[np.float64]
_ENOUGH = 1e-13
_SMALLEST_WEIGHT = 1e-12
# The path ends at sinh of this many units, or where the integrand is this part of its largest.
_FARTHEST = 12.0
_NOTHING = 1e-20
_STEP = 0.25
_HALVINGS = 9
_ROUNDS = 200
_HUGE = 1e150


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
    return float(mixture_tails([q], weights, precision=precision)[0])


def mixture_tails(q: ArrayLike, weights: ArrayLike, *, precision: float = _ENOUGH) -> Reals:
    """`mixture_tail` of several values.

    Parameters
    ----------
    q : array_like, shape (T,)
        Values.
    weights, precision
        As for `mixture_tail`.

    Returns
    -------
    ndarray, shape (T,)

    Raises
    ------
    InputError
        If a weight or a value is not a number, or all weights are 0.

    Examples
    --------
    >>> mixture_tails([20.0, 40.0], [6.0, 3.0, 1.0]).round(5).tolist()
    [0.12396, 0.01686]
    """
    w = np.asarray(weights, float).ravel()
    values = np.asarray(q, float).ravel()
    if not w.size or not np.isfinite(w).all() or not np.isfinite(values).all() or not w.any():
        raise InputError("Weights of a χ² mixture are missing, or all 0. Check the matrix.")
    w = w[np.abs(w) > _SMALLEST_WEIGHT * np.abs(w).max()]
    if (w < 0).all():
        return 1.0 - mixture_tails(-values, -w, precision=precision)
    return np.asarray(_tails(values, np.sort(w), precision))


@njit(cache=True, nogil=True)
def _tails(values: Reals, weights: Reals, precision: float) -> Reals:
    """Tails for rising weights; each is taken once, with how many ``times`` it occurs."""
    first = np.ones(len(weights), np.bool_)
    first[1:] = weights[1:] != weights[:-1]
    w = weights[first]
    ends = np.append(np.flatnonzero(first), len(weights))
    times = (ends[1:] - ends[:-1]).astype(np.float64)
    out = np.ones(len(values))
    for at in range(len(values)):
        if w[0] < 0 or values[at] > 0:
            found = _contour(values[at], w, times, precision)
            out[at] = min(max(found, 0.0), 1.0)
    return out


@njit(cache=True, nogil=True)
def _contour(q: float, w: Reals, times: Reals, precision: float) -> float:
    """Integrate along the path, with ever smaller steps."""
    saddle = _saddlepoint(q, w, times)
    scale = 2 * w / (1 - 2 * w * saddle)
    unit = (0.5 * (times * scale**2).sum()) ** -0.5
    level = np.exp(-0.5 * (times * np.log(1 - 2 * w * saddle)).sum() - q * saddle)
    bend = np.sign(q) * 0.25 / unit
    if q < 0 < saddle:  # it bends back over the pole at 0: high above, where little is left
        bend = max(bend, -1 / (16 * saddle))
    total = 0.5 * _integrand(0.0, q, scale, times, saddle, bend, unit)
    largest = abs(total)
    count = 0
    while count < _FARTHEST / _STEP:
        count += 1
        value = _integrand(count * _STEP, q, scale, times, saddle, bend, unit)
        total += value
        largest = max(largest, abs(value))
        if abs(value) < _NOTHING * largest:
            break
    step = _STEP
    for _ in range(_HALVINGS):
        finer = total
        for at in range(count):
            finer += _integrand((at + 0.5) * step, q, scale, times, saddle, bend, unit)
        step /= 2
        count *= 2
        done = abs(finer * step - total * 2 * step) <= precision * abs(finer * step)
        total = finer
        if done:
            break
    tail = level * total * step / np.pi
    return tail if saddle > 0 else 1.0 + tail


@njit(cache=True, nogil=True)
def _integrand(
    u: float, q: float, scale: Reals, times: Reals, saddle: float, bend: float, unit: float
) -> float:
    """What is integrated at u, relative to the saddlepoint; ``scale`` is 2w / (1 − 2w saddle)."""
    y = unit * np.sinh(u)
    forward = bend * y * y
    away = complex(forward, y)
    product, sign, logs = 1.0 + 0.0j, 1.0, 0.0 + 0.0j
    for k in range(len(scale)):
        factor = 1.0 - scale[k] * away
        if times[k] != 1.0:
            logs += times[k] * np.log(factor)
            continue
        new = product * factor
        # A positive weight turns clockwise by less than half a circle, a negative one back.
        if scale[k] > 0:
            if product.imag < 0 < new.imag:
                sign = -sign
        elif product.imag >= 0 > new.imag:
            sign = -sign
        product = new
        if abs(product.real) + abs(product.imag) > _HUGE:
            logs += np.log(product)
            if sign < 0:
                logs += 2j * np.pi
            product, sign = 1.0 + 0.0j, 1.0
    size = sign * np.exp(-0.5 * logs - q * away) / np.sqrt(product)
    slope = complex(2 * bend * y, 1.0)
    return (size / (saddle + away) * slope).imag * unit * np.cosh(u)


@njit(cache=True, nogil=True)
def _saddlepoint(q: float, w: Reals, times: Reals) -> float:
    """Where the cumulant generating function has the slope q, not too near to 0.

    Newton steps, halving where they leave the bracket.
    """
    high = 1 / (2 * w[-1])
    low = 1 / (2 * w[0]) if w[0] < 0 else -(times.sum() + 1.0) / (2 * q)
    upper = q > (times * w).sum()
    left, right = (0.0, high * (1 - 1e-9)) if upper else (low * (1 - 1e-9), 0.0)
    t = 0.5 * (left + right)
    for _ in range(_ROUNDS):
        part = w / (1 - 2 * w * t)
        gap = (times * part).sum() - q
        if gap > 0:
            right = t
        else:
            left = t
        step = gap / (2 * (times * part**2).sum())
        new = t - step
        if not left < new < right:
            new = 0.5 * (left + right)
        if abs(new - t) <= 1e-12 * abs(new):
            break
        t = new
    least = 0.1 * (high if upper else min(high, -low))
    return max(t, least) if upper else min(t, -least)
