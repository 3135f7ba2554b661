"""Plain text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["aligned", "as_options"]


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


def as_options(message: str) -> str:
    """Name the settings in a message as they are typed here.

    Examples
    --------
    >>> as_options("Refused. Choose one with the setting fourth_axis.")
    'Refused. Choose one with --fourth-axis.'
    """
    return re.sub(r"the setting (\w+)", lambda m: "--" + m[1].replace("_", "-"), message)
