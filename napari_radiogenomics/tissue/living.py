"""Living tissue by its hematoxylin: what is dead has lost its nuclei, and takes less of a stain.

A pathologist scores living tumor only. Hypoxia is highest beside necrosis, and where dead tissue
is counted a map of the stain turns back there, or the whole of it turns round.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.ground import Ground
from napari_radiogenomics.tissue.stains import amount, optical_density

__all__ = ["LIVING_WINDOW_MM", "turned_notes", "without_dead"]

# Several nuclei wide, so that what lies between two of them is no dead tissue.
LIVING_WINDOW_MM = 0.1
# Hematoxylin where it is least, as a part of where it is most, below which nuclei are lost.
_LOST = 0.8
_ENDS = (0.1, 0.9)  # of the windows
# Rank correlation of stain and hematoxylin above which a map follows what is alive.
_TURNED = 0.3
_LEAST_WINDOWS = 20


def without_dead(ground: Ground, matrix: NDArray[np.float64], least_od: float) -> Ground:
    """Leave out tissue that has too little hematoxylin, and say how much.

    Parameters
    ----------
    ground : Ground
        The slide at low power.
    matrix : ndarray, shape (S, 3)
        Vectors of the stains; the first is hematoxylin.
    least_od : float
        Mean amount of hematoxylin in the tissue of a window of 0.1 mm from which on it is living.

    Raises
    ------
    InputError
        If nothing is left.
    """
    found = amount(optical_density(ground.pixels, ground.white), matrix, 0)
    mean = _mean_within(found, ground.tissue, LIVING_WINDOW_MM, ground)
    living = mean >= least_od
    counted, left = int(ground.counted.sum()), int((ground.counted & living).sum())
    if not left:
        most = float(mean[ground.counted].max())
        raise InputError(
            f"No tissue has a mean of {least_od:g} OD of hematoxylin or more; the most is "
            f"{most:.2g}. Lower living_od, or set it to 0 to count all tissue."
        )
    dead_mm2 = (counted - left) * ground.lattice.pixel_mm2
    note = (
        f"{100 * (1 - left / counted):.0f} % of the tissue ({dead_mm2:.3g} mm²) has a mean of less "
        f"than {least_od:g} OD of hematoxylin: left out as dead."
    )
    return replace(ground, inside=ground.inside & living, notes=(*ground.notes, note))


def turned_notes(
    ground: Ground, matrix: NDArray[np.float64], stain: int, window_mm: float
) -> tuple[str, ...]:
    """Say where the stain falls with the nuclei: then its map may show what is dead turned round.

    Hypoxia rises towards necrosis, and nuclei are lost there: the stain of a section and its
    hematoxylin go opposite ways. Where they fall together, dead tissue that takes less stain
    makes the map.

    Parameters
    ----------
    ground : Ground
        The slide at low power; what is left out as dead no longer counts.
    matrix : ndarray, shape (S, 3)
        Vectors of the stains; the first is hematoxylin.
    stain : int
        Which one tells hypoxia.
    window_mm : float
        Of the map.
    """
    from scipy.stats import spearmanr

    step = [max(1, round(window_mm * 500 / um)) for um in ground.lattice.um]  # half a window
    places = np.zeros_like(ground.counted)
    places[:: step[0], :: step[1]] = True
    places &= ground.counted
    if places.sum() < _LEAST_WINDOWS:
        return ()
    density = optical_density(ground.pixels, ground.white)
    nuclei, stained = (
        _mean_within(np.maximum(amount(density, matrix, one), 0), ground.counted, window_mm, ground)
        for one in (0, stain)
    )
    least, most = np.quantile(nuclei[places], _ENDS)
    if least > _LOST * most or np.ptp(stained[places]) == 0:
        return ()
    together = float(spearmanr(nuclei[places], stained[places]).statistic)
    if together <= _TURNED:
        return ()
    return (
        f"The stain is low where nuclei are few (rank correlation {together:.2f} in windows of "
        f"{window_mm:g} mm): dead tissue takes less of it, though hypoxia is highest beside it, "
        "and the maps may be turned round. Look at the section, and leave dead tissue out by "
        "living_od (0.2 is a start).",
    )


def _mean_within(
    values: NDArray, held: NDArray[np.bool_], window_mm: float, ground: Ground
) -> NDArray[np.float64]:
    """Mean over the tissue in a square window around each pixel; 0 where there is none."""
    from scipy import ndimage

    size = [max(1, round(window_mm * 1000 / um)) for um in ground.lattice.um]
    total, weight = (
        ndimage.uniform_filter(one.astype(float), size, mode="constant")
        for one in (np.where(held, values, 0), held)
    )
    mean: NDArray[np.float64] = np.divide(
        total, weight, out=np.zeros_like(total), where=weight > 0.5 / np.prod(size)
    )
    return mean
