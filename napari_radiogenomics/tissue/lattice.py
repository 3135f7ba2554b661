"""The pixels that are worked on: a level of a slide, or blocks of its pixels, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.slide import Slide

__all__ = ["Lattice", "Tile", "lattice_of"]

# A level counts as near to the wanted resolution up to this factor coarser.
_COARSER = 1.5


@dataclass(frozen=True)
class Tile:
    """A block of the lattice.

    Attributes
    ----------
    rows, columns : slice
        Where it lies.
    """

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    def around(self, halo: int, shape: tuple[int, int]) -> Tile:
        """The tile with what lies around it, cut off at the border of the slide."""
        return Tile(*(
            slice(max(0, part.start - halo), min(size, part.stop + halo))
            for part, size in zip((self.rows, self.columns), shape, strict=True)
        ))  # fmt: skip

    def within(self, outer: Tile) -> tuple[slice, slice]:
        """Where it lies in an array of a tile around it."""
        return tuple(  # type: ignore[return-value]
            slice(own.start - out.start, own.stop - out.start)
            for own, out in ((self.rows, outer.rows), (self.columns, outer.columns))
        )


@dataclass(frozen=True, eq=False)
class Lattice:
    """Pixels of a slide at a working resolution.

    Attributes
    ----------
    level : array, shape (Y, X, 3)
        Level of the pyramid that is read.
    factor : int
        So many of its pixels, along each axis, are averaged into one.
    um : tuple of float
        Size of a pixel of the lattice along y and x in µm.
    shape : tuple of int
        Rows and columns.
    start_mm : tuple of float
        Where the lattice begins along y and x, in mm of the slide: half a pixel of the finest
        level before the center of its first one.
    """

    level: Any
    factor: int
    um: tuple[float, float]
    shape: tuple[int, int]
    start_mm: tuple[float, float]

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel in mm²."""
        return self.um[0] * self.um[1] / 1e6

    def read(self, tile: Tile) -> NDArray[np.uint8] | NDArray[np.float32]:
        """Pixels of a tile, shape (Y, X, 3), 0 to 255; whole numbers where none are averaged."""
        factor = self.factor
        rows, columns = (
            slice(part.start * factor, part.stop * factor) for part in (tile.rows, tile.columns)
        )
        pixels: NDArray[np.uint8] = np.asarray(self.level[rows, columns])
        if factor == 1:
            return pixels
        blocks = pixels.reshape(tile.shape[0], factor, tile.shape[1], factor, 3)
        averaged: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
        return averaged

    def tiles(self, size: int) -> Iterator[Tile]:
        """Tiles of so many pixels a side, row after row."""
        for top in range(0, self.shape[0], size):
            for left in range(0, self.shape[1], size):
                yield Tile(
                    slice(top, min(top + size, self.shape[0])),
                    slice(left, min(left + size, self.shape[1])),
                )

    def to_mm(self, rows: NDArray, columns: NDArray) -> tuple[NDArray, NDArray]:
        """Slide mm (x, y) of centers of pixels; fractions are allowed."""
        y, x = (
            start + (np.asarray(at, float) + 0.5) * um / 1000
            for at, um, start in zip((rows, columns), self.um, self.start_mm, strict=True)
        )
        return x, y

    def places_in(self, other: Lattice, tile: Tile) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of another lattice for each row and column of a tile."""
        found = []
        for axis, part in enumerate((tile.rows, tile.columns)):
            place = (np.arange(part.start, part.stop) + 0.5) * self.um[axis] / other.um[axis]
            found.append(np.minimum(place.astype(np.intp), other.shape[axis] - 1))
        return found[0], found[1]


def lattice_of(slide: Slide, wanted_um: float) -> Lattice:
    """Choose the level, and the blocks of its pixels, nearest to a resolution.

    Parameters
    ----------
    slide : Slide
        Of known pixel size.
    wanted_um : float
        Wanted size of a pixel in µm. A slide that is coarser is taken as it is.

    Examples
    --------
    >>> fine = np.zeros((400, 600, 3), np.uint8)
    >>> slide = Slide((fine, fine[::4, ::4]), um_per_pixel=(0.25, 0.25))
    >>> [(one.factor, one.um, one.shape) for one in (lattice_of(slide, w) for w in (0.5, 1, 8))]
    [(2, (0.5, 0.5), (200, 300)), (1, (1.0, 1.0), (100, 150)), (8, (8.0, 8.0), (12, 18))]
    """
    sizes = [slide.level_um_per_pixel(level) for level in range(len(slide.levels))]
    near = [n for n, size in enumerate(sizes) if sum(size) / 2 <= wanted_um * _COARSER]
    number = max(near, key=lambda n: sizes[n]) if near else 0
    level, um = slide.levels[number], sizes[number]
    rows, columns = (int(n) for n in level.shape[:2])
    factor = min(max(1, round(2 * wanted_um / sum(um))), rows, columns)
    finest = slide.level_um_per_pixel(0)
    return Lattice(
        level,
        factor,
        (um[0] * factor, um[1] * factor),
        (rows // factor, columns // factor),
        (-finest[0] / 2000, -finest[1] / 2000),
    )
