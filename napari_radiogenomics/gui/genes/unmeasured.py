"""Regions that were not measured: an outline without fill, which no value of a scale looks like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels

from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.layers.keys import PASSING

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Unmeasured"]

_OUTLINE = (0.86, 0.86, 0.86, 1.0)
_NAME = "not measured"


class Unmeasured(Attached):
    """Outlines some labels of a layer in a layer of its own, which is never saved or measured.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._drawn: tuple[object, ...] = ()

    @property
    def layer(self) -> Labels | None:
        """The layer of the outlines, where there is one."""
        viewer = self._viewer()
        layers = () if viewer is None else viewer.layers
        return next((one for one in layers if one.metadata.get(PASSING) == _NAME), None)

    def show(self, base: Labels, labels: Iterable[int], made_of: object) -> None:
        """Outline labels of a layer; none takes the outlines off.

        Parameters
        ----------
        base : Labels
            Layer of the regions.
        labels : iterable of int
            Labels that were not measured.
        made_of : object
            Stands for the voxels of the layer: they are read again only when it is another.
        """
        wanted = frozenset(map(int, labels))
        if not wanted:
            self.clear()
            return
        layer, key = self.layer, (base, wanted, made_of)
        if layer is not None and self._drawn == key:
            return
        data = np.asarray(base.data)
        data = np.where(np.isin(data, list(wanted)), data, 0).astype(data.dtype)
        if layer is not None and layer.data.shape == data.shape and self._drawn[0] is base:
            layer.data = data
        else:
            self.clear()
            self._add(base, data)
        self._drawn = key

    def _add(self, base: Labels, data: np.ndarray) -> None:
        from napari.utils.colormaps import DirectLabelColormap

        layers = self.viewer.layers
        if base not in layers:
            return
        layer = Labels(
            data, name=_NAME, scale=base.scale, translate=base.translate,
            axis_labels=base.axis_labels, units=base.units, features=base.features,
            colormap=DirectLabelColormap(color_dict={None: _OUTLINE, 0: (0, 0, 0, 0)}),
            metadata={PASSING: _NAME},
        )  # fmt: skip
        layer.contour = 1
        layer.editable = False
        layer.visible = base.visible
        chosen = layers.selection.active
        layers.insert(layers.index(base) + 1, layer)
        layers.selection.active = chosen

    def follow(self, _event: object = None) -> None:
        """Show the outlines as long as their regions are shown."""
        layer = self.layer
        base = self._drawn[0] if self._drawn else None
        if layer is not None and isinstance(base, Labels) and layer.visible != base.visible:
            layer.visible = base.visible

    def clear(self) -> None:
        """Take the outlines off the screen."""
        self._drawn = ()
        layer = self.layer
        if layer is not None:
            chosen = self.viewer.layers.selection.active
            self.viewer.layers.remove(layer)
            if chosen in self.viewer.layers:
                self.viewer.layers.selection.active = chosen
