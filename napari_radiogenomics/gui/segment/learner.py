"""The classifier of the Segment dock: trained by strokes, saved, opened, and its probability."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.forms.runner import Runner
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.segment.lesson_job import Learned
from napari_radiogenomics.segmentation import PixelClassifier

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Learner", "LearnRow"]

_FILES = "Classifier (*.npz)"
_NOTHING = "Nothing is learned yet: draw a stroke of each label, and one beside them."


class LearnRow(QWidget):
    """What is known, with Open, Save and Forget, and a switch for the probability."""

    def __init__(self) -> None:
        super().__init__()
        self.about = QLabel(_NOTHING)
        self.about.setWordWrap(True)
        self.open_button, self.save_button = (
            QPushButton("Open model…"),
            QPushButton("Save model…"),
        )
        self.forget_button = QPushButton("Forget")
        self.open_button.setToolTip("Use what was learned on another patient; strokes here add")
        self.save_button.setToolTip("Keep what is known, for the next patient")
        self.forget_button.setToolTip("Learn from the strokes of this patient alone")
        self.probability = QCheckBox("Probability of the chosen label, as a layer")
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.open_button, self.save_button, self.forget_button):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.about)
        column.addLayout(row)
        column.addWidget(self.probability)

    def tell(self, model: PixelClassifier | None, name: str) -> None:
        """Say what is known; the name is that of the file it came from."""
        known = model is not None and model.trained
        self.about.setText(_known(model, name) if model is not None and known else _NOTHING)
        for button in (self.save_button, self.forget_button):
            button.setEnabled(known)


def _known(model: PixelClassifier, name: str) -> str:
    labels = ", ".join(label.name for label in model.classes)
    channels = ", ".join(channel.name for channel in model.channels)
    return f"{f'{name}: knows' if name else 'Knows'} {labels} on {channels}."


class Learner(QObject):
    """Keeps what was learned.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    row : LearnRow
        Its controls.
    parent : QObject
        Owner.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    changed : Signal()
        Another model is used: look again.
    """

    said = Signal(str, str)
    changed = Signal()

    def __init__(self, viewer: ViewerModel, row: LearnRow, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self.row = viewer, row
        self._opened: PixelClassifier | None = None
        self._latest: PixelClassifier | None = None
        self._name, self._warm = "", False
        self._learned: Learned | None = None
        self._label = 0
        self._layer: ImageLayer | None = None
        self._runner = Runner(self, activity=False)
        row.open_button.clicked.connect(self.ask_what)
        row.save_button.clicked.connect(self.ask_where)
        row.forget_button.clicked.connect(self.forget)
        row.probability.toggled.connect(self._show_probability)
        self._tell()

    def warm_up(self) -> None:
        """Load, once and in a worker, what the first answer needs."""
        if not self._warm and not self._runner.running:
            self._warm = True
            self._runner.run(PixelClassifier.warm_up, title="Prepare the classifier")

    @property
    def model(self) -> PixelClassifier | None:
        """What is known: learned here, else opened; None where nothing is."""
        return self._latest or self._opened

    def model_for(self, settings: Mapping[str, Any]) -> PixelClassifier | None:
        """What to go on learning with; what was learned here with other settings is not."""
        latest = self._latest
        if self._opened is None and latest is not None:
            given = [tuple(settings["scales_mm"]), *(settings[n] for n in _SETTINGS)]
            if given != [latest.scales_mm, *(getattr(latest, n) for n in _SETTINGS)]:
                return None
        return self.model

    def take(self, change: object, label: int) -> None:
        """Keep what a preview has learned, and show how likely a label is."""
        if isinstance(change, Learned):
            self._learned, self._latest, self._label = change, change.model, label
            self._tell()
            self._show_probability()

    def leave(self) -> None:
        """Another patient: forget strokes and probability, but not a model that was opened."""
        self._latest = self._learned = None
        self._remove_layer()
        self._tell()

    def forget(self) -> None:
        """Forget everything, an opened model too."""
        self._opened, self._name = None, ""
        self.leave()
        self.said.emit("Forgotten. What is drawn is learned anew.", "plain")
        self.changed.emit()

    def _tell(self) -> None:
        self.row.tell(self.model, self._name)

    # Files

    def ask_what(self) -> None:
        """Ask which file to open."""
        path, _ = QFileDialog.getOpenFileName(self.row, "Open model", "", _FILES)
        if path:
            self.open(path)

    def open(self, path: str | Path) -> None:
        """Use a model that was saved; strokes here are added to it."""
        try:
            found = PixelClassifier.load(path)
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
            return
        self.leave()
        self._opened, self._name = found, Path(path).name
        self._tell()
        self.said.emit(f"{self._name} opened. Strokes drawn here are added to it.", "good")
        self.changed.emit()

    def ask_where(self) -> None:
        """Ask where to keep what is known."""
        path, _ = QFileDialog.getSaveFileName(self.row, "Save model", "classifier.npz", _FILES)
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Write what is known."""
        if self.model is None:
            self.said.emit("Nothing is learned yet. Draw strokes of two labels first.", "error")
            return
        path = Path(path)
        try:
            written = self.model.save(path if path.suffix else path.with_suffix(".npz"))
        except RadiogenomicsError as error:
            self.said.emit(str(error), "error")
        else:
            self.said.emit(f"Saved as {written}. Open it on the next patient.", "good")

    # Probability

    def show_label(self, label: int) -> None:
        """Show how likely another label is."""
        if label != self._label:
            self._label = label
            self._show_probability()

    def _show_probability(self, on: object = None) -> None:
        known = None if self._learned is None else self._learned.likelihood
        image = None if known is None else known.of(self._label)
        if not self.row.probability.isChecked() or image is None:
            self._remove_layer()
            return
        data, looks, _ = image_layers(image)[0]
        layer = self._layer
        if layer is None or layer not in self._viewer.layers or layer.data.shape != data.shape:
            self._remove_layer()
            self._layer = self._add(data, looks)
        else:
            layer.data, layer.name = data, image.name
            layer.metadata = {**layer.metadata, SOURCE: image}

    def _add(self, data: Any, looks: dict[str, Any]) -> ImageLayer:
        """Add the layer below the regions, which stay selected."""
        layers = self._viewer.layers
        chosen = layers.selection.active
        looks = {**looks, "contrast_limits": (0.0, 1.0), "opacity": 0.6, "blending": "translucent"}
        layer = ImageLayer(data, **looks)
        place = layers.index(chosen) if chosen in layers else len(layers)
        layers.insert(place, layer)
        layers.selection.active = chosen
        return layer

    def _remove_layer(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


_SETTINGS = ("position", "trees", "seed")
