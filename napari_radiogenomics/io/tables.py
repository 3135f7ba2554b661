"""Tables in CSV and TSV, read whatever a spreadsheet did to them.

Strategy: decode the whole file, let Python's C reader split it (it keeps quoted newlines and
is as fast as 2 million cells a second), then look only at rows of the wrong length. Every
cell stays text; `data.conform` reads the numbers. Rows are counted as a spreadsheet does: the
header is row 1 and blank lines count.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.table import Table
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables_write import FORMULA, guard, unguard, write_table
from napari_radiogenomics.io.text import decode, delimiter_of, first_lines, read_bytes

__all__ = ["guard", "read_header", "read_table", "unguard", "write_table"]

# Longer cells do not occur in tables of people; a lost quotation mark makes them.
_LONGEST_CELL = 16_000_000


def read_table(
    path: str | Path, *, file: str = "", delimiter: str = ""
) -> tuple[Table, list[Problem]]:
    """Read a CSV or TSV, gzipped or not.

    Parameters
    ----------
    path : str or Path
        The file.
    file : str, optional
        What it is called in messages; its path where not given.
    delimiter : str, optional
        Found from the header where not given.

    Returns
    -------
    table : Table
        All cells are text; rows of the wrong length are mended or left out.
    problems : list of Problem
        What was found, with rows.

    Raises
    ------
    InputError
        If the file is missing, empty or no text.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("id;x" + chr(10) + "a;1" + chr(10) + "b" + chr(10))
    >>> table, problems = read_table(path)
    >>> table.frame["x"].tolist(), problems[0].row
    (['1', ''], 3)
    """
    path = Path(path)
    file = file or str(path)
    text, problems = decode(read_bytes(path), file)
    delimiter = delimiter or delimiter_of(text)
    records = _split(text, delimiter, file, problems)
    blank = next((n for n, cells in enumerate(records) if not _is_blank(cells)), len(records))
    if blank == len(records):
        raise InputError(f"{file} has no header and no rows. Copy or export it again.")
    header = _header(records[blank], file, blank + 1, problems)
    rows = np.arange(blank + 2, len(records) + 1)
    quoted = any(f"'{mark}" in text for mark in FORMULA)
    table = _frame(records[blank + 1 :], rows, header, file, problems, quoted=quoted)
    return table, problems


def _is_blank(cells: list[str]) -> bool:
    """Whether a line before the header is blank, or Excel's ``sep=;``."""
    return not any(cell.strip() for cell in cells) or cells[0].lower().startswith("sep=")


def _split(text: str, delimiter: str, file: str, problems: list[Problem]) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        pass
    row, opened = _open_quote(text)
    if not opened:  # text after a closing quote: the lenient reader keeps it
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    what = "A quotation mark that begins on this row is never closed; quotes are taken literally."
    problems.append(Problem(file, row, "", what, "Close or delete it.", "error"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return list(reader)


def _open_quote(text: str) -> tuple[int, bool]:
    """Row of the last quotation mark that opens, and whether it stays open."""
    row, opened, start = 1, False, 1
    for part in re.finditer(r'"|\n', text):
        if part[0] == "\n":
            row += 1
        else:
            opened = not opened
            start = row if opened else start
    return start, opened


def _header(cells: list[str], file: str, row: int, problems: list[Problem]) -> list[str]:
    """Unique, stripped headers; a trailing empty one is dropped with its cells."""
    header: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = cell.strip()
        if not name:
            name = f"column {place}"
            if place != len(cells):
                what = f'Column {place} has no header; it is called "{name}".'
                problems.append(Problem(file, row, name, what, "Give it one.", "warning"))
        if name in header:
            copy = next(
                f"{name}.{n}" for n in range(1, len(cells) + 1) if f"{name}.{n}" not in header
            )
            what = f'The header "{name}" occurs twice; the second is called "{copy}".'
            problems.append(Problem(file, row, name, what, "Rename one of them.", "error"))
            name = copy
        header.append(name)
    return header


def _frame(
    records: list[list[str]],
    rows: np.ndarray,
    header: list[str],
    file: str,
    problems: list[Problem],
    *,
    quoted: bool,
) -> Table:
    """Mend or leave out rows of the wrong length; undo the guard where cells are quoted."""
    import pandas as pd

    width = len(header)
    keep = np.ones(len(records), bool)
    for at, cells in enumerate(records):
        if not any(cells):
            keep[at] = False
        elif len(cells) != width:
            problems.extend(_ragged(cells, header, file, int(rows[at])))
            keep[at] = len(cells) < width or not any(cell.strip() for cell in cells[width:])
            records[at] = (cells + [""] * width)[:width]
    kept = [cells for cells, good in zip(records, keep, strict=True) if good]
    frame = pd.DataFrame(kept, columns=header, dtype=object)
    for name in header if quoted else ():
        frame[name] = pd.Series([unguard(cell) for cell in frame[name].tolist()], dtype=object)
    if header[-1] == f"column {width}" and not (frame[header[-1]] != "").any():
        frame = frame.drop(columns=header[-1])
    return Table(frame, rows[keep], file)


def _ragged(cells: list[str], header: list[str], file: str, row: int) -> list[Problem]:
    width = len(header)
    if len(cells) < width:
        what = f"The row has {len(cells)} cells, the header {width}; the rest is taken as empty."
        return [Problem(file, row, "", what, "Check for a missing delimiter.", "warning")]
    if not any(cell.strip() for cell in cells[width:]):
        return []
    what = f"The row has {len(cells)} cells, the header {width}; it is left out."
    patient = cells[header.index("patient_id")].strip() if "patient_id" in header else ""
    remedy = 'Put cells that hold the delimiter in "quotes".'
    return [Problem(file, row, "", what, remedy, patient_id=patient)]


def read_header(path: str | Path) -> list[str]:
    """Read the cells of the first line only, without what follows.

    Parameters
    ----------
    path : str or Path
        CSV or TSV, gzipped or not; may be large.

    Raises
    ------
    InputError
        If the file is missing, empty or no text.
    """
    path = Path(path)
    line = next(first_lines(path, 1), b"")
    if not line.strip():
        raise InputError(f"{path} is empty or begins with a blank line. Export it again.")
    text, _ = decode(line, str(path))
    return next(csv.reader([text], delimiter=delimiter_of(text)))
