"""Look closely: two scans by flicker or side by side, and the keys for the left hand."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.attached import attached, plain_viewer
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.forms.narrow import scrolling
from napari_radiogenomics.gui.forms.panel import section_line
from napari_radiogenomics.gui.segment.compare_page import FreeCombo
from napari_radiogenomics.gui.segment.keys import REGION_KEYS, VIEW_KEYS, Key
from napari_radiogenomics.gui.segment.other_time import OtherTime, Visit
from napari_radiogenomics.gui.segment.side_by_side import Flicker, SideBySide, is_seen, two_scans
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

__all__ = ["ViewPage"]

_NAPARI = (
    "napari's own: <b>P</b> or 2 paint, <b>E</b> or 1 erase, <b>F</b> or 4 fill, 3 polygon, "
    "<b>L</b> or 5 pick, <b>Z</b> or 6 move, <b>X</b> label and background, <b>V</b> show or "
    "hide, <b>Ctrl+Z</b> undo, wheel zooms, Ctrl+wheel slices. Hold <b>Q</b>: the scan without "
    "its map."
)


class ViewPage(QWidget):
    """Controls to see two scans at once, and the list of keys.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    """

    said = Signal(str, str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(viewer), Connections(self)
        self._visit = ("", "")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 4, 4, 0)
        column.setSpacing(6)
        column.addWidget(self._make_pair())
        column.addWidget(section_line())
        title = QLabel("Keys for the left hand, while the right one paints")
        title.setWordWrap(True)
        column.addWidget(title)
        column.addLayout(_key_grid(VIEW_KEYS, "always"))
        column.addLayout(_key_grid(REGION_KEYS, "while a segmentation is selected"))
        own = QLabel(_NAPARI)
        own.setWordWrap(True)
        column.addWidget(own)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(content))
        session = session_of(self.viewer)
        self.connections.add(session.selection_changed, self._other_patient)
        self._choose_pair()

    def _make_pair(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        rows = form_layout()
        empty = "Open two scans, or a scan and a map"
        self.first = FreeCombo(self.viewer, is_seen, empty=empty)
        self.second = FreeCombo(self.viewer, is_seen, empty=empty)
        rows.addRow("One", self.first)
        self.rows = rows
        rows.addRow("Other", self.second)
        self.other_label = QLabel()
        self.other_label.setWordWrap(True)
        rows.addRow("Other", self.other_label)
        rows.setRowVisible(self.other_label, False)
        self.time = OtherTime(self.viewer, self)
        self.time.came.connect(self._beside)
        self.time.failed.connect(self._fail)
        rows.addRow("Timepoint", self.time.combo)
        self.flip_button, self.side_button = QPushButton("Flicker"), QPushButton("Side by side")
        self.flip_button.setToolTip("Show the other one in the same place (H)")
        self.side_button.setCheckable(True)
        self.side_button.setToolTip("Both in napari's grid, moved and zoomed together")
        self.linked = QCheckBox("Same window for both")
        self.linked.setChecked(True)
        self.linked.setToolTip(
            "<p>The same contrast limits, as for a scan before and after treatment</p>"
        )
        buttons = QHBoxLayout()
        for button in (self.flip_button, self.side_button):
            buttons.addWidget(button)
        column.addLayout(rows)
        column.addLayout(buttons)
        column.addWidget(self.linked)
        self.flip_button.clicked.connect(self.flip)
        self.side_button.toggled.connect(self._switch)
        self.first.chosen.connect(self._choose_pair)
        self.second.chosen.connect(self._use_pair)
        self.second.filled.connect(self._choose_pair)
        return box

    def _choose_pair(self) -> None:
        """Propose the scan that is seen and what it is likely compared with."""
        if self.first.layer is None or self.second.layer is not self.first.layer:
            self._use_pair()
            return
        with contextlib.suppress(RadiogenomicsError):  # one scan only: pressing a button says so
            self.first.layer, self.second.layer = two_scans(self.viewer)
        self._use_pair()

    def _use_pair(self) -> None:
        first, second = self.first.layer, self.second.layer
        pair = None if first is None or second is None or first is second else (first, second)
        attached(self.viewer, Flicker).pair = pair
        self.time.compare_with(first)

    def flip(self) -> None:
        """Show the other scan."""
        try:
            shown = attached(self.viewer, Flicker).flip()
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
        else:
            self.said.emit(f"Shown: {shown.name}. H again for the other.", "plain")

    def _switch(self, on: bool) -> None:
        side = attached(self.viewer, SideBySide)
        if not on:
            self._stop(side)
            return
        try:
            first, second = attached(self.viewer, Flicker).pair or two_scans(self.viewer)
            side.start(first, second, linked=self.linked.isChecked())
        except RadiogenomicsError as error:
            self.side_button.setChecked(False)
            self.said.emit(str(error), "error")
        else:
            self.said.emit(f"Left {first.name}, right {second.name}.", "plain")

    def _stop(self, side: SideBySide) -> None:
        was = side.active
        side.stop()
        self.time.remove()
        self._tell_other("")
        if was:
            self.said.emit("One scan again.", "plain")

    def _tell_other(self, timepoint: str) -> None:
        """Say what stands on the right: the chosen scan, or for the moment another timepoint."""
        self.rows.setRowVisible(self.second, not timepoint)
        self.rows.setRowVisible(self.other_label, bool(timepoint))
        self.other_label.setText(timepoint)

    def _beside(self, visit: Visit) -> None:
        """Show the open timepoint on the left and another one on the right."""
        first = self.first.layer
        if first is None:
            self._fail("Open a scan first.")
            return
        with QSignalBlocker(self.side_button):
            self.side_button.setChecked(True)
        linked = self.linked.isChecked()
        side = attached(self.viewer, SideBySide)
        side.start(first, visit.scan, linked=linked, regions=visit.regions)
        self._tell_other(visit.scan.name)
        text = f"Left {first.name}, right {visit.scan.name}. {visit.note}"
        self.said.emit(text.strip(), "plain")

    def _fail(self, text: str) -> None:
        self.said.emit(text, "error")

    def _other_patient(self, selection: Selection) -> None:
        visit = (selection.patient_id, selection.timepoint)
        if visit != self._visit:
            self._visit = visit
            self.side_button.setChecked(False)
            self.time.list()


def _key_grid(keys: Sequence[Key], when: str) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    title = QLabel(f"<i>{when}</i>")
    grid.addWidget(title, 0, 0, 1, 2)
    for row, key in enumerate(keys, 1):
        grid.addWidget(QLabel(f"<b>{key.key.replace('-', '+')}</b>"), row, 0)
        grid.addWidget(QLabel(key.meaning), row, 1)
    return grid
