"""Measures of survival predictions, with patients drawn again for their intervals.

Strategy: a draw is a whole number for each patient, how often it is there. All draws go through
one pass: the censoring distribution, the weights and the measure itself are sums over patients
sorted by time, with a row for each draw, so that 500 draws of a fold take milliseconds. The time of
an area and the times of a Brier score are those of the patients as they are, in all draws.

Letters: N patients, n of one fold, D draws, U different times of a fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.intervals import Estimate, Held
from napari_radiogenomics.statistics.survival import Steps, predicted_survival

__all__ = ["drawn_measures"]

Reals = NDArray[np.float64]
_DRAWS, _MOST = 500, 2_000_000  # draws, and numbers of them at a time
_TIMES, _LAST = 25, 0.8  # times of a Brier score, and the share of patients that they reach
_ROUNDS, _STEP, _ENDLESS = 50, 2.0, 20.0
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class _Fold:
    """Patients of a fold, sorted by time.

    Attributes
    ----------
    rows : ndarray of intp, shape (n,)
        Their places among all.
    time, link : ndarray, shape (n,)
        Time and log hazard.
    event : ndarray of bool, shape (n,)
        Whether the event was seen.
    hazard : Steps or None
        Of the model of the fold.
    times : ndarray, shape (U,)
        Different times.
    starts : ndarray of intp, shape (U,)
        First patient of each.
    place : ndarray of intp, shape (n,)
        Which of them is a patient's.
    """

    rows: NDArray[np.intp]
    time: Reals
    link: Reals
    event: NDArray[np.bool_]
    hazard: Steps | None
    times: Reals
    starts: NDArray[np.intp]
    place: NDArray[np.intp]

    def at_risk(self, amount: Reals) -> Reals:
        """Sums over those whose time has not come before each time, shape (D, U)."""
        later = np.cumsum(amount[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(later[:, self.starts], np.float64)

    def uncensored(self, counts: Reals) -> Reals:
        """Probability of not being censored before the first time and by each, shape (D, U + 1)."""
        at_risk = self.at_risk(counts)
        lost = np.add.reduceat(counts * ~self.event, self.starts, axis=1)
        kept = np.cumprod(1 - lost / np.maximum(at_risk, 1.0), axis=1)
        return np.column_stack([np.ones(len(counts)), kept])


def _sorted(outcome: Outcome, fold: Held) -> _Fold:
    order = np.argsort(outcome.values[fold.rows], kind="stable")
    rows = fold.rows[order]
    time = outcome.values[rows]
    times, starts, place = np.unique(time, return_index=True, return_inverse=True)
    event = outcome.event[rows]
    return _Fold(rows, time, fold.link[order], event, fold.hazard, times, starts, place)


def drawn_measures(outcome: Outcome, folds: Sequence[Held], *, seed: int) -> dict[str, Estimate]:
    """Area at the median time of events, integrated Brier score and slope of calibration.

    Area and Brier score are those of each fold, averaged. The slope is of one Cox regression on
    the predictions of a repeat, in which every fold has a baseline hazard of its own, averaged
    over repeats. Intervals are percentiles over patients drawn again, the censoring distribution
    with them; that of the slope is laid evenly around it, as slopes of few patients are too steep
    and those of the draws too steep twice.

    Parameters
    ----------
    outcome : Outcome
        Times of N patients.
    folds : sequence of Held
        Predictions of patients that were not learned from.
    seed : int
        Of who is drawn.

    References
    ----------
    Uno 2007, https://doi.org/10.1198/016214507000000149; Graf 1999,
    https://doi.org/10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5;
    Efron and Tibshirani 1986, https://doi.org/10.1214/ss/1177013815.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.normal(size=200)
    >>> outcome = Outcome("survival", rng.exponential(np.exp(-risk)), np.ones(200, bool))
    >>> found = drawn_measures(outcome, [Held(0, np.arange(200), risk)], seed=0)
    >>> slope = found["calibration_slope"]
    >>> round(slope.low, 1), round(slope.value, 1), round(slope.high, 1)
    (0.7, 0.9, 1.1)
    """
    known = [fold.known() for fold in folds]
    own = [(fold.repeat, _sorted(outcome, fold)) for fold in known if len(fold.rows)]
    middle = float(np.median(outcome.values[outcome.event]))
    counts = _draws(len(outcome), seed)  # the first row is the patients as they are
    blocks = np.array_split(counts, int(np.ceil(counts.size / _MOST)))
    parts = [_in_draws(own, block, middle) for block in blocks]
    return {
        name: _estimate(
            [np.concatenate(some) for some in zip(*(part[name] for part in parts), strict=True)],
            even=name == "calibration_slope",
        )
        for name in parts[0]
    }


def _in_draws(
    own: Sequence[tuple[int, _Fold]], counts: Reals, middle: float
) -> dict[str, list[Reals]]:
    """Measures of each fold, or repeat, in some draws, shape (D,) each."""
    repeats = sorted({repeat for repeat, _ in own})
    return {
        "auc_at_median": [_areas(fold, counts[:, fold.rows], middle) for _, fold in own],
        "integrated_brier": [
            _briers(f, counts[:, f.rows], f.hazard) for _, f in own if f.hazard is not None
        ],
        "calibration_slope": [
            _slopes([fold for repeat, fold in own if repeat == number], counts)
            for number in repeats
        ],
    }


def _draws(n: int, seed: int) -> Reals:
    """How often each patient is there, shape (1 + D, N)."""
    rng = np.random.default_rng([seed, 43])
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    return np.vstack([np.ones(n), drawn])


def _estimate(parts: Sequence[Reals], *, even: bool) -> Estimate:
    """Mean of folds or repeats and percentiles of its draws; NaN where a part tells nothing."""
    if not parts:
        return Estimate(np.nan)
    values = np.stack(parts)
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=0)
    means = np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)
    value, drawn = float(means[0]), means[1:][np.isfinite(means[1:])]
    if not np.isfinite(value) or drawn.size < _DRAWS // 2:
        return Estimate(value)
    low, high = map(float, np.quantile(drawn, [0.025, 0.975]))
    if even:
        return Estimate(value, value - (high - low) / 2, value + (high - low) / 2)
    return Estimate(value, min(low, value), max(high, value))


def _of_events(fold: _Fold, counts: Reals, kept: Reals) -> Reals:
    """Events, by the inverse of the probability that they were not censored before, (D, n)."""
    before = kept[:, fold.place]
    weight = np.divide(counts, before, out=np.zeros_like(counts), where=before > 0)
    return np.asarray(weight * fold.event, np.float64)


def _areas(fold: _Fold, counts: Reals, at: float) -> Reals:
    """Area at a time in each draw, shape (D,)."""
    case, control = (fold.time <= at) & fold.event, fold.time > at
    weight = _of_events(fold, counts, fold.uncensored(counts))[:, case]
    above = fold.link[case][:, None] - fold.link[control]
    right = (above > 0) + 0.5 * (above == 0)
    total = weight.sum(axis=1) * counts[:, control].sum(axis=1)
    found = ((weight @ right) * counts[:, control]).sum(axis=1)
    return np.divide(found, total, out=np.full(len(counts), np.nan), where=total > 0)


def _briers(fold: _Fold, counts: Reals, hazard: Steps) -> Reals:
    """Mean Brier score over times up to that which a fifth of the patients outlive, (D,)."""
    kept = fold.uncensored(counts)
    events = _of_events(fold, counts, kept)
    n, total = np.maximum(counts.sum(axis=1), 1.0), np.zeros(len(counts))
    grid = np.linspace(0, float(np.quantile(fold.time, _LAST)), _TIMES + 1)[1:]
    for at in grid:
        survival = predicted_survival(hazard, fold.link, at)
        early, late = fold.time <= at, fold.time > at
        there = kept[:, np.searchsorted(fold.times, at, side="right")]
        there = np.where(there > 0, there, np.nan)  # nobody was watched so long
        total += events[:, early] @ survival[early] ** 2
        total += counts[:, late] @ (1 - survival[late]) ** 2 / there
    return np.where(counts.any(axis=1), total / n / len(grid), np.nan)


def _slopes(folds: Sequence[_Fold], counts: Reals) -> Reals:
    """Slope of a Cox regression on the predictions, a baseline hazard a fold, shape (D,).

    Newton's steps in all draws at once; ties as Breslow. NaN where a draw has no finite slope.
    """
    spread = float(np.std(np.concatenate([fold.link - fold.link.mean() for fold in folds])))
    if spread < _TOLERANCE:
        return np.full(len(counts), np.nan)
    slope, moved = np.zeros(len(counts)), np.full(len(counts), np.inf)
    for _ in range(_ROUNDS):
        parts = [_newton(f, counts[:, f.rows], slope, spread) for f in folds]
        score, curvature = (sum(part) for part in zip(*parts, strict=True))
        moved = np.clip(score / np.maximum(curvature, 1e-12), -_STEP, _STEP)
        slope = np.clip(slope + moved, -_ENDLESS, _ENDLESS)
        if np.abs(moved).max() < _TOLERANCE:
            break
    good = (np.abs(moved) < _TOLERANCE) & (np.abs(slope) < _ENDLESS)
    return np.where(good, slope / spread, np.nan)


def _newton(fold: _Fold, counts: Reals, slope: Reals, spread: float) -> tuple[Reals, Reals]:
    """Score and curvature of the log partial likelihood of a fold in each draw, (D,) each."""
    z = (fold.link - fold.link.mean()) / spread
    hazard = counts * np.exp(slope[:, None] * z)
    total = fold.at_risk(hazard)
    total = np.where(total > 0, total, 1.0)
    mean = fold.at_risk(hazard * z) / total
    square = fold.at_risk(hazard * z**2) / total
    dying = np.add.reduceat(counts * fold.event, fold.starts, axis=1)
    score = (counts * fold.event) @ z - (dying * mean).sum(axis=1)
    return score, (dying * (square - mean**2)).sum(axis=1)
