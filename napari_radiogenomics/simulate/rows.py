"""Rows that one patient adds to the tables, and transforms written beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "write_transform"]


@dataclass
class Rows:
    """Rows that one patient adds to the tables of the cohort.

    Attributes
    ----------
    tables : dict of list of dict
        Rows by table.
    expression : dict of ndarray
        Counts of each sample, by its identifier.
    truth : dict
        What is hidden, for ``truth.json``.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    expression: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """Add a row to a table."""
        self.tables.setdefault(table, []).append(row)


def write_transform(path: Path, moving: str, fixed: str, matrix: NDArray[np.float64]) -> None:
    """Write a (4, 4) matrix from mm of one frame to mm of another."""
    content = {
        "from_frame": moving,
        "to_frame": fixed,
        "world": "LPS",
        "unit": "mm",
        "matrix": np.round(matrix, 9).tolist(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
