"""Tables out: UTF-8 CSV that no spreadsheet takes for formulas, all or nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMULA", "guard", "unguard", "write_table"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?%?")


def guard(cell: object) -> str:
    """Text of a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guard("=HYPERLINK(1)"), guard("-3.5"), guard("'+1 day")
    ("'=HYPERLINK(1)", '-3.5', "''+1 day")
    """
    text = "" if cell is None or cell != cell else str(cell)
    risky = text.lstrip("'").startswith(FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if risky else text


def unguard(cell: str) -> str:
    """Undo `guard`.

    Examples
    --------
    >>> unguard("'=A1"), unguard("'quoted'")
    ('=A1', "'quoted'")
    """
    risky = cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA)
    return cell[1:] if risky else cell


def write_table(
    frame: pd.DataFrame, path: str | Path, *, index: bool = True, delimiter: str = ","
) -> Path:
    """Write a table as UTF-8 CSV, guarded against formulas, all or nothing.

    Parameters
    ----------
    frame : DataFrame
        Missing values become empty cells.
    path : str or Path
        Where; an existing file is replaced when the new one is complete.
    index : bool, optional
        Write the index as the first column.
    delimiter : str, optional
        Between cells.

    Returns
    -------
    Path
        The written file.
    """
    path = Path(path)
    table = frame.reset_index() if index else frame.copy(deep=False)
    table.attrs = {}  # pandas copies the history with every column
    if not path.parent.is_dir():
        raise InputError(f"The folder {path.parent} does not exist. Create it, then save again.")
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow([guard(name) for name in table.columns])
        writer.writerows(_guarded_rows(table))
    return path


def _guarded_rows(table: pd.DataFrame) -> Iterable[Sequence[str]]:
    import pandas as pd

    columns = []
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        cells = column.astype(object).where(column.notna(), None).tolist()
        whole = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all()
        columns.append([_text(cell, whole) for cell in cells])
    return zip(*columns, strict=True)


def _text(cell: object, whole: bool) -> str:
    if whole and isinstance(cell, float) and abs(cell) < 1e15:
        return str(int(cell))
    return guard(cell)
