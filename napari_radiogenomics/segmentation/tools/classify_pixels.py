"""Learn the look of labels from strokes, and give every voxel to the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.classifier import PixelClassifier
from napari_radiogenomics.segmentation.edit import (
    Mask,
    region,
    require_unlocked,
    spacing_zyx,
    with_masks,
)
from napari_radiogenomics.segmentation.pixel_features import Box
from napari_radiogenomics.segmentation.seeds import grow_seeds, scaled
from napari_radiogenomics.segmentation.tool import Tool
from napari_radiogenomics.signature import Setting

__all__ = ["TOOL", "classify_pixels"]


@verb
def classify_pixels(
    segmentation: Segmentation,
    image: Image,
    others: Sequence[Image] = (),
    *,
    background: int | None = None,
    from_strokes: bool = True,
    smooth_mm: float = 1.0,
    reach_mm: float | None = 40.0,
    scales_mm: Annotated[Sequence[float], Setting(unit="mm", advanced=True)] = (1.0, 2.0, 4.0),
    position: Annotated[bool, Setting(advanced=True)] = False,
    trees: Annotated[int, Setting(minimum=1, advanced=True)] = 60,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    locked: Sequence[int] = (),
    progress: Progress = quiet,
) -> Segmentation:
    """Learn the look of labels from strokes, and give every voxel to the likeliest.

    Parameters
    ----------
    segmentation : Segmentation
        Strokes of two labels or more; they stay as drawn.
    image : Image
        Scan on the same grid.
    others : sequence of Image, optional
        Further channels on the same grid, for example the other sequences of an MR study.
    background : int, optional
        The label that marks what is no region; it is left empty in the result.
    from_strokes : bool, optional
        Let labels spread from their strokes, most easily through voxels that look like them: what
        looks alike elsewhere is left out. Otherwise each voxel is decided by its look alone.
    smooth_mm : float, optional
        Standard deviation of the Gaussian that smooths labels before they decide.
    reach_mm : float, optional
        How far beyond the box around all strokes to look; the whole scan where None is given.
    scales_mm : sequence of float, optional
        Sizes of the details that are looked at.
    position : bool, optional
        Whether the place in the scan counts too.
    trees : int, optional
        Number of decision trees.
    seed : int, optional
        Of the random choices; the same strokes give the same answer.
    locked : sequence of int, optional
        Labels that never change and are not learned.
    progress : Progress, optional
        Reports blocks, may cancel.

    Returns
    -------
    Segmentation

    Raises
    ------
    InputError
        If there are strokes of one label only, or the regions may overlap.
    GeometryError
        If scans and strokes are on different grids.

    References
    ----------
    Breiman, Mach Learn 2001, doi:10.1023/A:1010933404324 (random forest), on Gaussian
    derivatives and local texture. Bai and Sapiro, Int J Comput Vis 2009,
    doi:10.1007/s11263-008-0191-z (spreading from the strokes).

    See Also
    --------
    napari_radiogenomics.segmentation.PixelClassifier : live on a slice, saved, reused.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((8, 6, 1))
    >>> values = np.zeros(grid.shape); values[0, :, 4:] = 100
    >>> strokes = np.zeros(grid.shape, np.uint8); strokes[0, 2, :2], strokes[0, 2, 6:] = 2, 1
    >>> seen = classify_pixels(
    ...     Segmentation(strokes, grid), Image(values, grid), background=2, scales_mm=(0.5,)
    ... )
    >>> seen.labels[0, 0].tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    images = [image, *others]
    for one in images:
        require_same_grid(one.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    strokes = _strokes(segmentation, background, locked)
    learned = PixelClassifier(tuple(scales_mm), position, trees, seed).fit(images, strokes)
    labels = [label.value for label in learned.classes]
    require_unlocked(segmentation, labels, locked)
    drawn, box = strokes.labels, _box(strokes, reach_mm)
    if from_strokes:
        blocked = np.isin(segmentation.labels[box], [*locked])
        part = _spread(learned, images, drawn[box], box, blocked, smooth_mm, progress)
    else:
        part = learned.predict(images, smooth_mm=smooth_mm, within=box, progress=progress).labels
        part = np.where(drawn[box] > 0, drawn[box], part[box])
    masks = {label: np.zeros(drawn.shape, bool) for label in labels}
    for label in labels:
        masks[label][box] = (part == label) & (label != background)
    return with_masks(segmentation, masks, locked=locked, overwrite=False)


def _box(strokes: Segmentation, reach_mm: float | None) -> Box:
    if reach_mm is None:
        return tuple(slice(0, size) for size in strokes.geometry.shape)  # type: ignore[return-value]
    if not (np.isfinite(reach_mm) and reach_mm >= 0):
        raise InputError(f"The reach is a number of mm, 0 or more; got {reach_mm}.")
    return region(strokes.labels > 0, spacing_zyx(strokes), reach_mm).box


def _spread(
    learned: PixelClassifier,
    images: Sequence[Image],
    seeds: NDArray[np.integer],
    box: Box,
    blocked: Mask,
    smooth_mm: float,
    progress: Progress,
) -> NDArray[np.integer]:
    """Labels of a box, reached from the strokes through what looks like them."""
    shares = learned.shares(images, within=box, progress=progress)
    return grow_seeds(
        scaled(images[0].volumes()[0].array[box]),
        seeds,
        [label.value for label in learned.classes],
        spacing_zyx(images[0]),
        likelihoods=shares.astype(float),
        blocked=blocked,
        smooth_mm=smooth_mm,
        progress=progress,
    )


def _strokes(
    segmentation: Segmentation, background: int | None, locked: Sequence[int]
) -> Segmentation:
    """Strokes without the locked labels."""
    if segmentation.overlapping:
        raise InputError(
            f"The regions of {segmentation.name!r} may overlap, and strokes may not. Draw the "
            "strokes in a new, empty segmentation."
        )
    labels: NDArray[np.integer] = np.where(
        np.isin(segmentation.labels, [*locked]), 0, segmentation.labels
    )
    if not labels.any():
        raise InputError(
            f"No label is chosen or drawn in the segmentation {segmentation.name!r}. Draw a stroke "
            "of each of two labels first."
        )
    if background is not None and not (labels == background).any():
        raise InputError(
            f"The background label {background} has no stroke. Draw one of it beside the region."
        )
    return Segmentation(labels, segmentation.geometry, segmentation.scheme)


TOOL = Tool(
    "classify_pixels",
    "Learn from strokes",
    "grow",
    "Learns what labels look like from strokes of each, and spreads them over what looks so.",
    classify_pixels,
    needs_image=True,
    limits="Tissue that looks alike needs strokes on both sides. Strokes at the outline help most.",
    doi="10.1023/A:1010933404324",
)
