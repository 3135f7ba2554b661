"""From slice positions to a regular grid, or to an honest refusal.

Slices are placed by their ImagePositionPatient projected on the slice normal; what headers
say of the distance between slices is never believed. Nothing is interpolated: a stack that
is sheared or unevenly spaced is refused, places that miss their slice are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import GeometryError
from napari_radiogenomics.io.dicom.planes import Plane

__all__ = ["Grid", "depth_groups", "fit_grid", "plane_matrix"]

# Slices that stray from their regular place by less than this part of the gap are as good as
# on it; up to the second part they are placed and it is told; beyond, the series is refused.
_EVEN, _UNEVEN = 0.01, 0.1
# A shear is gantry tilt, not rounding of the header, beyond this angle in degrees.
_TILT = 0.1
# More blank places than this for each slice mean an incomplete series, not a gap.
_BLANK_PER_SLICE = 3


@dataclass(frozen=True)
class Grid:
    """Where the planes of a stack lie.

    Attributes
    ----------
    geometry : Geometry
        Grid that holds them.
    places : tuple of int
        Index along k of each plane, ascending.
    notes : tuple of str
        What a person should know about the placing.
    """

    geometry: Geometry
    places: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices along k that no plane holds."""
        return tuple(sorted(set(range(self.geometry.size[2])) - set(self.places)))


