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

__all__ = ["LIVING_WINDOW_MM", "without_dead"]

# Several nuclei wide, so that what lies between two of them is no dead tissue.
LIVING_WINDOW_MM = 0.1


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
    from scipy import ndimage

    size = [max(1, round(LIVING_WINDOW_MM * 1000 / um)) for um in ground.lattice.um]
    found = amount(optical_density(ground.pixels, ground.white), matrix, 0)
    total, weight = (
        ndimage.uniform_filter(values.astype(float), size, mode="constant")
        for values in (np.where(ground.tissue, found, 0), ground.tissue)
    )
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
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
