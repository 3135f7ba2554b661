"""Choose a table of the cohort, open one, or measure one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.measure import MEASURES
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.tables.store import FeatureTables

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["TablePicker"]

_AT_FIRST = ("features", "shape", "clinical")
_ARROW = 40  # pixels that the arrow and the edges of a button take
_EMPTY = "Measure the cohort, or open a table"


class TablePicker(QWidget):
    """The tables of the cohort, with buttons that open and measure.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.

    Attributes
    ----------
    chosen : Signal()
        Another table is chosen.
    asked : Signal(list)
        The person wants the cohort to be measured, by these measures.
    failed : Signal(str)
        A file could not be read, and why.
    """

    chosen = Signal()
    asked = Signal(list)
    failed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.tables = attached(viewer, FeatureTables)
        self.connections = Connections(self)
        self.combo = QuietCombo()
        self.combo.setAccessibleName("Table of features")
        self.measure_button = QToolButton()
        self.measure_button.setText("Measure")
        width = self.fontMetrics().horizontalAdvance("Measure")
        self.measure_button.setMinimumWidth(width + _ARROW)
        self.measure_button.setToolTip(
            "Measure all patients. The arrow says what; it opens and saves tables too."
        )
        self.measure_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.measure_button.setMenu(self._make_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.combo, 1)
        row.addWidget(self.measure_button)
        self.setFocusProxy(self.combo)
        self.measure_button.clicked.connect(self._ask)
        self.combo.currentIndexChanged.connect(self._choose)
        self.connections.add(self.tables.changed, self.refresh)
        self.refresh()

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for name, meaning in MEASURES.meanings().items():
            action = menu.addAction(name.replace("_", " ").capitalize())
            action.setCheckable(True)
            action.setChecked(name in _AT_FIRST)
            action.setData(name)
            action.setToolTip(meaning)
        menu.addSeparator()
        menu.addAction("Open a saved table…", self.ask_for_file)
        menu.addAction("Save this table…", self.ask_and_save)
        return menu

    @property
    def measures(self) -> list[str]:
        """Ticked measures."""
        menu = self.measure_button.menu()
        return [action.data() for action in menu.actions() if action.isChecked()]

    @measures.setter
    def measures(self, names: list[str]) -> None:
        for action in self.measure_button.menu().actions():
            if action.isCheckable():
                action.setChecked(action.data() in names)

    def _ask(self) -> None:
        self.asked.emit(self.measures)

    def _choose(self, _index: int) -> None:
        self.chosen.emit()

    @property
    def name(self) -> str:
        """Name of the chosen table; empty where there is none."""
        return str(self.combo.currentData() or "")

    @property
    def features(self) -> CohortFeatures:
        """The chosen table.

        Raises
        ------
        InputError
            If there is none.
        """
        if not self.name:
            raise InputError(
                "There is no table yet. Press Measure, or open a saved one by the arrow beside it."
            )
        return self.tables[self.name]

    def refresh(self, newest: str = "") -> None:
        """List the tables of the open cohort; a new one is chosen."""
        wanted = newest or self.name
        self.combo.blockSignals(True)
        self.combo.clear()
        for name in self.tables.names:
            self.combo.addItem(name, name)
        if not self.tables.names:
            self.combo.addItem(_EMPTY, "")
        self.combo.setCurrentIndex(max(self.combo.findData(wanted), 0))
        self.combo.blockSignals(False)
        self.chosen.emit()

    def ask_for_file(self) -> None:
        """Ask for the file of a table and open it."""
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a table of features", "", "Tables (*.csv)"
        )
        if path:
            self.open_file(path)

    def open_file(self, path: str | Path) -> None:
        """Open a table that was saved."""
        try:
            self.tables.add(Path(path).stem, CohortFeatures.load(path))
        except InputError as error:
            self.failed.emit(str(error))

    def ask_and_save(self) -> None:
        """Ask for a file and write the chosen table there."""
        try:
            features = self.features
        except InputError as error:
            self.failed.emit(str(error))
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the table", f"{self.name}.csv", "Tables (*.csv)"
        )
        if path:
            features.save(path)

    def take(self, value: Any) -> str:
        """Take what was measured as a table, and say what it is."""
        found: CohortFeatures = value
        name = self.tables.add("measured", found)
        lost = found.failures["patient_id"].nunique()
        more = f" {lost} patients have failures: {found.failures['error'].iloc[0]}" if lost else ""
        rows, columns = found.table.shape
        return f'"{name}": {rows} patients × {columns} columns.{more}'
