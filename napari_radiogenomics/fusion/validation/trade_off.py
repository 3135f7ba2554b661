"""Bias against variance: which part of an error other training patients would have changed.

Strategy: for each test fold the training patients are dealt into two halves that share nobody.
A strategy is fitted on each; a and b are what the two fits say of test patient i, and y is the
truth. As the two training sets are independent, these are unbiased without any assumption:

    bias² + noise   mean of (a - y)(b - y)
    variance        mean of (a - b)² / 2
    error           mean of ((a - y)² + (b - y)²) / 2, which is their sum to the last digit

Noise, what nothing measured could predict, is the same for all strategies on the same patients.
It cannot be told from bias² by itself, and cancels where two strategies are compared.

For classes a, b and y are probabilities and 0 or 1, so that the error is the Brier score. For
numbers the squares are over the variance of the outcome (the error is 1 - R²). For times a and b
are the probabilities of no event until the median time of the events, and each patient counts by
the inverse probability of not being censored (Graf 1999).

Letters: N patients, K folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Kind, Outcome
from napari_radiogenomics.fusion.validation.running import run_able
from napari_radiogenomics.fusion.validation.split_run import Data, SplitRun
from napari_radiogenomics.fusion.validation.splits import halved, joint_strata
from napari_radiogenomics.statistics.survival import (
    Steps,
    censoring_weights,
    predicted_survival,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ERRORS", "split_error", "trade_off_table"]

Reals = NDArray[np.float64]
ERRORS: Mapping[Kind, str] = {
    "classification": "Brier score",
    "regression": "squared error over the variance of the outcome",
    "survival": "Brier score at the median time of the events",
}
"""What is taken apart, by the kind of the outcome."""
_COLUMNS = [
    "strategy", "without", "bias", "bias_low", "bias_high", "variance", "variance_low",
    "variance_high", "error", "above_least", "answered", "learned",
]  # fmt: skip


def split_error(one: Reals, other: Reals, truth: Reals, weight: Reals) -> tuple[Reals, Reals]:
    """Bias² with noise, and variance, of each patient; their means are unbiased.

    Parameters
    ----------
    one, other : ndarray, shape (N,)
        What two fits of independent training sets say of patients that neither has seen.
    truth : ndarray, shape (N,)
        What is true.
    weight : ndarray, shape (N,)
        How much each patient counts.

    References
    ----------
    Geman 1992, https://doi.org/10.1162/neco.1992.4.1.1.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> bias, variance = split_error(half + 0.2, half - 0.2, np.array([1.0]), np.ones(1))
    >>> float(bias[0].round(2)), float(variance[0].round(2))
    (0.21, 0.08)
    """
    return weight * (one - truth) * (other - truth), weight * (one - other) ** 2 / 2


def trade_off_table(
    data: Data, models: Mapping[str, FusionModel], runs: Sequence[SplitRun], **options: Any
) -> pd.DataFrame:
    """Take the error of each strategy apart on the folds of the first repeat.

    Parameters
    ----------
    data : Data
        Patients.
    models : mapping of str to FusionModel
        Unfitted.
    runs : sequence of SplitRun
        Main run, whose folds are used.
    **options
        ``workers`` and ``progress``.

    Returns
    -------
    DataFrame
        See `FusionResult.trade_off`; empty where half of the training patients are too few.
    """
    import pandas as pd

    outcome, sites = data.outcome, data.tables.sites
    strata = outcome.strata() if sites is None else joint_strata(outcome.strata(), sites)
    splits = [
        half
        for run in runs
        if run.split.repeat == 0
        for half in halved(run.split, strata, data.seed)
    ]
    settings = {"details": False, "lacking": True, "what": "Halves of the patients", **options}
    enough = all(data.outcome.take(s.train).n_events >= data.inner_folds for s in splits)
    halves = run_able(data, models, splits, **settings) if enough else []
    names = list(dict.fromkeys(name for run in halves for name in run.links))
    parts = {
        (name, without): _of_patients(outcome, halves, name, without)
        for without in ("", *data.tables.present)
        for name in names
    }
    rows = [_row(key, parts, halves) for key in parts]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _of_patients(
    outcome: Outcome, halves: Sequence[SplitRun], name: str, without: str
) -> tuple[Reals, Reals]:
    """Bias² with noise, and variance, shape (N,) each; NaN where a fit has no answer."""
    bias, variance = np.full(len(outcome), np.nan), np.full(len(outcome), np.nan)
    truth, weight, middle = _truth(outcome)
    for first, second in _pairs(halves):
        rows = first.split.test
        one, other = (
            _shown(outcome.kind, run.without[name, without] if without else run.links[name],
                   run.hazards[name], middle)
            for run in (first, second)
        )  # fmt: skip
        bias[rows], variance[rows] = split_error(one, other, truth[rows], weight[rows])
    return bias, variance


def _pairs(halves: Sequence[SplitRun]) -> list[tuple[SplitRun, SplitRun]]:
    return list(zip(halves[::2], halves[1::2], strict=True))


def _truth(outcome: Outcome) -> tuple[Reals, Reals, float]:
    """What is true, how much each patient counts, and the time it is about; shape (N,) each."""
    if outcome.kind == "survival":
        middle = float(np.median(outcome.values[outcome.event]))
        weight = censoring_weights(outcome.values, outcome.event, middle)
        return (outcome.values > middle).astype(float), weight, middle
    spread = float(outcome.values.var()) if outcome.kind == "regression" else 1.0
    return outcome.values, np.full(len(outcome), 1 / spread), np.nan


def _shown(kind: Kind, link: Reals, hazard: Steps | None, middle: float) -> Reals:
    """A prediction on the scale on which errors are taken, shape (N,)."""
    if kind == "classification":
        return np.asarray(sigmoid(link), float)
    if hazard is None:
        return link
    known, shown = np.isfinite(link), np.full(len(link), np.nan)
    shown[known] = predicted_survival(hazard, link[known], middle)
    return shown


def _row(
    key: tuple[str, str],
    parts: Mapping[tuple[str, str], tuple[Reals, Reals]],
    halves: Sequence[SplitRun],
) -> tuple[Any, ...]:
    bias, variance = parts[key]
    known = np.isfinite(bias)
    learned = float(np.mean([len(run.split.train) for run in halves]))
    if not known.any():
        return (*key, *[np.nan] * 8, 0.0, learned)
    ends = []
    for part in (bias, variance):
        ends += [float(part[known].mean()), *_interval(part[known])]
    error = ends[0] + ends[3]
    return (*key, *ends, error, _above(key, parts), float(known.mean()), learned)


def _interval(part: Reals) -> tuple[float, float]:
    """Of 95 %, over the patients that were tested, by these fits."""
    if part.size < 2:
        return np.nan, np.nan
    mean, reach = float(part.mean()), 1.96 * float(part.std(ddof=1)) / part.size**0.5
    return max(0.0, mean - reach), mean + reach


def _above(key: tuple[str, str], parts: Mapping[tuple[str, str], tuple[Reals, Reals]]) -> float:
    """Bias² above that of the least biased strategy on the patients of both: noise cancels."""
    own = parts[key][0]
    gaps = [
        float((own - other)[np.isfinite(own - other)].mean())
        for (_, without), (other, _) in parts.items()
        if without == key[1] and np.isfinite(own - other).any()
    ]
    return max(gaps, default=np.nan)
