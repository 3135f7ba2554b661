"""Keep only the part of a label that lies in a range of values or in other labels."""

from __future__ import annotations

from collections.abc import Sequence

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import with_masks
from napari_radiogenomics.segmentation.paint import paint_mask
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "mask"]


@verb
def mask(
    segmentation: Segmentation,
    image: Image | None = None,
    second: Segmentation | None = None,
    *,
    label: int = 1,
    low: float | None = None,
    high: float | None = None,
    inside: Sequence[int] = (),
    outside: Sequence[int] = (),
    locked: Sequence[int] = (),
) -> Segmentation:
    """Erase the part of a label that lies out of a range of values, or out of other labels.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label.
    image : Image, optional
        Scan on the same grid; needed for a range.
    second : Segmentation, optional
        Holds the labels of ``inside`` and ``outside``, on the same grid; the first one where
        None is given.
    label : int, optional
        Label that changes.
    low, high : float, optional
        Range of the values that stay, both ends included, in the unit of the scan.
    inside, outside : sequence of int, optional
        Labels within which it stays, and within which it is erased.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the label does not occur, no limit is given, or nothing is left.
    GeometryError
        If the grids differ.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((3, 1, 1))
    >>> lesion = Segmentation(np.array([[[1, 1, 1]]]), grid)
    >>> scan = Image(np.array([[[-900, 20, 900]]]), grid, unit="HU")
    >>> mask(lesion, scan, low=-100, high=200).labels.tolist()
    [[[0, 1, 0]]]
    """
    from napari_radiogenomics.data.geometry import require_same_grid

    if low is None and high is None and not inside and not outside:
        raise InputError("Give a range of values, or labels to stay inside or outside of.")
    source = segmentation if second is None else second
    names = ("First segmentation", "Second segmentation")
    require_same_grid(segmentation.geometry, source.geometry, names=names)
    allowed = paint_mask(source, image, low=low, high=high, inside=inside, outside=outside)
    left = segmentation.mask(label) & allowed
    if not left.any():
        raise InputError(
            f"Nothing of label {label} lies within these limits, so it was not changed. Widen them."
        )
    return with_masks(segmentation, {label: left}, locked=locked)


TOOL = Tool(
    "mask",
    "Mask",
    "combine",
    "Erases the part of a label that lies out of a range of values, or out of other labels.",
    mask,
)
