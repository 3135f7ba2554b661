"""Features that are the target itself, told before anybody believes the result.

Letters: N patients, P columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.fusion.checks.warned import warned
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.metrics import column_concordance, column_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warn_of_near_target", "warn_of_target"]

Reals = NDArray[np.float64]
_ALL, _FEWEST = 0.995, 10
_NEARLY, _MANY = 0.98, 40  # a copy with an error or two, where chance does not go so far
_CLOSE, _FACTS, _ALONE = 0.95, 100, 3  # a copy with a few errors, among facts that are few
_FEWEST_OF_LEVEL, _MOST_LEVELS = 3, 20


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
        if _told(frame[column], outcome)
    ]
    if not found:
        return ()
    text = (
        f"{counted(len(found), 'column', 'alone tells', 'each tell')} {outcome.name} almost "
        f"without error: {', '.join(found[:5])}. The target again, or made from it? Then leave "
        "that out; true markers as strong as that are rare."
    )
    return warned([text])


def warn_of_near_target(tables: Tables, outcome: Outcome) -> tuple[str, ...]:
    """Warn of columns that may be the target with a few errors; the result is trusted all the same.

    A single marker seldom goes so far. Tables of many columns, and many columns of a table, are
    left alone: where biology goes so far, it is in many genes at once.

    Parameters
    ----------
    tables, outcome
        As `warn_of_target`.
    """
    found: list[str] = []
    for name, frame in tables.frames.items():
        if frame.shape[1] > _FACTS:
            continue
        order = {str(c): _order(_numbers(frame[c]), outcome) for c in frame.columns}
        close = [c for c in order if order[c] > _CLOSE and not _told(frame[c], outcome)]
        if len(close) <= _ALONE:
            found += [f"{name}: {column} ({order[column]:.2f})" for column in close]
    if not found:
        return ()
    text = (
        f"{counted(len(found), 'column', 'alone comes', 'each come')} close to {outcome.name}: "
        f"{', '.join(found)} (1 is all of it). Was that measured apart from the outcome, or is it "
        "the outcome with a few errors? Then leave it out."
    )
    return warned([text])


def _told(values: pd.Series, outcome: Outcome) -> bool:
    return _tells(_numbers(values), outcome) or _levels_tell(values, outcome)


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
    least = _NEARLY if len(known) >= _MANY else _ALL
    return column_concordance(own, outcome.take(known)) > least


def _order(values: Reals, outcome: Outcome) -> float:
    """How well a column orders those who have it; 0.5 where they are too few to tell."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < _MANY:
        return 0.5
    return column_concordance(values[known], outcome.take(known))


def _levels_tell(values: pd.Series, outcome: Outcome) -> bool:
    """Whether the words, or few numbers, of a column tell the outcome, in whatever order they come.

    Each patient is given the mean outcome of the others of the same level. The patient's own
    outcome pulls against it, so that chance goes the wrong way; levels of one or two patients,
    such as ids, say nothing.
    """
    codes, levels = values.factorize()
    counts = np.bincount(codes[codes >= 0], minlength=len(levels)) if len(levels) else np.zeros(0)
    if not len(levels) > 2 or (values.dtype.kind in "iufb" and len(levels) > _MOST_LEVELS):
        return False
    known = np.flatnonzero((codes >= 0) & (counts[codes] >= _FEWEST_OF_LEVEL))
    if len(known) < max(_FEWEST, (codes >= 0).sum() / 2) or len(np.unique(codes[known])) < 2:
        return False
    own, aim = codes[known], outcome.working()[known]
    others = np.bincount(own, aim, minlength=len(levels))[own] - aim
    return column_order(others / (counts[own] - 1), outcome.take(known)) > _ALL
