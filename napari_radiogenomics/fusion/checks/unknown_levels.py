"""Groups of new patients that no training patient was in: another spelling, or none at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.fusion.models.views import FittedView
from napari_radiogenomics.fusion.tables import Tables

__all__ = ["unknown_levels"]

_SHOWN = 3


def unknown_levels(view: FittedView, tables: Tables) -> list[str]:
    """Sentences about columns with groups that the training did not know; none where all are.

    Parameters
    ----------
    view : FittedView
        Of the model.
    tables : Tables
        Of N new patients.
    """
    rows = np.flatnonzero(view.held(tables))
    coded = [
        column
        for column in view.state.get("code", ())
        if isinstance(column, Mapping) and column.get("levels") and column.get("varies")
    ]
    if not rows.size or not coded:
        return []
    frame = view.view.frame(tables).iloc[rows]
    return [
        sentence
        for column in coded
        if column["name"] in frame
        for sentence in _of_column(column, frame[column["name"]])
    ]


def _of_column(column: Mapping[str, Any], values: Any) -> list[str]:
    text = values.astype(str).str.strip()
    blank = values.isna() | (text == "")
    new, levels = text[~blank & ~text.isin(column["levels"])], column["levels"]
    # Of two groups one column says all, and what is not the second is the first.
    instead = f"as {levels[0]}" if len(levels) == 2 else "as none of them"
    said = []
    if len(new):
        some = ", ".join(f'"{word}"' for word in list(dict.fromkeys(new))[:_SHOWN])
        said.append(
            f"{column['name']} is {some} in {counted(len(new), 'patient')}, which no training "
            f"patient had ({', '.join(levels)}): they count {instead}. Spell the groups as in "
            "training."
        )
    if blank.any() and not column["gap"]:
        said.append(
            f"{column['name']} is not known of {counted(int(blank.sum()), 'patient')}, as of no "
            f"training patient: they count {instead}."
        )
    return said
