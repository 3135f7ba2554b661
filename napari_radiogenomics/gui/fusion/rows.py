"""A table of numbers and names for the eye: sorted by any column, short numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QTableView

__all__ = ["FrameRows", "FrameTable"]

_NONE = QModelIndex()
_WIDE, _NARROW, _LAST = 150, 58, 240
_AROUND_TITLE = 26  # pixels of a header that its title cannot have
_FIGURES, _TEN = 3, 10


class FrameRows(QAbstractTableModel):
    """Rows of a DataFrame.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frame = pd.DataFrame()
        self.marked: QColor | None = None
        self._tips: Mapping[str, str] = {}
        self._decimals: dict[str, int] = {}
        self._shares: Collection[str] = ()
        self._wrong: set[str] = set()

    def show(
        self,
        frame: pd.DataFrame,
        *,
        tips: Mapping[str, str] | None = None,
        wrong: str = "",
        shares: Collection[str] = (),
    ) -> None:
        """Show another table.

        Parameters
        ----------
        frame : DataFrame
            The first column names the rows.
        tips : mapping, optional
            What columns mean.
        wrong : str, optional
            Column whose False marks a row; it is not shown.
        shares : collection of str, optional
            Columns that are shown in percent.
        """
        self.beginResetModel()
        self._wrong = set()
        if wrong in frame:
            self._wrong = {
                str(name) for name in frame.loc[frame[wrong].eq(False), frame.columns[0]]
            }
            frame = frame.drop(columns=wrong)
        self.frame, self._tips, self._shares = frame.reset_index(drop=True), tips or {}, shares
        self._decimals = {
            str(name): decimals_of(frame[name].to_numpy(float))
            for name in frame
            if frame[name].dtype.kind == "f"
        }
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; what is missing comes last."""
        if not 0 <= column < self.frame.shape[1]:
            return
        self.beginResetModel()
        name = self.frame.columns[column]
        up = order == Qt.SortOrder.AscendingOrder
        key = None if self.frame[name].dtype.kind in "fiub" else _as_text
        self.frame = self.frame.sort_values(
            name, ascending=up, kind="stable", ignore_index=True, key=key
        )
        self.endResetModel()

    def name_at(self, row: int) -> str:
        """Name of a row; empty where there is none."""
        return str(self.frame.iloc[row, 0]) if 0 <= row < len(self.frame) else ""

    def row_of(self, name: str) -> int | None:
        """Row of a name; None where it is not there."""
        if self.frame.empty:
            return None
        found = np.flatnonzero(self.frame.iloc[:, 0].astype(str) == name)
        return int(found[0]) if len(found) else None

    def rowCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Rows."""
        return 0 if parent.isValid() else len(self.frame)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Columns."""
        return 0 if parent.isValid() else self.frame.shape[1]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Cell."""
        if not index.isValid():
            return None
        value = self.frame.iat[index.row(), index.column()]
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if role == Qt.ItemDataRole.TextAlignmentRole and number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and self.marked is not None:
            return self.marked if self.name_at(index.row()) in self._wrong else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return None if number else str(value)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.text_at(index.row(), index.column())

    def text_at(self, row: int, column: int) -> str:
        """A cell as a person reads it, with as many decimals as the others of its column."""
        name, value = str(self.frame.columns[column]), self.frame.iat[row, column]
        if name in self._shares and np.isfinite(value):
            return f"{100 * value:.0f} %"
        return cell_text(value, self._decimals.get(name))

    def headerData(  # noqa: N802 - Qt names it
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        name = str(self.frame.columns[section])
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tips.get(name, name)
        return name if role == Qt.ItemDataRole.DisplayRole else None


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype(str)


def decimals_of(values: NDArray[np.float64]) -> int:
    """Decimals for all numbers of a column: three figures of the largest, none of counts.

    Examples
    --------
    >>> decimals_of(np.array([0.5, 0.473])), decimals_of(np.array([364.0, 12.0]))
    (3, 0)
    >>> decimals_of(np.array([61.5, 7.25])), decimals_of(np.array([np.nan]))
    (1, 3)
    """
    known = np.abs(values[np.isfinite(values)])
    if not known.size:
        return _FIGURES
    if known.max() > 1 and (known == np.rint(known)).all():
        return 0
    before = len(str(int(known.max()))) if known.max() >= _TEN else 0
    return max(_FIGURES - before, 0)


def cell_text(value: Any, decimals: int | None = None) -> str:
    """A cell as a person reads it; what would be rounded to nothing keeps its size.

    Examples
    --------
    >>> cell_text(0.70312), cell_text(float("nan")), cell_text("late")
    ('0.703', '', 'late')
    >>> cell_text(0.5, 3), cell_text(-0.25, 2), cell_text(0.00004, 3)
    ('0.500', '−0.25', '4e−05')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if not isinstance(value, (float, np.floating)):
        return str(value)
    number = float(value) + 0.0  # no minus before a zero
    lost = decimals is None or 0 < abs(number) < 0.5 / 10**decimals
    told = f"{number:.3g}" if lost else f"{number:.{decimals}f}"
    return told.replace("-", "−")


class FrameTable(QTableView):
    """The table; choosing a row says whose it is.

    Parameters
    ----------
    name : str
        What it shows, for screen readers.

    Attributes
    ----------
    chosen : Signal(str)
        Name of the row that was chosen by the person.
    """

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rows = FrameRows(self)
        self._least_last = _NARROW
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 6)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().setSortIndicatorShown(False)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.setSortingEnabled(True)
        self.clicked.connect(self._tell)
        self.activated.connect(self._tell)

    def _tell(self, index: QModelIndex) -> None:
        name = self.rows.name_at(index.row())
        if name:
            self.chosen.emit(name)

    def show_frame(
        self,
        frame: pd.DataFrame,
        *,
        tips: Mapping[str, str] | None = None,
        wrong: str = "",
        shares: Collection[str] = (),
    ) -> None:
        """Show a table; parameters as `FrameRows.show`."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.rows.show(frame, tips=tips, wrong=wrong, shares=shares)
        metrics = self.fontMetrics()
        for column, name in enumerate(map(str, self.rows.frame.columns)):
            few = range(min(len(self.rows.frame), 40))
            title = metrics.horizontalAdvance(name) + _AROUND_TITLE
            texts = [self.rows.text_at(row, column) for row in few]
            widest = max([title, *(metrics.horizontalAdvance(text) + 18 for text in texts)])
            last = column == self.rows.columnCount() - 1
            if last:
                self._least_last = min(max(widest, _NARROW), _LAST)
            else:
                self.setColumnWidth(column, max(min(max(widest, _NARROW), _WIDE), title))
        self._fit_last()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt names it
        """Give the last column what room is left."""
        super().resizeEvent(event)
        self._fit_last()

    def _fit_last(self) -> None:
        """Stretch the last column; where no room is left for its words, the table scrolls."""
        last = self.rows.columnCount() - 1
        if last < 0:
            return
        room = self.viewport().width() - sum(map(self.columnWidth, range(last)))
        self.horizontalHeader().setStretchLastSection(room >= self._least_last)
        if room < self._least_last:
            self.setColumnWidth(last, self._least_last)

    def mark(self, name: str) -> None:
        """Select a row by its name, without telling."""
        row = self.rows.row_of(name)
        if row is None:
            self.clearSelection()
        elif self.currentIndex().row() != row:
            self.selectRow(row)
