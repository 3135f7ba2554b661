"""An expression table as an array, checked: samples × genes, every value a finite number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_like", "values_of"]


def values_of(expression: pd.DataFrame) -> NDArray[np.float64]:
    """Values of an expression table.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        Numbers; unique samples and unique genes.

    Returns
    -------
    ndarray of float64, shape (N, G)
        May share memory with the table; it is not to be written to.

    Raises
    ------
    InputError
        If the table is empty, names a gene or sample twice, or holds what is no finite number.

    Examples
    --------
    >>> import pandas as pd
    >>> values_of(pd.DataFrame({"VEGFA": [1, 2], "CA9": [3, 4]}))
    array([[1., 3.],
           [2., 4.]])
    """
    if not hasattr(expression, "columns"):
        raise InputError(
            f"The expression is a {type(expression).__name__}, not a table. Give a DataFrame "
            "with a row for each sample and a column for each gene."
        )
    if not expression.size:
        raise InputError(
            f"The expression table has {len(expression)} samples and "
            f"{len(expression.columns)} genes. Give at least one of each."
        )
    _refuse_repeats(expression.columns, "gene", "column")
    _refuse_repeats(expression.index, "sample", "row")
    values = _numbers(expression)
    finite = np.isfinite(values)
    if not finite.all():
        at = np.argwhere(~finite)
        row, column = (int(place) for place in at[0])
        raise InputError(
            f"{len(at)} values are missing or not finite, the first in sample "
            f'"{expression.index[row]}", gene "{expression.columns[column]}". Fill them by a rule '
            "that you can name, or leave those genes out (expression.dropna(axis=1))."
        )
    return values


def _refuse_repeats(names: Any, noun: str, place: str) -> None:
    if names.is_unique:
        return
    twice = list(dict.fromkeys(map(str, names[names.duplicated()])))
    raise InputError(
        f"{len(twice)} {noun}{'s occur' if len(twice) > 1 else ' occurs'} more than once: "
        f"{', '.join(twice[:5])}{' …' if len(twice) > 5 else ''}. Keep one {place} of each; "
        "read_expression does so by a rule that it names."
    )


def _numbers(expression: pd.DataFrame) -> NDArray[np.float64]:
    if any(kind.kind not in "iufb" for kind in set(expression.dtypes)):
        bad = [name for name, kind in expression.dtypes.items() if kind.kind not in "iufb"]
        raise InputError(
            f'{len(bad)} columns hold text, the first is "{bad[0]}". The columns of the table '
            "must be genes; move other facts of the samples to another table."
        )
    return np.asarray(expression.to_numpy(), np.float64)


def table_like(
    values: NDArray[np.float64], expression: pd.DataFrame, unit: str, **facts: Any
) -> pd.DataFrame:
    """Table of new values with the samples and genes of another, and its notes and history.

    Parameters
    ----------
    values : ndarray, shape (N, G)
        New values.
    expression : DataFrame, N samples × G genes
        Where they come from.
    unit : str
        What they are.
    **facts
        Further entries of ``attrs``; a ``notes`` among them follows the notes already there.
    """
    import pandas as pd

    table = pd.DataFrame(values, index=expression.index, columns=expression.columns, copy=False)
    notes = (*expression.attrs.get("notes", ()), *facts.pop("notes", ()))
    names = ("history", "gene_id", "source")
    kept = {key: expression.attrs[key] for key in names if key in expression.attrs}
    table.attrs.update(kept | facts | {"unit": unit, "notes": notes})
    return table
