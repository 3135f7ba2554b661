"""Ids of one patient that a hand or a spreadsheet has spelled in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned

__all__ = ["refuse_spellings", "spelled_alike", "warn_of_further_rows"]

_FURTHER = re.compile(r"^(.+?)[ _.\-]\d{1,3}$")
_SHOWN = 3


def spelled_alike(name: Any) -> str:
    """An id without what a hand or a spreadsheet changes: blanks around it, and capitals."""
    return str(name).strip().casefold()


def refuse_spellings(names: Iterable[Any]) -> None:
    """Refuse ids that differ in blanks or capitals only.

    Parameters
    ----------
    names : iterable
        Ids of all tables; the same id may come twice.

    Raises
    ------
    InputError
        If two of them are one patient.

    Examples
    --------
    >>> refuse_spellings(["P001", "P002", "P001"])
    """
    first: dict[str, str] = {}
    for name in map(str, names):
        other = first.setdefault(spelled_alike(name), name)
        if other != name:
            raise InputError(
                f'"{other}" and "{name}" differ in blanks or capitals only: they would count as '
                "two patients. Spell the ids alike in all tables (for example table.index = "
                "table.index.str.strip().str.upper()), and give one row a patient."
            )


def warn_of_further_rows(names: Iterable[Any]) -> tuple[str, ...]:
    """Warn of ids such as P001_2 beside P001.

    Returns
    -------
    tuple of str
        The warning; empty where there is none.
    """
    known = {spelled_alike(name): str(name) for name in names}
    pairs = []
    for key, name in known.items():
        found = _FURTHER.match(key)
        if found and found[1] in known:
            pairs.append(f"{name} beside {known[found[1]]}")
    if not pairs:
        return ()
    some = ", ".join(pairs[:_SHOWN]) + (" …" if len(pairs) > _SHOWN else "")
    text = (
        f"{counted(len(pairs), 'id')} may be a further scan or lesion of a patient who is there "
        f"too ({some}). If so, a patient is learned from and tested at the same time: give one row "
        "a patient."
    )
    return warned([text])
