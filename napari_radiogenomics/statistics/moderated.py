"""Moderated t-statistics: variances of many genes drawn toward a trend over their means.

The answers are those of limma's ``eBayes(trend=TRUE)``. Letters: P fits (features), M genes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moderated", "moderate"]

Reals = NDArray[np.float64]
_FLOOR = 1e-5
_CUBE = 3


@dataclass(frozen=True, eq=False)
class Moderated:
    """Variances after they were drawn together.

    Attributes
    ----------
    variance : ndarray, shape (P, M)
        Of each gene.
    freedom : ndarray, shape (P,)
        Degrees of freedom of its test.
    prior_freedom : ndarray, shape (P,)
        How much the trend counts; infinite where the genes vary no more about it than by chance.
    """

    variance: Reals
    freedom: Reals
    prior_freedom: Reals


def moderate(variance: Reals, freedom: int, means: Reals | None) -> Moderated:
    """Draw variances toward their trend over the means.

    Parameters
    ----------
    variance : ndarray, shape (P, M)
        Residual variance of each gene in each of P fits.
    freedom : int
        Residual degrees of freedom.
    means : ndarray, shape (M,), or None
        Mean log expression; None draws all toward one variance.

    Returns
    -------
    Moderated

    References
    ----------
    Smyth 2004, https://doi.org/10.2202/1544-6115.1027; Law 2014 (trend),
    https://doi.org/10.1186/gb-2014-15-2-r29.
    """
    from scipy.special import digamma, polygamma

    middle = np.median(variance, axis=1, keepdims=True)
    x = np.maximum(variance, _FLOOR * np.where(middle > 0, middle, 1.0))
    half = freedom / 2
    e = np.log(x) - digamma(half) + np.log(half)
    basis = _trend_basis(means, variance.shape[1])
    fitted = (e @ basis) @ basis.T
    spread = ((e - fitted) ** 2).sum(axis=1) / (variance.shape[1] - basis.shape[1])
    spread -= float(polygamma(1, half))
    prior = np.full(len(x), np.inf)
    real = spread > 0
    prior[real] = 2 * _trigamma_inverse(spread[real])
    shift = np.zeros(len(x))
    shift[real] = digamma(prior[real] / 2) - np.log(prior[real] / 2)
    center = np.exp(fitted + shift[:, None])
    if means is None:
        center[~real] = x[~real].mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        weight = np.where(real, prior / (prior + freedom), 1.0)[:, None]
    drawn = weight * center + (1 - weight) * variance
    total = np.minimum(freedom + prior, freedom * variance.shape[1])
    return Moderated(drawn, total, prior)


def _trend_basis(means: Reals | None, n_genes: int) -> Reals:
    """Orthonormal basis of a natural cubic spline over the means, shape (M, K)."""
    constant = np.full((n_genes, 1), n_genes**-0.5)
    if means is None:
        return constant
    pieces = 1 + (n_genes >= 3) + (n_genes >= 6) + (n_genes >= 30)
    pieces = min(pieces, len(np.unique(means)))
    if pieces < 2:
        return constant
    span = (means - means.min()) / np.ptp(means)
    inner = np.quantile(span, np.linspace(0, 1, pieces)[1:-1])
    knots = np.concatenate([[0.0], inner, [1.0]])
    columns = [np.ones_like(span), span]

    def bend(knot: float) -> Reals:
        last = np.maximum(span - knots[-1], 0) ** _CUBE
        return (np.maximum(span - knot, 0) ** _CUBE - last) / (knots[-1] - knot)

    columns += [bend(knot) - bend(knots[-2]) for knot in knots[:-2]]
    return np.asarray(np.linalg.qr(np.column_stack(columns))[0])


def _trigamma_inverse(x: Reals) -> Reals:
    """Solve ``trigamma(y) = x`` by Newton steps on ``1 / trigamma``, which is convex."""
    from scipy.special import polygamma

    y = 0.5 + 1 / x
    for _ in range(50):
        value = polygamma(1, y)
        step = value * (1 - value / x) / polygamma(2, y)
        y = y + step
        if (-step / y).max(initial=0.0) < 1e-8:
            break
    y = np.where(x > 1e7, x**-0.5, y)
    return np.where(x < 1e-6, 1 / x, y)
