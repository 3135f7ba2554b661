"""Models at hand: those of the last comparison and those of files; save, open, apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import form_layout

if TYPE_CHECKING:
    from napari_radiogenomics.fusion.models.model import FusionModel

__all__ = ["ModelBox", "OneModel"]

_FILES = "Fusion model (*.npz)"
_NONE = "Fuse, or open a model"


@dataclass(frozen=True, eq=False)
class OneModel:
    """A fitted model, and who it learned from where that is known.

    Attributes
    ----------
    title : str
        As a person reads it.
    model : FusionModel
        The model.
    learned : frozenset of str
        Patients; empty for a model of a file.
    strategy : str
        Name in the comparison; empty for a model of a file.
    """

    title: str
    model: FusionModel
    learned: frozenset[str] = frozenset()
    strategy: str = ""


class ModelBox(QWidget):
    """Choose a model, save it, open one, and apply it.

    Attributes
    ----------
    apply : Signal()
        The chosen model is to be applied.
    load, save : Signal(str)
        A file was chosen to read or to write.
    """

    apply = Signal()
    load, save = Signal(str), Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._models: list[OneModel] = []
        self.which, self.whom = QuietCombo(), QuietCombo()
        self.which.setAccessibleName("Model")
        self.whom.setAccessibleName("Apply to")
        self.save_button, self.load_button = QPushButton("Save…"), QPushButton("Open…")
        self.apply_button = QPushButton("Apply")
        self.save_button.setToolTip(
            "<p>Write the model as arrays and JSON (no pickle), with a card (Markdown) beside it "
            "that says how good it is.</p>"
        )
        self.load_button.setToolTip("Read a model that was saved; a changed file is refused")
        self.apply_button.setToolTip(
            "<p>Predict these patients of the open cohort; those that the model learned from are "
            "left out.</p>"
        )
        self.save_button.clicked.connect(self._ask_to_save)
        self.load_button.clicked.connect(self._ask_to_load)
        self.apply_button.clicked.connect(self.apply)
        rows = form_layout()
        rows.addRow("Model", self.which)
        rows.addRow("Apply to", self.whom)
        buttons = QHBoxLayout()
        for button in (self.apply_button, self.save_button, self.load_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(rows)
        column.addLayout(buttons)
        self._list(0)

    @property
    def chosen(self) -> OneModel | None:
        """The model that is chosen."""
        at = self.which.currentIndex()
        return self._models[at] if 0 <= at < len(self._models) else None

    def show_models(self, models: Sequence[OneModel], first: str) -> None:
        """Offer the models of a comparison beside those of files.

        Parameters
        ----------
        models : sequence of OneModel
            Of the comparison.
        first : str
            Strategy that is chosen.
        """
        files = [one for one in self._models if not one.strategy]
        self._models = [*models, *files]
        names = [one.strategy for one in self._models]
        self._list(names.index(first) if first in names else 0)

    def add_file(self, one: OneModel) -> None:
        """Offer a model that was read, and choose it."""
        self._models.append(one)
        self._list(len(self._models) - 1)

    def _list(self, chosen: int) -> None:
        self.which.clear()
        self.which.addItems([one.title for one in self._models] or [_NONE])
        self.which.setCurrentIndex(chosen)
        for button in (self.save_button, self.apply_button):
            button.setEnabled(bool(self._models))

    def _ask_to_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Fusion model", "", _FILES)
        if path:
            self.load.emit(path)

    def _ask_to_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save model", "model.npz", _FILES)
        if path:
            self.save.emit(path)
