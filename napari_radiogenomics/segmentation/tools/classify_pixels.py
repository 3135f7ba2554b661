"""Learn the look of labels from strokes, and give every voxel to the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.segmentation.classifier import PixelClassifier
from napari_radiogenomics.segmentation.lesson import Lesson
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
    reach_mm: float | None = 20.0,
    scales_mm: Annotated[Sequence[float], Setting(unit="mm", advanced=True)] = (1.0, 2.0, 4.0),
    position: Annotated[bool, Setting(advanced=True)] = False,
    trees: Annotated[int, Setting(minimum=1, advanced=True)] = 60,
    seed: Annotated[int, Setting(advanced=True)] = 0,
    locked: Sequence[int] = (),
    model: PixelClassifier | None = None,
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
    model : PixelClassifier, optional
        What was learned before, from other patients for example, with its own scales and trees;
        the strokes are learned as well, and may be missing. It stays as it is. Its channels are
        found by the roles of the scans, else by their order, whatever the files are called.
    progress : Progress, optional
        Reports blocks, may cancel.

    Returns
    -------
    Segmentation
        Its ``notes`` say which scan was taken as which channel where roles do not tell.

    Raises
    ------
    InputError
        If there are strokes of one label only, the regions may overlap, or the model learned from
        another channel or calls a label otherwise.
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
    >>> import numpy as np
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
    if model is None:
        model = PixelClassifier(tuple(scales_mm), position, trees, seed)
    lesson = Lesson.learned(
        segmentation,
        [image, *others],
        model,
        background=background,
        reach_mm=reach_mm,
        locked=locked,
    )
    found, _ = lesson.everywhere(from_strokes=from_strokes, smooth_mm=smooth_mm, progress=progress)
    return found


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
