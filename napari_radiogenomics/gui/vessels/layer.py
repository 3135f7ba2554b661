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

__all__ = [
    "COLORMAP", "VESSELS", "color_by", "limits_of", "line_width", "show_map", "show_vessels",
]  # fmt: skip

VESSELS = "radiogenomics_vessels"
"""Key of a layer's metadata that marks vessels, and holds what was measured."""
COLORMAP = "viridis"
# Width of a line: in mm, and at least in pixels of the screen.
_LINE_MM, _LINE_PIXELS = 1.2, 4.0
# A slice shows vessels as far as this many slices around it: else they are slivers.
_SLAB = 3.0
# Length of vessel that the ends of the colors leave out on each side, in percent; and how much
# farther one end may lie from the median than the other.
_ENDS, _FENCE = (5, 95), 4.0


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
        Of the scan: the layer's unit is the thickness of some of its slices, so that a slice
        shows the vessels of those beside it too.
    """
    unit = _SLAB * coarsest([grid])
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
        edge_width=line_width(viewer.scene.camera.zoom) / unit,
        vector_style="line",
        metadata={VESSELS: found},
    )
    keep_under_points(viewer, layer)
    viewer.layers.selection.active = active  # other docks go on with their layers
    return layer


def line_width(zoom: float) -> float:
    """Width of a line in mm at a zoom in pixels a mm: it is seen from afar too.

    Examples
    --------
    >>> line_width(10.0), line_width(2.0)
    (1.2, 2.0)
    """
    return max(_LINE_MM, _LINE_PIXELS / max(zoom, 1e-3))


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
    """Range of a measure by length of vessel, without near-loops; rising always.

    Pieces of line are about as long as each other, so that percentiles of pieces are those of
    length. A vessel that comes back to its start has a distance metric without bounds: what lies
    far beyond the reach of the other side of the median does not stretch the colors.
    """
    values = layer.features[name].to_numpy(float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, middle, high = np.percentile(values, [_ENDS[0], 50, _ENDS[1]]).tolist()
    if low < middle < high:
        below, above = middle - low, high - middle
        low, high = max(low, middle - _FENCE * above), min(high, middle + _FENCE * below)
    return low, high if high > low else low + 1e-3


def color_by(layer: Vectors, name: str) -> tuple[float, float]:
    """Color a layer of vessels by a measure; answers with the ends of the colors."""
    low, high = limits_of(layer, name)
    shares = np.clip((layer.features[name].to_numpy(float) - low) / (high - low), 0, 1)
    # Colors and not a column: copies of the layer in linked views take them over.
    layer.edge_color = ensure_colormap(COLORMAP).map(np.nan_to_num(shares))
    return low, high
