"""Colors of regions and biopsies by their scores, and back to those they had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.plots.scales import RGBA

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels, Layer, Points

__all__ = ["Painter"]

_OPACITY = 0.75
_CLEAR: RGBA = (0.0, 0.0, 0.0, 0.0)


class Painter(Attached):
    """Gives layers other colors and remembers what they had.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._before: list[tuple[Layer, dict[str, Any]]] = []
        self._held: list[Layer] = []

    @property
    def painted(self) -> list[Layer]:
        """Layers that have our colors."""
        return [layer for layer, _ in self._before]

    def paint_regions(self, layer: Labels, colors: Mapping[int, RGBA]) -> None:
        """Color labels; those without a color of their own are not filled: not measured.

        Parameters
        ----------
        layer : Labels
            Regions of the tumor.
        colors : mapping of int to RGBA
            Label → color.
        """
        from napari.utils.colormaps import DirectLabelColormap

        self._remember(layer, "colormap", "opacity")
        wanted: dict[int | None, Any] = {None: _CLEAR, 0: _CLEAR}
        wanted |= {int(label): color for label, color in colors.items()}
        layer.colormap = DirectLabelColormap(color_dict=wanted)
        layer.opacity = max(layer.opacity, _OPACITY)

    def paint_points(self, layer: Points, colors: Mapping[str, RGBA]) -> None:
        """Color biopsies by their sample id; others are hollow."""
        if layer in self._held or "sample_id" not in layer.features or not len(layer.data):
            return
        self._remember(layer, "face_color")
        found = [colors.get(str(name), _CLEAR) for name in layer.features["sample_id"]]
        layer.face_color = np.array(found, float)

    def hold_points(self, layer: Points, colors: Mapping[str, RGBA]) -> None:
        """Color biopsies as `paint_points`, until `release`: nothing else colors them before."""
        if layer in self._held:
            self._held.remove(layer)
        self.paint_points(layer, colors)
        self._held.append(layer)

    def release(self) -> None:
        """Give the layers that were held the colors that they had."""
        held, self._held = self._held, []
        self._give_back([one for one in self._before if one[0] in held])

    def _remember(self, layer: Layer, *names: str) -> None:
        if layer in self.painted:
            return
        values = {name: getattr(layer, name) for name in names}
        self._before.append((layer, {k: _copied(v) for k, v in values.items()}))

    def restore(self) -> None:
        """Give all layers that are not held the colors that they had."""
        self._give_back([one for one in self._before if one[0] not in self._held])

    def _give_back(self, painted: list[tuple[Layer, dict[str, Any]]]) -> None:
        layers = [layer for layer, _ in painted]
        self._before = [one for one in self._before if one[0] not in layers]
        for layer, values in painted:
            for name, value in values.items():
                if name != "face_color" or len(layer.data) == len(value):
                    setattr(layer, name, value)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value
