"""What the Cohort dock shows of an open cohort: controls only, no logic of the session."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel, QFlowLayout

from napari_radiogenomics.gui.cohort.empty import OpenButton
from napari_radiogenomics.gui.cohort.patient import AT_FIRST, OPEN_WITH
from napari_radiogenomics.gui.cohort.rows import MISSING, Filters
from napari_radiogenomics.gui.cohort.table import CohortTable

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["CohortPage"]

_ALL_SITES = "All sites"
_GAP = 8
_PART = 1000  # of the height; 0 is as little as can be
_CHIPS = {
    "rna": ("RNA", "Only patients with gene expression"),
    "biopsies": ("Biopsies", "Only patients with located biopsies"),
    "slides": ("Slides", "Only patients with tissue slides"),
    "flagged": ("Flagged", "Only patients with problems or unsaved edits"),
}


class CohortPage(QWidget):
    """Search, chips, table, steps, card and problems.

    Attributes
    ----------
    step : Signal(int)
        Next (1) or previous (-1) patient is wanted.
    timepoint_chosen : Signal(str)
        A timepoint was chosen.
    open_with_changed : Signal()
        Other kinds of layers are wanted.
    """

    step = Signal(int)
    timepoint_chosen = Signal(str)
    open_with_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = CohortTable()
        self.table.rows.narrowed.connect(self._count)
        upper, lower = QWidget(), QWidget()
        above, below = QVBoxLayout(upper), QVBoxLayout(lower)
        for column in (above, below):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(6)
        above.addLayout(self._make_title())
        above.addWidget(self._make_search())
        above.addLayout(self._make_chips())
        above.addWidget(self.table, 1)
        above.addLayout(self._make_steps())
        self.opening_row = QWidget()
        self.opening_row.setLayout(self._make_open_with())
        below.addWidget(self.opening_row)
        below.addWidget(self._make_card(), 1)
        below.addWidget(self._make_problems())
        self.splitter = splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(upper)
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter)
        self._patient = ""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt names it
        """Keep all lines of what a patient is opened with, however many its width makes."""
        super().resizeEvent(event)
        self.opening_row.setMinimumHeight(self.opening_row.heightForWidth(self.width()))

    def _make_title(self) -> QHBoxLayout:
        self.title = QElidingLabel()
        self.title.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.open_button = OpenButton()
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        row.addWidget(self.open_button)
        return row

    def _make_search(self) -> QLineEdit:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search id, site, diagnosis …")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        return self.search

    def _make_chips(self) -> QFlowLayout:
        self.sites = QComboBox()
        self.sites.setAccessibleName("Site")
        self.sites.setToolTip("Only patients of one site")
        self.sites.currentIndexChanged.connect(self._narrow)
        row = QFlowLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(_GAP)
        row.addWidget(self.sites)
        self.chips: dict[str, QPushButton] = {}
        for name, (title, tip) in _CHIPS.items():
            chip = QPushButton(title)
            chip.setToolTip(tip)
            chip.setCheckable(True)
            chip.toggled.connect(self._narrow)
            row.addWidget(chip)
            self.chips[name] = chip
        return row

    def _make_steps(self) -> QHBoxLayout:
        self.previous_button, self.next_button = QPushButton("◀ Previous"), QPushButton("Next ▶")
        self.previous_button.setToolTip("Open the patient before (PageUp on the canvas)")
        self.next_button.setToolTip("Open the next patient (PageDown on the canvas)")
        self.previous_button.clicked.connect(self._step_back)
        self.next_button.clicked.connect(self._step_on)
        self.count = QLabel()
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.addWidget(self.previous_button)
        row.addWidget(self.count, 1)
        row.addWidget(self.next_button)
        return row

    # Methods, not lambdas: Qt would hold those, and through them a closed dock, for ever.
    def _step_back(self) -> None:
        self.step.emit(-1)

    def _step_on(self) -> None:
        self.step.emit(1)

    def _tell_open_with(self) -> None:
        self.open_with_changed.emit()

    def _make_open_with(self) -> QFlowLayout:
        row = QFlowLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(_GAP)
        row.addWidget(QLabel("Open with"))
        self.boxes: dict[str, QCheckBox] = {}
        for name in OPEN_WITH:
            box = QCheckBox(name)
            box.setChecked(name in AT_FIRST)
            box.toggled.connect(self._tell_open_with)
            row.addWidget(box)
            self.boxes[name] = box
        return row

    def _make_card(self) -> QWidget:
        self.timepoints = QComboBox()
        self.timepoints.setAccessibleName("Timepoint")
        self.timepoints.setToolTip("Timepoint of the patient")
        self.timepoints.textActivated.connect(self.timepoint_chosen.emit)
        self.name = QElidingLabel()
        self.name.setElideMode(Qt.TextElideMode.ElideMiddle)
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        top.addWidget(self.timepoints)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts_area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.facts)
        area.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(area, 1)
        return box

    def _make_problems(self) -> QWidget:
        self.problems_button = QToolButton()
        self.problems_button.setCheckable(True)
        self.problems_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.problems_text = QPlainTextEdit()
        self.problems_text.setReadOnly(True)
        self.problems_text.setAccessibleName("Problems")
        self.problems_text.setMinimumHeight(5 * self.fontMetrics().lineSpacing())
        self.problems_text.hide()
        self.problems_button.toggled.connect(self._fold_problems)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.problems_button)
        column.addWidget(self.problems_text)
        self.problems_box = box
        return box

    # What the dock tells

    def show_facts(self, shown: bool) -> None:
        """Show what is known of the patient, or leave its room to the list."""
        if shown == self.facts_area.isHidden():
            self.facts_area.setVisible(shown)
            self.splitter.setSizes([_PART, _PART if shown else 0])

    def use(self, cohort: Cohort | None) -> None:
        """Show another cohort, without filters."""
        with QSignalBlocker(self.search), QSignalBlocker(self.sites):
            self.search.clear()
            self.sites.clear()
            names = [] if cohort is None else sorted(set(cohort.patients["site"]) - {""})
            self.sites.addItems([_ALL_SITES, *names])
            self.sites.setVisible(len(names) > 1)
        for chip in self.chips.values():
            with QSignalBlocker(chip):
                chip.setChecked(False)
        self.table.rows.use(cohort)
        self.title.setText("" if cohort is None else cohort.name)
        self.title.setToolTip("" if cohort is None else f"{cohort.description}\n{cohort.root}")
        self.show_patient(None, [], [])

    @property
    def open_with(self) -> tuple[str, ...]:
        """What patients are opened with."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    @open_with.setter
    def open_with(self, names: Collection[str]) -> None:
        for name, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(name in names)

    def show_patient(
        self,
        patient_id: str | None,
        facts: Iterable[tuple[str, str]],
        timepoints: Sequence[str],
        timepoint: str = "",
    ) -> None:
        """Show the card of a patient, or of none."""
        self._patient = patient_id or ""
        self.table.choose(self._patient)
        self.name.setText(self._patient or "No patient chosen")
        rows = "".join(_fact(name, value) for name, value in facts)
        self.facts.setText(f"<table cellspacing='2'>{rows}</table>" if rows else "")
        with QSignalBlocker(self.timepoints):
            self.timepoints.clear()
            self.timepoints.addItems([name for name in timepoints if name])
            self.timepoints.setCurrentText(timepoint or (timepoints[0] if timepoints else ""))
        self.timepoints.setVisible(len(timepoints) > 1)
        self._count()

    def show_problems(self, serious: int, notes: int, text: str) -> None:
        """Show how many problems there are; the text unfolds."""
        parts = [f"⚠ {serious} problem{'s' * (serious != 1)}"] if serious else []
        parts += [f"{notes} note{'s' * (notes != 1)}"] if notes else []
        self._problems = ", ".join(parts)
        self.problems_box.setVisible(bool(parts))
        self.problems_text.setPlainText(text)
        self._fold_problems(self.problems_button.isChecked())

    def _fold_problems(self, shown: bool) -> None:
        self.problems_button.setText(f"{self._problems} {'▾' if shown else '▸'}")
        self.problems_text.setVisible(shown)

    def _narrow(self, _change: object = None) -> None:
        site = self.sites.currentText() if self.sites.currentIndex() > 0 else ""
        asked = {name: chip.isChecked() for name, chip in self.chips.items()}
        self.table.rows.narrow(Filters(self.search.text(), site, **asked))
        self.table.choose(self._patient)

    def _count(self) -> None:
        rows = self.table.rows
        row, shown = rows.row_of(self._patient), rows.rowCount()
        narrowed = f" (of {len(rows)})" if shown != len(rows) else ""
        where = f"{row + 1} of {shown}" if row >= 0 else f"{shown} shown"
        self.count.setText(where + narrowed)
        self.previous_button.setEnabled(shown > 0 and row != 0)
        self.next_button.setEnabled(shown > 0 and row != shown - 1)


def _fact(name: str, value: str) -> str:
    text = f"<i>{value}</i>" if value == MISSING else escape(value)
    return f"<tr><td><b>{escape(name)}</b>&nbsp;&nbsp;</td><td>{text}</td></tr>"
