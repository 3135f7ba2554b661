"""Finished maps as one layer: it shows one map at a time and holds the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari.layers import Points

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import image_layers

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer
    from napari.layers import Layer

__all__ = ["MAPS", "choose_map", "latest_maps", "maps_of", "show_maps"]

MAPS = "radiogenomics_maps"
"""Key of a layer's metadata that holds all maps of its run, by feature."""
# What may differ between two runs whose maps belong together.
_WHICH = ("families", "features")


def maps_of(layer: Layer | None) -> Mapping[str, Image]:
    """Maps that a layer holds, by PyRadiomics' name; empty where it holds none."""
    return {} if layer is None else layer.metadata.get(MAPS, {})


def latest_maps(viewer: ViewerModel) -> ImageLayer | None:
    """Return the layer whose maps are meant: the selected one, else the topmost with maps."""
    active = viewer.layers.selection.active
    if active is not None and maps_of(active):
        return active
    return next((layer for layer in reversed(viewer.layers) if maps_of(layer)), None)


def _run(image: Image) -> tuple[Any, Any]:
    """What a map was made from and how, without which features."""
    if not image.history:
        return image.geometry, ()
    record = image.history[-1]
    settings = {key: value for key, value in record.settings.items() if key not in _WHICH}
    return dict(record.inputs), repr(sorted(settings.items()))


def _belong_together(first: Mapping[str, Image], second: Mapping[str, Image]) -> bool:
    one, two = next(iter(first.values())), next(iter(second.values()))
    return one.geometry.same_grid(two.geometry) and _run(one) == _run(two)


def choose_map(layer: ImageLayer, name: str) -> None:
    """Show another of the maps that a layer holds.

    Parameters
    ----------
    layer : napari.layers.Image
        Layer made by `show_maps`.
    name : str
        PyRadiomics' name of the map.
    """
    _fill(layer, maps_of(layer), name)


def _fill(layer: ImageLayer, maps: Mapping[str, Image], name: str) -> None:
    data, looks, _ = image_layers(maps[name])[0]
    layer.data = data
    layer.name = looks["name"]
    # The range first: limits outside of it would be cut off.
    low, high = looks["contrast_limits"]
    layer.reset_contrast_limits_range()
    layer.contrast_limits = (low, high)
    layer.metadata = {**layer.metadata, SOURCE: maps[name], MAPS: maps}


def _under_points(viewer: ViewerModel, layer: ImageLayer) -> None:
    """Biopsies stay on top: a map never hides where one was taken."""
    first = next((i for i, other in enumerate(viewer.layers) if isinstance(other, Points)), -1)
    if first >= 0:
        viewer.layers.move(viewer.layers.index(layer), first)


def show_maps(viewer: ViewerModel, maps: Mapping[str, Image]) -> ImageLayer:
    """Overlay the maps of a run as one layer, joined with those of the same run before.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    maps : mapping of str to Image
        By PyRadiomics' name; the first is shown.

    Returns
    -------
    napari.layers.Image
        The layer, selected. Outside the region it is transparent.
    """
    maps = dict(maps)
    name = next(iter(maps))
    for layer in reversed(viewer.layers):
        known = maps_of(layer)
        if known and _belong_together(known, maps):
            _fill(layer, {**known, **maps}, name)
            break
    else:
        data, looks, _ = image_layers(maps[name])[0]
        looks["metadata"][MAPS] = maps
        layer = viewer.add_image(data, **looks)
        _under_points(viewer, layer)
    layer.visible = True
    viewer.layers.selection.active = layer
    return layer
