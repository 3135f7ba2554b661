"""SKAT-O: the best mixture of SKAT and burden, with the price of having looked for it.

Strategy: the smallest p-value over the mixtures is one number; the probability of a smaller one
is an integral over the burden's χ², in which everything else is the tail of one χ² mixture.

References
----------
Lee 2012, https://doi.org/10.1093/biostatistics/kxs014.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.statistics.mixture import mixture_tail, mixture_tails
from napari_radiogenomics.statistics.variance_component import (
    SetKernel,
    liu,
    sound,
    squared_singular,
)

__all__ = ["RHO", "compact", "correlated", "optimal"]

Reals = NDArray[np.float64]
RHO = (0.0, 0.01, 0.04, 0.09, 0.16, 0.25, 0.5, 0.999)
"""Correlations of the members' effects that are tried: from SKAT to burden."""
_ROUNDS = 100
_NODES = 48
_GAUSS = 40
_FINE = 1e-8


def optimal(kernel: SetKernel, *, matched: bool = False) -> tuple[float, float, float]:
    """P-value of SKAT-O and the correlation of effects that fits best.

    Parameters
    ----------
    kernel : SetKernel
        Set and outcome.
    matched : bool, optional
        Take the quantiles of each test from a scaled χ², as R's SKAT does; False takes them
        from the mixture itself, right in the far tail too.

    Returns
    -------
    p_value, rho, least : float
        ``rho`` is 0 for SKAT and 1 for burden; ``least`` is the smallest p-value over ρ, not yet
        paid for.
    """
    projected = compact(kernel.projected)
    mixtures = [correlated(projected, rho) for rho in RHO]
    tails = _tails(kernel, mixtures)
    least = float(tails.min())
    if least <= 0:
        return 0.0, _named(tails), least
    quantile = _matched_quantile if matched else _quantile
    limits = np.array([quantile(least, w) for w in mixtures])
    found = _combined(projected, limits)
    # The smallest of eight tests, corrected for eight, is an upper bound.
    return min(max(found, least), least * len(RHO), 1.0), _named(tails), least


def _tails(kernel: SetKernel, mixtures: list[Reals]) -> Reals:
    """P-value of each mixture, shape (ρ,)."""
    scores = kernel.members.T @ kernel.null.residual
    values = [(1 - rho) * scores @ scores + rho * scores.sum() ** 2 for rho in RHO]
    return np.array([mixture_tail(q, w) for q, w in zip(values, mixtures, strict=True)])


def _named(tails: Reals) -> float:
    return float(round(RHO[int(tails.argmin())], 2))


def compact(projected: Reals) -> Reals:
    """Triangle with the inner products of the columns, where there are more rows, shape (K, K)."""
    if projected.shape[0] <= projected.shape[1]:
        return projected
    return np.asarray(np.linalg.qr(projected, mode="r"))


def correlated(projected: Reals, rho: float) -> Reals:
    """Eigenvalues of the kernel whose members' effects have a correlation."""
    k = projected.shape[1]
    # Root of (1 − ρ) I + ρ 11' acts as: scale the mean over the members, and what is left.
    mean = projected.mean(axis=1, keepdims=True)
    turned = np.sqrt(1 - rho) * (projected - mean) + np.sqrt(1 - rho + k * rho) * mean
    return sound(squared_singular(turned))


def _matched_quantile(tail: float, weights: Reals) -> float:
    from scipy.special import chdtri

    mean, variance, freedom = liu(weights)
    at = float(chdtri(freedom, tail))
    return float((at - freedom) / np.sqrt(2 * freedom) * np.sqrt(variance) + mean)


def _log_tail(q: float, weights: Reals) -> float:
    return float(np.log(max(mixture_tail(q, weights, precision=_FINE), 1e-300)))


def _quantile(tail: float, weights: Reals) -> float:
    """Where the mixture has a tail: secant steps on logarithms, from the matched quantile."""
    wanted = np.log(tail)
    x = np.log(max(_matched_quantile(tail, weights), 1e-3 * float(weights.sum())))
    gap = _log_tail(np.exp(x), weights) - wanted
    slope = -0.5 * np.exp(x) / weights.max() - 0.1
    for _ in range(_ROUNDS):
        step = float(np.clip(-gap / slope, -1.0, 1.0))
        x += step
        new = _log_tail(np.exp(x), weights) - wanted
        if abs(new) < 1e-8 or abs(step) < 1e-12:
            break
        slope = min((new - gap) / step, -1e-3)
        gap = new
    return float(np.exp(x))


