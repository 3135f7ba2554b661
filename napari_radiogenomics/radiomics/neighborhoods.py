"""What kernels see around the voxels of a region: values, gray levels, and where they lie.

Letters: V voxels measured, A angles, K voxels of a kernel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.lattice import Pairs, Planes, cells, far_pairs, pairs, planes
from napari_radiogenomics.radiomics.roi import MatrixSettings, lengths

__all__ = ["Neighborhoods"]


@dataclass(frozen=True)
class Neighborhoods:
    """A region cropped and padded so that a kernel is a list of flat offsets.

    Attributes
    ----------
    values : ndarray of float64
        Crop of the scan, flat, padded by the radius; NaN where a voxel does not count.
    levels : ndarray of int32
        Gray levels of the same voxels; 0 where a voxel does not count.
    n_levels : int
        Highest gray level of the region.
    offsets : ndarray of intp, shape (K,)
        Flat distance from a voxel to those of its kernel, itself included, in scan order.
    spacing : tuple of float
        Size of a voxel along z, y, x in mm.
    native_levels : ndarray of int16
        Gray levels made in the scan's own precision, for the matrices; empty where no family
        chosen needs them.
    n_native_levels : int
        The highest of them.
    radius : int
        Of the kernel, in voxels.
    thin_axis : int or None
        Axis (0 = z) along which the kernel is one voxel thick.
    matrix, shift
        How matrices are made; what is added to the values for energies.
    """

    values: NDArray[np.float64]
    levels: NDArray[np.int32]
    n_levels: int
    offsets: NDArray[np.intp]
    spacing: tuple[float, float, float]
    native_levels: NDArray[np.int16]
    n_native_levels: int
    radius: int
    thin_axis: int | None = None
    matrix: MatrixSettings = field(default_factory=MatrixSettings)
    shift: float = 0.0

    @property
    def voxel_volume(self) -> float:
        """In mm³."""
        return math.prod(self.spacing)

    @cached_property
    def one_level(self) -> bool:
        """Whether the whole region has one gray level."""
        return bool(np.isin(self.native_levels, (0, self.n_native_levels)).all())

    def pairs(self, *, distances: tuple[int, ...] | None = None) -> Pairs:
        """Neighbors within a kernel; those that touch with ``distances=(1,)``."""
        return pairs(self.radius, self.thin_axis, distances or self.matrix.distances)

    def planes(self) -> Planes:
        """Neighbors within a kernel whose first cell lies in one plane across x."""
        return planes(self.radius, self.thin_axis, self.matrix.distances)

    def touching(self) -> Pairs:
        """Neighbors within a kernel that touch, ordered by the first of two: one sweep."""
        found = self.pairs(distances=(1,))
        order = np.lexsort((found.second, found.first))
        return found._replace(first=found.first[order], second=found.second[order])

    def lengths(self, steps: NDArray[np.intp]) -> NDArray[np.float64]:
        """Length of steps of shape (A, 3) in the weighting norm, in mm; 1 without weighting."""
        return lengths(steps, self.spacing, self.matrix.weighting_norm)

    def far_pairs(self) -> Pairs:
        """Voxels of a kernel on one line that do not touch."""
        return far_pairs(self.radius, self.thin_axis)

    @cached_property
    def ranked(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Rank of each voxel's value from 1 on, 0 where it does not count; value of each rank."""
        counts = self.levels > 0
        in_order, rank = np.unique(self.values[counts], return_inverse=True)
        ranks = np.zeros(self.values.size, np.int32)
        ranks[counts] = rank + 1
        return ranks, np.concatenate([[np.nan], in_order])

    @property
    def strands(self) -> NDArray[np.intp]:
        """Offsets of the first cells of a kernel's rows along x, in scan order."""
        x = cells(self.radius, self.thin_axis)[:, 2]
        return self.offsets[x == x[0]]

    @property
    def plane(self) -> NDArray[np.intp]:
        """Offsets of the cells of a kernel in the plane of its center across x."""
        return self.offsets[cells(self.radius, self.thin_axis)[:, 2] == 0]
