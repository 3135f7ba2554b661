"""`correspond_section`: whether a map of the scan and one of a slide lie in the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from napari_radiogenomics.correspondence.beside import Trend
from napari_radiogenomics.correspondence.correspond import correspond
from napari_radiogenomics.correspondence.effective import correlation_test
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.correspondence.section import SectionPartial, match_section
from napari_radiogenomics.correspondence.surrogates import require_surrogates
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

__all__ = ["correspond_section"]

_LEVEL = 0.95


@verb
def correspond_section(
    scan_map: Image,
    tissue_map: Image,
    transform: Transform,
    region: Segmentation | None = None,
    confounders: Sequence[Image] = (),
    *,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    detrend: Trend = "linear",
    partial: Sequence[SectionPartial] = ("edge", "slice"),
    surrogates: Annotated[int, Setting(minimum=0)] = 999,
    n_supervoxels: Annotated[int, Setting(minimum=50, advanced=True, title="Supervoxels")] = 300,
    seed: Annotated[int, Setting(minimum=0, advanced=True)] = 0,
    progress: Progress = quiet,
) -> Correspondence:
    """Compare a map of the scan with a measure of a slide, place by place on the section.

    Parameters
    ----------
    scan_map : Image, shape (Z, Y, X)
        Image feature: a texture map, local tortuosity, a channel.
    tissue_map : Image, shape (1, Y, X)
        One of the ``maps`` of `measure_tissue`, in mm of the slide.
    transform : Transform
        From the frame of the slide to that of the scan.
    region : Segmentation, optional
        Tumor on the grid of the scan: places outside are left out.
    confounders : sequence of Image, optional
        Further maps of the slide, as cellularity: taken out of both.
    label : int, optional
        Label of the region. Without it, all labels together.
    detrend : {"linear", "quadratic", "none"}, optional
        Trend across the section that is taken out of both.
    partial : sequence of {"edge", "slice"}, optional
        What else is taken out: the distance to the edge of the region in the scan, and where a
        place lies across the slices of the scan.
    surrogates, n_supervoxels, seed
        As for `correspond`.
    progress : Progress, optional
        Reports steps; may cancel.

    Returns
    -------
    Correspondence
        On the grid of the slide's map; its notes say what a pixel, a voxel and the error of the
        registration are in mm.

    Raises
    ------
    GeometryError
        If the region or a confounder is on another grid.
    InputError
        If frames do not fit, a map is constant, or fewer than 30 places have both values.

    Notes
    -----
    The scan is interpolated linearly at the centers of the pixels of the slide's map, wherever the
    section runs through it. That makes many places of few voxels; the effective sample size
    counts what both maps are worth together, and not the places: at most the voxels of the scan
    that the section lies in, or the windows of the slide's map that fill it, whichever is more.
    The section is taken as
    infinitely thin: it is some µm thick, a voxel some mm, and what the voxel holds above and
    below is not on the slide. Across a flat section the position in the slices changes in a
    straight line, which the linear trend takes out.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter
    >>> from napari_radiogenomics import Geometry, Image, Transform, correspond_section
    >>> field = gaussian_filter(np.random.default_rng(1).normal(size=(20, 40, 40)), 2)
    >>> scan = Image(field, Geometry((40, 40, 20)))
    >>> turn = np.array([[1, 0, 0, 5], [0, 0.8, 0, 5], [0, 0.6, 1, 1], [0, 0, 0, 1.0]])
    >>> slide_to_scan = Transform.of(turn)  # oblique: it rises 0.6 mm with each mm down
    >>> onto = Image(np.zeros((1, 50, 60)), Geometry((60, 50, 1), (0.5, 0.5, 1)))
    >>> tissue = slide_to_scan.resample(scan, onto)
    >>> found = correspond_section(scan, tissue, slide_to_scan, surrogates=0)
    >>> found.n_voxels, round(found.r, 3)
    (3000, 1.0)
    """
    require_surrogates(surrogates)
    section = match_section(
        scan_map, tissue_map, transform, region, confounders,
        label=label, partial=partial, progress=progress,
    )  # fmt: skip
    found = correspond(
        section.scan_map, section.tissue_map, section.mask, section.confounders,
        detrend=detrend, partial=(), surrogates=surrogates, n_supervoxels=n_supervoxels,
        seed=seed, progress=progress,
    )  # fmt: skip
    return _limited(replace(found, notes=(*section.notes, *found.notes)), section.most_places)


def _limited(found: Correspondence, most: float) -> Correspondence:
    """No more independent places than the finer of the two maps can tell apart.

    On a section of a few voxels the correlogram of what a trend leaves may promise hundreds.
    """
    table = found.table.copy()
    over = table["n_effective"] > most
    if not over.any():
        return found
    for at in table.index[over]:
        low, high, p_value = correlation_test(float(table.at[at, "r"]), most, _LEVEL)
        table.loc[at, ["n_effective", "low", "high", "p_value"]] = most, low, high, p_value
    note = (
        f"The section is worth {most:.1f} places at most: the voxels of the scan that it lies in, "
        "or the windows of the slide's map."
    )
    return replace(found, table=table, notes=(note, *found.notes))
