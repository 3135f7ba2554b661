"""Test of one term of a negative binomial model of counts, as DESeq2's Wald test.

Strategy: means of a first fit are held while the dispersion of each gene climbs the Cox-Reid
adjusted likelihood; the trend over the means is DESeq2's; the dispersions are drawn toward it
by a log-normal prior, but those far above it stay; a last fit gives the coefficient. The
maxima are found on a grid and a parabola through its top, in one pass over the grid for all
genes. Letters: N samples, G genes, Q columns of the design.

References
----------
Love, Huber and Anders 2014, https://doi.org/10.1186/s13059-014-0550-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.dispersion import MIN_DISPERSION, fit_trend
from napari_radiogenomics.genomics.nb_glm import fit_glm

__all__ = ["Dispersions", "NegativeBinomial", "fit_counts", "shrunken_dispersions", "wald"]

Reals = NDArray[np.float64]

_MIN_MEAN = 0.5
_LEAST_PRIOR = 0.25
_OUTLIER = 2.0
_RIDGE = 1e-6  # DESeq2's, on the scale of log2
_GRID_POINTS = 40
_REFINEMENTS = 3


@dataclass(frozen=True, eq=False)
class Dispersions:
    """Dispersions of the genes.

    Attributes
    ----------
    own, drawn : ndarray, shape (G,)
        Of each gene alone, and after it was drawn toward the trend.
    prior_variance : float
        Of the logarithms around the trend.
    """

    own: Reals
    drawn: Reals
    prior_variance: float


@dataclass(frozen=True, eq=False)
class NegativeBinomial:
    """The last coefficient of each gene.

    Attributes
    ----------
    coefficient, error : ndarray, shape (G,)
        Base-2 logarithms, of one unit of the term.
    p_value : ndarray, shape (G,)
        Wald's test.
    """

    coefficient: Reals
    error: Reals
    p_value: Reals


def fit_counts(counts: Reals, design: Reals, size_factors: Reals) -> NegativeBinomial:
    """Test the last column of a design for each gene.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Whole numbers; every gene has a read.
    design : ndarray, shape (N, Q)
        Of full rank, the constant among its columns.
    size_factors : ndarray, shape (N,)
        How deep each sample was sequenced.
    """
    dispersions = shrunken_dispersions(counts, design, size_factors)
    return wald(counts, design, size_factors, dispersions.drawn)


def wald(counts: Reals, design: Reals, size_factors: Reals, dispersion: Reals) -> NegativeBinomial:
    """Wald test of the last column, with dispersions that are given."""
    from scipy.stats import norm

    beta, mu = fit_glm(counts, design, dispersion, np.log(size_factors)[:, None])
    weight = 1 / (1 / np.maximum(mu, _MIN_MEAN) + dispersion)
    information = np.einsum("nq,ng,nr->gqr", design, weight, design, optimize=True)
    ridge = _RIDGE / np.log(2) ** 2 * np.eye(design.shape[1])
    inverse = np.linalg.inv(information + ridge)
    covariance = inverse @ information @ inverse
    error = np.sqrt(covariance[:, -1, -1])
    p_value = 2 * norm.sf(np.abs(beta[-1] / error))
    return NegativeBinomial(beta[-1] / np.log(2), error / np.log(2), p_value)


def shrunken_dispersions(counts: Reals, design: Reals, size_factors: Reals) -> Dispersions:
    """Dispersions within a design, drawn toward their trend over the means.

    Parameters
    ----------
    counts, design, size_factors
        As for `fit_counts`.
    """
    n, q = design.shape
    highest = max(10.0, n)
    start = np.clip(_first_guess(counts, design, size_factors), MIN_DISPERSION, highest)
    _, mu = fit_glm(counts, design, start, np.log(size_factors)[:, None])
    mu = np.maximum(mu, _MIN_MEAN)
    grid = np.linspace(np.log(MIN_DISPERSION / 10), np.log(highest), _GRID_POINTS)
    own = np.clip(_maximum(counts, mu, design, grid, None, 1.0), MIN_DISPERSION, highest)
    trend = fit_trend((counts / size_factors[:, None]).mean(axis=0), own)
    center = trend.asymptotic + trend.extra / (counts / size_factors[:, None]).mean(axis=0)
    used = own >= 100 * MIN_DISPERSION
    left = np.log(own) - np.log(center)
    spread = _scatter(left[used]) if used.any() else 0.0
    prior = max(spread - _sampling_variance(n - q), _LEAST_PRIOR)
    drawn = _maximum(counts, mu, design, grid, np.log(center), prior)
    far = left > _OUTLIER * spread**0.5
    drawn = np.clip(np.where(far, own, drawn), MIN_DISPERSION, highest)
    return Dispersions(own, drawn, prior)


def _first_guess(counts: Reals, design: Reals, size_factors: Reals) -> Reals:
    scaled = counts / size_factors[:, None]
    fitted = design @ np.linalg.lstsq(design, scaled, rcond=None)[0]
    floor = np.maximum(fitted, 1.0)
    freedom = len(design) - design.shape[1]
    rough = (((scaled - floor) ** 2 - floor) / floor**2).sum(axis=0) / freedom
    mean = scaled.mean(axis=0)
    moments = (scaled.var(axis=0, ddof=1) - np.mean(1 / size_factors) * mean) / mean**2
    return np.asarray(np.minimum(np.maximum(rough, 0.0), moments))


def _scatter(values: Reals) -> float:
    """Variance told from the median absolute deviation."""
    middle = np.median(values)
    return float((1.4826 * np.median(np.abs(values - middle))) ** 2)


def _sampling_variance(freedom: int) -> float:
    from scipy.special import polygamma

    return float(polygamma(1, freedom / 2))


def _posterior(
    y: Reals, mu: Reals, design: Reals, a: Reals, center: Reals | None, prior: float
) -> Reals:
    """Cox-Reid adjusted log likelihood at log dispersions, and the prior, shape (G,)."""
    from scipy.special import gammaln

    alpha = np.exp(a)
    size = 1 / alpha
    likelihood = gammaln(y + size) - gammaln(size) - y * np.log(mu + size)
    likelihood -= size * np.log1p(mu * alpha)
    weight = 1 / (1 / mu + alpha)
    information = np.einsum("nq,ng,nr->gqr", design, weight, design, optimize=True)
    value: Reals = likelihood.sum(axis=0) - 0.5 * np.linalg.slogdet(information)[1]
    return value if center is None else value - (a - center) ** 2 / (2 * prior)


def _maximum(
    y: Reals, mu: Reals, design: Reals, grid: Reals, center: Reals | None, prior: float
) -> Reals:
    """Dispersion of the greatest posterior: the best of a grid, refined around its top."""
    n_genes = y.shape[1]
    columns = np.arange(n_genes)
    points = np.repeat(grid[:, None], n_genes, axis=1)
    width = grid[1] - grid[0]
    for _ in range(_REFINEMENTS):
        scores = np.array([_posterior(y, mu, design, a, center, prior) for a in points])
        top = scores.argmax(axis=0)
        best = points[top, columns]
        points = best + np.linspace(-width, width, 9)[:, None]
        width /= 4
    scores = np.array([_posterior(y, mu, design, a, center, prior) for a in points])
    top = np.clip(scores.argmax(axis=0), 1, len(points) - 2)
    before, here, after = (scores[top + k, columns] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1.0), 0.0)
    step = points[1] - points[0]
    return np.asarray(np.exp(points[top, columns] + np.clip(shift, -1, 1) * step))
