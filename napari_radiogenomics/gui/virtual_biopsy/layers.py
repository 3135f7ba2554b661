"""Maps of a virtual biopsy on the canvas: the score with its interval, and what is unlike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_radiogenomics.gui.layers.keys import DERIVED
from napari_radiogenomics.gui.layers.layers import segmentation_layers
from napari_radiogenomics.gui.texture.map_layer import keep_under_points, show_maps

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer

    from napari_radiogenomics.correspondence import VirtualMaps

__all__ = ["KINDS", "VIRTUAL", "remove_virtual", "show_virtual"]

VIRTUAL = "radiogenomics_virtual_biopsy"
"""Key of a layer's metadata that marks layers of a virtual biopsy, and holds all its maps."""
KINDS = {
    "virtual_biopsy": "Score",
    "virtual_biopsy_width": "Width of the interval",
    "virtual_biopsy_low": "Low end of the interval",
    "virtual_biopsy_high": "High end of the interval",
}
"""Maps by their feature: what a person calls them."""
# Gray, which no color of the map is, and hardly transparent: there the map says nothing.
_OPACITY = 0.9


def remove_virtual(viewer: ViewerModel) -> None:
    """Take the maps of the virtual biopsy before off the canvas."""
    for layer in [layer for layer in viewer.layers if VIRTUAL in layer.metadata]:
        viewer.layers.remove(layer)


def show_virtual(viewer: ViewerModel, maps: VirtualMaps, first: str) -> ImageLayer:
    """Draw the maps as one layer, and over it what looks like around no biopsy.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    maps : VirtualMaps
        Of the patient on the screen.
    first : str
        Which of `KINDS` is shown.
    """
    remove_virtual(viewer)
    named = dict(zip(KINDS, (maps.value, maps.width, maps.low, maps.high), strict=True))
    layer = show_maps(viewer, named, first=first, run=maps.history[-1].time)
    layer.metadata = {**layer.metadata, VIRTUAL: maps}
    if maps.share_unlike > 0:
        data, looks, _ = segmentation_layers(maps.unlike)[0]
        looks["metadata"] |= {VIRTUAL: maps, DERIVED: True}
        looks["opacity"] = _OPACITY
        over = viewer.add_labels(data, **looks)
        keep_under_points(viewer, over)
        viewer.layers.selection.active = layer
    return layer
