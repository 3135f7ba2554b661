"""Whose habitats are found: those of this patient alone, or those of a model of a cohort."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.radiomics.habitat_model import HabitatModel

__all__ = ["ModelRow"]

_FILES = "Habitat model (*.json)"
_ALONE = "This patient alone"


class ModelRow(QWidget):
    """Where a model comes from, and whether it is used.

    Attributes
    ----------
    which : QuietCombo
        This patient alone, or the model; laid out by the dock above this row of buttons.
    model : HabitatModel or None
        The one that is at hand.
    learn, changed : Signal()
        Learn from the cohort is wanted; another choice was made.
    load, save : Signal(str)
        A file was chosen to read or to write.
    """

    learn, changed = Signal(), Signal()
    load, save = Signal(str), Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model: HabitatModel | None = None
        self.which = QuietCombo()
        self.which.setAccessibleName("Whose habitats")
        self.which.addItem(_ALONE)
        self.which.currentIndexChanged.connect(self.changed)
        self.learn_button = QPushButton("Learn from cohort")
        self.load_button, self.save_button = QPushButton("Load…"), QPushButton("Save…")
        self.learn_button.setToolTip(
            "Make these maps in every patient of the open cohort, and learn habitats that are "
            "the same in all of them"
        )
        self.load_button.setToolTip("Read a model that was saved as JSON")
        self.save_button.setToolTip("Save the model as JSON")
        self.learn_button.clicked.connect(self.learn)
        self.load_button.clicked.connect(self._ask_to_load)
        self.save_button.clicked.connect(self._ask_to_save)
        self.save_button.setEnabled(False)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button, share in ((self.learn_button, 2), (self.load_button, 1), (self.save_button, 1)):
            buttons.addWidget(button, share)
        buttons.setContentsMargins(0, 0, 0, 0)
        self.setLayout(buttons)

    @property
    def chosen(self) -> HabitatModel | None:
        """The model that is to be used; None for this patient alone."""
        return self.model if self.which.currentIndex() == 1 else None

    def show_model(self, model: HabitatModel, origin: str) -> None:
        """Offer a model, and choose it.

        Parameters
        ----------
        model : HabitatModel
            The model.
        origin : str
            Name of its cohort or file.
        """
        self.model = model
        self.save_button.setEnabled(True)
        scans = "1 scan" if model.n_cases == 1 else f"{model.n_cases} scans"
        text = f"{model.n} habitats of {scans} ({origin})"
        if self.which.count() == 1:
            self.which.addItem(text)
        self.which.setItemText(1, text)
        self.which.setToolTip(text)
        self.which.setCurrentIndex(1)
        self.changed.emit()

    def _ask_to_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Habitat model", "", _FILES)
        if path:
            self.load.emit(path)

    def _ask_to_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save model", "habitats.json", _FILES)
        if path:
            self.save.emit(path)