def depth_groups(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Sort planes of one orientation along their normal; those at one place come together."""
    normal = planes[0].normal
    depths = np.array([plane.position @ normal for plane in planes])
    order = np.argsort(depths, kind="stable")
    same = 0.01 * min(planes[0].spacing or (1.0, 1.0))
    groups: list[list[Plane]] = []
    last = -np.inf
    for n in order:
        if depths[n] - last > same:
            groups.append([])
            last = depths[n]
        groups[-1].append(planes[n])
    return groups


def plane_matrix(plane: Plane) -> np.ndarray:
    """(3, 3) direction: along the rows, along the columns, across the plane."""
    if plane.orientation is None:
        return np.eye(3)
    return np.stack([plane.orientation[:3], plane.orientation[3:], plane.normal], axis=1)


def fit_grid(
    planes: Sequence[Plane], where: Path, *, sparse: Sequence[float] | None = None
) -> Grid:
    """Place planes of one orientation, sorted along their normal, on a regular grid.

    Parameters
    ----------
    planes : sequence of Plane
        One for each place, ascending along the normal.
    where : Path
        Folder or file, for messages.
    sparse : sequence of float, optional
        Slice distances in mm that the places may be multiples of, tried in order before their
        own smallest gap; only for planes of which most may be left out (segmentations).

    Raises
    ------
    GeometryError
        If the stack is sheared (gantry tilt) or unevenly spaced.
    """
    normal = planes[0].normal
    positions = np.array([plane.position for plane in planes])  # (P, 3)
    depths = positions @ normal
    notes = _drift(planes, positions - depths[:, None] * normal, depths, where)
    step, places, more = _steps(planes, depths, where, sparse)
    shape = int(planes[0].header.Columns), int(planes[0].header.Rows), places[-1] + 1
    spacing = planes[0].spacing or (1.0, 1.0)
    geometry = Geometry(
        shape,
        (*spacing, step),
        tuple(positions[0]),
        tuple(plane_matrix(planes[0]).ravel()),
    )
    return Grid(geometry, tuple(places), (*notes, *more))


def _drift(
    planes: Sequence[Plane], offsets: np.ndarray, depths: np.ndarray, where: Path
) -> tuple[str, ...]:
    """Refuse stacks whose slices slide sideways; offsets (P, 3) lie in the slice plane."""
    shifts = np.linalg.norm(offsets - offsets[0], axis=1)
    pixel = min(planes[0].spacing or (1.0, 1.0))
    worst = int(shifts.argmax())
    if shifts[worst] <= 0.1 * pixel:
        return ()
    depth = depths - depths[0]
    slope = (depth @ (offsets - offsets[0])) / (depth @ depth)  # (3,) mm per mm
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    straight = np.abs(offsets - offsets[0] - depth[:, None] * slope).max() <= 0.1 * pixel
    if angle <= _TILT and shifts[worst] <= 0.5 * pixel:
        return (
            f"{where}: the slices drift by {shifts[worst]:.2g} mm ({angle:.2g}°) off their "
            "normal, less than half a pixel; they are placed straight.",
        )
    if straight:
        raise GeometryError(
            f"{where}: the slices are sheared by {angle:.1f}° (gantry tilt): from "
            f"{planes[0].name} to {planes[-1].name} they slide by {shifts[worst]:.1f} mm. Such a "
            "grid cannot be shown or measured without interpolation. Resample the series onto a "
            "straight grid first (for example with dcm2niix, which corrects the tilt)."
        )
    raise GeometryError(
        f"{where}: {planes[worst].name} lies {shifts[worst]:.1f} mm beside {planes[0].name}, not "
        "behind it, so the slices form no straight stack. Move the files that do not belong to "
        "it to a folder of their own."
    )


def _steps(
    planes: Sequence[Plane], depths: np.ndarray, where: Path, sparse: Sequence[float] | None
) -> tuple[float, list[int], tuple[str, ...]]:
    """Distance of slices, the place of each plane, and notes."""
    gaps = np.diff(depths)
    if not len(gaps):
        return _single(planes[0], sparse, where)
    thickness = None if sparse is None else planes[0].thickness
    for guess in (*(sparse or ()), float(gaps.min()), thickness):
        if not guess:
            continue
        places = np.concatenate([[0], np.cumsum(np.round(gaps / guess).astype(int))])
        if (np.diff(places) < 1).any():
            continue
        step = float((depths[-1] - depths[0]) / places[-1])
        stray = np.abs(depths - depths[0] - places * step) / step
        if stray.max() <= _UNEVEN:
            break
    else:
        _refuse_uneven(planes, gaps, where)
    notes: list[str] = []
    if sparse is None:
        _refuse_hollow(places, step, where)
        notes += _sparse_series(planes, step, where)
    if stray.max() > _EVEN:
        notes.append(
            f"{where}: slices lie up to {stray.max() * step:.2g} mm off their regular places "
            f"{step:.4g} mm apart (at {planes[int(stray.argmax())].name}); they are placed evenly."
        )
    return step, [int(place) for place in places], tuple(notes)


def _single(
    plane: Plane, sparse: Sequence[float] | None, where: Path
) -> tuple[float, list[int], tuple[str, ...]]:
    step = next((gap for gap in sparse or () if gap), None) or plane.thickness
    if step:
        return step, [0], ()
    note = f"{where}: {plane.name} is a single slice of unknown thickness; 1 mm is assumed."
    return 1.0, [0], (note,)


def _refuse_uneven(planes: Sequence[Plane], gaps: np.ndarray, where: Path) -> None:
    common = float(np.median(gaps))
    odd = int(np.abs(gaps - common).argmax())
    raise GeometryError(
        f"{where}: slices are unevenly spaced: most lie {common:.4g} mm apart, "
        f"{planes[odd].name} and {planes[odd + 1].name} {gaps[odd]:.4g} mm (gaps from "
        f"{gaps.min():.4g} to {gaps.max():.4g} mm). Move the slices that do not belong to it to "
        "a folder of their own, or resample the series onto an even grid first."
    )


def _refuse_hollow(places: np.ndarray, step: float, where: Path) -> None:
    blank = int(places[-1]) + 1 - len(places)
    if blank > _BLANK_PER_SLICE * len(places):
        raise GeometryError(
            f"{where}: {blank} of {places[-1] + 1} slices {step:.4g} mm apart are missing, more "
            "than a gap. Copy the whole series, or keep distant parts in folders of their own."
        )


def _sparse_series(planes: Sequence[Plane], step: float, where: Path) -> tuple[str, ...]:
    thickness = planes[0].thickness
    if thickness and step > 2.5 * thickness:
        return (
            f"{where}: slices are {thickness:.4g} mm thick and {step:.4g} mm apart; if every "
            "second one was lost on copying, the gap cannot be told from a planned one.",
        )
    return ()
