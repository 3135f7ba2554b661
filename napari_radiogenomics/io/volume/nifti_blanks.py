"""NaN and infinities of a NIfTI-1 file: the library under SimpleITK reads them as zeros.

A map is NaN outside its region, and 0 there would be taken for a measurement.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["with_blanks"]

_HEADER = 348
_WIDTH = {16: 4, 64: 8}  # datatype codes of float32 and float64


def with_blanks(array: NDArray, path: Path) -> NDArray:
    """Put values that are not finite back into an array of real numbers.

    Parameters
    ----------
    array : ndarray, shape (…, Z, Y, X)
        As SimpleITK read it.
    path : Path
        The file, NIfTI-1, known to be whole.
    """
    if array.dtype.kind != "f" or (array != 0).all():
        return array
    stored = _stored_reals(path, array.size)
    blank = ~np.isfinite(stored)
    if not blank.any():
        return array
    found = array.copy()
    found[blank.reshape(array.shape)] = stored[blank]
    return found


def _stored_reals(path: Path, count: int) -> NDArray[np.floating]:
    """Values as they lie in the file, in the order of the array; none where they are whole."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path) if compressed else path.open("rb") as file:
        header = file.read(_HEADER)
        order = "<" if int(np.frombuffer(header, "<i4", 1)[0]) == _HEADER else ">"
        width = _WIDTH.get(int(np.frombuffer(header, f"{order}i2", 1, 70)[0]))
        if width is None:
            return np.zeros(0)
        file.seek(int(np.frombuffer(header, f"{order}f4", 1, 108)[0]))
        data = file.read(count * width)
    return np.frombuffer(data, f"{order}f{width}")
