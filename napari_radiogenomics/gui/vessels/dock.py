"""The Vessels dock: vessels around a region, their tortuosity by ring, colored on the scan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton

from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import region_title
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.form import folded
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.region_inputs import RegionInputs
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.texture.job import Job, job_of, objects_of
from napari_radiogenomics.gui.vessels.layer import color_by, line_width, show_map, show_vessels
from napari_radiogenomics.gui.vessels.table import ColorBar, RingTable, meaning_of, title_of
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import write_history
from napari_radiogenomics.vessels import VesselMeasures, measure_vessels
from napari_radiogenomics.vessels.tortuosity import METRICS

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Vectors

    from napari_radiogenomics.data.geometry import Geometry

__all__ = ["VesselsDock", "vessels_of_layers"]

_HIDDEN = ("label", "organ")
_READY = "Find vessels measures how tortuous the vessels around the region are, ring by ring."
_SAVE_AS = "Table (*.csv)"


class VesselsDock(Panel):
    """Vessels around a region.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    found : VesselMeasures or None
        What was measured last.
    layer : napari.layers.Vectors or None
        Its vessels.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            measure_vessels,
            name="vessels",
            purpose="How tortuous are vessels around a region?",
            run="Find vessels",
            hidden=_HIDDEN,
        )
        self.found: VesselMeasures | None = None
        self.layer: Vectors | None = None
        self._map: Layer | None = None
        self._job: Job | None = None
        self._make_inputs()
        self._make_result()
        self.recall()
        dress_canvas(self.viewer)
        self.connections.add(self.viewer.scene.camera.events.zoom, self._widen)
        self.over.chosen.connect(self._follow)
        self.over.settled.connect(self._follow)
        self._follow()

    def _make_inputs(self) -> None:
        self.over = RegionInputs(self.viewer, one_region=False)
        self.around, self.organ = QuietCombo(), QuietCombo()
        self.inputs.addRow(self.over)
        rows = self.over.layout()
        if isinstance(rows, QFormLayout):
            rows.addRow("Around", self.around)
            rows.addRow("Within", self.organ)
        self.around.setToolTip("<p>The region that the rings lie around.</p>")
        self.organ.setToolTip(
            "<p>Label of the organ that the rings are clipped to, as the lung around a nodule.</p>"
        )
        settings = folded("Settings")
        settings.addWidget(self.form)
        self.before_settings.addWidget(settings)

    def _make_result(self) -> None:
        self.caption, self.notes = QLabel(), QLabel()
        for label in (self.caption, self.notes):
            label.setWordWrap(True)
        self.color, self.bar, self.table = QuietCombo(), ColorBar(), RingTable()
        for name in (*METRICS, "local", "length_mm"):
            self.color.addItem(title_of(name), name)
            last = self.color.count() - 1
            self.color.setItemData(last, meaning_of(name), Qt.ItemDataRole.ToolTipRole)
        self.color.setAccessibleName("Color by")
        self.color.currentIndexChanged.connect(self._color_vessels)
        self.save_button = QPushButton("Save CSV…")
        self.save_button.setToolTip(
            "Write the table by ring and that by vessel, with their history"
        )
        self.save_button.clicked.connect(self.ask_to_save)
        coloring = QHBoxLayout()
        coloring.addWidget(QLabel("Color by"))
        coloring.addWidget(self.color, 1)
        for widget in (section_line(), self.caption):
            self.after.addWidget(widget)
        self.after.addLayout(coloring)
        for widget in (self.bar, self.table, self.notes, self.save_button):
            self.after.addWidget(widget)
        self._show_nothing()

    # What is chosen

    def _follow(self) -> None:
        """List the labels of the segmentation; vessels of another scan go."""
        self._list_labels()
        if self._job is not None and not self._job.shown_in(self.viewer):
            self._remove_layers()
            self._show_nothing()
        if self.runner.running:
            return
        if self.over.scan.layer is None:
            self.say("Open a scan and its segmentation: drop the files on the window.")
        elif self.over.region.layer is None:
            self.say("Open a segmentation, or draw one with Layers ▸ New ▸ Labels.")
        elif self.found is None:
            self.say(_READY)

    def _list_labels(self) -> None:
        layer, labels = self.over.region.layer, self.over.label
        present = [labels.itemData(row) for row in range(labels.count())]
        for combo, nothing in ((self.around, "all regions together"), (self.organ, "no organ")):
            kept = combo.currentData()
            with QSignalBlocker(combo):
                combo.clear()
                combo.addItem(nothing, None)
                for value in present:
                    if value is not None and layer is not None:
                        combo.addItem(region_title(layer, value), value)
                combo.setCurrentIndex(max(0, combo.findData(kept)))

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Layers as they are at this moment, and the settings of the form."""
        scan, region = self.over.layers()
        self._list_labels()
        if not self.form.values["scales_mm"]:
            raise InputError("Scales are empty. Give one number or more, in mm, such as 1 1.5 2.")
        chosen = {"label": self.around.currentData(), "organ": self.organ.currentData()}
        return vessels_of_layers, (job_of(self.viewer, scan, region),), self.form.values | chosen

    # What was found

    def show_result(self, outcome: Outcome) -> str:
        """Draw the vessels and fill the table, or say where it was written."""
        if isinstance(outcome.value, Path):
            return f"Saved as {outcome.value}, and a row a vessel beside it, with their history."
        job, found, grid = outcome.value
        if not job.shown_in(self.viewer):
            raise InputError(
                f"The scan of {job.owner} is no longer shown. Open it, and find its vessels again."
            )
        self._remove_layers()
        self._job, self.found = job, found
        self.table.use(found.regions)
        count = len(found.lines)
        notes = " ".join(found.notes)
        self.caption.setText(f"{job.owner}: {count} vessel{'' if count == 1 else 's'}")
        self.notes.setText(notes)
        self.save_button.setEnabled(True)
        if not found.lines:
            raise InputError(notes)
        self._map = show_map(self.viewer, found)
        self.layer = show_vessels(self.viewer, found, grid)
        self._color_vessels()
        row = found.regions.iloc[-1]
        facts = f"{row['length_mm']:.0f} mm of vessels found in {outcome.seconds:.1f} s."
        if self._map is None:
            return facts
        return f"{facts} The layer {self._map.name} is hidden: click its eye to see it."

    def _show_nothing(self) -> None:
        self._job = self.found = None
        self.table.setRowCount(0)
        self.bar.hide()
        self.caption.setText("No vessels are measured yet.")
        self.notes.clear()
        self.save_button.setEnabled(False)

    def _remove_layers(self) -> None:
        for layer in (self.layer, self._map):
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self.layer = self._map = None

    def _color_vessels(self) -> None:
        """Color the vessels by the chosen measure."""
        if self.layer is None or self.layer not in self.viewer.layers or self.found is None:
            return
        name = self.color.currentData()
        low, high = color_by(self.layer, name)
        local = self.found.map.unit if self.found.map is not None else ""
        units = {"local": local, **self.found.vessels.attrs["units"]}
        self.bar.show_limits(low, high, units[name])

    def _widen(self, _event: object = None) -> None:
        """Keep the lines as wide on the screen as the eye needs."""
        if self.layer is not None and self.layer in self.viewer.layers:
            width = line_width(self.viewer.scene.camera.zoom) / self.layer.scale[-1]
            if abs(width / self.layer.edge_width - 1) > 0.05:  # each change makes a new mesh
                self.layer.edge_width = width

    # Saving

    def ask_to_save(self) -> None:
        """Ask where, and write the tables."""
        path, _ = QFileDialog.getSaveFileName(self, "Save vessels", "vessels.csv", _SAVE_AS)
        if path:
            try:
                self.save_as(path)
            except RadiogenomicsError as error:
                self.say(str(error), "error")

    def save_as(self, path: str | Path) -> None:
        """Write a row a ring, and beside it a row a vessel."""
        if self.found is None:
            raise InputError("There is no table yet. Find vessels first.")
        self.runner.run(_save, self.found, Path(path), title="Save vessels")
        self.cancel_button.setEnabled(False)


def vessels_of_layers(
    job: Job, *, progress: Progress = quiet, **settings: Any
) -> tuple[Job, VesselMeasures, Geometry]:
    """Measure vessels in what two layers showed when the job was made.

    Parameters
    ----------
    job : Job
        What to measure; labels carry what was painted.
    progress : Progress, optional
        As for `measure_vessels`.
    **settings
        As for `measure_vessels`.
    """
    image, segmentation = objects_of(job)
    found = measure_vessels(image, segmentation, progress=progress, **settings)
    return job, found, image.geometry


def _save(found: VesselMeasures, path: Path) -> Path:
    path = path if path.suffix else path.with_suffix(".csv")
    beside = path.with_name(f"{path.stem}-each{path.suffix}")
    for table, target in ((found.regions, path), (found.vessels, beside)):
        write_history(table, write_table(table, target))
    return path
