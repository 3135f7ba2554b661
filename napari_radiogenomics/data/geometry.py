"""The grid of a scan in the patient: size, spacing, origin, direction.

World coordinates are LPS in mm (x to the left, y to the posterior, z to the superior), as in
DICOM and SimpleITK. Voxel indices are (i, j, k) = (x, y, z) in world functions and
(z, y, x) in arrays. Every conversion between LPS and RAS in the package is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import GeometryError

__all__ = ["Geometry", "flip_lps_ras", "require_same_grid"]

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

# Corners of two equal grids may differ by this part of a voxel: the rounding of headers that
# store single precision, far below anything that changes which voxel is meant.
SAME_GRID_VOXELS = 1e-2
# Axes count as aligned when snapping them to the patient's axes moves no corner by more than
# this part of a voxel.
ALIGNED_VOXELS = 0.1


def flip_lps_ras(points: ArrayLike) -> NDArray[np.float64]:
    """Convert points between LPS and RAS; the conversion is its own inverse.

    Parameters
    ----------
    points : array_like, shape (..., 3)
        Coordinates x, y, z in mm.

    Returns
    -------
    ndarray, shape (..., 3)
        The same points in the other convention.

    Examples
    --------
    >>> flip_lps_ras([1.0, 2.0, 3.0]).tolist()
    [-1.0, -2.0, 3.0]
    """
    return np.asarray(points, dtype=float) * np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Geometry:
    """Regular grid of voxels in patient space.

    Attributes
    ----------
    size : tuple of int
        Voxels along i, j, k.
    spacing : tuple of float
        Distance of voxel centres along i, j, k in mm.
    origin : tuple of float
        LPS position of the centre of voxel (0, 0, 0) in mm.
    direction : tuple of float
        Row-major 3×3 matrix; column c is the LPS unit vector of index axis c.

    Raises
    ------
    GeometryError
        If sizes or spacings are not positive, or the directions are not orthonormal.

    Examples
    --------
    >>> geometry = Geometry((4, 3, 2), spacing=(1.0, 1.0, 5.0), origin=(10.0, 0.0, 0.0))
    >>> geometry.index_to_world([1, 0, 1]).tolist()
    [11.0, 0.0, 5.0]
    >>> geometry.shape, geometry.orientation
    ((2, 3, 4), 'LPS')
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = field(default=_IDENTITY)

    def __post_init__(self) -> None:
        size = tuple(int(n) for n in self.size)
        spacing, origin, direction = (
            tuple(float(v) for v in values)
            for values in (self.spacing, self.origin, self.direction)
        )
        if (len(size), len(spacing), len(origin), len(direction)) != (3, 3, 3, 9):
            raise GeometryError(
                f"A grid needs 3 sizes, 3 spacings, 3 origins and 9 directions; "
                f"got {len(size)}, {len(spacing)}, {len(origin)} and {len(direction)}."
            )
        if min(size) < 1 or not (min(spacing) > 0 and np.isfinite(spacing + origin).all()):
            raise GeometryError(
                f"A grid needs positive sizes and spacings and finite numbers; got size {size}, "
                f"spacing {spacing} mm, origin {origin} mm. Check the header."
            )
        matrix = np.reshape(direction, (3, 3))
        if not np.allclose(matrix.T @ matrix, np.eye(3), atol=1e-3):
            raise GeometryError(
                "The axes of the grid are not perpendicular (sheared, as by gantry tilt): "
                f"{np.round(matrix, 4).tolist()}. Resample the scan onto a straight grid first."
            )
        for name, value in zip(
            ("size", "spacing", "origin", "direction"),
            (size, spacing, origin, direction),
            strict=True,
        ):
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        size = "×".join(map(str, self.size))
        spacing = "×".join(f"{v:.4g}" for v in self.spacing)
        return f"{size} at {spacing} mm"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (Z, Y, X)."""
        return self.size[::-1]

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in mm³."""
        return float(np.prod(self.spacing))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Direction as a (3, 3) matrix; column c is the unit vector of index axis c."""
        return np.reshape(self.direction, (3, 3))

    @cached_property
    def affine(self) -> NDArray[np.float64]:
        """(4, 4) matrix from index (i, j, k, 1) to LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = self.matrix * np.asarray(self.spacing)
        affine[:3, 3] = self.origin
        return affine

    @property
    def affine_ras(self) -> NDArray[np.float64]:
        """(4, 4) matrix from index (i, j, k, 1) to RAS mm, as nibabel gives it."""
        return _TO_RAS @ self.affine

    @classmethod
    def from_affine(cls, affine: ArrayLike, size: Sequence[int], *, ras: bool = False) -> Geometry:
        """Make a grid from an index-to-world matrix.

        Parameters
        ----------
        affine : array_like, shape (4, 4)
            From index (i, j, k, 1) to mm.
        size : sequence of int
            Voxels along i, j, k.
        ras : bool, optional
            The matrix maps to RAS instead of LPS.

        Raises
        ------
        GeometryError
            If the axes are not perpendicular.
        """
        matrix = np.asarray(affine, dtype=float)
        matrix = _TO_RAS @ matrix if ras else matrix
        spacing = np.linalg.norm(matrix[:3, :3], axis=0)
        if not (spacing > 0).all():
            raise GeometryError("The index-to-world matrix has a zero axis. Check the header.")
        direction = matrix[:3, :3] / spacing
        return cls(tuple(size), tuple(spacing), tuple(matrix[:3, 3]), tuple(direction.ravel()))  # type: ignore[arg-type]

    @classmethod
    def from_sitk(cls, image: Any) -> Geometry:
        """Take the grid of a three-dimensional SimpleITK image."""
        return cls(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    def index_to_world(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Map indices (..., 3) in order i, j, k to LPS mm."""
        return np.asarray(indices, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def world_to_index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map LPS points (..., 3) in mm to fractional indices i, j, k."""
        offset = np.asarray(points, float) - self.affine[:3, 3]
        return offset @ np.linalg.inv(self.affine[:3, :3]).T

    def part(self, box: Sequence[slice]) -> Geometry:
        """Grid of the voxels in a box of it: slices along z, y, x with a start and a stop.

        Examples
        --------
        >>> grid = Geometry((4, 3, 2), spacing=(2, 1, 1))
        >>> small = grid.part((slice(0, 1), slice(0, 2), slice(1, 4)))
        >>> small.size, small.origin
        ((3, 2, 1), (2.0, 0.0, 0.0))
        """
        corner = self.index_to_world([part.start for part in reversed(box)])
        size = tuple(part.stop - part.start for part in reversed(box))
        return Geometry(size, self.spacing, tuple(map(float, corner)), self.direction)  # type: ignore[arg-type]

    @cached_property
    def corners(self) -> NDArray[np.float64]:
        """LPS positions of the eight corner voxel centres, shape (8, 3)."""
        ends = [(0, n - 1) for n in self.size]
        indices = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
        return self.index_to_world(indices)

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Whether LPS points (..., 3) lie inside the voxels of the grid."""
        index = self.world_to_index(points)
        return np.all((index >= -0.5) & (index <= np.asarray(self.size) - 0.5), axis=-1)

    def corner_distance(self, other: Geometry) -> float:
        """Largest distance of matching corners, in this grid's smallest voxel edge."""
        distance = np.linalg.norm(self.corners - other.corners, axis=1).max()
        return float(distance / min(self.spacing))

    def same_grid(self, other: Geometry) -> bool:
        """Whether both grids have the same voxels (corners within 1 % of a voxel)."""
        return self.size == other.size and self.corner_distance(other) <= SAME_GRID_VOXELS

    @cached_property
    def nearest_axes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """World axis that each index axis runs along most, and its sign.

        Returns
        -------
        axes : tuple of int
            For index axis c the world axis 0, 1 or 2; a permutation.
        signs : tuple of int
            +1 or -1 each.
        """
        weight = np.abs(self.matrix)
        axes = [-1, -1, -1]
        for _ in range(3):
            world, index = np.unravel_index(np.argmax(weight), weight.shape)
            axes[index] = int(world)
            weight[world, :] = weight[:, index] = -1.0
        signs = [1 if self.matrix[axes[c], c] > 0 else -1 for c in range(3)]
        return tuple(axes), tuple(signs)  # type: ignore[return-value]

    @property
    def orientation(self) -> str:
        """Three letters: where i, j and k run to, for example ``"LPS"`` or ``"RAS"``."""
        letters = ("RL", "AP", "IS")
        axes, signs = self.nearest_axes
        return "".join(letters[a][s > 0] for a, s in zip(axes, signs, strict=True))

    @cached_property
    def aligned(self) -> Geometry:
        """The grid with its axes snapped to the patient's; its centre stays where it is."""
        axes, signs = self.nearest_axes
        matrix = np.zeros((3, 3))
        matrix[axes, range(3)] = signs
        half = (np.asarray(self.size) - 1) / 2 * np.asarray(self.spacing)
        origin = self.corners.mean(axis=0) - matrix @ half
        return Geometry(self.size, self.spacing, tuple(origin), tuple(matrix.ravel()))

    @property
    def is_oblique(self) -> bool:
        """Whether no permutation and flip of the axes puts the voxels where they are."""
        return self.corner_distance(self.aligned) > ALIGNED_VOXELS


def require_same_grid(
    first: Geometry, second: Geometry, *, names: tuple[str, str] = ("Image", "segmentation")
) -> None:
    """Refuse to go on when two grids differ.

    Raises
    ------
    GeometryError
        With both grids and the remedy.
    """
    if first.same_grid(second):
        return
    if first.size == second.size and np.allclose(first.spacing, second.spacing, rtol=1e-3):
        shift = float(np.linalg.norm(first.corners - second.corners, axis=1).max())
        differ = f"and their corners lie up to {shift:.3g} mm apart ({first.orientation} and "
        differ += f"{second.orientation}, origins {_mm(first.origin)} and {_mm(second.origin)})"
        raise GeometryError(
            f"{names[0]} and {names[1]} are both {first}, {differ}. "
            f"Resample the {names[1].lower()} onto the {names[0].lower()} first."
        )
    raise GeometryError(
        f"{names[0]} is {first}, {names[1].lower()} is {second}. "
        f"Resample the {names[1].lower()} onto the {names[0].lower()} first."
    )


def _mm(point: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:.2f}" for v in point) + ")"
