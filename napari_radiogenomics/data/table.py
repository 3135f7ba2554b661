"""A table as it stands in a file: cells of text, and the row of each in a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.data.problems import Level, Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "parse_numbers", "table_of"]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file before, while and after they are checked.

    Attributes
    ----------
    frame : DataFrame, N rows
        Cells; ``""`` is missing until a column has been read as numbers.
    rows : ndarray of int, shape (N,)
        Row of each in a spreadsheet (the header is row 1); 0 where it comes from no file.
    file : str
        Where it comes from, for messages.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    file: str

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, mask: ArrayLike) -> Table:
        """Rows for which a boolean mask, shape (N,), is true."""
        mask = np.asarray(mask, bool)
        if mask.all():
            return self
        return Table(self.frame[mask].reset_index(drop=True), self.rows[mask], self.file)

    def with_frame(self, frame: pd.DataFrame) -> Table:
        """Return the same rows with other cells."""
        return Table(frame, self.rows, self.file)

    def assign(self, columns: Mapping[str, Any]) -> Table:
        """Return the same rows with some columns replaced or added."""
        return self.with_frame(self.frame.assign(**columns)) if columns else self

    def texts(self, column: str) -> list[str]:
        """Cells of a text column; empty ones where there is no such column."""
        if column not in self.frame:
            return [""] * len(self)
        return self.frame[column].tolist()

    def problem(
        self,
        at: int | np.integer[Any],
        column: str,
        what: str,
        remedy: str,
        level: Level = "error",
    ) -> Problem:
        """Problem of the row at a position (from 0), named by its row in the file."""
        row = int(self.rows[at]) or None
        patient = self.frame["patient_id"].iat[at] if "patient_id" in self.frame else ""
        return Problem(self.file, row, column, what, remedy, level, str(patient))


def table_of(records: Sequence[Mapping[str, Any]], file: str, columns: Sequence[str]) -> Table:
    """Make a table from records that come from no table file, such as found files.

    Parameters
    ----------
    records : sequence of mapping
        One a row; what is missing becomes ``""``.
    file : str
        Where they come from, for messages.
    columns : sequence of str
        Columns that it has even without records.

    Returns
    -------
    Table
        With rows 0.
    """
    import pandas as pd

    names = list(dict.fromkeys([*columns, *(key for record in records for key in record)]))
    cells = [[str(record.get(name, "")) for name in names] for record in records]
    frame = pd.DataFrame(cells, columns=names, dtype=object)
    return Table(frame, np.zeros(len(records), np.int64), file)


def parse_numbers(
    texts: Sequence[Any],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read texts as numbers.

    Parameters
    ----------
    texts : sequence, length N
        Texts, or numbers already; ``""`` and None are missing.

    Returns
    -------
    numbers : ndarray of float, shape (N,)
        NaN where the cell is empty or no number.
    bad : ndarray of bool, shape (N,)
        Where there is something that is no finite number.

    Examples
    --------
    >>> numbers, bad = parse_numbers(["1.5", "", "1,5", "inf"])
    >>> numbers.tolist()[0], bad.tolist()
    (1.5, [False, False, True, True])
    """
    import pandas as pd

    cells = list(texts)
    numbers = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce")
    numbers = numbers.to_numpy(float, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    bad = np.isnan(numbers)
    bad[bad] = [_is_filled(cells[at]) for at in np.flatnonzero(bad)]
    return numbers, bad


def _is_filled(cell: Any) -> bool:
    return not (cell == "" or cell is None or cell != cell or not str(cell).strip())
