"""Which region of the scan stands for which structure of the tissue: edited here."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, QSize, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.data.structures import WHOLE, StructureMap, is_region_name
from napari_radiogenomics.gui.forms.fields import QuietCombo

__all__ = ["StructureTable"]

_WORDS = ("necrotic", "enhancing", "edema", WHOLE)
_NONE = "– none –"
_OWN = "– as it is called –"
_ABOUT = (
    "Samples without coordinates are placed by the name of their structure. This is a "
    "convention, not a measurement: their scores are marked ◼ by structure name."
)


class _LowTable(QTableWidget):
    """A table that asks for little and takes what room there is."""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """A few rows."""
        return QSize(200, 90)


class StructureTable(QWidget):
    """Two columns: structure, and a combo of regions.

    Attributes
    ----------
    changed : Signal(StructureMap)
        The person chose another region.
    save_asked : Signal()
        The map is to be written into the cohort.
    """

    changed = Signal(object)
    save_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._map = StructureMap({})
        about = QLabel(_ABOUT)
        about.setWordWrap(True)
        self.table = _LowTable(0, 2)
        self.table.setAccessibleName("Structures and regions")
        self.table.setHorizontalHeaderLabels(["Structure", "Region"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header, modes = self.table.horizontalHeader(), QHeaderView.ResizeMode
        header.setSectionResizeMode(0, modes.ResizeToContents)
        header.setSectionResizeMode(1, modes.Stretch)
        self.save_button = QPushButton("Save in cohort")
        self.save_button.setToolTip("Write structures.csv into the folder of the cohort")
        self.save_button.setEnabled(False)
        self.save_button.clicked.connect(self.save_asked)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(about)
        column.addWidget(self.table, 1)
        column.addLayout(row)

    @property
    def structures(self) -> StructureMap:
        """The map as it is now."""
        return self._map

    def show_map(
        self, structures: StructureMap, used: Sequence[str], regions: Sequence[str] = ()
    ) -> None:
        """List the structures that samples of the cohort name, then those of the map.

        Parameters
        ----------
        structures : StructureMap
            What stands for what.
        used : sequence of str
            Structures that samples name.
        regions : sequence of str, optional
            Names of the regions on the screen, which may be chosen too.
        """
        self._map = structures
        names = list(dict.fromkeys([*used, *structures.regions]))
        offered = list(dict.fromkeys([*_WORDS, *regions]))
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            item = QTableWidgetItem(name)
            note = structures.notes.get(name, "")
            count = " (samples of this cohort)" if name in used else ""
            item.setToolTip(f"<p>{name}{count}. {note}</p>")
            self.table.setItem(row, 0, item)
            self.table.setCellWidget(row, 1, self._combo(name, offered))
        self.save_button.setEnabled(False)

    def _combo(self, name: str, offered: Sequence[str]) -> QuietCombo:
        combo = QuietCombo()
        combo.setAccessibleName(f"Region of {name}")
        now = "; ".join(self._map[name])
        # "core" or "rim" need no entry: regions are called so.
        absent = _OWN if is_region_name(name) else _NONE
        with QSignalBlocker(combo):
            combo.addItems([absent, *dict.fromkeys([*offered, *([now] if now else [])])])
            combo.setCurrentText(now or absent)
        combo.setProperty("structure", name)
        combo.currentTextChanged.connect(self._choose)
        return combo

    def _choose(self, region: str) -> None:
        sender = self.sender()
        name = str(sender.property("structure")) if sender is not None else ""
        names = () if region in (_NONE, _OWN) else tuple(part.strip() for part in region.split(";"))
        self._map = self._map.changed({name: names})
        self.save_button.setEnabled(True)
        self.changed.emit(self._map)
