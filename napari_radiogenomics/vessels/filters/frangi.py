"""Frangi's vesselness: like a tube, unlike a sheet or a ball, and above the noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.vessels.vesselness import Vesselness

__all__ = ["VESSELNESS"]

# Frangi's own weights of sheet against tube, and of ball against tube.
_ALPHA, _BETA = 0.5, 0.5


def _respond(curvatures: NDArray[np.float32]) -> NDArray[np.float32]:
    size = np.sqrt((curvatures**2).sum(axis=1))
    # Half the largest norm, as the paper proposes: a response is relative to the scan.
    gamma = size.max(initial=0) / 2
    if gamma == 0:
        return np.zeros(len(curvatures), np.float32)
    strongest, weakest = np.maximum(curvatures[:, 0], 1e-12), np.abs(curvatures[:, -1])
    inside = (curvatures[:, :-1] > 0).all(axis=1)
    response = 1 - np.exp(-(size**2) / (2 * gamma**2))
    if curvatures.shape[1] == 2:
        response *= np.exp(-((weakest / strongest) ** 2) / (2 * _BETA**2))
    else:
        second = np.maximum(curvatures[:, 1], 1e-12)
        response *= 1 - np.exp(-((second / strongest) ** 2) / (2 * _ALPHA**2))
        response *= np.exp(-(weakest**2 / (strongest * second)) / (2 * _BETA**2))
    return np.where(inside, response, 0).astype(np.float32)


VESSELNESS = Vesselness(
    "frangi",
    "Frangi",
    "how much it looks like a tube, from 0 to 1",
    _respond,
    in_unit=False,
    doi="10.1007/BFb0056195",
    limits="Relative to the strongest structure nearby: bone or metal makes vessels look faint.",
)
