"""Logical operations between two labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import Mask, with_masks
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "Operation", "combine"]

Operation = Literal["union", "intersect", "subtract", "xor"]


@verb
def combine(
    segmentation: Segmentation,
    second: Segmentation | None = None,
    *,
    label: int = 1,
    other: int = 2,
    operation: Operation = "union",
    into: int | None = None,
    overwrite: bool = True,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Combine two labels.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the first label and takes the result.
    second : Segmentation, optional
        Holds the other label, on the same grid; the first one where None is given.
    label, other : int, optional
        The two labels.
    operation : {"union", "intersect", "subtract", "xor"}, optional
        Voxels in either, in both, in ``label`` but not in ``other``, or in just one of them.
        Within a segmentation without overlaps two labels never share voxels, so that only a
        union does something there.
    into : int, optional
        Label of the result; ``label`` itself where None is given.
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
        If a label does not occur, the operation is not known, or the result is empty.
    GeometryError
        If the two segmentations are on different grids.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((3, 1, 1))
    >>> first = Segmentation(np.array([[[1, 1, 0]]]), grid)
    >>> second = Segmentation(np.array([[[0, 2, 2]]]), grid)
    >>> combine(first, second, label=1, other=2, operation="subtract").labels.tolist()
    [[[1, 0, 0]]]
    """
    from napari_radiogenomics.data.geometry import require_same_grid

    source = segmentation if second is None else second
    names = ("First segmentation", "Second segmentation")
    require_same_grid(segmentation.geometry, source.geometry, names=names)
    mask = _combined(segmentation.mask(label), source.mask(other), operation)
    if not mask.any():
        raise InputError(
            f'The operation "{operation}" of label {label} and label {other} leaves no voxel. '
            "Nothing was changed."
        )
    target = label if into is None else into
    return with_masks(segmentation, {target: mask}, locked=locked, overwrite=overwrite)


def _combined(first: Mask, second: Mask, operation: str) -> Mask:
    results = {
        "union": first | second,
        "intersect": first & second,
        "subtract": first & ~second,
        "xor": first ^ second,
    }
    if operation not in results:
        raise InputError(f'Unknown operation "{operation}". {did_you_mean(operation, [*results])}')
    return results[operation]


TOOL = Tool(
    "combine",
    "Combine",
    "combine",
    "Joins, intersects or subtracts two labels, of one segmentation or of two.",
    combine,
)
