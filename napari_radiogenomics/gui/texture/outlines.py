"""Regions under a map are drawn as outlines: their color would mix with that of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from napari.layers import Labels, Layer

from napari_radiogenomics.gui.canvas.legend import top_map

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Outlines"]


class Outlines:
    """Regions that are outlined for as long as a map lies on them.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self._drawn: WeakSet[Labels] = WeakSet()

    def draw(self, region: Layer | None) -> None:
        """Draw a region as an outline; once, so that the person may fill it again."""
        if isinstance(region, Labels) and region not in self._drawn:
            self._drawn.add(region)
            if region.contour == 0:
                region.contour = 1

    def undo(self) -> None:
        """Fill the regions again where no map is seen any more."""
        if top_map(self.viewer) is None:
            for region in self._drawn:
                region.contour = 0
            self._drawn.clear()
