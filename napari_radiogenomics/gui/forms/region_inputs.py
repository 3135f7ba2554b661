"""What a dock measures: a scan, a segmentation on it, and one of its regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.form import form_layout
from napari_radiogenomics.gui.forms.inputs import (
    LabelCombo,
    LayerCombo,
    belongs_to,
    is_derived,
    is_region,
    is_scan,
    on_same_grid,
)
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.session import Selection, session_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["RegionInputs"]

# The person has paused painting, and a patient's layers are all there, after this long.
_PAUSE_MS = 150


class RegionInputs(QWidget):
    """Combos for scan, segmentation and region, chosen before the person looks.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    one_region : bool, optional
        Ask for a region; without it all regions are meant.

    Attributes
    ----------
    chosen : Signal()
        Another scan, segmentation or region is chosen.
    touched : Signal()
        Voxels of the chosen layers changed, as while painting: called for every stroke.
    settled : Signal()
        Layers came, or voxels changed, and nothing more for a moment.
    """

    chosen = Signal()
    touched = Signal()
    settled = Signal()

    def __init__(self, viewer: ViewerModel, *, one_region: bool = True) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(viewer), Connections(self)
        self.one_region = one_region
        self._edits = 0
        self._watched: tuple[Layer | None, ...] = ()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._settle)
        self._make()
        self._watch()
        self.connections.add(self.viewer.layers.events.inserted, self.look_soon)

    def _make(self) -> None:
        self.scan = LayerCombo(self.viewer, is_scan, empty="Open a scan: drop a file here")
        self.region = LayerCombo(
            self.viewer, is_region, empty="Open or draw a segmentation", by_hand=is_derived
        )
        self.label = LabelCombo()
        rows = form_layout(self)
        rows.addRow("Scan", self.scan)
        drawn = QHBoxLayout()
        drawn.addWidget(self.region, 1)
        drawn.addWidget(self.label, 1)
        self.region.setAccessibleName("Segmentation")
        self.label.setAccessibleName("Region")
        for combo in (self.region, self.label):
            combo.setMinimumContentsLength(5)
        self.label.setVisible(self.one_region)
        rows.addRow("Region" if self.one_region else "Regions", drawn)
        self.scan.chosen.connect(self._choose_region)
        self.region.chosen.connect(self._list_labels)
        for combo in (self.scan, self.region):
            combo.chosen.connect(self._watch)
            combo.chosen.connect(self.chosen)
        self.label.chosen.connect(self.chosen)
        self.label.activated.connect(self._select_region)
        self.connections.add(session_of(self.viewer).selection_changed, self._take_selection)
        self._choose_region()
        self._list_labels()

    def _choose_region(self) -> None:
        """Take the segmentation that was drawn on the chosen scan."""
        scan = self.scan.layer
        if self.region.layer is not None and belongs_to(self.region.layer, scan):
            return
        drawn = (layer for layer in self.region.layers if not is_derived(layer))
        own = (layer for layer in drawn if belongs_to(layer, scan))
        self.region.layer = next(own, self.region.layer)

    def _list_labels(self) -> None:
        self.label.show_layer(self.region.layer)

    def _watch(self) -> None:
        """Follow what happens to the chosen layers."""
        for event in _events_of(self._watched):
            self.connections.drop(event)
        self._watched = (self.scan.layer, self.region.layer)
        for event in _events_of(self._watched):
            self.connections.add(event, self._touch)

    def _touch(self, event: object = None) -> None:
        self._edits += 1
        self.touched.emit()
        self._pause.start()

    def look_soon(self, event: object = None) -> None:
        """Tell by `settled` once nothing more happens."""
        self._pause.start()

    def _settle(self) -> None:
        self.label.refresh()
        self.settled.emit()

    def _select_region(self) -> None:
        if self.label.value is not None:
            name = self.label.currentText().rpartition(" (")[0] or self.label.currentText()
            session_of(self.viewer).select(label=self.label.value, region=name)

    def _take_selection(self, selection: Selection) -> None:
        if selection.label is not None:
            self.label.value = selection.label

    @property
    def state(self) -> tuple[Any, ...]:
        """What the chosen layers show: the layers alone may stay while their voxels change."""
        layers = (self.scan.layer, self.region.layer)
        return tuple((layer, layer and layer.metadata.get(SOURCE)) for layer in layers)

    @property
    def version(self) -> tuple[Any, ...]:
        """A key that is the same for as long as the same voxels would be measured."""
        layers = (self.scan.layer, self.region.layer)
        shown = tuple(id(layer and layer.metadata.get(SOURCE)) for layer in layers)
        return (*map(id, layers), *shown, self._edits, self.label.value)

    def layers(self) -> tuple[Layer, Layer]:
        """Scan and segmentation.

        Raises
        ------
        InputError
            If one of them is not there, or nothing is drawn.
        """
        scan, region = self.scan.layer, self.region.layer
        if scan is None:
            raise InputError("There is no scan. Open one: drop a file or folder on the window.")
        if region is None:
            raise InputError(
                "There is no segmentation. Open one, or draw one with Layers ▸ New ▸ Labels."
            )
        self.label.refresh()
        if self.label.value is None:
            raise InputError(_nothing_drawn(scan, region))
        return scan, region


def _nothing_drawn(scan: Layer, region: Layer) -> str:
    if on_same_grid(region, scan):
        return f'Nothing is drawn in "{region.name}". Paint the region first.'
    return (
        f'Nothing is drawn in "{region.name}", and it lies on another grid than "{scan.name}". '
        "Choose the scan it was made for, or make a segmentation on this one with "
        "Layers ▸ New ▸ Labels."
    )


def _events_of(layers: Iterable[Layer | None]) -> Iterator[Any]:
    """Events of layers that tell of other voxels, or of painting."""
    for layer in layers:
        if layer is not None:
            yield layer.events.metadata
            yield layer.events.data
        if isinstance(layer, Labels):
            yield layer.events.paint
            yield layer.events.labels_update
