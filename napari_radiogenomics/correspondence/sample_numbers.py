"""Scores and covariates of samples as numbers, or a word on what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["require_varying", "sample_numbers"]

_NONE_LEFT = 1e-6
"""Of the size of a score: what is left of it is rounding."""


def sample_numbers(table: pd.DataFrame, what: str) -> NDArray[np.float64]:
    """Numbers of samples, NaN where missing.

    Parameters
    ----------
    table : DataFrame, N samples × C columns
        Index ``sample_id``.
    what : str
        What a column is: "score", "covariate".

    Returns
    -------
    ndarray, shape (N, C)

    Raises
    ------
    InputError
        If a cell is a word or endless.

    Examples
    --------
    >>> import pandas as pd
    >>> sample_numbers(pd.DataFrame({"site": ["A", "B"]}, ["b1", "b2"]), "covariate")
    Traceback (most recent call last):
    napari_radiogenomics.errors.InputError: The covariate "site" of sample "b1" is "A", no number...
    """
    import pandas as pd

    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(float).reshape(table.shape)
    words = np.isnan(numbers) & table.notna().to_numpy()
    bad = np.argwhere(words | np.isinf(numbers))
    if bad.size:
        row, column = bad[0]
        raise InputError(
            f'The {what} "{table.columns[column]}" of sample "{table.index[row]}" is '
            f'"{table.iat[row, column]}", no number to reckon with. Give numbers, a column of 0 '
            "and 1 for each class, and leave empty what is not known."
        )
    return numbers


def require_varying(parts: NDArray[np.float64], covariates: NDArray[np.float64], what: str) -> None:
    """Refuse what the covariates tell all of, or what does not vary within patients.

    Parameters
    ----------
    parts : ndarray, shape (N,)
        Differences from the mean of the patient.
    covariates : ndarray, shape (N, C)
        Theirs.
    what : str
        Name of the values: "score", "value".

    Raises
    ------
    InputError
        If nothing is left to compare.
    """
    size = np.linalg.norm(parts)
    left = parts - covariates @ np.linalg.lstsq(covariates, parts, rcond=None)[0]
    if np.linalg.norm(left) <= _NONE_LEFT * size:
        raise InputError(
            f"The covariates tell all of the {what} within patients: nothing of it is left to "
            "compare. Leave out the covariate that is the same."
        )
