"""What a heat map of associations shows: which rows and columns, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Matrix", "matrix_of", "stars"]

_MOST_FEATURES, _MOST_OUTCOMES = 60, 40
_LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True, eq=False)
class Matrix:
    """Effects of features (rows) on outcomes (columns), alike beside alike.

    Attributes
    ----------
    features, outcomes : list of str
        Names of rows and columns.
    effects, q_values : ndarray, shape (F, O)
        NaN where there is none.
    left_out : tuple of int
        Features and outcomes that are not shown, those with the largest q-values.
    """

    features: list[str]
    outcomes: list[str]
    effects: NDArray[np.float64]
    q_values: NDArray[np.float64]
    left_out: tuple[int, int]


def matrix_of(
    table: pd.DataFrame, *, features: int = _MOST_FEATURES, outcomes: int = _MOST_OUTCOMES
) -> Matrix:
    """Arrange a long table of associations as a matrix.

    Parameters
    ----------
    table : DataFrame
        Columns ``feature, outcome, effect, q_value``.
    features, outcomes : int, optional
        How many to show at the most; those with the smallest q-values.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("a", "x", 0.9, 0.001), ("a", "y", 0.1, 0.6), ("b", "x", -0.2, 0.4)]
    >>> found = matrix_of(pd.DataFrame(rows, columns=["feature", "outcome", "effect", "q_value"]))
    >>> found.effects.shape, int(np.isnan(found.effects).sum())
    ((2, 2), 1)
    """
    names = table[["feature", "outcome"]].astype(str)
    effect = names.assign(value=table["effect"]).pivot(
        index="feature", columns="outcome", values="value"
    )
    q_value = names.assign(value=table["q_value"]).pivot(
        index="feature", columns="outcome", values="value"
    )
    rows = q_value.min(axis=1).sort_values(kind="stable").index[:features]
    columns = q_value.min(axis=0).sort_values(kind="stable").index[:outcomes]
    left_out = (len(effect) - len(rows), effect.shape[1] - len(columns))
    effect, q_value = effect.loc[rows, columns], q_value.loc[rows, columns]
    by_row, by_column = _order(effect.to_numpy(float)), _order(effect.to_numpy(float).T)
    effect, q_value = effect.iloc[by_row, by_column], q_value.iloc[by_row, by_column]
    return Matrix(
        [str(name) for name in effect.index], [str(name) for name in effect.columns],
        effect.to_numpy(float), q_value.to_numpy(float), left_out,
    )  # fmt: skip


def _order(values: NDArray[np.float64]) -> list[int]:
    """Order of the rows in which alike ones are neighbors."""
    if len(values) < 3:
        return list(range(len(values)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    filled = np.nan_to_num(values)
    return [int(row) for row in leaves_list(linkage(filled, "average", optimal_ordering=True))]


def stars(q_value: float) -> str:
    """Stars of a q-value: * 0.05, ** 0.01, *** 0.001.

    Examples
    --------
    >>> stars(0.004), stars(0.2)
    ('**', '')
    """
    return next((mark for level, mark in _LEVELS if q_value <= level), "")
