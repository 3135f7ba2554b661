"""Plain text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["aligned", "as_options", "rows_of"]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    r"""Lay out rows in columns, two spaces apart; the last column is not padded.

    Examples
    --------
    >>> aligned([["file", "what"], ["scans.csv", "No such column."]])
    'file       what\nscans.csv  No such column.\n'
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "".join(line.rstrip() + "\n" for line in lines)


def rows_of(table: pd.DataFrame) -> list[list[str]]:
    """Cells of a table as text under the names of its columns, numbers with four figures.

    Examples
    --------
    >>> import pandas as pd
    >>> rows_of(pd.DataFrame({"set": ["VEGF"], "p_value": [0.0123456]}))
    [['set', 'p_value'], ['VEGF', '0.01235']]
    """
    cells = [
        [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        for row in table.itertuples(index=False)
    ]
    return [list(map(str, table.columns)), *cells]


def as_options(message: str) -> str:
    """Name the settings in a message as they are typed here.

    Examples
    --------
    >>> as_options("Refused. Choose one with the setting fourth_axis.")
    'Refused. Choose one with --fourth-axis.'
    """
    return re.sub(r"the setting (\w+)", lambda m: "--" + m[1].replace("_", "-"), message)
