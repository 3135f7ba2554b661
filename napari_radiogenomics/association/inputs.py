"""Tables of the same patients, joined by their ids, as arrays that can be tested."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.tables import (
    as_table,
    classes_of,
    coded,
    numbers_of,
    one_row_a_patient,
    some,
)
from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.association.method import Method

__all__ = ["Tables", "join", "shared_patients", "site_columns", "without_empty"]

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tables:
    """The same patients in each array.

    Attributes
    ----------
    patients : tuple of str, length N
    features, outcomes, confounders : ndarray, shape (N, P), (N, M) and (N, C)
        NaN where missing; of confounders none.
    feature_names, outcome_names, confounder_names : tuple of str
        ``confounder_names`` is that of each column of ``confounders``.
    site : ndarray of int, shape (N,), or None
    site_names : tuple of str
    event, size_factors : ndarray, shape (N,), or None
    warnings : tuple of str
    """

    patients: tuple[str, ...]
    features: Reals
    outcomes: Reals
    confounders: Reals
    feature_names: tuple[str, ...]
    outcome_names: tuple[str, ...]
    confounder_names: tuple[str, ...]
    site: NDArray[np.intp] | None = None
    site_names: tuple[str, ...] = ()
    event: Reals | None = None
    size_factors: Reals | None = None
    warnings: tuple[str, ...] = ()


def join(
    features: Any,
    outcomes: Any,
    *,
    method: Method,
    confounders: Any,
    groups: Any,
    unit: Any,
    aggregate: str,
    event: str,
    library_sizes: Any,
) -> Tables:
    """Bring the tables to one row a patient, join and code them.

    Raises
    ------
    InputError
        If rows repeat a patient, tables share none, or a column is not what the method takes.
    """
    notes: list[str] = []
    table = one_row_a_patient(as_table(features), unit, aggregate, "features")
    wanted = one_row_a_patient(as_table(outcomes), None, "", "outcomes")
    beside = (
        None
        if confounders is None
        else one_row_a_patient(as_table(confounders), None, "", "confounders")
    )
    site = (
        None
        if groups is None
        else one_row_a_patient(as_table(groups), None, "", "groups").iloc[:, 0]
    )
    patients = shared_patients(table, wanted, beside, site, notes)
    table, wanted = table.loc[patients], wanted.loc[patients]
    beside = None if beside is None else beside.loc[patients]
    codes, names = _sites(site, patients)
    wanted, events = _survival(wanted, event) if method.outcome == "survival" else (wanted, None)
    values, outcome_notes = (
        classes_of(wanted) if method.outcome == "classes" else numbers_of(wanted, "outcome")
    )
    matrix, confounder_names = coded(beside, len(patients))
    x, feature_notes = numbers_of(table, "feature")
    factors = None if library_sizes is None else _sizes(library_sizes, patients)
    return Tables(
        tuple(patients),
        x,
        values,
        matrix,
        tuple(map(str, table.columns)),
        tuple(map(str, wanted.columns)),
        confounder_names,
        codes,
        names,
        events,
        factors,
        (*notes, *feature_notes, *outcome_notes),
    )


def shared_patients(
    table: pd.DataFrame,
    wanted: pd.DataFrame,
    beside: pd.DataFrame | None,
    site: pd.Series | None,
    notes: list[str],
) -> list[str]:
    """Patients that every table has, with known confounders and site, in order of the features.

    Parameters
    ----------
    table, wanted, beside, site : DataFrame, DataFrame, DataFrame or None, Series or None
        Features, outcomes, confounders and sites, one row a patient.
    notes : list of str
        Gets a line where patients are left out.

    Raises
    ------
    InputError
        If no patient is left.
    """
    given = set(wanted.index)
    both = [name for name in table.index if name in given]
    if not both:
        raise InputError(
            f'Features ("{table.index[0]}", …) and outcomes ("{wanted.index[0]}", …) share no '
            "patient. Give both the patients' ids as index."
        )
    lost = max(len(table), len(wanted)) - len(both)
    if lost:
        notes.append(f"{lost} patients are in one of the tables only and are left out.")
    kept = both
    for facts, noun in ((beside, "confounder"), (site, "site")):
        if facts is None:
            continue
        known = facts.dropna()
        known = known[known.astype(str).ne("").to_numpy().reshape(len(known), -1).all(axis=1)]
        filled = set(known.index)
        there = [name for name in kept if name in filled]
        if not there:
            raise InputError(
                f"No patient has a {noun}. Give {noun}s the same ids as the features, or fill "
                "them in."
            )
        if len(there) < len(kept):
            notes.append(f"{len(kept) - len(there)} patients without a {noun} are left out.")
        kept = there
    return kept


def _sites(
    site: pd.Series | None, patients: list[str]
) -> tuple[NDArray[np.intp] | None, tuple[str, ...]]:
    if site is None:
        return None, ()
    names, codes = np.unique(site.loc[patients].astype(str).to_numpy(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"There is one site ({names[0]}), so that sites cannot be told apart. Leave groups "
            "out, or give the column that tells sites or scanners apart."
        )
    return codes.astype(np.intp), tuple(map(str, names))


def site_columns(site: pd.Series | None, patients: list[str]) -> tuple[Reals, tuple[str, ...]]:
    """Sites but the first as 0 and 1, shape (N, S - 1), and the names of all."""
    codes, names = _sites(site, patients)
    if codes is None:
        return np.empty((len(patients), 0)), ()
    return np.equal.outer(codes, np.arange(1, len(names))).astype(float), names


def _survival(wanted: pd.DataFrame, event: str) -> tuple[pd.DataFrame, Reals]:
    """Times, and the events of a table of two columns."""
    if wanted.shape[1] != 2 or event not in wanted:
        raise InputError(
            "Survival needs a table of two columns, the time and the event (1 happened, 0 "
            f'censored), the latter called "{event}". Choose its name with the setting event.'
        )
    values, _ = numbers_of(wanted, "outcome")
    at = list(wanted.columns).index(event)
    events = values[:, at]
    known = np.isfinite(events)
    if not np.isin(events[known], (0.0, 1.0)).all():
        raise InputError(f'"{event}" holds more than 0 and 1. Code events as 1, censored as 0.')
    times = wanted.drop(columns=event).astype(float)
    times[~known] = np.nan
    if (times.to_numpy() <= 0).any():
        raise InputError(f'"{times.columns[0]}" holds times that are not above 0. Check them.')
    return times, np.where(known, events, 0.0)


def _sizes(given: Any, patients: list[str]) -> Reals:
    sizes = as_table(given).iloc[:, 0]
    sizes.index = sizes.index.map(str)
    lost = [name for name in patients if name not in sizes.index]
    if lost:
        raise InputError(f"{some(lost, 'patient')} without a library size. Give one for each.")
    values = sizes.loc[patients].to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        raise InputError("A library size is missing or not above 0. Check them.")
    return np.asarray(values / np.exp(np.log(values).mean()))


def without_empty(tables: Tables, classes: bool) -> Tables:
    """Leave out columns that are the same everywhere or empty, and say which.

    Raises
    ------
    InputError
        If no feature or no outcome is left.
    """
    notes: list[str] = []
    x = _varying(tables.features, tables.feature_names, "feature", notes)
    y = _varying(tables.outcomes, tables.outcome_names, "outcome", notes, classes=classes)
    return replace(
        tables,
        features=tables.features[:, x],
        outcomes=tables.outcomes[:, y],
        feature_names=tuple(np.array(tables.feature_names, object)[x]),
        outcome_names=tuple(np.array(tables.outcome_names, object)[y]),
        warnings=(*tables.warnings, *notes),
    )


def _varying(
    values: Reals, names: tuple[str, ...], noun: str, notes: list[str], *, classes: bool = False
) -> NDArray[np.bool_]:
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    empty = ~np.isfinite(low)
    flat = ~empty & (low == high)
    word = "has one class" if classes else "is the same for all patients"
    words = "have one class" if classes else "are the same for all patients"
    for mask, one, many in ((empty, "has no value", "have no value"), (flat, word, words)):
        if mask.any():
            found = [name for name, bad in zip(names, mask, strict=True) if bad]
            notes.append(f"{some(found, noun)} {one if len(found) == 1 else many}: not tested.")
    if (empty | flat).all():
        raise InputError(
            f"{notes[-1].removesuffix(': not tested.')}, and no other {noun} is there. Choose "
            "others, or other patients."
        )
    return np.asarray(~(empty | flat))
