"""Grow several labels from a few strokes of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.edit import (
    region,
    require_labels,
    require_unlocked,
    spacing_zyx,
    values_of,
    with_masks,
)
from napari_radiogenomics.segmentation.seeds import Appearance, grow_seeds, scaled
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "grow"]

_BANDWIDTH = 1.5  # of what strokes look like, in bins


@verb
def grow(
    segmentation: Segmentation,
    image: Image,
    *,
    labels: Sequence[int] | None = None,
    background: int | None = None,
    reach_mm: float = 20.0,
    smooth_mm: float = 1.0,
    locked: Sequence[int] = (),
    progress: Progress = quiet,
) -> Segmentation:
    """Grow several labels from seeds: a stroke or two of each are enough to begin with.

    Parameters
    ----------
    segmentation : Segmentation
        The seeds: strokes of two labels or more.
    image : Image
        Scan on the same grid.
    labels : sequence of int, optional
        Labels that grow; all that are not locked where None is given. Others stay as they are.
    background : int, optional
        The one of them that marks what is no region; it is left empty in the result. Without it
        all labels together fill the box.
    reach_mm : float, optional
        With a background, how far labels may grow from their seeds: what lies further is
        background, so that a stroke in one slice does not run away in the next. Without it, how
        far beyond the box around all seeds.
    smooth_mm : float, optional
        Smoothness of the outlines; seeds always stay as drawn.
    locked : sequence of int, optional
        Labels that never change; nothing grows through them.
    progress : Progress, optional
        Reports parts of the work, may cancel.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If there are seeds of one label only, or the regions may overlap.
    GeometryError
        If scan and segmentation are on different grids.

    References
    ----------
    Bai and Sapiro, Int J Comput Vis 2009, doi:10.1007/s11263-008-0191-z (geodesic distances on
    what seeds look like); here on values and local means, with a price on edges.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> scan = Image(np.array([[[0, 0, 1, 9, 9, 9, 1, 0]]]), Geometry((8, 1, 1)))
    >>> seeds = Segmentation(np.array([[[2, 0, 0, 0, 1, 0, 0, 2]]]), scan.geometry)
    >>> grow(seeds, scan, background=2, smooth_mm=0).labels.tolist()
    [[[0, 0, 0, 1, 1, 1, 0, 0]]]
    """
    seeds = _seeds(segmentation)
    values = values_of(image, segmentation)
    competing = _competing(segmentation, labels, background, locked)
    part = region(np.isin(seeds, competing), spacing_zyx(segmentation), reach_mm)
    crop, near = seeds[part.box], scaled(values[part.box])
    spacing = spacing_zyx(segmentation)
    look = Appearance(near, spacing, bandwidth=_BANDWIDTH)
    known = crop if background is None else _within(crop, competing, background, spacing, reach_mm)
    found = grow_seeds(
        near,
        known,
        competing,
        spacing,
        likelihoods=look.likelihoods(crop, competing),
        blocked=(crop != 0) & ~np.isin(crop, competing),
        smooth_mm=smooth_mm,
        progress=progress,
    )
    masks = {label: part.whole((found == label) & (label != background)) for label in competing}
    return with_masks(segmentation, masks, locked=locked, overwrite=False)


def _seeds(segmentation: Segmentation) -> NDArray[np.integer]:
    if segmentation.overlapping:
        raise InputError(
            f"The regions of {segmentation.called} may overlap, and seeds may not. Draw the seeds "
            "in a new, empty segmentation."
        )
    return segmentation.labels


def _within(
    seeds: NDArray[np.integer],
    competing: Sequence[int],
    background: int,
    spacing: Sequence[float],
    reach_mm: float,
) -> NDArray[np.integer]:
    """Seeds, and background where no seed of a region is near."""
    from scipy.ndimage import distance_transform_edt

    regions = [label for label in competing if label != background]
    far = distance_transform_edt(~np.isin(seeds, regions), sampling=spacing) > reach_mm
    return np.where(far & (seeds == 0), background, seeds)


def _competing(
    segmentation: Segmentation,
    labels: Sequence[int] | None,
    background: int | None,
    locked: Sequence[int],
) -> tuple[int, ...]:
    if labels is None:
        labels = [label for label in segmentation.present if label not in locked]
    elif background is not None and background not in labels:
        labels = [*labels, background]
    competing = require_labels(segmentation, labels)
    if background is not None and background not in competing:
        raise InputError(
            f"The background label {background} has no seed. Draw a stroke of it beside the region."
        )
    require_unlocked(segmentation, competing, locked)
    if len(competing) < 2:
        raise InputError(
            f"There are seeds of label {competing[0]} only. Draw a stroke of another label, for "
            "example of the background, so that there is something to tell it from."
        )
    return competing


TOOL = Tool(
    "grow",
    "Grow from seeds",
    "grow",
    "Grows labels from a few strokes of each to the regions that look like them.",
    grow,
    needs_image=True,
    limits="Tissue that looks alike on both sides needs a stroke on each side.",
    doi="10.1007/s11263-008-0191-z",
)
