"""Sums over small square cells of the slide, and what moving windows and fields make of them.

Tissue, stained area and objects are summed into cells of about 25 µm. Fields, hot spots and maps
are sums over cells, so that they are whole numbers, whatever the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.lattice import Lattice, Tile

__all__ = ["Cells", "cells_of", "disk_sums", "square_sums"]

_CELL_MM = 0.025


@dataclass(frozen=True)
class Cells:
    """A grid of cells over a lattice.

    Attributes
    ----------
    side_mm : float
        Of a cell.
    shape : tuple of int
        Rows and columns.
    per_step : int
        Cells along a pixel of a map.
    """

    side_mm: float
    shape: tuple[int, int]
    per_step: int

    def of(self, tile: Tile, lattice: Lattice) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of the cell of each row and column of a tile."""
        found = []
        for axis, part in enumerate((tile.rows, tile.columns)):
            middle = (np.arange(part.start, part.stop) + 0.5) * lattice.um[axis] / 1000
            place = np.floor(middle / self.side_mm + 1e-9).astype(np.intp)
            found.append(np.minimum(place, self.shape[axis] - 1))
        return found[0], found[1]

    def at(self, rows: NDArray, columns: NDArray, lattice: Lattice) -> NDArray[np.intp]:
        """Number of the cell of points on the lattice."""
        place = [
            np.floor((np.asarray(at, float) + 0.5) * um / 1000 / self.side_mm + 1e-9)
            for at, um in zip((rows, columns), lattice.um, strict=True)
        ]
        row, column = (
            np.clip(one.astype(np.intp), 0, size - 1)
            for one, size in zip(place, self.shape, strict=True)
        )
        found: NDArray[np.intp] = row * self.shape[1] + column
        return found

    def add(self, total: NDArray[np.int64], values: NDArray, tile: Tile, lattice: Lattice) -> None:
        """Add whole numbers, or a mask, of the pixels of a tile to their cells."""
        rows, columns = self.of(tile, lattice)
        starts = [np.flatnonzero(np.diff(one, prepend=-1)) for one in (rows, columns)]
        sums = np.add.reduceat(values.astype(np.int64), starts[0], axis=0)
        sums = np.add.reduceat(sums, starts[1], axis=1)
        total[np.ix_(rows[starts[0]], columns[starts[1]])] += sums


def cells_of(lattice: Lattice, step_mm: float) -> Cells:
    """Cells of which a whole number makes a pixel of the map.

    Raises
    ------
    InputError
        If a pixel of the map would be smaller than one of the lattice.
    """
    pixel = max(lattice.um) / 1000
    if not step_mm >= pixel:
        raise InputError(
            f"A pixel of the map of {step_mm:g} mm is smaller than one of the slide as it is "
            f"worked on, {pixel:g} mm. Make map_step_mm larger."
        )
    per_step = max(1, int(step_mm / max(_CELL_MM, pixel) + 1e-9))
    side = step_mm / per_step
    extent = [size * um / 1000 for size, um in zip(lattice.shape, lattice.um, strict=True)]
    rows, columns = (max(1, int(np.ceil(size / side - 1e-9))) for size in extent)
    return Cells(side, (rows, columns), per_step)


def square_sums(values: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """Sums over all squares of so many cells a side that lie on the slide.

    Examples
    --------
    >>> square_sums(np.arange(9).reshape(3, 3), 2).tolist()
    [[8, 12], [20, 24]]
    """
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.int64)
    total[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    sums: NDArray[np.int64] = (
        total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    )
    return sums


def disk_sums(values: NDArray[np.int64], radius: float, per_step: int) -> NDArray[np.int64]:
    """Sums over disks around the middles of the pixels of a map.

    Parameters
    ----------
    values : ndarray of int, shape (Y, X)
        By cell.
    radius : float
        In cells.
    per_step : int
        Cells along a pixel of the map.

    Returns
    -------
    ndarray of int
        One value a pixel of the map; what lies beyond the slide is 0.
    """
    shape = [-(-size // per_step) for size in values.shape]
    middle, reach = (per_step - 1) / 2, int(np.ceil(radius))
    ends = [
        (reach, size * per_step - had + reach)
        for size, had in zip(shape, values.shape, strict=True)
    ]
    padded = np.pad(values, ends)
    # A run of cells for each row of the disk: differences of running sums along the row.
    running = np.zeros((padded.shape[0], padded.shape[1] + 1), np.int64)
    running[:, 1:] = padded.cumsum(axis=1)
    rows, columns = (np.arange(size) * per_step + reach for size in shape)
    sums = np.zeros(shape, np.int64)
    for row in range(-reach, reach + per_step):
        half = radius**2 - (row - middle) ** 2
        if half >= 0:
            first = int(np.ceil(middle - np.sqrt(half) - 1e-9))
            last = int(np.floor(middle + np.sqrt(half) + 1e-9))
            ends_of = running[np.ix_(rows + row, columns + last + 1)]
            sums += ends_of - running[np.ix_(rows + row, columns + first)]
    return sums
