"""The Texture dock: what a region looks like, voxel by voxel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.canvas.legend import feature_title, map_title
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.forms.inputs import (
    LabelCombo,
    LayerCombo,
    belongs_to,
    is_region,
    is_scan,
)
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.texture.feature_picker import FeaturePicker
from napari_radiogenomics.gui.texture.job import (
    Finished,
    job_of,
    maps_of_layers,
    owners,
    waiting_of,
)
from napari_radiogenomics.gui.texture.map_layer import (
    choose_map,
    keep_under_points,
    latest_maps,
    maps_of,
    show_maps,
)
from napari_radiogenomics.io.files import write
from napari_radiogenomics.radiomics import texture_maps

if TYPE_CHECKING:
    import napari

__all__ = ["TextureDock"]

_OWN_CONTROLS = ("families", "features", "label", "init_value")
# The person has paused painting, and a patient's layers are all there, after this long.
_PAUSE_MS = 150
_READY = "Tick features, then Compute maps."
_SAVE_AS = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha *.mhd)"


class TextureDock(Panel):
    """Voxelwise texture maps of a region, overlaid on its scan.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            texture_maps,
            name="texture",
            purpose="What does the region look like, voxel by voxel?",
            run="Compute maps",
            hidden=_OWN_CONTROLS,
        )
        self._make_inputs()
        self._make_features()
        self._make_results()
        self._use_defaults()
        self.recall()
        dress_canvas(self.viewer)
        self._follow_layers()
        self._share_selection()

    def _follow_layers(self) -> None:
        """Look again soon after layers came, were filled with other voxels, or were painted."""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.look_again)
        self._watched: tuple[Layer | None, ...] = ()
        self._looked_at = self._input_now()
        for combo in (self.scan, self.region):
            combo.chosen.connect(self._watch)
            combo.chosen.connect(self._say_ready)
        self._came = True
        self.connections.add(self.viewer.layers.events.inserted, self._take_new)
        self._watch()
        self._say_ready()
        self._look_soon()

    def _watch(self) -> None:
        """Follow what happens to the chosen layers."""
        for event in _events_of(self._watched):
            self.connections.drop(event)
        self._watched = (self.scan.layer, self.region.layer)
        for event in _events_of(self._watched):
            self.connections.add(event, self._look_soon)

    def _take_new(self, event: object = None) -> None:
        self._came = True
        self._look_soon()

    def _look_soon(self, event: object = None) -> None:
        self._pause.start()

    def look_again(self) -> None:
        """Show what waited for this patient, list what is drawn now, and say what to do."""
        self.label.refresh()
        if self._came:  # later the person may put them in any order
            self._came = False
            keep_under_points(self.viewer)
        self._tell_reach()
        self._list_maps()
        self._say_ready()
        self._show_waiting()

    def _input_now(self) -> tuple[Any, ...]:
        """What the chosen layers show: the layers alone may stay while their voxels change."""
        layers = (self.scan.layer, self.region.layer)
        return tuple((layer, layer and layer.metadata.get(SOURCE)) for layer in layers)

    def _show_waiting(self) -> None:
        """Show the maps of runs that ended while their patient was not on the screen."""
        waiting = waiting_of(self.viewer)
        here = [run for run in waiting if run.job.shown_in(self.viewer)]
        if not here or self.runner.running:
            return
        for run in here:
            waiting.remove(run)
            show_maps(self.viewer, run.maps)
        self.say(f"{owners(here)}: the maps that were computed meanwhile are shown now.", "good")

    def _share_selection(self) -> None:
        """Choose the same region and feature as every other dock."""
        session = session_of(self.viewer)
        self.label.activated.connect(self._select_region)
        self.shown.activated.connect(self._select_feature)
        self.connections.add(session.selection_changed, self._take_selection)

    def _select_region(self) -> None:
        if self.label.value is not None:
            name = self.label.currentText().rpartition(" (")[0] or self.label.currentText()
            session_of(self.viewer).select(label=self.label.value, region=name)

    def _select_feature(self) -> None:
        session_of(self.viewer).select(feature=self.shown.currentData())

    def _take_selection(self, selection: Selection) -> None:
        if selection.label is not None:
            self.label.value = selection.label
        row = self.shown.findData(selection.feature) if selection.feature else -1
        if row >= 0:
            self.shown.setCurrentIndex(row)

    def _say_ready(self) -> None:
        """Say what to do first, while nothing is under way and after the input changed."""
        if self.runner.running:
            return
        before, self._looked_at = self._looked_at, self._input_now()
        changed = any(
            a is not b
            for one, other in zip(before, self._looked_at, strict=True)
            for a, b in zip(one, other, strict=True)
        )
        if self.scan.layer is None:
            self.say("Open a scan and its segmentation: drop the files on the window.")
        elif self.region.layer is None:
            self.say("Open a segmentation, or draw one with Layers ▸ New ▸ Labels.")
        elif changed or not self.message or self.message.startswith("Open "):
            self.say(" ".join(filter(None, (self._waiting_text(), _READY))))

    def _waiting_text(self) -> str:
        """Say whose maps are ready and not on the screen; empty where there are none."""
        waiting = waiting_of(self.viewer)
        who = owners(waiting)
        return f"Maps of {who} are ready; open {who} to see them." if waiting else ""

    def _make_inputs(self) -> None:
        self.scan = LayerCombo(self.viewer, is_scan, empty="Open a scan: drop a file here")
        self.region = LayerCombo(self.viewer, is_region, empty="Open or draw a segmentation")
        self.label = LabelCombo()
        for title, combo in (("Scan", self.scan), ("Segmentation", self.region)):
            self.inputs.addRow(title, combo)
        self.inputs.addRow("Region", self.label)
        self.scan.chosen.connect(self._choose_region)
        self.scan.chosen.connect(self._tell_reach)
        self.region.chosen.connect(lambda: self.label.show_layer(self.region.layer))
        self._choose_region()
        self.label.show_layer(self.region.layer)

    def _make_features(self) -> None:
        self.features = FeaturePicker()
        self.features.changed.connect(self.remember)
        self.before_settings.addWidget(self.features)
        self.reach = QLabel()
        self.reach.setWordWrap(True)
        self.reach.setToolTip("<p>The cube around each voxel that is looked at.</p>")
        radius = self.form.fields["kernel_radius"]
        row, _ = self.form.rows.getWidgetPosition(radius.widget)
        self.form.rows.insertRow(row + 1, self.reach)
        radius.changed.connect(self._tell_reach)
        self._tell_reach()

    def _make_results(self) -> None:
        self.shown = QuietCombo()
        self.shown.setToolTip("Finished maps; the chosen one is on the scan")
        self.save_button = QPushButton("Save map…")
        self.save_button.setToolTip("Write the map that is shown, on the scan's true grid")
        self.about_map = QLabel()
        self.about_map.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(QLabel("Map"))
        row.addWidget(self.shown, 1)
        row.addWidget(self.save_button)
        self.after.addWidget(section_line())
        self.after.addLayout(row)
        self.after.addWidget(self.about_map)
        self.shown.currentIndexChanged.connect(self._choose_map)
        self.save_button.clicked.connect(self.save)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, self.viewer.layers.selection.events.active):
            self.connections.add(event, self._list_maps)
        self._list_maps()

    def _use_defaults(self) -> None:
        self.features.chosen = self.features.by_names(self.description["features"].default)

    def _choose_region(self) -> None:
        """Take the segmentation that was drawn on the chosen scan."""
        scan = self.scan.layer
        if self.region.layer is not None and belongs_to(self.region.layer, scan):
            return
        own = (layer for layer in self.region.layers if belongs_to(layer, scan))
        self.region.layer = next(own, self.region.layer)

    def _tell_reach(self) -> None:
        """Say the radius in mm on the scan's true grid, and the bin width in its unit."""
        image = None if self.scan.layer is None else image_of(self.scan.layer)
        edge = 2 * int(self.form.values["kernel_radius"]) + 1
        text = f"{edge}×{edge}×{edge} voxels"
        if image is not None:
            mm = " × ".join(number_text(round(edge * s, 1)) for s in image.geometry.spacing)
            text += f" = {mm} mm"
        self.reach.setText(f"Looks at {text}")
        unit = "" if image is None else image.unit
        self.form.fields["bin_width"].widget.setSuffix(f" {unit}" if unit else "")

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the dock, as the session remembers them."""
        return {**self.form.values, "features": self.features.chosen}

    @settings.setter
    def settings(self, values: Mapping[str, Any]) -> None:
        self.features.chosen = values.get("features", ())
        self.form.values = values

    def reset(self) -> None:
        """Give every setting its default."""
        self._use_defaults()
        super().reset()

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Layers as they are at this moment, and the settings of the form."""
        scan, region = self.scan.layer, self.region.layer
        if scan is None:
            raise InputError("There is no scan. Open one: drop a file or folder on the window.")
        if region is None:
            raise InputError(
                "There is no segmentation. Open one, or draw one with Layers ▸ New ▸ Labels."
            )
        self.label.refresh()
        if self.label.value is None:
            raise InputError(f'Nothing is drawn in "{region.name}". Paint the region first.')
        if not self.features.chosen:
            raise InputError("No feature is chosen. Tick at least one, for example Entropy.")
        settings = self.form.values | {
            "label": self.label.value,
            "families": self.features.families,
            "features": self.features.chosen,
        }
        return maps_of_layers, (job_of(self.viewer, scan, region),), settings

    def show_result(self, outcome: Outcome) -> str:
        """Overlay the maps, or say where one was written."""
        if isinstance(outcome.value, Path):
            return f"Saved as {outcome.value}. Open it again by dropping it on the window."
        run: Finished = outcome.value
        self._looked_at = self._input_now()
        who, first = run.job.owner, next(iter(run.maps.values()))
        if not run.job.shown_in(self.viewer):
            waiting_of(self.viewer).append(run)
            return f"Maps of {who} are ready ({run.voxels:,} voxels); open {who} to see them."
        show_maps(self.viewer, run.maps)
        self._list_maps()
        more = len(run.maps) - 1
        titles = map_title(first) + (f" and {more} more" if more else "")
        undefined = [note for image in run.maps.values() for note in image.notes]
        facts = " ".join(undefined) or "Every voxel has a value."
        took = "under 0.1" if outcome.seconds < 0.1 else f"{outcome.seconds:.1f}"
        return (
            f"{titles}: {run.voxels:,} voxels in {took} s. {facts} "
            "Next: choose a map above, or save it."
        )

    def _list_maps(self, event: object = None) -> None:
        """List the maps of the layer that is meant."""
        layer = latest_maps(self.viewer)
        maps = maps_of(layer)
        self.shown.blockSignals(True)
        self.shown.clear()
        for name, image in maps.items():
            title, unit = map_title(image) or feature_title(name), image.unit
            self.shown.addItem(f"{title} ({unit})" if unit else title, name)
        if not maps:
            self.shown.addItem("none yet: choose features, then Compute maps", "")
        drawn = None if layer is None else image_of(layer)
        current = next((name for name, held in maps.items() if held is drawn), None)
        self.shown.setCurrentIndex(max(0, self.shown.findData(current)))
        self.shown.blockSignals(False)
        self.shown.setEnabled(len(maps) > 1)
        self.save_button.setEnabled(bool(maps))
        self._describe_map(drawn)

    def _describe_map(self, image: Image | None) -> None:
        values = np.empty(0) if image is None else image.array[np.isfinite(image.array)]
        if image is None or not values.size:
            self.about_map.setText("")
            return
        low, middle, high = (number_text(v) for v in np.percentile(values, (1, 50, 99)))
        unit = f" {image.unit}" if image.unit else ""
        self.about_map.setText(f"median {middle}, 1st to 99th percentile {low} to {high}{unit}")

    def _choose_map(self) -> None:
        layer, name = latest_maps(self.viewer), self.shown.currentData()
        if layer is not None and name:
            choose_map(layer, name)
            self._describe_map(maps_of(layer)[name])

    @property
    def current_map(self) -> Image | None:
        """The map that is shown."""
        layer = latest_maps(self.viewer)
        return None if layer is None else image_of(layer)

    def save(self) -> None:
        """Ask where, and write the map that is shown."""
        image = self.current_map
        if image is None:
            self.say("There is no map yet. Compute one first.", "error")
            return
        proposal = f"{image.metadata.get('feature', image.name)}.nii.gz"
        path, _ = QFileDialog.getSaveFileName(self, "Save map", proposal, _SAVE_AS)
        if path:
            self.save_as(path)

    def save_as(self, path: str | Path) -> None:
        """Write the map that is shown; the work is done in the worker."""
        image = self.current_map
        if image is None:
            raise InputError("There is no map yet. Compute one first.")
        self.runner.run(write, image, path, title="Save map")
        self.cancel_button.setEnabled(False)


def _events_of(layers: Iterable[Layer | None]) -> Iterator[Any]:
    """Events of layers that tell of other voxels, or of painting."""
    for layer in layers:
        if layer is not None:
            yield layer.events.metadata
            yield layer.events.data
        if isinstance(layer, Labels):
            yield layer.events.paint
            yield layer.events.labels_update
