"""Grow or shrink a label by a margin in mm."""

from __future__ import annotations

from collections.abc import Sequence

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import spacing_zyx, with_masks
from napari_radiogenomics.segmentation.morphology import grown, shrunk
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "margin"]


@verb
def margin(
    segmentation: Segmentation,
    *,
    label: int = 1,
    margin_mm: float = 3.0,
    inside: int | None = None,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Grow or shrink a label by a margin.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label.
    label : int, optional
        Label that changes.
    margin_mm : float, optional
        How far it grows; a negative margin shrinks it. Measured between centres of voxels,
        the same in all directions however thick the slices are.
    inside : int, optional
        Grow only into voxels of this label, for example of the organ.
    overwrite : bool, optional
        Grow over other labels too, and not into the background alone.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the label does not occur, or nothing is left of it.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> drawn = Segmentation(np.array([[[0, 0, 1, 0, 0]]]), Geometry((5, 1, 1), (2, 2, 5)))
    >>> margin(drawn, label=1, margin_mm=2).labels.tolist()
    [[[0, 1, 1, 1, 0]]]
    """
    before = segmentation.mask(label)
    spacing = spacing_zyx(segmentation)
    if margin_mm < 0:
        after = shrunk(before, spacing, -margin_mm)
        if not after.any():
            raise InputError(
                f"Nothing is left of label {label} when it shrinks by {-margin_mm:g} mm. "
                "Choose a smaller margin."
            )
    else:
        after = grown(before, spacing, margin_mm)
    if inside is not None:
        after &= before | segmentation.mask(inside)
    taking = overwrite or inside is not None
    return with_masks(segmentation, {label: after}, locked=locked, overwrite=taking)


TOOL = Tool(
    "margin",
    "Margin",
    "shape",
    "Grows or shrinks a label by a distance in mm.",
    margin,
    limits="Across thick slices a margin below the slice distance changes nothing.",
)
