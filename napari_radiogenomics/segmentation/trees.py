"""The kernel that lets voxels fall through a decision tree."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["fall"]


@njit(cache=True, nogil=True)
def fall(
    table: NDArray[np.float32],
    root: int,
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    share: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Add to ``found`` (V, C) the shares of the leaf that each row of ``table`` (V, F) reaches.

    No bounds checking: every child is a later node, and every feature a column of the table.
    """
    for row in range(table.shape[0]):
        node = root
        while feature[node] >= 0:
            goes_left = table[row, feature[node]] <= threshold[node]
            node = left[node] if goes_left else right[node]
        for n in range(share.shape[1]):
            found[row, n] += share[node, n]
