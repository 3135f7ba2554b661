"""Fields of view: systematic ones with a random start, and hot spots.

Hot spots find the most there is and are the practice of pathologists (Weidner 1991; Chalkley,
the mean of three). Systematic fields find the mean of the section without a choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.tissue.cells import Cells, square_sums
from napari_radiogenomics.tissue.lattice import Lattice

__all__ = ["Sums", "fields_table", "hot_spots", "systematic"]

# A hot spot in a field that is half empty says little.
LEAST_TISSUE = 0.5
_HOT_SPOTS = 3
# Spacings are tried from the widest, each so much narrower.
_NARROWER = 0.97


@dataclass(frozen=True, eq=False)
class Sums:
    """What lies in each cell.

    Attributes
    ----------
    objects : ndarray of int or None
        Centers of objects; None where there are no objects.
    stained, tissue : ndarray of int
        Pixels.
    lattice : Lattice
        Whose pixels.
    cells : Cells
        The grid.
    amount : ndarray of int or None
        Amount of stain in steps, where it is summed.
    """

    objects: NDArray[np.int64] | None
    stained: NDArray[np.int64]
    tissue: NDArray[np.int64]
    lattice: Lattice
    cells: Cells
    amount: NDArray[np.int64] | None = None

    def field_mm2(self, side: int) -> float:
        """Area of a square of so many cells a side."""
        return float((side * self.cells.side_mm) ** 2)


def systematic(sums: Sums, side: int, count: int, seed: int) -> NDArray[np.intp]:
    """Corners of fields on a regular grid with a uniform random start.

    Parameters
    ----------
    sums : Sums
        By cell.
    side : int
        Of a field, in cells.
    count : int
        At least so many fields, as far as they fit without overlap.
    seed : int
        Of the start.

    Returns
    -------
    ndarray, shape (N, 2)
        First row and column of cells of each field that holds tissue; negative where it begins
        before the slide does.
    """
    # Fields may reach beyond the slide, so that its edge is seen as often as its middle.
    touched = square_sums(np.pad(sums.tissue, side), side) > 0
    start = np.random.default_rng(seed).random(2)
    tissue_cells = sums.tissue.sum() * sums.lattice.pixel_mm2 / sums.cells.side_mm**2
    spacing = max(side, int(np.sqrt(tissue_cells / count)))
    while True:
        first = (start * spacing).astype(int)
        grid = np.zeros_like(touched)
        grid[first[0] :: spacing, first[1] :: spacing] = True
        corners: NDArray[np.intp] = np.argwhere(grid & touched) - side
        if len(corners) >= count or spacing == side:
            return corners
        spacing = max(side, min(spacing - 1, int(spacing * _NARROWER)))


def hot_spots(sums: Sums, side: int) -> NDArray[np.intp]:
    """Corners of the fields with most objects, the next ones where they do not overlap."""
    found: list[NDArray[np.intp]] = []
    if sums.objects is None or min(sums.cells.shape) < side:
        return np.zeros((0, 2), np.intp)
    counts, stained = square_sums(sums.objects, side), square_sums(sums.stained, side)
    free = _enough_tissue(sums, side)
    for _ in range(_HOT_SPOTS):
        if not free.any():
            break
        most = free & (counts == counts[free].max())
        most &= stained == stained[most].max()  # among equals the one with more endothelium
        row, column = np.argwhere(most)[0]
        found.append(np.array([row, column]))
        free[max(0, row - side + 1) : row + side, max(0, column - side + 1) : column + side] = False
    return np.array(found, np.intp).reshape(-1, 2)


def _enough_tissue(sums: Sums, side: int) -> NDArray[np.bool_]:
    tissue = square_sums(sums.tissue, side) * sums.lattice.pixel_mm2
    enough: NDArray[np.bool_] = tissue >= LEAST_TISSUE * sums.field_mm2(side)
    return enough


def fields_table(
    sums: Sums, corners: NDArray[np.intp], side: int, kind: str, noun: str
) -> pd.DataFrame:
    """One row a field.

    Parameters
    ----------
    sums : Sums
        By cell.
    corners : ndarray, shape (N, 2)
        Where they begin.
    side : int
        In cells.
    kind : str
        ``"systematic"`` or ``"hot spot"``.
    noun : str
        What the objects are, or what area is positive.
    """
    at = tuple((corners + side).T)

    def within(values: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = square_sums(np.pad(values, side), side)[at]
        return found

    area = within(sums.tissue)
    middle = (corners + side / 2) * sums.cells.side_mm + np.array(sums.lattice.start_mm)
    table = pd.DataFrame({"kind": kind, "x_mm": middle[:, 1], "y_mm": middle[:, 0]})
    table["tissue_mm2"] = area * sums.lattice.pixel_mm2
    if sums.objects is not None:
        table[noun] = within(sums.objects)
        table[f"{noun}_per_mm2"] = table[noun] / table["tissue_mm2"]
    table["area_percent"] = 100 * within(sums.stained) / area
    return table
