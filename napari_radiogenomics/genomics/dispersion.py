"""Dispersion of counts without a design, and its trend over the mean, as DESeq2 finds them.

Strategy: the dispersion of each gene maximizes the Cox-Reid adjusted profile likelihood of the
negative binomial model with one mean. DESeq2 stops its line search at a change of 1e-6, which
moves the maximum by up to 1e-3; to be equal to it the same steps are taken (`_line_search`).
The trend a0 + a1 / mean is a gamma regression on the genes near it, repeated until it rests.

References
----------
Love, Huber and Anders 2014, https://doi.org/10.1186/s13059-014-0550-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trend", "blind_dispersions", "fit_trend"]

Reals = NDArray[np.float64]

MIN_DISPERSION = 1e-8
_MIN_MEAN = 0.5
_STEPS = 100
_TOLERANCE = 1e-6
_ARMIJO = 1e-4


@dataclass(frozen=True)
class Trend:
    """Dispersion as a function of the mean: ``asymptotic + extra / mean``.

    Attributes
    ----------
    asymptotic : float
        Dispersion of highly expressed genes.
    extra : float
        What is added at a mean of 1; 0 where the dispersion is taken as constant.
    is_constant : bool
        Whether no trend could be fitted, so that one dispersion stands for all.
    """

    asymptotic: float
    extra: float
    is_constant: bool = False


def blind_dispersions(counts: Reals, size_factors: Reals) -> Reals:
    """Dispersion of each gene over all samples, whatever group they are of.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts; every gene has a read.
    size_factors : ndarray, shape (N,)
        From `size_factors.median_of_ratios`.

    Returns
    -------
    ndarray, shape (G,)
        Between 1e-8 and the larger of 10 and N.
    """
    highest = max(10.0, len(counts))
    start, mean = _moments(counts, size_factors)
    start = np.clip(start, MIN_DISPERSION, highest)
    mu = np.maximum(size_factors[:, None] * mean, _MIN_MEAN)
    log_alpha, first, last, steps = _line_search(counts, mu, np.log(start))
    found = np.minimum(np.exp(log_alpha), highest)
    # Where the likelihood did not rise the first guess stands.
    found = np.where(last < first + np.abs(first) / 1e6, start, found)
    restless = (steps >= _STEPS) & (found > MIN_DISPERSION * 10)
    if restless.any():
        found[restless] = _on_a_grid(counts[:, restless], mu[:, restless], highest)
    return np.clip(found, MIN_DISPERSION, highest)


def _moments(counts: Reals, size_factors: Reals) -> tuple[Reals, Reals]:
    """First guess of the dispersions: the smaller of two estimates by moments."""
    scaled = counts / size_factors[:, None]
    mean = scaled.mean(axis=0)
    floor = np.maximum(mean, 1.0)
    rough = (((scaled - floor) ** 2 - floor) / floor**2).sum(axis=0) / (len(counts) - 1)
    variance = scaled.var(axis=0, ddof=1)
    by_moments = (variance - np.mean(1 / size_factors) * mean) / mean**2
    return np.minimum(np.maximum(rough, 0.0), by_moments), mean


def _log_posterior(y: Reals, mu: Reals, a: Reals) -> Reals:
    """Cox-Reid adjusted log likelihood at log dispersion ``a``, shape (G,)."""
    from scipy.special import gammaln

    alpha = np.exp(a)
    size = 1 / alpha
    likelihood = gammaln(y + size) - gammaln(size) - y * np.log(mu + size)
    likelihood -= size * np.log1p(mu * alpha)
    information = (1 / (1 / mu + alpha)).sum(axis=0)
    return likelihood.sum(axis=0) - 0.5 * np.log(information)


def _slope(y: Reals, mu: Reals, a: Reals) -> Reals:
    """Derivative of `_log_posterior` with respect to log dispersion, shape (G,)."""
    from scipy.special import digamma

    alpha = np.exp(a)
    size = 1 / alpha
    part = digamma(size) + np.log1p(mu * alpha) - mu * alpha / (1 + mu * alpha)
    part += y / (mu + size) - digamma(y + size)
    weight = 1 / (1 / mu + alpha)
    adjustment = 0.5 * (weight**2).sum(axis=0) / weight.sum(axis=0)
    return (size**2 * part.sum(axis=0) + adjustment) * alpha


def _line_search(
    y: Reals, mu: Reals, start: Reals
) -> tuple[Reals, Reals, Reals, NDArray[np.int64]]:
    """Steps uphill with the Armijo rule, all genes at once.

    Returns
    -------
    log_alpha, first, last : ndarray, shape (G,)
        Where each gene ended; posterior there and at the start.
    steps : ndarray of int, shape (G,)
        Steps taken.
    """
    a = start.copy()
    value = _log_posterior(y, mu, a)
    slope = _slope(y, mu, a)
    first = value.copy()
    kappa = np.ones_like(a)
    steps, accepted = (np.zeros(a.shape, np.int64) for _ in range(2))
    going = np.arange(len(a))
    lowest = np.log(MIN_DISPERSION / 10)
    for _ in range(_STEPS):
        if not going.size:
            break
        steps[going] += 1
        kappa[going] = _bounded(a[going], kappa[going], slope[going])
        proposed = a[going] + kappa[going] * slope[going]
        new = _log_posterior(y[:, going], mu[:, going], proposed)
        good = new >= value[going] + kappa[going] * _ARMIJO * slope[going] ** 2
        kappa[going[~good]] /= 2
        moved = going[good]
        change = new[good] - value[moved]
        a[moved], value[moved] = proposed[good], new[good]
        accepted[moved] += 1
        resting = (change < _TOLERANCE) | (a[moved] < lowest)
        on = moved[~resting]
        slope[on] = _slope(y[:, on], mu[:, on], a[on])
        kappa[on] = np.minimum(kappa[on] * 1.1, 1.0)
        kappa[on[accepted[on] % 5 == 0]] /= 2
        going = np.setdiff1d(going, moved[resting], assume_unique=True)
    return a, first, value, steps


def _bounded(a: Reals, kappa: Reals, slope: Reals) -> Reals:
    """Step that leaves log dispersion between -30 and 10."""
    proposed = a + kappa * slope
    safe = np.where(slope == 0, 1.0, slope)
    kappa = np.where(proposed < -30, (-30 - a) / safe, kappa)
    return np.where(proposed > 10, (10 - a) / safe, kappa)


def _on_a_grid(y: Reals, mu: Reals, highest: float) -> Reals:
    """Maximum on a grid of 20 log dispersions, then on a finer one around it."""
    grid = np.linspace(np.log(MIN_DISPERSION), np.log(highest), 20)
    width = grid[1] - grid[0]
    best = _best_of(y, mu, np.repeat(grid[:, None], y.shape[1], axis=1))
    return np.exp(_best_of(y, mu, best + np.linspace(-width, width, 20)[:, None]))


def _best_of(y: Reals, mu: Reals, grid: Reals) -> Reals:
    scores = np.array([_log_posterior(y, mu, points) for points in grid])
    return grid[scores.argmax(axis=0), np.arange(y.shape[1])]


def fit_trend(means: Reals, dispersions: Reals) -> Trend:
    """Fit the dispersion over the mean.

    Parameters
    ----------
    means : ndarray, shape (G,)
        Mean of the counts divided by the size factors.
    dispersions : ndarray, shape (G,)
        From `blind_dispersions`.

    Returns
    -------
    Trend
        Constant where the gamma regression does not come to rest with positive coefficients.
    """
    used = dispersions > 100 * MIN_DISPERSION
    m, d = means[used], dispersions[used]
    coefficients: Reals | None = np.array([0.1, 1.0])
    for _ in range(11):
        if coefficients is None:
            break
        ratio = d / (coefficients[0] + coefficients[1] / m)
        near = (ratio > 1e-4) & (ratio < 15)
        old, coefficients = coefficients, _gamma_fit(1 / m[near], d[near], coefficients)
        if coefficients is not None and np.sum(np.log(coefficients / old) ** 2) < 1e-6:
            return Trend(float(coefficients[0]), float(coefficients[1]))
    return Trend(_trimmed_mean(dispersions[dispersions > 10 * MIN_DISPERSION]), 0.0, True)


def _gamma_fit(x: Reals, y: Reals, start: Reals) -> Reals | None:
    """Regress ``y`` on ``1, x``: gamma errors, identity link; None where it fails."""
    if len(y) < 3:
        return None
    design = np.column_stack([np.ones_like(x), x])
    coefficients, mu = start, design @ start
    deviance = _gamma_deviance(y, mu)
    for _ in range(25):
        old = coefficients
        weighted = design / mu[:, None]
        coefficients = np.asarray(np.linalg.lstsq(weighted, y / mu, rcond=None)[0], np.float64)
        mu = design @ coefficients
        for _ in range(25):  # half the step until every mean is positive
            if (mu > 0).all():
                break
            coefficients = (coefficients + old) / 2
            mu = design @ coefficients
        if not (mu > 0).all():
            return None
        new = _gamma_deviance(y, mu)
        if abs(new - deviance) / (abs(new) + 0.1) < 1e-8:
            return coefficients if (coefficients > 0).all() else None
        deviance = new
    return None


def _gamma_deviance(y: Reals, mu: Reals) -> float:
    return float(-2 * np.sum(np.log(y / mu) - (y - mu) / mu))


def _trimmed_mean(values: Reals) -> float:
    from scipy.stats import trim_mean

    return float(trim_mean(values, 0.001)) if values.size else MIN_DISPERSION
