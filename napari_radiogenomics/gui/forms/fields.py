"""One control for each kind of setting: it holds a value, takes one, and says when it changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Generic, TypeVar

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QPaintEvent, QWheelEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.signature import Parameter

__all__ = ["Field", "NumberBox", "QuietCombo", "field_for"]

W = TypeVar("W", bound=QWidget)
_LARGE = 2**31 - 1


class QuietCombo(QComboBox):
    """A combo box that scrolls with its dock unless focused, and elides names in the middle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unchosen = ""  # shown where nothing is chosen; Qt's own would widen the dock
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        view = self.view()
        if view is not None:
            view.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt names it
        """Draw the box with its text elided in the middle; Qt would cut it off."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        box, edit = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(box, option, edit, self).width() - 2
        middle = Qt.TextElideMode.ElideMiddle
        text = option.currentText if self.currentIndex() >= 0 else self.unchosen
        option.currentText = self.fontMetrics().elidedText(text, middle, room)
        painter.drawComplexControl(box, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt names it
        """Turn through the entries only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class WholeBox(QSpinBox):
    """A spin box that scrolls with its dock unless it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt names it
        """Step only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class NumberBox(QDoubleSpinBox):
    """A spin box for numbers that shows no idle zeros."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setDecimals(6)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt names it
        """Write a number as short as it is."""
        return f"{value:.7g}"

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt names it
        """Step only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class Field(QObject, Generic[W]):
    """A control and the value it holds.

    Parameters
    ----------
    parameter : Parameter
        What it sets.
    widget : QWidget
        The control.

    Attributes
    ----------
    changed : Signal()
        The person, or a program, changed the value.
    """

    changed = Signal()

    def __init__(self, parameter: Parameter, widget: W) -> None:
        super().__init__(widget)
        self.parameter, self.widget = parameter, widget
        widget.setObjectName(parameter.name)
        widget.setAccessibleName(parameter.title)
        if parameter.help:
            widget.setToolTip(f"<p>{parameter.help}</p>")

    @property
    def value(self) -> Any:
        """The value as the verb takes it."""
        raise NotImplementedError

    @value.setter
    def value(self, value: Any) -> None:
        raise NotImplementedError


class _Bool(Field[QCheckBox]):
    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QCheckBox())
        self.widget.toggled.connect(self.changed)

    @property
    def value(self) -> bool:
        return self.widget.isChecked()

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.setChecked(bool(value))


class _Number(Field[Any]):
    """A spin box; one step below its range stands for "not set" (None or NaN)."""

    def __init__(self, parameter: Parameter) -> None:
        whole = parameter.kind == "int"
        super().__init__(parameter, WholeBox() if whole else NumberBox())
        box, default = self.widget, parameter.default
        self._blank = math.nan if isinstance(default, float) and math.isnan(default) else None
        self._may_be_blank = parameter.optional or self._blank is not None
        low = parameter.minimum if parameter.minimum is not None else -_LARGE + 1
        high = parameter.maximum if parameter.maximum is not None else _LARGE
        low = low - 1 if self._may_be_blank else low
        box.setRange(int(low) if whole else low, int(high) if whole else high)
        if self._may_be_blank:
            box.setSpecialValueText("not a number" if self._blank is not None else "automatic")
        if parameter.unit:
            box.setSuffix(f" {parameter.unit}")
        box.valueChanged.connect(self.changed)

    @property
    def value(self) -> float | int | None:
        box = self.widget
        if self._may_be_blank and box.value() == box.minimum():
            return self._blank
        return box.value()

    @value.setter
    def value(self, value: Any) -> None:
        blank = value is None or (isinstance(value, float) and math.isnan(value))
        self.widget.setValue(self.widget.minimum() if blank else value)


