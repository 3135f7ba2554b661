"""Scan and region, checked and laid on the lattice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.vessels.area import Lattice, Part, distance_from, lattice_around

__all__ = ["Scene", "make_scene", "region_of"]

# Tortuosity means nothing where slices are farther apart than this.
_THICK_MM = 1.5


@dataclass(frozen=True)
class Scene:
    """What vessels are looked for in.

    Attributes
    ----------
    lattice : Lattice
        Where.
    volume : ndarray of float32
        Voxels of the block, all finite.
    outside : ndarray of float32
        Distance from the border of the region in mm on the lattice, negative inside.
    searched : ndarray of int, shape (V,)
        Flat indices of points where vessels are looked for.
    allowed : ndarray of bool, shape (Z, Y, X)
        Voxels of the scan where a map may have values.
    notes : tuple of str
        What a person should know about the scan.
    """

    lattice: Lattice
    volume: NDArray[np.float32]
    outside: NDArray[np.float32]
    searched: NDArray[np.intp]
    allowed: NDArray[np.bool_]
    notes: tuple[str, ...]


def region_of(
    image: Image, segmentation: Segmentation, label: int | None, organ: int | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Masks of the region and of the organ; refuses what cannot be measured."""
    if image.array.ndim == 4:
        names = ", ".join(volume.name for volume in image.volumes())
        raise InputError(
            f"{image.name or 'The scan'} holds {len(image.array)} volumes ({names}). "
            "Choose one of image.volumes()."
        )
    require_same_grid(image.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    chosen = [value for value in segmentation.present if value != organ]
    if label is not None:
        chosen = [label]
    if not chosen:
        raise InputError(
            f"T{segmentation.called[1:]} holds no region to look around. Draw a region first."
        )
    if organ is not None and organ == label:
        raise InputError(f"Label {organ} cannot be both the region and the organ around it.")
    mask = np.logical_or.reduce([segmentation.mask(value) for value in chosen])
    return mask, None if organ is None else segmentation.mask(organ) | mask


def make_scene(
    image: Image,
    mask: NDArray[np.bool_],
    organ: NDArray[np.bool_] | None,
    parts: Sequence[Part],
    *,
    gap_mm: float,
    step_mm: float,
    reach_mm: float,
    margin_mm: float,
) -> Scene:
    """Crop a scan to the surroundings of a region and lay them on the lattice.

    Parameters
    ----------
    image : Image
        Scan.
    mask, organ : ndarray of bool, shape (Z, Y, X)
        The region; where vessels may be, or None for everywhere.
    parts : sequence of Part
        Rings that are asked for.
    gap_mm : float
        This close to the border of the region nothing is looked for.
    step_mm, reach_mm : float
        Of the lattice: distance of its points, how far from the region vessels are followed.
    margin_mm : float
        How far filters see.

    Raises
    ------
    InputError
        If nothing is left to look for vessels in.
    """
    lattice = lattice_around(mask, image.geometry, reach_mm + margin_mm, step_mm)
    block = image.array[lattice.block].astype(np.float32)
    known = np.isfinite(block)
    for k in image.blank_slices:
        if lattice.block[0].start <= k < lattice.block[0].stop:
            known[k - lattice.block[0].start] = False
    notes = _spacing_notes(image.geometry)
    if not known.all():
        notes += [f"{(~known).sum():,} voxels near the region have no value and hold no vessel."]
        block = _filled(block, known)
    allowed = np.zeros(image.array.shape, bool)
    allowed[lattice.block] = known
    if organ is not None:
        allowed &= organ
    outside = distance_from(mask, lattice)
    within = min(part.inner_mm for part in parts) < 0
    searched = (np.abs(outside) > gap_mm) if within else (outside > gap_mm)
    searched &= (outside <= reach_mm) & lattice.nearest(allowed)
    if not searched.any():
        raise InputError(
            f"Nothing is left to look for vessels in: no voxel with a value lies "
            f"{'inside the region, or ' if within else ''}from {gap_mm:g} to {reach_mm:g} mm from "
            f"its border{', in the organ' if organ is not None else ''}. Check the region and the "
            "rings, or make gap_mm smaller."
        )
    notes += _edge_notes(mask, image.geometry, parts)
    volume = block[0] if lattice.flat else block
    return Scene(lattice, volume, outside, np.flatnonzero(searched), allowed, tuple(notes))


def _filled(block: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give unknown voxels the value of the nearest known one, so that no edge arises."""
    from scipy.ndimage import distance_transform_edt

    if not known.any():
        raise InputError("No voxel near the region has a value. Check the scan.")
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled: NDArray[np.float32] = block[tuple(nearest)]
    return filled


def _spacing_notes(geometry: Geometry) -> list[str]:
    spacing = geometry.spacing[:2] if geometry.size[2] == 1 else geometry.spacing
    if max(spacing) <= _THICK_MM:
        return []
    return [
        f"Voxels are up to {max(spacing):.3g} mm apart. Beyond {_THICK_MM} mm tortuosity says "
        "little: windings are blurred. Compare it between scans of the same kind only."
    ]


def _edge_notes(mask: NDArray[np.bool_], geometry: Geometry, parts: Sequence[Part]) -> list[str]:
    """Say where a ring reaches beyond the scan."""
    reach = max(part.outer_mm for part in parts)
    for axis, spacing in enumerate(geometry.spacing[::-1]):
        if mask.shape[axis] == 1:
            continue
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        room = min(int(found[0]), mask.shape[axis] - 1 - int(found[-1])) * spacing
        if 0 <= room < reach:
            return [
                f"The rings reach {reach:g} mm from the region, and the scan ends {room:.0f} mm "
                "from it: they are cut off there."
            ]
    return []
