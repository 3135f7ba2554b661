"""One row a patient of a validation: what was said of them by models that did not see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Kind
from napari_radiogenomics.fusion.validation.survival_at import SURVIVAL

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["patient_table", "top_features"]

_DRIVERS = 3


def patient_table(
    predictions: pd.DataFrame,
    contributions: pd.DataFrame,
    *,
    kind: Kind,
    classes: tuple[Any, ...],
    strategy: str,
    level: float,
) -> pd.DataFrame:
    """See `FusionResult.patients`."""
    if not 0 < level < 1:
        raise InputError(f"level is {level}; it must be between 0 and 1, such as 0.9.")
    own = predictions[predictions["strategy"] == strategy]
    groups = own.groupby("patient_id", sort=False)
    facts = [name for name in ("outcome", "event", "site") if name in own]
    known = ("link", "fits_0", "fits_1", "low", "high", *SURVIVAL)
    means = groups[[column for column in known if column in own]].mean()
    table = groups[facts].first().join(means)
    if kind == "classification":
        table = _of_classes(table, classes, level)
    elif kind == "regression":
        table = table.rename(columns={"link": "predicted"})
        inside = (table["low"] <= table["outcome"]) & (table["outcome"] <= table["high"])
        table["right"] = inside.where(table["predicted"].notna())
    else:
        table = table.rename(columns={"outcome": "time"})
    drivers = top_features(contributions[contributions["strategy"] == strategy])
    table["drivers"] = table.index.map(drivers)
    table["drivers"] = table["drivers"].fillna("")
    table = table.rename_axis("patient_id")
    table.attrs = {name: predictions.attrs[name] for name in ("at",) if name in predictions.attrs}
    table.attrs["classes"] = tuple(map(str, classes))
    return table


def _of_classes(table: pd.DataFrame, classes: tuple[Any, ...], level: float) -> pd.DataFrame:
    names = np.array([str(name) for name in classes], object)
    truth = table["outcome"].to_numpy(int)
    fits = table[["fits_0", "fits_1"]].to_numpy(float) > 1 - level
    known = np.isfinite(table["link"].to_numpy(float))
    told = table.drop(columns=["fits_0", "fits_1"])
    told["outcome"] = names[truth]
    told["probability"] = sigmoid(table["link"].to_numpy(float))
    told["set"] = [
        (", ".join(names[row]) or "none") if there else "not answered"
        for row, there in zip(fits, known, strict=True)
    ]
    said = (told["probability"] > 0.5).to_numpy(int)
    told["right"] = [bool(a == b) if there else None
                     for a, b, there in zip(said, truth, known, strict=True)]  # fmt: skip
    told["covered"] = fits[np.arange(len(truth)), truth]
    return told


def top_features(contributions: pd.DataFrame) -> Mapping[str, str]:
    """The three features that moved each patient most, in words.

    Parameters
    ----------
    contributions : DataFrame
        Of one strategy.
    """
    named = contributions[contributions["feature"] != ""]
    order = named["contribution"].abs().sort_values(ascending=False, kind="stable").index
    top = named.loc[order].groupby("patient_id", sort=False).head(_DRIVERS)
    found: dict[str, list[str]] = {}
    for row in top.itertuples():
        found.setdefault(str(row.patient_id), []).append(f"{row.feature} {row.contribution:+.2f}")
    return {name: "; ".join(words) for name, words in found.items()}
