"""Features, batches and covariates of the same samples, joined by their ids and checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.data.traces import leave_trace
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of, record_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_table", "harmonized_like", "inputs_of", "same_samples", "shaped_like"]

Reals = NDArray[np.float64]


def as_table(values: Any) -> Any:
    """Return a table as it is, and an array as a table with numbered columns."""
    import pandas as pd

    return values if isinstance(values, pd.DataFrame) else pd.DataFrame(np.asarray(values))


def inputs_of(
    table: pd.DataFrame, batch: ArrayLike, covariates: pd.DataFrame | None
) -> tuple[Reals, list[Any], pd.DataFrame | None]:
    """Values, batches and covariates of the same samples in the same order.

    Parameters
    ----------
    table : DataFrame, shape (N, P)
        Features.
    batch : array_like, shape (N,)
        Joined by index where it is a Series, else by order.
    covariates : DataFrame, optional
        The same.

    Returns
    -------
    values : ndarray, shape (N, P)
        Missing ones are NaN.
    batch : list, length N
    covariates : DataFrame or None

    Raises
    ------
    InputError
        If a sample has no batch or covariates, or the features are no finite numbers.
    """
    values = _numbers(table)
    names = same_samples(table, batch, "batch")
    kept = None if covariates is None else same_samples(table, covariates, "covariates")
    return values, list(np.asarray(names, dtype=object)), kept


def _numbers(table: pd.DataFrame) -> Reals:
    text = [name for name, kind in table.dtypes.items() if kind.kind not in "iufb"]
    if text:
        cells = {name: _text_in(table[name]) for name in text}
        own = [name for name in text if len(cells[name])] or text
        first = f"{len(own)} columns hold text, the first is" if len(own) > 1 else "Text is in"
        where = (
            f': "{cells[own[0]].iloc[0]}" in the row of {cells[own[0]].index[0]}'
            if len(cells[own[0]])
            else ", which holds numbers as text"
        )
        raise InputError(
            f'{first} "{own[0]}"{where}. Give numbers only, and leave empty what is missing; the '
            "batch and the covariates are parameters of their own."
        )
    values = table.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise InputError("Some values are infinite. Set them to missing, or leave them out.")
    return values


def _text_in(column: pd.Series) -> pd.Series:
    """Cells that are no number."""
    import pandas as pd

    return column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]


def same_samples(table: pd.DataFrame, facts: Any, noun: str) -> Any:
    """Join by index where both have one, else by order."""
    import pandas as pd

    if isinstance(facts, pd.Series | pd.DataFrame) and not facts.index.equals(table.index):
        if not facts.index.is_unique:
            raise InputError(
                f"Samples repeat in the index of the {noun}, so that they cannot be joined. Give "
                "each row its own id."
            )
        lost = table.index.difference(facts.index)
        if len(lost):
            raise InputError(
                f'{len(lost)} samples have no {noun}, the first is "{lost[0]}". Give them the '
                "same index as the features, or leave these samples out."
            )
        return facts.loc[table.index]
    if len(facts) != len(table):
        raise InputError(
            f"There are {len(table)} samples and {len(facts)} rows of {noun}. Give one for each."
        )
    return facts


def harmonized_like(values: Reals, given: Any, model: Any, **facts: Any) -> Any:
    """As `shaped_like`, with a history that says which estimator made it.

    Parameters
    ----------
    values : ndarray, shape (N, P)
        Harmonized.
    given : array_like or DataFrame, shape (N, P)
        What they were made of.
    model : estimator
        Which made them.
    **facts
        Batch and what else it was told.
    """
    name = type(model).__name__
    ids = given.index if hasattr(given, "index") else None
    leave_trace(name, values, as_table(given).to_numpy(float, na_value=np.nan), ids=ids)
    result = shaped_like(values, given)
    if hasattr(result, "attrs"):
        call = record_of(model.fit_transform, given, **facts)
        settings = {**model.get_params(deep=False), **call.settings}
        record = replace(call, verb=name, settings=settings)
        result.attrs["history"] = (*history_of(given), record)
    return result


def shaped_like(values: Reals, given: Any) -> Any:
    """Return values as a table like the one that was given, or as they are for an array."""
    import pandas as pd

    if not isinstance(given, pd.DataFrame):
        return values
    return pd.DataFrame(values, index=given.index, columns=given.columns)
