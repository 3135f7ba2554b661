"""The list of pairs: residual and error with each left out, in mm, the worst one marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.gui.register.pairs import Pair

__all__ = ["PairTable"]

_HEADERS = ("Pair", "Residual mm", "Left out mm")
_ROWS = 7
_MEANINGS = (
    "Number on the canvases",
    "How far the transform brings the landmark from its partner",
    "How far it is off when the transform is learned from the others: what counts",
)


class PairTable(QTableWidget):
    """Pairs, one a row."""

    def __init__(self) -> None:
        super().__init__(0, len(_HEADERS))
        self.setAccessibleName("Pairs of landmarks")
        self.setHorizontalHeaderLabels(_HEADERS)
        for column, meaning in enumerate(_MEANINGS):
            self.horizontalHeaderItem(column).setToolTip(f"<p>{meaning}</p>")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        height = self.fontMetrics().lineSpacing() + 6
        self.verticalHeader().setDefaultSectionSize(height)
        self.setMinimumHeight(height * (_ROWS + 1) + 8)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def use(self, pairs: Sequence[Pair], errors: pd.DataFrame | None, worst: str) -> None:
        """Show pairs; ``errors`` is the table of a registration, None where there is none."""
        known = {} if errors is None else errors.set_index("name").to_dict("index")
        chosen = self.currentRow()
        self.setRowCount(len(pairs))
        for row, pair in enumerate(pairs):
            facts = known.get(pair.name)
            self._put(row, 0, pair.name, "")
            if not pair.complete:
                other = "moving" if pair.moving is None else "fixed"
                self._put(row, 1, "place it", f"Click its place on the {other} side")
                self._put(row, 2, "", "")
                continue
            for column, name in ((1, "residual_mm"), (2, "left_out_mm")):
                value = float("nan") if facts is None else float(facts[name])
                note = "" if facts is None else str(facts["note"])
                text = f"{value:.2f}" if value == value else "—"
                self._put(row, column, text, note or f"{text} mm", bad=pair.name == worst)
        if 0 <= chosen < len(pairs):
            self.setCurrentCell(chosen, 0)

    def _put(self, row: int, column: int, text: str, more: str, *, bad: bool = False) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(more)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if bad:
            item.setBackground(QColor(190, 60, 40, 130))
            item.setToolTip(f"{more}: the others fit this pair least. Check it.")
        self.setItem(row, column, item)
