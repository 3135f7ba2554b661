"""What lies on the slide: maps, fields, vessels, spots, and the region that was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.gui.slide.spots import SPOT_MM

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Layer

    from napari_radiogenomics.gui.slide.view import SlideView
    from napari_radiogenomics.gui.slide.work import Measured

__all__ = ["Overlays", "field_colors"]

_REGION = "Region"
_SPOTS = "Spots"
_FIELD, _HOT = "#0072b2", "#d55e00"
# Fields with less tissue than this part of them count next to nothing: they are drawn faintly.
_LITTLE, _FAINT = 0.1, "40"
_OBJECT = "#009e73"


class Overlays:
    """Layers that the Slide dock puts on the slide view.

    Attributes
    ----------
    view : SlideView or None
        Where; None until a slide was opened.
    """

    def __init__(self) -> None:
        self.view: SlideView | None = None
        self._maps: dict[str, Layer] = {}
        self._others: dict[str, Layer] = {}
        self._spots: Layer | None = None
        self._opacity = 0.6

    def use(self, view: SlideView) -> None:
        """Work on this view."""
        self.view = view

    def clear(self) -> None:
        """Take all layers away, but not the region."""
        if self.view is not None:
            self.view.remove(*self._maps.values(), *self._others.values(), self._spots)
        self._maps, self._others, self._spots = {}, {}, None

    def show(self, measured: Measured | None) -> None:
        """Show maps (hidden), fields and objects of a result; None takes them away."""
        self.clear()
        if self.view is None or measured is None:
            return
        found = measured.found
        for name, image in found.maps.items():
            self._maps[name] = self.view.add_map(image, visible=False)
        if len(found.objects):
            noun = "Nuclei" if found.table["measure"].iloc[0] == "nuclei" else "Vessels"
            size = float(np.sqrt(found.objects["area_um2"].median()) / 1000)
            self._others["objects"] = self.view.add_points(
                found.objects, name=noun, size_mm=max(size, 0.004), color="transparent",
                border=_OBJECT,
            )  # fmt: skip
        if len(found.fields):
            colors = field_colors(found.fields, measured.field_mm)
            self._others["fields"] = self.view.add_squares(
                found.fields, name="Fields", side_mm=measured.field_mm, colors=colors
            )

    def show_map(self, name: str) -> None:
        """Show one of the maps, or none; its legend stands on the canvas."""
        for own, layer in self._maps.items():
            layer.visible = own == name

    def set_opacity(self, opacity: float) -> None:
        """Set how much of the slide the maps cover."""
        self._opacity = opacity
        for layer in self._maps.values():
            layer.opacity = opacity

    def toggle(self, what: str, on: bool) -> None:
        """Show or hide ``"fields"`` or ``"objects"``."""
        if what in self._others:
            self._others[what].visible = on

    def show_spots(self, gene: str, table: pd.DataFrame | None) -> None:
        """Show spots, colored by a gene where one is given."""
        if self.view is None or self.view.slide is None or table is None:
            return
        self.view.remove(self._spots)
        looks: dict[str, Any] = {"values": "value"} if gene else {"color": "#ffffff60"}
        name = f"{_SPOTS}: {gene}" if gene else _SPOTS
        self._spots = self.view.add_points(table, name=name, size_mm=SPOT_MM, **looks)

    @property
    def region_layer(self) -> Layer | None:
        """Layer of the region; None where none was drawn."""
        layers = () if self.view is None else self.view.model.layers
        return next((layer for layer in layers if layer.name == _REGION), None)

    @property
    def region(self) -> NDArray[np.float64] | None:
        """Corners x, y in mm of the polygon that was drawn last."""
        layer = self.region_layer
        if layer is None or not len(layer.data):
            return None
        return np.asarray(layer.data[-1], np.float64)[:, ::-1]


def field_colors(fields: pd.DataFrame, side_mm: float) -> list[str]:
    """Color of each field: hot spots, others, and faintly those that hold next to no tissue."""
    little = fields["tissue_mm2"] < _LITTLE * side_mm**2
    return [
        _HOT if kind == "hot spot" else _FIELD + _FAINT * bool(faint)
        for kind, faint in zip(fields["kind"], little, strict=True)
    ]
