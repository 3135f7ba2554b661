"""Controls for labels and for a range of values of a scan."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QDoubleRangeSlider

from napari_radiogenomics.data.segmentation import Label
from napari_radiogenomics.gui.forms.fields import Field, NumberBox, QuietCombo, field_for
from napari_radiogenomics.gui.segment.icons import swatch
from napari_radiogenomics.gui.segment.regions import Entry
from napari_radiogenomics.signature import Parameter

__all__ = ["LabelField", "LabelsField", "RangeRow", "guessed_background", "tool_field"]

_BLANK = {
    "inside": "anywhere",
    "background": "none: fill the box",
    "into": "automatic",
}
_ASK = "not chosen yet"
# How people call what is no region.
_SURROUNDINGS = re.compile(r"background|surround|outside|^(rest|other|normal|healthy|none)\b")
# What the letters of a grid's axes mean to a person.
_PLAIN = {
    "k": "slices as acquired (k)",
    "j": "planes across j",
    "i": "planes across i",
    "volume": "whole volume",
}
# Values looked at for the ends of a slider: enough, and instant on any scan.
_MOST_VALUES = 200_000


def tool_field(parameter: Parameter) -> Field[Any] | None:
    """Make the control of a tool's setting: labels are chosen by name, the rest as everywhere."""
    if parameter.name in ("inside", "into", "background", "other", "outside"):
        return LabelsField(parameter) if parameter.many else LabelField(parameter)
    if parameter.kind == "choice" and not {*parameter.choices}.isdisjoint(_PLAIN):
        named = {
            choice: _PLAIN.get(choice, meaning) for choice, meaning in parameter.choices.items()
        }
        parameter = replace(parameter, _choices=lambda: named)
    return field_for(parameter)


class LabelField(Field[QuietCombo]):
    """One label by its name, or none where the setting may be left out.

    A background is guessed from the labels that are drawn until a person chooses one. What was
    guessed stays when its strokes go: a tool that was applied leaves the background empty.
    """

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QuietCombo())
        self._guesses = parameter.name == "background" and parameter.optional
        self._guessed: Label | None = None
        self.offer(())
        self.widget.activated.connect(self._decide)
        self.widget.currentIndexChanged.connect(self.changed)

    @property
    def undecided(self) -> bool:
        """Whether it is a background that nobody chose and nothing tells."""
        return self._guesses and self.value is None

    def _decide(self, row: int) -> None:
        self._guesses = self._guesses and self.widget.itemText(row) == _ASK

    def offer(self, entries: Sequence[Entry]) -> None:
        """List the labels there are; the choice stays where it can."""
        kept = before = self.value
        if self._guesses:
            kept = self._guess(entries)
        with QSignalBlocker(self.widget):
            self.widget.clear()
            if self._guesses:
                self.widget.addItem(_ASK, None)
            if self.parameter.optional:
                self.widget.addItem(_BLANK.get(self.parameter.name, "none"), None)
            for entry in entries:
                label = entry.label
                self.widget.addItem(swatch(label.color or (255,) * 3), label.name, label.value)
            self.widget.setCurrentIndex(max(0, self.widget.findData(kept)))
        if self._guesses and self.value != before:
            self.changed.emit()

    def _guess(self, entries: Sequence[Entry]) -> int | None:
        labels = {entry.label.value: entry.label for entry in entries}
        found, before = guessed_background(entries), self._guessed
        if found is None and before is not None:
            still = labels.get(before.value)
            found = before.value if still is not None and still.name == before.name else None
        self._guessed = None if found is None else labels[found]
        return found

    @property
    def value(self) -> int | None:
        """Value of the chosen label."""
        return self.widget.currentData()

    @value.setter
    def value(self, value: Any) -> None:
        self._guesses = self._guesses and value is None
        self.widget.setCurrentIndex(max(0, self.widget.findData(value)))


def guessed_background(entries: Sequence[Entry]) -> int | None:
    """Label that marks what is no region: by its name, else the last one that has none.

    Parameters
    ----------
    entries : sequence of Entry
        Labels of the segmentation; those that are not drawn mark nothing.

    Returns
    -------
    int or None
        None where every label is called something, or fewer than two are drawn.

    Examples
    --------
    >>> tumour, second = (Entry(Label(1, "tumour"), True), Entry(Label(2), True))
    >>> guessed_background([tumour, second])
    2
    >>> guessed_background([tumour, Entry(Label(2, "oedema"), True)]) is None
    True
    """
    drawn = [entry.label for entry in entries if entry.drawn]
    if len(drawn) < 2:
        return None
    named = (x.value for x in drawn if _SURROUNDINGS.search(x.name.casefold()))
    last = drawn[-1]
    return next(named, last.value if last.name == Label(last.value).name else None)


