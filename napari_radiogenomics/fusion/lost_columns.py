"""What a new cohort lacks of what a model reads, and what that costs."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.fusion.fitted import Fitted
from napari_radiogenomics.fusion.site_effect import unharmonized
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.views import MOST_MISSING

__all__ = ["lost_columns"]

_SHOWN = 5


def lost_columns(fitted: Fitted, tables: Tables) -> list[str]:
    """Sentences about modalities, columns and sites that are not there; none where all are.

    Parameters
    ----------
    fitted : Fitted
        The model.
    tables : Tables
        Of the new patients.
    """
    from napari_radiogenomics.fusion.importance import feature_weights

    said: list[str] = []
    sources = dict.fromkeys(
        view.view.source for expert in fitted.experts for view in expert.views.values()
    )
    absent = [name for name in sources if name not in tables.frames]
    for name in absent:
        said.append(f'There is no "{name}"; patients are judged by the rest, where that can be.')
    weights = feature_weights(fitted)
    told: set[str] = set()
    for expert in fitted.experts:
        for view in expert.views.values():
            name = view.view.name
            if view.view.source in absent or name in told:
                continue
            told.add(name)
            stays = unharmonized(view.state.get("effect"), tables.sites)
            said += [f"{name}: {stays}"] * bool(stays)
            lost = view.missing(tables)
            if len(lost) > MOST_MISSING * len(view.state["columns"]):
                said.append(
                    f'{len(lost)} of {len(view.state["columns"])} columns of "{name}" are missing: '
                    "it counts as not there."
                )
            elif lost:
                own = weights[weights["view"] == name]
                cost = own.loc[own["column"].isin(lost), "share"].sum()
                some = ", ".join(lost[:_SHOWN]) + (" …" if len(lost) > _SHOWN else "")
                said.append(
                    f'{len(lost)} of {len(view.state["columns"])} columns of "{name}" are missing '
                    f"({some}) and count as their median in training. They carry "
                    f"{float(np.nan_to_num(cost)):.0%} of what the model goes by."
                )
    return said
