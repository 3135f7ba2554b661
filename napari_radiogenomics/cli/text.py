"""Plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned"]


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