class _Choice(Field[QuietCombo]):
    """A box of short names; what the chosen one does is its tooltip."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QuietCombo())
        if parameter.optional:
            self.widget.addItem("automatic", None)
        for choice, meaning in parameter.choices.items():
            name, _, more = meaning.partition(". ")
            self.widget.addItem(name or str(choice).replace("_", " "), choice)
            if more:
                at, role = self.widget.count() - 1, Qt.ItemDataRole.ToolTipRole
                self.widget.setItemData(at, f"<p>{escape(meaning)}</p>", role)
        self._explain()
        self.widget.currentIndexChanged.connect(self._explain)
        self.widget.currentIndexChanged.connect(self.changed)

    def _explain(self, _index: int = 0) -> None:
        """Say what the setting is, and what the chosen entry does."""
        told = self.widget.currentData(Qt.ItemDataRole.ToolTipRole) or ""
        about = f"<p>{self.parameter.help}</p>" if self.parameter.help else ""
        self.widget.setToolTip(f"{about}{told}")

    @property
    def value(self) -> Any:
        return self.widget.currentData()

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.setCurrentIndex(max(0, self.widget.findData(value)))


class _Choices(Field[CheckList]):
    """A list to tick; nothing ticked is None where that is allowed."""

    def __init__(self, parameter: Parameter) -> None:
        choices = parameter.choices
        super().__init__(parameter, CheckList([(str(c), str(c), m) for c, m in choices.items()]))
        self.widget.changed.connect(self.changed.emit)

    @property
    def value(self) -> tuple[str, ...] | None:
        return self.widget.checked or (None if self.parameter.optional else ())

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.checked = tuple(value or ())


class _Text(Field[QLineEdit]):
    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QLineEdit())
        self.widget.textChanged.connect(self.changed)

    @property
    def value(self) -> str | None:
        return self.widget.text() or (None if self.parameter.optional else "")

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.setText("" if value is None else str(value))


class _Numbers(Field[QLineEdit]):
    """Several numbers in a line, ``1, 2``; what is none waits until it is one.

    An empty line is None where that is allowed.
    """

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QLineEdit())
        self._read: Callable[[str], float] = int if parameter.kind == "int" else float
        self._last: tuple[float, ...] = ()
        hints = (parameter.unit, "empty: automatic" if parameter.optional else "")
        self.widget.setPlaceholderText(", ".join(filter(None, hints)))
        self.widget.textChanged.connect(self.changed)

    @property
    def value(self) -> tuple[float, ...] | None:
        if self.parameter.optional and not self.widget.text().strip():
            return None
        try:
            self._last = tuple(map(self._read, self.widget.text().replace(",", " ").split()))
        except ValueError:
            return self._last
        return self._last

    @value.setter
    def value(self, value: Any) -> None:
        self.widget.setText(", ".join(map(str, value or ())))


class _Path(Field[QWidget]):
    """A line to type in and a button that opens the system's chooser."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, QWidget())
        row = QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        self.line, button = QLineEdit(), QToolButton()
        button.setText("…")
        button.setToolTip("Choose a file")
        button.clicked.connect(self._choose)
        self.line.textChanged.connect(self.changed)
        row.addWidget(self.line)
        row.addWidget(button)

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.widget, self.parameter.title)
        if path:
            self.line.setText(path)

    @property
    def value(self) -> Path | None:
        return Path(self.line.text()) if self.line.text() else None

    @value.setter
    def value(self, value: Any) -> None:
        self.line.setText("" if value is None else str(value))


_FIELDS: Mapping[str, Callable[[Parameter], Field[Any]]] = {
    "bool": _Bool,
    "int": _Number,
    "float": _Number,
    "choice": _Choice,
    "choices": _Choices,
    "text": _Text,
    "path": _Path,
}
_LISTS: Mapping[str, Callable[[Parameter], Field[Any]]] = {"int": _Numbers, "float": _Numbers}
_SINGLE: Sequence[str] = ("int", "float", "text", "path")


def field_for(parameter: Parameter) -> Field[Any] | None:
    """Make the control for a parameter; None where a form cannot give such a value.

    Parameters
    ----------
    parameter : Parameter
        A setting of a verb.

    Returns
    -------
    Field or None
        Holding the default.
    """
    fields = _LISTS if parameter.many and parameter.kind in _SINGLE else _FIELDS
    kind = fields.get(parameter.kind)
    if kind is None:
        return None
    field = kind(parameter)
    field.value = parameter.default
    return field
