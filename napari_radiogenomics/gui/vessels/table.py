"""What the Vessels dock lists: a row a measure, a column a ring; and the bar of colors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.vessels.layer import COLORMAP
from napari_radiogenomics.vessels.tortuosity import METRICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColorBar", "RingTable", "meaning_of", "title_of"]

_TITLES = {
    "vessels": "Vessels",
    "length_mm": "Length",
    "volume_ml": "Volume",
    "area_mm2": "Area",
    "length_density": "Length density",
    "branch_density": "Branch density",
    "fractal_dimension": "Fractal dimension",
    "local": "Local tortuosity",
}
# What fits beside three rings.
_SHORT = {
    "sum_of_angles": "SOAM",
    "inflection_count": "Inflections",
    "length_density": "Length",
    "branch_density": "Branches",
    "fractal_dimension": "Fractal dim.",
}
_MEANINGS = {
    "vessels": "vessels that run through the ring",
    "length_density": "length of vessels in the ring over its volume",
    "branch_density": "branch points in the ring over its volume",
    "fractal_dimension": "how the skeleton fills space: 1 is a line (box counting)",
    "local": "of the piece of vessel around each place",
}
_ROWS = 8
_BAR, _GAP, _STOPS = 12, 4, 17


def title_of(name: str) -> str:
    """Name of a measure as a person reads it."""
    return METRICS[name].title if name in METRICS else _TITLES.get(name, name)


def meaning_of(name: str) -> str:
    """What a measure says."""
    return METRICS[name].meaning if name in METRICS else _MEANINGS.get(name, "")


class RingTable(QTableWidget):
    """Measures of rings."""

    def __init__(self) -> None:
        super().__init__(0, 1)
        self.setAccessibleName("Vessels by ring")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.setWordWrap(True)
        height = self.fontMetrics().lineSpacing() + 6
        self.verticalHeader().setMinimumSectionSize(height)
        rows = QHeaderView.ResizeMode.ResizeToContents  # a name may have two lines
        self.verticalHeader().setSectionResizeMode(rows)
        self.horizontalHeader().sectionResized.connect(self._fit_rows)
        self.setMinimumHeight(height * (_ROWS + 1) + 8)

    def use(self, regions: pd.DataFrame) -> None:
        """Show the table of regions of `measure_vessels`: the metrics first."""
        names = [*METRICS, *(name for name in regions.columns if name not in METRICS)]
        units = regions.attrs["units"]
        rings = [str(name).removeprefix("ring ") for name in regions.index]
        self.setColumnCount(1 + len(rings))
        self.setHorizontalHeaderLabels(["Measure", *rings])
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            unit = f" {units[name]}".replace(" 1/", " /").rstrip()
            more = f"{title_of(name)}: {meaning_of(name)}".removesuffix(": ")
            self._put(row, 0, f"{_SHORT.get(name, title_of(name))}{unit}", more)
            for column, value in enumerate(regions[name], 1):
                text = "—" if value != value else number_text(round(float(value), 3))
                self._put(row, column, text, "no vessel there" if value != value else text)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def _fit_rows(self, *_sizes: int) -> None:
        self.resizeRowsToContents()

    def _put(self, row: int, column: int, text: str, more: str) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(more or text)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, item)


class ColorBar(QWidget):
    """The colors of a measure from low to high, with its unit."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = ("", "")
        self.setAccessibleName("Legend of the vessels")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_limits(self, low: float, high: float, unit: str) -> None:
        """Show a range."""
        first, last = number_text(float(f"{low:.3g}")), number_text(float(f"{high:.3g}"))
        self.ends = (f"≤ {first}", f"≥ {last} {unit}".rstrip())
        self.setAccessibleDescription(" to ".join(self.ends))
        self.show()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Height of the bar and a line of text."""
        return QSize(200, _BAR + _GAP + self.fontMetrics().lineSpacing() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt names it
        """Draw the bar and its ends."""
        painter = QPainter(self)
        wide = self.width() - 8
        gradient = QLinearGradient(0, 0, wide, 0)
        colormap = ensure_colormap(COLORMAP)
        for stop in range(_STOPS):
            share = stop / (_STOPS - 1)
            gradient.setColorAt(share, QColor.fromRgbF(*map(float, colormap.map(share).ravel())))
        painter.fillRect(QRectF(0, 1, wide, _BAR), QBrush(gradient))
        painter.setPen(self.palette().color(self.foregroundRole()))
        line = QRectF(0, _BAR + _GAP, wide, self.fontMetrics().lineSpacing())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self.ends[0])
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, self.ends[1])
        painter.end()
