"""The grid of tools and the settings of the chosen one, made from its verb's signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import SettingsForm, form_layout
from napari_radiogenomics.gui.segment.fields import LabelField, LabelsField, RangeRow, tool_field
from napari_radiogenomics.gui.segment.icons import icon
from napari_radiogenomics.gui.segment.regions import Entry
from napari_radiogenomics.segmentation.tool import TOOLS, Tool
from napari_radiogenomics.signature import describe

__all__ = ["SHORT", "TOOL_KEYS", "ToolBox"]

TOOL_KEYS: Mapping[str, str] = {
    "threshold": "Shift-T",
    "contours": "Shift-L",
    "interpolate": "Shift-B",
    "grow": "Shift-G",
    "classify_pixels": "Shift-Q",
    "refine": "Shift-E",
    "islands": "Shift-A",
    "fill_holes": "Shift-F",
    "smooth": "Shift-S",
    "margin": "Shift-W",
    "ring": "Shift-R",
    "combine": "Shift-C",
    "mask": "Shift-X",
}
"""Keys of the tools while a segmentation is selected, nearly all under the left hand."""
SHORT: Mapping[str, str] = {
    "threshold": "Threshold",
    "contours": "Contours",
    "interpolate": "Between",
    "grow": "Grow",
    "refine": "Refine",
    "islands": "Islands",
    "fill_holes": "Fill holes",
    "smooth": "Smooth",
    "margin": "Margin",
    "ring": "Ring",
    "combine": "Combine",
    "mask": "Mask",
    "classify_pixels": "Learn",
}
"""Names that fit under an icon; other tools take their title."""
_COLUMNS, _ICON = 5, 18
_SMALLER = 0.85  # so that the longest name fits into a fifth of a narrow dock
_GROUPS = ("draw", "grow", "shape", "combine")
# Asked for in a way of its own.
_HIDDEN = ("locked", "label", "labels", "low", "high", "at_mm")
_CHECKED = """
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 1px 0;
    font-size: {size}px; }}
