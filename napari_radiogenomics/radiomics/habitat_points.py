"""What habitats are made of: the values of all maps in the voxels of a region.

Letters: V voxels of the region, P maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import box_around, depths
from napari_radiogenomics.radiomics.checks import region_of, require_kind

__all__ = ["Maps", "Points", "Preparation", "named_maps", "points_of"]

Maps = Mapping[str, Image] | Sequence[Image]


@dataclass(frozen=True)
class Preparation:
    """Which voxels count, and how maps are smoothed; the same for every patient of a model.

    Attributes
    ----------
    limits : tuple of float or None
        Lowest and highest value of the first map to keep.
    edge_mm : float
        Voxels this near to the outside of the region do not count.
    smooth_mm : float
        Standard deviation of the smoothing, within the voxels that count.

    Raises
    ------
    InputError
        If a setting is out of range.
    """

    limits: tuple[float, ...] | None = None
    edge_mm: float = 0.0
    smooth_mm: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= mm < np.inf for mm in (self.edge_mm, self.smooth_mm)):
            raise InputError(
                f"edge_mm and smooth_mm are lengths in mm, 0 or more; got {self.edge_mm} and "
                f"{self.smooth_mm}."
            )
        ends = self.limits
        if ends is not None and (len(ends) != 2 or not ends[0] < ends[1]):
            raise InputError(
                f"limits are the lowest and the highest value of the first map to keep; got {ends}."
            )

    @classmethod
    def of(cls, limits: Sequence[float] | None, edge_mm: float, smooth_mm: float) -> Preparation:
        """Make one of the settings of a verb; no limits at all are None."""
        kept = tuple(map(float, limits)) if limits else None
        return cls(kept, float(edge_mm), float(smooth_mm))


class Points(NamedTuple):
    """Values of the maps in a region.

    Attributes
    ----------
    mask : ndarray of bool, shape (Z, Y, X)
        The region.
    values : ndarray of float64, shape (N, P)
        Of its voxels that count.
    known : ndarray of bool, shape (V,)
        Which of the region's voxels those are.
    left_out : int
        Voxels that have values in every map and do not count, by the preparation.
    """

    mask: NDArray[np.bool_]
    values: NDArray[np.float64]
    known: NDArray[np.bool_]
    left_out: int


def named_maps(maps: Maps) -> dict[str, Image]:
    """Maps by name; refuses what is not a list of maps."""
    if isinstance(maps, Image | np.ndarray):
        what = type(maps).__name__
        raise InputError(f"maps is a list of maps, or a dictionary; got a single {what}.")
    if isinstance(maps, Mapping):
        named = dict(maps)
    else:
        named = {}
        for number, image in enumerate(maps, 1):
            require_kind(f"map {number}", image, Image)
            name = str(image.metadata.get("feature") or image.name or f"map {number}")
            if name in named:
                raise InputError(f'Two maps are called "{name}". Give them as a dictionary.')
            named[name] = image
    if not named:
        raise InputError("There is no map to find habitats in. Make some with texture_maps.")
    return named


def points_of(
    named: Mapping[str, Image],
    segmentation: Segmentation,
    label: int | None,
    how: Preparation,
) -> Points:
    """Collect the values of the maps in a region.

    Parameters
    ----------
    named : mapping of str to Image
        Maps on one grid.
    segmentation : Segmentation
        On the same grid.
    label : int or None
        As for `find_habitats`.
    how : Preparation
        Which voxels count.

    Raises
    ------
    GeometryError
        If grids differ.
    InputError
        If no voxel counts.
    """
    first, *others = named.values()
    mask = region_of(first, segmentation, label)
    for image in others:
        require_same_grid(first.geometry, image.geometry, names=("First map", image.name or "Map"))
        region_of(image, segmentation, label)
    values = np.stack([image.array[mask].astype(np.float64) for image in named.values()], axis=1)
    known = np.asarray(np.isfinite(values).all(axis=1))
    if not known.any():
        worst = min(named, key=lambda name: int(np.isfinite(named[name].array[mask]).sum()))
        raise InputError(
            f"No voxel of the region has a value in every map; {worst} has the fewest. "
            "Leave that map out, or map the region again."
        )
    counts = known & _counting(mask, values[:, 0], first.geometry.spacing[::-1], how)
    if not counts.any():
        raise InputError(_none_counts(mask, values[known, 0], first, next(iter(named)), how))
    if how.smooth_mm:
        values = _smoothed(mask, values, counts, first.geometry.spacing[::-1], how.smooth_mm)
    return Points(mask, values[counts], counts, int((known & ~counts).sum()))


def _none_counts(
    mask: NDArray[np.bool_], values: NDArray[np.float64], first: Image, name: str, how: Preparation
) -> str:
    """What is told where no voxel is left, with the limit that holds."""
    deepest = depths(mask, first.geometry.spacing[::-1]).max()
    if how.edge_mm * (1 + 1e-6) >= deepest:
        return (
            f"No voxel of the region counts: edge_mm is {how.edge_mm:g} mm, and the deepest voxel "
            f"lies {deepest:.3g} mm from the outside. Use a smaller edge_mm."
        )
    return (
        f"No voxel of the region counts: its values in {name} are {values.min():g} to "
        f"{values.max():g}. Widen the limits, or use a smaller edge_mm."
    )


def _counting(
    mask: NDArray[np.bool_],
    first: NDArray[np.float64],
    spacing: Sequence[float],
    how: Preparation,
) -> NDArray[np.bool_]:
    """Which voxels of the region, shape (V,), lie within the limits and not at the edge."""
    counts = np.ones(first.shape, bool)
    if how.limits is not None:
        counts &= (first >= how.limits[0]) & (first <= how.limits[1])
    if how.edge_mm:
        counts &= depths(mask, spacing) > how.edge_mm * (1 + 1e-6)
    return counts


def _smoothed(
    mask: NDArray[np.bool_],
    values: NDArray[np.float64],
    counts: NDArray[np.bool_],
    spacing: Sequence[float],
    sigma: float,
) -> NDArray[np.float64]:
    """Means of the voxels that count around each, weighted by a Gaussian; shape (V, P)."""
    from scipy import ndimage

    inside = mask[box_around(mask)]
    widths = sigma / np.asarray(spacing)

    def blur(of_voxels: NDArray[np.float64]) -> NDArray[np.float64]:
        box = np.zeros(inside.shape)
        box[inside] = np.where(counts, of_voxels, 0.0)
        blurred: NDArray[np.float64] = ndimage.gaussian_filter(box, widths, mode="constant")
        return blurred[inside]

    weight = blur(np.ones(len(counts)))
    columns = [blur(column) / np.where(weight > 0, weight, 1.0) for column in values.T]
    return np.stack(columns, axis=1)
