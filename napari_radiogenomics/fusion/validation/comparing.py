"""Tables of a validation: measures, paired differences, sites, calibration, decisions.

Letters: N patients, K folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.intervals import Estimate, Held
from napari_radiogenomics.fusion.validation.measures import (
    MAIN,
    main_measure,
    measures,
    score_folds,
)
from napari_radiogenomics.fusion.validation.metrics import net_benefit, wilson
from napari_radiogenomics.fusion.validation.paired import Paired, on_both
from napari_radiogenomics.fusion.validation.split_run import SplitRun
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.statistics.roc import compare_areas

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "calibration_curve",
    "compare_pairs",
    "decision_curve",
    "estimates_row",
    "held_of",
    "measure_table",
    "patient_means",
    "site_table",
]

Reals = NDArray[np.float64]
_BINS = 5
_THRESHOLDS = np.linspace(0.05, 0.95, 19)


def held_of(runs: Sequence[SplitRun], name: str) -> list[Held]:
    """Predictions of a model, fold by fold."""
    return [
        Held(run.split.repeat, run.split.test, run.links[name], run.hazards[name]) for run in runs
    ]


def estimates_row(found: Mapping[str, Estimate]) -> dict[str, float]:
    """Columns of a table: each measure, and its interval."""
    row: dict[str, float] = {}
    for name, estimate in found.items():
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row


def measure_table(
    outcome: Outcome, runs: Sequence[SplitRun], *, seed: int, progress: Progress = quiet
) -> pd.DataFrame:
    """Measures of every model; see `FusionResult.table`."""
    import pandas as pd

    rows = {}
    for name in progress(list(runs[0].links), "Measures"):
        folds = held_of(runs, name)
        row = estimates_row(measures(outcome, folds, seed=seed))
        apparent = [
            Held(r.split.repeat, r.split.train, r.apparent[name], r.hazards[name]) for r in runs
        ]
        row["optimism"] = _mean(score_folds(outcome, apparent)) - row[MAIN[outcome.kind]]
        row["variance"] = _variance(outcome, folds)
        row["features"] = float(np.mean([(run.weights[name]["share"] > 0).sum() for run in runs]))
        asked = sum(len(fold.rows) for fold in folds)
        row["answered"] = sum(len(fold.known().rows) for fold in folds) / max(asked, 1)
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("strategy")


def _mean(values: Reals) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def _variance(outcome: Outcome, folds: Sequence[Held]) -> float:
    """Mean variance of a patient's prediction between fits; NaN without a second one."""
    made: dict[int, list[float]] = {}
    for fold in (fold.known() for fold in folds):
        shown = sigmoid(fold.link) if outcome.kind == "classification" else fold.link
        for row, value in zip(fold.rows.tolist(), shown.tolist(), strict=True):
            made.setdefault(row, []).append(value)
    spreads = [np.var(values, ddof=1) for values in made.values() if len(values) > 1]
    return float(np.mean(spreads)) if spreads else np.nan


def compare_pairs(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Every two models on the patients that both answered; see `FusionResult.comparison`."""
    import pandas as pd

    names = list(runs[0].links)
    held = {name: held_of(runs, name) for name in names}
    means = {name: patient_means(outcome, held[name]) for name in names}
    share = float(np.mean([len(run.split.test) / len(run.split.train) for run in runs]))
    compared, rows = Paired(outcome, share), []
    for one, other in combinations(names, 2):
        first, second = (score_folds(outcome, own) for own in on_both(held[one], held[other]))
        gain = compared(held[one], held[other])
        delong = _delong(outcome, means[one], means[other])
        shared = int((np.isfinite(means[one]) & np.isfinite(means[other])).sum())
        rows.append((one, other, *gain, delong, shared, _mean(first), _mean(second)))
    columns = ["strategy", "other", "difference", "difference_low", "difference_high", "p_value"]
    columns += ["p_delong", "patients", "value", "other_value"]
    return pd.DataFrame(rows, columns=columns)


def patient_means(outcome: Outcome, folds: Sequence[Held]) -> Reals:
    """Mean prediction of each patient, shape (N,); NaN where there is none."""
    total, count = np.zeros(len(outcome)), np.zeros(len(outcome))
    for fold in (fold.known() for fold in folds):
        np.add.at(total, fold.rows, fold.link)
        np.add.at(count, fold.rows, 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _delong(outcome: Outcome, one: Reals, other: Reals) -> float:
    both = np.flatnonzero(np.isfinite(one) & np.isfinite(other))
    if outcome.kind != "classification" or outcome.take(both).n_events < 2:
        return np.nan
    return compare_areas(outcome.values[both], one[both], other[both])[1]


def site_table(outcome: Outcome, runs: Sequence[SplitRun], sites: Any) -> pd.DataFrame:
    """Main measure at each site, from the mean prediction of its patients."""
    import pandas as pd

    columns = ["strategy", "site", "patients", "events", "value", "low", "high"]
    if sites is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for name in runs[0].links:
        means = patient_means(outcome, held_of(runs, name))
        for site in np.unique(sites.astype(str)):
            own = np.flatnonzero((sites.astype(str) == site) & np.isfinite(means))
            fold = [Held(0, own, means[own])]
            found = main_measure(outcome, fold)
            events = outcome.take(own).n_events
            rows.append((name, site, len(own), events, found.value, found.low, found.high))
    return pd.DataFrame(rows, columns=columns)


def calibration_curve(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Predicted against observed share in fifths of the patients, with Wilson's interval."""
    import pandas as pd

    columns = ["strategy", "predicted", "observed", "low", "high", "patients"]
    rows: list[tuple[Any, ...]] = []
    if outcome.kind != "classification":
        return pd.DataFrame(rows, columns=columns)
    for name in runs[0].links:
        p = sigmoid(patient_means(outcome, held_of(runs, name)))
        known = np.flatnonzero(np.isfinite(p))
        order = known[np.argsort(p[known], kind="stable")]
        for part in np.array_split(order, _BINS):
            if part.size:
                seen = float(outcome.values[part].mean())
                rows.append((name, p[part].mean(), seen, *wilson(seen, part.size), part.size))
    return pd.DataFrame(rows, columns=columns)


def decision_curve(outcome: Outcome, runs: Sequence[SplitRun]) -> pd.DataFrame:
    """Net benefit of each model, and of treating all, over thresholds."""
    import pandas as pd

    columns = ["strategy", "threshold", "net_benefit"]
    if outcome.kind != "classification":
        return pd.DataFrame(columns=columns)
    share = float(outcome.values.mean())
    curves = {"treat all": share - (1 - share) * _THRESHOLDS / (1 - _THRESHOLDS)}
    for name in runs[0].links:
        p = sigmoid(patient_means(outcome, held_of(runs, name)))
        known = np.isfinite(p)
        if known.any():
            curves[name] = net_benefit(outcome.values[known], p[known], _THRESHOLDS)
    rows = [
        (name, threshold, value)
        for name, curve in curves.items()
        for threshold, value in zip(_THRESHOLDS, curve, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)
