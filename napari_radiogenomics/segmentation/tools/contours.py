"""Label what closed contours enclose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import with_masks
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "contours"]


@verb
def contours(
    segmentation: Segmentation,
    points: Sequence[NDArray[np.float64]],
    *,
    label: int = 1,
    add: bool = True,
    single_slices: bool = True,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Label the voxels whose centres lie inside closed contours.

    Contours of one plane count by the even-odd rule: one within another is a hole.

    Parameters
    ----------
    segmentation : Segmentation
        Where the result goes; it may be empty.
    points : sequence of ndarray, shape (V, 3)
        One array a contour: its corners x, y, z in order (LPS, mm), three or more, in one plane
        of any orientation. The last is joined to the first.
    label : int, optional
        Label that gets the voxels.
    add : bool, optional
        Keep what the label has already.
    single_slices : bool, optional
        Each contour counts for its own slice. Else contours that lie farther apart than the
        slices fill the slices that are nearest to them too.
    overwrite : bool, optional
        Take voxels of other labels too, and not of the background alone.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation
        With notes where contours and slices do not fit well.

    Raises
    ------
    InputError
        If a contour has fewer than three corners, or no voxel lies inside.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> empty = Segmentation(np.zeros((2, 4, 4), np.uint8), Geometry((4, 4, 2), (1, 1, 5)))
    >>> square = np.array([[0.5, 0.5, 5], [2.5, 0.5, 5], [2.5, 2.5, 5], [0.5, 2.5, 5]])
    >>> contours(empty, [square]).labels.sum(axis=(1, 2)).tolist()
    [0, 4]
    """
    from napari_radiogenomics.io.dicom.rasterize import rasterize

    corners = [np.asarray(contour, float) for contour in points]
    _require_contours(corners)
    box, inside, notes = rasterize(corners, segmentation.geometry, on_slices=single_slices)
    mask = np.zeros(segmentation.geometry.shape, bool)
    mask[box] = inside
    if not mask.any():
        raise InputError(
            "No centre of a voxel lies inside the contours. Check that they are in LPS mm and "
            f"reach into the scan, {segmentation.geometry}."
        )
    if add and label in segmentation.present:
        mask |= segmentation.mask(label)
    result = with_masks(segmentation, {label: mask}, locked=locked, overwrite=overwrite)
    return replace(result, notes=(*result.notes, *notes))


def _require_contours(corners: Sequence[NDArray[np.float64]]) -> None:
    if not corners:
        raise InputError("There is no contour. Draw one of three corners or more.")
    for number, contour in enumerate(corners):
        if contour.ndim != 2 or contour.shape[1] != 3 or len(contour) < 3:
            raise InputError(
                f"Contour {number} has shape {contour.shape}; a contour is three corners x, y, z "
                "or more."
            )
        if not np.isfinite(contour).all():
            raise InputError(f"Contour {number} has corners that are not finite numbers.")


TOOL = Tool(
    "contours",
    "From contours",
    "draw",
    "Labels what closed contours in mm enclose, in slices of any orientation.",
    contours,
    limits="Between planes of contours no shape is interpolated; use Interpolate for that.",
)
