"""Fill the holes of a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import Mask, region, spacing_zyx, with_masks
from napari_radiogenomics.segmentation.morphology import components
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "Holes", "fill_holes"]

Holes = Literal["volume", "k", "j", "i"]


@verb
def fill_holes(
    segmentation: Segmentation,
    *,
    label: int = 1,
    by: Holes = "volume",
    largest_mm3: float | None = None,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Fill the holes of a label.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label.
    label : int, optional
        Label that changes.
    by : {"volume", "k", "j", "i"}, optional
        Fill what is enclosed on all sides in the volume, or within each slice across one axis of
        the grid (``"k"``: the acquired slices).
    largest_mm3 : float, optional
        Leave larger holes open. Slice by slice, a hole counts with its slice alone.
    overwrite : bool, optional
        Fill over other labels that lie in the holes too, and not the background alone.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the label does not occur.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> slab = np.ones((1, 3, 3), np.uint8); slab[0, 1, 1] = 0
    >>> int(fill_holes(Segmentation(slab, Geometry((3, 3, 1))), by="k").labels.sum())
    9
    """
    axes = {"volume": None, "k": 0, "j": 1, "i": 2}
    if by not in axes:
        raise InputError(f'Unknown way to fill "{by}". {did_you_mean(by, [*axes])}')
    part = region(segmentation.mask(label), spacing_zyx(segmentation))
    most = np.inf if largest_mm3 is None else largest_mm3 / segmentation.geometry.voxel_volume
    axis = axes[by]
    if axis is None:
        part.mask |= _holes(part.mask, most)
    else:
        for plane in np.moveaxis(part.mask, axis, 0):
            plane |= _holes(plane, most)
    after = {label: part.whole(part.mask)}
    return with_masks(segmentation, after, locked=locked, overwrite=overwrite)


def _holes(mask: Mask, most: float) -> Mask:
    """Pieces outside of a mask that do not reach the edge of the box, with few enough voxels."""
    numbers, counts = components(~mask, corners=False)
    hole = np.concatenate([[False], counts <= most + 1e-9])
    for axis in range(mask.ndim):
        for end in (0, -1):
            hole[np.take(numbers, end, axis=axis)] = False
    return hole[numbers]


TOOL = Tool(
    "fill_holes",
    "Fill holes",
    "shape",
    "Fills what a label encloses, in the volume or slice by slice.",
    fill_holes,
    limits="A hole that is open to a side of the scan is none.",
)