def _combined(projected: Reals, limits: Reals) -> float:
    """Probability that any of the tests is beyond its limit.

    The statistic at ρ is (1 − ρ) κ + τ(ρ) η: η is the χ² of the members' mean, κ the rest. The
    integral goes over √η, which takes the pole of its density away, in pieces between the kinks
    of the smallest limit; the tail of κ is read from a Chebyshev polynomial in the root of κ.
    """
    from scipy.special import chdtrc

    k = projected.shape[1]
    mean = projected.mean(axis=1)
    size = float(mean @ mean)
    slope = mean @ projected / size
    rest = projected - np.outer(mean, slope)
    eigenvalues = squared_singular(rest)
    eigenvalues = eigenvalues[eigenvalues > 1e-9 * max(eigenvalues.max(), 1e-300)]
    rho = np.array(RHO)
    tau = (k**2 * rho + float(slope @ slope) * (1 - rho)) * size
    between = 4 * float((np.outer(slope, slope) * size * (rest.T @ rest)).sum())
    own = 2 * float((eigenvalues**2).sum())
    center, shrink = float(eigenvalues.sum()), np.sqrt(own / (own + between))

    def limit(eta: Reals) -> Reals:
        """Smallest limit of κ, drawn to its center for the variance that κ shares with η."""
        smallest = ((limits[:, None] - np.multiply.outer(tau, eta)) / (1 - rho)[:, None]).min(
            axis=0
        )
        return np.asarray((smallest - center) * shrink + center)

    least = center * (1 - 1 / shrink)
    last = float(max(((limits - least * (1 - rho)) / tau).min(), 0.0))  # there the limit is 0
    inside = 0.0
    if last > 0:
        kinks = _kinks(limits / (1 - rho), tau / (1 - rho), last)
        roots, weights = _gauss_pieces(np.sqrt(kinks))
        tail = _tail_function(eigenvalues, float(limit(np.zeros(1))[0]))
        density = 2 * np.exp(-(roots**2) / 2) / np.sqrt(2 * np.pi)
        inside = float((tail(limit(roots**2)) * density) @ weights)
    return inside + float(chdtrc(1, last))


def _kinks(height: Reals, slope: Reals, last: float) -> Reals:
    """Ends of the pieces of min(height − slope · η) from 0 to ``last``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = np.subtract.outer(height, height) / np.subtract.outer(slope, slope)
    inside = cross[np.isfinite(cross) & (cross > 0) & (cross < last)]
    lowest = (height[:, None] - np.multiply.outer(slope, inside)).argsort(axis=0)[:2]
    both = height[lowest] - slope[lowest] * inside
    near = np.abs(both[0] - both[1]) <= 1e-9 * np.abs(height).max()
    return np.unique(np.concatenate([[0.0], inside[near], [last]]))


@cache
def _gauss(count: int) -> tuple[Reals, Reals]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return points, weights


def _gauss_pieces(ends: Reals) -> tuple[Reals, Reals]:
    """Points and weights of Gauss and Legendre in each piece."""
    points, weights = _gauss(_GAUSS)
    half = np.diff(ends)[:, None] / 2
    middle = (ends[1:] + ends[:-1])[:, None] / 2
    return (middle + half * points).ravel(), (half * weights).ravel()


def _tail_function(weights: Reals, highest: float) -> Callable[[Reals], Reals]:
    """Tail of a mixture from 0 to a highest value, as a polynomial of its logarithm."""
    from numpy.polynomial import Chebyshev

    # Beyond, the tail is below 1e-40 and adds nothing.
    highest = min(highest, float(weights.sum() + 200 * weights.max()))

    def log_tail(root: Reals) -> Reals:
        tails = mixture_tails(np.ravel(root) ** 2, weights, precision=_FINE)
        return np.asarray(np.log(np.maximum(tails, 1e-300)))

    fit = Chebyshev.interpolate(log_tail, _NODES, domain=[0.0, highest**0.5])

    def tail(q: Reals) -> Reals:
        root = np.sqrt(np.clip(q, 0.0, highest))
        return np.where(q > highest, 0.0, np.minimum(np.exp(fit(root)), 1.0))

    return tail
