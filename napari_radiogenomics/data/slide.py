"""A tissue slide: a pyramid of pictures, its pixel size, and what it is stained for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import Record

__all__ = ["Slide"]

_HASHED_PIXELS = 4_000_000


@dataclass(frozen=True, eq=False)
class Slide:
    """A stained section of tissue.

    Attributes
    ----------
    levels : tuple of array, each of shape (Y, X, 3), uint8
        The pyramid, finest level first. They may be lazy (dask): slicing reads the tiles.
    um_per_pixel : tuple of float, or None
        Size of a pixel of the finest level along y and x in µm; None where the file does not
        tell, and then no measure per mm² is made.
    stain : str
        ``"H&E"``, ``"CD31"``, ``"CAIX"``, …; empty where it is not known.
    frame : str
        Name of its coordinate system: mm from the centre of the first pixel, x to the right
        and y down.
    name : str
        What a person calls it.
    notes, metadata, history
        As for `Image`.

    Raises
    ------
    InputError
        If there is no level, a level is no RGB picture, or a pixel has no positive size.

    Examples
    --------
    >>> fine = np.zeros((40, 60, 3), np.uint8)
    >>> slide = Slide((fine, fine[::2, ::2]), um_per_pixel=(8.0, 8.0))
    >>> slide.shape, slide.extent_mm, slide.level_um_per_pixel(1)
    ((40, 60), (0.32, 0.48), (16.0, 16.0))
    """

    levels: tuple[Any, ...]
    um_per_pixel: tuple[float, float] | None = None
    stain: str = ""
    frame: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        if not self.levels:
            raise InputError(f"The slide {self.name!r} has no picture.")
        for level in self.levels:
            if len(level.shape) != 3 or level.shape[2] != 3 or level.dtype != np.uint8:
                raise InputError(
                    f"A level of a slide is RGB with 8 bits, shape (Y, X, 3); {self.name!r} has "
                    f"{tuple(level.shape)} of {level.dtype}. Convert it to 8-bit RGB first."
                )
        if self.um_per_pixel is not None and not min(self.um_per_pixel) > 0:
            raise InputError(
                f"A pixel has a positive size in µm; {self.name!r} gives {self.um_per_pixel}."
            )

    def __repr__(self) -> str:
        height, width = self.shape
        pixel = "pixel size not told"
        if self.um_per_pixel is not None:
            pixel = "×".join(f"{size:g}" for size in self.um_per_pixel) + " µm (y×x)"
        facts = [self.stain, f"{height}×{width} pixels (y×x)", f"{len(self.levels)} levels", pixel]
        return f"Slide({', '.join([repr(self.name), *filter(None, facts)])})"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the finest level."""
        return int(self.levels[0].shape[0]), int(self.levels[0].shape[1])

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Height and width in mm.

        Raises
        ------
        InputError
            If the pixel size is not known.
        """
        height, width = self.level_um_per_pixel(0)
        return self.shape[0] * height / 1000, self.shape[1] * width / 1000

    def content_key(self) -> dict[str, Any]:
        """What its hash is made of: sizes, stain and the picture of its coarsest level.

        The finest level of a large slide would have to be read from the disk for minutes.
        """
        coarsest = self.levels[-1]
        step = max(1, round((coarsest.shape[0] * coarsest.shape[1] / _HASHED_PIXELS) ** 0.5))
        return {
            "shapes": [list(map(int, level.shape)) for level in self.levels],
            "um_per_pixel": self.um_per_pixel,
            "stain": self.stain,
            "frame": self.frame,
            "picture": np.asarray(coarsest[::step, ::step]),
        }

    def level_um_per_pixel(self, level: int) -> tuple[float, float]:
        """Size of a pixel of one level along y and x in µm.

        Raises
        ------
        InputError
            If the pixel size is not known.
        """
        if self.um_per_pixel is None:
            raise InputError(
                f"The pixel size of the slide {self.name!r} is not known. "
                "Give um_per_pixel in slides.csv."
            )
        rows, columns = self.levels[level].shape[:2]
        return (
            self.um_per_pixel[0] * self.shape[0] / rows,
            self.um_per_pixel[1] * self.shape[1] / columns,
        )
