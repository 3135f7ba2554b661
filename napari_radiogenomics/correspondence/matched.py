"""Two maps, and what may explain both, at the voxels of one region.

Letters: n voxels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.imaging.resample import resample as bring_onto

__all__ = ["LEAST_VOXELS", "Matched", "match"]

Reals = NDArray[np.float64]
LEAST_VOXELS = 30
# Values that differ by less than this part of the largest are one value, and rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Matched:
    """Values of maps at the same voxels.

    Attributes
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        Voxels of the region where every map has a value.
    region : ndarray of bool, shape (Z, Y, X)
        The whole region, whose edge counts.
    geometry : Geometry
        Of both.
    a, b : ndarray, shape (n,)
        Values of the two maps.
    confounders : ndarray, shape (n, C)
        Values of the others.
    names : tuple of str
        What a person calls the two maps.
    notes : tuple of str
        What should be known.
    confounder_names : tuple of str
        What a person calls the others.
    """

    mask: NDArray[np.bool_]
    region: NDArray[np.bool_]
    geometry: Geometry
    a: Reals
    b: Reals
    confounders: Reals
    names: tuple[str, str]
    notes: tuple[str, ...]
    confounder_names: tuple[str, ...] = ()

    @property
    def index(self) -> NDArray[np.intp]:
        """Place of each voxel, shape (n, 3): z, y, x."""
        return np.argwhere(self.mask)


def match(
    map_a: Image,
    map_b: Image,
    mask: Segmentation,
    confounders: Sequence[Image],
    *,
    label: int | None,
    resample: bool,
) -> Matched:
    """Take the values of maps at the voxels of a region.

    Raises
    ------
    GeometryError
        If grids differ and nothing may be resampled.
    InputError
        If a map has several volumes or one value, or too few voxels have values.
    """
    names = (map_a.name or "map A", map_b.name or "map B")
    others = [(one, one.name or f"confounder {k + 1}") for k, one in enumerate(confounders)]
    notes: list[str] = []
    maps = [_on_grid(map_a, map_a, names[0], resample, notes)]
    for image, name in [(map_b, names[1]), *others]:
        maps.append(_on_grid(image, map_a, name, resample, notes))
    regions = _regions_on(mask, map_a, resample, notes)
    region = regions.mask(label) if label is not None else _any_label(regions)
    known = region & np.logical_and.reduce([_measured(image) for image in maps])
    lost, left = int(region.sum() - known.sum()), int(known.sum())
    if left < LEAST_VOXELS:
        raise InputError(_too_few(left, left + lost))
    if lost:
        notes.append(f"{lost} voxels of the region have no value in one of the maps: left out.")
    values = np.stack([image.array[known] for image in maps], axis=1).astype(float)
    called = [*names, *(name for _, name in others)]
    for image, column, name in zip(maps, values.T, called, strict=True):
        if np.ptp(column) <= _rounding(image.array.dtype) * np.abs(column).max():
            raise InputError(
                f'"{name}" has the same value ({column[0]:g}) in all {left} voxels of the region. '
                "Choose another map or another region."
            )
    return Matched(known, region, map_a.geometry, values[:, 0], values[:, 1], values[:, 2:],
                   names, tuple(notes), tuple(name for _, name in others))  # fmt: skip


def _rounding(dtype: np.dtype) -> float:
    """Part of a value that is rounding in numbers of a kind."""
    single = np.issubdtype(dtype, np.floating) and np.finfo(dtype).eps > _ROUNDING
    return 8 * float(np.finfo(dtype).eps) if single else _ROUNDING


def _on_grid(image: Image, reference: Image, name: str, resample: bool, notes: list[str]) -> Image:
    """Return the map on the grid of the first one, or refuse."""
    if image.array.ndim != 3:
        raise InputError(
            f'"{name}" holds {len(image.array)} volumes. Choose one of them: image.volumes()[0].'
        )
    if image.geometry.same_grid(reference.geometry):
        return image
    if not resample:
        _refuse(reference, image.geometry, name)
    notes.append(f'"{name}" was resampled (linear) onto the grid of the first map.')
    floats = replace(image, array=_as_measured(image))
    return bring_onto(floats, reference, interpolation="linear", fill=float("nan"))


def _as_measured(image: Image) -> NDArray[np.float32]:
    """Values with nothing where a slice holds no measurement."""
    array = np.array(image.array, np.float32)
    array[list(image.blank_slices)] = np.nan
    return array


def _too_few(left: int, drawn: int) -> str:
    needed = f"at least {LEAST_VOXELS} are needed. Choose a larger region"
    if left == drawn:
        return f"The region has {counted(left, 'voxel')}; {needed}."
    have = "has" if left == 1 else "have"
    return (
        f"Only {left} of the {counted(drawn, 'voxel')} of the region {have} a value in every map; "
        f"{needed}, or maps that cover it."
    )


def _regions_on(
    mask: Segmentation, reference: Image, resample: bool, notes: list[str]
) -> Segmentation:
    if mask.geometry.same_grid(reference.geometry):
        return mask
    if not resample:
        _refuse(reference, mask.geometry, mask.name or "mask")
    notes.append("The mask was resampled (nearest) onto the grid of the first map.")
    return bring_onto(mask, reference)


def _refuse(reference: Image, geometry: Geometry, name: str) -> None:
    try:
        require_same_grid(reference.geometry, geometry, names=(reference.name or "Map A", name))
    except GeometryError as error:
        raise GeometryError(f"{error} Or let it be done here: resample=True.") from error


def _any_label(regions: Segmentation) -> NDArray[np.bool_]:
    found = np.logical_or.reduce([layer > 0 for layer in regions.layers()])
    if not found.any():
        raise InputError(f"T{regions.called[1:]} is empty. Draw the region first.")
    return np.asarray(found)


def _measured(image: Image) -> NDArray[np.bool_]:
    """Voxels with a finite value, in slices that were measured."""
    known = np.isfinite(image.array)
    known[list(image.blank_slices)] = False
    return known
