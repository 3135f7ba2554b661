"""The Region features dock: what each region measures, as radiomics knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from napari.layers import Labels
from qtpy.QtGui import QColor, QGuiApplication
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton

from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import region_name
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.region_inputs import RegionInputs
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.region_features.names import about
from napari_radiogenomics.gui.region_features.table import FeatureTable
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.texture.job import Job, job_of, objects_of
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import write_history
from napari_radiogenomics.radiomics.region import extract_features

if TYPE_CHECKING:
    import napari

__all__ = ["RegionFeaturesDock"]

_HIDDEN = ("features", "labels", "label_channel", "diagnostics")
_READY = "Measure gives a table: a row a feature, a column a region."
_SAVE_AS = "Table (*.csv)"


class RegionFeaturesDock(Panel):
    """Radiomic features of whole regions, in a table that is linked with the labels.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            extract_features,
            name="region_features",
            purpose="What does each region measure, as one number a feature?",
            run="Measure",
            hidden=_HIDDEN,
        )
        self._measured: tuple[Labels | None, str] = (None, "")
        self._watched: Labels | None = None
        self._make_inputs()
        self._make_table()
        self.recall()
        dress_canvas(self.viewer)
        self._connect()
        self._follow_layer()
        self._say_ready()

    def _make_inputs(self) -> None:
        self.over = RegionInputs(self.viewer, one_region=False)
        self.inputs.addRow(self.over)
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)

    def _make_table(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search features: volume, entropy, GLCM …")
        self.search.setClearButtonEnabled(True)
        self.table = FeatureTable()
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 2)
        self.caption = QLabel("Nothing is measured yet.")
        self.caption.setWordWrap(True)
        self.copy_button, self.save_button = QPushButton("Copy"), QPushButton("Save CSV…")
        self.copy_button.setToolTip("Copy the marked rows, or all that are shown")
        self.save_button.setToolTip("Write all features, a row a region, with their history")
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.save_button)
        for widget in (section_line(), self.caption, self.search, self.table, self.about):
            self.after.addWidget(widget)
        self.after.addLayout(buttons)
        self._show_table(None)

    def _connect(self) -> None:
        self.over.chosen.connect(self._follow_layer)
        self.over.chosen.connect(self._say_ready)
        self.over.touched.connect(self._say_stale)
        self.search.textChanged.connect(self.table.features.narrow)
        self.table.chosen.connect(self._choose)
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self.ask_to_save)
        self.connections.add(session_of(self.viewer).selection_changed, self._take_selection)

    # Linked with the labels

    def _follow_layer(self) -> None:
        """Follow the label that is chosen in napari's own controls."""
        layer = self.over.region.layer
        if layer is self._watched:
            return
        if self._watched is not None:
            self.connections.drop(self._watched.events.selected_label)
        self._watched = layer if isinstance(layer, Labels) else None
        if self._watched is not None:
            self.connections.add(self._watched.events.selected_label, self._take_label)

    def _take_label(self, event: object = None) -> None:
        layer = self._watched
        if layer is not None and self._linked(layer):
            self._select(int(layer.selected_label))

    def _linked(self, layer: Labels) -> bool:
        """Whether the table is of this layer."""
        return self._measured[0] is layer

    def _select(self, label: int, **changes: str) -> None:
        if label in self.table.features.regions:
            changes["region"] = self.table.features.title(label)
            session_of(self.viewer).select(label=label, **changes)
        elif changes:
            session_of(self.viewer).select(**changes)

    def _choose(self, label: int, feature: str) -> None:
        """Do what a click on the table means: choose the region, and go where it is largest."""
        if feature:
            self._describe(feature)
        layer = self._measured[0]
        self._select(label, **({"feature": feature} if feature else {}))
        if not label or layer is None or layer not in self.viewer.layers:
            return
        layer.selected_label = label
        axis = self.viewer.dims.order[0]
        place = _largest_slice(layer, label, axis - (self.viewer.dims.ndim - layer.ndim))
        if place is not None:
            self.viewer.dims.set_point(axis, place)

    def _take_selection(self, selection: Selection) -> None:
        self.table.show_choice(selection.label, selection.feature)

    def _describe(self, feature: str) -> None:
        self.about.setText(about(feature))

    # What the person is told

    def _say_ready(self) -> None:
        if self.runner.running:
            return
        if self.over.scan.layer is None:
            self.say("Open a scan and its segmentation: drop the files on the window.")
        elif self.over.region.layer is None:
            self.say("Open a segmentation, or draw one with Layers ▸ New ▸ Labels.")
        elif self.table.features.frame is None:
            self.say(_READY)

    def _say_stale(self) -> None:
        if self._measured[0] is not None and self._measured[0] is self.over.region.layer:
            self.say("The voxels changed since they were measured. Measure again.", "warning")

    # Measuring, copying and saving

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Layers as they are at this moment, and the settings of the form."""
        scan, region = self.over.layers()
        if not self.form.values["families"]:
            raise InputError("No family of features is chosen. Tick at least one under Settings.")
        return features_of_layers, (job_of(self.viewer, scan, region), region), self.form.values

    def show_result(self, outcome: Outcome) -> str:
        """Fill the table, or say where it was written."""
        if isinstance(outcome.value, Path):
            return f"Saved as {outcome.value}, with its history beside it."
        job, layer, frame = outcome.value
        self._measured = (layer, job.owner)
        self._show_table(frame)
        names = f"{len(frame)} region{'s' if len(frame) > 1 else ''}"
        self.caption.setText(f"{job.owner}: {names}, {frame.shape[1]:,} features")
        notes = " ".join(frame.attrs.get("notes", ()))
        facts = f"{names} measured in {outcome.seconds:.1f} s. {notes}".strip()
        return f"{facts} Click a region to go there."

    def _show_table(self, frame: pd.DataFrame | None) -> None:
        layer, _ = self._measured
        regions = [] if frame is None or layer is None else [int(label) for label in frame.index]
        titles = {label: region_name(layer, label) for label in regions} if layer else {}
        colors = {label: _color(layer, label) for label in regions} if layer else {}
        self.table.use(frame, titles, colors)
        self.table.features.narrow(self.search.text())
        for widget in (self.copy_button, self.save_button, self.search):
            widget.setEnabled(frame is not None)
        selection = session_of(self.viewer).selection
        self.table.show_choice(selection.label, selection.feature)

    def copy(self) -> None:
        """Copy the marked rows, or all that are shown, as text with tabs."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        chosen = rows if len(rows) > 1 else None
        QGuiApplication.clipboard().setText(self.table.features.text(chosen))
        count = len(rows) if chosen else len(self.table.features.shown)
        self.say(f"{count:,} features copied; paste them into a spreadsheet.", "good")

    def ask_to_save(self) -> None:
        """Ask where, and write the table."""
        path, _ = QFileDialog.getSaveFileName(self, "Save features", "features.csv", _SAVE_AS)
        if path:
            try:
                self.save_as(path)
            except RadiogenomicsError as error:
                self.say(str(error), "error")

    def save_as(self, path: str | Path) -> None:
        """Write the table as CSV, a row a region."""
        frame = self.table.features.frame
        if frame is None:
            raise InputError("There is no table yet. Measure first.")
        named = frame.copy()
        named.insert(0, "region", [self.table.features.title(int(x)) for x in frame.index])
        self.runner.run(_save, named, Path(path), title="Save features")
        self.cancel_button.setEnabled(False)


