"""Layers of a slide's own canvas: two axes, y and x, in mm of the slide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.gui.layers.keys import AXES, SOURCE, UNITS
from napari_radiogenomics.gui.layers.layers import image_layers

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.slide import Slide
    from napari_radiogenomics.gui.layers.layers import LayerData
    from napari_radiogenomics.gui.slide.tiles import ShownPyramid

__all__ = [
    "COMMON",
    "map_layer",
    "outlines_layer",
    "picture_layer",
    "points_layer",
    "um_drawn",
    "units_drawn",
]

COMMON: dict[str, Any] = {"axis_labels": AXES[1:], "units": UNITS[1:]}
"""What all layers of a slide have in common."""


def um_drawn(slide: Slide) -> tuple[float, float]:
    """Pixel size a slide is drawn with: 1 µm where it is not known."""
    return slide.um_per_pixel or (1.0, 1.0)


def units_drawn(slide: Slide | None) -> tuple[str, ...]:
    """Units of the canvas: mm, and thousands of pixels where the pixel size is not known.

    Drawn with 1 µm a pixel a thousand of them are one unit of the canvas, and the scale bar tells
    pixels, no lengths that nobody knows.
    """
    known = slide is None or slide.um_per_pixel is not None
    return UNITS[1:] if known else ("kilopixel",) * 2


def picture_layer(slide: Slide, shown: ShownPyramid) -> LayerData:
    """Layer of the slide itself.

    Parameters
    ----------
    slide : Slide
        As read.
    shown : ShownPyramid
        Its levels for the canvas.
    """
    settings = {
        "name": f"{slide.name} ({slide.stain})" if slide.stain else slide.name,
        "rgb": True,
        "interpolation2d": "linear",  # the nearest pixels alone would make a pattern of squares
        "scale": tuple(um / 1000 for um in um_drawn(slide)),
        "metadata": {SOURCE: slide},
        **COMMON,
    }
    if len(shown.levels) > 1:
        return shown.levels, settings | {"multiscale": True}, "image"
    return np.asarray(shown.levels[0]), settings, "image"


def map_layer(image: Image) -> LayerData:
    """Layer of a map of one slice; transparent where it has no value.

    Parameters
    ----------
    image : Image
        Array (1, Y, X); its geometry is in mm of the slide.
    """
    _, looks, _ = image_layers(image)[0]
    spacing, origin = image.geometry.spacing, image.geometry.origin
    looks |= {
        "scale": spacing[1::-1], "translate": origin[1::-1], "interpolation2d": "linear", **COMMON,
    }  # fmt: skip
    if np.isnan(image.array).any():
        looks["interpolation2d"] = "nearest"  # between values and none there is nothing
    return image.array[0], looks, "image"


def points_layer(
    table: pd.DataFrame,
    *,
    name: str,
    size_mm: float,
    values: str = "",
    color: str = "#ffffff",
    border: str = "#00e5ff",
) -> LayerData:
    """Layer of places.

    Parameters
    ----------
    table : DataFrame
        Columns ``x_mm, y_mm``; all columns are shown by napari at the mouse.
    name : str
        Of the layer.
    size_mm : float
        Diameter of a point.
    values : str, optional
        Column that colors the points, in viridis; NaN is gray.
    color, border : str, optional
        Of the points where no column colors them.
    """
    looks: dict[str, Any] = {
        "name": name,
        "size": size_mm,
        "features": table.reset_index(drop=True),
        "face_color": color,
        "border_color": border,
        "border_width": 0.15,
        "canvas_size_limits": (2, 10_000),
        **COMMON,
    }
    if values:
        looks |= {"face_color": colors_of(table[values].to_numpy(float)), "border_width": 0.0}
    return table[["y_mm", "x_mm"]].to_numpy(float), looks, "points"


def limits_of(values: Any) -> tuple[float, float]:
    """Ends of the colors: the 1st and 99th percentile, rising always."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, [1, 99]).tolist() if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0


def colors_of(values: Any) -> Any:
    """Colors (N, 4) of values in viridis; gray where there is none."""
    from napari.utils.colormaps import ensure_colormap

    low, high = limits_of(values)
    found = ensure_colormap("viridis").map(
        np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1)
    )
    found[~np.isfinite(values)] = (0.6, 0.6, 0.6, 1.0)
    return found


def outlines_layer(
    squares: pd.DataFrame, *, name: str, side_mm: float, colors: Sequence[str]
) -> LayerData:
    """Layer of square fields.

    Parameters
    ----------
    squares : DataFrame
        Centers ``x_mm, y_mm``.
    name : str
        Of the layer.
    side_mm : float
        Of the squares.
    colors : sequence of str
        One for each.
    """
    centers = squares[["y_mm", "x_mm"]].to_numpy(float)
    half = side_mm / 2
    corners = half * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)], float)
    settings = {
        "name": name,
        "shape_type": "rectangle",
        "edge_color": list(colors),
        "face_color": "transparent",
        "edge_width": side_mm / 40,
        "features": squares.reset_index(drop=True),
        **COMMON,
    }
    return [center + corners for center in centers], settings, "shapes"
