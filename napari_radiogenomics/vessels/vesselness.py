"""What a vesselness is: one module in ``filters/`` that defines ``VESSELNESS``.

Letters: V voxels, D dimensions (3, or 2 for a single slice).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registry import Registry

__all__ = ["FILTERS", "Vesselness"]


@dataclass(frozen=True)
class Vesselness:
    """One way to tell from second derivatives how much a voxel looks like a vessel.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    meaning : str
        What a high value says, in plain words.
    respond : callable
        ``respond(curvatures) -> ndarray, shape (V,)``, 0 or more. ``curvatures``, shape (V, D),
        are the eigenvalues of the Hessian times the squared scale, turned so that across a
        vessel they are positive, the highest first.
    in_unit : bool
        Whether the response is in the unit of the scan; else it has none.
    doi : str
        Where it is described.
    limits : str
        When not to trust it.
    """

    name: str
    title: str
    meaning: str
    respond: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    in_unit: bool
    doi: str = ""
    limits: str = ""


FILTERS: Registry[Vesselness] = Registry(
    "napari_radiogenomics.vessels.filters",
    attribute="VESSELNESS",
    noun="vesselness",
    group="napari_radiogenomics.vesselness",
)
