"""Sato's vesselness: the geometric mean of the two strongest curvatures across a vessel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.vessels.vesselness import Vesselness

__all__ = ["VESSELNESS"]


def _respond(curvatures: NDArray[np.float32]) -> NDArray[np.float32]:
    across = np.maximum(curvatures[:, :-1], 0)
    response: NDArray[np.float32] = (
        np.sqrt(across.prod(axis=1)) if across.shape[1] > 1 else across[:, 0]
    )
    return response


VESSELNESS = Vesselness(
    "sato",
    "Sato",
    "how bright a tube stands out from what surrounds it, in the unit of the scan",
    _respond,
    in_unit=True,
    doi="10.1016/S1361-8415(98)80009-1",
    limits="Responds to the edges of bright bodies too; those close to the region are left out.",
)
