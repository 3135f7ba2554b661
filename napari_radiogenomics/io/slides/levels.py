"""Levels of a slide as lazy arrays: a slice reads its tiles, a damaged tile is named.

Strategy: dask passes a slice on to the reader of a level (it fuses slicing with reading), so its
blocks need not be tiles. They are larger, because dask walks over all of them for each slice:
at 100,000 × 80,000 pixels that takes 80 ms with blocks of 256 pixels, and 6 ms with 1024.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["UNREADABLE", "Level", "check_corner", "lazy_level"]

# What decoders raise at damaged tiles; those of imagecodecs are RuntimeErrors.
UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, TypeError, LookupError, struct.error, zlib.error,
)  # fmt: skip
_BLOCK = 1024

Reader = Callable[[int, int, int, int], NDArray[np.uint8]]
"""``reader(top, bottom, left, right)`` answers with those pixels, shape (Y, X, 3), uint8."""


class Level:
    """One level of a slide, for dask: slicing reads.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    reader : callable
        As `Reader`.
    path : Path
        Of the file, for messages.
    number : int
        Of the level; 0 is the finest.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, shape: tuple[int, int], reader: Reader, path: Path, number: int) -> None:
        self.shape = (*shape, 3)
        self._reader, self._path, self._number = reader, path, number

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[np.uint8]:
        """Read pixels; the key is as dask makes it: a slice, whole numbers or one for each axis.

        Raises
        ------
        InputError
            If they cannot be decoded; says where they lie and what to do.
        """
        wanted = [np.arange(size)[one] for one, size in zip(key, self.shape, strict=True)]
        if not all(one.size for one in wanted):
            return np.zeros([one.size for one in wanted if one.ndim], np.uint8)
        rows, columns, channels = wanted
        box = int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1
        try:
            found = self._reader(*box)
        except InputError:
            raise
        except UNREADABLE as error:
            raise self._damaged(box, error) from error
        found = found[_local(rows)][..., _local(columns), :]
        return found[..., channels]

    def _damaged(self, box: tuple[int, int, int, int], error: Exception) -> InputError:
        top, bottom, left, right = box
        return InputError(
            f"{self._path} has a damaged picture: its tiles at rows {top} to {bottom}, columns "
            f"{left} to {right} of level {self._number} cannot be decoded. Copy or export it "
            f"again. ({type(error).__name__}: {error})"
        )


def _local(wanted: NDArray[np.int64]) -> Any:
    """Places within the box of what is wanted; all of them as a slice, which copies nothing."""
    places = wanted - wanted.min()
    whole = wanted.ndim == 1 and np.array_equal(places, np.arange(places.size))
    return slice(None) if whole else places


def lazy_level(
    shape: tuple[int, int],
    reader: Reader,
    *,
    path: Path,
    number: int,
    tile: tuple[int, int] = (256, 256),
) -> Any:
    """Make the lazy (Y, X, 3) array of one level.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    reader : callable
        As `Reader`; it may be called from several threads.
    path : Path
        Of the file, for messages.
    number : int
        Of the level; 0 is the finest.
    tile : tuple of int, optional
        Rows and columns of what the file stores as one; blocks are multiples of it.

    Examples
    --------
    >>> def reader(top, bottom, left, right):
    ...     return np.full((bottom - top, right - left, 3), 7, np.uint8)
    >>> level = lazy_level((100_000, 80_000), reader, path=Path("a.tif"), number=0)
    >>> level[5:9, 50_000:50_002].compute().shape
    (4, 2, 3)
    """
    import uuid

    import dask.array as da

    blocks = tuple(
        min(size, max(side, _BLOCK // side * side)) for size, side in zip(shape, tile, strict=True)
    )
    return da.from_array(
        Level(shape, reader, path, number),
        chunks=(*blocks, 3),
        name=f"slide-{uuid.uuid4().hex}",  # the content of a slide is too large to be hashed
        meta=np.empty((0, 0, 0), np.uint8),
    )


def check_corner(level: Any) -> None:
    """Decode a corner of a level, so that damage is told when the slide is opened.

    Raises
    ------
    InputError
        If it cannot be decoded.
    """
    level[:1, :1].compute(scheduler="synchronous")
