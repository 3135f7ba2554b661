"""The table of labels: eye, lock, color and name, and what each region measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.forms.narrow import narrow_table
from napari_radiogenomics.gui.segment.icons import icon, swatch
from napari_radiogenomics.gui.segment.regions import Entry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "LabelTable", "ml_text", "mm_text"]

COLUMNS = ("", "", "Label", "mL", "Mean±SD", "⌀ mm", "n")
_TIPS = (
    "Shown or hidden",
    "Locked labels never change, whichever tool or brush",
    "Double-click the name to change it, the square to change the color",
    "Volume",
    "Mean and standard deviation on the chosen scan",
    "Longest diameter and the longest perpendicular to it, in the slices of the scan (RECIST)",
    "Number of pieces; voxels that touch at a corner belong together",
)
_EYE, _LOCK, _NAME = 0, 1, 2
_ICON_WIDTH, _FEWEST, _MOST = 21, 2, 7
_VALUE = Qt.ItemDataRole.UserRole
_SWATCH = 22


def ml_text(ml: float) -> str:
    """Write a volume with three figures, and no more than two decimals.

    Examples
    --------
    >>> ml_text(0.0312), ml_text(3.14159), ml_text(1234.5)
    ('0.031', '3.14', '1234')
    """
    if ml >= 100:
        return f"{ml:.0f}"
    if ml >= 10:
        return f"{ml:.1f}"
    return f"{ml:.2f}" if ml >= 0.1 or ml == 0 else f"{ml:.3f}"


def mm_text(mm: float) -> str:
    """Write a diameter in whole mm, as RECIST does; small ones with a decimal.

    Examples
    --------
    >>> mm_text(37.8), mm_text(7.04)
    ('38', '7.0')
    """
    return f"{mm:.0f}" if mm >= 9.95 else f"{mm:.1f}"


class LabelTable(QTableWidget):
    """One row a label.

    Attributes
    ----------
    chosen : Signal(int)
        The person clicked a label: go there.
    eye_clicked, lock_clicked : Signal(int, bool)
        Show or hide it; lock or unlock it.
    renamed : Signal(int, str)
        Another name was typed.
    color_asked : Signal(int)
        The square of the color was double-clicked.
    """

    chosen = Signal(int)
    eye_clicked = Signal(int, bool)
    lock_clicked = Signal(int, bool)
    renamed = Signal(int, str)
    color_asked = Signal(int)

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.setAccessibleName("Labels")
        self._entries: list[Entry] = []
        self._measured: pd.DataFrame | None = None
        self._text_color = "#d0d0d0"
        self._lay_out()
        self.cellClicked.connect(self._click)
        self.cellDoubleClicked.connect(self._double_click)
        self.itemChanged.connect(self._edited)

    def _lay_out(self) -> None:
        # Only the name is edited, and only by a double-click.
        columns = list(zip(COLUMNS, _TIPS, strict=True))
        self._row_height = narrow_table(self, columns, wide=_NAME)
        self.setIconSize(QSize(16, 16))
        self.setWordWrap(False)
        for column in (_EYE, _LOCK):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, _ICON_WIDTH)
        self._fit(0)

    def _fit(self, rows: int) -> None:
        shown = min(max(rows, _FEWEST), _MOST)
        header = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(self._row_height * shown + header + 2 * self.frameWidth() + 2)

    @property
    def entries(self) -> list[Entry]:
        """What is listed."""
        return list(self._entries)

    @property
    def value(self) -> int | None:
        """The chosen label; None where there is none."""
        row = self.currentRow()
        return self._entries[row].label.value if 0 <= row < len(self._entries) else None

    @value.setter
    def value(self, value: int | None) -> None:
        row = self._row_of(value)
        with QSignalBlocker(self):
            if row < 0:
                self.clearSelection()
                self.setCurrentCell(-1, -1)
            else:
                self.setCurrentCell(row, _NAME)

    def _row_of(self, value: int | None) -> int:
        rows = (row for row, entry in enumerate(self._entries) if entry.label.value == value)
        return next(rows, -1)

    def color_icons(self, color: str) -> None:
        """Draw eyes and locks in the text color of the theme."""
        self._text_color = color
        self.list_regions(self._entries)

    def list_regions(self, entries: Sequence[Entry]) -> None:
        """List regions; what is measured of them stays until it is measured anew."""
        kept = self.value
        self._entries = list(entries)
        with QSignalBlocker(self):
            self.setRowCount(len(self._entries))
            for row, entry in enumerate(self._entries):
                self._fill(row, entry)
        self._fit(len(self._entries))
        self.value = kept
        self._write_measured()

    def _fill(self, row: int, entry: Entry) -> None:
        label = entry.label
        eye, lock = QTableWidgetItem(), QTableWidgetItem()
        eye.setIcon(icon("eye" if entry.visible else "eye_off", self._text_color))
        eye.setToolTip(f"{'Hide' if entry.visible else 'Show'} {label.name}")
        lock.setIcon(icon("lock" if entry.locked else "unlock", self._text_color))
        lock.setToolTip(f"{'Unlock' if entry.locked else 'Lock'} {label.name}")
        name = QTableWidgetItem(swatch(label.color or (255, 255, 255)), label.name)
        meaning = label.type.meaning if label.type is not None else ""
        facts = [f"<b>{label.name}</b>, value {label.value}", meaning]
        name.setToolTip("<p>" + "<br>".join(filter(None, facts)) + "</p>")
        name.setData(_VALUE, label.value)
        plain = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        for item in (eye, lock):
            item.setFlags(plain)
        name.setFlags(plain | Qt.ItemFlag.ItemIsEditable)
        for column, item in ((_EYE, eye), (_LOCK, lock), (_NAME, name)):
            self.setItem(row, column, item)

    def show_measured(self, table: pd.DataFrame | None) -> None:
        """Write what `measure_regions` found; None while it is not known."""
        self._measured = table
        self._write_measured()

    def _write_measured(self) -> None:
        table = self._measured
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        with QSignalBlocker(self):
            for row, entry in enumerate(self._entries):
                value = entry.label.value
                known = table is not None and value in table.index and entry.drawn
                found = table.loc[value] if known and table is not None else None
                texts = _BLANK if found is None else _texts(found)
                unit = "" if table is None else table.attrs.get("unit", "")
                for column, text in enumerate(texts, _NAME + 1):
                    item = QTableWidgetItem(text)
                    item.setTextAlignment(right)
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                    item.setToolTip("" if found is None else _exact(column, found, unit))
                    self.setItem(row, column, item)

    def _click(self, row: int, column: int) -> None:
        entry = self._entries[row]
        if column == _EYE:
            self.eye_clicked.emit(entry.label.value, not entry.visible)
        elif column == _LOCK:
            self.lock_clicked.emit(entry.label.value, not entry.locked)
        else:
            self.chosen.emit(entry.label.value)

    def _double_click(self, row: int, column: int) -> None:
        if column != _NAME:
            return
        place = self.viewport().mapFromGlobal(self.cursor().pos()).x()
        if place - self.columnViewportPosition(_NAME) < _SWATCH:
            self.color_asked.emit(self._entries[row].label.value)
        else:
            self.editItem(self.item(row, _NAME))

    def _edited(self, item: QTableWidgetItem) -> None:
        if item.column() == _NAME:
            self.renamed.emit(int(item.data(_VALUE)), item.text())


_BLANK = ("–", "–", "–", "–")


def _texts(row: Any) -> tuple[str, ...]:
    mean = row.get("mean", math.nan)
    values = "–" if mean != mean else f"{_short(mean)}±{_short(row['sd'])}"
    across = f"{mm_text(row['longest_mm'])}×{mm_text(row['perpendicular_mm'])}"
    return (ml_text(row["volume_ml"]), values, across, str(int(row["pieces"])))


def _figures(value: float) -> float:
    return float(f"{value:.3g}")


def _short(value: float) -> str:
    return number_text(_figures(value))


def _exact(column: int, row: Any, unit: str) -> str:
    """Say what a cell rounds, with its unit."""
    return (
        f"{row['volume_ml']:.3f} mL in {int(row['voxels']):,} voxels",
        f"{row.get('mean', math.nan):.5g} ± {row.get('sd', math.nan):.5g} {unit}".strip(),
        f"{row['longest_mm']:.1f} × {row['perpendicular_mm']:.1f} mm in slice {int(row['slice'])}",
        f"{int(row['pieces'])} pieces",
    )[column - _NAME - 1]
