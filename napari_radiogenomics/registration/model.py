"""What a model is: one module in ``models/`` that defines ``MODEL``.

Letters: N landmarks. A layout says where they lie: both sides in a plane (two slides), both in
space (two scans), or a plane in space (a slide in a scan).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.transform import Step
from napari_radiogenomics.registry import Registry

__all__ = ["MODELS", "Fit", "Layout", "Model"]

Reals = NDArray[np.float64]
Layout = Literal["plane", "space", "plane in space"]


@dataclass(frozen=True, eq=False)
class Fit:
    """What a model is fitted to.

    Attributes
    ----------
    source, target : ndarray, shape (N, 3)
        Landmarks in mm, pair by pair; of a plane in space the source lies in the plane.
    weights : ndarray, shape (N,)
        How much each pair counts, above 0.
    layout : str
        Where they lie.
    mirror : bool
        Whether one side is the mirror image of the other.
    stiffness : float
        Of a thin-plate spline.
    """

    source: Reals
    target: Reals
    weights: Reals
    layout: Layout
    mirror: bool = False
    stiffness: float = 0.0


@dataclass(frozen=True)
class Model:
    """One kind of map between landmarks.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    meaning : str
        What it allows, in plain words.
    least : Mapping
        For each layout, how many landmarks fix it.
    fit : callable
        ``fit(Fit) -> ndarray (4, 4) or ThinPlate``, from the source to the target.
    doi : str
        Where it is described.
    limits : str
        When not to trust it.
    """

    name: str
    title: str
    meaning: str
    least: Mapping[Layout, int]
    fit: Callable[[Fit], Step]
    doi: str = ""
    limits: str = ""


MODELS: Registry[Model] = Registry(
    "napari_radiogenomics.registration.models",
    attribute="MODEL",
    noun="model of a registration",
    group="napari_radiogenomics.registration_models",
)
