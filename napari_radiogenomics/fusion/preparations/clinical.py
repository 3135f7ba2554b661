"""Clinical facts: numbers, groups as columns of 0 and 1, and what was not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.preparation import Preparation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATION"]

Reals = NDArray[np.float64]
_MOST_LEVELS, _FEWEST = 12, 2


def _learn(
    frame: pd.DataFrame, sites: NDArray[Any] | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    columns: list[dict[str, Any]] = []
    left: list[str] = []
    for name in frame.columns:
        column = _column(str(name), frame[name])
        if column is None:
            left.append(str(name))
        else:
            columns.append(column)
    names = [feature for column in columns for feature in _features(column)]
    if not names:
        raise InputError(
            f"None of the {frame.shape[1]} clinical columns can be used: they do not vary, or are "
            "free text. Give numbers or groups."
        )
    notes = [f"Clinical columns left out (constant, ids or free text): {', '.join(left)}."]
    return {
        "columns": [column["name"] for column in columns],
        "code": columns,
        "names": names,
        "origins": [column["name"] for column in columns for _ in _features(column)],
        "notes": notes if left else [],
    }


def _column(name: str, values: pd.Series) -> dict[str, Any] | None:
    """How a column becomes features; None where it cannot."""
    missing = int(values.isna().sum())
    gap = _FEWEST <= missing <= len(values) - _FEWEST
    known = values.dropna()
    if values.dtype.kind in "iuf" or (values.dtype.kind == "b"):
        numbers = known.to_numpy(float)
        varies = numbers.size > 0 and np.ptp(numbers) > 0
        if not (varies or gap):
            return None
        middle = float(np.median(numbers)) if numbers.size else 0.0
        return {"name": name, "middle": middle, "levels": None, "gap": gap, "varies": varies}
    counts = known.astype(str).str.strip().value_counts()
    counts = counts[(counts >= _FEWEST) & (counts.index != "")]
    if len(counts) > _MOST_LEVELS or (len(counts) < 2 and not gap):
        return None
    levels = sorted(counts.index)
    return {"name": name, "middle": 0.0, "levels": levels, "gap": gap, "varies": len(levels) > 1}


def _features(column: Mapping[str, Any]) -> list[str]:
    name, levels = column["name"], column["levels"]
    made: list[str] = []
    if column["varies"]:
        # Of two levels, one column says all.
        shown = levels[1:] if levels is not None and len(levels) == 2 else levels
        made = [name] if shown is None else [f"{name}={level}" for level in shown]
    return made + [f"{name}_missing"] * bool(column["gap"])


def _apply(state: Mapping[str, Any], frame: pd.DataFrame, sites: Any) -> Reals:
    import pandas as pd

    parts: list[Reals] = []
    for column in state["code"]:
        values = frame.reindex(columns=[column["name"]])[column["name"]]
        missing = values.isna().to_numpy()
        if column["varies"] and column["levels"] is None:
            numbers = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
            missing = ~np.isfinite(numbers)
            parts.append(np.where(missing, column["middle"], numbers))
        elif column["varies"]:
            text = values.astype(str).str.strip().to_numpy()
            missing |= text == ""
            levels = column["levels"]
            shown = levels[1:] if len(levels) == 2 else levels
            parts += [(text == level).astype(float) for level in shown]
        if column["gap"]:
            parts.append(missing.astype(float))
    return np.column_stack(parts)


PREPARATION = Preparation(
    name="clinical",
    title="Clinical facts",
    meaning="Numbers as they are, groups as columns of 0 and 1 with the levels of the training "
    "patients, and a column that says what was not measured.",
    defaults={},
    learn=_learn,
    apply=_apply,
)
