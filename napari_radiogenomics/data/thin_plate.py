"""Thin-plate splines: smooth maps that bend space so that landmarks meet their partners.

Letters: N landmarks, M points, D dimensions in which it bends (2 from a plane, 3 in space).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["TOLERANCE_MM", "ThinPlate"]

Reals = NDArray[np.float64]

TOLERANCE_MM = 1e-6
"""How near the inverse brings a point to where it came from."""
_MOST_STEPS = 50
_BLOCK = 100_000
# Points whose remaining error falls by less than this part a step are not followed further.
_LEAST_SHARE = 2.0**-12


@dataclass(frozen=True, eq=False)
class ThinPlate:
    """A thin-plate spline through pairs of landmarks, or its inverse.

    Attributes
    ----------
    source, target : ndarray, shape (N, 3)
        Landmarks in mm, pair by pair.
    flat : bool
        Whether it bends in x and y of the source alone, as from a slide: what lies above or
        below its plane goes along the normal of the plane's image.
    stiffness : float
        0 passes through all landmarks; the higher, the nearer it is to the affine map that fits
        them best.
    inverted : bool
        Points go from target to source: found by Newton's method to 1e-6 mm.

    Raises
    ------
    InputError
        If there are too few landmarks, or they lie on a line (flat) or in a plane.

    Notes
    -----
    The kernel is r² log r from a plane and r in space: both bend as little as a plate can.

    References
    ----------
    Bookstein, IEEE PAMI 1989, doi:10.1109/34.24792; Rohr et al., IEEE TMI 2001,
    doi:10.1109/42.929618 (stiffness).

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [4, 4, 0], [2, 2, 0]], float)
    >>> bent = corners + [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0.5, 0, 0]]
    >>> plate = ThinPlate(corners, bent, flat=True)
    >>> bool(np.allclose(plate.points(corners), bent))
    True
    >>> bool(np.allclose(plate.inverse().points(bent), corners, atol=1e-6))
    True
    """

    source: Reals
    target: Reals
    flat: bool = False
    stiffness: float = 0.0
    inverted: bool = False

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            object.__setattr__(self, name, np.array(getattr(self, name), float).reshape(-1, 3))
        if self.source.shape != self.target.shape or not np.isfinite(self._both).all():
            raise InputError("Landmarks of a thin-plate spline come in pairs of finite numbers.")
        if not self.stiffness >= 0:
            raise InputError(f"stiffness is 0 or more; got {self.stiffness}.")
        rank = np.linalg.matrix_rank(self._polynomial(self._unit(self.source)), tol=1e-6)
        if rank < self.dimensions + 1:
            lie = "on a line" if self.flat else "in a plane"
            raise InputError(
                f"{len(self.source)} landmarks of a thin-plate spline lie {lie}, or are too few. "
                "Place more, further apart."
            )

    @property
    def _both(self) -> Reals:
        return np.concatenate([self.source, self.target])

    @property
    def dimensions(self) -> int:
        """In how many directions it bends: 2 or 3."""
        return 2 if self.flat else 3

    @cached_property
    def _measure(self) -> tuple[Reals, float]:
        """Center and size of the source: the kernel works on numbers about 1."""
        center = self.source.mean(axis=0)
        size = float(np.sqrt(((self.source - center) ** 2).sum(axis=1).mean()))
        return center, size or 1.0

    def _unit(self, points: Reals) -> Reals:
        center, size = self._measure
        return (points - center) / size

    def _polynomial(self, unit: Reals) -> Reals:
        return np.column_stack([np.ones(len(unit)), unit[:, : self.dimensions]])

    def _kernel(self, unit: Reals) -> Reals:
        """Bending of every landmark at points, shape (M, N)."""
        away = unit[:, None, : self.dimensions] - self._unit(self.source)[:, : self.dimensions]
        squared = (away**2).sum(axis=2)
        if not self.flat:
            return np.sqrt(squared)
        return squared * np.log(np.where(squared > 0, squared, 1.0)) / 2

    @cached_property
    def _solved(self) -> tuple[Reals, Reals, Reals]:
        """Weights (N, 3), affine part (1 + D, 3), and where one size along the normal leads."""
        unit = self._unit(self.source)
        count, wide = len(unit), self.dimensions + 1
        system = np.zeros((count + wide, count + wide))
        sign = 1.0 if self.flat else -1.0  # r is conditionally negative, r² log r positive
        system[:count, :count] = self._kernel(unit) + sign * self.stiffness * np.eye(count)
        system[:count, count:] = self._polynomial(unit)
        system[count:, :count] = system[:count, count:].T
        known = np.concatenate([self.target, np.zeros((wide, 3))])
        found = np.linalg.solve(system, known)
        weights, affine = found[:count], found[count:]
        normal = np.zeros(3)
        if self.flat:
            normal = np.cross(affine[1], affine[2])
            normal *= self._measure[1] / np.linalg.norm(normal)
        return weights, affine, normal

    def points(self, points: Reals) -> Reals:
        """Map points (M, 3) in mm.

        Raises
        ------
        InputError
            If it is inverted and folds there: no single place leads to a point.
        """
        found = self.points_or_nan(points)
        lost = np.flatnonzero(np.isfinite(points).all(axis=1) & ~np.isfinite(found).all(axis=1))
        if len(lost):
            place = ", ".join(f"{value:.1f}" for value in np.asarray(points)[lost[0]])
            raise InputError(
                f"The thin-plate spline folds: {len(lost)} of {len(found)} points, the first at "
                f"({place}) mm, have no single way back. Check the landmarks there, or raise the "
                "stiffness."
            )
        return found

    def points_or_nan(self, points: Reals) -> Reals:
        """Map points (M, 3); NaN where the inverse is not to be found."""
        points = np.asarray(points, float).reshape(-1, 3)
        one = self._back if self.inverted else self._ahead
        parts = [one(points[at : at + _BLOCK]) for at in range(0, len(points), _BLOCK)]
        return np.concatenate(parts) if parts else points.copy()

    def inverse(self) -> ThinPlate:
        """The way back."""
        return replace(self, inverted=not self.inverted)

    def _ahead(self, points: Reals) -> Reals:
        weights, affine, normal = self._solved
        unit = self._unit(points)
        bent: Reals = self._kernel(unit) @ weights + self._polynomial(unit) @ affine
        return bent + unit[:, 2:] * normal

    def _slopes(self, points: Reals) -> Reals:
        """Derivatives at points, shape (M, 3, 3): column c is along axis c."""
        weights, affine, normal = self._solved
        unit = self._unit(points)
        source = self._unit(self.source)
        slopes = np.empty((len(unit), 3, 3))
        away = unit[:, None, : self.dimensions] - source[:, : self.dimensions]  # (M, N, D)
        squared = (away**2).sum(axis=2)
        safe = np.where(squared > 0, squared, 1.0)
        steep = np.log(safe) + 1 if self.flat else 1 / np.sqrt(safe)
        steep = np.where(squared > 0, steep, 0.0)
        for axis in range(self.dimensions):
            slopes[:, :, axis] = (away[..., axis] * steep) @ weights + affine[1 + axis]
        if self.flat:
            slopes[:, :, 2] = normal
        return slopes / self._measure[1]

    def _back(self, wanted: Reals) -> Reals:
        """Newton's method from the affine part, with steps that are halved where they overshoot."""
        _, affine, normal = self._solved
        linear = affine[1:].T if not self.flat else np.column_stack([affine[1:].T, normal])
        center, size = self._measure
        found = (wanted - affine[0]) @ np.linalg.inv(linear).T * size + center
        upright = np.sign(np.linalg.det(linear))
        folded = ~np.isfinite(found).all(axis=1)
        found = np.where(folded[:, None], 0.0, found)
        off = self._ahead(found) - wanted
        open_ = np.flatnonzero(~folded & (np.linalg.norm(off, axis=1) > TOLERANCE_MM / 10))
        for _ in range(_MOST_STEPS):
            if not len(open_):
                break
            open_ = self._step(found, off, wanted, open_)
        left = ~folded & (np.linalg.norm(off, axis=1) > TOLERANCE_MM)
        turned = np.linalg.det(self._slopes(found)) * upright <= 0
        found[folded | left | turned] = np.nan
        return found

    def _step(
        self, found: Reals, off: Reals, wanted: Reals, open_: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """One step for the points that are still off; answers with those that remain so."""
        slopes = self._slopes(found[open_])
        solid = np.abs(np.linalg.det(slopes)) > 1e-12
        open_, slopes = open_[solid], slopes[solid]
        step = np.linalg.solve(slopes, off[open_][..., None])[..., 0]
        before = np.linalg.norm(off[open_], axis=1)
        share, waiting = 1.0, np.ones(len(open_), bool)
        while waiting.any() and share > _LEAST_SHARE:
            tried = open_[waiting]
            place = found[tried] - share * step[waiting]
            error = self._ahead(place) - wanted[tried]
            better = np.linalg.norm(error, axis=1) < before[waiting]
            found[tried[better]], off[tried[better]] = place[better], error[better]
            waiting[np.flatnonzero(waiting)[better]] = False
            share /= 2
        open_ = open_[~waiting]
        return open_[np.linalg.norm(off[open_], axis=1) > TOLERANCE_MM / 10]
