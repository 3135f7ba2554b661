"""One patient under two ids, who would be learned from and tested at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.tables import Tables

__all__ = ["refuse_copies"]

Reals = NDArray[np.float64]
_FEWEST, _DECIMALS = 3, 4  # numbers of a row that make it a signature
_DISTINCT = 0.75  # of the patients have a number of their own in a column that tells who it is


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
