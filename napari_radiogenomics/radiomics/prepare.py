"""What happens to a scan and a region before they are measured, as PyRadiomics does it.

Normalization, then resampling of both, then resegmentation; each only where it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import Box, box_around, crop
from napari_radiogenomics.registry import did_you_mean

__all__ = ["INTERPOLATORS", "crop", "normalize_image", "resample_both", "resegment"]

ResegmentMode = Literal["absolute", "relative", "sigma"]

# PyRadiomics' names of interpolators are SimpleITK's; these are the ones that make sense.
INTERPOLATORS = (
    "sitkBSpline",
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)
# Voxels of a resampled region at most: 4 GB in doubles, and each filter takes as much again.
_MOST_VOXELS = 500_000_000
# A voxel may stick out of the scan by this part of itself: rounding of headers.
_STICKS_OUT = 1e-3


def normalize_image(
    image: Image, *, scale: float = 1.0, remove_outliers: float | None = None
) -> Image:
    """Center values at their mean and divide them by their standard deviation.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan; every voxel counts, not only those of a region.
    scale : float, optional
        What the result is multiplied with.
    remove_outliers : float, optional
        Values farther from the mean than this many standard deviations are brought back to it.

    Returns
    -------
    Image
        Doubles without a unit.

    Raises
    ------
    InputError
        If values are not finite or all alike, or a setting is out of range.

    References
    ----------
    PyRadiomics' ``normalize``, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> scan = Image(np.array([[[1.0, 2.0, 3.0]]]), Geometry((3, 1, 1)))
    >>> normalize_image(scan, scale=100).array.tolist()
    [[[-100.0, 0.0, 100.0]]]
    """
    if remove_outliers is not None and not remove_outliers > 0:
        raise InputError(
            f"remove_outliers is a number of standard deviations; got {remove_outliers}."
        )
    values = image.array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(
            f"{image.name or 'The scan'} holds values that are not finite (NaN or infinite) and "
            "cannot be normalized. Repair the scan."
        )
    spread = values.std(ddof=1) if values.size > 1 else 0.0
    if not spread > 0:
        raise InputError(
            f"Every value of {image.name or 'the scan'} is the same: there is nothing to normalize."
        )
    values = (values - values.mean()) / spread
    if remove_outliers is not None:
        values = values.clip(-remove_outliers, remove_outliers)
    return replace(image, array=values * scale, unit="")


def resegment(
    image: Image,
    mask: NDArray[np.bool_],
    *,
    range: Sequence[float],
    mode: ResegmentMode = "absolute",
) -> NDArray[np.bool_]:
    """Keep the voxels of a region whose values lie in a range.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    mask : ndarray of bool, shape (Z, Y, X)
        Region.
    range : sequence of float
        Lowest value to keep, or the lowest and the highest.
    mode : {"absolute", "relative", "sigma"}, optional
        Values as they are; parts of the highest value of the region; or standard deviations
        from its mean.

    Returns
    -------
    ndarray of bool, shape (Z, Y, X)

    Raises
    ------
    InputError
        If the range has not one or two values, the mode is not known, or at most one voxel is
        left.

    Examples
    --------
    >>> scan = Image(np.array([[[-900, 20, 40, 3000]]]), Geometry((4, 1, 1)), unit="HU")
    >>> resegment(scan, np.ones((1, 1, 4), bool), range=[-100, 400]).tolist()
    [[[False, True, True, False]]]
    """
    if len(range) not in (1, 2):
        raise InputError(
            f"range holds the lowest value to keep, or the lowest and the highest; got {range}."
        )
    inside = image.array[mask]
    if not inside.size:
        raise InputError("The region is empty: no voxel lies in it.")
    limits = _limits(inside, sorted(range), mode)
    kept = inside >= limits[0]
    if len(limits) == 2:
        kept &= inside <= limits[1]
    if kept.sum() <= 1:
        low, high = float(inside.min()), float(inside.max())
        between = " to ".join(f"{limit:g}" for limit in limits)
        raise InputError(
            f"{int(kept.sum())} of {inside.size} voxels of the region lie in the range "
            f"{between} {image.unit}".rstrip()
            + f"; its values are {low:g} to {high:g}. "
            "Widen the range."
        )
    result = np.zeros_like(mask)
    result[mask] = kept
    return result


def _limits(inside: NDArray, ends: list[float], mode: str) -> list[float]:
    if mode == "absolute":
        return ends
    if mode == "relative":
        return [inside.max() * end for end in ends]
    if mode == "sigma":
        return [inside.mean() + inside.std() * end for end in ends]
    hint = did_you_mean(str(mode), ["absolute", "relative", "sigma"])
    raise InputError(f'Unknown resegmentation mode "{mode}". {hint}')


def resample_both(
    image: Image,
    segmentation: Segmentation,
    *,
    spacing: Sequence[float],
    interpolator: str = "sitkBSpline",
    pad_distance: int = 5,
    label: int = 1,
) -> tuple[Image, Segmentation]:
    """Resample a scan and one region of it to another voxel size, around the region.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        Region; its grid decides where the new voxels lie. Its corner stays the corner.
    spacing : sequence of float
        Size of a voxel along x, y, z in mm, in PyRadiomics' order. 0 leaves it as it is, and so
        does an axis along which the region is one voxel thick.
    interpolator : str, optional
        SimpleITK's name. The region is always taken from the nearest voxel.
    pad_distance : int, optional
        Voxels around the region's box that are made too.
    label : int, optional
        Label that is the region.

    Returns
    -------
    image : Image
        In the type of the scan: whole numbers are rounded.
    segmentation : Segmentation
        The region alone, on the same grid.

    Raises
    ------
    InputError
        If the region sticks out of the scan, no voxel of it is left, or a setting is out of
        range, or makes more than 500 million voxels.

    References
    ----------
    PyRadiomics' ``resampledPixelSpacing``, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> scan = Image(np.arange(8.0).reshape(1, 1, 8), Geometry((8, 1, 1)))
    >>> region = Segmentation(np.ones((1, 1, 8), np.uint8), scan.geometry)
    >>> small, tumour = resample_both(scan, region, spacing=(2, 1, 1), interpolator="sitkLinear")
    >>> small.array.tolist(), small.geometry.origin
    ([[[0.5, 2.5, 4.5, 6.5]]], (0.5, 0.0, 0.0))
    """
    import SimpleITK as sitk

    _require_settings(spacing, interpolator, pad_distance)
    region = segmentation.geometry
    mask = segmentation.mask(label).astype(np.uint8)
    box = box_around(mask.astype(bool))
    _require_inside(image, region, box)
    voxel = _voxel(region, box, spacing)
    nearest = sitk.sitkNearestNeighbor
    if np.allclose(image.geometry.spacing, voxel):  # the scan stays as it is
        onto = _resampled(mask, region, image.geometry, nearest)
        small = crop(image, box_around(_left(onto, label, voxel), pad_distance))
    else:
        grid = _new_grid(region, box, voxel, pad_distance)
        _require_room(grid)
        method = getattr(sitk, interpolator)
        array = _resampled(_whole(image.array), image.geometry, grid, method)
        small = replace(image, array=array, geometry=grid, blank_slices=())
    inside = _left(_resampled(mask, region, small.geometry, nearest), label, voxel)
    scheme = tuple(found for found in segmentation.scheme if found.value == label)
    labels = inside.astype(np.uint32) * np.uint32(label)
    return small, replace(
        segmentation, labels=labels, geometry=small.geometry, scheme=scheme, fractions=None
    )


def _left(mask: NDArray, label: int, voxel: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not mask.any():
        raise InputError(
            f"No voxel of label {label} is left at a voxel size of {_times(voxel)} mm. "
            "Use smaller voxels."
        )
    return mask.astype(bool)


def _require_room(grid: Geometry) -> None:
    n = math.prod(grid.size)
    if n > _MOST_VOXELS:
        raise InputError(
            f"A voxel size of {_times(np.array(grid.spacing))} mm makes {n:,} voxels of the box "
            f"around the region ({_times(np.array(grid.size))}), and {_MOST_VOXELS:,} are the "
            "limit. Use larger voxels."
        )


def _require_settings(spacing: Sequence[float], interpolator: str, pad_distance: int) -> None:
    if len(spacing) != 3 or not all(np.isfinite(step) and step >= 0 for step in spacing):
        raise InputError(
            f"spacing is three sizes in mm along x, y, z (0 leaves one as it is); got {spacing}."
        )
    if interpolator not in INTERPOLATORS:
        hint = did_you_mean(str(interpolator), list(INTERPOLATORS))
        raise InputError(f'Unknown interpolator "{interpolator}". {hint}')
    if pad_distance < 0:
        raise InputError(f"pad_distance is a number of voxels, 0 or more; got {pad_distance}.")


def _voxel(grid: Geometry, box: Box, wanted: Sequence[float]) -> NDArray[np.float64]:
    """Size of the new voxels along x, y, z."""
    old = np.array(grid.spacing)
    new = np.where(np.array(wanted, float) == 0, old, wanted)
    thick = np.array([part.stop - part.start for part in reversed(box)])
    return np.where(thick != 1, new, old)


def _new_grid(grid: Geometry, box: Box, new: NDArray[np.float64], pad: int) -> Geometry:
    """Grid of the new voxels around the region; PyRadiomics' rounding, along x, y, z."""
    start = np.array([part.start for part in reversed(box)])
    stop = np.array([part.stop for part in reversed(box)])
    old = np.array(grid.spacing)
    ratio = old / new
    most = np.ceil(np.array(grid.size) * ratio) - 1
    first = np.maximum(np.floor((start - 0.5) * ratio - pad), 0)
    last = np.minimum(np.ceil((stop - 0.5) * ratio + pad), most)
    size = tuple(int(n) for n in last - first + 1)
    corner = grid.index_to_world(0.5 * (new - old) / old + first / ratio)
    return Geometry(size, _triple(new), _triple(corner), grid.direction)  # type: ignore[arg-type]


