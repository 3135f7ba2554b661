"""Metrics of cross-validated predictions, each with its interval.

An area under the curve is that of each fold, averaged: predictions of different folds come from
different models, and pooling them would let the share of cases in the training part speak, which
is high where that of the test part is low. Its variance is the mean of DeLong's over the folds
of each repeat (LeDell 2015, https://doi.org/10.1214/15-EJS1035), and not less than tied
predictions leave open (`tied`). Other intervals are percentiles
of patients drawn again.

Letters: N patients, R repeats, K folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.statistics.survival import Steps

__all__ = [
    "Estimate", "Gain", "Held", "Measured", "corrected_t", "drawn_interval", "fold_mean",
]  # fmt: skip

Reals = NDArray[np.float64]
Measured = tuple[float, float]
"""A number and its variance."""
Gain = tuple[float, float, float, float]
"""A number, the ends of its interval of 95 %, and its p-value."""
_DRAWS = 200


@dataclass(frozen=True)
class Estimate:
    """A number and its interval of 95 %.

    Attributes
    ----------
    value, low, high : float
        NaN where it cannot be told.
    """

    value: float
    low: float = np.nan
    high: float = np.nan


@dataclass(frozen=True, eq=False)
class Held:
    """Predictions of one fold for patients it did not learn from.

    Attributes
    ----------
    repeat : int
        Which repeat the fold is of.
    rows : ndarray of intp
        Places of the patients.
    link : ndarray
        Predictions; NaN where the model had none.
    hazard : Steps, optional
        For survival, the cumulative hazard at a link of 0.
    """

    repeat: int
    rows: NDArray[np.intp]
    link: Reals
    hazard: Steps | None = None

    def known(self) -> Held:
        """Those that have a prediction."""
        there = np.isfinite(self.link)
        return Held(self.repeat, self.rows[there], self.link[there], self.hazard)


def corrected_t(values: Reals, *, test_share: float) -> Gain:
    """Mean over folds, interval of 95 % and p-value, corrected for shared patients.

    Parameters
    ----------
    values : ndarray, shape (K,)
        What each fold gives: a measure, or the difference of two models; NaN left out.
    test_share : float
        Test patients over training patients.

    References
    ----------
    Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366.

    Examples
    --------
    >>> [round(x, 3) for x in corrected_t(np.array([0.1, 0.2, 0.3, 0.2]), test_share=1 / 3)]
    [0.2, 0.002, 0.398, 0.049]
    """
    from scipy.stats import t as student

    d = values[np.isfinite(values)]
    if d.size < 2:
        return (float(d.mean()) if d.size else np.nan), np.nan, np.nan, np.nan
    error = float(np.sqrt((1 / d.size + test_share) * d.var(ddof=1)))
    mean = float(d.mean())
    reach = float(student.ppf(0.975, d.size - 1)) * error
    p = 1.0 if error == 0 else float(2 * student.sf(abs(mean / error), d.size - 1))
    return mean, mean - reach, mean + reach, p


def fold_mean(
    outcome: Outcome,
    folds: Sequence[Held],
    measure: Callable[[Outcome, Reals], Measured | None],
    *,
    least: float = 0.0,
) -> tuple[Estimate, Reals]:
    """A measure averaged over the folds with its interval, and that of each fold.

    Parameters
    ----------
    outcome : Outcome
        Of all patients.
    folds : sequence of Held
        Predictions.
    measure : callable
        ``measure(outcome, link)`` of one fold: value and variance, or None where the fold's
        patients tell nothing (all of one class).
    least : float, optional
        Below which the measure cannot lie.
    """
    from scipy.stats import norm

    areas, variances = np.full(len(folds), np.nan), np.full(len(folds), np.nan)
    for at, fold in enumerate(fold.known() for fold in folds):
        found = measure(outcome.take(fold.rows), fold.link) if len(fold.rows) > 1 else None
        if found is not None:
            areas[at], variances[at] = found
    good = np.isfinite(areas)
    if not good.any():
        return Estimate(np.nan), areas
    # Repeats share their patients: they make the mean steadier, not the patients more.
    repeats = len({fold.repeat for fold, there in zip(folds, good, strict=True) if there})
    # A fold with one case has no variance of its own and is given that of the others.
    sure = np.isfinite(variances)
    variance = float(variances[sure].mean()) * repeats / good.sum() if sure.any() else np.nan
    reach = float(norm.ppf(0.975)) * np.sqrt(variance)
    mean = float(areas[good].mean())
    return Estimate(mean, max(least, mean - reach), min(1.0, mean + reach)), areas


def drawn_interval(
    outcome: Outcome,
    folds: Sequence[Held],
    metric: Callable[[Outcome, Reals], float],
    *,
    seed: int,
) -> Estimate:
    """A metric of all patients of a repeat together, averaged over repeats.

    Parameters
    ----------
    outcome : Outcome
        Of all patients.
    folds : sequence of Held
        Predictions.
    metric : callable
        ``metric(outcome, link) -> float``.
    seed : int
        Of the patients drawn again for the interval.
    """
    repeats = _by_repeat([fold.known() for fold in folds])
    value = float(np.mean([_of_rows(outcome, rows, link, metric) for rows, link in repeats]))
    found = np.array(
        [
            np.mean([_of_drawn(outcome, rows, link, counts, metric) for rows, link in repeats])
            for counts in _draws(outcome, seed)
        ]
    )
    return _percentiles(value, found)


def _percentiles(value: float, found: Reals) -> Estimate:
    found = found[np.isfinite(found)]
    if found.size < _DRAWS // 2:
        return Estimate(value)
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _draws(outcome: Outcome, seed: int) -> list[NDArray[np.intp]]:
    rng = np.random.default_rng([seed, 19])
    strata = outcome.values if outcome.kind == "classification" else outcome.event
    return [_draw(strata, rng) for _ in range(_DRAWS)]


def _by_repeat(folds: Sequence[Held]) -> list[tuple[NDArray[np.intp], Reals]]:
    repeats: dict[int, list[Held]] = {}
    for fold in folds:
        if len(fold.rows):
            repeats.setdefault(fold.repeat, []).append(fold)
    return [
        (np.concatenate([f.rows for f in own]), np.concatenate([f.link for f in own]))
        for own in repeats.values()
    ]


def _draw(strata: NDArray, rng: np.random.Generator) -> NDArray[np.intp]:
    """How often each patient is drawn, within the strata, shape (N,)."""
    groups = [np.flatnonzero(strata == value) for value in np.unique(strata)]
    drawn = np.concatenate([rng.choice(own, len(own)) for own in groups])
    return np.bincount(drawn, minlength=len(strata))


def _of_drawn(
    outcome: Outcome,
    rows: NDArray[np.intp],
    link: Reals,
    counts: NDArray[np.intp],
    metric: Callable[[Outcome, Reals], float],
) -> float:
    places = np.repeat(np.arange(len(rows)), counts[rows])
    return _of_rows(outcome, rows[places], link[places], metric)


def _of_rows(
    outcome: Outcome,
    rows: NDArray[np.intp],
    link: Reals,
    metric: Callable[[Outcome, Reals], float],
) -> float:
    """Metric of some patients; NaN where those that have an answer are all of one class."""
    own = outcome.take(rows)
    if not len(own) or (own.kind == "classification" and own.n_events == 0):
        return np.nan
    return metric(own, link)
