"""Choosing texture features: search, tick, and what each one means."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.radiomics.family import Family, Feature, families_of, full_title

__all__ = ["FeaturePicker"]


class FeaturePicker(QWidget):
    """All features of all families; keys are ``family_Feature``, as the verb takes them.

    Attributes
    ----------
    changed : Signal()
        Another choice of features.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._records = {
            f"{family.name}_{feature.name}": (family, feature)
            for family in families_of("maps")
            for feature in family.features
        }
        several = len(families_of("maps")) > 1
        entries = [
            (
                key,
                _title(family, feature, several),
                f"{feature.meaning} {feature.ibsi} {family.title}",
            )
            for key, (family, feature) in self._records.items()
        ]
        named = [key for key, (_, feature) in self._records.items() if not feature.by_default]
        self.list = CheckList(entries, what="features", rows=5, by_hand=named)
        self.list.changed.connect(self.changed)
        self.list.looked_at.connect(self.describe)
        self.meaning, self.formula = QLabel(), QLabel()
        for label in (self.meaning, self.formula):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.formula_button = QToolButton()
        self.formula_button.setText("Formula")
        self.formula_button.setCheckable(True)
        self.formula_button.setToolTip("Show how it is computed, and where it is defined")
        self.formula_button.toggled.connect(self.formula.setVisible)
        self.formula.hide()
        # Room for three lines: looking through the list moves nothing below it.
        self.meaning.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 2)
        self.meaning.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        self.setFocusProxy(self.list)

    def _lay_out(self) -> None:
        self.list.top.addWidget(self.formula_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addWidget(self.meaning)
        column.addWidget(self.formula)

    def describe(self, key: str) -> None:
        """Say what a feature means, its unit and IBSI id, and prepare its formula."""
        _, feature = self._records[key]
        unit = feature.unit.replace("{unit}", "unit of the scan") or "no unit"
        ibsi = f" · IBSI {feature.ibsi}" if feature.ibsi else ""
        alone = "" if feature.by_default else " All leaves it out: tick it by itself."
        self.meaning.setText(f"<b>{feature.title}</b> ({unit}{ibsi}): {feature.meaning}{alone}")
        lines = [feature.formula, feature.degenerate, f"doi:{feature.doi}" if feature.doi else ""]
        self.formula.setText("\n".join(line for line in lines if line))
        self.formula.setTextFormat(Qt.TextFormat.PlainText)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Chosen features as ``family_Feature``."""
        return self.list.checked

    @chosen.setter
    def chosen(self, keys: Iterable[str]) -> None:
        self.list.checked = keys
        first = next(iter(self.list.checked), None)
        if first is not None:
            self.list.look_at(first)

    def title_of(self, key: str) -> str:
        """Title of a feature."""
        return full_title(*self._records[key])

    @property
    def families(self) -> tuple[str, ...]:
        """Families that the chosen features belong to."""
        return tuple(dict.fromkeys(self._records[key][0].name for key in self.chosen))

    def by_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """Keys of the features of these plain names, as in the verb's defaults."""
        wanted = set(names)
        return tuple(key for key, (_, feature) in self._records.items() if feature.name in wanted)


def _title(family: Family, feature: Feature, several: bool) -> str:
    return f"{feature.title} · {family.short}" if several else feature.title