def _require_inside(image: Image, grid: Geometry, box: Box) -> None:
    ends = np.array([[part.start, part.stop] for part in reversed(box)]).T - 0.5
    corners = image.geometry.world_to_index(grid.index_to_world(ends))
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.array(image.geometry.size)
    if (low < -0.5 - _STICKS_OUT).any() or (high > size - 0.5 + _STICKS_OUT).any():
        raise InputError(
            f"The region reaches beyond the scan: its box goes from voxel {_times(low + 0.5, ', ')}"
            f" to {_times(high - 0.5, ', ')} (i, j, k), and the scan has {_times(size)} voxels. "
            "Draw the region on this scan, or crop it."
        )


def _resampled(array: NDArray, source: Geometry, grid: Geometry, method: Any) -> NDArray:
    import SimpleITK as sitk

    moving = sitk.GetImageFromArray(np.ascontiguousarray(array))
    moving.SetSpacing(source.spacing)
    moving.SetOrigin(source.origin)
    moving.SetDirection(source.direction)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.size)
    resampler.SetOutputSpacing(grid.spacing)
    resampler.SetOutputOrigin(grid.origin)
    resampler.SetOutputDirection(grid.direction)
    resampler.SetOutputPixelType(moving.GetPixelID())
    resampler.SetInterpolator(method)
    result: NDArray = sitk.GetArrayFromImage(resampler.Execute(moving))
    return result


def _whole(array: NDArray) -> NDArray:
    """Types that SimpleITK knows."""
    if array.dtype == bool:
        return array.astype(np.uint8)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _times(values: Sequence[float] | NDArray[Any], sign: str = "×") -> str:
    return sign.join(f"{value:g}" for value in values)
