"""Columns that were chosen by how they go with the outcome, in the patients of the validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.data.tests_made import Chosen, chosen_of
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["refuse_chosen", "warn_of_chosen"]

_SMALLEST, _RARE = 0.95, 0.005  # as if the smallest p-values had been taken
_SMALL, _VERY_RARE = 0.75, 0.001
_SHOWN = 3
_REMEDY = "Give all of them: each fold chooses anew, in its training patients."


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
        If the columns were tested against this outcome with others, and those that are given
        had the smallest p-values. A whole table passes, and so does a family of columns, all
        of one beginning of the name; one that is better than the others is told.
    """
    for found in _found(tables, outcome):
        if not found.family and found.ahead >= _SMALLEST and found.p_value <= _RARE:
            raise InputError(
                f"{_said(found, outcome)} with the smallest p-values. Whoever chose them has seen "
                f"the outcomes of the test patients: a validation would shine by that. {_REMEDY} "
                "What was named before any test was seen, run in a session before the search."
            )


def warn_of_chosen(tables: Tables, outcome: Outcome) -> tuple[str, ...]:
    """Warn of columns that had smaller p-values than most others of a search, not the smallest.

    Returns
    -------
    tuple of str
        The warnings; empty where there is none.
    """
    said = tuple(
        f"{_said(found, outcome)}, and had smaller p-values than {found.ahead:.0%} of the others. "
        f"If they were chosen by that, the result is too good to be true. {_REMEDY} If they were "
        "named before any test was seen, run fuse in a session before the search."
        for found in _found(tables, outcome)
        if found.ahead >= _SMALL and found.p_value < _VERY_RARE
    )
    return warned(said)


def _found(tables: Tables, outcome: Outcome) -> list[Chosen]:
    return chosen_of(_joined(tables), outcome.values)


def _joined(tables: Tables) -> pd.DataFrame:
    """Columns of all modalities, by patient."""
    import pandas as pd

    table = pd.concat(list(tables.frames.values()), axis=1)
    return table.set_axis(pd.Index(tables.patients.astype(str)), axis=0)


def _said(found: Chosen, outcome: Outcome) -> str:
    some = ", ".join(found.names[:_SHOWN]) + (" …" if len(found.names) > _SHOWN else "")
    verb = "is" if len(found.names) == 1 else "are"
    return (
        f"{counted(len(found.names), 'column')} ({some}) of the {found.n_tested} that were tested "
        f"against {outcome.name} in these patients {verb} given"
    )
