"""The table of patients: sorted and narrowed here, pictures as they are made."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt, Signal
from qtpy.QtGui import QImage, QPixmap, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_radiogenomics.gui.cohort.rows import (
    Filters,
    flag_marks,
    flag_words,
    matching,
    search_text,
)
from napari_radiogenomics.gui.cohort.thumbnails import SIDE, Glance, Thumbnails

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["CohortModel", "CohortTable"]

_HEADERS = ("Patient", "Site", "mL", "Has")
_HELP = (
    "Identifier in the cohort",
    "Where it was scanned",
    "Volume of all labels of the first segmentation, in mL",
    "● RNA · ◎ located biopsies · ▤ slides · ×n timepoints · ✎ unsaved edits · ⚠ problems",
)
_NONE = QModelIndex()

# Rows from whose names the width of a column is taken.
_LOOKED_AT = 300


class CohortModel(QAbstractTableModel):
    """Patients of a cohort for a table view.

    Parameters
    ----------
    parent : QObject, optional
        Owner.

    Attributes
    ----------
    narrowed : Signal()
        Emitted when other rows, or rows in another order, are shown.
    """

    narrowed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.thumbnails = Thumbnails(self)
        self.thumbnails.made.connect(self._take)
        self.filters = Filters()
        self._edited: frozenset[str] = frozenset()
        self._sort = (-1, Qt.SortOrder.AscendingOrder)
        self.use(None)

    def use(self, cohort: Cohort | None) -> None:
        """Show another cohort, or none."""
        self.beginResetModel()
        self.cohort = cohort
        self._pixmaps: dict[str, QPixmap] = {}
        self._volumes: dict[str, float] = {}
        self._ids: list[str] = [] if cohort is None else [str(i) for i in cohort.patients.index]
        self._rows = [] if cohort is None else list(cohort.overview().itertuples())
        self._overview = None if cohort is None else cohort.overview()
        self._texts = np.zeros(0, object) if cohort is None else search_text(cohort)
        self.filters, self._edited = Filters(), frozenset()
        self._order = list(range(len(self._ids)))
        self.endResetModel()
        self.thumbnails.use(cohort)
        self.narrowed.emit()

    @property
    def shown(self) -> list[str]:
        """Patients in the order of the table."""
        return [self._ids[number] for number in self._order]

    def __len__(self) -> int:
        return len(self._ids)

    def row_of(self, patient_id: str) -> int:
        """Row of a patient; -1 where it is not shown."""
        return next((n for n, i in enumerate(self._order) if self._ids[i] == patient_id), -1)

    def narrow(self, filters: Filters) -> None:
        """Show only patients that pass."""
        self.filters = filters
        self._arrange()

    def mark_edited(self, patients: Collection[str]) -> None:
        """Flag the patients with unsaved edits."""
        self._edited = frozenset(patients)
        if self.filters.flagged:
            self._arrange()
        elif self._order:
            self.dataChanged.emit(self.index(0, 3), self.index(len(self._order) - 1, 3))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 gives the order of the cohort."""
        self._sort = (column, order)
        self._arrange()

    def _arrange(self) -> None:
        if self._overview is None:
            return
        passes = matching(self._overview, self._texts, self.filters, flagged=self._edited)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [(index.column(), self._order[index.row()]) for index in before]
        chosen = np.flatnonzero(passes).tolist()
        column, order = self._sort
        if column >= 0:
            chosen.sort(key=self._key(column), reverse=order == Qt.SortOrder.DescendingOrder)
        self._order = chosen
        places = {number: row for row, number in enumerate(chosen)}
        after = [
            self.index(places[number], column) if number in places else QModelIndex()
            for column, number in held
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()
        self.narrowed.emit()

    def _key(self, column: int) -> Any:
        if column == 0:
            return lambda number: self._ids[number]
        if column == 1:
            return lambda number: str(self._rows[number].site)
        if column == 2:
            return lambda number: self._volumes.get(self._ids[number], -1.0)
        return lambda number: flag_marks(self._rows[number])

    def rowCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Patients that are shown."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:  # noqa: N802 - Qt names it
        """Columns of the table."""
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(  # noqa: N802 - Qt names it
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names of the columns, and what they mean as tooltips."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        return _HELP[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows; asking for a picture has it made."""
        if not index.isValid() or index.row() >= len(self._order):
            return None
        number, column = self._order[index.row()], index.column()
        patient, row = self._ids[number], self._rows[number]
        edited = patient in self._edited
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(patient, row, column, edited)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self._pixmap(patient)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 2:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            if column == 3:
                return flag_words(row, edited=edited)
            return self._text(patient, row, column, edited)
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, SIDE + 4)
        return None

    def _text(self, patient: str, row: Any, column: int, edited: bool) -> str:
        if column == 0:
            return patient
        if column == 1:
            return str(row.site) or "–"
        if column == 2:
            volume = self._volumes.get(patient)
            return "…" if volume is None else "–" if np.isnan(volume) else f"{volume:.1f}"
        return flag_marks(row, edited=edited)

    def _pixmap(self, patient: str) -> QPixmap:
        if patient not in self._pixmaps:
            self.thumbnails.ask(patient)
            blank = QPixmap(SIDE, SIDE)
            blank.fill(Qt.GlobalColor.black)
            self._pixmaps[patient] = blank
        return self._pixmaps[patient]

    def _take(self, cohort: object, patient: str, found: Glance) -> None:
        if cohort is not self.cohort:
            return
        self._volumes[patient] = found.volume_ml
        if found.picture is not None:
            height, width = found.picture.shape[:2]
            form = QImage.Format.Format_RGB888
            image = QImage(found.picture.tobytes(), width, height, 3 * width, form)
            self._pixmaps[patient] = QPixmap.fromImage(image)
        row = self.row_of(patient)
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 2))


