"""The Texture dock: what a region looks like, voxel by voxel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.canvas.legend import map_title
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.forms.panel import Panel
from napari_radiogenomics.gui.forms.region_inputs import RegionInputs
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.forms.sight import Sight
from napari_radiogenomics.gui.session import Selection, session_of
from napari_radiogenomics.gui.texture.feature_picker import FeaturePicker
from napari_radiogenomics.gui.texture.flicker import flicker_with_key
from napari_radiogenomics.gui.texture.job import (
    Board,
    Finished,
    job_of,
    maps_of_layers,
    owners,
    waiting_of,
)
from napari_radiogenomics.gui.texture.kernel_box import KernelBoxes
from napari_radiogenomics.gui.texture.looker import Looker
from napari_radiogenomics.gui.texture.map_files import MapFiles
from napari_radiogenomics.gui.texture.map_layer import keep_under_points, show_maps
from napari_radiogenomics.gui.texture.section import MapSection
from napari_radiogenomics.gui.texture.sheet import like
from napari_radiogenomics.radiomics import texture_maps
from napari_radiogenomics.radiomics.family import DEFAULT_FEATURES

if TYPE_CHECKING:
    import napari

__all__ = ["TextureDock"]

_OWN_CONTROLS = ("families", "features", "label", "init_value", "parameters")
_READY = "Tick features, then Compute all."


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
            run="Compute all",
            hidden=_OWN_CONTROLS,
        )
        self._make_inputs()
        self._make_features()
        self._make_preview()
        self._make_results()
        self._use_defaults()
        self.recall()
        dress_canvas(self.viewer)
        flicker_with_key(self.viewer)
        self._connect()
        self._offer()
        self._say_ready()
        self.over.look_soon()

    def _make_inputs(self) -> None:
        self.over = RegionInputs(self.viewer)
        self.scan, self.region, self.label = self.over.scan, self.over.region, self.over.label
        self.inputs.addRow(self.over)

    def _make_features(self) -> None:
        self.features = FeaturePicker()
        self.before_settings.addWidget(self.features)
        self.reach = QLabel()
        self.reach.setWordWrap(True)
        self.reach.setToolTip(
            "<p>The cube around each voxel that is looked at. It is drawn around the mouse.</p>"
        )
        radius = self.form.fields["kernel_radius"]
        row, _ = self.form.rows.getWidgetPosition(radius.widget)
        self.form.rows.insertRow(row + 1, self.reach)
        self.boxes = KernelBoxes(self.viewer)

    def _make_preview(self) -> None:
        self.live = QCheckBox("Live preview")
        self.live.setChecked(True)
        self.live.setToolTip(
            "<p>Show the slices in sight at once while settings and slices change. "
            "The values are final.</p>"
        )
        self.rest = QCheckBox("the rest follows")
        self.rest.setToolTip("<p>Compute the other slices too, outward, when you pause.</p>")
        row = QHBoxLayout()
        row.addWidget(self.live)
        row.addWidget(self.rest)
        row.addStretch(1)
        self.after.addLayout(row)

    def _make_results(self) -> None:
        self.section = MapSection(self.viewer)
        self.shown, self.save_button = self.section.shown, self.section.save_button
        self.again_button = self.section.again_button
        self.after.addWidget(self.section)
        self.looker, self.files = Looker(self), MapFiles(self)
        self.in_sight = Sight(self)
        self.in_sight.changed.connect(self._come_or_go)

    def _connect(self) -> None:
        look = self.looker.look
        self.features.changed.connect(self._take_features)
        self.form.changed.connect(self._tell_reach)
        self.over.chosen.connect(self._take_inputs)
        self.over.settled.connect(self.look_again)
        for signal in (self.form.changed, self.over.touched, self.live.toggled, self.rest.toggled):
            signal.connect(look)
        self.looker.shown.connect(self.section.show_layer)
        self.looker.told.connect(self.say)
        self.looker.rested.connect(self._compute_rest)
        self.section.wanted.connect(self._want)
        self.shown.activated.connect(self._select_feature)
        self.connections.add(session_of(self.viewer).selection_changed, self._take_selection)
        self._tell_reach()

    @property
    def names(self) -> tuple[str, ...]:
        """PyRadiomics' names of the ticked features."""
        return tuple(f"original_{key}" for key in self.features.chosen)

    def settings_for(self, keys: tuple[str, ...]) -> dict[str, Any]:
        """Settings of the verb for some features, given as ``family_Feature``."""
        families = tuple(dict.fromkeys(key.partition("_")[0] for key in keys))
        own = {"label": self.label.value, "families": families, "features": keys}
        return self.form.values | own

    def _take_inputs(self) -> None:
        self._tell_reach()
        self._say_ready()
        self.looker.look()

    def _take_features(self) -> None:
        new = [name for name in self.names if name not in self.section.offered]
        if len(new) == 1:
            self.looker.wish = new[0]  # ticked just now: it is what the person wants to see
        self.remember()
        self._offer()
        self.looker.look()

    def _offer(self) -> None:
        """Offer the ticked features to the combo of maps."""
        self.section.offer(
            {f"original_{k}": self.features.title_of(k) for k in self.features.chosen}
        )

    def _want(self, name: str) -> None:
        self.looker.wish = name
        self.looker.look()

    def _select_feature(self) -> None:
        session_of(self.viewer).select(feature=self.shown.currentData())

    def _take_selection(self, selection: Selection) -> None:
        row = self.shown.findData(selection.feature) if selection.feature else -1
        if row >= 0:
            self.shown.setCurrentIndex(row)

    def _compute_rest(self) -> None:
        if self.in_sight and not self.runner.running:
            self.start()
            self.looker.by_itself = self.runner.running

    def look_again(self) -> None:
        """Show what waited for this patient, list what is drawn now, and say what to do."""
        keep_under_points(self.viewer)
        self._tell_reach()
        self.section.refresh()
        self._say_ready()
        self._show_waiting()
        self.looker.follow()

    def _say_ready(self) -> None:
        """Say what to do first, while nothing is under way and after the input changed."""
        if self.runner.running:
            return
        before, self._looked_at = getattr(self, "_looked_at", ()), self.over.state
        if self.scan.layer is None:
            self.say("Open a scan and its segmentation: drop the files on the window.")
        elif self.region.layer is None:
            self.say("Open a segmentation, or draw one with Layers ▸ New ▸ Labels.")
        elif _differ(before, self._looked_at) or self.message.startswith("Open "):
            self.say(" ".join(filter(None, (self._waiting_text(), _READY))))

    def _waiting_text(self) -> str:
        """Say whose maps are ready and not on the screen; empty where there are none."""
        waiting = waiting_of(self.viewer)
        who = owners(waiting)
        return f"Maps of {who} are ready; open {who} to see them." if waiting else ""

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

    def _tell_reach(self) -> None:
        """Say the radius in mm on the scan's true grid, and the bin width in its unit."""
        image = None if self.scan.layer is None else image_of(self.scan.layer)
        values = self.form.values
        edge = 2 * int(values["kernel_radius"]) + 1
        edges = [edge] * 3
        if values["force_2d"]:
            edges[2 - int(values["force_2d_dimension"])] = 1
        text = "×".join(map(str, edges)) + " voxels"
        if image is not None:
            spacing = image.geometry.spacing
            mm = (number_text(round(n * s, 1)) for n, s in zip(edges, spacing, strict=True))
            text += f" = {' × '.join(mm)} mm"
        self.reach.setText(text)
        unit = "" if image is None else image.unit
        self.form.fields["bin_width"].widget.setSuffix(f" {unit}" if unit else "")
        self._draw_box()

    def _draw_box(self) -> None:
        """Draw the kernel around the mouse, as long as the dock is in sight."""
        image = None if self.scan.layer is None else image_of(self.scan.layer)
        values = self.form.values
        thin = 2 - int(values["force_2d_dimension"]) if values["force_2d"] else None
        geometry = image.geometry if image is not None and self.in_sight else None
        self.boxes.show(geometry, int(values["kernel_radius"]), thin)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the dock, as the session remembers them."""
        return {**self.form.values, "features": self.features.chosen}

    @settings.setter
    def settings(self, values: Mapping[str, Any]) -> None:
        self.features.chosen = values.get("features", ())
        self.form.values = values

    def _use_defaults(self) -> None:
        self.features.chosen = self.features.by_names(DEFAULT_FEATURES)

    def reset(self) -> None:
        """Give every setting its default."""
        self._use_defaults()
        super().reset()

    # Running, showing and saving

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Layers as they are at this moment, and the settings of the form."""
        scan, region = self.over.layers()
        if not self.features.chosen:
            raise InputError("No feature is chosen. Tick at least one, for example Entropy.")
        looker = self.looker
        looker.preview.stop()
        looker.run_key, looker.by_itself, looker.board = looker.key, False, Board()
        more = {"near": looker.near(), "board": looker.board}
        job = job_of(self.viewer, scan, region)
        return maps_of_layers, (job,), self.settings_for(self.features.chosen) | more

    def show_result(self, outcome: Outcome) -> str:
        """Overlay the maps, or say where some were written, or whose settings are set."""
        if not isinstance(outcome.value, Finished):
            return str(outcome.value)
        run: Finished = outcome.value
        self._looked_at = self.over.state
        who = run.job.owner
        if not run.job.shown_in(self.viewer):
            waiting_of(self.viewer).append(run)
            self.looker.clear()
            return f"Maps of {who} are ready ({run.voxels:,} voxels); open {who} to see them."
        looker = self.looker
        into, first = looker.give_layer(), looker.wanted
        layer = show_maps(self.viewer, run.maps, first=first, run=looker.run_key, into=into)
        self.section.show_layer(layer)
        shown = run.maps[like(first, run.maps) or next(iter(run.maps))]
        more = len(run.maps) - 1
        titles = map_title(shown) + (f" and {more} more" if more else "")
        undefined = [note for image in run.maps.values() for note in image.notes]
        facts = " ".join(undefined) or "Every voxel has a value."
        took = "under 0.1" if outcome.seconds < 0.1 else f"{outcome.seconds:.1f}"
        return (
            f"{titles}: {run.voxels:,} voxels in {took} s. {facts} "
            "Next: choose a map above, or save it."
        )

    def cancel(self) -> None:
        """Stop the work at its next step, also that of the preview."""
        if not self.runner.running and self.looker.preview.busy:
            self.live.setChecked(False)
        super().cancel()

    def _come_or_go(self) -> None:
        """Preview what is in sight; leave no trace on the canvas behind another tab."""
        self._draw_box()
        if self.in_sight:
            self.looker.look()
        else:
            self.section.flicker_button.setChecked(False)
            self.looker.close()

    @property
    def current_map(self) -> Image | None:
        """The finished map that is shown."""
        return self.section.current_map


def _differ(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    return len(before) != len(after) or any(
        a is not b
        for one, other in zip(before, after, strict=True)
        for a, b in zip(one, other, strict=True)
    )
