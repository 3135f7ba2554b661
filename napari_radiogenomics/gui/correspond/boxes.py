"""Controls of the Correspondence dock: the three, the sweep between scan and slide, the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.correspondence.choices import (
    INTENSITY,
    ORIGINAL,
    TISSUE_MAPS,
    feature_titles,
)
from napari_radiogenomics.data.review import VERDICTS
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.genes.search import GeneSearch

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.review import Review

__all__ = ["ReviewBox", "SweepBox", "ThreeBox"]

_SOON_MS = 30
_NAME = 76
_WHOLE = 100  # percent


class ThreeBox(QWidget):
    """Image feature, tissue measure, gene or pathway.

    Attributes
    ----------
    changed : Signal()
        Another of the three, or another channel.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.feature, self.role, self.tissue = QuietCombo(), QuietCombo(), QuietCombo()
        self.gene = GeneSearch()
        self._asked = ""
        self._list_features()
        for name, one in TISSUE_MAPS.items():
            self.tissue.addItem(f"{one.title} ({one.unit})", name)
            self.tissue.setItemData(
                self.tissue.count() - 1, f"Stain: {one.stains}", Qt.ItemDataRole.ToolTipRole
            )
        self.role.setToolTip("<p>Channel of the scan; the one that was segmented at first.</p>")
        rows = form_layout()
        rows.setContentsMargins(0, 0, 0, 0)
        self.setLayout(rows)
        named = (("Image", self.feature), ("Channel", self.role),
                 ("Tissue", self.tissue), ("Gene", self.gene))  # fmt: skip
        for title, widget in named:
            rows.addRow(title, widget)
            widget.setAccessibleName(title)
        self.feature.currentIndexChanged.connect(self._show_beginning)
        for combo in (self.feature, self.role, self.tissue):
            combo.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.gene.asked.connect(self._ask)

    def _list_features(self) -> None:
        """All features, found by typing a part of the name."""
        for name, title in feature_titles().items():
            family = name.removeprefix(ORIGINAL).partition("_")[0]
            shown = title if name == INTENSITY or not name.startswith(ORIGINAL) else (
                f"{title.rpartition(': ')[2]} ({family})"
            )  # fmt: skip
            self.feature.addItem(shown, name)
        self.feature.setEditable(True)
        self.feature.setInsertPolicy(QuietCombo.InsertPolicy.NoInsert)
        completer = self.feature.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._show_beginning()

    def _show_beginning(self, _index: int = 0) -> None:
        """Show the beginning of a long name, and the whole at the mouse."""
        line = self.feature.lineEdit()
        if line is not None:
            line.setCursorPosition(0)
        self.feature.setToolTip(f"<p>{self.feature.currentText()}</p>")

    def _ask(self, text: str) -> None:
        if text != self._asked:
            self._asked = text
            self.changed.emit()

    def offer(self, cohort: Cohort | None, names: Mapping[str, Sequence[str]]) -> None:
        """List channels, genes and pathways of a cohort."""
        self.gene.offer({kind: names.get(kind, ()) for kind in ("gene", "pathway")})
        kept = self.role.currentData()
        with QSignalBlocker(self.role):
            self.role.clear()
            self.role.addItem("as segmented", "")
            roles = [] if cohort is None else sorted(set(cohort.scans["role"].astype(str)) - {""})
            for role in roles:
                self.role.addItem(role, role)
            self.role.setCurrentIndex(max(0, self.role.findData(kept)))
        rows = self.layout()
        if isinstance(rows, QFormLayout):
            rows.setRowVisible(self.role, self.role.count() > 2)

    def choose(self, *, feature: str = "", tissue: str = "", score: str | None = None) -> None:
        """Choose some of the three, and say so once."""
        with QSignalBlocker(self):
            for combo, value in ((self.feature, feature), (self.tissue, tissue)):
                if combo.findData(value) >= 0 and value:
                    combo.setCurrentIndex(combo.findData(value))
            if score is not None:
                self.gene.show_text(score)
                self._asked = score
        self.changed.emit()

    @property
    def values(self) -> dict[str, str]:
        """``feature, tissue, score, role``."""
        return {
            "feature": str(self.feature.currentData() or INTENSITY),
            "tissue": str(self.tissue.currentData()),
            "score": self.gene.text().strip(),
            "role": str(self.role.currentData() or ""),
        }


