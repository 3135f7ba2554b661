"""Columns that were chosen by how they go with the outcome, in the patients of the validation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.chosen import Chosen, chosen_of
from napari_radiogenomics.data.same_columns import numbers_of_table
from napari_radiogenomics.data.tests_made import remember_tests
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["refuse_chosen", "remember_weights", "warn_of_chosen"]

_SMALLEST, _RARE = 0.95, 0.005  # as if the smallest p-values had been taken
_SMALL, _VERY_RARE = 0.75, 0.001
_HIGH, _TIMES = 0.85, 3  # of what models weighed: of so many times as many columns
_SHOWN = 3
_REMEDY = "Give all of them: each fold chooses anew, in its training patients."
_BEFORE = "run in a session before the search."


def refuse_chosen(tables: Tables, outcome: Outcome) -> None:
    """Refuse the columns with the smallest p-values of a search in the same patients.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs.

    Raises
    ------
    InputError
        If the columns were tested against this outcome with others, in one call or several,
        and those that are given had the smallest p-values. A whole table passes, and so does a
        family of columns, all of one beginning of the name; one that is better than the others
        is told.
    """
    for found in sorted(_found(tables, outcome), key=lambda one: -len(one.names)):
        chosen = found.kind == "tests" and not found.family and found.ahead >= _SMALLEST
        if chosen and found.p_value <= _RARE:
            raise InputError(
                f"{_said(found, outcome)} with the smallest p-values. Whoever chose them has seen "
                "the outcomes of the test patients: a validation would shine by that. "
                f"{_remedy(found)} What was named before any test was seen, {_BEFORE}"
            )


def warn_of_chosen(tables: Tables, outcome: Outcome) -> tuple[str, ...]:
    """Warn of columns that had smaller p-values than most others of a search, not the smallest.

    Columns to which an earlier `fuse` gave most weight are told too, and scores of gene sets of
    the best genes: a published set of the right process looks the same.

    Returns
    -------
    tuple of str
        The warnings; empty where there is none.
    """
    leaning = [found for found in _found(tables, outcome) if _leans(found)]
    plainest: dict[tuple[str, tuple[str, ...]], Chosen] = {}
    for found in sorted(leaning, key=lambda one: one.ahead):
        alike = found.kind in ("weights", "genes")  # of each set, and of all
        plainest[found.kind, () if alike else found.names] = found
    said = [
        f"{_said(found, outcome)}, and had {_better(found)} than {found.ahead:.0%} of the others. "
        f"If they were chosen by that, the result is too good to be true. {_remedy(found)} If they "
        f"were named before {_seen(found)} was seen, {_ran(found)}"
        for found in plainest.values()
    ]
    return warned(said)


def remember_weights(tables: Tables, outcome: Outcome, weighings: Sequence[pd.DataFrame]) -> None:
    """Remember how models ranked the columns of each modality, for a later run on the best.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    outcome : Outcome
        Theirs.
    weighings : sequence of DataFrame
        ``strategy``, ``view``, ``feature`` and ``share`` of the weights.
    """
    from scipy.stats import rankdata

    numbers = {name: numbers_of_table(frame) for name, frame in tables.frames.items()}
    for table in weighings:
        for (_, view), own in table.groupby(["strategy", "view"], sort=False):
            if view not in numbers:
                continue
            names = list(map(str, tables.frames[view].columns))
            column = own["column"] if "column" in own else own["feature"]
            share = own["share"].groupby(column.astype(str).to_numpy()).sum().reindex(names)
            ranks = rankdata(-share.fillna(0.0).to_numpy()) / len(names)
            at = np.arange(len(names))
            outcomes = outcome.values[:, None]
            tests = (at, at * 0, ranks)
            remember_tests(
                tables.patients.tolist(), numbers[view], outcomes, names, tests, weighed=True
            )


def _found(tables: Tables, outcome: Outcome) -> list[Chosen]:
    event = outcome.event if outcome.kind == "survival" else None
    ends = np.cumsum([0, *(frame.shape[1] for frame in tables.frames.values())])
    parts = [range(start, end) for start, end in pairwise(ends.tolist())]
    return chosen_of(_joined(tables), outcome.values, event=event, parts=parts)


def _joined(tables: Tables) -> pd.DataFrame:
    """Columns of all modalities, by patient."""
    import pandas as pd

    table = pd.concat(list(tables.frames.values()), axis=1)
    return table.set_axis(pd.Index(tables.patients.astype(str)), axis=0)


def _leans(found: Chosen) -> bool:
    """Whether a choice may have been made by what was seen."""
    if found.most and found.p_value <= _RARE:
        return True
    least = {"weights": _HIGH, "genes": _SMALLEST}.get(found.kind, _SMALL)
    wide = found.kind != "weights" or found.n_tested >= _TIMES * len(found.names)
    # One or two columns have no rarer place than the first of all.
    rare = _RARE if found.kind == "few" else _VERY_RARE
    return wide and found.ahead >= least and found.p_value < rare


def _said(found: Chosen, outcome: Outcome) -> str:
    some = ", ".join(found.names[:_SHOWN]) + (" …" if len(found.names) > _SHOWN else "")
    count = len(found.names)
    if found.kind == "genes":
        return (
            f"{counted(count, 'gene set')} ({some}) {_are(count)} scored by genes of the "
            f"{found.n_tested} that were tested against {outcome.name} in these patients"
        )
    how = "weighed by fuse" if found.kind == "weights" else "tested"
    return (
        f"{counted(count, 'column')} ({some}) of the {found.n_tested} that were {how} "
        f"against {outcome.name} in these patients {_are(count)} given"
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _better(found: Chosen) -> str:
    return "greater weights" if found.kind == "weights" else "smaller p-values"


def _seen(found: Chosen) -> str:
    return "any weight" if found.kind == "weights" else "any test"


def _ran(found: Chosen) -> str:
    return "run fuse in a new session." if found.kind == "weights" else f"run fuse {_BEFORE[4:]}"


def _remedy(found: Chosen) -> str:
    if found.kind == "genes":
        return "Give all genes: each fold chooses in its training patients."
    return _REMEDY
