"""Columns of numbers: which can be used, and what stands in for a missing value.

Letters: N patients, P columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["filled", "learn_columns", "numbers_of"]

Reals = NDArray[np.float64]
_MOST_MISSING = 0.5


def numbers_of(frame: pd.DataFrame, columns: list[str]) -> Reals:
    """Values of some columns, shape (N, P); NaN where one is missing or not there.

    Raises
    ------
    InputError
        If a column holds text, or a value is infinite.
    """
    found = frame.reindex(columns=columns)
    text = [str(name) for name, kind in found.dtypes.items() if kind.kind not in "iufbO"]
    text += [
        str(name)
        for name, kind in found.dtypes.items()
        if kind.kind == "O" and found[name].map(lambda value: isinstance(value, str)).any()
    ]
    if text:
        raise InputError(
            f'{len(text)} columns hold text, the first is "{text[0]}". Leave them out, or prepare '
            'this modality as "clinical".'
        )
    values = found.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(values).any():
        at = int(np.flatnonzero(np.isinf(values).any(axis=0))[0])
        raise InputError(
            f'"{columns[at]}" holds infinite values. Set them to missing, or leave the column out.'
        )
    return values


def learn_columns(frame: pd.DataFrame) -> tuple[dict[str, Any], Reals]:
    """Choose columns that can be used; answer with the state and their filled values.

    Columns that do not vary, or of which more than half are missing, are left out. A single
    missing value will be the median of the training patients; a patient without the whole
    modality never gets here.

    Raises
    ------
    InputError
        If no column is left.
    """
    names = list(map(str, frame.columns))
    values = numbers_of(frame, names)
    missing = np.isnan(values).mean(axis=0)
    with np.errstate(all="ignore"):
        flat = ~(np.fmax.reduce(values) > np.fmin.reduce(values))
    kept = np.flatnonzero((missing <= _MOST_MISSING) & ~flat)
    if not kept.size:
        raise InputError(
            f"None of the {len(names)} columns varies in the {len(frame)} training patients. Give "
            "columns with different values."
        )
    notes = []
    if len(kept) < len(names):
        notes.append(
            f"{int(flat.sum())} columns that do not vary and "
            f"{int(((missing > _MOST_MISSING) & ~flat).sum())} of which more than half are missing "
            "were left out."
        )
    if missing[kept].any():
        notes.append(
            f"{missing[kept].mean():.1%} of the values were missing and were set to the median of "
            "the training patients."
        )
    state = {
        "columns": [names[at] for at in kept],
        "medians": np.nanmedian(values[:, kept], axis=0),
        "notes": notes,
    }
    return state, filled(state, frame)


def filled(state: Mapping[str, Any], frame: pd.DataFrame) -> Reals:
    """Values of the columns that were chosen, none missing, shape (N, P)."""
    values = numbers_of(frame, list(state["columns"]))
    return np.where(np.isnan(values), state["medians"], values)
