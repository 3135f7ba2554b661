"""The table of regions: what they measure, what their samples say, and how finely."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import QModelIndex, QRectF, QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from napari_radiogenomics.gui.genes.rows import RegionRow, value_text
from napari_radiogenomics.gui.plots.scales import MISSING, RGBA, mark_text

__all__ = ["RegionTable"]

_COLUMNS = ("Region", "mL", "Map", "Score", "Pct", "n")
_TIPS = (
    "Region, as it is drawn or named; click it to select it everywhere",
    "Volume in mL",
    "Mean of the chosen map in the region",
    "Mean of its samples; the bar spans the colors of the legend",
    "Percentile among samples of the cohort that are as precise",
    "Samples, and how finely they are located: ● point, ⬟ polygon, ◼ region, ▢ tumor, ◇ patient",
)
_NAME, _ML, _MAP, _SCORE, _PCT, _N = range(6)
_SHARE = Qt.ItemDataRole.UserRole + 1
_COLOR = Qt.ItemDataRole.UserRole + 2
_FEWEST, _MOST = 3, 7
_SCORE_WIDTH = 72
# A longer unit would take the room of the names.
_SHORT_UNIT = 4


class _Bar(QStyledItemDelegate):
    """Draws a score over a small bar of its color."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw the bar at the foot of the cell, then the text."""
        super().paint(painter, option, index)
        share, color = index.data(_SHARE), index.data(_COLOR)
        if share is None:
            return
        cell = QRectF(option.rect).adjusted(3, 0, -3, -2)
        foot = QRectF(cell.left(), cell.bottom() - 4, cell.width(), 4)
        painter.save()
        painter.fillRect(foot, QColor(128, 128, 128, 70))
        foot.setWidth(max(foot.width() * share, 1.5))
        painter.fillRect(foot, color)
        painter.restore()


class RegionTable(QTableWidget):
    """One row a region.

    Attributes
    ----------
    chosen : Signal(int)
        Row that the person chose, by mouse or keyboard.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("Regions")
        self.rows: list[RegionRow] = []
        self._lay_out()
        self.setItemDelegateForColumn(_SCORE, _Bar(self))
        self.cellClicked.connect(self._tell)
        self.cellActivated.connect(self._tell)
        self.currentCellChanged.connect(self._move)

    def _lay_out(self) -> None:
        self.setHorizontalHeaderLabels(_COLUMNS)
        for column, tip in enumerate(_TIPS):
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(f"<p>{tip}</p>")
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIconSize(QSize(12, 12))
        header, modes = self.horizontalHeader(), QHeaderView.ResizeMode
        header.setMinimumSectionSize(18)
        header.setHighlightSections(False)
        for column in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(column, modes.ResizeToContents)
        header.setSectionResizeMode(_NAME, modes.Stretch)
        header.setSectionResizeMode(_SCORE, modes.Fixed)
        self.setColumnWidth(_SCORE, _SCORE_WIDTH)
        self._height = self.fontMetrics().lineSpacing() + 8
        self.verticalHeader().setDefaultSectionSize(self._height)
        self._fit(0)

    def _fit(self, rows: int) -> None:
        shown = min(max(rows, _FEWEST), _MOST)
        self.setFixedHeight(self._height * shown + self.horizontalHeader().sizeHint().height() + 6)

    def show_rows(
        self,
        rows: Sequence[RegionRow],
        *,
        colors: Mapping[int | None, RGBA],
        shares: Sequence[float] = (),
        score_colors: Sequence[RGBA] = (),
        map_unit: str = "",
    ) -> None:
        """List regions; the chosen one stays chosen.

        Parameters
        ----------
        rows : sequence of RegionRow
            What to list.
        colors : mapping
            Label → color on the screen, for the square before the name.
        shares : sequence of float, optional
            Length of the bar of each score, 0 to 1; NaN for none.
        score_colors : sequence of RGBA, optional
            Its color.
        map_unit : str, optional
            Unit of the means.
        """
        kept = self.region
        self.rows = list(rows)
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for at, row in enumerate(rows):
                self._fill(at, row, colors, map_unit)
                share = shares[at] if at < len(shares) else math.nan
                item = self.item(at, _SCORE)
                if item is not None and math.isfinite(share):
                    item.setData(_SHARE, share)
                    item.setData(_COLOR, QColor.fromRgbF(*score_colors[at]))
        self._fit(len(rows))
        self.setColumnHidden(_MAP, all(math.isnan(row.mean) for row in rows))
        header = self.horizontalHeaderItem(_MAP)
        if header is not None:
            short = map_unit if len(map_unit) <= _SHORT_UNIT else ""
            header.setText(short or _COLUMNS[_MAP])
        if kept is not None:
            self.select(kept.label, kept.name)

    def _fill(
        self, at: int, row: RegionRow, colors: Mapping[int | None, RGBA], map_unit: str
    ) -> None:
        name = QTableWidgetItem(row.name)
        if row.label in colors:
            name.setIcon(_square(colors[row.label]))
        percentile = "–" if math.isnan(row.percentile) else f"{row.percentile:.0f}"
        volume = "–" if not math.isfinite(row.volume_ml) else f"{row.volume_ml:.1f}"
        count = f"{row.mark} {row.n}" if row.n else "–"
        cells = (name, *map(QTableWidgetItem, (
            volume, value_text(row.mean), row.text or value_text(row.score),
            "–" if row.text else percentile, count)))  # fmt: skip
        tips = {
            _NAME: f"{row.name} ({row.label})" if row.label is not None else row.name,
            _MAP: f"{value_text(row.mean)} {map_unit}",
            _SCORE: row.words,
            _PCT: f"among {row.reference}" if row.reference else "",
            _N: f"{mark_text(row.precision)}, by {row.how}: {', '.join(row.samples)}"
            if row.n else "No sample counts for it",
        }  # fmt: skip
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for column, item in enumerate(cells):
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setToolTip(f"<p>{tips[column]}</p>" if tips.get(column) else "")
            if column:
                item.setTextAlignment(right)
            self.setItem(at, column, item)

    @property
    def region(self) -> RegionRow | None:
        """The chosen row; None where there is none."""
        row = self.currentRow()
        return self.rows[row] if 0 <= row < len(self.rows) else None

    def select(self, label: int | None, name: str = "") -> None:
        """Show a region as chosen, without telling; none where it is not listed."""
        found = [
            at for at, row in enumerate(self.rows)
            if (row.label == label if label is not None else row.name == name)
        ]  # fmt: skip
        with QSignalBlocker(self):
            if found:
                self.setCurrentCell(found[0], _NAME)
            else:
                self.clearSelection()
                self.setCurrentCell(-1, -1)

    def _tell(self, row: int, _column: int = 0) -> None:
        if 0 <= row < len(self.rows):
            self.chosen.emit(row)

    def _move(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row != before and self.hasFocus():
            self._tell(row)


def _square(color: RGBA) -> QIcon:
    """Square of a color, an outline where it is clear; the same in a selected row."""
    picture = QPixmap(12, 12)
    picture.fill(QColor.fromRgbF(*color))
    if color[3] == 0:
        painter = QPainter(picture)
        painter.setPen(QPen(QColor.fromRgbF(*MISSING), 2))
        painter.drawRect(1, 1, 10, 10)
        painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon
