"""The moving window of a map of density: as wide as its objects ask for.

Objects are counted, and a count scatters by its root: where few lie in a window, its map shows
chance. Where many do, a wider one would smooth away what differs. The window under which each
object is best told by the others is between the two (likelihood cross-validation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.cells import disk_sums
from napari_radiogenomics.tissue.fields import Sums

__all__ = ["LEAST_OBJECTS", "best_window", "block_sums"]

# Fewer objects do not tell one window from another.
LEAST_OBJECTS = 20
# Each window has twice the area of the one before.
_NARROWEST_MM, _WIDER = 0.5, np.sqrt(2)
# Each pixel of the map lies as a whole in its window.
_PIXELS = 3.0


def best_window(sums: Sums, noun: str) -> float:
    """Diameter, in mm, of the window under which the objects are most likely.

    Each object is left out of the density that it is held against. Windows from 0.5 mm to the
    root of the area of the tissue are tried: one so wide has the same content everywhere.

    Parameters
    ----------
    sums : Sums
        By cell.
    noun : str
        What is counted.

    Raises
    ------
    InputError
        If there are too few objects, or too little tissue for two windows.

    References
    ----------
    Loader, Local Regression and Likelihood 1999, doi:10.1007/b98858, chapter 5 (likelihood
    cross-validation of a density); Diggle, Appl Stat 1985, doi:10.2307/2347366 (edges).
    """
    counts, step = sums.objects, sums.cells.per_step
    found = 0 if counts is None else int(counts.sum())
    if counts is None or found < LEAST_OBJECTS:
        raise InputError(
            f"{found} {noun or 'objects'} were counted, and {LEAST_OBJECTS} are needed to find a "
            'window by likelihood. Give window_mm with window_rule="fixed".'
        )
    pixel_mm = step * sums.cells.side_mm
    widest = np.sqrt(float(sums.tissue.sum()) * sums.lattice.pixel_mm2)
    narrowest = max(_NARROWEST_MM, _PIXELS * pixel_mm)
    number = int(np.floor(np.log(max(widest / narrowest, 1e-9)) / np.log(_WIDER) + 1e-9)) + 1
    if number < 2:
        raise InputError(
            f"Tissue of {widest**2:.2g} mm² has no room for two windows of {narrowest:g} mm or "
            'more to choose from. Give window_mm with window_rule="fixed".'
        )
    windows = np.round(narrowest * _WIDER ** np.arange(number), 2)
    told = [_log_likelihood(sums, counts, diameter / 2) for diameter in windows]
    # The widest of the windows that are alike in it, where all fail.
    return float(windows[len(told) - 1 - int(np.argmax(told[::-1]))])


def _log_likelihood(sums: Sums, counts: NDArray[np.int64], radius_mm: float) -> float:
    """Of Poisson's process whose density at an object is that of the others around it."""
    step, pixel_mm2 = sums.cells.per_step, sums.lattice.pixel_mm2
    radius = radius_mm / sums.cells.side_mm
    here = block_sums(counts, step)
    around = disk_sums(counts, radius, step)
    area = disk_sums(sums.tissue, radius, step) * pixel_mm2
    own = block_sums(sums.tissue, step) * pixel_mm2
    held, tissue = here > 0, own > 0
    if (around[held] < 2).any():
        return -np.inf  # one that no other is near to
    density = (around[held] - 1) / np.maximum(area[held], pixel_mm2)
    expected = float((own[tissue] * around[tissue] / area[tissue]).sum())
    return float((here[held] * np.log(density)).sum()) - expected


def block_sums(values: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Sums over the cells of each pixel of a map.

    Examples
    --------
    >>> block_sums(np.arange(6).reshape(2, 3), 2).tolist()
    [[8, 7]]
    """
    starts = [np.arange(0, size, step) for size in values.shape]
    sums: NDArray[np.int64] = np.add.reduceat(
        np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1
    )
    return sums
