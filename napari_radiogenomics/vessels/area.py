"""Where vessels are looked for: the region, rings around it, and the lattice they lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.vessels.hessian import Axis

__all__ = ["Lattice", "Part", "distance_from", "gap_notes", "lattice_around", "parts_of"]

# Beyond this a lattice takes minutes and gigabytes.
_MOST_POINTS = 60_000_000
# Distance from a border that is nowhere near.
_DEEP_MM = 1e4


@dataclass(frozen=True)
class Part:
    """A row of the table of regions: the region itself, or a ring around it.

    Attributes
    ----------
    name : str
        What a person calls it.
    inner_mm, outer_mm : float
        Distances from the region between which it lies; -inf and 0 for the region itself.
    """

    name: str
    inner_mm: float
    outer_mm: float

    def holds(self, outside: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether points at these distances from the region are in it."""
        return (outside > self.inner_mm) & (outside <= self.outer_mm)


def parts_of(ring_mm: Sequence[float], gap_mm: float, *, inside: bool) -> list[Part]:
    """Region (where wanted), rings between successive distances, and all rings where several.

    Raises
    ------
    InputError
        If the distances do not rise from 0 or more, or there is nothing to measure.
    """
    edges = [float(edge) for edge in ring_mm]
    if not edges and inside:
        return [Part("region", -np.inf, 0.0)]
    rising = all(a < b for a, b in pairwise(edges))
    if len(edges) < 2 or edges[0] < 0 or not rising or not np.isfinite(edges).all():
        raise InputError(
            "ring_mm holds the distances between which rings lie, rising, two or more, such as "
            f"0 5 20; got {list(ring_mm)}."
        )
    if edges[-1] <= gap_mm:
        raise InputError(
            f"The ring ends {edges[-1]:g} mm from the region, and the {gap_mm:.2g} mm next to it "
            "are left out. Make the ring wider, or gap_mm smaller."
        )
    spans = [(inner, outer) for inner, outer in pairwise(edges) if outer > gap_mm]
    spans += [(edges[0], edges[-1])] if len(spans) > 1 else []
    rings = [Part(_ring(*span), max(span[0], gap_mm), span[1]) for span in spans]
    return [Part("region", -np.inf, 0.0), *rings] if inside else rings


def gap_notes(ring_mm: Sequence[float], gap_mm: float) -> list[str]:
    """Say which rings are narrower than their names, or gone, because of what is left out.

    Examples
    --------
    >>> gap_notes((5, 20), 4.0)
    []
    >>> gap_notes((0, 3, 5, 20), 4.0)[0].split(": ")[1].split(".")[0]
    'ring 0-3 mm is gone and ring 3-5 mm holds 4 to 5 mm'
    """
    spans = list(pairwise(float(edge) for edge in ring_mm))
    said = [f"{_ring(*span)} is gone" for span in spans if span[1] <= gap_mm]
    said += [
        f"{_ring(inner, outer)} holds {gap_mm:.2g} to {outer:g} mm"
        for inner, outer in spans
        if inner < gap_mm < outer
    ]
    if not said:
        return []
    return [
        f"The {gap_mm:.2g} mm next to the region are left out, as its border is blurred: "
        f"{' and '.join(said)}. For the same place on all scans, give one gap_mm, or start the "
        "rings beyond it."
    ]


def _ring(inner: float, outer: float) -> str:
    return f"ring {inner:g}-{outer:g} mm"


