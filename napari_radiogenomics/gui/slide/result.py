"""What was measured of a slide: numbers in units, what is seen on it, and its fields."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.tissue.kinds import MAP_TITLES

if TYPE_CHECKING:
    from napari_radiogenomics.gui.slide.work import Measured
    from napari_radiogenomics.tissue.result import TissueMeasurement

__all__ = ["ResultBox", "sentence", "title_of", "warning_lines"]

_TITLES = {
    "tissue_mm2": "Tissue",
    "vessels": "Vessels counted",
    "nuclei": "Nuclei counted",
    **MAP_TITLES,
    "weidner_vessels_per_mm2": "Hottest field (Weidner)",
    "chalkley_vessels_per_mm2": "Mean of 3 hot fields",
    "fields_vessels_per_mm2": "Mean of the fields",
    "fields_sd_vessels_per_mm2": "SD between fields",
    "fields_endothelial_area_percent": "Endothelial area in fields",
    "n_fields": "Fields",
    "field_mm": "Side of a field",
    "um_per_pixel": "Pixels worked on",
    "area_percent": "Area",
    "h_score": "H-score by area",
    "x_mm": "x",
    "y_mm": "y",
}
_UNITS = {"1/mm²": "/mm²"}
_NUMBER_ROWS, _FIELD_ROWS = 6, 5


def title_of(name: str) -> str:
    """Name of a number as a person reads it.

    Examples
    --------
    >>> title_of("weidner_vessels_per_mm2"), title_of("moderate_percent")
    ('Hottest field (Weidner)', 'Moderate')
    """
    plain = name.removesuffix("_per_mm2").removesuffix("_percent").replace("_", " ")
    return _TITLES.get(name, plain[:1].upper() + plain[1:])


def sentence(found: TissueMeasurement) -> str:
    """The main numbers in one sentence, with their units."""
    row, units = found.table.iloc[0], found.table.attrs["units"]
    said = [
        f"{title_of(name).lower() if n else title_of(name)} {_with_unit(row[name], units[name])}"
        for n, name in enumerate(found.table.attrs["main"])
    ]
    return f"{', '.join(said)} in {_with_unit(row['tissue_mm2'], 'mm²')} of tissue"


def warning_lines(found: TissueMeasurement) -> tuple[str, str]:
    """The first warning with the count of the others, and all of them for a tooltip.

    Both are empty where there is none.
    """
    if not found.warnings:
        return "", ""
    first, more = found.warnings[0], len(found.warnings) - 1
    others = f" ({more} more warning{'s' * (more > 1)}: hover here.)" if more else ""
    return first + others, "".join(f"<p>{escape(one)}</p>" for one in found.warnings)


def _with_unit(value: Any, unit: str) -> str:
    return f"{_number(value)} {_UNITS.get(unit, unit)}".rstrip()


class ResultBox(QWidget):
    """Result of a slide.

    Attributes
    ----------
    map_chosen : Signal(str)
        Name of the map to show, or "".
    opacity_chosen : Signal(float)
        Of the map.
    toggled : Signal(str, bool)
        ``"fields"`` or ``"objects"`` is to be seen or not.
    field_chosen : Signal(float, float)
        Place x, y in mm of the field that the person chose.
    """

    map_chosen = Signal(str)
    opacity_chosen = Signal(float)
    toggled = Signal(str, bool)
    field_chosen = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.caption, self.warnings, self.rules = QLabel(), QLabel(), QLabel()
        for label in (self.caption, self.warnings, self.rules):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.numbers = _table("Numbers of the section", _NUMBER_ROWS)
        self.fields = _table("Fields", _FIELD_ROWS)
        self.fields.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.fields.itemSelectionChanged.connect(self._tell_field)
        self._places: list[tuple[float, float]] = []
        rules = folded("How it was measured")
        rules.addWidget(self.rules)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.caption, self.numbers):
            column.addWidget(part)
        column.addLayout(self._make_overlays())
        for part in (self.fields, self.warnings, rules):
            column.addWidget(part)

    def _make_overlays(self) -> QVBoxLayout:
        self.map, self.opacity = QuietCombo(), QSlider(Qt.Orientation.Horizontal)
        self.map.setAccessibleName("Map on the slide")
        self.opacity.setAccessibleName("Opacity of the map")
        self.opacity.setToolTip("Opacity of the map")
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.opacity.setMaximumWidth(90)
        self.objects_box, self.fields_box = QCheckBox("Vessels"), QCheckBox("Fields")
        self.map.currentIndexChanged.connect(self._tell_map)
        self.opacity.valueChanged.connect(lambda value: self.opacity_chosen.emit(value / 100))
        self.objects_box.toggled.connect(lambda on: self.toggled.emit("objects", on))
        self.fields_box.toggled.connect(lambda on: self.toggled.emit("fields", on))
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(QLabel("Map"))
        first.addWidget(self.map, 1)
        first.addWidget(self.opacity)
        second.addWidget(QLabel("Show"))
        second.addWidget(self.fields_box)
        second.addWidget(self.objects_box)
        second.addStretch(1)
        both = QVBoxLayout()
        both.addLayout(first)
        both.addLayout(second)
        return both

    def show_result(self, measured: Measured | None) -> None:
        """Show what was measured; None empties the box."""
        self.setVisible(measured is not None)
        if measured is None:
            return
        found = measured.found
        row = found.table.iloc[0]
        self.caption.setText(
            f"<b>{escape(str(found.table.index[0]))}</b>: {escape(sentence(found))}"
        )
        self.warnings.setText(" ".join(found.warnings))
        self.warnings.setVisible(bool(found.warnings))
        units = found.table.attrs["units"]
        numbers = {n: v for n, v in row.items() if not isinstance(v, str)}
        said = {n: v for n, v in row.items() if isinstance(v, str) and v}
        self._fill_numbers(numbers, units)
        self.rules.setText(
            "<br>".join(f"<b>{title_of(n)}</b>: {escape(v)}" for n, v in said.items())
        )
        self._fill_fields(found.fields)
        with QSignalBlocker(self.map):
            self.map.clear()
            self.map.addItem("no map", "")
            for name, image in found.maps.items():
                unit = _UNITS.get(image.unit, image.unit)
                self.map.addItem(f"{title_of(name)} ({unit})" if unit else title_of(name), name)
            self.map.setCurrentIndex(min(1, self.map.count() - 1))
        noun = "Nuclei" if row["measure"] == "nuclei" else "Vessels"
        self.objects_box.setText(f"{noun} ({len(found.objects):,})")
        self.objects_box.setEnabled(len(found.objects) > 0)
        for box, on in ((self.objects_box, row["measure"] == "vessels"), (self.fields_box, True)):
            with QSignalBlocker(box):
                box.setChecked(on)

    def _fill_numbers(self, numbers: Mapping[Any, Any], units: Mapping[str, str]) -> None:
        self.numbers.setColumnCount(2)
        self.numbers.setHorizontalHeaderLabels(["Measure", "Value"])
        self.numbers.setRowCount(len(numbers))
        for row, (name, value) in enumerate(numbers.items()):
            _put(self.numbers, row, 0, title_of(str(name)), str(name))
            text = _with_unit(value, units.get(name, "")) if value == value else "not found"
            _put(self.numbers, row, 1, text)
        header = self.numbers.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)

    def _fill_fields(self, fields: pd.DataFrame) -> None:
        units = fields.attrs.get("units", {})
        names = [name for name in fields.columns if name != "tissue_mm2"]
        with QSignalBlocker(self.fields):
            self.fields.setColumnCount(len(names))
            shown = [_UNITS.get(units.get(name, ""), units.get(name, "")) for name in names]
            heads = [f"{title_of(n)}\n{u}" for n, u in zip(names, shown, strict=True)]
            heads = [
                {"vessels": "Number\n", "nuclei": "Number\n", "kind": "Field\n"}.get(n, head)
                for n, head in zip(names, heads, strict=True)
            ]
            self.fields.setHorizontalHeaderLabels(heads)
            self.fields.setRowCount(len(fields))
            for row, (_, field) in enumerate(fields.iterrows()):
                for column, name in enumerate(names):
                    value = field[name]
                    text = str(value) if isinstance(value, str) else _number(value)
                    _put(self.fields, row, column, text, "Click: look at this field")
            self.fields.clearSelection()
        self._places = list(zip(fields["x_mm"], fields["y_mm"], strict=True))
        self.fields.resizeColumnsToContents()

    def _tell_field(self) -> None:
        rows = {index.row() for index in self.fields.selectedIndexes()}
        if len(rows) == 1:
            self.field_chosen.emit(*map(float, self._places[rows.pop()]))

    def _tell_map(self) -> None:
        self.map_chosen.emit(self.map.currentData() or "")


def _number(value: Any) -> str:
    return "—" if value != value else number_text(float(f"{float(value):.4g}"))


def _table(name: str, rows: int) -> QTableWidget:
    table = QTableWidget(0, 0)
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    height = table.fontMetrics().lineSpacing() + 6
    table.verticalHeader().setDefaultSectionSize(height)
    table.setMinimumHeight(height * (rows + 1) + 8)
    return table


def _put(table: QTableWidget, row: int, column: int, text: str, more: str = "") -> None:
    item = QTableWidgetItem(text)
    item.setToolTip(more or text)
    if column:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    table.setItem(row, column, item)
