"""The Habitats dock: parts of a region that look alike in several maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
)

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.hover import number_text
from napari_radiogenomics.gui.canvas.legend import feature_title
from napari_radiogenomics.gui.forms.inputs import (
    LabelCombo,
    LayerCombo,
    belongs_to,
    is_derived,
    is_region,
)
from napari_radiogenomics.gui.forms.panel import Panel, section_line
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.forms.style import Tone
from napari_radiogenomics.gui.habitats.cohort_model import (
    Learned,
    how_made,
    learn_from_cohort,
    save_habitats,
    save_model,
)
from napari_radiogenomics.gui.habitats.map_list import MapList
from napari_radiogenomics.gui.habitats.model_row import ModelRow
from napari_radiogenomics.gui.habitats.words import head, in_titles, short_name
from napari_radiogenomics.gui.layers.edits import object_from, object_of
from napari_radiogenomics.gui.layers.keys import DERIVED, SOURCE
from napari_radiogenomics.gui.layers.layers import segmentation_layers
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.map_layer import is_preview, keep_under_points, maps_of
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.habitat_model import HabitatModel
from napari_radiogenomics.radiomics.habitats import find_habitats

if TYPE_CHECKING:
    import napari

__all__ = ["HabitatsDock"]

_HIDDEN = ("label", "model")
_NO_MAPS = "No map is ticked. Tick at least one, better two or more."
_READY = "Find habitats divides the region by the ticked maps."
_ROWS = 6
_SAVE_AS = "3D Slicer segmentation (*.seg.nrrd);;NIfTI (*.nii.gz *.nii);;DICOM SEG (*.dcm)"


class HabitatsDock(Panel):
    """Habitats of a region from the maps on the canvas.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.

    Attributes
    ----------
    layer : napari.layers.Labels or None
        The habitats that were found last.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__(
            napari_viewer,
            find_habitats,
            name="habitats",
            purpose="Which parts of the region look alike in several maps at once?",
            run="Find habitats",
            hidden=_HIDDEN,
        )
        self.layer: Labels | None = None
        self._make_inputs()
        self._make_table()
        self.recall()
        dress_canvas(self.viewer)
        self._say_ready()

    def _make_inputs(self) -> None:
        self.maps = MapList(self.viewer)
        self.region = LayerCombo(self.viewer, _is_drawn, empty="Open or draw a segmentation")
        self.label = LabelCombo()
        self.inputs.addRow("Maps", self.maps)
        self.inputs.addRow("Segmentation", self.region)
        self.inputs.addRow("Region", self.label)
        self.models = ModelRow()
        self.inputs.addRow("Habitats of", self.models.which)
        self.inputs.addRow(self.models)
        self.models.changed.connect(self._follow_model)
        self.models.learn.connect(self.learn)
        self.models.load.connect(self.load_model)
        self.models.save.connect(self.save_model)
        self.region.chosen.connect(self._list_labels)
        self.maps.changed.connect(self._choose_region)
        self.maps.changed.connect(self._say_ready)
        self._choose_region()
        self._list_labels()

    def _list_labels(self) -> None:
        self.label.show_layer(self.region.layer)
        self._choose_label()

    def _choose_region(self) -> None:
        """Take a segmentation on the grid of the maps."""
        run, region = self.maps.run.layer, self.region.layer
        if run is not None and (region is None or not belongs_to(region, run)):
            own = (layer for layer in self.region.layers if belongs_to(layer, run))
            self.region.layer = next(own, region)
        self._choose_label()

    def _choose_label(self) -> None:
        """Take the region that the maps were made in."""
        image = next(iter(self.maps.chosen.values()), None)
        if image is not None and image.history:
            self.label.value = image.history[-1].settings.get("label")

    def _make_table(self) -> None:
        self.table = QTableWidget(0, 3)
        self.table.setAccessibleName("Habitats")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.itemSelectionChanged.connect(self._choose)
        self.about = QLabel("No habitats yet.")
        self.about.setWordWrap(True)
        self.after.addWidget(section_line())
        self.after.addWidget(self.about)
        self.after.addWidget(self.table)
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Write them as a segmentation, with their history beside it")
        self.save_button.clicked.connect(self._ask_to_save)
        self.beside_run(self.save_button)  # in sight however long the dock is
        self.table.hide()
        self.save_button.hide()

    def _say_ready(self) -> None:
        if self.runner.running:
            return
        if self.maps.run.layer is None:
            self.say("Compute maps in the Texture dock, of two features or more.")
        elif not self.message or self.message.startswith("Compute maps"):
            self.say(_READY)

    def arguments(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Ticked maps and the region as it is at this moment, and the settings of the form."""
        maps, region = self.maps.chosen, self.region.layer
        if self.maps.run.layer is None:
            raise InputError("There are no maps. Compute some in the Texture dock first.")
        if not maps:
            raise InputError(_NO_MAPS)
        if region is None:
            raise InputError("There is no segmentation. Open the one that the maps were made in.")
        self.label.refresh()
        if self.label.value is None:
            raise InputError(f'Nothing is drawn in "{region.name}". Paint the region first.')
        data, attributes, kind = region.as_layer_data_tuple()
        others = [
            layer.as_layer_data_tuple() for layer in self.viewer.layers if layer is not region
        ]
        drawn = (data.copy(), attributes, kind)
        model = self.models.chosen
        settings = self.form.values if model is None else {}  # a model brings its own
        settings = settings | {"label": self.label.value, "model": model}
        return habitats_of_layers, (maps, drawn, others), settings

    def show_result(self, outcome: Outcome) -> str:
        """Show the habitats as labels, and list them; or say what else was done."""
        if isinstance(outcome.value, str):
            return outcome.value
        if isinstance(outcome.value, Learned):
            return self._show_learned(outcome.value)
        found: Segmentation = outcome.value
        self._show_layer(found)
        self._list(found)
        self.table.show()
        self.save_button.show()
        facts = found.metadata["habitats"]
        score = facts["scores"].get(len(found.scheme))
        by = f" ({facts['criterion']} {number_text(round(score, 3))})" if score is not None else ""
        self.about.setText(in_titles(" ".join(found.notes)))
        QTimer.singleShot(0, self._bring_into_sight)
        return (
            f"{len(found.scheme)} habitats{by} of {len(facts['features'])} maps. "
            "Next: choose one in the list, or save them."
        )

    def _bring_into_sight(self) -> None:
        self.area.ensureWidgetVisible(self.table)

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write the message line; maps have the titles that the table gives them."""
        super().say(in_titles(text), tone)

    def _show_learned(self, learned: Learned) -> str:
        """Offer the model of the cohort, and say who is in it."""
        cohort = session_of(self.viewer).cohort
        self.models.show_model(learned.model, "cohort" if cohort is None else cohort.name)
        said = f"Learned {learned.model.n} habitats from {learned.model.n_cases} scans."
        return " ".join([said, "Find habitats uses them now.", *learned.notes[:1]])

    def _follow_model(self) -> None:
        """A model brings its own settings."""
        self.form.setEnabled(self.models.chosen is None)

    def learn(self) -> None:
        """Learn habitats from all patients of the open cohort, in the background."""
        try:
            cohort = session_of(self.viewer).cohort
            if cohort is None:
                raise InputError("No cohort is open. Open one in the Cohort dock, or load a model.")
            maps = self.maps.chosen
            if not maps:
                raise InputError(_NO_MAPS)
            recipe = how_made(maps, cohort)
            settings = {**self.form.values, "label": self.label.value}
            names = list(maps)
            title = "Learn habitats from the cohort"
            self.runner.run(learn_from_cohort, cohort, recipe, names, title=title, **settings)
        except RadiogenomicsError as error:
            self.say(str(error), "error")

    def load_model(self, path: str) -> None:
        """Offer the model of a file."""
        try:
            model = HabitatModel.load(path)
        except RadiogenomicsError as error:
            self.say(str(error), "error")
            return
        self.models.show_model(model, Path(path).name)
        self.say(
            f"{Path(path).name} has {model.n} habitats of {', '.join(model.features)}.", "good"
        )

    def save_model(self, path: str) -> None:
        """Write the model that is at hand."""
        if self.models.model is not None:
            self.runner.run(save_model, self.models.model, path, title="Save model")

    def _ask_to_save(self) -> None:
        proposal = "habitats.seg.nrrd"
        path, _ = QFileDialog.getSaveFileName(self, "Save habitats", proposal, _SAVE_AS)
        if path:
            self.save(path)

    def save(self, path: str | Path) -> None:
        """Write the habitats as they are on the screen now."""
        if self.layer is None or self.layer not in self.viewer.layers:
            self.say("The habitats are not on the screen any more. Find them again.", "error")
            return
        found = object_of(self.layer, self.viewer.layers)
        self.runner.run(save_habitats, found, path, title="Save habitats")

    def _show_layer(self, found: Segmentation) -> None:
        """Show the habitats in the layer of those before, else in a new one."""
        data, settings, _ = segmentation_layers(found)[0]
        settings["metadata"][DERIVED] = True
        same = (x for x in self.viewer.layers if DERIVED in x.metadata and _same_place(x, found))
        layer, active = next(same, None), self.viewer.layers.selection.active
        if layer is None:
            layer = self.viewer.add_labels(data, **settings)
            keep_under_points(self.viewer, layer)
            self.viewer.layers.selection.active = active  # other docks go on with their layers
        else:
            layer.data = data
            for name in ("colormap", "features", "metadata", "name"):
                setattr(layer, name, settings[name])
            layer.visible = True
        self.layer = layer
        for other in self.viewer.layers:  # colors one through another say nothing
            if other is self.region.layer or maps_of(other) or is_preview(other):
                other.visible = False

    def _list(self, found: Segmentation) -> None:
        names = found.metadata["habitats"]["features"]
        units = {name: image.unit for name, image in self.maps.chosen.items()}
        of_maps = [head(feature_title(name), units.get(name, "")) for name in names]
        columns = ["Habitat", "Share", *of_maps]
        self.table.blockSignals(True)
        self.table.setColumnCount(len(columns))
        self.table.setHorizontalHeaderLabels(columns)
        self.table.setRowCount(len(found.scheme))
        for row, label in enumerate(found.scheme):
            cells = [label.name, f"{label.metadata['share']:.0%}"]
            for mean in label.metadata["means"].values():
                cells.append("none" if mean is None else number_text(mean))
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text if column else short_name(text))
                item.setToolTip(text)
                item.setData(Qt.ItemDataRole.UserRole, label.value)
                self.table.setItem(row, column, item)
            swatch = QPixmap(10, 10)
            swatch.fill(QColor(*(label.color or (255, 255, 255))))
            self.table.item(row, 0).setData(Qt.ItemDataRole.DecorationRole, swatch)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.resizeRowsToContents()
        bar = self.table.horizontalScrollBar().sizeHint().height() + 4
        rows = sum(self.table.rowHeight(row) for row in range(min(len(found.scheme), _ROWS)))
        self.table.setFixedHeight(header.sizeHint().height() + rows + bar)
        self.table.blockSignals(False)

    def _choose(self) -> None:
        """Choose the habitat of the marked row, here and on the canvas."""
        item = self.table.currentItem()
        if item is None or self.layer is None or self.layer not in self.viewer.layers:
            return
        label = int(item.data(Qt.ItemDataRole.UserRole))
        self.layer.selected_label = label
        first = self.table.item(item.row(), 0)
        # Its number is no label of the segmentation that other docks measure.
        session_of(self.viewer).select(label=None, region=first.toolTip())


def habitats_of_layers(
    maps: Mapping[str, Image],
    drawn: Any,
    others: Any,
    *,
    progress: Progress = quiet,
    **settings: Any,
) -> Segmentation:
    """Find habitats in what a layer showed when the work began.

    Parameters
    ----------
    maps : mapping of str to Image
        By PyRadiomics' name.
    drawn : layer data tuple
        The segmentation.
    others : list of layer data tuple
        Layers whose true grid a segmentation of napari itself may have.
    progress : Progress, optional
        As for `find_habitats`.
    **settings
        As for `find_habitats`.
    """
    data, attributes, kind = drawn
    segmentation = object_from(data, attributes, kind, others)
    return find_habitats(maps, segmentation, progress=progress, **settings)


def _is_drawn(layer: Any) -> bool:
    """Whether a layer holds regions that are not habitats themselves."""
    return is_region(layer) and not is_derived(layer)


def _same_place(layer: Any, found: Segmentation) -> bool:
    shown = layer.metadata.get(SOURCE)
    return isinstance(shown, Segmentation) and shown.geometry.same_grid(found.geometry)
