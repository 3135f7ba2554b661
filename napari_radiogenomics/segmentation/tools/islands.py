"""Pieces of a label: keep some of them, or make each a label of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import (
    Mask,
    each_layer,
    holder_of,
    next_free,
    require_unlocked,
    spacing_zyx,
    with_masks,
)
from napari_radiogenomics.segmentation.morphology import components, parted
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "Action", "islands"]

Action = Literal["keep largest", "remove small", "keep selected", "remove selected", "split"]
_ACTIONS = ["keep largest", "remove small", "keep selected", "remove selected", "split"]


@verb
def islands(
    segmentation: Segmentation,
    *,
    label: int = 1,
    action: Action = "keep largest",
    smallest_ml: float = 0.1,
    at_mm: Sequence[float] = (),
    corners: bool = True,
    neck_mm: float = 0.0,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Keep, remove or split the pieces of a label.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label.
    label : int, optional
        Label that changes.
    action : {"keep largest", "remove small", "keep selected", "remove selected", "split"}
        What to do. Splitting keeps the label for the largest piece and gives new labels to the
        others, in order of their size.
    smallest_ml : float, optional
        Pieces below this volume are small, for "remove small" and "split"; "split" erases them.
    at_mm : sequence of float, optional
        Point x, y, z (LPS, mm) on the piece that is meant by "selected".
    corners : bool, optional
        Whether voxels that touch at an edge or a corner only belong together.
    neck_mm : float, optional
        For "split": part pieces that touch, too, where the way between their middles is narrower
        by this much in radius than the narrower of them: 1 to 3 mm for touching balls. 0: what
        is joined stays one piece.
    locked : sequence of int, optional
        Labels that never change.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If the label does not occur, the point is on no piece of it, or nothing would be left.

    References
    ----------
    Vincent and Soille, IEEE Trans Pattern Anal Mach Intell 1991, doi:10.1109/34.87344: watershed,
    here on the distance to the outline.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> drawn = Segmentation(np.array([[[1, 1, 0, 1]]]), Geometry((4, 1, 1), (10, 10, 10)))
    >>> islands(drawn, action="keep largest").labels.tolist()
    [[[1, 1, 0, 0]]]
    >>> islands(drawn, action="split").labels.tolist()
    [[[1, 1, 0, 2]]]
    """
    if action not in _ACTIONS:
        raise InputError(f'Unknown action "{action}". {did_you_mean(action, _ACTIONS)}')
    if neck_mm and action == "split":
        mask = segmentation.mask(label)
        numbers, counts = parted(mask, spacing_zyx(segmentation), neck_mm, corners=corners)
    else:
        numbers, counts = components(segmentation.mask(label), corners=corners)
    large = counts * segmentation.geometry.voxel_volume / 1000 >= smallest_ml - 1e-9
    if action == "split":
        require_unlocked(segmentation, [label], locked)
        return _split(segmentation, numbers, counts, large, label)
    if action == "keep largest":
        kept = np.arange(counts.size) == counts.argmax()
    elif action == "remove small":
        kept = large
    else:
        chosen = np.arange(1, counts.size + 1) == _piece_at(segmentation, numbers, at_mm, label)
        kept = chosen if action == "keep selected" else ~chosen
    if not kept.any():
        raise InputError(
            f"No piece of label {label} would be left; the largest has "
            f"{counts.max() * segmentation.geometry.voxel_volume / 1000:.3g} mL. "
            "Change the setting, or erase the label."
        )
    left: Mask = np.concatenate([[False], kept])[numbers]
    return with_masks(segmentation, {label: left}, locked=locked)


def _piece_at(
    segmentation: Segmentation, numbers: NDArray[np.int32], at_mm: Sequence[float], label: int
) -> int:
    if len(at_mm) != 3:
        raise InputError("Choose a piece: at_mm is a point x, y, z in mm on it.")
    index = np.rint(segmentation.geometry.world_to_index(at_mm)).astype(int)
    x, y, z = (int(i) for i in index)
    within = all(0 <= i < n for i, n in zip(index, segmentation.geometry.size, strict=True))
    if not within or not numbers[z, y, x]:
        raise InputError(
            f"The point {tuple(round(float(v), 2) for v in at_mm)} mm (i={x}, j={y}, k={z}) lies "
            f"on no piece of label {label}. Click on the piece that is meant."
        )
    return int(numbers[z, y, x])


def _split(
    segmentation: Segmentation,
    numbers: NDArray[np.int32],
    counts: NDArray[np.int64],
    large: NDArray[np.bool_],
    label: int,
) -> Segmentation:
    order = [int(n) for n in np.argsort(-counts, kind="stable") if large[n]]
    if not order:
        raise InputError(
            f"Every piece of label {label} is below the smallest volume, and would be erased. "
            "Make the smallest volume smaller."
        )
    first = next_free(segmentation.labels)
    values = [label, *range(first, first + len(order) - 1)]
    dtype = holder_of(values[-1], segmentation.labels)
    value_of = np.zeros(counts.size + 1, dtype)  # by the number of the piece
    value_of[np.asarray(order) + 1] = values

    def work(layer: NDArray[np.integer]) -> NDArray[np.integer]:
        return np.where(layer == label, value_of[numbers], layer).astype(dtype, copy=False)

    return each_layer(segmentation, work)


TOOL = Tool(
    "islands",
    "Islands",
    "shape",
    "Keeps the largest piece of a label, removes small ones, keeps or removes the one clicked, "
    "or makes each piece a label.",
    islands,
)