class SweepBox(QWidget):
    """How much of the scan, and of the measure, is seen on the slide.

    Attributes
    ----------
    swept : Signal(float, bool)
        Part of the scan from 0 to 1, and whether in a checkerboard.
    covered : Signal(float)
        Part of the measure.
    """

    swept = Signal(float, bool)
    covered = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.sweep, self.cover = (QSlider(Qt.Orientation.Horizontal) for _ in range(2))
        for slider, name, value in ((self.sweep, "Slide to scan", 0), (self.cover, "Measure", 55)):
            slider.setRange(0, _WHOLE)
            slider.setValue(value)
            slider.setAccessibleName(name)
        self.sweep.setToolTip(
            "<p>Left: the slide. Right: the scan where the section lies, brought under the slide. "
            "The slide stays as it is.</p>"
        )
        self.board = QCheckBox("Checkerboard")
        self.board.setToolTip(
            "<p>Scan and slide in turn, square by square. The measure steps aside meanwhile.</p>"
        )
        self._before = (0, 0)  # values of both sliders before the checkerboard
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(self.cover, 1)
        row.addWidget(self.board)
        rows.addRow("Slide ↔ scan", self.sweep)
        rows.addRow("Tissue measure", row)
        # A drag gives more values than can be drawn.
        self._soon = QTimer(self, interval=_SOON_MS, singleShot=True)
        self._soon.timeout.connect(self._tell)
        self.sweep.valueChanged.connect(lambda _value: self._soon.start())
        self.board.toggled.connect(self._toggle)
        self.cover.valueChanged.connect(lambda value: self.covered.emit(value / 100))

    @property
    def values(self) -> tuple[float, bool]:
        """Part of the scan, and whether in a checkerboard."""
        return self.sweep.value() / 100, self.board.isChecked()

    def _toggle(self, on: bool) -> None:
        if on:
            self._before = self.sweep.value(), self.cover.value()
            self.sweep.setValue(self.sweep.value() or _WHOLE)  # of nothing it would be none
            self.cover.setValue(0)  # the measure would lie over it
        else:  # back, but for what the person has chosen meanwhile
            swept, covered = self._before
            if self.sweep.value() == _WHOLE:
                self.sweep.setValue(swept)
            if self.cover.value() == 0:
                self.cover.setValue(covered)
        self._tell()

    def _tell(self) -> None:
        self.swept.emit(*self.values)


class ReviewBox(QWidget):
    """The reviewer's verdict and note.

    Attributes
    ----------
    saved : Signal(str, str, str)
        Verdict, note and reviewer, to be kept.
    """

    saved = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self.verdict, self.reviewer = QuietCombo(), QLineEdit()
        self.verdict.addItem("choose …", "")
        for verdict in VERDICTS:
            self.verdict.addItem(verdict, verdict)
        self.reviewer.setPlaceholderText("initials")
        self.reviewer.setFixedWidth(_NAME)
        self.note = QPlainTextEdit()
        self.note.setPlaceholderText("What do you see? The note is kept with the verdict.")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(3 * self.fontMetrics().lineSpacing() + 10)
        self.save_button = QPushButton("Save verdict")
        self.save_button.setToolTip(
            "<p>Kept in the cohort's folder with what was looked at, and counted on the evidence "
            "card (coherence); without a gene, or with no biopsy of it near the section, as "
            "agreement of image and tissue alone.</p>"
        )
        self.before = QLabel()
        self.before.setWordWrap(True)
        names = (("Verdict", self.verdict), ("Reviewer", self.reviewer), ("Note", self.note))
        for name, widget in names:
            widget.setAccessibleName(name)
        row = QHBoxLayout()
        row.addWidget(QLabel("Do they agree?"))
        row.addWidget(self.verdict, 1)
        last = QHBoxLayout()
        last.addWidget(self.reviewer)
        last.addWidget(self.before, 1)
        last.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.note)
        column.addLayout(last)
        self.verdict.currentIndexChanged.connect(self._enable)
        self.reviewer.textChanged.connect(self._enable)
        self.save_button.clicked.connect(self._save)
        self.reviewer.editingFinished.connect(self._use_reviewer)
        self._subject: tuple[str, ...] | None = None
        self._reviews: Sequence[Review] = ()
        self._loaded = ("", "")
        self._drafts: dict[tuple[str, ...], tuple[str, str]] = {}
        self.use(None, ())

    @property
    def _typed(self) -> tuple[str, str]:
        return str(self.verdict.currentData()), self.note.toPlainText()

    def use(self, subject: tuple[str, ...] | None, reviews: Sequence[Review]) -> None:
        """Ask about another comparison, with what was said of it before; None asks nothing.

        What was typed and not saved is kept, and is back with its comparison.
        """
        if self._subject is not None and self._typed != self._loaded:
            self._drafts[self._subject] = self._typed
        self._subject, self._reviews = subject, reviews
        self.setEnabled(subject is not None)
        self._load()
        if subject in self._drafts:
            verdict, note = self._drafts.pop(subject)
            self.verdict.setCurrentIndex(self.verdict.findData(verdict))
            self.note.setPlainText(note)

    def _use_reviewer(self) -> None:
        """What another reviewer said is not this one's."""
        if self._typed == self._loaded:
            self._load()

    def _load(self) -> None:
        """Show what the reviewer said of the comparison."""
        subject, reviews = self._subject, self._reviews
        own = [one for one in reviews if one.subject[1:] == subject]
        said = "; ".join(f"{one.reviewer}: {one.verdict}" for one in own)
        self.before.setText(f"So far {said}." if said else "Nobody has said so far.")
        self.before.setToolTip("\n".join(one.note for one in own if one.note))
        mine = next((one for one in own if one.reviewer == self.reviewer.text().strip()), None)
        self.verdict.setCurrentIndex(0 if mine is None else self.verdict.findData(mine.verdict))
        self.note.setPlainText("" if mine is None else mine.note)
        self._loaded = self._typed
        self._enable()

    def _enable(self) -> None:
        ready = bool(self.verdict.currentData()) and bool(self.reviewer.text().strip())
        self.save_button.setEnabled(ready)

    def _save(self) -> None:
        note = self.note.toPlainText().strip()
        self.saved.emit(self.verdict.currentData(), note, self.reviewer.text().strip())
