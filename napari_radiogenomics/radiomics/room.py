"""Room for results: in memory while they are small, else in a file that goes with them."""

from __future__ import annotations

import mmap
import shutil
import tempfile
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["let_go", "room_for"]

# Bytes that results may take in memory; more of them lie in a file.
MOST_IN_MEMORY = 1 << 27


def room_for(shape: tuple[int, ...], total: int) -> NDArray[np.float64]:
    """An array to be filled, zero or anything at first.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    total : int
        Numbers that it and the other results of the same work hold together.

    Returns
    -------
    ndarray of float64
        A memory map of a nameless temporary file where ``total`` is large. The file is gone
        when nobody uses the array any more.

    Raises
    ------
    InputError
        If the folder of temporary files is too small.

    Examples
    --------
    >>> room_for((2, 3), total=6).shape
    (2, 3)
    """
    if total * 8 <= MOST_IN_MEMORY:
        return np.empty(shape)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if total * 8 > 0.9 * free:
        raise InputError(
            f"The results need {total * 8 / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in "
            f"{tempfile.gettempdir()}. Choose fewer features, or set TMPDIR to a larger disk."
        )
    with tempfile.TemporaryFile(prefix="radiogenomics-") as file:
        return np.memmap(file, np.float64, "w+", shape=shape)


def let_go(array: NDArray[np.float64]) -> None:
    """Give the memory of an array back that lies in a file; its values stay.

    Examples
    --------
    >>> array = np.ones(3)
    >>> let_go(array)
    >>> array.tolist()
    [1.0, 1.0, 1.0]
    """
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        cast(Any, base).madvise(mmap.MADV_DONTNEED)
