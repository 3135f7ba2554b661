"""What is added plane by plane along x, compiled: the parts that kernels of planes share.

Letters: S rows of cells along x in a kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    fill,
    load,
    load_at,
    store,
    where_positive,
)

__all__ = ["GROUPS", "LONGEST", "copy_run", "gain", "window"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Vector = Any

# Voxels of a run that are worked on at once, in groups of `LANES`.
GROUPS = 4
LONGEST = GROUPS * LANES


@njit(cache=True, nogil=True, error_model="numpy")
def copy_run(
    levels: Levels, at: int, strands: Places, width: int, reference: int, tile: Reals, step: int
) -> None:
    """Copy what lies around a run, less the reference; NaN where a voxel does not count."""
    for s in range(strands.size):
        for x in range(width):
            level = levels[np.uint64(at + strands[s] + x)]
            tile[s * step + x] = np.float64(level - reference) if level > 0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def window(planes: Reals, row: int, step: int, group: int, n_planes: int) -> Vector:
    """Sum over the planes of each voxel of a group."""
    total = fill(0.0)
    for p in range(n_planes):
        total = total + load_at(planes, (row * step + group) * LANES + p)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def gain(found: Reals, feature: int, group: int, counts: Vector, value: Vector) -> None:
    """Add what an angle that holds a pair says."""
    row = feature * GROUPS + group
    store(found, row, load(found, row) + where_positive(counts, value, fill(0.0)))
