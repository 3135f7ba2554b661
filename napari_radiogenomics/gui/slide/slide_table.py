"""The list of slides: stain, pixel size and size of each; the file at the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_radiogenomics.gui.slide.work import Entry

__all__ = ["SlideTable"]

_COLUMNS = ("Slide", "Stain", "µm/px", "Size mm")
_ROWS = 4


class SlideTable(QTableWidget):
    """Slides that can be opened.

    Attributes
    ----------
    chosen : Signal(str)
        Key of the slide that the person chose.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("Slides")
        self.setHorizontalHeaderLabels(list(_COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        height = self.fontMetrics().lineSpacing() + 6
        self.verticalHeader().setDefaultSectionSize(height)
        self.setFixedHeight(height * (_ROWS + 1) + 10)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._keys: list[str] = []
        self.itemSelectionChanged.connect(self._tell)

    def use(self, entries: Sequence[Entry]) -> None:
        """List these slides."""
        with QSignalBlocker(self):
            self._keys = [entry.key for entry in entries]
            self.setRowCount(len(entries))
            for row, entry in enumerate(entries):
                for column, (text, more) in enumerate(_cells(entry)):
                    item = QTableWidgetItem(text)
                    item.setToolTip(f"<p>{escape(more or text)}</p>")
                    self.setItem(row, column, item)

    def choose(self, key: str) -> None:
        """Mark a slide without choosing it."""
        with QSignalBlocker(self):
            if key in self._keys:
                self.selectRow(self._keys.index(key))
            else:
                self.clearSelection()

    def _tell(self) -> None:
        rows = {index.row() for index in self.selectedIndexes()}
        if len(rows) == 1:
            self.chosen.emit(self._keys[rows.pop()])


def _mm(length: float) -> str:
    """Length in mm: to 0.1, and what is shorter than a millimeter to two digits.

    Examples
    --------
    >>> _mm(15.26), _mm(0.0475)
    ('15.3', '0.048')
    """
    return f"{length:.1f}" if length >= 1 else f"{length:.2g}"


def _cells(entry: Entry) -> list[tuple[str, str]]:
    """Text and tooltip of each column."""
    slide = entry.slide
    if slide is None:
        return [(entry.key, entry.problem), *[("—", entry.problem)] * 2, ("⚠", entry.problem)]
    pixel, size, more = "?", "?", "The file does not tell its pixel size."
    if slide.um_per_pixel is not None:
        height, width = slide.extent_mm
        pixel = " × ".join(dict.fromkeys(f"{um:.3g}" for um in slide.um_per_pixel))
        size = f"{_mm(width)} × {_mm(height)}"
        power = slide.metadata.get("objective_power")
        more = f"{pixel} µm a pixel" + (f", {power:g}× objective" if power else "")
    pixels = f"{slide.shape[1]} × {slide.shape[0]} pixels, {len(slide.levels)} levels"
    path = str(slide.metadata.get("path", ""))
    return [
        (slide.name, f"{slide.name}: {path}" if path else slide.name),
        (slide.stain or "?", slide.stain or "not told"), (pixel, more), (size, pixels),
    ]  # fmt: skip
