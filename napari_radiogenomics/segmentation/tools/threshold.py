"""Label the voxels whose value lies in a range."""

from __future__ import annotations

from collections.abc import Sequence

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import values_of, with_masks
from napari_radiogenomics.segmentation.paint import paint_mask
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "threshold"]


@verb
def threshold(
    segmentation: Segmentation,
    image: Image,
    *,
    label: int = 1,
    low: float | None = None,
    high: float | None = None,
    inside: int | None = None,
    add: bool = False,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Label every voxel whose value lies in a range.

    Parameters
    ----------
    segmentation : Segmentation
        Where the result goes; it may be empty.
    image : Image
        Scan on the same grid.
    label : int, optional
        Label that gets the voxels.
    low, high : float, optional
        Ends of the range, both included, in the unit of the scan. One of them may be left out.
    inside : int, optional
        Only voxels of this label.
    add : bool, optional
        Keep what the label has already; else the label becomes the range alone.
    overwrite : bool, optional
        Take voxels of other labels too, and not of the background alone.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If no end of the range is given, the range is empty, or nothing lies in it.
    GeometryError
        If scan and segmentation are on different grids.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 1, 1))
    >>> scan = Image(np.array([[[10, 20, 30, 40]]]), grid, unit="HU")
    >>> empty = Segmentation(np.zeros((1, 1, 4), np.uint8), grid)
    >>> threshold(empty, scan, label=2, low=20, high=30).labels.tolist()
    [[[0, 2, 2, 0]]]
    """
    mask = paint_mask(segmentation, image, low=low, high=high, inside=_tuple(inside))
    if low is None and high is None:
        raise InputError("Give the lower or the upper end of the range, or both.")
    if not mask.any():
        values = values_of(image, segmentation)
        raise InputError(
            f"No voxel lies between {low} and {high} {image.unit}"
            f"{f' inside label {inside}' if inside is not None else ''}; the scan goes from "
            f"{values.min():g} to {values.max():g}. Widen the range."
        )
    if add and label in segmentation.present:
        mask |= segmentation.mask(label)
    taking = overwrite or inside is not None
    return with_masks(segmentation, {label: mask}, locked=locked, overwrite=taking)


def _tuple(label: int | None) -> tuple[int, ...]:
    return () if label is None else (label,)


TOOL = Tool(
    "threshold",
    "Threshold",
    "draw",
    "Labels every voxel whose value lies in a range.",
    threshold,
    needs_image=True,
    limits="MR signal has no unit: a range that fits one scan does not fit the next.",
)
