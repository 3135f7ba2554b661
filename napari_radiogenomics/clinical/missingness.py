"""What is missing, in whom, and whether that has to do with outcome, site or anything else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.clinical.columns import Read, Types, read_columns
from napari_radiogenomics.clinical.little import McarTest, mcar_test
from napari_radiogenomics.clinical.missing import as_number
from napari_radiogenomics.clinical.two_groups import Compared, compare, percent
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import Record, verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.statistics.multiplicity import adjust

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MissingnessReport", "missingness_report"]

_FEW = 5  # patients with and without a value, below which nothing is compared
_NOTABLE = 0.05
_TOLD = 3  # findings a sentence names
_ELSEWHERE = 0.2  # share of the others who miss it, where it does not apply
_SAME = 0.999  # correlation of columns that say the same
_ID = "patient_id"
_LIMIT = re.compile(r"[<>≤≥]=?\s*\d+(?:[.,]\d+)?")
_TESTED = ("nominal", "ordinal", "ratio", "date")


@dataclass(frozen=True, eq=False)
class MissingnessReport:
    """What is missing and what it hangs on.

    Attributes
    ----------
    columns : DataFrame, index ``column``
        ``type, known, missing, share`` and ``written`` (how, with counts).
    patterns : DataFrame
        One row a pattern, the commonest first: True where a column is missing, and
        ``patients``, their number.
    tests : DataFrame
        Each column with missing values against each other one: ``column, against, role``
        ("outcome", "site" or ""), ``test, n, effect`` (in words), ``p_value`` and ``q_value``
        (false discovery rate over all rows).
    mcar : McarTest or None
        Little's test over ``mcar.columns``; None where there is none, ``notes`` say why.
    notes : tuple of str
        What it comes to, in sentences.
    history : tuple of Record
        How it came to be.
    """

    columns: pd.DataFrame
    patterns: pd.DataFrame
    tests: pd.DataFrame
    mcar: McarTest | None
    notes: tuple[str, ...] = ()
    history: tuple[Record, ...] = field(default=(), repr=False)


@verb
def missingness_report(
    table: pd.DataFrame,
    *,
    outcome: str | Sequence[str] = (),
    site: str = "site",
    types: Types | None = None,
    missing: Mapping[str, Collection[Any]] | None = None,
) -> MissingnessReport:
    """Report what is missing, and test it against outcome, site and all other columns.

    Parameters
    ----------
    table : DataFrame, N patients × C columns
        Clinical table.
    outcome : str or sequence of str, optional
        Columns that are outcomes.
    site : str, optional
        Column of the site; not used where the table has none of that name.
    types, missing
        As for `column_types`.

    Returns
    -------
    MissingnessReport
        With a sentence for each finding in ``notes``.

    Raises
    ------
    InputError
        If the table has no such outcome, no patient, or several rows of a patient (by its index
        or its column ``patient_id``).

    Notes
    -----
    A column is compared where at least five patients have a value and five do not: numbers and
    ordered levels by Mann-Whitney's test, others by χ², with 9,999 permutations where a count of
    less than 5 is expected. Little's test takes ratios, ordered levels and pairs of levels. No
    test can tell whether a value is missing because of what it would have been.

    Examples
    --------
    >>> import pandas as pd
    >>> stage = ["I"] * 20 + ["IV"] * 20
    >>> crp = [None] * 15 + list(range(25))
    >>> report = missingness_report(pd.DataFrame({"stage": stage, "crp": crp}))
    >>> report.notes[0]
    'crp is missing in 15 of 40 patients (38 %).'
    >>> report.tests[["column", "against", "effect"]].iloc[0].tolist()
    ['crp', 'stage', 'lower where missing (AUC 0.10)']
    """
    if not len(table):
        raise InputError("The table has no patient.")
    _refuse_repeated(table)
    read = read_columns(table, types=types, missing=missing)
    outcomes = _outcomes(outcome, list(read))
    roles = {name: "outcome" for name in outcomes} | ({site: "site"} if site in read else {})
    columns = _columns(read)
    tests = _tests(read, roles)
    notes = [
        f"{name} is missing in {row.missing} of {len(table)} patients ({percent(row.share)})."
        if row.known
        else f"{name} has no value in any of the {len(table)} patients, and is in no test."
        for name, row in columns[columns["missing"] > 0].iterrows()
    ]
    notes += [*_flat_outcomes(read, outcomes), *_censored(read)]
    structural = _structural(read)
    mcar, why = _little({name: one for name, one in read.items() if name not in structural})
    notes += [*structural.values(), *_findings(tests), why]
    return MissingnessReport(columns, _patterns(read), tests, mcar, tuple(notes))


def _refuse_repeated(table: pd.DataFrame) -> None:
    """Refuse several rows of a patient: each would count as a patient of its own."""
    ids = [str(name) for name in table.get(_ID, table.index)]
    counts = {name: n for name, n in Counter(ids).items() if n > 1}
    if counts:
        first, n = next(iter(counts.items()))
        raise InputError(
            f'{len(counts)} patients are there more than once ("{first}" {n} times). The patient '
            "is the unit: each row counts as one, and p-values would be too small. Keep one row "
            "of each patient."
        )


def _outcomes(outcome: Any, known: Sequence[str]) -> list[str]:
    if not isinstance(outcome, str) and not isinstance(outcome, list | tuple):
        raise InputError(
            f"outcome takes the names of columns, and a {type(outcome).__name__} was given. Put "
            'the values into the table: table.assign(response=…), outcome="response".'
        )
    outcomes = [outcome] if isinstance(outcome, str) else [str(name) for name in outcome]
    for name in outcomes:
        if name not in known:
            raise InputError(f'There is no column "{name}". {did_you_mean(name, list(known))}')
    return outcomes


def _flat_outcomes(read: Mapping[str, Read], outcomes: Sequence[str]) -> list[str]:
    """A sentence for each outcome that tells nobody apart."""
    notes = []
    for name in outcomes:
        kinds = {text for text in read[name].texts if text}
        if len(kinds) < 2:
            what = f'one value ("{kinds.pop()}")' if kinds else "no value"
            notes.append(f"The outcome {name} has {what}, so that nothing is held against it.")
    return notes


def _censored(read: Mapping[str, Read]) -> list[str]:
    """A sentence for each column of numbers that limits of detection, as "<0.1", make text."""
    notes = []
    for name, one in read.items():
        limits = [text for text in (*one.texts, *one.unreadable) if _LIMIT.fullmatch(text)]
        numbers = sum(np.isfinite(as_number(text)) for text in one.texts if text)
        if not limits or not numbers or one.type in ("nominal", "ordinal", "date"):
            continue
        notes.append(
            f'{name} holds values beyond a limit ({len(limits)}, such as "{limits[0]}"): '
            + (
                "they count as missing."
                if one.type == "ratio"
                else f"the column counts as {one.type} and is in no test."
            )
            + " Give the limit as a number, and say so in a column of its own."
        )
    return notes


def _columns(read: Mapping[str, Read]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "column": name,
            "type": one.type,
            "known": int((~one.missing.mask).sum()),
            "missing": int(one.missing.mask.sum()),
            "share": float(one.missing.mask.mean()),
            "written": ", ".join(f'{n} × "{text}"' for text, n in one.missing.spellings.items()),
        }
        for name, one in read.items()
    ]
    return pd.DataFrame(rows).set_index("column")


def _patterns(read: Mapping[str, Read]) -> pd.DataFrame:
    import pandas as pd

    masks = pd.DataFrame({name: one.missing.mask for name, one in read.items()})
    masks = masks.loc[:, masks.any()]
    if masks.empty:
        return pd.DataFrame({"patients": [len(masks)]})
    counted = masks.groupby(list(masks.columns)).size().sort_values(ascending=False)
    return counted.rename("patients").reset_index()


def _gaps(read: Mapping[str, Read]) -> dict[str, NDArray[np.bool_]]:
    """Masks of the columns that enough patients have, and enough do not."""
    masks = {name: one.missing.mask for name, one in read.items()}
    return {n: mask for n, mask in masks.items() if _FEW <= mask.sum() <= len(mask) - _FEW}


def _tests(read: Mapping[str, Read], roles: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for column, mask in _gaps(read).items():
        for against, other in read.items():
            if against == column or other.type not in _TESTED:
                continue
            compared = _compared(mask, other)
            if compared is not None:
                row = {"column": column, "against": against, "role": roles.get(against, "")}
                rows.append({**row, **vars(compared)})
    names = ["column", "against", "role", "test", "n", "effect", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table["q_value"] = adjust(table["p_value"].to_numpy(float)) if len(table) else []
    order = table["role"].map({"outcome": 0, "site": 1, "": 2})
    return table.iloc[np.lexsort((table["p_value"].to_numpy(float), order.to_numpy()))].reset_index(
        drop=True
    )


def _compared(mask: NDArray[np.bool_], other: Read) -> Compared | None:
    """Those who miss a value against those who have it, where both have the other."""
    values = other.numbers()
    there = np.isfinite(values)
    with_gap, without = int((mask & there).sum()), int((~mask & there).sum())
    if min(with_gap, without) < _FEW or len(np.unique(values[there])) < 2:
        return None
    levels = other.levels if other.type == "nominal" else ()
    return compare(mask[there], values[there], levels)


def _structural(read: Mapping[str, Read]) -> dict[str, str]:
    """Columns that are missing in all patients of a level and in few others, with a sentence."""
    notes: dict[str, str] = {}
    for column, mask in _gaps(read).items():
        for against, other in read.items():
            if against == column or other.type not in ("nominal", "ordinal"):
                continue
            for level in other.levels:
                own = np.array([text == level for text in other.texts], bool)
                elsewhere = mask[~own & ~other.missing.mask]
                if own.sum() >= _FEW and mask[own].all() and elsewhere.mean() < _ELSEWHERE:
                    notes[column] = (
                        f"{column} is missing in all {own.sum()} patients with {against} = {level} "
                        f"and in {elsewhere.sum()} of {elsewhere.size} others: perhaps it does "
                        "not apply there, which is not the same as unknown."
                    )
    return notes


def _findings(tests: pd.DataFrame) -> list[str]:
    """One sentence a column: what its gaps go with, outcome and site first."""
    notes = []
    for name, rows in tests.groupby("column", sort=False):
        found = rows[rows["q_value"] <= _NOTABLE]
        parts = [
            f"{row.against}{f' ({row.role})' if row.role else ''} is {row.effect}, "
            f"p = {row.p_value:.2g}, q = {row.q_value:.2g}, n = {row.n}"
            for row in found.head(_TOLD).itertuples()
        ]
        more = f"; and {len(found) - _TOLD} more in tests" if len(found) > _TOLD else ""
        if parts:
            notes.append(
                f"{name} is not missing completely at random: {'; '.join(parts)}{more}. Patients "
                "without it are not like those with it."
            )
        calm = rows[(rows["role"] != "") & (rows["q_value"] > _NOTABLE)]["against"]
        if len(calm):
            notes.append(f"No sign that {name} is missing by {' or '.join(calm)}.")
    return notes


def _little(read: Mapping[str, Read]) -> tuple[McarTest | None, str]:
    """Little's test of what can be a number, and its sentence."""
    import pandas as pd

    pairs = [n for n, one in read.items() if one.type == "nominal" and len(one.levels) == 2]
    graded = [name for name, one in read.items() if one.type in ("ratio", "ordinal")]
    why = ""
    for chosen in ([*graded, *pairs], graded):  # pairs of levels often follow from each other
        table = pd.DataFrame({name: read[name].numbers() for name in read if name in chosen})
        table = table.loc[:, (table.nunique() > 1) & (table.notna().sum() >= _FEW)]
        table = table.loc[:, ~_repeated(table)]
        gaps = any(one.missing.mask.any() for one in read.values())
        if gaps and table.shape[1] and table.notna().to_numpy().all():
            why = why or (
                f"Little's test was not made: of the columns that it takes "
                f"({', '.join(table.columns)}) none misses a value."
            )
            continue
        try:
            test = mcar_test(table)
        except InputError as error:
            why = why or f"Little's test was not made: {error}"
            continue
        surely = "not " if test.p_value <= _NOTABLE else "perhaps "
        return test, (
            f"Little's test: χ² = {test.statistic:.1f}, {test.df} degrees of freedom, "
            f"p = {test.p_value:.2g} ({test.n} patients, {len(test.columns)} columns, "
            f"{test.n_patterns} patterns): values are {surely}missing completely at random."
        )
    return None, why


def _repeated(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Columns that say what an earlier one says, shape (P,)."""
    same = table.corr(min_periods=_FEW).abs().to_numpy() > _SAME
    found: NDArray[np.bool_] = np.triu(same, 1).any(axis=0)
    return found
