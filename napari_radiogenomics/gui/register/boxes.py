"""Controls of the Register dock: the two sides, the pairs, the overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.forms.panel import section_line
from napari_radiogenomics.gui.register.objects import Entry, entries_of
from napari_radiogenomics.gui.register.pairs import Pairs
from napari_radiogenomics.gui.register.table import PairTable
from napari_radiogenomics.gui.session import session_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_radiogenomics.registration import Registration

__all__ = ["OverlayBox", "PairBox", "SideBox"]

_EMPTY = "Open a scan, and a patient with slides in the Cohort dock."


class SideBox(QWidget):
    """Choice of the two sides.

    Attributes
    ----------
    asked : Signal()
        Show was pressed.
    refilled : Signal()
        Other layers, a layer that shows something else, another patient or cohort.
    """

    asked = Signal()
    refilled = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer = viewer
        self.fixed, self.moving = QuietCombo(), QuietCombo()
        self.show_button = QPushButton("Show side by side")
        self.show_button.setToolTip("<p>Open a canvas for each side and begin with landmarks.</p>")
        self.show_button.clicked.connect(self.asked)
        rows = form_layout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addRow("Fixed", self.fixed)
        rows.addRow("Moving", self.moving)
        rows.addRow("", self.show_button)
        self.fixed.setToolTip("<p>What stays: usually the scan.</p>")
        self.moving.setToolTip("<p>What is brought to it: a slide, or another scan.</p>")
        self._entries: list[Entry] = []
        self._by_hand = False  # until then what comes later may be the better default
        for combo in (self.fixed, self.moving):
            combo.activated.connect(self._chosen)
        connections = self.connections = Connections(self)
        connections.add(viewer.layers.events.inserted, self._meet)
        connections.add(viewer.layers.events.removed, self.refill)
        for layer in viewer.layers:
            self._listen_to(layer)
        session = session_of(viewer)
        connections.add(session.cohort_changed, self.refill)
        connections.add(session.selection_changed, self.refill)
        self.refill()

    def _chosen(self, _row: int = 0) -> None:
        self._by_hand = True

    def _meet(self, event: Any) -> None:
        self._listen_to(event.value)
        self.refill()

    def _listen_to(self, layer: Layer) -> None:
        """The layers of a patient are filled with the next one: then their names change."""
        for event in (layer.events.name, layer.events.metadata):
            self.connections.add(event, self.refill)

    def refill(self, event: object = None) -> None:
        """List what there is now; choices stay where they still are."""
        self._list()
        self.refilled.emit()

    def _list(self) -> None:
        entries = entries_of(self.viewer)
        if [entry.key for entry in entries] == [entry.key for entry in self._entries]:
            self._entries = entries
            return
        self._entries = entries
        slides = [n for n, entry in enumerate(entries) if entry.layer is None]
        first = {
            id(self.fixed): 0,
            id(self.moving): slides[0] if slides else min(1, len(entries) - 1),
        }
        for combo in (self.fixed, self.moving):
            kept = combo.currentData() if self._by_hand else None
            with QSignalBlocker(combo):
                combo.clear()
                for entry in entries:
                    combo.addItem(entry.title, entry.key)
                at = combo.findData(kept)
                combo.setCurrentIndex(at if kept and at >= 0 else first[id(combo)])
        if self.fixed.currentIndex() == self.moving.currentIndex():  # one was alone until now
            other = first[id(self.moving)]
            self.moving.setCurrentIndex(other if other != self.fixed.currentIndex() else 0)
        self.show_button.setEnabled(len(entries) > 1)

    def choose(self, fixed: str, moving: str) -> bool:
        """Choose two sides by their keys; whether both are there."""
        self._list()
        found = [combo.findData(key) for combo, key in ((self.fixed, fixed), (self.moving, moving))]
        if min(found) < 0:
            return False
        self._by_hand = True
        self.fixed.setCurrentIndex(found[0])
        self.moving.setCurrentIndex(found[1])
        return True

    def entries(self) -> tuple[Entry, Entry]:
        """Chosen entries: fixed, moving.

        Raises
        ------
        InputError
            If there are none, or both are the same.
        """
        self._list()
        first, second = self.fixed.currentIndex(), self.moving.currentIndex()
        if min(first, second) < 0:
            raise InputError(_EMPTY)
        if first == second:
            raise InputError("Fixed and moving are the same. Choose two different ones.")
        return self._entries[first], self._entries[second]


class PairBox(QWidget):
    """The pairs, with what can be done with them.

    Attributes
    ----------
    undone, cleared, loaded, saved : Signal()
        A button was pressed.
    deleted, chosen : Signal(int)
        Row of a pair.
    """

    undone = Signal()
    cleared = Signal()
    loaded = Signal()
    saved = Signal()
    deleted = Signal(int)
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.place_box = QCheckBox("Place landmarks by clicking")
        self.place_box.setChecked(True)
        self.place_box.setToolTip(
            "<p>Click, without a drag, on the fixed side, then the moving.</p>"
        )
        self.next_label, self.sum_label = QLabel(), QLabel()
        for label in (self.next_label, self.sum_label):
            label.setWordWrap(True)
        self.table = PairTable()
        self.table.currentCellChanged.connect(lambda row, *_: self.chosen.emit(row))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (section_line(), self.place_box, self.next_label, self.table, self.sum_label):
            column.addWidget(widget)
        self.buttons = {
            name: QPushButton(name) for name in ("Undo", "Delete", "Clear", "Load…", "Save…")
        }
        for names in (("Undo", "Delete", "Clear"), ("Load…", "Save…")):
            row = QHBoxLayout()
            row.setSpacing(3)
            for name in names:
                row.addWidget(self.buttons[name])
            column.addLayout(row)
        self.buttons["Undo"].clicked.connect(self.undone)
        self.buttons["Delete"].clicked.connect(lambda: self.deleted.emit(self.table.currentRow()))
        self.buttons["Clear"].clicked.connect(self.cleared)
        self.buttons["Load…"].clicked.connect(self.loaded)
        self.buttons["Save…"].clicked.connect(self.saved)
        self.buttons["Delete"].setToolTip("Take the chosen pair away")
        self.buttons["Load…"].setToolTip("Read pairs from a CSV table, in mm")
        self.buttons["Save…"].setToolTip("Write the pairs as a CSV table, in mm")

    @property
    def placing(self) -> bool:
        """Whether a click places a landmark."""
        return self.place_box.isChecked()

    def use(self, pairs: Pairs, fitted: Registration | None, why: str, *, ready: bool) -> None:
        """Show the pairs and how well they fit, or why they do not yet."""
        with QSignalBlocker(self.table):
            self.table.use(
                pairs.items,
                None if fitted is None else fitted.landmarks,
                "" if fitted is None else fitted.worst,
            )
        number = len(pairs.complete()) + 1
        name = next((p.name for p in pairs.items if not p.complete), f"pair {number}")
        self.next_label.setText(
            f"Next: {name} on the <b>{pairs.expected}</b> side."
            if ready
            else "Show two sides first."
        )
        self.sum_label.setText(_words(fitted) if fitted is not None else why)
        self.sum_label.setVisible(bool(self.sum_label.text()))
        self.buttons["Undo"].setEnabled(pairs.can_undo)
        for label in ("Delete", "Clear", "Save…"):
            self.buttons[label].setEnabled(bool(pairs.items))
        self.buttons["Load…"].setEnabled(ready)


def _words(fitted: Registration) -> str:
    left_out = fitted.left_out_rms_mm
    said = f"{left_out:.2f} mm" if left_out == left_out else "not known"
    text = f"RMS {fitted.rms_mm:.2f} mm · <b>with each left out {said}</b> · worst {fitted.worst}"
    return " ".join([text, *(f"<br>{warning}" for warning in fitted.warnings)])


class OverlayBox(QWidget):
    """How the result is shown, and where it is saved.

    Attributes
    ----------
    changed : Signal()
        Opacity or checkerboard changed.
    saved, kept : Signal()
        Save as a file, or in the cohort.
    """

    changed = Signal()
    saved = Signal()
    kept = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setAccessibleName("Opacity of the overlay")
        self.slider.setToolTip("Sweep between one side and the other")
        self.board = QCheckBox("Checkerboard")
        self.siblings_box = QCheckBox("Sibling stains too")
        self.siblings_box.setToolTip(
            "<p>Other sections of the block are aligned to this one by brightness, and get its "
            "transform.</p>"
        )
        self.save_button, self.keep_button = QPushButton("Save as…"), QPushButton("Save in cohort")
        self.why_label = QLabel()
        self.why_label.setWordWrap(True)
        self.why_label.setAccessibleName("Why the result cannot be saved")
        self.redraw = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(section_line())
        for widgets in (
            (QLabel("Overlay"), self.slider, self.board),
            (self.keep_button, self.save_button),
            (self.siblings_box,),
        ):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            column.addLayout(row)
        column.addWidget(self.why_label)
        self.slider.valueChanged.connect(lambda: self._tell(redraw=False))
        self.board.toggled.connect(lambda: self._tell(redraw=True))
        self.save_button.clicked.connect(self.saved)
        self.keep_button.clicked.connect(self.kept)
        self.use(None)

    def _tell(self, *, redraw: bool) -> None:
        self.redraw = redraw
        self.changed.emit()
        self.redraw = True

    @property
    def opacity(self) -> float:
        """0 to 1."""
        return self.slider.value() / 100

    @property
    def checkerboard(self) -> bool:
        """Whether every second square is clear."""
        return self.board.isChecked()

    @property
    def siblings(self) -> bool:
        """Whether sibling stains are saved too."""
        return self.siblings_box.isChecked()

    def use(self, found: Registration | None, *, can_keep: bool = False, why: str = "") -> None:
        """Enable what a result allows; ``why`` says what forbids to save it."""
        for widget in (self.slider, self.board):
            widget.setEnabled(found is not None)
        self.save_button.setEnabled(found is not None and not why)
        for widget in (self.keep_button, self.siblings_box):
            widget.setEnabled(found is not None and can_keep and not why)
        kept = (
            "Write the transform and its landmarks into the cohort."
            if can_keep or found is None
            else "Open a cohort folder to save it there."
        )
        self.keep_button.setToolTip(f"<p>{why or kept}</p>")
        self.save_button.setToolTip(f"<p>{why or 'Write the transform as a file.'}</p>")
        self.why_label.setText(why)
        self.why_label.setVisible(bool(why))
