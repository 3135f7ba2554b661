"""The wide dock of associations: all pairs, and the patients and the card of one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.gui.associate.card_view import CardView
from napari_radiogenomics.gui.associate.pairs import SUREST, PairRows
from napari_radiogenomics.gui.associate.plots import AssociationMap, PairPlot, Volcano
from napari_radiogenomics.gui.placing import PlacedWidget, Side
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.provenance import write_history

if TYPE_CHECKING:
    from napari_radiogenomics.association.evidence import EvidenceCard
    from napari_radiogenomics.association.result import AssociationResult

__all__ = ["AssociateSheet"]

_NOTHING = "Associate features and outcomes: the dock on the right does it."


class AssociateSheet(PlacedWidget):
    """What was found, and what lies behind one pair of it.

    Attributes
    ----------
    pair_chosen : Signal(str, str)
        Feature and outcome of a cell, a dot or a row.
    patient_chosen : Signal(str)
        Patient of a dot.
    weighed : Signal()
        The person wants the chosen pair to be weighed.
    saved : Signal(str)
        The table was written, and where.
    """

    side: ClassVar[Side] = "below"

    pair_chosen = Signal(str, str)
    patient_chosen = Signal(str)
    weighed = Signal()
    saved = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.result: AssociationResult | None = None
        self.pair = ("", "")
        self.setObjectName("radiogenomics-associations")
        self.map, self.volcano, self.patients = AssociationMap(), Volcano(), PairPlot()
        self.card = CardView()
        self.rows = PairRows()
        self._build()
        self.map.chosen.connect(self.pair_chosen)
        self.volcano.chosen.connect(self.pair_chosen)
        self.patients.chosen.connect(self.patient_chosen)
        for plot in (self.map, self.volcano):
            plot.clear(_NOTHING)
        self.patients.clear("Click a cell of the heat map, a dot or a row: its patients come here.")

    def _build(self) -> None:
        self.left, self.right = QTabWidget(), QTabWidget()
        self.left.addTab(self.map, "Heat map")
        self.left.addTab(self.volcano, "Volcano")
        self.left.addTab(self._make_table(), "Table")
        self.notes = QTextBrowser()
        self.notes.setAccessibleName("Family of tests and warnings")
        self.left.addTab(self.notes, "Notes")
        self.right.addTab(self._make_patients(), "Patients")
        self.right.addTab(self.card, "Evidence")
        for tabs in (self.left, self.right):
            tabs.setDocumentMode(True)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.left)
        splitter.addWidget(self.right)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([1, 1])
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 4)
        column.addWidget(splitter, 1)

    def _make_table(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search features and outcomes")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.rows.search)
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Write all pairs as a table (CSV) with its history")
        self.save_button.clicked.connect(self.ask_and_save)
        self.view = QTableView()
        self.view.setModel(self.rows)
        self.view.setAccessibleName("Pairs of features and outcomes")
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(SUREST, Qt.SortOrder.AscendingOrder)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 6)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view.selectionModel().currentRowChanged.connect(self._choose_row)
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self.save_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 2, 0, 0)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        return page

    def _make_patients(self) -> QWidget:
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.weigh_button = QPushButton("Weigh the evidence")
        self.weigh_button.setToolTip(
            "<p>Does the pair survive site, scanner, volume, held-out patients and the second "
            "cohort? Each answer is a line with a number, an interval and a rule.</p>"
        )
        self.weigh_button.setEnabled(False)
        self.weigh_button.clicked.connect(self.weighed)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        row.addWidget(self.weigh_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 2, 0, 0)
        column.addLayout(row)
        column.addWidget(self.patients, 1)
        return page

    def _choose_row(self, index: Any, _before: object = None) -> None:
        pair = self.rows.pair_at(index.row()) if index.isValid() else None
        if pair is not None and pair != self.pair:
            self.pair_chosen.emit(*pair)

    def show_result(self, result: AssociationResult) -> None:
        """Show all pairs.

        Parameters
        ----------
        result : AssociationResult
            What `associate` answered.
        """
        self.result, self.pair = result, ("", "")
        self.map.show_result(result)
        self.volcano.show_result(result)
        self.rows.show(result.table)
        for column, width in ((0, 230), (1, 170)):
            self.view.setColumnWidth(column, width)
        for column in range(2, self.rows.columnCount()):
            self.view.setColumnWidth(column, 62)
        lines = [result.family, result.sites, f"Effect: {result.effect}."]
        warnings = "".join(f"<li>{escape(text)}</li>" for text in result.warnings)
        told = "".join(f"<p>{escape(line)}</p>" for line in lines)
        self.notes.setHtml(f"{told}<ul>{warnings}</ul>" if warnings else told)
        self.left.setTabText(self.left.indexOf(self.notes), f"Notes ({len(result.warnings)})")
        self.show_card(None)

    def mark(self, feature: str, outcome: str) -> None:
        """Mark a pair in the heat map and in the table."""
        self.pair = (feature, outcome)
        self.map.mark(feature, outcome)
        row = self.rows.row_of(feature, outcome)
        if row is not None and self.view.currentIndex().row() != row:
            self.view.selectRow(row)

    def show_patients(
        self,
        patients: Sequence[str],
        values: tuple[np.ndarray, np.ndarray],
        *,
        sites: dict[str, str],
        here: str,
        words: str,
        classes: tuple[str, str] | None,
    ) -> None:
        """Show the patients behind the chosen pair."""
        feature, outcome = self.pair
        self.title.setText(f"<b>{feature} ~ {outcome}</b>")
        self.weigh_button.setEnabled(True)
        self.patients.show_patients(
            patients, values[0], values[1], sites=sites, here=here, words=words,
            labels=(feature, outcome), classes=classes,
        )  # fmt: skip

    def show_card(self, card: EvidenceCard | None) -> None:
        """Show an evidence card, and its tab where there is one."""
        self.card.show_card(card)
        if card is not None:
            self.right.setCurrentWidget(self.card)

    def use_theme(self, theme: str) -> None:
        """Draw in the colors of napari's theme."""
        for plot in (self.map, self.volcano, self.patients):
            plot.use_theme(theme)
        self.card.use_theme(theme)

    def ask_and_save(self) -> None:
        """Ask for a file and write the table there."""
        if self.result is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Save all pairs", "associations.csv", "Tables (*.csv)"
        )
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Write the table with its history."""
        if self.result is not None:
            write_table(self.result.table, path, index=False)
            write_history(self.result, path)
            self.saved.emit(str(path))
