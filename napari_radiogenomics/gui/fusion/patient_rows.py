"""Patients of a comparison, and of a model that was applied, as rows for the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.fusion.survival_curves import time_words
from napari_radiogenomics.gui.fusion.numbers import event_of
from napari_radiogenomics.gui.fusion.work import LEVEL

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult
    from napari_radiogenomics.gui.fusion.apply import Applied

__all__ = ["PATIENT_TIPS", "free_words", "rows_of_applied", "rows_of_result"]

_ENDS = f"{LEVEL:.0%}".replace("%", " %")
PATIENT_TIPS = {
    "class": "At the operating point of Youden, which the inner folds have chosen",
    "set": f"Classes that cannot be excluded at {_ENDS}",
    "low": f"Lower end of the interval of {_ENDS}",
    "high": f"Upper end of the interval of {_ENDS}",
    "log hazard": "By a model that did not learn from the patient; more is a higher hazard",
    _ENDS: "How far the training patients fix the probability; not when the event comes",
}
"""What the columns mean, whatever is predicted."""
_COLUMNS = (
    "patient_id", "outcome", "time", "event", "survival", _ENDS, "probability", "predicted", "low",
    "high", "link", "set", "site", "drivers", "right",
)  # fmt: skip
_APPLIED = ("survival", _ENDS, "probability", "class", "set", "low", "high", "link", "driver_1",
            "driver_2", "driver_3", "lacks")  # fmt: skip


def free_words(target: str, event: str, at: float) -> str:
    """What has a probability where times are predicted.

    Examples
    --------
    >>> free_words("os_days", "os_event", 2190.0)
    'no os_event by 2190 days'
    """
    return f"no {event or 'event'} by {time_words(target, at)}"


def rows_of_result(
    result: FusionResult, table: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Patients that were left out, by columns for the eye, and what these mean.

    Parameters
    ----------
    result : FusionResult
        What `fuse` found.
    table : DataFrame
        Of `FusionResult.patients`.
    """
    event = event_of(result)
    shown = _with_ends(table.drop(columns="covered", errors="ignore").reset_index())
    drivers = shown["drivers"].str.replace("original_", "", regex=False)
    shown["drivers"] = drivers.str.replace(" -", " −", regex=False).replace("", "none")
    names, told = {"patient_id": "patient", "link": "log hazard"}, {}
    if "time" in shown:
        shown["event"] = np.where(shown["event"].astype(bool), "yes", "no")
        free = free_words(result.target, event, table.attrs["at"])
        names |= {"survival": free, "time": result.target, "event": event or "event"}
        told[free] = "Probability by a model that did not learn from the patient (median follow-up)"
    else:
        shown = shown.drop(columns="link", errors="ignore")
    first = next((name for name in ("survival", "probability") if name in shown), "")
    if first:  # the most endangered first
        shown = shown.sort_values(first, ascending=first == "survival", kind="stable")
    if table.attrs.get("classes"):
        told["probability"] = f"Of {table.attrs['classes'][-1]}"
    return shown[[name for name in _COLUMNS if name in shown]].rename(columns=names), told


def rows_of_applied(applied: Applied) -> tuple[pd.DataFrame, dict[str, str]]:
    """Patients of a model that was applied, by columns for the eye, and what these mean."""
    table = _with_ends(applied.table)
    if applied.event in table:
        came = table[applied.event]
        table = table.assign(**{applied.event: came.map({0.0: "no", 1.0: "yes"}).fillna("")})
    known = list(table)[: list(table).index("link")]  # what came of them
    kept = [*known, *(name for name in _APPLIED if name in table)]
    if "probability" in kept:
        kept.remove("link")
    names, told = {"patient_id": "patient", "link": "log hazard"}, {}
    if "survival" in kept:
        names["survival"] = free_words(applied.target, applied.event, applied.table.attrs["at"])
        told[names["survival"]] = "Probability by the model"
    elif applied.main == "r_squared":
        names["link"] = "predicted"
    return table[kept].reset_index().rename(columns=names), told


def _with_ends(table: pd.DataFrame) -> pd.DataFrame:
    """The two ends of the probability of survival as one column of words."""
    if "survival" not in table:
        return table
    ends = [
        f"{low:.2f} to {high:.2f}" if np.isfinite(low) else ""
        for low, high in zip(table["survival_low"], table["survival_high"], strict=True)
    ]
    return table.drop(columns=["survival_low", "survival_high"]).assign(**{_ENDS: ends})
