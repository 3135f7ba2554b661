"""The mean of the chosen map in every region on the screen, measured in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.legend import is_map, map_title
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.genes.means import layer_means
from napari_radiogenomics.gui.layers.keys import SOURCE

if TYPE_CHECKING:
    from napari_radiogenomics.gui.genes.dock import GenesDock

__all__ = ["Measuring"]


class Measuring(QObject):
    """Keeps the means of the layer that the combo shows.

    Parameters
    ----------
    dock : GenesDock
        Its dock.
    """

    def __init__(self, dock: GenesDock) -> None:
        super().__init__(dock)
        self._dock = dock
        self._runner = Runner(self, activity=False)
        self._runner.ended.connect(self._ended)
        self._again = False
        self.means: dict[int, float] = {}
        self.image: Image | None = None

    @property
    def busy(self) -> bool:
        """Whether it is measuring."""
        return self._runner.running

    @property
    def unit(self) -> str:
        """Unit of the means."""
        return "" if self.image is None else self.image.unit

    @property
    def title(self) -> str:
        """What is measured, as a person says it."""
        if self.image is None:
            return ""
        return map_title(self.image) if self.image.modality == "map" else self.image.name

    def soon(self) -> None:
        """Measure the layers as they are now."""
        layer, drawn = self._dock.page.map.layer, self._dock.layer
        source = None if layer is None else layer.metadata.get(SOURCE)
        self.image = source if isinstance(source, Image) else None
        if layer is None or drawn is None or self.image is None or not self._dock.in_sight:
            self._show({})
            return
        if self._runner.running:
            self._again = True
            return
        data, attributes, kind = drawn.as_layer_data_tuple()
        image = layer.as_layer_data_tuple()
        beside = () if is_map(layer) else (image,)
        self._runner.run(
            layer_means, image, (np.array(data), attributes, kind), beside, title="Means"
        )

    def _ended(self, outcome: Outcome) -> None:
        if self._again:
            self._again = False
            self.soon()
            return
        self._show(outcome.value if outcome.ok else {})

    def _show(self, means: dict[int, float]) -> None:
        if means != self.means:
            self.means = means
            self._dock.show_rows()
            self._dock.tabs.refresh()
