"""The voxels of one region, from its closed contours; the rule is that of `contours`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.io.dicom.contours import Slab, fill_rows, inside, plane_of, slabs

__all__ = ["rasterize"]

# A contour lies in a plane of voxels when its points leave it by no more than this, in voxels
# along the axis across the plane.
_IN_PLANE = 0.05
# Planes within 1° of each other are parallel; points may leave theirs by this much, in mm.
_PARALLEL, _FLAT = 0.9998, 0.05
# Planes farther than this from the centre of their slice are told, in slices.
_OFF_SLICE = 0.1
_AXES = ("columns", "rows", "slices")

Block = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class _Group:
    """Parallel contours: along a grid axis (in voxels), or in oblique planes (in mm).

    ``reach`` is how far from its plane a contour counts, in the unit of the depths.
    """

    axis: int | None
    normal: NDArray[np.float64]
    planes: list[Slab]
    reach: float


def rasterize(
    contours: Sequence[NDArray[np.float64]], geometry: Geometry, *, on_slices: bool
) -> tuple[Block, NDArray[np.bool_], list[str]]:
    """Find the voxels inside contours.

    Parameters
    ----------
    contours : sequence of ndarray, shape (V, 3)
        Closed contours in LPS mm; each in a plane of its own, of any orientation.
    geometry : Geometry
        Grid of the scan.
    on_slices : bool
        The contours were drawn on the slices of this very scan: each counts for its own slice
        only, and slices without one stay empty.

    Returns
    -------
    block : tuple of slice
        Where the mask lies in the grid (z, y, x).
    mask : ndarray of bool
        Voxels of the block.
    notes : list of str
        What a person should know about the fit of contours and slices.
    """
    indexed = [geometry.world_to_index(points) for points in contours]
    groups, uneven = _groups(contours, indexed, geometry, on_slices)
    margin = 1 + max(
        int(np.ceil(g.reach if g.axis is not None else g.reach / min(geometry.spacing)))
        for g in groups
    )
    size = np.array(geometry.size)
    every = np.concatenate(indexed)  # (P, 3)
    start = np.clip(np.floor(every.min(axis=0)).astype(int) - margin, 0, size)
    stop = np.clip(np.ceil(every.max(axis=0)).astype(int) + margin + 1, start, size)
    mask = np.zeros((stop - start)[::-1], bool)
    notes = [*uneven, *_outside(indexed, size)]
    for group in groups:
        if group.axis is not None:
            notes += _fill_aligned(mask, start, group)
        else:
            notes += _fill_oblique(mask, start, group, geometry)
    block = tuple(slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))
    return block, mask, notes  # type: ignore[return-value]


def _groups(
    contours: Sequence[NDArray[np.float64]],
    indexed: Sequence[NDArray[np.float64]],
    geometry: Geometry,
    on_slices: bool,
) -> tuple[list[_Group], list[str]]:
    aligned: dict[int, list[NDArray[np.float64]]] = {}
    bends = []
    tilted: list[tuple[NDArray[np.float64], list[NDArray[np.float64]]]] = []
    for points, index in zip(contours, indexed, strict=True):
        spread = np.ptp(index, axis=0)
        axis = 2 if spread[2] <= _IN_PLANE else int(spread.argmin())
        if spread[axis] <= _IN_PLANE:
            aligned.setdefault(axis, []).append(index)
            continue
        normal, bend = plane_of(points)
        if bend > _FLAT:
            bends.append(bend)
        weights = np.abs(geometry.matrix.T @ normal)
        if weights.max() > _PARALLEL and spread[int(weights.argmax())] < 1:
            aligned.setdefault(int(weights.argmax()), []).append(index)
            continue
        for known, members in tilted:
            if abs(float(known @ normal)) > _PARALLEL:
                members.append(points)
                break
        else:
            tilted.append((normal, [points]))
    groups = [_aligned_group(axis, members, on_slices) for axis, members in aligned.items()]
    groups += [_tilted_group(normal, members, geometry) for normal, members in tilted]
    if not bends:
        return groups, []
    return groups, [
        f"{len(bends)} of {len(contours)} contours are not flat, by up to {max(bends):.2g} mm, and "
        "are projected onto their plane."
    ]


def _aligned_group(axis: int, members: Sequence[NDArray[np.float64]], on_slices: bool) -> _Group:
    normal = np.eye(3)[axis]
    planes = slabs(members, normal, _IN_PLANE)
    gaps = np.diff([plane.depth for plane in planes])
    wide = len(gaps) > 0 and gaps.min() > 1.1 and not (on_slices and axis == 2)
    return _Group(axis, normal, planes, float(gaps.min()) / 2 if wide else 0.5)


def _tilted_group(
    normal: NDArray[np.float64], members: Sequence[NDArray[np.float64]], geometry: Geometry
) -> _Group:
    voxel = geometry.spacing[int(np.abs(geometry.matrix.T @ normal).argmax())]
    planes = slabs(members, normal, _IN_PLANE * voxel)
    gaps = np.diff([plane.depth for plane in planes])
    step = max(float(gaps.min()), voxel) if len(gaps) else voxel
    return _Group(None, normal, planes, step / 2)


def _outside(indexed: Sequence[NDArray[np.float64]], size: NDArray[np.int_]) -> list[str]:
    over = sum(bool(((points < -0.55) | (points > size - 0.45)).any()) for points in indexed)
    if not over:
        return []
    return [f"{over} of {len(indexed)} contours reach outside of the scan and are cut off there."]


def _nearest(group: _Group, spots: NDArray[np.floating]) -> NDArray[np.int_]:
    """Plane that each depth belongs to, -1 for none; halfway counts for the upper plane."""
    depths = np.array([plane.depth for plane in group.planes])
    upper = np.searchsorted(depths, spots).clip(1, max(1, len(depths) - 1))
    if len(depths) == 1:
        owner = np.zeros(len(spots), int)
    else:
        below, above = spots - depths[upper - 1], depths[upper] - spots
        owner = np.where(below < above - 1e-9, upper - 1, upper)
    off = spots - depths[owner]
    owner[(off < -group.reach - 1e-9) | (off >= group.reach - 1e-9)] = -1
    return owner


def _fill_aligned(mask: NDArray[np.bool_], start: NDArray[np.int_], group: _Group) -> list[str]:
    """Fill contours in planes of voxels across ``group.axis``."""
    axis = group.axis if group.axis is not None else 2
    along = [a for a in range(3) if a != axis]  # x and y of the plane
    view = np.moveaxis(mask, 2 - axis, 0)  # (slices, Y, X)
    spots = np.arange(len(view)) + float(start[axis])
    owner = _nearest(group, spots)
    for number, plane in enumerate(group.planes):
        slices = np.flatnonzero(owner == number)
        if not len(slices):
            continue
        flat = [points[:, along] - start[along] for points in plane.contours]
        view[slices] |= fill_rows(flat, view.shape[1:])
    return _fit_notes(group, owner, spots, _AXES[axis])


def _fit_notes(
    group: _Group, owner: NDArray[np.int_], spots: NDArray[np.floating], what: str
) -> list[str]:
    notes = []
    depths = np.array([plane.depth for plane in group.planes])
    if group.reach > 0.55:
        notes.append(
            f"its contours lie {2 * group.reach:.3g} {what} apart; each counts for the voxels "
            "nearest to it, no shape is interpolated between them."
        )
    else:
        off = np.abs(depths - np.round(depths))
        if off.max() > _OFF_SLICE:
            notes.append(
                f"{int((off > _OFF_SLICE).sum())} of {len(depths)} contour planes lie between "
                f"{what}, up to {off.max():.2f} of their distance; each {what[:-1]} takes the "
                "nearest."
            )
        gaps = np.diff(np.round(depths))
        if len(gaps) and gaps.max() > 1:
            notes.append(
                f"{int((gaps[gaps > 1] - 1).sum())} {what} between its contours have none and "
                "stay empty; nothing is interpolated."
            )
    inside_grid = (
        (depths >= spots[0] - 0.5) & (depths < spots[-1] + 0.5) if len(spots) else depths < 0
    )
    unused = len(set(np.flatnonzero(inside_grid)) - set(owner.tolist()))
    if unused:
        notes.append(
            f"{unused} contour planes are closer together than the {what} and are not used."
        )
    return notes


def _fill_oblique(
    mask: NDArray[np.bool_], start: NDArray[np.int_], group: _Group, geometry: Geometry
) -> list[str]:
    """Fill contours in oblique planes: voxel centres are projected onto the nearest plane."""
    first = np.eye(3)[int(np.abs(group.normal).argmin())]
    first = np.cross(group.normal, first)
    first /= np.linalg.norm(first)
    basis = np.stack([first, np.cross(group.normal, first)], axis=1)  # (3, 2)
    for k in range(mask.shape[0]):  # slice by slice, to bound memory
        rows, columns = np.indices(mask.shape[1:]).reshape(2, -1)
        index = np.stack([columns, rows, np.full_like(rows, k)], axis=1) + start
        points = geometry.index_to_world(index)  # (P, 3)
        owner = _nearest(group, points @ group.normal)
        hits = np.zeros(len(points), bool)
        for number in np.unique(owner[owner >= 0]):
            own = owner == number
            flat = [contour @ basis for contour in group.planes[number].contours]
            hits[own] = inside(flat, points[own] @ basis)
        mask[k] |= hits.reshape(mask.shape[1:])
    return [
        f"{sum(len(p.contours) for p in group.planes)} contours lie in planes that cut the slices "
        "at an angle; each voxel takes the nearest plane."
    ]
