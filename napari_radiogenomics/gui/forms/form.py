"""The settings of a verb as a form, made from its signature alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_radiogenomics.gui.forms.fields import Field, field_for
from napari_radiogenomics.signature import Parameter, VerbForm

__all__ = ["SettingsForm", "folded", "form_layout", "same_value"]


def form_layout(parent: QWidget | None = None) -> QFormLayout:
    """Make a form layout that stays inside a narrow dock."""
    layout = QFormLayout(parent) if parent is not None else QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(8)
    layout.setVerticalSpacing(6)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    return layout


def folded(title: str) -> QCollapsible:
    """Make a folded section; its controls take the focus only when it is open."""
    section = QCollapsible(title, expandedIcon="▾", collapsedIcon="▸")
    section.content().hide()
    section.toggled.connect(section.content().setVisible)
    section.setDuration(120)
    section.layout().setContentsMargins(0, 0, 0, 0)
    return section


def same_value(first: Any, second: Any) -> bool:
    """Whether two settings are the same; NaN is the same as NaN, a list as a tuple.

    Examples
    --------
    >>> same_value(float("nan"), float("nan")), same_value((1, 2), [1, 2])
    (True, True)
    """
    if isinstance(first, float) and isinstance(second, float) and first != first:
        return second != second
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return tuple(first) == tuple(second)
    return bool(first == second)


class SettingsForm(QWidget):
    """Controls for the keyword-only parameters of a verb, the advanced ones folded.

    Parameters
    ----------
    form : VerbForm
        What `describe` says of the verb.
    hidden : collection of str, optional
        Settings that the dock asks for in its own way.
    make : callable, optional
        Makes the control of a parameter, or None where a form cannot give such a value.

    Attributes
    ----------
    changed : Signal()
        A setting changed.
    """

    changed = Signal()

    def __init__(
        self,
        form: VerbForm,
        *,
        hidden: Collection[str] = (),
        make: Callable[[Parameter], Field[Any] | None] = field_for,
    ) -> None:
        super().__init__()
        self.form = form
        self.fields: dict[str, Field[Any]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.rows = form_layout()
        column.addLayout(self.rows)
        self.advanced = folded("Advanced settings")
        advanced, body = form_layout(), QWidget()
        body.setLayout(advanced)
        self.advanced.addWidget(body)
        for parameter in form.settings:
            field = None if parameter.name in hidden else make(parameter)
            if field is not None:
                self.fields[parameter.name] = field
                field.changed.connect(self.changed.emit)
                self._add(advanced if parameter.advanced else self.rows, field)
        column.addWidget(self.advanced)
        self.advanced.setVisible(advanced.rowCount() > 0)

    def _add(self, layout: QFormLayout, field: Field[Any]) -> None:
        label = QLabel(field.parameter.title)
        label.setBuddy(field.widget)
        label.setToolTip(field.widget.toolTip())
        if field.parameter.kind == "choices":
            layout.addRow(label)
            layout.addRow(field.widget)
        else:
            layout.addRow(label, field.widget)

    @property
    def values(self) -> dict[str, Any]:
        """Values of all settings in the form, by name."""
        return {name: field.value for name, field in self.fields.items()}

    @values.setter
    def values(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].value = value

    @property
    def is_default(self) -> bool:
        """Whether every setting has its default."""
        return all(same_value(f.value, f.parameter.default) for f in self.fields.values())

    def in_its_words(self, text: str) -> str:
        """Text in which settings are called as the form calls them: "Bin width", not bin_width."""
        for name, field in self.fields.items():
            if "_" in name:  # other names are words of the language
                text = re.sub(rf"\b{name}=", f'"{field.parameter.title}" = ', text)
                text = re.sub(rf'"?\b{name}\b"?', f'"{field.parameter.title}"', text)
        return text

    def reset(self) -> None:
        """Give every setting its default."""
        self.values = {name: field.parameter.default for name, field in self.fields.items()}
