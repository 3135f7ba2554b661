"""Bring one table to its specification and say everything that had to be done.

Strategy: work on whole columns; only offending rows become `Problem` objects, so that a table
of 100,000 good rows costs milliseconds. No row is dropped without an error that names it, and
no value is guessed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.ids import all_canonical, canonical_ids
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.schema import CLINICAL, Column, TableSpec
from napari_radiogenomics.data.table import Table, parse_numbers
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["conform", "read_free_columns"]

# A free column in which at least this part of the cells are numbers was meant as one.
_MOSTLY_NUMBERS = 0.8
_BLANKS = (" ", "\t", "\n", "\r", "\xa0")


def conform(table: Table, spec: TableSpec) -> tuple[Table, list[Problem]]:
    """Check headers, keys, numbers and permitted values of one table.

    Parameters
    ----------
    table : Table
        As read: all cells are text.
    spec : TableSpec
        What it should be.

    Returns
    -------
    table : Table
        With every known column, numbers as float, rows without a usable key left out.
    problems : list of Problem
        All of them.
    """
    problems: list[Problem] = []
    table = _headers(table, spec, problems)
    missing = {problem.column for problem in problems if problem.level == "error"}
    table = _strip(table, spec)
    table = _required_cells(table, spec, missing, problems)
    table = _unique(table, spec, problems)
    numbers = {
        column.name: _numbers(table, column, problems)
        for column in spec.columns
        if column.kind == "number"
    }
    table = table.assign(numbers)
    for column in spec.columns:
        if column.choices:
            table = _choices(table, column, problems)
    return table, problems


def _plain(header: str) -> str:
    return re.sub(r"[\s\-]+", "_", header.strip().lower())


def _headers(table: Table, spec: TableSpec, problems: list[Problem]) -> Table:
    frame, known = table.frame, spec.names
    renames = {}
    for header in frame.columns:
        plain = _plain(header)
        if header not in known and plain in known and plain not in frame.columns:
            renames[header] = plain
            what = f'The header "{header}" was read as "{plain}".'
            problems.append(
                Problem(table.file, 1, header, what, f'Write it as "{plain}".', "warning")
            )
    frame = frame.rename(columns=renames)
    absent = [name for name in known if name not in frame.columns]
    for header in frame.columns:
        if header not in known:
            problems.extend(_unknown(table.file, header, absent, spec))
    for column in spec.columns:
        if column.required and column.name in absent:
            what = f'The column "{column.name}" is missing; no row can be used without it.'
            remedy = f"Add it. Found: {', '.join(map(str, frame.columns)) or 'no columns'}."
            problems.append(Problem(table.file, 1, column.name, what, remedy))
    frame = frame.assign(**dict.fromkeys(absent, ""))
    free = [header for header in frame.columns if header not in known]
    return table.with_frame(frame[[*known, *free]])


def _unknown(file: str, header: str, absent: list[str], spec: TableSpec) -> list[Problem]:
    close = difflib.get_close_matches(_plain(header), absent, n=1, cutoff=0.75)
    if close:
        what = f'Unknown column "{header}". Did you mean "{close[0]}"?'
        return [Problem(file, 1, header, what, "Rename it, or leave it as it is.", "warning")]
    if not spec.free:
        what = f'Unknown column "{header}" of {spec.name}; it is not used.'
        remedy = did_you_mean(_plain(header), spec.names)
        return [Problem(file, 1, header, what, remedy, "warning")]
    return []


def _strip(table: Table, spec: TableSpec) -> Table:
    changed = {}
    for name in spec.names:
        cells = table.frame[name].tolist()
        if _has_blanks(cells):
            changed[name] = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    return table.assign(_objects(changed, table.frame))


def _has_blanks(cells: list[object]) -> bool:
    """Whether a cell begins or ends with white space; one look at all cells is far faster."""
    try:
        text = "\0".join(cells)  # type: ignore[arg-type]
    except TypeError:  # a table that was made in Python holds numbers too
        return True
    if not cells or text[:1].isspace() or text[-1:].isspace():
        return bool(cells)
    return any(f"\0{blank}" in text or f"{blank}\0" in text for blank in _BLANKS)


def _objects(columns: dict[str, list[Any]], frame: pd.DataFrame) -> dict[str, pd.Series]:
    import pandas as pd

    return {
        name: pd.Series(cells, index=frame.index, dtype=object) for name, cells in columns.items()
    }


def _required_cells(
    table: Table, spec: TableSpec, missing: Collection[str], problems: list[Problem]
) -> Table:
    """Leave out rows without a key; of a column that is missing, its header has told."""
    keep = np.ones(len(table), bool)
    for column in spec.columns:
        # An empty path is a scan that is known but not at hand; `io` says so.
        if not column.required or column.kind == "path":
            continue
        empty = (table.frame[column.name] == "").to_numpy(bool)
        for at in np.flatnonzero(empty & keep) if column.name not in missing else ():
            what = f"{column.name} is empty; the row is left out."
            problems.append(table.problem(at, column.name, what, "Fill it in."))
        keep &= ~empty
    return table.keep(keep)


def _unique(table: Table, spec: TableSpec, problems: list[Problem]) -> Table:
    columns = list(spec.unique)
    again = table.frame.duplicated(columns, keep="first").to_numpy()
    if again.any():
        keys = list(zip(*(table.texts(name) for name in columns), strict=True))
        first: dict[tuple[str, ...], int] = {}
        for at, key in enumerate(keys):
            first.setdefault(key, at)
        for at in np.flatnonzero(again).tolist():
            name = " ".join(filter(None, keys[at]))
            row = int(table.rows[first[keys[at]]])
            where = f"already on row {row}" if row else "there already"
            what = f'{columns[0]} "{name}" is {where}; this row is left out.'
            problems.append(
                table.problem(at, columns[0], what, "Delete one of the rows or rename it.")
            )
    table = table.keep(~again)
    if spec.key:
        problems.extend(_near_duplicates(table, spec.key))
    return table


def _near_duplicates(table: Table, key: str) -> list[Problem]:
    texts = table.texts(key)
    if len(set(all_canonical(texts))) == len(texts):
        return []
    groups = [names for names in canonical_ids(texts).values() if len(names) > 1]
    place = {text: at for at, text in enumerate(texts)}
    found = []
    for first, *others in groups:
        for other in others:
            row = int(table.rows[place[first]])
            where = f" on row {row}" if row else ""
            what = f'{key} "{other}" differs from "{first}"{where} only in case, zeros or dashes.'
            remedy = "If they are the same, write them alike; both are kept."
            found.append(table.problem(place[other], key, what, remedy, "warning"))
    return found


def _numbers(table: Table, column: Column, problems: list[Problem]) -> NDArray[np.float64]:
    """Read a column as numbers, shape (N,); NaN where it is empty or bad."""
    texts = table.texts(column.name)
    numbers, bad = parse_numbers(texts)
    for at in np.flatnonzero(bad):
        what = f'"{texts[at]}" is not a number; it is taken as missing.'
        problems.append(table.problem(at, column.name, what, _number_remedy(str(texts[at]))))
    top = f"to {column.high:g}" if np.isfinite(column.high) else "or more"
    for at in np.flatnonzero((numbers < column.low) | (numbers > column.high)):
        what = f"{column.name} is {numbers[at]:g}, which cannot be."
        problems.append(
            table.problem(
                at, column.name, what, f"Expected {column.low:g} {top}. Check it.", "warning"
            )
        )
    return numbers


def _number_remedy(text: str) -> str:
    if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", text):
        return f"Write the decimal with a point: {text.strip().replace(',', '.')}."
    return "Write a number with a decimal point, or leave the cell empty."


def _choices(table: Table, column: Column, problems: list[Problem]) -> Table:
    texts = table.texts(column.name)
    if {"", *column.choices} >= set(texts):
        return table
    plain = {choice.lower(): choice for choice in column.choices}
    plain.setdefault("tumor", plain.get("tumour", "tumor"))
    known = {text: plain.get(text.lower(), text) for text in set(texts)}
    allowed = {"", *column.choices}
    for at, text in enumerate(texts):
        if known[text] not in allowed:
            what = f'"{text}" is not a {column.name}.'
            remedy = did_you_mean(text, list(column.choices))
            problems.append(table.problem(at, column.name, what, remedy))
    cells = [known[text] if known[text] in allowed else text for text in texts]
    return table.assign(_objects({column.name: cells}, table.frame))


def read_free_columns(table: Table, spec: TableSpec) -> tuple[Table, list[Problem]]:
    """Read the further columns: numbers where all cells are, else text; empty is missing.

    Parameters
    ----------
    table : Table
        After `conform`.
    spec : TableSpec
        Says which columns are not free.

    Returns
    -------
    table : Table
        Free columns are float, or object with NaN where the cell was empty.
    problems : list of Problem
        Cells that keep a column from being numbers.
    """
    problems: list[Problem] = []
    clinical = {column.name: column for column in CLINICAL if spec.name == "patients"}
    columns: dict[str, object] = {}
    for name in table.frame.columns.difference(spec.names, sort=False):
        if name in clinical:
            columns[name] = _numbers(table, clinical[name], problems)
            continue
        texts = table.frame[name]
        numbers, bad = parse_numbers(texts.tolist())
        filled = int(bad.sum() + np.isfinite(numbers).sum())
        if filled and not bad.any():
            columns[name] = numbers
            continue
        if filled and 1 - bad.sum() / filled >= _MOSTLY_NUMBERS:
            for at in np.flatnonzero(bad):
                what = f'"{texts.iat[at]}" is not a number, as the rest of the column is; '
                what += "the column is kept as text."
                remedy = _number_remedy(str(texts.iat[at]))
                problems.append(table.problem(at, str(name), what, remedy, "warning"))
        columns[name] = texts.where(texts != "", np.nan)
    return table.assign(columns), problems
