"""A region's voxels as the screen shows them, and what is known of their texture so far.

Only the box of the region is kept, so that a slice is filled in no time whatever the scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.orientation import to_canonical
from napari_radiogenomics.imaging.display import display_geometry
from napari_radiogenomics.imaging.resample import resample_array
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.radiomics.boxes import box_around
from napari_radiogenomics.radiomics.room import let_go, room_for
from napari_radiogenomics.radiomics.voxelwise import MapPlan

__all__ = ["Plane", "Sheet", "like"]

Plane = tuple[int, float]
"""A slice on the screen: its axis (0 = z, 1 = y, 2 = x) and its place in mm."""
# Voxels measured in one go: some 10 ms of work.
_CHUNK = 4000
# Voxels all over the region that tell the range of its values before the rest is known.
_PROBES = 400


def like(name: str, names: Iterable[str]) -> str:
    """The same name, else the first of the same feature seen through another filter.

    Examples
    --------
    >>> like("original_glcm_Contrast", ["log-sigma-3-0-mm-3D_glcm_Contrast"])
    'log-sigma-3-0-mm-3D_glcm_Contrast'
    """
    names = list(names)
    feature = name.partition("_")[2]
    alike = (other for other in names if other.partition("_")[2] == feature)
    return name if name in names else next(alike, "")


@dataclass(frozen=True, eq=False)
class _Placed:
    """The numbers of a region's voxels on the grid of the screen; -1 outside the region."""

    numbers: NDArray[np.int32]
    grid: Geometry


def _place(mask: NDArray[np.bool_], geometry: Geometry, whole: Geometry) -> _Placed:
    """Lay the voxels of a mask on the grid on which ``whole``, the scan's grid, is drawn."""
    box = box_around(mask)
    inside, true = mask[box], geometry.part(box)
    numbers = np.full(inside.shape, -1, np.int32)
    numbers[inside] = np.arange(np.count_nonzero(inside), dtype=np.int32)
    screen = display_geometry(whole)
    ends = screen.world_to_index(true.corners)
    if not whole.is_oblique:
        numbers = np.ascontiguousarray(to_canonical(numbers, whole))
        low = np.rint(ends.min(axis=0)).astype(int)
        high = low + numbers.shape[::-1]
        return _Placed(numbers, screen.part(_slices(low, high)))
    low = np.clip(np.floor(ends.min(axis=0)), 0, None).astype(int)
    high = np.clip(np.ceil(ends.max(axis=0)) + 1, 1, screen.size).astype(int)
    grid = screen.part(_slices(low, high))
    return _Placed(resample_array(numbers, true, grid, "nearest", -1), grid)


def _slices(low: NDArray[np.intp], high: NDArray[np.intp]) -> list[slice]:
    return [slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True)]


class Sheet:
    """Values of some voxels of a region, on the screen.

    Parameters
    ----------
    plan : MapPlan
        What is measured; V voxels.
    whole : Geometry, optional
        Grid of the scan where the plan holds only a part of it.

    Attributes
    ----------
    grid : Geometry
        The region's box on the grid of the screen.
    numbers : ndarray of int32, shape (Z, Y, X)
        Number of the region's voxel at each place of it, in scan order; -1 outside.
    values : dict of str to ndarray of float64, shape (V,)
        By PyRadiomics' name; NaN where not known yet.
    known : ndarray of bool, shape (V,)
        Voxels that were measured.
    in_sight : ndarray of bool, shape (V,)
        Those of them that a picture shows; the probes are not.
    """

    def __init__(self, plan: MapPlan, whole: Geometry | None = None) -> None:
        self.plan = plan
        geometry = plan.image.geometry
        placed = _place(plan.mask, geometry, whole or geometry)
        self.numbers, self.grid = placed.numbers, placed.grid
        n = plan.centers.size
        table = room_for((len(plan.features), n), len(plan.features) * n)
        table[:] = np.nan
        self.values = dict(zip(plan.features, table, strict=True))
        self.known, self.in_sight = np.zeros(n, bool), np.zeros(n, bool)

    @property
    def complete(self) -> bool:
        """Whether every voxel was measured."""
        return bool(self.known.all())

    def title_of(self, name: str) -> str:
        """Title of a map, with what the scan is seen through."""
        return self.plan.title_of(name)

    def map_like(self, name: str) -> str:
        """The map of this name, else the first of the same feature; empty where there is none."""
        return like(name, self.values)

    def index_of(self, plane: Plane) -> int | None:
        """Which slice of the box a plane is; None where it misses the box."""
        axis, place = plane
        at = (place - self.grid.origin[2 - axis]) / self.grid.spacing[2 - axis]
        index = int(np.rint(at))
        return index if 0 <= index < self.numbers.shape[axis] else None

    def voxels_in(self, plane: Plane) -> NDArray[np.int32]:
        """Numbers of the voxels that a plane shows."""
        index = self.index_of(plane)
        return np.empty(0, np.int32) if index is None else self._voxels(plane[0], index)

    def _voxels(self, axis: int, index: int) -> NDArray[np.int32]:
        shown = np.take(self.numbers, index, axis)
        return np.unique(shown[shown >= 0])

    def probe(self, *, progress: Progress = quiet) -> None:
        """Measure voxels all over the region: they tell the range of its values."""
        n = self.known.size
        self._measure(np.unique(np.linspace(0, n - 1, min(n, _PROBES)).astype(np.intp)), progress)

    def measure(self, part: NDArray[np.integer], *, progress: Progress = quiet) -> None:
        """Bring some voxels into sight; measure those that are not known."""
        self._measure(part[~self.known[part]].astype(np.intp), progress)
        self.in_sight[part] = True

    def _measure(self, part: NDArray[np.intp], progress: Progress) -> None:
        if part.size:
            for name, values in self.plan.measure(part, progress=progress).items():
                self.values[name][part] = values
                let_go(self.values[name])
            self.known[part] = True

    def outward(self, plane: Plane) -> Iterator[NDArray[np.int32]]:
        """Give the voxels not in sight, some thousands at once, from the nearest slice outward."""
        axis, place = plane
        at = (place - self.grid.origin[2 - axis]) / self.grid.spacing[2 - axis]
        slices = sorted(range(self.numbers.shape[axis]), key=lambda index: abs(index - at))
        seen, chunk, size = self.in_sight.copy(), [], 0
        for index in slices:
            voxels = self._voxels(axis, index)
            voxels = voxels[~seen[voxels]]
            seen[voxels] = True
            chunk.append(voxels)
            size += voxels.size
            if size >= _CHUNK:
                yield np.concatenate(chunk)
                chunk, size = [], 0
        # On an oblique scan some voxels lie between the places of the screen.
        chunk.append(np.flatnonzero(~seen).astype(np.int32))
        if size + chunk[-1].size:
            yield np.concatenate(chunk)

    def picture(self, name: str, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """What the screen shows of a map: shape (Z, Y, X), NaN where not in sight.

        Parameters
        ----------
        name : str
            PyRadiomics' name.
        out : ndarray, optional
            An earlier picture to fill again.
        """
        values = np.full(self.known.size + 1, np.nan)  # the last one is taken for -1
        values[:-1][self.in_sight] = self.values[name][self.in_sight]
        return np.take(values, self.numbers, out=out, mode="wrap")
