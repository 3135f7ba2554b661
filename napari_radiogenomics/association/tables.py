"""Columns of tables as numbers, and one row a patient; each refusal says why and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "AGGREGATES",
    "as_table",
    "classes_of",
    "coded",
    "numbers_of",
    "one_row_a_patient",
    "some",
]

Reals = NDArray[np.float64]
AGGREGATES = ("mean", "median", "min", "max")


def some(names: Sequence[str], noun: str) -> str:
    """Count and first names: ``3 features ("a", "b", …)``.

    Examples
    --------
    >>> some(["VEGFA"], "gene"), some(["a", "b", "c", "d"], "feature")
    ('1 gene ("VEGFA")', '4 features ("a", "b", "c", …)')
    """
    shown = ", ".join(f'"{name}"' for name in names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''} ({shown})"


def as_table(facts: Any) -> pd.DataFrame:
    """Return a table of a table, a named series or a mapping of patient to value."""
    import pandas as pd

    if isinstance(facts, pd.DataFrame):
        return facts
    if isinstance(facts, pd.Series):
        return facts.to_frame(facts.name if facts.name is not None else "outcome")
    raise InputError(
        f"A {type(facts).__name__} was given. Give a table or a column with the patients' ids as "
        "index."
    )


def one_row_a_patient(table: pd.DataFrame, unit: Any, aggregate: str, noun: str) -> pd.DataFrame:
    """Bring a table to one row a patient, with ids as text.

    Parameters
    ----------
    table : DataFrame
        By patient, or by region where ``unit`` names the patient of each row.
    unit : Series or None
        Patient of each row, by the same index.
    aggregate : str
        One of `AGGREGATES`, or empty where rows do not repeat.
    noun : str
        What the table holds, for messages.

    Raises
    ------
    InputError
        If rows repeat a patient and nothing says how to join them.
    """
    import pandas as pd

    if not len(table) or not table.shape[1]:
        raise InputError(f"The {noun} are empty. Give at least one row and one column.")
    if not table.columns.is_unique:
        twice = [str(name) for name in table.columns[table.columns.duplicated()]]
        raise InputError(f"The {noun} name {some(twice, 'column')} twice. Rename one.")
    owner = _owners(table, unit, noun)
    out = table.set_axis(pd.Index(owner, name="patient_id"))
    if out.index.is_unique:
        return out
    first = out.index[out.index.duplicated()][0]
    count, repeated = int((out.index == first).sum()), out.index[out.index.duplicated()].nunique()
    if not aggregate:
        way = (
            'Give aggregate="mean" (or median, min, max) to make one row of each patient, or '
            "leave rows out."
            if noun == "features"
            else "Keep one row of each patient."
        )
        raise InputError(
            f'The {noun} hold {repeated} patients more than once ("{first}" {count} times). '
            "Regions, lesions or voxels of one patient are not independent: counted as samples "
            f"they make chance look like a discovery. {way}"
        )
    if aggregate not in AGGREGATES:
        raise InputError(f'No aggregate "{aggregate}". {did_you_mean(aggregate, list(AGGREGATES))}')
    numbers, _ = numbers_of(out, noun.removesuffix("s"))
    frame = pd.DataFrame(numbers, index=out.index, columns=out.columns)
    return frame.groupby(level=0, sort=False).agg(aggregate)


def _owners(table: pd.DataFrame, unit: Any, noun: str) -> list[str]:
    if unit is None:
        if table.index.nlevels > 1:
            raise InputError(
                f"The {noun} have {table.index.nlevels} levels of index, so that it is not "
                "known what a patient is. Give unit=… with the patient of each row."
            )
        return [str(name) for name in table.index]
    if len(unit) != len(table) or not unit.index.equals(table.index):
        raise InputError("unit must name the patient of each row, by the index of the features.")
    if unit.isna().any():
        raise InputError(f"{int(unit.isna().sum())} rows have no patient in unit. Fill them in.")
    return [str(name) for name in unit]


def numbers_of(table: pd.DataFrame, noun: str) -> tuple[Reals, list[str]]:
    """Columns as numbers, shape (N, K); two classes become 0 and 1, and a note says which is 1.

    Raises
    ------
    InputError
        If a column holds text among its numbers, more than two classes, or an infinite value.
    """
    notes: list[str] = []
    plain = all(kind.kind in "iufb" for kind in table.dtypes)
    if plain:
        values = table.to_numpy(np.float64, na_value=np.nan)
    else:
        columns = [_column(table[name], str(name), noun, notes) for name in table]
        values = np.column_stack(columns)
    if np.isinf(values).any():
        at = int(np.isinf(values).any(axis=0).argmax())
        raise InputError(
            f'The {noun} "{table.columns[at]}" holds an infinite value. Set it to missing.'
        )
    return values, notes


def _column(column: pd.Series, name: str, noun: str, notes: list[str]) -> Reals:
    import pandas as pd

    if column.dtype.kind in "iufb":
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
    text = column.astype(object).where(column.notna() & (column.astype(str).str.strip() != ""))
    numbers = pd.to_numeric(text, errors="coerce")
    bad = text[numbers.isna() & text.notna()]
    if not len(bad):
        return numbers.to_numpy(float)
    levels = sorted(map(str, text.dropna().unique()))
    if len(levels) == 2 and noun == "outcome":
        notes.append(f'Of "{name}", "{levels[1]}" counts as 1 and "{levels[0]}" as 0.')
        return np.array(
            [np.nan if v is None or v != v else float(str(v) == levels[1]) for v in text]
        )
    raise InputError(
        f'The {noun} "{name}" holds text: "{bad.iloc[0]}" of patient {bad.index[0]}'
        f"{f' and {len(bad) - 1} more' if len(bad) > 1 else ''}. Give numbers, or leave it "
        "missing (NaN)."
    )


def classes_of(table: pd.DataFrame) -> tuple[Reals, list[str]]:
    """Outcomes of two classes as 0 and 1, shape (N, M).

    Raises
    ------
    InputError
        If a column has more than two classes.
    """
    values, notes = numbers_of(table, "outcome")
    for at, name in enumerate(table.columns):
        levels = np.unique(values[np.isfinite(values[:, at]), at])
        if len(levels) > 2:
            raise InputError(
                f'The outcome "{name}" has {len(levels)} values; this method takes two classes. '
                'Choose the method "linear", or cut it in two by a rule fixed beforehand.'
            )
        if len(levels) == 2 and tuple(levels) != (0.0, 1.0):
            notes.append(f'Of "{name}", {levels[1]:g} counts as 1 and {levels[0]:g} as 0.')
            values[:, at] = np.where(np.isfinite(values[:, at]), values[:, at] == levels[1], np.nan)
    return values, notes


def coded(table: pd.DataFrame | None, n: int) -> tuple[Reals, tuple[str, ...]]:
    """Confounders as columns: numbers as they are, groups as 0 and 1; and the name of each column.

    Raises
    ------
    InputError
        If a confounder holds text among numbers, groups of nearly every patient, or is the same
        for all.
    """
    if table is None:
        return np.empty((n, 0)), ()
    columns: list[Reals] = []
    names: list[str] = []
    for name in table:
        found = _confounder(table[name], str(name))
        columns += list(found.T)
        names += [str(name)] * found.shape[1]
    return np.column_stack(columns), tuple(names)


def _confounder(column: pd.Series, name: str) -> Reals:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if column.nunique() < 2:
        raise InputError(f'The confounder "{name}" is the same for all patients. Leave it out.')
    if numbers.notna().all():
        return np.asarray(numbers.to_numpy(float))[:, None]
    if numbers.notna().mean() > 0.5:
        bad = column[numbers.isna()]
        raise InputError(
            f'The confounder "{name}" holds text among numbers: "{bad.iloc[0]}" of patient '
            f"{bad.index[0]}. Give numbers only, or groups only."
        )
    levels = np.unique(column.astype(str))
    if len(levels) > len(column) / 2:
        raise InputError(
            f'The confounder "{name}" has {len(levels)} groups among {len(column)} patients, so '
            "that nothing would be left. Join groups, or leave it out."
        )
    return np.equal.outer(column.astype(str).to_numpy(str), levels[1:]).astype(float)
