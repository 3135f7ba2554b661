"""Smooth the outline of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import (
    Mask,
    region,
    require_labels,
    require_unlocked,
    spacing_zyx,
    with_masks,
)
from napari_radiogenomics.segmentation.morphology import closed, opened
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "Smoothing", "smooth"]

Smoothing = Literal["median", "opening", "closing", "joint"]
_METHODS = ["median", "opening", "closing", "joint"]


@verb
def smooth(
    segmentation: Segmentation,
    *,
    labels: Sequence[int] | None = None,
    method: Smoothing = "median",
    radius_mm: float = 2.0,
    overwrite: bool = False,
    locked: Sequence[int] = (),
    progress: Progress = quiet,
) -> Segmentation:
    """Smooth the outline of labels.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the labels.
    labels : sequence of int, optional
        Labels that change; all that are not locked where None is given.
    method : {"median", "opening", "closing", "joint"}, optional
        ``"median"``: each voxel goes with the majority of a ball around it. ``"opening"``
        removes spikes and bridges, ``"closing"`` fills notches. ``"joint"`` smooths all labels
        together and leaves no gap where they touch.
    radius_mm : float, optional
        Radius of the ball; of ``"joint"``, twice the standard deviation of the Gaussian.
    overwrite : bool, optional
        Grow over other labels too, and not into the background alone.
    locked : sequence of int, optional
        Labels that never change.
    progress : Progress, optional
        Reports the labels, may cancel.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If a label does not occur, is locked, or nothing would be left of it.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> drawn = np.zeros((1, 5, 7), np.uint8); drawn[0, 1:4, :3] = 1; drawn[0, 2, 3:5] = 1
    >>> smoothed = smooth(Segmentation(drawn, Geometry((7, 5, 1))), method="opening", radius_mm=1)
    >>> int(drawn.sum()), int(smoothed.labels.sum())
    (11, 10)
    """
    if method not in _METHODS:
        raise InputError(f'Unknown smoothing "{method}". {did_you_mean(method, _METHODS)}')
    if not (np.isfinite(radius_mm) and radius_mm > 0):
        raise InputError(f"The radius is a number of mm above 0; got {radius_mm}.")
    if labels is None:
        labels = [label for label in segmentation.present if label not in locked]
    wanted = require_labels(segmentation, labels)
    require_unlocked(segmentation, wanted, locked)
    if method == "joint":
        masks = _joint(segmentation, wanted, radius_mm, locked)
        _require_left(masks, radius_mm)
        return with_masks(segmentation, masks, locked=locked)
    result = segmentation
    for label in progress(wanted, "Labels"):
        mask = _smoothed(segmentation.mask(label), spacing_zyx(segmentation), method, radius_mm)
        _require_left({label: mask}, radius_mm)
        result = with_masks(result, {label: mask}, locked=locked, overwrite=overwrite)
    return result


def _require_left(masks: dict[int, Mask], radius: float) -> None:
    for label, mask in masks.items():
        if not mask.any():
            raise InputError(
                f"Nothing is left of label {label} when it is smoothed by {radius:g} mm. "
                "Choose a smaller radius, or leave this label out."
            )


def _smoothed(mask: Mask, spacing: Sequence[float], method: str, radius: float) -> Mask:
    if method == "opening":
        return opened(mask, spacing, radius)
    if method == "closing":
        return closed(mask, spacing, radius)
    part = region(mask, spacing, radius)
    return part.whole(_share(part.mask, spacing, radius) > 0.5 + 1e-9)


def _share(mask: Mask, spacing: Sequence[float], radius: float) -> NDArray[np.float64]:
    """Part of the ball around each voxel that is inside; the ball ends at the edge of the scan."""
    from scipy.signal import fftconvolve

    reach = [int(radius / step + 1e-6) for step in spacing]
    axes = [np.arange(-n, n + 1) * step for n, step in zip(reach, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    ball = (z * z + y * y + x * x <= radius * radius + 1e-6).astype(float)
    inside = np.rint(fftconvolve(mask.astype(float), ball, mode="same"))
    whole = np.rint(fftconvolve(np.ones(mask.shape), ball, mode="same"))
    share: NDArray[np.float64] = inside / whole
    return share


def _joint(
    segmentation: Segmentation, wanted: Sequence[int], radius: float, locked: Sequence[int]
) -> dict[int, Mask]:
    """Strategy: decide first between region and background, then which label, so that no gap opens.

    Labels that do not take part, the locked ones too, count as region and keep their voxels.
    """
    if segmentation.overlapping:
        raise InputError(
            "Joint smoothing needs labels that do not overlap; in this segmentation they may. "
            'Smooth them one by one (method="median").'
        )
    labels, spacing = segmentation.labels, spacing_zyx(segmentation)
    part = region(labels > 0, spacing, 2 * radius)
    crop = labels[part.box]
    taking = np.isin(crop, [*wanted])
    others = part.mask & ~taking
    share = _blurred(others, spacing, radius)
    best, value = np.full(crop.shape, -1.0), np.zeros(crop.shape, crop.dtype)
    for label in wanted:
        own = _blurred(crop == label, spacing, radius)
        share += own
        value[own > best] = label
        np.maximum(best, own, out=best)
    value[(share < 0.5) | others | (best <= 0)] = 0
    return {label: part.whole(value == label) for label in wanted}


def _blurred(mask: Mask, spacing: Sequence[float], radius: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    sigma = [radius / 2 / step for step in spacing]
    blurred: NDArray[np.float64] = gaussian_filter(mask.astype(float), sigma, mode="nearest")
    return blurred


TOOL = Tool(
    "smooth",
    "Smooth",
    "shape",
    "Smooths the outline of labels: median, opening, closing, or all labels together.",
    smooth,
    limits="A radius below the slice distance smooths within the slices only.",
)
