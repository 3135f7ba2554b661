"""Vessels on the canvas: one layer of short line pieces, colored by what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from napari.utils.colormaps import ensure_colormap

from napari_radiogenomics.gui.layers.keys import AXES, UNITS
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.layers.sample_points import coarsest
from napari_radiogenomics.gui.texture.map_layer import keep_under_points
from napari_radiogenomics.vessels.tortuosity import METRICS

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer
    from napari.layers import Vectors

    from napari_radiogenomics.data.geometry import Geometry
    from napari_radiogenomics.vessels import VesselMeasures

__all__ = ["COLORMAP", "VESSELS", "color_by", "limits_of", "show_map", "show_vessels"]

VESSELS = "radiogenomics_vessels"
"""Key of a layer's metadata that marks vessels, and holds what was measured."""
COLORMAP = "viridis"
_LINE_MM = 1.2


def _features(found: VesselMeasures) -> pd.DataFrame:
    """What is known of each piece of line: its vessel, and the measures of it."""
    each = found.vessels[["length_mm", *METRICS]]
    pieces = [len(line.local) - 1 for line in found.lines]
    rows = each.loc[each.index.repeat(pieces)].reset_index()
    local = [(line.local[1:] + line.local[:-1]) / 2 for line in found.lines]
    return rows.assign(local=np.concatenate(local))


def show_vessels(viewer: ViewerModel, found: VesselMeasures, grid: Geometry) -> Vectors:
    """Draw the centerlines, where there are any.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    found : VesselMeasures
        One vessel or more.
    grid : Geometry
        Of the scan: the layer's unit is the thickness of its slices, as napari steps the
        sliders by the finest scale of all layers.
    """
    unit = coarsest([grid])
    starts = np.concatenate([line[:-1] for line in found.centerlines])[:, ::-1]
    steps = np.concatenate([np.diff(line, axis=0) for line in found.centerlines])[:, ::-1]
    active = viewer.layers.selection.active
    layer = viewer.add_vectors(
        np.stack([starts, steps], axis=1) / unit,
        name="Vessels",
        scale=(unit,) * 3,
        axis_labels=AXES,
        units=UNITS,
        features=_features(found),
        edge_width=_LINE_MM / unit,
        vector_style="line",
        metadata={VESSELS: found},
    )
    keep_under_points(viewer, layer)
    viewer.layers.selection.active = active  # other docks go on with their layers
    return layer


def show_map(viewer: ViewerModel, found: VesselMeasures) -> ImageLayer | None:
    """Add the map of local tortuosity, hidden: it would cover the vessels."""
    if found.map is None or not found.lines:
        return None
    data, looks, _ = image_layers(found.map)[0]
    looks["metadata"] |= {VESSELS: found}
    active = viewer.layers.selection.active
    layer = viewer.add_image(data, **looks, visible=False)
    keep_under_points(viewer, layer)
    viewer.layers.selection.active = active
    return layer


def limits_of(layer: Vectors, name: str) -> tuple[float, float]:
    """Range of a measure by length of vessel, without its extremes; rising always."""
    values = layer.features[name].to_numpy(float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, [2, 98]).tolist()
    return low, high if high > low else low + 1e-3


def color_by(layer: Vectors, name: str) -> tuple[float, float]:
    """Color a layer of vessels by a measure; answers with the ends of the colors."""
    low, high = limits_of(layer, name)
    shares = np.clip((layer.features[name].to_numpy(float) - low) / (high - low), 0, 1)
    # Colors and not a column: copies of the layer in linked views take them over.
    layer.edge_color = ensure_colormap(COLORMAP).map(np.nan_to_num(shares))
    return low, high
