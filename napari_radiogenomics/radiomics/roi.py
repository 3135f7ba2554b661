"""A region of interest: which voxels it has, and what there is to measure in them.

Letters: N voxels of the region, A angles.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.discretize import Binning, Standard
from napari_radiogenomics.radiomics.lattice import directions

__all__ = [
    "MOST_MATRIX_LEVELS",
    "MatrixSettings",
    "Region",
    "lengths",
]

# A matrix of more gray levels than this is nearly empty, and its square fills the memory.
MOST_MATRIX_LEVELS = 5000


@dataclass(frozen=True)
class MatrixSettings:
    """How the matrices of gray levels are made.

    Attributes
    ----------
    distances : tuple of int
        How far apart neighbors are, in voxels along the longest axis.
    symmetrical : bool
        Count a pair of neighbors both ways (GLCM).
    weighting_norm : str or None
        Join the angles (GLCM, GLRLM), weighted by their length in mm by this norm:
        "manhattan", "euclidean", "infinity", or all alike with "no_weighting". Without it, a
        feature is the mean over the angles.
    alpha : int
        Gray levels that dependent neighbors may differ (GLDM).
    """

    distances: tuple[int, ...] = (1,)
    symmetrical: bool = True
    weighting_norm: str | None = None
    alpha: int = 0


def lengths(
    steps: NDArray[np.intp], spacing: tuple[float, float, float], norm: str | None
) -> NDArray[np.float64]:
    """Length of steps in a norm, in mm.

    Parameters
    ----------
    steps : ndarray of intp, shape (A, 3)
        (dz, dy, dx) in voxels.
    spacing : tuple of float
        Along z, y, x in mm.
    norm : str or None
        "infinity", "euclidean" or "manhattan"; anything else gives 1.

    Examples
    --------
    >>> lengths(np.array([[0, 3, 4]]), (1.0, 1.0, 1.0), "euclidean")
    array([5.])
    """
    parts = np.abs(steps) * np.array(spacing)
    norms: dict[str | None, Callable[[], NDArray[np.float64]]] = {
        "infinity": lambda: parts.max(axis=1),
        "euclidean": lambda: np.sqrt((parts**2).sum(axis=1)),
        "manhattan": lambda: parts.sum(axis=1),
    }
    return norms.get(norm, lambda: np.ones(len(steps)))()


@dataclass(frozen=True, eq=False)
class Region:
    """One region in one image, cropped to its box: what its features are made of.

    Attributes
    ----------
    inside : ndarray of bool, shape (Z, Y, X)
        Voxels of the region in its box; at least one.
    array : ndarray, shape (Z, Y, X)
        Values of the box, in the image's own type.
    spacing : tuple of float
        Size of a voxel along z, y, x in mm.
    binning : Binning
        How gray levels are made.
    matrix : MatrixSettings
        How matrices are made.
    thin_axis : int or None
        Axis (0 = z) that no neighbor follows.
    shift : float
        Added to the values for energies.
    most : int
        Highest gray level of the whole that this is a slice of; 0 where it is the whole.
    """

    inside: NDArray[np.bool_]
    array: NDArray
    spacing: tuple[float, float, float]
    binning: Binning = field(default_factory=Binning)
    matrix: MatrixSettings = field(default_factory=MatrixSettings)
    thin_axis: int | None = None
    shift: float = 0.0
    most: int = 0

    @property
    def standard(self) -> Standard:
        """Whose definitions hold."""
        return self.binning.standard

    @property
    def voxel_volume(self) -> float:
        """In mm³."""
        return math.prod(self.spacing)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Values of the region in scan order, shape (N,)."""
        return self.array[self.inside].astype(np.float64)

    @cached_property
    def levels(self) -> NDArray[np.int32]:
        """Gray level of each voxel in scan order, shape (N,); 1 or more."""
        return self.binning.levels(self.array[self.inside])

    @cached_property
    def level_values(self) -> NDArray[np.intp]:
        """Gray levels that occur, ascending, shape (M,)."""
        return np.flatnonzero(np.bincount(self.levels)).astype(np.intp)

    @property
    def n_levels(self) -> int:
        """Highest gray level: of the whole, where this is a slice of it."""
        return max(int(self.level_values[-1]), self.most)

    @cached_property
    def nodes(self) -> NDArray[np.int16]:
        """Number of each voxel's level in `level_values`, shape (Z, Y, X); -1 outside.

        Raises
        ------
        InputError
            If there are too many levels for a matrix.
        """
        top = int(self.level_values[-1])
        if top > MOST_MATRIX_LEVELS:
            raise InputError(
                f"The settings make {top} gray levels; matrices hold up to "
                f"{MOST_MATRIX_LEVELS}. Use a larger bin_width or set bin_count, for example 32."
            )
        number = np.full(top + 1, -1, np.int16)
        number[self.level_values] = np.arange(len(self.level_values))
        nodes = np.full(self.inside.shape, -1, np.int16)
        nodes[self.inside] = number[self.levels]
        return nodes

    @property
    def steps(self) -> NDArray[np.intp]:
        """Directions of neighbors at the distances, those that fit into the box, shape (A, 3)."""
        return directions(self.matrix.distances, self.thin_axis, self.inside.shape)

    def lengths(self, steps: NDArray[np.intp]) -> NDArray[np.float64]:
        """Length of steps of shape (A, 3) in the weighting norm, in mm; 1 without weighting."""
        return lengths(steps, self.spacing, self.matrix.weighting_norm)
