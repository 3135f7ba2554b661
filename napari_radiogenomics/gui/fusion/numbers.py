"""Numbers of the strategies side by side, and what each adds to what everybody has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_radiogenomics.fusion.survival_curves import time_words

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.result import FusionResult

__all__ = [
    "NAMES",
    "answered_of",
    "compared",
    "event_of",
    "is_plain",
    "median_event_time",
    "reference_of",
    "time_tips",
]

NAMES = {"auc": "AUC", "r_squared": "R²", "concordance": "concordance"}
"""Main measures as a person reads them."""
_OTHERS = {
    "brier": "Brier", "mean_absolute_error": "mean error", "integrated_brier": "int. Brier",
    "calibration_slope": "slope", "calibration_intercept": "intercept",
}  # fmt: skip


def is_plain(strategy: str) -> bool:
    """Whether it is what fusion has to beat: clinical facts and volume, or one modality."""
    return strategy == "baseline" or strategy.endswith(" alone")


def reference_of(result: FusionResult) -> str:
    """Strategy that the others are held against: the baseline, else the best single modality."""
    names = list(result.table.index)
    if "baseline" in names:
        return "baseline"
    plain = [name for name in names if is_plain(name)]
    best = result.table.loc[plain, result.main]
    return str(best.idxmax()) if len(best.dropna()) else ""


def event_of(result: FusionResult) -> str:
    """Name of the event of times; empty for other outcomes."""
    return str(result.model().fitted_.facts.get("event", ""))


def median_event_time(result: FusionResult) -> float:
    """Time at which areas are measured: the median of the events; NaN for other outcomes."""
    return float(result.model().fitted_.facts.get("median_event_time", np.nan))


def _area_title(result: FusionResult) -> str:
    return f"AUC at {time_words(result.target, median_event_time(result))}"


def time_tips(result: FusionResult) -> dict[str, str]:
    """What the columns of survival mean; none for other outcomes."""
    if result.kind != "survival":
        return {}
    return {
        "Uno's C": "Concordance, weighted so that censoring does not bend it; who is censored when "
        "is told by the patients left out themselves (Kaplan-Meier in each fold)",
        _area_title(result): "Who has the event until then (the median of the events) against who "
        "was watched beyond, weighted against censoring",
        "int. Brier": "Mean Brier score over the times that a fifth of the patients outlive; 0.25 "
        "is a coin, less is better",
        "slope": "Of calibration, on the log hazard; 1 is right, less is overconfident",
    }


def answered_of(row: pd.Series) -> str:
    """Share of the patients that a strategy answers; empty where it answers them all.

    Examples
    --------
    >>> answered_of(pd.Series({"answered": 0.55})), answered_of(pd.Series({"answered": 1.0}))
    ('55 %', '')
    """
    share = float(row["answered"])
    return "" if share >= 1 else f"{min(100 * share, 99):.0f} %"


def compared(result: FusionResult) -> pd.DataFrame:
    """Strategies × what is told of each, by title: interval, difference, p-values, calibration.

    Parameters
    ----------
    result : FusionResult
        What `fuse` found.
    """
    main, table = result.main, result.table
    reference = reference_of(result)
    rows = []
    for name in map(str, table.index):
        own = table.loc[name]
        row: dict[str, object] = {
            "strategy": name,
            NAMES[main]: own[main],
            "95 %": _interval(own[f"{main}_low"], own[f"{main}_high"]),
        }
        if result.kind == "survival":
            row |= {"Uno's C": own["uno_concordance"], _area_title(result): own["auc_at_median"]}
        row |= {"answered": own["answered"], "p perm.": own.get("p_permutation", np.nan)}
        row |= _held_against(result, name, reference)
        if "leave_site_out" in result.contrast:
            row["sites out"] = result.contrast["leave_site_out"].get(name, np.nan)
        if result.external is not None:
            row["2nd cohort"] = result.external.loc[name, main]
            row["answered 2nd"] = result.external.loc[name, "answered"]
        row |= {title: own[key] for key, title in _OTHERS.items() if key in own}
        row |= {"optimism": own["optimism"], "features": own["features"]}
        rows.append(row)
    return _without_plain(pd.DataFrame(rows))


def _without_plain(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out what tells nothing: p-values of no permutation, everybody answered."""
    plain = [
        name for name in ("answered", "answered 2nd") if name in table and (table[name] >= 1).all()
    ]
    plain += [name for name in ("p perm.",) if table[name].isna().all()]
    return table.drop(columns=plain)


def _interval(low: float, high: float) -> str:
    if not np.isfinite(low):
        return "none"
    return f"{low + 0.0:.2f} to {high + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _held_against(result: FusionResult, name: str, reference: str) -> dict[str, object]:
    """Difference from the reference on the patients that both answer, with its interval."""
    title = f"− {reference}"
    if not reference:
        return {}
    table, sign = result.comparison, 1.0
    row = table[(table["strategy"] == name) & (table["other"] == reference)]
    if row.empty:
        row, sign = table[(table["strategy"] == reference) & (table["other"] == name)], -1.0
    if row.empty:
        return {title: np.nan, "95 % of it": "", "p of it": np.nan}
    first = row.iloc[0]
    ends = sorted((sign * first["difference_low"], sign * first["difference_high"]))
    return {
        title: sign * first["difference"] + 0.0,
        "95 % of it": _interval(*ends),
        "p of it": first["p_value"],
    }