class CohortTable(QTableView):
    """View of the patients.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.

    Attributes
    ----------
    chosen : Signal(str)
        A patient was chosen by mouse or keyboard.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = CohortModel(self)
        self.setModel(self.rows)
        self.setAccessibleName("Patients")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSortingEnabled(True)
        down, across = self.verticalHeader(), self.horizontalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(SIDE + 4)
        across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        across.setSortIndicatorClearable(True)
        across.setHighlightSections(False)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        across.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        letter = self.fontMetrics().averageCharWidth()
        self._widths = {column: letter * n + 14 for column, n in ((1, 9), (2, 6), (3, 13))}
        for column, width in self._widths.items():
            self.setColumnWidth(column, width)
        self._narrowest = SIDE + letter * 9 + 16
        self._quiet = False
        self.selectionModel().currentRowChanged.connect(self._tell)
        self.rows.modelReset.connect(self.fit_site)

    def fit_site(self) -> None:
        """Give the site as much room as the names of the sites need, nine letters at most."""
        letter = self.fontMetrics().averageCharWidth()
        some = range(min(self.rows.rowCount(), _LOOKED_AT))
        names = [str(self.rows.index(row, 1).data() or "") for row in some]
        longest = max((len(name) for name in names), default=0)
        self._widths[1] = letter * min(max(longest, 4), 9) + 14
        self.setColumnWidth(1, self._widths[1])
        self._leave_out_site()

    def _leave_out_site(self) -> None:
        room = self.viewport().width() - sum(self._widths.values())
        self.setColumnHidden(1, room < self._narrowest)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt names it
        """Leave out the site where the ids would not fit beside it; the filter still has it."""
        self._leave_out_site()
        super().resizeEvent(event)

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.chosen.emit(self.rows.shown[current.row()])

    def choose(self, patient_id: str) -> None:
        """Show a patient as chosen, without telling; nothing where it is not in the table."""
        self._quiet = True
        try:
            row = self.rows.row_of(patient_id)
            if row < 0:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            elif self.currentIndex().row() != row:
                self.setCurrentIndex(self.rows.index(row, 0))
        finally:
            self._quiet = False
