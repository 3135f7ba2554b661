"""What is compared by brightness: scans as they are, slides as one channel of a coarse level."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registration.sides import Object

__all__ = ["Channel", "Start", "picture_of", "slide_channel", "start_of"]

Reals = NDArray[np.float64]
Channel = Literal["hematoxylin", "gray"]
Start = Literal["auto", "position", "center"]

# The longer side of the level of a slide that is compared, in pixels, about.
_SLIDE_PIXELS = 1024
# Nuclei are as small as a pixel there: they would match by chance. In pixels.
_SLIDE_BLUR = 1.5
# Two scans start from where they lie when they share so much of the smaller one.
_OVERLAP = 0.5


def picture_of(one: Object, channel: Channel) -> Any:
    """The SimpleITK image that is compared: float32 in mm; of a slide it is flat.

    Raises
    ------
    InputError
        If it has several volumes, or one brightness.
    """
    import SimpleITK as sitk

    image = slide_channel(one, channel=channel) if isinstance(one, Slide) else one
    if image.fourth_axis:
        raise InputError(
            f"{image.name or 'The scan'} has several volumes (×{len(image.array)}). Choose one: "
            "scan.volumes()[0]."
        )
    values = np.asarray(image.array, np.float32)
    if not np.isfinite(values).all():
        values = np.nan_to_num(values, nan=float(np.nanmin(values)))
    if values.min() == values.max():
        raise InputError(f"{image.name or 'An image'} has one brightness everywhere.")
    grid = image.geometry
    if isinstance(one, Slide):
        from scipy.ndimage import gaussian_filter

        found = sitk.GetImageFromArray(gaussian_filter(values[0], _SLIDE_BLUR))
        found.SetSpacing(grid.spacing[:2])
        found.SetOrigin(grid.origin[:2])
        return found
    found = sitk.GetImageFromArray(values)
    found.SetSpacing(grid.spacing)
    found.SetOrigin(grid.origin)
    found.SetDirection(grid.direction)
    return found


def slide_channel(slide: Slide, *, channel: Channel = "gray", level: int | None = None) -> Image:
    """One channel of a level of a slide, on the slide's grid in mm.

    Parameters
    ----------
    slide : Slide
        With a pixel size.
    channel : {"gray", "hematoxylin"}
        Optical density of all light, or of what hematoxylin takes (Ruifrok and Johnston 2001):
        the stain that sections of one block have in common.
    level : int, optional
        Of the pyramid; the finest with 1,024 pixels or fewer on its longer side without it, else
        the coarsest.

    Returns
    -------
    Image, shape (1, Y, X)
        In the frame of the slide.

    Examples
    --------
    >>> slide = Slide((np.full((4, 6, 3), 255, np.uint8),), um_per_pixel=(8.0, 8.0), frame="HE")
    >>> found = slide_channel(slide)
    >>> found.shape, found.geometry.spacing[:2], float(found.array.max())
    ((1, 4, 6), (0.008, 0.008), 0.0)
    """
    if level is None:
        sizes = [max(one.shape[:2]) for one in slide.levels]
        level = next((n for n, size in enumerate(sizes) if size <= _SLIDE_PIXELS), len(sizes) - 1)
    pixels = np.asarray(slide.levels[level])
    grid = level_grid(slide, level)
    if channel == "hematoxylin":
        from skimage.color import rgb2hed

        values = np.asarray(rgb2hed(pixels)[..., 0], np.float32)
    else:
        light = pixels.astype(np.float32).mean(axis=2)
        values = np.log10(255 / np.maximum(light, 1.0))
    return Image(
        values[np.newaxis], grid, name=slide.name, modality="map", metadata={"frame": slide.frame}
    )


def level_grid(slide: Slide, level: int) -> Geometry:
    """Grid of a level in the frame of the slide: one slice, as thick as 1 mm."""
    rows, columns = slide.levels[level].shape[:2]
    down, right = (size / 1000 for size in slide.level_um_per_pixel(level))
    fine_down, fine_right = (size / 1000 for size in slide.level_um_per_pixel(0))
    corner = ((right - fine_right) / 2, (down - fine_down) / 2, 0.0)
    return Geometry((columns, rows, 1), (right, down, 1.0), corner)


def start_of(fixed: Any, moving: Any, start: Start) -> Reals:
    """Matrix (4, 4) from the fixed to the moving image that the search starts at.

    Raises
    ------
    InputError
        If ``start`` is not known.
    """
    if start not in ("auto", "position", "center"):
        raise InputError(f'Unknown start "{start}". Known: auto, position, center.')
    flat = fixed.GetDimension() == 2
    matrix = np.eye(4)
    if start == "position" or (start == "auto" and not flat and _shared(fixed, moving) >= _OVERLAP):
        return matrix
    wide = fixed.GetDimension()
    matrix[:wide, 3] = _center_of_mass(moving) - _center_of_mass(fixed)
    return matrix


def _center_of_mass(image: Any) -> Reals:
    """Where the brightness lies, above its darkest value."""
    import SimpleITK as sitk
    from scipy.ndimage import center_of_mass

    values = sitk.GetArrayViewFromImage(image)
    index = center_of_mass(values - values.min())[::-1]
    return np.array(image.TransformContinuousIndexToPhysicalPoint([float(n) for n in index]))


def _shared(fixed: Any, moving: Any) -> float:
    """Part of the smaller box, along the axes of the world, that both have in common."""
    boxes = [np.array([c.min(axis=0), c.max(axis=0)]) for c in map(_corners, (fixed, moving))]
    low, high = np.maximum(boxes[0][0], boxes[1][0]), np.minimum(boxes[0][1], boxes[1][1])
    sizes = [np.prod(np.maximum(box[1] - box[0], 1e-9)) for box in boxes]
    return float(np.prod(np.maximum(high - low, 0)) / min(sizes))


def _corners(image: Any) -> Reals:
    ends = [(-0.5, size - 0.5) for size in image.GetSize()]
    index = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, len(ends))
    return np.array([image.TransformContinuousIndexToPhysicalPoint(one.tolist()) for one in index])
