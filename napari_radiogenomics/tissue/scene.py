"""A slide made ready to be measured, and what is seen in a tile of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.tissue.cells import Cells
from napari_radiogenomics.tissue.ground import Ground
from napari_radiogenomics.tissue.lattice import Lattice, Tile
from napari_radiogenomics.tissue.stains import amount, optical_density

__all__ = ["Scene", "disk"]


@dataclass(frozen=True, eq=False)
class Scene:
    """A slide, its stain and its tissue.

    Attributes
    ----------
    lattice : Lattice
        Pixels that are worked on.
    ground : Ground
        The slide at low power.
    cells : Cells
        What is summed into.
    matrix : ndarray, shape (S, 3)
        Vectors of the stains.
    stain : int
        Which one is measured.
    background : ndarray of float32
        Its usual amount around each place, on the lattice of the ground; zeros where what
        counts is the amount itself.
    tile : int
        Side of a tile in pixels.
    """

    lattice: Lattice
    ground: Ground
    cells: Cells
    matrix: NDArray[np.float64]
    stain: int
    background: NDArray[np.float32]
    tile: int

    def tiles(self, progress: Progress, what: str) -> Iterator[Tile]:
        """Tiles that hold tissue, row after row."""
        held = [tile for tile in self.lattice.tiles(self.tile) if self._touches(tile)]
        return progress(held, what)

    def _touches(self, tile: Tile) -> bool:
        rows, columns = self.lattice.places_in(self.ground.lattice, tile)
        part = self.ground.searched[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return bool(part.any())

    def contrast(self, tile: Tile) -> NDArray[np.float32]:
        """Amount of the stain above its local background."""
        density = optical_density(self.lattice.read(tile), self.ground.white)
        return amount(density, self.matrix, self.stain) - self.at(tile, self.background)

    def at(self, tile: Tile, values: NDArray) -> NDArray:
        """What is known at low power, at the pixels of a tile."""
        rows, columns = self.lattice.places_in(self.ground.lattice, tile)
        found: NDArray = values[rows[:, None], columns]
        return found

    def tissue_by_cell(self, progress: Progress) -> NDArray[np.int64]:
        """Pixels of counted tissue in each cell."""
        counted = self.ground.counted
        total = np.zeros(self.cells.shape, np.int64)
        for tile in self.tiles(progress, "Tissue"):
            self.cells.add(total, self.at(tile, counted), tile, self.lattice)
        return total

    def inside(self, rows: NDArray, columns: NDArray) -> NDArray[np.bool_]:
        """Whether points on the lattice lie in the region."""
        other = self.ground.lattice
        places = [
            np.minimum(((np.asarray(at) + 0.5) * um / low).astype(np.intp), size - 1)
            for at, um, low, size in zip(
                (rows, columns), self.lattice.um, other.um, other.shape, strict=True
            )
        ]
        found: NDArray[np.bool_] = self.ground.inside[places[0], places[1]]
        return found


def disk(radius_um: float, um: tuple[float, float]) -> NDArray[np.bool_]:
    """Pixels whose centers lie within a radius, as a footprint of odd sides."""
    reach = [int(radius_um / size + 1e-9) for size in um]
    y, x = np.ogrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    found: NDArray[np.bool_] = (y * um[0]) ** 2 + (x * um[1]) ** 2 <= radius_um**2 * (1 + 1e-9)
    return found
