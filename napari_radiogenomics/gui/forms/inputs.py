"""Combos that list layers: filled before the person looks, following what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget

from napari_radiogenomics.data.segmentation import Segmentation, labels_present
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.hover import region_title
from napari_radiogenomics.gui.canvas.legend import is_map
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.fields import QuietCombo
from napari_radiogenomics.gui.layers.keys import DERIVED, PASSING, SOURCE

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = [
    "LabelCombo",
    "LayerCombo",
    "belongs_to",
    "is_derived",
    "is_region",
    "is_scan",
    "on_same_grid",
]


def is_scan(layer: Layer) -> bool:
    """Whether a layer can be measured as a scan: a volume, no color picture and no map."""
    return (
        isinstance(layer, ImageLayer)
        and not layer.rgb
        and not layer.multiscale
        and layer.ndim == 3
        and not is_map(layer)
    )


def is_region(layer: Layer) -> bool:
    """Whether a layer holds regions of a volume."""
    flat = isinstance(layer, Labels) and not layer.multiscale and layer.ndim == 3
    return flat and not layer.metadata.get(PASSING)


def is_derived(layer: Layer) -> bool:
    """Whether a layer holds parts that were found in a region, as habitats."""
    return bool(layer.metadata.get(DERIVED))


def belongs_to(region: Layer, scan: Layer | None) -> bool:
    """Whether regions were drawn on this scan: by its id, else by lying on the same grid."""
    if scan is None:
        return False
    drawn, shown = region.metadata.get(SOURCE), scan.metadata.get(SOURCE)
    if isinstance(drawn, Segmentation) and drawn.metadata.get("scan_id") and shown is not None:
        own = shown.metadata.get("scan_id")
        if own:
            return bool(drawn.metadata["scan_id"] == own)
    return on_same_grid(region, scan)


def on_same_grid(region: Layer, scan: Layer) -> bool:
    """Whether regions lie on the grid of a scan."""
    drawn, shown = region.metadata.get(SOURCE), scan.metadata.get(SOURCE)
    if isinstance(drawn, Segmentation) and shown is not None:
        return bool(drawn.geometry.same_grid(shown.geometry))
    return bool(region.data.shape == scan.data.shape)


def _never(layer: Layer) -> bool:
    return False


class LayerCombo(QuietCombo):
    """Lists the layers of a kind, the topmost first.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    accepts : callable
        Says whether a layer is listed.
    empty : str
        Shown where there is none: what to do about it.
    by_hand : callable, optional
        Says whether a layer is listed, and chosen only by the person.

    Attributes
    ----------
    chosen : Signal()
        Another layer is chosen, by the person or by what happened to the layers.
    """

    chosen = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        accepts: Callable[[Layer], bool],
        *,
        empty: str,
        by_hand: Callable[[Layer], bool] = _never,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._accepts, self._empty, self._by_hand = accepts, empty, by_hand
        self.unchosen = empty
        self._layers: list[Layer] = []
        self._viewer = plain_viewer(viewer)
        self._known: Layer | None = None
        self._active, self._passed = self._viewer.layers.selection.active, False
        self._connections, events = Connections(self), self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            self._connections.add(event, self.refill)
        self._connections.add(self._viewer.layers.selection.events.active, self._follow)
        self.currentIndexChanged.connect(self._tell)
        self.refill()

    @property
    def layers(self) -> list[Layer]:
        """The layers listed."""
        return list(self._layers)

    @property
    def layer(self) -> Layer | None:
        """The chosen layer; None where there is none."""
        row = self.currentIndex()
        return self._layers[row] if 0 <= row < len(self._layers) else None

    @layer.setter
    def layer(self, layer: Layer | None) -> None:
        if layer in self._layers:
            self.setCurrentIndex(self._layers.index(layer))

    def refill(self, event: object = None) -> None:
        """List the layers anew and keep the choice where it is still there."""
        kept = self.layer
        for layer in self._layers:
            self._connections.drop(layer.events.name)
        found = [layer for layer in reversed(self._viewer.layers) if self._accepts(layer)]
        self.blockSignals(True)
        self.clear()
        self._layers = found
        for layer in found:
            self._connections.add(layer.events.name, self._rename)
            self.addItem(layer.name)
            self.setItemData(self.count() - 1, layer.name, Qt.ItemDataRole.ToolTipRole)
        if not found:
            self.addItem(self._empty)
        self.setEnabled(bool(found))
        best = self._best(kept)
        if best is not None:
            self.setCurrentIndex(found.index(best))
        else:  # the text that says what to do
            self.setCurrentIndex(-1 if found else 0)
        self.blockSignals(False)
        self._tell()

    def _best(self, kept: Layer | None) -> Layer | None:
        if kept in self._layers:
            return kept
        own = [layer for layer in self._layers if not self._by_hand(layer)]
        active = self._viewer.layers.selection.active
        if active in own:
            return active
        return next((layer for layer in own if layer.visible), next(iter(own), None))

    def _rename(self, event: object = None) -> None:
        for row, layer in enumerate(self._layers):
            self.setItemText(row, layer.name)
            self.setItemData(row, layer.name, Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(self.currentText())

    def _follow(self, event: Any) -> None:
        """Take the selected layer; one that is put back after a preview came is not chosen anew."""
        layer = event.value
        if layer is None or self._by_hand(layer):
            return
        if layer.metadata.get(PASSING):
            self._passed = True
        elif not (self._passed and layer is self._active):
            self._passed, self._active = False, layer
            self.layer = layer

    def _tell(self, row: int = 0) -> None:
        self.setToolTip(self.currentText())
        if self.layer is not self._known:
            self._known = self.layer
            self.chosen.emit()


def _drawn(layer: Labels) -> list[int]:
    """Label values of a layer, slice by slice: whole volumes would stop the screen."""
    return sorted(set().union(*(labels_present(part) for part in np.asarray(layer.data))))


class LabelCombo(QuietCombo):
    """Lists the regions of a Labels layer by name.

    Attributes
    ----------
    chosen : Signal()
        Another region is chosen.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self.currentIndexChanged.connect(self.chosen)
        self.show_layer(None)

    @property
    def value(self) -> int | None:
        """The chosen label; None where there is none."""
        return self.currentData()

    @value.setter
    def value(self, value: int | None) -> None:
        row = self.findData(value)
        if row >= 0:
            self.setCurrentIndex(row)

    def show_layer(self, layer: Layer | None) -> None:
        """List the regions of a layer; the choice stays where the new layer has it too."""
        self._layer = layer if isinstance(layer, Labels) else None
        self.refresh()

    def refresh(self) -> None:
        """List the regions that are drawn now."""
        kept = self.value
        self.blockSignals(True)
        self.clear()
        present = () if self._layer is None else _drawn(self._layer)
        for value in present:
            self.addItem(region_title(self._layer, value), value)
        if not present:
            self.addItem("nothing drawn yet" if self._layer is not None else "—", None)
        self.setEnabled(bool(present))
        self.setCurrentIndex(max(0, self.findData(kept)))
        self.blockSignals(False)
        self.setToolTip(self.currentText())
        if self.value != kept:
            self.chosen.emit()

    def showPopup(self) -> None:  # noqa: N802 - Qt names it
        """List what is drawn at this moment."""
        self.refresh()
        super().showPopup()
