"""Which numbers tell how good predictions of a kind of outcome are.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.calibration import calibration_line
from napari_radiogenomics.fusion.intervals import (
    Estimate,
    Held,
    drawn_interval,
    fold_area,
    fold_values,
)
from napari_radiogenomics.fusion.metrics import (
    average_precision,
    balanced_accuracy,
    brier_score,
    concordance,
    r_squared,
)
from napari_radiogenomics.fusion.outcome import Kind, Outcome
from napari_radiogenomics.fusion.predictor import sigmoid

__all__ = ["MAIN", "measures", "score_folds"]

Reals = NDArray[np.float64]
Metric = Callable[[Outcome, Reals], float]
MAIN: dict[Kind, str] = {
    "classification": "auc",
    "regression": "r_squared",
    "survival": "concordance",
}
"""The number by which strategies are compared."""


def _slope(outcome: Outcome, link: Reals) -> float:
    return calibration_line(outcome, link).slope


def _intercept(outcome: Outcome, link: Reals) -> float:
    """Calibration in the large: mean difference where the slope is 1, on the link's scale."""
    if outcome.kind != "classification":
        return float(np.mean(outcome.values - link))
    shift = 0.0
    for _ in range(50):
        p = sigmoid(link + shift)
        step = float(np.sum(outcome.values - p) / max(np.sum(p * (1 - p)), 1e-9))
        shift += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return shift


_CLASSES: dict[str, Metric] = {
    "auprc": lambda o, link: average_precision(o.values, link),
    "balanced_accuracy": lambda o, link: balanced_accuracy(o.values, sigmoid(link)),
    "brier": lambda o, link: brier_score(o.values, sigmoid(link)),
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
}
_NUMBERS: dict[str, Metric] = {
    "r_squared": lambda o, link: r_squared(o.values, link, mean=o.values.mean()),
    "mean_absolute_error": lambda o, link: float(np.mean(np.abs(o.values - link))),
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
}
_TIMES: dict[str, Metric] = {
    "concordance": lambda o, link: concordance(o.values, o.event, link),
    "calibration_slope": _slope,
}
_POOLED: dict[Kind, dict[str, Metric]] = {
    "classification": _CLASSES,
    "regression": _NUMBERS,
    "survival": _TIMES,
}


def measures(outcome: Outcome, folds: Sequence[Held], *, seed: int) -> dict[str, Estimate]:
    """All measures of a kind of outcome.

    Parameters
    ----------
    outcome : Outcome
        Of all patients.
    folds : sequence of Held
        Predictions of patients that were not learned from.
    seed : int
        Of what is drawn for the intervals.
    """
    found: dict[str, Estimate] = {}
    if not any(np.isfinite(fold.link).any() for fold in folds):
        names = [MAIN[outcome.kind], *_POOLED[outcome.kind]]
        return dict.fromkeys(names, Estimate(np.nan))
    if outcome.kind == "classification":
        found["auc"] = fold_area(outcome, folds)[0]
    for name, metric in _POOLED[outcome.kind].items():
        found[name] = drawn_interval(outcome, folds, metric, seed=seed)
    if outcome.kind == "survival":  # risks of different folds are not compared
        mean = float(np.nanmean(score_folds(outcome, folds)))
        drawn = found["concordance"]
        shift = mean - drawn.value
        low, high = max(0.0, drawn.low + shift), min(1.0, drawn.high + shift)
        found["concordance"] = Estimate(mean, low, high)
    return found


def score_folds(outcome: Outcome, folds: Sequence[Held]) -> Reals:
    """Main measure in each fold; NaN where it cannot be told."""
    if outcome.kind == "classification":
        return fold_area(outcome, folds)[1]
    return fold_values(outcome, folds, _POOLED[outcome.kind][MAIN[outcome.kind]])
