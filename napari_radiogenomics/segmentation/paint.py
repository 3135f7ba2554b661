"""Where a brush may paint: by value, and by the labels that are there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation.edit import Mask, values_of

__all__ = ["paint_mask"]


def paint_mask(
    segmentation: Segmentation,
    image: Image | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    inside: Sequence[int] = (),
    outside: Sequence[int] = (),
) -> Mask:
    """Voxels that may be painted.

    Parameters
    ----------
    segmentation : Segmentation
        What is painted on.
    image : Image, optional
        Scan on the same grid; needed for a range.
    low, high : float, optional
        Range of the values that may be painted, both ends included.
    inside : sequence of int, optional
        Only voxels of these labels; 0 is the background.
    outside : sequence of int, optional
        No voxel of these labels, for example the locked ones.

    Returns
    -------
    ndarray of bool, shape (Z, Y, X)

    Raises
    ------
    InputError
        If the range is empty, or a range is given without a scan.
    GeometryError
        If scan and segmentation are on different grids.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> drawn = Segmentation(np.array([[[0, 1, 2]]]), Geometry((3, 1, 1)))
    >>> paint_mask(drawn, inside=[0, 1], outside=[1]).tolist()
    [[[True, False, False]]]
    """
    allowed = np.ones(segmentation.geometry.shape, bool)
    if low is not None or high is not None:
        allowed &= _in_range(segmentation, image, low, high)
    if inside:
        allowed &= _covered(segmentation, inside)
    if outside:
        allowed &= ~_covered(segmentation, outside)
    return allowed


def _covered(segmentation: Segmentation, labels: Sequence[int]) -> Mask:
    layers = segmentation.layers()
    regions = [value for value in labels if value]
    found: Mask = np.any([np.isin(layer, regions) for layer in layers], axis=0)
    return found | np.all([layer == 0 for layer in layers], axis=0) if 0 in labels else found


def _in_range(
    segmentation: Segmentation, image: Image | None, low: float | None, high: float | None
) -> Mask:
    if image is None:
        raise InputError("A range of values needs the scan they are taken from. Choose a scan.")
    if low is not None and high is not None and not low <= high:
        raise InputError(f"The range goes from {low} to {high}: exchange its ends.")
    values = values_of(image, segmentation)
    allowed = np.ones(values.shape, bool)
    if low is not None:
        allowed &= values >= low
    if high is not None:
        allowed &= values <= high
    return allowed
