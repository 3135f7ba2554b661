"""Whether the voxels of a file are labels, and the first that is none.

A label is a whole number from 0 on. Files of real numbers are often label maps all the same;
what cannot be a label is told with its place, never turned into another value.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["as_labels", "unfit_voxel"]

_WHOLE = 1e-3  # numbers this near to a whole one are rounding
_LARGEST = (1 << 31) - 1


def as_labels(array: NDArray, path: Path) -> NDArray[np.integer]:
    """Return label values as whole numbers, or name the first voxel that holds none.

    Parameters
    ----------
    array : ndarray, shape (…, Z, Y, X)
        As it lies in the file, NaN and infinities included.
    path : Path
        The file, for the message.

    Raises
    ------
    InputError
        If a value is negative, not finite, a fraction or too large.

    Examples
    --------
    >>> as_labels(np.array([[[0.0, 4.0]]]), Path("tumour.nii")).tolist()
    [[[0, 4]]]
    >>> as_labels(np.array([[[0.0, -1.0]]]), Path("tumour.nii"))
    Traceback (most recent call last):
    ...
    napari_radiogenomics.errors.InputError: tumour.nii holds -1 at voxel i, j, k = 1, 0, 0, \
which is no label: labels are whole numbers from 0 to 2147483647. Read it as an image \
(kind="image"), or correct it in the program that wrote it.
    """
    unfit = unfit_voxel(array)
    if unfit:
        raise InputError(
            f"{path} holds {unfit}, which is no label: labels are whole numbers from 0 to "
            f'{_LARGEST}. Read it as an image (kind="image"), or correct it in the program that '
            "wrote it."
        )
    if array.dtype.kind in "iu":
        return array
    rounded = np.round(array)
    return rounded.astype(np.uint8 if rounded.max(initial=0) < 256 else np.int32)


def unfit_voxel(array: NDArray) -> str:
    """Value and place of the first voxel that is no label; ``""`` where all are.

    Examples
    --------
    >>> unfit_voxel(np.array([[[0.0, np.nan]]]))
    'nan at voxel i, j, k = 1, 0, 0'
    """
    if array.dtype.kind in "bu" and array.dtype.itemsize < 4:
        return ""
    wrong = (array < 0) | (array > _LARGEST)
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # infinity less infinity
            wrong |= ~(np.abs(array - np.round(array)) < _WHOLE)
    if not wrong.any():
        return ""
    place = np.unravel_index(int(wrong.argmax()), array.shape)
    told = ", ".join(str(int(n)) for n in place[:-4:-1])
    return f"{array[place]:g} at voxel i, j, k = {told}"
