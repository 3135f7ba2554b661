"""Metrics of cross-validated predictions, each with its interval.

An area under the curve is that of each fold, averaged: predictions of different folds come from
different models, and pooling them would let the share of cases in the training part speak, which
is high where that of the test part is low. Its variance is the mean of DeLong's over the folds
of each repeat (LeDell 2015, https://doi.org/10.1214/15-EJS1035). Other intervals are percentiles
of patients drawn again.

Letters: N patients, R repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.statistics.roc import area_under_curve

__all__ = ["Estimate", "Held", "drawn_interval", "fold_area", "fold_values"]

Reals = NDArray[np.float64]
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
    """

    repeat: int
    rows: NDArray[np.intp]
    link: Reals

    def known(self) -> Held:
        """Those that have a prediction."""
        there = np.isfinite(self.link)
        return Held(self.repeat, self.rows[there], self.link[there])


def fold_area(outcome: Outcome, folds: Sequence[Held]) -> tuple[Estimate, Reals]:
    """Area under the ROC curve averaged over the folds, and that of each.

    Folds whose patients are of one class tell nothing and are NaN.
    """
    from scipy.stats import norm

    values, variances, sizes = [], [], []
    for fold in (fold.known() for fold in folds):
        y = outcome.values[fold.rows]
        if len(np.unique(y)) < 2:
            values.append(np.nan)
            variances.append(np.nan)
        else:
            area = area_under_curve(y, fold.link)
            values.append(area.value)
            variances.append(area.variance)
        sizes.append(fold.repeat)
    areas = np.array(values)
    good = np.isfinite(areas)
    if not good.any():
        return Estimate(np.nan), areas
    repeats = len(np.unique(np.array(sizes)[good]))
    # Repeats share their patients: they make the mean steadier, not the patients more.
    per_repeat = good.sum() / repeats
    # A fold with one case has no variance of its own and is given that of the others.
    variance = float(np.nanmean(variances)) / per_repeat if np.isfinite(variances).any() else np.nan
    reach = float(norm.ppf(0.975)) * np.sqrt(variance)
    mean = float(areas[good].mean())
    return Estimate(mean, max(0.0, mean - reach), min(1.0, mean + reach)), areas


def fold_values(
    outcome: Outcome, folds: Sequence[Held], metric: Callable[[Outcome, Reals], float]
) -> Reals:
    """A metric in each fold; NaN where it cannot be told."""
    found = []
    for fold in (fold.known() for fold in folds):
        own = outcome.take(fold.rows)
        found.append(metric(own, fold.link) if len(own) > 1 else np.nan)
    return np.array(found)


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
    value = float(np.mean([metric(outcome.take(rows), link) for rows, link in repeats]))
    rng = np.random.default_rng([seed, 19])
    strata = outcome.values if outcome.kind == "classification" else outcome.event
    draws = [_draw(strata, rng) for _ in range(_DRAWS)]
    found = np.array(
        [
            np.mean([_of_drawn(outcome, rows, link, counts, metric) for rows, link in repeats])
            for counts in draws
        ]
    )
    found = found[np.isfinite(found)]
    if found.size < _DRAWS // 2:
        return Estimate(value)
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


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
    return metric(outcome.take(rows[places]), link[places])
