"""One region made ready: grids, voxel size, size of the region, range of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import Box, box_around, crop
from napari_radiogenomics.radiomics.checks import require_measured
from napari_radiogenomics.radiomics.discretize import Standard
from napari_radiogenomics.radiomics.prepare import resample_both, resegment

__all__ = ["Ready", "prepare_region"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ready:
    """A region ready to be measured.

    Attributes
    ----------
    image : Image
        The scan, at the voxel size wanted.
    mask : ndarray of bool, shape (Z, Y, X)
        The region on its grid, cut to the range of values.
    box : tuple of slice
        Box around the mask.
    shape_mask : ndarray of bool
        The region whose shape is measured, in its own box.
    stages : dict
        Image and mask after each step ("corrected", "interpolated", "resegmented"), for
        diagnostics.
    """

    image: Image
    mask: Mask
    box: Box
    shape_mask: Mask
    stages: Mapping[str, tuple[Image, Mask]] = field(default_factory=dict)


def prepare_region(
    image: Image,
    segmentation: Segmentation,
    label: int,
    settings: Mapping[str, Any],
    standard: Standard,
) -> Ready:
    """Bring scan and region onto one grid, and cut the region to the range of values.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        Regions.
    label : int
        The region.
    settings : Mapping
        By PyRadiomics' names.
    standard : {"pyradiomics", "ibsi"}
        Whose definitions hold.

    Raises
    ------
    GeometryError
        If the grids differ, and nothing is said of how to join them.
    InputError
        If the region is empty, too small or flat, touches slices that were missing in the
        source, or nothing of it is left.
    """
    drawn = _drawn(segmentation, label, settings["label_channel"])
    grid = segmentation.geometry
    stages: dict[str, tuple[Image, Mask]] = {}
    if settings["resampledPixelSpacing"] is not None and settings["interpolator"] is not None:
        image, mask = _resampled(image, drawn, grid, settings)
        stages["interpolated"] = image, mask
    else:
        mask, corrected = _on_grid(image, drawn, grid, settings)
        if corrected:
            stages["corrected"] = image, mask
        if settings["preCrop"]:
            near = box_around(mask, int(settings["padDistance"]))
            image, mask = crop(image, near), mask[near]
    require_measured(image, mask)
    _require_size(mask, label, settings)
    whole = mask
    if settings["resegmentRange"] is not None:
        mask = resegment(
            image, mask, range=settings["resegmentRange"], mode=settings["resegmentMode"]
        )
        _require_size(mask, label, settings)
        stages["resegmented"] = image, mask
    box = box_around(mask)
    of_shape = mask if settings["resegmentShape"] else whole
    # PyRadiomics cuts the region to the box of what is left after the range was applied.
    shape_box = box if standard == "pyradiomics" else box_around(of_shape)
    return Ready(image, mask, box, of_shape[shape_box], stages)


def _drawn(segmentation: Segmentation, label: int, channel: int | None) -> Mask:
    """Voxels of one label, of one layer where regions overlap."""
    if channel is None or not segmentation.overlapping:
        return segmentation.mask(label)
    if channel >= len(segmentation.labels):
        raise InputError(
            f"label_channel is {channel}, and the segmentation has {len(segmentation.labels)} "
            "layers, counted from 0."
        )
    return replace(segmentation, labels=segmentation.labels[channel], fractions=None).mask(label)


def _resampled(
    image: Image, drawn: Mask, grid: Geometry, settings: Mapping[str, Any]
) -> tuple[Image, Mask]:
    if image.geometry.same_grid(grid):
        require_measured(image, drawn)
    small, found = resample_both(
        image,
        Segmentation(drawn.astype(np.uint8), grid),
        spacing=settings["resampledPixelSpacing"],
        interpolator=settings["interpolator"],
        pad_distance=int(settings["padDistance"]),
    )
    return small, found.mask(1)


def _on_grid(
    image: Image, drawn: Mask, grid: Geometry, settings: Mapping[str, Any]
) -> tuple[Mask, bool]:
    """The region on the scan's grid, and whether it had to be brought there."""
    tolerance = settings["geometryTolerance"]
    near = tolerance is not None and _within(image.geometry, grid, float(tolerance))
    if near or image.geometry.same_grid(grid):
        return drawn, False
    if not settings["correctMask"]:
        require_same_grid(image.geometry, grid, names=("Scan", "Segmentation"))
    _require_inside(image, drawn, grid)
    return _nearest(drawn, grid, image.geometry), True


def _within(first: Geometry, second: Geometry, tolerance: float) -> bool:
    """Whether two grids agree as ITK understands a tolerance: in voxels of the first axis."""
    far = tolerance * first.spacing[0]
    places = np.abs(np.array([first.origin, first.spacing]) - [second.origin, second.spacing])
    turn = np.abs(np.array(first.direction) - second.direction)
    return first.size == second.size and bool((places <= far).all() and (turn <= tolerance).all())


def _require_inside(image: Image, drawn: Mask, grid: Geometry) -> None:
    places = np.argwhere(drawn)[:, ::-1]
    if not image.geometry.contains(grid.index_to_world(places)).all():
        raise InputError(
            f"The region reaches beyond the scan ({image.geometry}), so that it cannot be brought "
            "onto its grid. Draw the region on this scan, or crop it."
        )


def _nearest(drawn: Mask, source: Geometry, grid: Geometry) -> Mask:
    import SimpleITK as sitk

    moving = sitk.GetImageFromArray(drawn.astype(np.uint8))
    fixed = sitk.Image(list(grid.size), sitk.sitkUInt8)
    for target, geometry in ((moving, source), (fixed, grid)):
        target.SetSpacing(geometry.spacing)
        target.SetOrigin(geometry.origin)
        target.SetDirection(geometry.direction)
    found = sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkNearestNeighbor)
    mask: Mask = sitk.GetArrayFromImage(found) > 0
    if not mask.any():
        raise InputError("Nothing of the region is left on the scan's grid: it is too small.")
    return mask


def _require_size(mask: Mask, label: int, settings: Mapping[str, Any]) -> None:
    box = box_around(mask)
    dimensions = sum(part.stop - part.start > 1 for part in box)
    least = int(settings["minimumROIDimensions"])
    if dimensions == 0:
        raise InputError(
            f"The region of label {label} is a single voxel: it has neither shape nor texture. "
            "Draw a larger one."
        )
    if dimensions < least:
        raise InputError(
            f"The region of label {label} extends along {dimensions} of the axes, and "
            f"minimum_roi_dimensions is {least}. Draw a larger one, or lower the limit."
        )
    size, limit = int(mask.sum()), settings["minimumROISize"]
    if limit is not None and size <= limit:
        raise InputError(
            f"The region of label {label} has {size} voxels, and must have more than {limit} "
            "(minimum_roi_size)."
        )
