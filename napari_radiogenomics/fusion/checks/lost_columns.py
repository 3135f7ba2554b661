"""What a new cohort lacks of what a model reads, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.fusion.checks.far_values import far_columns
from napari_radiogenomics.fusion.checks.unknown_levels import unknown_levels
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.site_effect import unharmonized
from napari_radiogenomics.fusion.models.views import MOST_MISSING
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.measures import WORDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cost_without", "losses", "lost_columns", "not_there"]

_SHOWN = 5


def losses(
    table: pd.DataFrame, without: pd.DataFrame, main: str, name: str
) -> dict[str, dict[str, Any]]:
    """What a validation measured of a strategy as if patients lacked a modality, for its file.

    Parameters
    ----------
    table, without : DataFrame
        As in `FusionResult`.
    main : str
        Measure.
    name : str
        Strategy.
    """
    own = without[without["strategy"] == name]
    return {
        str(row.without): {
            "measure": WORDS[main],
            "whole": _plain(table.loc[name, main]),
            "value": _plain(row.value),
            "answered": float(row.answered),
        }
        for row in own.itertuples()
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def cost_without(fitted: Fitted, name: str) -> str:
    """What the validation of a model says of patients who lack a modality, as a sentence."""
    lost = fitted.facts.get("lost", {}).get(name)
    if lost is None:
        return "What that costs was not measured: compare strategies with fuse to see it."
    if not lost["answered"] or lost["value"] is None:
        return f"In its validation nobody was answered without {name}."
    whole = "" if lost["whole"] is None else f"{lost['whole']:.2f} → "
    some = "" if lost["answered"] >= 1 else f", for the {lost['answered']:.0%} that are answered"
    return f"In its validation: {lost['measure']} {whole}{lost['value']:.2f} without {name}{some}."


def not_there(fitted: Fitted, tables: Tables) -> dict[str, str]:
    """Modalities, and views of them, that count as not there: why, and what that costs.

    Parameters
    ----------
    fitted : Fitted
        The model.
    tables : Tables
        Of the new patients.
    """
    said: dict[str, str] = {}
    for expert in fitted.experts:
        for view in expert.views.values():
            name, source = view.view.name, view.view.source
            if source not in tables.frames:
                said[source] = (
                    f'There is no "{source}"; patients are judged by the rest, where that can be. '
                    f"{cost_without(fitted, source)}"
                )
                continue
            lost = view.missing(tables)
            if len(lost) > MOST_MISSING * len(view.state["columns"]):
                said[name] = (
                    f'{len(lost)} of {len(view.state["columns"])} columns of "{name}" are missing '
                    f"({_some(lost)}): it counts as not there. {cost_without(fitted, source)}"
                )
    return said


def _some(columns: Sequence[str]) -> str:
    return ", ".join(columns[:_SHOWN]) + (" …" if len(columns) > _SHOWN else "")


def lost_columns(fitted: Fitted, tables: Tables) -> list[str]:
    """Sentences about modalities, columns, sites and groups that are not there, or not known.

    Parameters
    ----------
    fitted : Fitted
        The model.
    tables : Tables
        Of the new patients.
    """
    from napari_radiogenomics.fusion.explaining.importance import feature_weights

    gone = not_there(fitted, tables)
    said = list(gone.values())
    weights = feature_weights(fitted)
    told: set[str] = set()
    for expert in fitted.experts:
        for view in expert.views.values():
            name = view.view.name
            if view.view.source not in tables.frames or name in told:
                continue
            told.add(name)
            stays = unharmonized(view.state.get("effect"), tables.sites)
            said += [f"{name}: {stays}"] * bool(stays)
            lost = view.missing(tables)
            if lost and name not in gone:
                own = weights[weights["view"] == name]
                cost = own.loc[own["column"].isin(lost), "share"].sum()
                said.append(
                    f'{len(lost)} of {len(view.state["columns"])} columns of "{name}" are missing '
                    f"({_some(lost)}) and count as their median, or first group, in training. They "
                    f"carry {float(np.nan_to_num(cost)):.0%} of what the model goes by."
                )
            far = far_columns(view, tables)
            said += [far] * bool(far)
            said += unknown_levels(view, tables)
    return said
