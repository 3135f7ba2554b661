"""Which numbers tell how good predictions of a kind of outcome are.

Letters: N patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.calibration import calibration_line
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Kind, Outcome
from napari_radiogenomics.fusion.validation.drawn_times import drawn_measures
from napari_radiogenomics.fusion.validation.intervals import (
    Estimate,
    Held,
    Measured,
    drawn_interval,
    fold_mean,
)
from napari_radiogenomics.fusion.validation.metrics import (
    average_precision,
    balanced_accuracy,
    brier_score,
    r_squared,
)
from napari_radiogenomics.fusion.validation.tied import (
    least_variance_of_area,
    least_variance_of_pairs,
)
from napari_radiogenomics.statistics.roc import area_under_curve
from napari_radiogenomics.statistics.survival import Concordance, concordance, uno_concordance

__all__ = [
    "CHANCE",
    "MAIN",
    "WORDS",
    "main_measure",
    "main_of",
    "measures",
    "score_folds",
    "slope_ends",
    "slope_word",
]

Reals = NDArray[np.float64]
Metric = Callable[[Outcome, Reals], float]
MAIN: dict[Kind, str] = {
    "classification": "auc",
    "regression": "r_squared",
    "survival": "concordance",
}
"""The number by which strategies are compared."""
WORDS = {"auc": "AUC", "r_squared": "R²", "concordance": "concordance"}
"""The main measures as a person reads them."""
_FAR = 10  # slopes beyond are not told apart
CHANCE: dict[Kind, float] = {"classification": 0.5, "regression": 0.0, "survival": 0.5}
"""What it is where nothing is learned."""


def _slope(outcome: Outcome, link: Reals) -> float:
    return calibration_line(outcome, link).slope


def _intercept(outcome: Outcome, link: Reals) -> float:
    """Calibration in the large: what has to be added to all predictions, on the link's scale."""
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
    "mean_absolute_error": lambda o, link: float(np.mean(np.abs(o.values - link))),
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
}


def _area(outcome: Outcome, link: Reals) -> Measured | None:
    if outcome.n_events == 0:
        return None
    area = area_under_curve(outcome.values, link)
    return area.value, float(np.fmax(area.variance, least_variance_of_area(outcome.values, link)))


def _share(outcome: Outcome, link: Reals) -> Measured | None:
    """R² and its variance by the delta method on the squared distances."""
    y, n = outcome.values, len(outcome)
    if n < 3 or np.ptp(y) == 0:
        return None
    value = r_squared(y, link, mean=y.mean())
    off, all_ = (y - link) ** 2, (y - y.mean()) ** 2
    part = (off - (1 - value) * all_) / all_.mean()
    return value, float(part.var(ddof=1) / n)


def _concordance(outcome: Outcome, link: Reals) -> Measured | None:
    return _of_pairs(concordance, outcome, link)


def _uno(outcome: Outcome, link: Reals) -> Measured | None:
    return _of_pairs(uno_concordance, outcome, link)


def _of_pairs(
    measure: Callable[[Reals, NDArray[np.bool_], Reals], Concordance], outcome: Outcome, link: Reals
) -> Measured | None:
    time, event = outcome.values, outcome.event
    try:
        found = measure(time, event, link)
    except InputError:  # no two patients can be compared
        return None
    later = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    least = least_variance_of_pairs((event[:, None] & later).astype(float), link)
    return found.value, max(found.variance, least)


_MAIN: dict[Kind, Callable[[Outcome, Reals], Measured | None]] = {
    "classification": _area,
    "regression": _share,
    "survival": _concordance,
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
    found = {MAIN[outcome.kind]: main_measure(outcome, folds)}
    if outcome.kind == "survival":
        return found | _of_times(outcome, folds, seed)
    pooled = _CLASSES if outcome.kind == "classification" else _NUMBERS
    if not any(np.isfinite(fold.link).any() for fold in folds):
        return found | dict.fromkeys(pooled, Estimate(np.nan))
    for name, metric in pooled.items():
        found[name] = drawn_interval(outcome, folds, metric, seed=seed)
    return found


def _of_times(outcome: Outcome, folds: Sequence[Held], seed: int) -> dict[str, Estimate]:
    """Measures of survival beside the main one."""
    uno = fold_mean(outcome, folds, _uno)[0]
    return {"uno_concordance": uno, **drawn_measures(outcome, folds, seed=seed)}


def slope_ends(low: float, high: float, *, figures: int = 2) -> str:
    """Interval of a calibration slope in words; far from 1 only that it is far can be told.

    Predictions that hardly differ are stretched by any slope alike.

    Examples
    --------
    >>> slope_ends(0.8, 1.25), slope_ends(0.959, 195.0)
    (' (0.80 to 1.25)', ' (0.96 to above 10, not identified)')
    """
    if not np.isfinite([low, high]).all():
        return ""
    ends = " to ".join(slope_word(end, figures=figures) for end in (low, high))
    return f" ({ends}{', not identified' if max(-low, high) > _FAR else ''})"


def slope_word(slope: float, *, figures: int = 2) -> str:
    """A calibration slope, or that it cannot be told from any other so steep.

    Examples
    --------
    >>> slope_word(1.234), slope_word(195.0), slope_word(-30.0)
    ('1.23', 'above 10', 'below -10')
    """
    if abs(slope) > _FAR:
        return f"above {_FAR}" if slope > 0 else f"below -{_FAR}"
    return f"{slope:.{figures}f}"


def main_of(kind: Kind) -> Callable[[Outcome, Reals], Measured | None]:
    """Main measure of one fold and its variance; None where the fold tells nothing."""
    return _MAIN[kind]


def main_measure(outcome: Outcome, folds: Sequence[Held]) -> Estimate:
    """Main measure with its interval."""
    least = -np.inf if outcome.kind == "regression" else 0.0
    return fold_mean(outcome, folds, _MAIN[outcome.kind], least=least)[0]


def score_folds(outcome: Outcome, folds: Sequence[Held]) -> Reals:
    """Main measure in each fold; NaN where it cannot be told."""
    return fold_mean(outcome, folds, _MAIN[outcome.kind])[1]
