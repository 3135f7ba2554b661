"""The other side laid over one: brought there by the transform, faded or in a checkerboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.gui.layers.keys import AXES, PASSING, UNITS
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["Overlay", "make_overlay"]

# The longer side of an overlay on a slide, in pixels, and squares of a checkerboard along it.
_PIXELS, _SQUARES = 700, 10
# Percentiles that black and white stand for.
_ENDS = (1, 99)


@dataclass(frozen=True, eq=False)
class Overlay:
    """What is laid over a side.

    Attributes
    ----------
    side : {"fixed", "moving"}
        Over which.
    image : Image
        The other side there: a scan on a scan; on a slide one slice, of a slide three channels.
    """

    side: str
    image: Image

    def layer(self, *, checkerboard: bool, opacity: float) -> tuple[Any, dict[str, Any]]:
        """Data and looks of its layer."""
        common: dict[str, Any] = {
            "name": "Overlay of the other side", "opacity": opacity, "metadata": {PASSING: True},
        }  # fmt: skip
        grid = self.image.geometry
        if grid.size[2] == 1:
            colors = _colors(self.image)
            if checkerboard:
                colors[..., 3] *= ~_board(colors.shape[:2])
            return colors, {
                **common, "rgb": True, "scale": grid.spacing[1::-1],
                "translate": grid.origin[1::-1], "axis_labels": AXES[1:], "units": UNITS[1:],
            }  # fmt: skip
        data, looks, _ = image_layers(self.image)[0]
        if checkerboard:
            data = np.where(_board(data.shape[-2:]), np.nan, data.astype(np.float32))
        looks |= {**common, "colormap": "magma", "blending": "translucent"}
        return data, looks


def make_overlay(
    transform: Transform, fixed: Image | Slide, moving: Image | Slide, *, progress: Progress = quiet
) -> Overlay:
    """Bring one side onto the other: onto the slide of a slide and a scan, else onto the fixed one.

    Parameters
    ----------
    transform : Transform
        From the fixed to the moving frame.
    fixed, moving : Image or Slide
        The two sides.
    progress : Progress, optional
        Reports blocks; may cancel.
    """
    pair: tuple[Image | Slide, Image | Slide]
    if isinstance(moving, Slide) and not isinstance(fixed, Slide):
        pair, through, side = (moving, fixed), transform.inverse(), "moving"
    else:
        pair, through, side = (fixed, moving), transform, "fixed"
    onto, other = pair
    grid = _slide_grid(onto) if isinstance(onto, Slide) else onto.geometry
    source = _three_channels(other) if isinstance(other, Slide) else other
    source = replace(source, array=source.array.astype(np.float32, copy=False))
    return Overlay(side, through.resample(source, grid, fill=float("nan"), progress=progress))


def _slide_grid(slide: Slide) -> Geometry:
    """Grid of one slice all over a slide, of some hundred pixels."""
    height, width = slide.extent_mm
    step = max(height, width) / _PIXELS
    size = (max(1, round(width / step)), max(1, round(height / step)), 1)
    return Geometry(size, (step, step, 1.0), (step / 2, step / 2, 0.0))


def _three_channels(slide: Slide) -> Image:
    from napari_radiogenomics.registration.pictures import level_grid

    sizes = [max(level.shape[:2]) for level in slide.levels]
    level = next((n for n, size in enumerate(sizes) if size <= 2 * _PIXELS), len(sizes) - 1)
    pixels = np.asarray(slide.levels[level], np.float32)
    array = np.moveaxis(pixels, -1, 0)[:, np.newaxis]
    facts = {"frame": slide.frame}
    return Image(
        array, level_grid(slide, level), fourth_axis="channel", name=slide.name, metadata=facts
    )


def _colors(image: Image) -> NDArray[np.float32]:
    """Colors (Y, X, 4) of one slice; what lies outside is clear."""
    if image.fourth_axis:
        shown = np.moveaxis(image.array[:, 0], 0, -1) / 255
        inside = np.isfinite(shown).all(axis=-1)
    else:
        values = image.array[0]
        inside = np.isfinite(values)
        low, high = _limits(values[inside])
        gray = np.clip((values - low) / (high - low), 0, 1)
        shown = np.repeat(gray[..., np.newaxis], 3, axis=-1)
    return np.dstack([np.nan_to_num(shown), inside]).astype(np.float32)


def _limits(values: NDArray[np.floating]) -> tuple[float, float]:
    """Black and white of what lies under a slide.

    A window of the whole organ would show a few mm of tumor as one gray: theirs is what they hold.
    """
    low, high = np.percentile(values, _ENDS).tolist() if values.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0


def _board(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Every second square of a plane."""
    side = max(1, max(shape) // _SQUARES)
    rows, columns = (np.arange(n) // side for n in shape)
    return (rows[:, None] + columns[None, :]) % 2 == 1