def features_of_layers(
    job: Job, layer: Labels, *, progress: Progress = quiet, **settings: Any
) -> tuple[Job, Labels, pd.DataFrame]:
    """Measure what two layers showed when the job was made.

    Parameters
    ----------
    job : Job
        What to measure; labels carry what was painted.
    layer : napari.layers.Labels
        Handed through, to link the table with.
    progress : Progress, optional
        As for `extract_features`.
    **settings
        As for `extract_features`.
    """
    image, segmentation = objects_of(job)
    return job, layer, extract_features(image, segmentation, progress=progress, **settings)


def _save(frame: pd.DataFrame, path: Path) -> Path:
    path = path if path.suffix else path.with_suffix(".csv")
    written = write_table(frame, path)
    write_history(frame, written)
    return written


def _color(layer: Labels, label: int) -> QColor:
    red, green, blue, _ = np.asarray(layer.get_color(label), float)
    return QColor.fromRgbF(float(red), float(green), float(blue))


def _largest_slice(layer: Labels, label: int, axis: int) -> float | None:
    """Place in mm of the slice with the most voxels of a label; None where it has none."""
    if not 0 <= axis < layer.ndim:
        return None
    data = np.moveaxis(np.asarray(layer.data), axis, 0)
    areas = [int(np.count_nonzero(part == label)) for part in data]
    if not any(areas):
        return None
    return float(layer.translate[axis] + np.argmax(areas) * layer.scale[axis])
