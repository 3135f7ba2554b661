"""Choosing maps: the runs on the canvas, and the maps of the chosen run to tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.attached import plain_viewer
from napari_radiogenomics.gui.canvas.legend import map_title
from napari_radiogenomics.gui.forms.checklist import CheckList
from napari_radiogenomics.gui.forms.connections import Connections
from napari_radiogenomics.gui.forms.inputs import LayerCombo
from napari_radiogenomics.gui.texture.map_layer import maps_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["MapList"]


def _holds_maps(layer: Layer) -> bool:
    return bool(maps_of(layer))


class MapList(QWidget):
    """Maps of a run, all ticked at first.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Attributes
    ----------
    changed : Signal()
        Another run, or other ticks.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.viewer, self.connections = plain_viewer(viewer), Connections(self)
        self.run = LayerCombo(self.viewer, _holds_maps, empty="Compute maps in the Texture dock")
        self.list = CheckList([], what="maps")
        self._names: tuple[str, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.run)
        self._column.addWidget(self.list)
        self.run.chosen.connect(self._follow)
        for layer in self.viewer.layers:
            self.connections.add(layer.events.metadata, self._look)
        self.connections.add(self.viewer.layers.events.inserted, self._meet)
        self._follow()

    def _meet(self, event: Any) -> None:
        """Look again when a layer becomes one of maps, as that of the preview does."""
        self.connections.add(event.value.events.metadata, self._look)

    def _look(self, event: object = None) -> None:
        self.run.refill()
        self.refresh()

    def _follow(self) -> None:
        """List the maps of the chosen run, now and when more join it."""
        self.refresh()

    def refresh(self, event: object = None) -> None:
        """List the maps that the run has now; those that were unticked stay so."""
        maps = maps_of(self.run.layer)
        if tuple(maps) == self._names:
            return
        off = set(self._names) - set(self.list.checked)
        self._names = tuple(maps)
        entries = [
            (name, map_title(image), str(image.metadata.get("meaning", "")))
            for name, image in maps.items()
        ]
        before, self.list = self.list, CheckList(entries, what="maps")
        self.list.checked = [name for name in maps if name not in off]
        self.list.changed.connect(self.changed)
        self._column.replaceWidget(before, self.list)
        before.hide()
        before.deleteLater()
        self.changed.emit()

    @property
    def chosen(self) -> Mapping[str, Image]:
        """The ticked maps by PyRadiomics' name."""
        maps = maps_of(self.run.layer)
        return {name: maps[name] for name in self.list.checked if name in maps}
