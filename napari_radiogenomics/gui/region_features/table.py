"""The table of region features: a row a feature, a column a region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.layers.map_titles import feature_title
from napari_radiogenomics.gui.region_features.names import about, search_text
from napari_radiogenomics.io.tables_write import guard

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureModel", "FeatureTable"]

_NONE = QModelIndex()
_SWATCH = 10
_ROWS = 6  # of two lines
_LEAST_WIDTH = 80  # pixels of a region's column: its name has two lines beside its color


class FeatureModel(QAbstractTableModel):
    """Features of regions, narrowed by a search.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frame: pd.DataFrame | None = None
        self.regions: list[int] = []
        self._names: list[str] = []
        self._rows: list[str] = []
        self._texts: dict[str, str] = {}
        self._titles: Mapping[int, str] = {}
        self._colors: Mapping[int, QColor] = {}
        self._units: Mapping[str, str] = {}

    def use(
        self,
        frame: pd.DataFrame | None,
        titles: Mapping[int, str] | None = None,
        colors: Mapping[int, QColor] | None = None,
    ) -> None:
        """Show another table.

        Parameters
        ----------
        frame : DataFrame or None
            Regions (index: label) × features, with ``attrs["units"]``; None for nothing.
        titles, colors : mapping, optional
            Of the regions, by label.
        """
        self.beginResetModel()
        self.frame = frame
        self.regions = [] if frame is None else [int(label) for label in frame.index]
        self._names = [] if frame is None else [str(name) for name in frame.columns]
        self._units = {} if frame is None else frame.attrs.get("units", {})
        self._texts = {name: search_text(name) for name in self._names}
        self._titles, self._colors = titles or {}, colors or {}
        self._rows = list(self._names)
        self.endResetModel()

    @property
    def shown(self) -> list[str]:
        """Features that the search leaves."""
        return list(self._rows)

    def narrow(self, text: str) -> None:
        """Show only features whose name, title or meaning has all these words."""
        words = text.lower().split()
        self.beginResetModel()
        self._rows = [n for n in self._names if all(word in self._texts[n] for word in words)]
        self.endResetModel()

    def title(self, label: int) -> str:
        """Name of a region."""
        return self._titles.get(label, f"label {label}")

    def row_title(self, row: int) -> str:
        """Title of a feature with its unit."""
        name = self._rows[row]
        unit = self._units.get(name, "")
        return f"{feature_title(name)} ({unit})" if unit else feature_title(name)

    def rowCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Features that are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """One for the feature, one for each region."""
        return 0 if parent.isValid() or self.frame is None else 1 + len(self.regions)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Title of a feature, or its value in a region."""
        if not index.isValid() or self.frame is None:
            return None
        name, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<p>{about(name)}<br>{name}</p>"
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.row_title(index.row()) if column == 0 else self._text(name, column - 1)

    def _text(self, name: str, place: int) -> str:
        value = self.frame[name].iloc[place]  # type: ignore[index]
        if isinstance(value, (int, float, np.number)):
            if not np.isfinite(value):
                return "no value"
            return number_text(float(value))
        return str(value)

    def headerData(  # noqa: N802 - Qt names it
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Name and color of a region."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if section == 0:
            return "Feature" if role == Qt.ItemDataRole.DisplayRole else None
        label = self.regions[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title(label)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{self.title(label)} (label {label})"
        if role == Qt.ItemDataRole.DecorationRole and label in self._colors:
            swatch = QPixmap(_SWATCH, _SWATCH)
            swatch.fill(self._colors[label])
            return swatch
        return None

    def text(self, rows: Sequence[int] | None = None) -> str:
        """Rows as text with tabs, safe for spreadsheets; all that are shown where none is given."""
        chosen = range(len(self._rows)) if rows is None or not len(rows) else rows
        lines = [["feature", *(self.title(label) for label in self.regions)]]
        for row in chosen:
            name = self._rows[row]
            values = [] if self.frame is None else self.frame[name].tolist()
            lines.append([name, *map(str, values)])
        return "\n".join("\t".join(guard(cell) for cell in line) for line in lines)


class FeatureTable(QTableView):
    """Shows a `FeatureModel`; tells which region and feature are chosen.

    Attributes
    ----------
    chosen : Signal(int, str)
        Label of the region (0 for none) and name of the feature that were clicked.
    """

    chosen = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.features = FeatureModel(self)
        self.setModel(self.features)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.horizontalHeader()
        header.setTextElideMode(Qt.TextElideMode.ElideNone)  # else Qt breaks no line
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        header.setFixedHeight(2 * self.fontMetrics().lineSpacing() + 6)
        self.setWordWrap(True)  # a name has two lines
        self.setAccessibleName("Features by region")
        self.verticalHeader().hide()
        height = 2 * self.fontMetrics().lineSpacing() + 4
        self.verticalHeader().setDefaultSectionSize(height)
        self.setMinimumHeight(height * (_ROWS + 1) + 8)
        self.horizontalHeader().setHighlightSections(True)
        self.clicked.connect(self._tell)
        self.horizontalHeader().sectionClicked.connect(self._tell_column)

    def use(self, *args: Any) -> None:
        """Show another table; parameters as for `FeatureModel.use`."""
        self.features.use(*args)
        header = self.horizontalHeader()
        if header.count():
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section in range(1, header.count()):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(section, max(self.sizeHintForColumn(section), _LEAST_WIDTH))

    def _tell(self, index: QModelIndex) -> None:
        column = index.column()
        label = self.features.regions[column - 1] if column else 0
        self.chosen.emit(label, self.features.shown[index.row()])

    def _tell_column(self, section: int) -> None:
        if section:
            self.chosen.emit(self.features.regions[section - 1], "")

    def show_choice(self, label: int | None, feature: str) -> None:
        """Mark a region's column, and the row of a feature where the search leaves it."""
        model = self.features
        if label not in model.regions:
            return
        column = model.regions.index(label) + 1
        rows = model.shown
        row = rows.index(feature) if feature in rows else max(self.currentIndex().row(), 0)
        index = model.index(row, column)
        if index.isValid() and index != self.currentIndex():
            self.setCurrentIndex(index)
            self.scrollTo(index)
