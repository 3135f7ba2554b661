"""Features that are the target itself, told before anybody believes the result.

Letters: N patients, P columns.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion.metrics import column_concordance
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warn_of_target"]

Reals = NDArray[np.float64]
_ALL, _FEWEST = 0.995, 10


def warn_of_target(tables: Tables, outcome: Outcome) -> tuple[str, ...]:
    """Warn of columns that tell the target almost without error by themselves.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs.

    Returns
    -------
    tuple of str
        The warning; empty where no column is found.
    """
    found = [
        f"{name}: {column}"
        for name, frame in tables.frames.items()
        for column in frame.columns
        if _tells(_numbers(frame[column]), outcome)
    ]
    if not found:
        return ()
    text = (
        f"{len(found)} columns tell {outcome.name} almost without error by themselves: "
        f"{', '.join(found[:5])}. Are they the target, or made from it? Then leave them out; "
        "true markers as strong as that are rare."
    )
    warnings.warn(text, DataWarning, stacklevel=3)
    return (text,)


def _numbers(values: pd.Series) -> Reals:
    """Numbers as they are, words as codes; NaN where missing, shape (N,)."""
    if values.dtype.kind not in "iufb":
        values = values.astype("category").cat.codes.where(values.notna())
    return values.to_numpy(float)


def _tells(values: Reals, outcome: Outcome) -> bool:
    """Whether a column, shape (N,), orders those who have it almost without error."""
    known = np.flatnonzero(~np.isnan(values))
    own = values[known]
    if len(known) < _FEWEST or (own == own[0]).all():
        return False
    return column_concordance(own, outcome.take(known)) > _ALL
