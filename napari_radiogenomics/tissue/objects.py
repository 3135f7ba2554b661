"""Stained objects, labeled tile by tile and joined across the borders of tiles.

Each tile is labeled by itself. Labels that touch those of the tiles to the left and above are
noted as pairs, and what is connected by pairs is one object: none is cut or counted twice,
however long it is, and only a row of pixels is kept from tile to tile.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.tissue.lattice import Lattice, Tile

__all__ = ["Joined", "Objects"]

_TOUCHING = np.ones((3, 3))


@dataclass(frozen=True, eq=False)
class Objects:
    """Objects of a slide.

    Attributes
    ----------
    table : DataFrame
        One row an object: ``row, column`` of its center on the lattice, ``pixels``.
    parts : DataFrame
        Where the pixels of each lie: ``object`` (row of the table), ``cell``, ``pixels``.
    """

    table: pd.DataFrame
    parts: pd.DataFrame

    def kept(self, which: NDArray[np.bool_]) -> Objects:
        """Only some of them, numbered anew."""
        number = np.cumsum(which) - 1
        parts = self.parts[which[self.parts["object"].to_numpy()]]
        parts = parts.assign(object=number[parts["object"].to_numpy()])
        return Objects(self.table[which].reset_index(drop=True), parts.reset_index(drop=True))


@dataclass(eq=False)
class Joined:
    """Collects objects from tiles, which come row after row.

    Parameters
    ----------
    lattice : Lattice
        That is worked on.
    n_cells : int
        How many cells there are.
    """

    lattice: Lattice
    n_cells: int
    _above: NDArray[np.int64] = field(init=False)
    _below: NDArray[np.int64] = field(init=False)
    _left: NDArray[np.int64] = field(init=False)
    _band: tuple[int, int] = (0, 0)
    _left_end: int = -1
    _count: int = 0
    _sums: list[NDArray[np.int64]] = field(default_factory=list)
    _pairs: list[NDArray[np.int64]] = field(default_factory=list)
    _parts: list[NDArray[np.int64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A column beside each border, so that neighbors across corners need no exception.
        self._above = np.zeros(self.lattice.shape[1] + 2, np.int64)
        self._below = np.zeros_like(self._above)
        self._left = np.zeros(0, np.int64)

    def add(
        self,
        tile: Tile,
        connected: NDArray[np.bool_],
        stained: NDArray[np.bool_],
        cells: tuple[NDArray[np.intp], NDArray[np.intp], int],
    ) -> None:
        """Add the objects of a tile.

        Parameters
        ----------
        tile : Tile
            Where; to the right of or below those that were added before.
        connected : ndarray of bool
            What hangs together, pixels of gaps included.
        stained : ndarray of bool
            Which of these pixels are stained: only they have an area.
        cells : tuple
            Row and column of the cell of each row and column of the tile, and how many
            columns of cells there are.
        """
        from scipy import ndimage

        self._move_to(tile)
        local, count = ndimage.label(connected, _TOUCHING)
        labels = np.where(local > 0, local + self._count, 0).astype(np.int64)
        self._count += count
        self._pair(labels, tile)
        self._sum(local, stained, tile, count)
        self._place(labels, stained, cells)

    def _move_to(self, tile: Tile) -> None:
        band = (tile.rows.start, tile.rows.stop)
        if band != self._band:
            # Where a band of tiles was left out, nothing is above.
            follows = self._band[1] == band[0]
            self._above = self._below if follows else np.zeros_like(self._above)
            self._below = np.zeros_like(self._above)
            self._band, self._left_end = band, -1
        if self._left_end != tile.columns.start:
            self._left = np.zeros(tile.shape[0], np.int64)

    def _pair(self, labels: NDArray[np.int64], tile: Tile) -> None:
        """Note which labels touch others, sides and corners alike."""
        start, width = tile.columns.start, tile.shape[1]
        for shift in (-1, 0, 1):
            above = self._above[start + 1 + shift : start + 1 + shift + width]
            self._note(labels[0], above)
            own = labels[max(0, -shift) : len(labels) - max(0, shift), 0]
            self._note(own, self._left[max(0, shift) : len(labels) - max(0, -shift)])
        self._below[start + 1 : start + 1 + width] = labels[-1]
        self._left, self._left_end = labels[:, -1].copy(), tile.columns.stop

    def _note(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> None:
        both = (one > 0) & (other > 0)
        if both.any():
            self._pairs.append(np.unique(np.stack([one[both], other[both]], axis=1), axis=0))

    def _sum(self, local: NDArray, stained: NDArray[np.bool_], tile: Tile, count: int) -> None:
        rows, columns = np.nonzero(stained & (local > 0))
        which = local[rows, columns]
        sums = [
            np.bincount(which, weights, count + 1)[1:]
            for weights in (None, rows + tile.rows.start, columns + tile.columns.start)
        ]
        self._sums.append(np.rint(np.stack(sums, axis=1)).astype(np.int64))

    def _place(
        self,
        labels: NDArray[np.int64],
        stained: NDArray[np.bool_],
        cells: tuple[NDArray[np.intp], NDArray[np.intp], int],
    ) -> None:
        rows, columns = np.nonzero(stained & (labels > 0))
        cell = cells[0][rows] * cells[2] + cells[1][columns]
        # One number for a label and a cell: pairs would be sorted ten times as slowly.
        keys, pixels = np.unique(labels[rows, columns] * self.n_cells + cell, return_counts=True)
        self._parts.append(np.stack([*np.divmod(keys, self.n_cells), pixels], axis=1))

    def objects(self) -> Objects:
        """All objects, in the order of their first pixels in the tiles."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        sums = np.concatenate([*self._sums, np.zeros((0, 3), np.int64)])
        pairs = np.concatenate([*self._pairs, np.zeros((0, 2), np.int64)]) - 1
        parts = np.concatenate([*self._parts, np.zeros((0, 3), np.int64)])
        ones = np.ones(len(pairs), bool)
        graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(sums),) * 2)
        count, owner = connected_components(graph, directed=False) if len(sums) else (0, [])
        whole = np.zeros((count, 3), np.int64)
        np.add.at(whole, owner, sums)
        table = _table(whole)
        place = pd.DataFrame(
            {"object": np.asarray(owner, np.int64)[parts[:, 0] - 1], "cell": parts[:, 1],
             "pixels": parts[:, 2]}
        ).groupby(["object", "cell"], as_index=False).sum()  # fmt: skip
        found = Objects(table, place)
        return found.kept((table["pixels"] > 0).to_numpy())


def _table(whole: NDArray[np.int64]) -> pd.DataFrame:
    pixels = np.maximum(whole[:, 0], 1)
    return pd.DataFrame(
        {"row": whole[:, 1] / pixels, "column": whole[:, 2] / pixels, "pixels": whole[:, 0]}
    )
