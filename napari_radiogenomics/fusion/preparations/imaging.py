"""Imaging features: unstable ones out, sites harmonized, repeats out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.columns import filled, learn_columns
from napari_radiogenomics.fusion.models.redundancy import distinct, stable
from napari_radiogenomics.fusion.models.site_effect import learn_sites, without_sites
from napari_radiogenomics.fusion.preparation import Preparation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PREPARATION"]


def _learn(
    frame: pd.DataFrame, sites: NDArray[Any] | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    known = list(map(str, frame.columns))
    still = stable(known, settings["icc"], settings["min_icc"])
    state, values = learn_columns(frame.iloc[:, still])
    effect = learn_sites(values, sites) if settings["harmonize"] else None
    values = values if effect is None else without_sites(effect, values, sites)
    kept = distinct(values, most=settings["most_alike"])
    notes = list(state["notes"])
    if len(still) < len(known):
        notes.append(f"{len(known) - len(still)} features with an ICC below the limit were left.")
    if len(kept) < values.shape[1]:
        notes.append(f"{values.shape[1] - len(kept)} features that repeat others were left out.")
    # Only what is used is kept, so that a new cohort need not hold the rest.
    return {
        "columns": [state["columns"][at] for at in kept],
        "medians": state["medians"][kept],
        "effect": None if effect is None else {k: _part(k, v, kept) for k, v in effect.items()},
        "names": [state["columns"][at] for at in kept],
        "notes": notes,
    }


def _part(name: str, value: Any, kept: NDArray[np.intp]) -> Any:
    return value if name == "sites" else value[..., kept]


def _apply(state: Mapping[str, Any], frame: pd.DataFrame, sites: Any) -> NDArray[Any]:
    return without_sites(state["effect"], filled(state, frame), sites)


PREPARATION = Preparation(
    name="imaging",
    title="Imaging features",
    meaning="Leaves out features with a low ICC (if a list is given), takes site effects out by "
    "ComBat learned on the training patients, and keeps one of each cluster of like features.",
    defaults={"harmonize": True, "most_alike": 0.9, "icc": None, "min_icc": 0.75},
    learn=_learn,
    apply=_apply,
)
