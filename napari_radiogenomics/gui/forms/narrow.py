"""What a narrow dock needs: a page that scrolls up and down only, a table without grid."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QScrollArea,
    QTableWidget,
    QWidget,
)

__all__ = ["narrow_table", "scrolling"]


def scrolling(content: QWidget) -> QScrollArea:
    """Put a page into an area that scrolls up and down, never sideways."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


def narrow_table(table: QTableWidget, columns: Sequence[tuple[str, str]], wide: int) -> int:
    """Lay out a table of whole rows that stays inside a narrow dock.

    Parameters
    ----------
    table : QTableWidget
        With as many columns as are named.
    columns : sequence of tuple of str
        Title and tip of each column.
    wide : int
        The column that takes what the others leave.

    Returns
    -------
    int
        Height of a row.
    """
    table.setHorizontalHeaderLabels([title for title, _ in columns])
    for column, (_, tip) in enumerate(columns):
        item = table.horizontalHeaderItem(column)
        if item is not None:
            item.setToolTip(tip)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header, modes = table.horizontalHeader(), QHeaderView.ResizeMode
    header.setMinimumSectionSize(18)
    header.setHighlightSections(False)
    for column in range(len(columns)):
        header.setSectionResizeMode(
            column, modes.Stretch if column == wide else modes.ResizeToContents
        )
    height = table.fontMetrics().lineSpacing() + 6
    table.verticalHeader().setDefaultSectionSize(height)
    return height