@dataclass(frozen=True)
class Lattice:
    """Isotropic points in a box of the scan.

    Attributes
    ----------
    block : tuple of slice
        Voxels of the scan that the box covers (k, j, i).
    geometry : Geometry
        Grid of the scan.
    shape : tuple of int
        Points along z, y, x; 1 across a single slice.
    step_mm : float
        Their distance.
    """

    block: tuple[slice, ...]
    geometry: Geometry
    shape: tuple[int, ...]
    step_mm: float

    @property
    def flat(self) -> bool:
        """Whether the scan is a single slice."""
        return self.geometry.shape[0] == 1

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Shape of arrays on the lattice: (Z, Y, X), or (Y, X) of a single slice."""
        return self.shape[1:] if self.flat else self.shape

    @cached_property
    def spacing(self) -> NDArray[np.float64]:
        """Spacing of the scan along z, y, x in mm."""
        return np.asarray(self.geometry.spacing[::-1])

    def positions(self, axis: int) -> NDArray[np.float64]:
        """Where points lie along an axis, in voxels of the block."""
        if self.flat and axis == 0:
            return np.zeros(1)
        return np.arange(self.shape[axis]) * self.step_mm / self.spacing[axis]

    @cached_property
    def axes(self) -> list[Axis]:
        """Interpolation along each axis; that across a single slice is left out."""
        first = 1 if self.flat else 0
        counts = [part.stop - part.start for part in self.block]
        return [Axis(counts[a], self.positions(a), self.step_mm) for a in range(first, 3)]

    def nearest(self, array: NDArray) -> NDArray:
        """Values of the nearest voxels of a (Z, Y, X) array, shape `dimensions`."""
        taken = array[self.block]
        for axis in range(3):
            index = np.rint(self.positions(axis)).astype(np.intp)
            taken = taken.take(np.minimum(index, taken.shape[axis] - 1), axis=axis)
        return taken.reshape(self.dimensions)

    def between(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Values between the voxels of the block, linearly, shape `dimensions`."""
        values = block.astype(np.float32)
        for axis, count in enumerate(block.shape):
            places = self.positions(axis)
            hats = [np.interp(places, np.arange(count), row) for row in np.eye(count)]
            weights = np.stack(hats, axis=1).astype(np.float32)
            values = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
        return np.ascontiguousarray(values).reshape(self.dimensions)

    def to_world(self, points: NDArray) -> NDArray[np.float64]:
        """LPS mm of points (N, 3) or, of a single slice, (N, 2) of the lattice, z first."""
        full = np.column_stack([np.zeros((len(points), 3 - points.shape[1])), points])
        start = np.array([part.start for part in self.block])
        voxels = full * (self.step_mm / self.spacing) + start
        return self.geometry.index_to_world(voxels[:, ::-1])

    def flat_index(self, points: NDArray) -> NDArray[np.intp]:
        """Flat index of the nearest point of the lattice to points (N, D)."""
        nearest = np.clip(np.rint(points).astype(np.intp), 0, np.array(self.dimensions) - 1)
        flat: NDArray[np.intp] = np.ravel_multi_index(tuple(nearest.T), self.dimensions)
        return flat


def lattice_around(
    mask: NDArray[np.bool_], geometry: Geometry, reach_mm: float, step_mm: float
) -> Lattice:
    """Lay a lattice over a region and what lies around it.

    Parameters
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        The region.
    geometry : Geometry
        Its grid.
    reach_mm : float
        How far around the region.
    step_mm : float
        Distance of the points.

    Raises
    ------
    InputError
        If it would hold more points than a computer does well with.
    """
    spacing = np.asarray(geometry.spacing[::-1])
    block = []
    for axis in range(3):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        pad = int(np.ceil(reach_mm / spacing[axis]))
        start, stop = max(0, int(found[0]) - pad), min(mask.shape[axis], int(found[-1]) + 1 + pad)
        block.append(slice(start, stop))
    spans = [(part.stop - part.start - 1) * side for part, side in zip(block, spacing, strict=True)]
    shape = [int(span / step_mm) + 1 for span in spans]
    if np.prod([float(n) for n in shape]) > _MOST_POINTS:
        size = " × ".join(f"{span:.0f}" for span in spans)
        raise InputError(
            f"A box of {size} mm at {step_mm:.3g} mm holds more than {_MOST_POINTS:,} points. "
            "Make spacing_mm larger, or the rings narrower."
        )
    return Lattice(tuple(block), geometry, tuple(shape), step_mm)


def distance_from(mask: NDArray[np.bool_], lattice: Lattice) -> NDArray[np.float32]:
    """Distance from the border of a region in mm, negative inside, on the lattice."""
    from scipy.ndimage import distance_transform_edt

    inside = mask[lattice.block]
    signed = np.zeros(inside.shape, np.float32)
    for part, sign in ((~inside, 1), (inside, -1)):
        if part.any() and not part.all():
            signed += sign * distance_transform_edt(part, sampling=lattice.spacing)
    if inside.all():
        signed[:] = -_DEEP_MM
    return lattice.between(signed)
