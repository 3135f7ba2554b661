"""Location and scale of each batch, drawn to what the other features of the batch say.

Equal to sva's ``ComBat`` 3.46, its stopping rule included. Letters: N samples, P features,
B batches.

References
----------
Johnson, Li and Rabinovic 2007, https://doi.org/10.1093/biostatistics/kxj037.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["nonparametric", "parametric", "parametric_means", "parametric_rounds"]

Reals = NDArray[np.float64]
_TOLERANCE = 1e-4
_MOST_ROUNDS = 10_000
# Values of the non-parametric likelihood that are held at once.
_BLOCK = 4_000_000


def _drawn(mean: Reals, prior: float, n: Reals, scale: Reals, spread: float) -> Reals:
    return (spread * n * mean + scale * prior) / (spread * n + scale)


@dataclass(frozen=True)
class _Prior:
    """Normal prior of the means and inverse gamma prior of the variances of a batch."""

    mean: float
    spread: float
    shape: float
    rate: float

    @classmethod
    def of(cls, mean: Reals, scale: Reals) -> _Prior:
        m, s2 = float(scale.mean()), float(scale.var(ddof=1))
        rate = (m * s2 + m**3) / s2
        return cls(float(mean.mean()), float(mean.var(ddof=1)), (2 * s2 + m**2) / s2, rate)


def _rounds(values: Reals, mean: Reals, prior: _Prior, scale: Reals) -> Iterator[tuple[Reals, ...]]:
    """Means and variances, each from the other, round after round."""
    n = np.isfinite(values).sum(axis=0).astype(float)
    total, squares = np.nansum(values, axis=0), np.nansum(values**2, axis=0)
    while True:
        new_mean = _drawn(mean, prior.mean, n, scale, prior.spread)
        around = squares - 2 * new_mean * total + n * new_mean**2
        scale = (0.5 * around + prior.rate) / (n / 2 + prior.shape - 1)
        yield new_mean, scale


def parametric(values: Reals, mean: Reals, scale: Reals) -> tuple[Reals, Reals]:
    """Posterior mean and variance of a batch, with a normal and an inverse gamma prior.

    Parameters
    ----------
    values : ndarray, shape (n, P)
        Standardized samples of the batch; NaN where missing.
    mean, scale : ndarray, shape (P,)
        Mean and variance of each feature in the batch.

    Returns
    -------
    mean, scale : ndarray, shape (P,)
        Drawn together over the features.
    """
    old_mean, old_scale = mean, scale
    rounds = _rounds(values, mean, _Prior.of(mean, scale), scale)
    for new_mean, new_scale in islice(rounds, _MOST_ROUNDS):
        # A negative old mean makes its change negative and so never the largest, as in sva.
        change = max(
            np.max(np.abs(new_mean - old_mean) / old_mean),
            np.max(np.abs(new_scale - old_scale) / old_scale),
        )
        old_mean, old_scale = new_mean, new_scale
        if change <= _TOLERANCE:
            break
    return old_mean, old_scale


def parametric_rounds(values: Reals, n_rounds: int) -> tuple[Reals, Reals]:
    """`parametric` with a number of rounds instead of a tolerance, as longCombat.

    Parameters
    ----------
    values : ndarray, shape (n, P)
        Standardized samples of the batch, none missing.
    n_rounds : int
        Rounds.

    Returns
    -------
    mean, scale : ndarray, shape (P,)
    """
    mean, scale = values.mean(axis=0), values.var(axis=0, ddof=1)
    rounds = _rounds(values, mean, _Prior.of(mean, scale), scale)
    last_mean, last_scale = list(islice(rounds, n_rounds))[-1]
    return last_mean, last_scale


def parametric_means(mean: Reals) -> Reals:
    """Posterior mean where the scale is left alone, shape (P,)."""
    ones = np.ones_like(mean)
    return _drawn(mean, float(mean.mean()), ones, ones, float(mean.var(ddof=1)))


def nonparametric(values: Reals, mean: Reals, scale: Reals) -> tuple[Reals, Reals]:
    """Posterior mean and variance of a batch, with the other features as the prior.

    Parameters
    ----------
    values, mean, scale : ndarray
        As for `parametric`.

    Returns
    -------
    mean, scale : ndarray, shape (P,)
        Averages of the features' means and variances, weighted by how well they explain each.
    """
    there = np.isfinite(values)
    n = there.sum(axis=0).astype(float)
    total, squares = np.nansum(values, axis=0), np.nansum(values**2, axis=0)
    out_mean, out_scale = np.empty_like(mean), np.empty_like(scale)
    width = max(1, _BLOCK // len(mean))
    for start in range(0, len(mean), width):
        part = slice(start, start + width)
        around = (
            squares[part, None] - 2 * np.outer(total[part], mean) + np.outer(n[part], mean**2)
        )  # (block, P)
        size = n[part, None]
        weight = np.exp(-size / 2 * np.log(2 * np.pi * scale) - around / (2 * scale))
        rows = np.arange(start, min(start + width, len(mean)))
        weight[rows - start, rows] = 0
        sums = weight.sum(axis=1)
        out_mean[part], out_scale[part] = weight @ mean / sums, weight @ scale / sums
    return out_mean, out_scale
