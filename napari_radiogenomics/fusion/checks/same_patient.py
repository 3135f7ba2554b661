"""One patient under two spellings, who would be learned from and tested at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.checks.warned import warned

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.tables import Tables

__all__ = ["refuse_copies", "refuse_spellings", "spelled_alike", "warn_of_further_rows"]

Reals = NDArray[np.float64]
_FURTHER = re.compile(r"^(.+?)[ _.\-]\d{1,3}$")
_SHOWN = 3
_FEWEST, _DECIMALS = 3, 4  # numbers of a row that make it a signature
_DISTINCT = 0.75  # of the patients have a number of their own in a column that tells who it is


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


def refuse_copies(tables: Tables, others: Tables | None = None) -> None:
    """Refuse patients of different ids with the same numbers in all that both have.

    Rows with fewer than three numbers of more than four decimals are nobody's signature, and so
    are columns in which many patients share a number.

    Parameters
    ----------
    tables : Tables
        Of N patients.
    others : Tables, optional
        Of another cohort that must not hold them; without it, no two of the N may be one.

    Raises
    ------
    InputError
        If two are one patient.
    """
    mine = _signatures(tables, others or tables)
    theirs = mine if others is None else _signatures(others, tables)
    where = "" if others is None else ", from whom is learned,"
    for name, owned in mine.items():
        owners: dict[bytes, list[str]] = {}
        for patient, row in theirs[name].items():
            owners.setdefault(row, []).append(patient)
        for patient, row in owned.items():
            for other in owners.get(row, ()):
                if (others is None and other == patient) or _differ(patient, other, mine, theirs):
                    continue
                raise InputError(
                    f'"{patient}" and "{other}"{where} have the same numbers in all that both '
                    "have: one patient under two ids would be learned from and tested. Leave one "
                    "of the two out."
                )


def _signatures(tables: Tables, others: Tables) -> dict[str, dict[str, bytes]]:
    """Modality → patient → numbers in the columns that two sets of tables share."""
    found = {}
    for name, frame in tables.frames.items():
        if name not in others.frames:
            continue
        own, other = (held.select_dtypes("float") for held in (frame, others.frames[name]))
        columns = sorted(set(own) & set(other))
        values = own[columns].to_numpy(float)
        telling = np.isfinite(values) & (np.round(values, _DECIMALS) != values)
        telling &= _of_one_each(values)
        if others is not tables:
            telling &= _of_one_each(other[columns].to_numpy(float))
        rows = np.flatnonzero(telling.sum(axis=1) >= _FEWEST)
        found[name] = {str(tables.patients[at]): values[at].tobytes() for at in rows}
    return found


def _of_one_each(values: Reals) -> NDArray[np.bool_]:
    """Columns in which hardly two patients have the same number, shape (P,).

    An age in years has many decimals once it is standardized, and many patients all the same.
    Rows that are alike throughout count once: they may be copies.
    """
    rows = np.stack(list({row.tobytes(): row for row in values}.values()))
    in_order = np.sort(rows, axis=0)  # NaN comes last
    known = np.isfinite(in_order)
    different = known[:1].sum(axis=0) + (known[1:] & (np.diff(in_order, axis=0) != 0)).sum(axis=0)
    return np.asarray(different >= _DISTINCT * known.sum(axis=0), bool)


def _differ(
    one: str,
    other: str,
    mine: Mapping[str, Mapping[str, bytes]],
    theirs: Mapping[str, Mapping[str, bytes]],
) -> bool:
    """Whether a modality that both have tells two patients apart."""
    pairs = [(rows.get(one), theirs[name].get(other)) for name, rows in mine.items()]
    return any(a is not None and b is not None and a != b for a, b in pairs)


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
