"""The card of a model: what it is for, what it was made of, how good it is, where it fails."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.fusion.checks.lost_columns import cost_without
from napari_radiogenomics.fusion.explaining.importance import feature_weights
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.result import FusionResult
from napari_radiogenomics.fusion.survival_curves import time_unit, time_words
from napari_radiogenomics.fusion.validation.measures import WORDS, slope_ends
from napari_radiogenomics.fusion.validation.operating_points import POINTS
from napari_radiogenomics.fusion.validation.survival_at import time_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["model_card", "validation_lines"]

_SHOWN = 10
_NOUNS = {
    "regression": "a number",
    "survival": "the hazard of an event, and the probability of none by a time",
}
_MEASURES = {
    "uno_concordance": "Uno's C (censoring estimated from the patients left out)",
    "auc_at_median": "AUC",
    "brier": "Brier score",
    "integrated_brier": "integrated Brier score",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
}
"""Measures beside the main one, as the card calls them."""


def model_card(
    model: FusionModel, result: FusionResult | None = None, *, strategy: str = ""
) -> str:
    """Describe a fitted model in Markdown (Mitchell 2019, https://doi.org/10.1145/3287560.3287596).

    Parameters
    ----------
    model : FusionModel
        Fitted.
    result : FusionResult, optional
        Validation that it is of; without it the one that a model of `fuse` carries.
    strategy : str, optional
        Its name in the result; the trusted one without it.

    Returns
    -------
    str
        Holds no values of any patient.
    """
    fitted = model.fitted_
    facts = fitted.facts
    kind = getattr(model, "strategy", type(model).__name__)
    carried = facts.get("validation", {})
    name = strategy or (result.trusted if result else "") or carried.get("strategy", kind)
    outcome = _outcome(fitted)
    lines = [f"# {name}: {outcome}", ""]
    lines += [
        f"Predicts {_predicted(fitted)}: {outcome}. For research; not a medical device.",
        "",
        "## Training patients",
        "",
        *_patients(fitted),
    ]
    lines += [f"- {count} with {source}" for source, count in facts["held"].items()]
    lines += [f"- site {site}: {count}" for site, count in facts["sites"].items()]
    lines += ["", "## What it reads", ""]
    for expert in fitted.experts:
        for view in expert.views.values():
            lines.append(
                f"- {view.view.name}: {len(view.state['columns'])} columns, prepared as "
                f"{view.view.preparation}, {int(np.isfinite(view.scale).sum())} features"
            )
            lines += [f"  - {note}" for note in view.state.get("notes", ())]
    lines += ["", "## What it goes by", ""]
    lines += _top(model)
    if fitted.points:
        lines += ["", "## Operating points", ""]
        lines += [f"- {name}: called above {value:.3f}; chosen in the inner folds, {POINTS[name]}"
                  for name, value in fitted.points.items()]  # fmt: skip
    lines += ["", "## How good it is", ""]
    lines += list(carried.get("lines", ())) if result is None else validation_lines(result, name)
    if result is None and not carried:
        lines.append("No validation was given with it. Validate it with `fuse` before it is used.")
    lines += ["", "## Limits", "", *_limits(model)]
    lines += ["", f"Made with napari-radiogenomics {version('napari-radiogenomics')}.", ""]
    return "\n".join(lines)


def _outcome(fitted: Fitted) -> str:
    """Columns of the outcome."""
    event = fitted.facts.get("event", "")
    return f"{fitted.target}, event: {event}" if event else fitted.target


def _patients(fitted: Fitted) -> list[str]:
    """How many there were, and for times in what unit and how long they were watched."""
    facts, kind = fitted.facts, fitted.kind
    count, events = facts["patients"], facts["events"]
    if kind != "survival":
        rarer = f", {events} of the rarer class" if kind == "classification" else ""
        return [f"- {count} patients{rarer}"]
    unit = time_unit(fitted.target) or f"the unit of {fitted.target}"
    middle, last = (time_words(fitted.target, at) for at in
                    (time_of(fitted.scores, None), float(fitted.scores["times"][-1])))  # fmt: skip
    return [
        f"- {count} patients, {events} with the event, {count - events} censored",
        f"- times in {unit}; median follow-up: {middle} (probabilities are of no event by then "
        f"unless another time is asked for), last event: {last} (none is given beyond)",
    ]


def _predicted(fitted: Fitted) -> str:
    if fitted.kind != "classification":
        return _NOUNS[fitted.kind]
    other, event = fitted.classes
    return f'the probability of "{event}" (against "{other}")'


def _top(model: FusionModel) -> list[str]:
    weights = feature_weights(model.fitted_)
    used = weights[weights["share"] > 0].sort_values("share", ascending=False)
    if not len(used):
        return ["- nothing: it answers alike for everybody"]
    by_view = used.groupby("view", sort=False)["share"].sum()
    lines = [f"- {view}: {share:.0%}" for view, share in by_view.items()]
    top = used.head(_SHOWN)
    lines += [f"- {row.feature} ({row.view}): {row.share:.1%}" for row in top.itertuples()]
    return lines


def validation_lines(result: FusionResult, name: str) -> list[str]:
    """How good a strategy of a validation is, as lines of Markdown."""
    if name not in result.table.index:
        return [f"The validation that was given has no strategy {name}."]
    row, main = result.table.loc[name], result.main
    lines = [
        f"- {WORDS[main]} {row[main]:.3f} ({row[f'{main}_low']:.3f} to {row[f'{main}_high']:.3f}), "
        f"{result.scheme}, on patients that were not learned from",
        f"- {row['answered']:.0%} of the patients answered",
    ]
    lines += [f"- {_measured(result, measure, row)}" for measure in _MEASURES if measure in row]
    lines += _at_points(result, name)
    if result.external is not None:
        there = result.external.loc[name]
        lines.append(
            f"- another cohort: {WORDS[main]} {there[main]:.3f}, {there['answered']:.0%} of its "
            "patients answered"
        )
    return lines + [f"- {sentence}" for sentence in result.told]


def _measured(result: FusionResult, name: str, row: pd.Series) -> str:
    """A measure with its interval, and where it is of one time that time."""
    words = _MEASURES[name]
    if name == "auc_at_median":
        at = result.model().fitted_.facts["median_event_time"]
        words += f" at {time_words(result.target, at)} (median of the events)"
    low, high = row.get(f"{name}_low", np.nan), row.get(f"{name}_high", np.nan)
    ends = f" ({low:.3f} to {high:.3f})" if np.isfinite([low, high]).all() else ""
    if name == "calibration_slope":
        ends = slope_ends(low, high, figures=3)
    return f"{words} {row[name]:.3f}{ends}"


def _at_points(result: FusionResult, name: str) -> list[str]:
    table = result.points
    own = table[table["strategy"] == name]
    lines = [
        f"- {row.point} ({row.cohort}): sensitivity {row.sensitivity:.2f} "
        f"({row.sensitivity_low:.2f} to {row.sensitivity_high:.2f}), specificity "
        f"{row.specificity:.2f} ({row.specificity_low:.2f} to {row.specificity_high:.2f})"
        for row in own.itertuples()
    ]
    if (own["cohort"] == "left out").any():
        lines.append(
            "- what is left out was called by the thresholds that each fold had chosen for its own "
            "model, not by those above: their order may differ"
        )
    return lines


def _limits(model: FusionModel) -> list[str]:
    fitted = model.fitted_
    lines = []
    if fitted.rule == "first":
        needs = [" + ".join(expert.views) for expert in fitted.experts]
        lines.append(f"- Answers patients who have {' or '.join(needs)}; no one else.")
    else:
        lines.append("- Answers from whatever modalities a patient has.")
    lines += [
        f"- Without {name}: {cost_without(fitted, name)}" for name in fitted.facts.get("lost", ())
    ]
    sites = list(fitted.facts["sites"])
    if sites:
        lines.append(
            f"- Harmonized over {', '.join(sites)}. Patients of another site are harmonized among "
            "themselves if there are at least 10, and not at all else."
        )
    lines.append("- A prediction is only as good as the likeness of the patient to those above.")
    return lines
