"""Columns sorted by where they have values, so that each group can be computed at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["patterns_of"]


def patterns_of(known: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Sort columns by where they have values.

    Parameters
    ----------
    known : ndarray of bool, shape (N, K)
        Where there is a value.

    Returns
    -------
    list of (ndarray of bool, shape (N,), ndarray of int)
        Each pattern, and the columns that have it.
    """
    if known.all():
        return [(np.ones(len(known), bool), np.arange(known.shape[1]))]
    packed = np.packbits(known, axis=0).T.copy()
    columns: dict[bytes, list[int]] = {}
    for at, row in enumerate(packed):
        columns.setdefault(row.tobytes(), []).append(at)
    return [(known[:, own[0]], np.array(own, np.intp)) for own in columns.values()]
