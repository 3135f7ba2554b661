"""The table of associations: a row a pair, searched by words and sorted by any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUREST", "PairRows"]

_NONE = QModelIndex()
_COLUMNS = ("feature", "outcome", "n", "effect", "low", "high", "p_value", "q_value")
SUREST = _COLUMNS.index("q_value")
"""Column by which the table is sorted at first."""
_TITLES = ("Feature", "Outcome", "n", "Effect", "Low", "High", "p", "q")
_TIPS = (
    "Image feature", "What it goes along with", "Patients that have both", "Effect",
    "Lower end of the 95 % interval", "Upper end of the 95 % interval",
    "p-value of this test alone", "q-value in the family of tests that was declared",
)  # fmt: skip


class PairRows(QAbstractTableModel):
    """Pairs of a long table, narrowed by a search.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns: list[np.ndarray] = [np.empty(0, object) for _ in _COLUMNS]
        self._texts = np.empty(0, str)
        self._rows = np.empty(0, np.intp)
        self._sorted = (SUREST, False)
        self._words = ""

    def show(self, table: pd.DataFrame) -> None:
        """Show another table, the surest pairs first."""
        self.beginResetModel()
        self._columns = [table[name].to_numpy() for name in _COLUMNS]
        names = [f"{x} {y}".lower() for x, y in zip(*self._columns[:2], strict=True)]
        self._texts = np.array(names, dtype=str)
        self._arrange()
        self.endResetModel()

    def search(self, words: str) -> None:
        """Keep the pairs whose names have all the words."""
        self.beginResetModel()
        self._words = words
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self.beginResetModel()
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        keep = np.ones(len(self._texts), bool)
        for word in self._words.lower().split():
            keep &= np.char.find(self._texts, word) >= 0
        rows = np.flatnonzero(keep)
        column, down = self._sorted
        values = self._columns[column][rows]
        if values.dtype.kind == "O":
            values = values.astype(str)
        order = np.argsort(values, kind="stable")
        self._rows = rows[order[::-1] if down else order]

    def pair_at(self, row: int) -> tuple[str, str] | None:
        """Feature and outcome of a row in sight."""
        if not 0 <= row < len(self._rows):
            return None
        at = self._rows[row]
        return str(self._columns[0][at]), str(self._columns[1][at])

    def row_of(self, feature: str, outcome: str) -> int | None:
        """Row of a pair; None where it is not in sight."""
        wanted = (self._columns[0][self._rows] == feature) & (
            self._columns[1][self._rows] == outcome
        )
        found = np.flatnonzero(wanted)
        return int(found[0]) if len(found) else None

    def rowCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Pairs in sight."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Names, numbers and what is sure of them."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Cell of a pair."""
        if not index.isValid():
            return None
        value = self._columns[index.column()][self._rows[index.row()]]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() > 1:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() <= 1:
            return str(value)
        return _cell(index.column(), value) if role == Qt.ItemDataRole.DisplayRole else None

    def headerData(  # noqa: N802 - Qt names it
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        return _TITLES[section] if role == Qt.ItemDataRole.DisplayRole else None


def _cell(column: int, value: Any) -> str:
    if column < 2:
        return str(value)
    if value is None or not np.isfinite(value):
        return "none"
    if column == _COLUMNS.index("n"):
        return str(int(value))
    return f"{value:.2g}" if column >= _COLUMNS.index("p_value") else f"{value:.3g}"
