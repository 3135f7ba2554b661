"""Tables in which a step was learned on all patients, refused before anything is validated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import Record, history_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["refuse_fitted_outside", "require_unfitted"]

_OUTSIDE = {
    "harmonize": "Give the table as it was measured, and the sites as groups: each fold "
    "harmonizes it anew."
}


def refuse_fitted_outside(modalities: Mapping[str, pd.DataFrame]) -> None:
    """Refuse modalities whose history tells of a step that was learned on all patients.

    Parameters
    ----------
    modalities : mapping of str to DataFrame
        Modality → table.

    Raises
    ------
    InputError
        If the patients to be tested took part in what made a table.
    """
    for name, frame in modalities.items():
        require_unfitted(f'The modality "{name}"', history_of(frame))


def require_unfitted(what: str, history: Iterable[Record]) -> None:
    """Refuse what has such a step in its history.

    Parameters
    ----------
    what : str
        Name of it, as a sentence begins.
    history : iterable of Record
        How it came about.

    Examples
    --------
    >>> require_unfitted("The table", [Record("extract_cohort", {}, {}, {}, "")])
    """
    for record in history:
        if record.verb in _OUTSIDE:
            raise InputError(
                f"{what} went through {record.verb}, which learned from all patients, those of "
                f"the test too: a validation would shine by that. {_OUTSIDE[record.verb]}"
            )