QToolButton:hover {{ background: rgba(128, 128, 128, 70); }}
QToolButton:checked {{ background: rgba(86, 130, 220, 130); border-color: rgb(86, 130, 220); }}
"""
# Tools that work on every unlocked label unless told otherwise.
_ON_ALL = ("grow",)


class ToolBox(QWidget):
    """Tools, one of them chosen, with its settings.

    Attributes
    ----------
    chosen : Signal()
        Another tool was chosen, or none.
    changed : Signal()
        A setting of the chosen tool changed.
    """

    chosen = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tools = {tool.name: tool for tool in sorted(TOOLS, key=_rank)}
        self.buttons: dict[str, QToolButton] = {}
        self.forms: dict[str, SettingsForm] = {}
        self._entries: Sequence[Entry] = ()
        self._tool: Tool | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._make_grid())
        self.about = QLabel("Choose a tool. What it would change is shown before it is applied.")
        self.about.setWordWrap(True)
        column.addWidget(self.about)
        column.addWidget(self._make_common())
        self.stack = QStackedWidget()
        self.stack.addWidget(QWidget())
        column.addWidget(self.stack)
        self._show_rows()

    def _make_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(2)
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        for place, tool in enumerate(self.tools.values()):
            button = QToolButton()
            button.setText(SHORT.get(tool.name, tool.title))
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(_ICON, _ICON))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            key = TOOL_KEYS.get(tool.name, "").replace("-", "+")
            limits = f"<br><i>{tool.limits}</i>" if tool.limits else ""
            button.setToolTip(
                f"<p><b>{tool.title}</b>{f' · {key}' if key else ''}<br>{tool.meaning}{limits}</p>"
            )
            button.setAccessibleName(tool.title)
            button.setObjectName(tool.name)
            self._group.addButton(button)
            self.buttons[tool.name] = button
            grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
        self._group.buttonClicked.connect(self._press)
        return grid

    def _make_common(self) -> QWidget:
        """Rows that several tools share: range of values, which labels."""
        common = QWidget()
        self.common = form_layout(common)
        self.range = RangeRow()
        self.range.changed.connect(self.changed)
        self.scope = QuietCombo()
        self.scope.addItem("All unlocked labels", "all")
        self.scope.addItem("The chosen label", "one")
        self.scope.currentIndexChanged.connect(self.changed)
        self.hint = QLabel("Click on the piece in the image.")
        self.hint.setWordWrap(True)
        self.common.addRow("Values", self.range)
        self.common.addRow("Labels", self.scope)
        self.common.addRow("Piece", self.hint)
        return common

    @property
    def tool(self) -> Tool | None:
        """The chosen tool; None where there is none."""
        return self._tool

    def choose(self, name: str) -> None:
        """Choose a tool; an empty name, or the chosen one again, puts it away."""
        before = self._tool
        self._tool = self.tools.get(name)
        if self._tool is before:
            self._tool = None
        for own, button in self.buttons.items():
            button.setChecked(self._tool is not None and own == self._tool.name)
        if self._tool is not None:
            if self._tool.name not in self.forms:
                self.forms[self._tool.name] = self._make_form(self._tool)
            self.stack.setCurrentWidget(self.forms[self._tool.name])
            wanted = "all" if self._tool.name in _ON_ALL else "one"
            self.scope.setCurrentIndex(self.scope.findData(wanted))
        else:
            self.stack.setCurrentIndex(0)
        self._show_rows()
        self.chosen.emit()

    def _press(self, button: QToolButton) -> None:
        self.choose(button.objectName())

    def _make_form(self, tool: Tool) -> SettingsForm:
        form = SettingsForm(describe(tool.verb), hidden=_HIDDEN, make=tool_field)
        self.stack.addWidget(form)
        self._offer(form)
        form.changed.connect(self._form_changed)
        return form

    def _form_changed(self) -> None:
        self._show_rows()
        self.changed.emit()

    def offer(self, entries: Sequence[Entry]) -> None:
        """List the labels that tools can name."""
        self._entries = entries
        for form in self.forms.values():
            self._offer(form)

    def _offer(self, form: SettingsForm) -> None:
        for field in form.fields.values():
            if isinstance(field, LabelField | LabelsField):
                field.offer(self._entries)

    @property
    def needs_click(self) -> bool:
        """Whether the tool waits for a click on a piece."""
        return self._has("at_mm") and "selected" in str(self._form_value("action"))

    def require_background(self, entries: Sequence[Entry]) -> None:
        """Ask which label is no region, where several are drawn and nobody has said.

        Parameters
        ----------
        entries : sequence of Entry
            Labels as they are drawn now.

        Raises
        ------
        InputError
            If all that is in reach would be filled without anyone having wanted it.
        """
        form = None if self._tool is None else self.forms.get(self._tool.name)
        field = None if form is None else form.fields.get("background")
        drawn = [entry for entry in entries if entry.drawn and not entry.locked]
        if isinstance(field, LabelField) and field.undecided and len(drawn) > 1:
            raise InputError(
                "No background stroke: all that is in reach would be filled with the labels. Add a "
                "label, draw a stroke of it beside the regions, and choose it as Background."
            )

    def _has(self, name: str) -> bool:
        if self._tool is None:
            return False
        return any(p.name == name for p in describe(self._tool.verb).parameters)

    def _form_value(self, name: str) -> Any:
        form = None if self._tool is None else self.forms.get(self._tool.name)
        field = None if form is None else form.fields.get(name)
        return None if field is None else field.value

    def _show_rows(self) -> None:
        for widget, shown in (
            (self.range, self._has("low")),
            (self.scope, self._has("labels")),
            (self.hint, self.needs_click),
        ):
            self.common.setRowVisible(widget, shown)
        # A stack is as high as its highest page; only the page that is seen counts.
        for place in range(self.stack.count()):
            page = self.stack.widget(place)
            seen = QSizePolicy.Policy.Preferred
            other = QSizePolicy.Policy.Ignored
            policy = seen if place == self.stack.currentIndex() else other
            if page is not None:
                page.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.stack.setVisible(self.stack.currentIndex() > 0)
        if self._tool is not None:
            self.about.setText(self._tool.meaning)
        else:
            self.about.setText("Choose a tool. What it would change is shown before it is applied.")

    def settings(
        self, label: int, at_mm: tuple[float, float, float] | None = None
    ) -> dict[str, Any]:
        """Settings of the chosen tool for a label, as its verb takes them."""
        if self._tool is None:
            return {}
        values = dict(self.forms[self._tool.name].values)
        if self._has("label"):
            values["label"] = label
        if self._has("labels") and self.scope.currentData() == "one":
            values["labels"] = (label,)
        if self._has("low"):
            low, high = self.range.range
            values |= {"low": low, "high": high}
        if self.needs_click and at_mm is not None:
            values["at_mm"] = at_mm
        return values

    def reset(self) -> None:
        """Give the settings of the chosen tool their defaults."""
        if self._tool is not None:
            self.forms[self._tool.name].reset()

    def color_icons(self, color: str) -> None:
        """Draw the icons in the text color of the theme."""
        for name, button in self.buttons.items():
            button.setIcon(icon(name, color))
        size = round(_SMALLER * self.about.fontInfo().pixelSize())
        for button in self.buttons.values():
            button.setStyleSheet(_CHECKED.format(size=size))


def _rank(tool: Tool) -> tuple[int, int]:
    known = [*TOOL_KEYS]
    return (
        _GROUPS.index(tool.group),
        known.index(tool.name) if tool.name in known else len(known),
    )
