"""Regions under the map of a comparison are outlined: filled ones would mix with its colors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Outlined"]

_WIDTH = 1  # voxels


class Outlined:
    """Filled regions that are outlined for as long as the map is read.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> viewer, outlined = ViewerModel(), Outlined()
    >>> layer = viewer.add_labels(np.ones((4, 4), int))
    >>> outlined.draw(viewer); layer.contour
    1
    >>> outlined.undo(); layer.contour
    0
    """

    def __init__(self) -> None:
        self._drawn: list[Labels] = []

    def draw(self, viewer: ViewerModel) -> None:
        """Outline what is filled."""
        for layer in viewer.layers:
            if isinstance(layer, Labels) and layer.contour == 0:
                self._drawn.append(layer)
                layer.contour = _WIDTH

    def undo(self) -> None:
        """Fill again what was filled, but for what the person has changed since."""
        for layer in self._drawn:
            if layer.contour == _WIDTH:
                layer.contour = 0
        self._drawn = []
