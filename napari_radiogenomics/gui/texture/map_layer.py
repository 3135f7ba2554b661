"""Finished maps as one layer: it shows one map at a time and holds the others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.legend import feature_of, is_map
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.texture.sheet import like

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer
    from napari.layers import Layer

__all__ = [
    "MAPS",
    "PREVIEW",
    "RUN",
    "choose_map",
    "is_preview",
    "keep_under_points",
    "latest_maps",
    "maps_of",
    "run_shown",
    "see_map",
    "show_maps",
]

MAPS = "radiogenomics_maps"
"""Key of a layer's metadata that holds all maps of its run, by feature."""
PREVIEW = "radiogenomics_preview"
"""Key that marks the layer of the live preview."""
RUN = "radiogenomics_run"
"""Key that holds what the run measured and how: the same for the same voxels and settings."""
# What may differ between two runs whose maps belong together.
_WHICH = ("families", "features")


def is_preview(layer: Layer) -> bool:
    """Whether a layer is that of the live preview."""
    return PREVIEW in layer.metadata


def maps_of(layer: Layer | None) -> Mapping[str, Image]:
    """Finished maps that a layer holds, by PyRadiomics' name; empty where it holds none.

    A map that was read from a file is alone in its layer.
    """
    if layer is None or is_preview(layer):
        return {}
    image = image_of(layer) if is_map(layer) else None
    return layer.metadata.get(MAPS) or ({} if image is None else {feature_of(image): image})


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


def _fill(layer: ImageLayer, maps: Mapping[str, Image], name: str, run: Hashable = None) -> None:
    data, looks, _ = image_layers(maps[name])[0]
    layer.data = data
    for key in ("scale", "translate"):
        if not np.array_equal(getattr(layer, key), looks[key]):
            setattr(layer, key, looks[key])
    layer.name = looks["name"]
    # The range first: limits outside of it would be cut off.
    low, high = looks["contrast_limits"]
    layer.reset_contrast_limits_range()
    layer.contrast_limits = (low, high)
    kept = {key: value for key, value in layer.metadata.items() if key != PREVIEW}
    kept[RUN] = kept.get(RUN) if run is None else run
    layer.metadata = {**kept, SOURCE: maps[name], MAPS: maps}


def run_shown(viewer: ViewerModel, run: Hashable, feature: str) -> tuple[ImageLayer | None, str]:
    """Find the layer that holds the finished map of a run, and the map's name in it.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    run : hashable
        As given to `show_maps`.
    feature : str
        PyRadiomics' name; where there is no such map, one of the same feature is taken.

    Returns
    -------
    layer : napari.layers.Image or None
        None where there is none.
    name : str
        PyRadiomics' name.
    """
    for layer in reversed(viewer.layers):
        name = like(feature, maps_of(layer)) if layer.metadata.get(RUN) == run else ""
        if name:
            return layer, name
    return None, ""


def keep_under_points(viewer: ViewerModel, *more: Layer) -> None:
    """Put maps, and more layers, below the biopsies: none hides where one was taken."""
    layers = viewer.layers
    for layer in [x for x in layers if maps_of(x) or is_preview(x) or x in more]:
        first = next((i for i, other in enumerate(layers) if isinstance(other, Points)), -1)
        if 0 <= first < layers.index(layer):
            layers.move(layers.index(layer), first)


def show_maps(
    viewer: ViewerModel,
    maps: Mapping[str, Image],
    *,
    first: str = "",
    run: Hashable = None,
    into: ImageLayer | None = None,
) -> ImageLayer:
    """Overlay the maps of a run as one layer, joined with those of the same run before.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    maps : mapping of str to Image
        By PyRadiomics' name.
    first : str, optional
        The one to show; else the first.
    run : hashable, optional
        What was measured and how, for `run_shown`.
    into : Layer, optional
        Layer of the preview, which becomes that of the maps.

    Returns
    -------
    napari.layers.Image
        The layer, selected. Outside the region it is transparent.
    """
    maps = dict(maps)
    name = like(first, maps) or next(iter(maps))
    same = (x for x in reversed(viewer.layers) if maps_of(x) and _belong_together(maps_of(x), maps))
    layer = next(same, None)
    if layer is not None:
        _fill(layer, {**maps_of(layer), **maps}, name, run)
        if into is not None:
            viewer.layers.remove(into)
    elif into is not None:
        layer = into
        _fill(layer, maps, name, run)
    else:
        data, looks, _ = image_layers(maps[name])[0]
        looks["metadata"] |= {MAPS: maps, RUN: run}
        layer = viewer.add_image(data, **looks)
        keep_under_points(viewer)
    see_map(viewer, layer)
    viewer.layers.selection.active = layer
    return layer


def see_map(viewer: ViewerModel, layer: Layer | None) -> None:
    """Let one map be seen, or none: maps one through another say nothing."""
    for other in viewer.layers:
        if maps_of(other) and other is not layer:
            other.visible = False
    if layer is not None:
        layer.visible = True