class LabelsField(Field[QToolButton]):
    """Any number of labels by their names, ticked in a menu."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QToolButton())
        self._menu = QMenu(self.widget)
        self.widget.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.widget.setMenu(self._menu)
        self._wanted: tuple[int, ...] = ()
        self._menu.triggered.connect(self._tick)
        self._write()

    def offer(self, entries: Sequence[Entry]) -> None:
        """List the labels there are, and the background."""
        self._menu.clear()
        for value, name in ((0, "background"), *((e.label.value, e.label.name) for e in entries)):
            action = self._menu.addAction(name)
            action.setData(value)
            action.setCheckable(True)
            action.setChecked(value in self._wanted)
        self._write()

    def _tick(self) -> None:
        found = [a.data() for a in self._menu.actions() if a.isChecked()]
        if tuple(found) != self._wanted:
            self._wanted = tuple(found)
            self._write()
            self.changed.emit()

    def _write(self) -> None:
        names = [a.text() for a in self._menu.actions() if a.isChecked()]
        self.widget.setText(", ".join(names) or "anywhere" if self._inside else ", ".join(names))
        if not self.widget.text():
            self.widget.setText("none")

    @property
    def _inside(self) -> bool:
        return self.parameter.name == "inside"

    @property
    def value(self) -> tuple[int, ...]:
        """Values of the ticked labels."""
        return self._wanted

    @value.setter
    def value(self, value: Any) -> None:
        self._wanted = tuple(int(v) for v in value or ())
        for action in self._menu.actions():
            action.setChecked(action.data() in self._wanted)
        self._write()


class RangeRow(QWidget):
    """A range of values of a scan: two numbers, a slider, and a proposal from the drawn label.

    Attributes
    ----------
    changed : Signal()
        The range changed.
    proposal_asked : Signal()
        The person wants the range of what is drawn.
    """

    changed = Signal()
    proposal_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._ends = (0.0, 1.0)
        self._touched = False
        self.low_box, self.high_box = NumberBox(), NumberBox()
        for box, name in ((self.low_box, "Lowest value"), (self.high_box, "Highest value")):
            box.setRange(-1e12, 1e12)
            box.setKeyboardTracking(False)
            box.setAccessibleName(name)
            box.setMinimumWidth(64)
            box.valueChanged.connect(self._take_boxes)
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Range of values")
        self.slider.valueChanged.connect(self._take_slider)
        self.propose = QPushButton("From label")
        self.propose.setToolTip("Mean ± 2 SD of the chosen label on the scan")
        self.propose.clicked.connect(self.proposal_asked)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.low_box, 1)
        row.addWidget(QLabel("to"))
        row.addWidget(self.high_box, 1)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.slider, 1)
        below.addWidget(self.propose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addLayout(below)

    @property
    def touched(self) -> bool:
        """Whether the person set a range."""
        return self._touched

    def use_scan(self, array: np.ndarray | None, unit: str = "") -> None:
        """Take the ends of the slider from a scan; a range that was not touched follows."""
        for box in (self.low_box, self.high_box):
            box.setSuffix(f" {unit}" if unit else "")
        if array is None or not array.size:
            return
        flat = array.reshape(-1)
        values = np.asarray(flat[:: max(1, flat.size // _MOST_VALUES)], float)
        values = values[np.isfinite(values)]
        low, high = (0.0, 1.0) if not values.size else (float(values.min()), float(values.max()))
        high = high if high > low else low + 1.0
        if (low, high) == self._ends:
            return
        self._ends = (low, high)
        with QSignalBlocker(self.slider):
            self.slider.setRange(low, high)
        if not self._touched and values.size:
            self._set(float(np.percentile(values, 90)), high)

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return self.low_box.value(), self.high_box.value()

    @range.setter
    def range(self, ends: tuple[float, float]) -> None:
        self._touched = True
        self._set(*ends)
        self.changed.emit()

    def suggest(self, low: float, high: float) -> None:
        """Propose a range; it counts as not touched, and nobody is told."""
        self._set(low, high)

    def _set(self, low: float, high: float) -> None:
        step = _step(self._ends[1] - self._ends[0])
        low, high = round(low / step) * step, round(high / step) * step
        for box, value in ((self.low_box, low), (self.high_box, high)):
            with QSignalBlocker(box):
                box.setValue(value)
        first, last = self._ends
        with QSignalBlocker(self.slider):
            self.slider.setValue((min(max(low, first), last), max(min(high, last), first)))

    def _take_boxes(self) -> None:
        self.range = self.range

    def _take_slider(self, ends: tuple[float, float]) -> None:
        low, high = (float(end) for end in ends)
        self.range = (low, high)


def _step(span: float) -> float:
    """A step of about a thousandth of a span, a power of ten.

    Examples
    --------
    >>> _step(3000.0), _step(1.0)
    (1.0, 0.001)
    """
    return float(10.0 ** math.floor(math.log10(max(span, 1e-9) / 1000)))
