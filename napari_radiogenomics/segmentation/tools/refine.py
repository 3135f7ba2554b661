"""Move the outline of a label to the edges of the image, by level sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.segmentation.edit import (
    Mask,
    Region,
    region,
    spacing_zyx,
    values_of,
    with_masks,
)
from napari_radiogenomics.segmentation.morphology import grown, shrunk, signed_distance
from napari_radiogenomics.segmentation.tool import Tool

__all__ = ["TOOL", "LevelSet", "refine"]

LevelSet = Literal["regions", "edges"]
_EDGE_MM = 1.0  # scale at which an edge is looked for, at least one voxel


@verb
def refine(
    segmentation: Segmentation,
    image: Image,
    *,
    label: int = 1,
    method: LevelSet = "regions",
    reach_mm: float = 3.0,
    smoothness: float = 1.0,
    expansion: float = 0.0,
    iterations: int = 100,
    overwrite: bool = False,
    locked: Sequence[int] = (),
) -> Segmentation:
    """Move the outline of a label to the edges of the image nearby.

    Parameters
    ----------
    segmentation : Segmentation
        Holds the label, drawn roughly.
    image : Image
        Scan on the same grid.
    label : int, optional
        Label that changes.
    method : {"regions", "edges"}, optional
        ``"regions"``: the contour of Chan and Vese parts the values near the outline into two
        even groups. ``"edges"``: a geodesic active contour stops where values change; it suits
        uneven regions with sharp edges, and thin parts of a region may shrink.
    reach_mm : float, optional
        How far the outline may move, either way.
    smoothness : float, optional
        Weight of a smooth outline.
    expansion : float, optional
        Push outwards where there is no edge; negative pushes inwards. For ``"edges"``.
    iterations : int, optional
        Most steps.
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
        If the label does not occur, the image is flat there, or nothing would be left.
    GeometryError
        If scan and segmentation are on different grids.

    References
    ----------
    Caselles et al., Int J Comput Vis 1997, doi:10.1023/A:1007979827043. Chan and Vese, IEEE
    Trans Image Process 2001, doi:10.1109/83.902291.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> z, y, x = np.indices((9, 15, 15))
    >>> ball = (z - 4) ** 2 + (y - 7) ** 2 + (x - 7) ** 2 <= 9
    >>> scan = Image(np.where(ball, 100.0, 0.0), Geometry((15, 15, 9)))
    >>> rough = np.zeros(ball.shape, np.uint8); rough[3:6, 5:10, 5:10] = 1
    >>> after = refine(Segmentation(rough, scan.geometry), scan, method="regions").labels == 1
    >>> int((after & ball).sum()) > int((rough.astype(bool) & ball).sum())
    True
    """
    if method not in ("edges", "regions"):
        raise InputError(f'Unknown method "{method}". {did_you_mean(method, ["edges", "regions"])}')
    if not reach_mm > 0 or iterations < 1:
        raise InputError("The reach is above 0 mm, and there is 1 iteration or more.")
    before, spacing = segmentation.mask(label), spacing_zyx(segmentation)
    part = region(before, spacing, 2 * reach_mm)
    values = values_of(image, segmentation)[part.box].astype(float)
    low, high = np.percentile(values, [1, 99])
    if not high > low:
        raise InputError(
            f"The scan is flat around label {label} (all values near {low:g}): there is no edge "
            "to move to."
        )
    values = np.clip((values - low) / (high - low), 0, 1)
    if method == "edges":
        moved = _to_edges(values, part.mask, spacing, reach_mm, (smoothness, expansion), iterations)
    else:
        moved = _to_regions(values, part.mask, spacing, smoothness, iterations, reach_mm)
    after = part.whole(_within_reach(moved, part, spacing, reach_mm))
    if not after.any():
        raise InputError(
            f"The outline of label {label} collapsed and nothing would be left. Lower the "
            "smoothness, raise the expansion, or choose a smaller reach."
        )
    return with_masks(segmentation, {label: after}, locked=locked, overwrite=overwrite)


def _within_reach(moved: Mask, part: Region, spacing: Sequence[float], reach: float) -> Mask:
    core = shrunk(part.mask, spacing, reach)
    kept: Mask = (moved | core) & grown(part.mask, spacing, reach)
    return kept


def _sitk(values: NDArray, spacing: Sequence[float]) -> Any:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(values, np.float32))
    image.SetSpacing([float(step) for step in spacing[::-1]])
    return image


def _to_edges(
    values: NDArray[np.float64],
    mask: Mask,
    spacing: Sequence[float],
    reach: float,
    weights: tuple[float, float],
    iterations: int,
) -> Mask:
    import SimpleITK as sitk

    sigma = max(_EDGE_MM, min(spacing))
    steepness = sitk.GradientMagnitudeRecursiveGaussian(_sitk(values, spacing), sigma)
    steep = sitk.GetArrayViewFromImage(steepness)
    near = np.abs(signed_distance(mask, spacing)) <= reach + sigma
    scale = 0.3 * float(np.percentile(steep[near], 90)) or 1.0  # well below the edges nearby
    speed = _sitk(1 / (1 + (steep / scale) ** 2), spacing)
    # SimpleITK's level sets are negative inside; a positive propagation moves outwards.
    start = _sitk(-signed_distance(mask, spacing), spacing)
    active = sitk.GeodesicActiveContourLevelSetImageFilter()
    active.SetPropagationScaling(float(weights[1]))
    active.SetCurvatureScaling(float(weights[0]) * 0.05)
    active.SetAdvectionScaling(1.0)
    active.SetMaximumRMSError(1e-3)
    active.SetNumberOfIterations(int(iterations))
    moved: Mask = sitk.GetArrayFromImage(active.Execute(start, speed)) < 0
    return moved


def _to_regions(
    values: NDArray[np.float64],
    mask: Mask,
    spacing: Sequence[float],
    smoothness: float,
    iterations: int,
    reach: float,
) -> Mask:
    """Chan and Vese by thresholding: the two means near the outline, and a Gaussian for length.

    Strategy: the diffusion-threshold scheme of Merriman, Bence and Osher. A voxel belongs inside
    when its blurred membership, corrected by how much nearer its value is to the inner mean,
    exceeds one half. It needs no time step, and anisotropic voxels only change the blur.
    """
    from scipy.ndimage import gaussian_filter

    band = np.abs(signed_distance(mask, spacing)) <= 2 * reach
    sigma = [max(1e-3, smoothness * min(spacing) / step) for step in spacing]
    inside = mask
    for _ in range(iterations):
        inner, outer = inside & band, ~inside & band
        if not inner.any() or not outer.any():
            return inside
        low, high = float(values[outer].mean()), float(values[inner].mean())
        gap = abs(high - low)
        if gap < 1e-6:
            return inside
        nearer = ((values - low) ** 2 - (values - high) ** 2) / (gap * gap)  # -1 to 1 between them
        share = gaussian_filter(inside.astype(float), sigma, mode="nearest")
        after = np.where(band, share + nearer / 2 > 0.5, mask)
        if np.array_equal(after, inside):
            break
        inside = after
    return inside


TOOL = Tool(
    "refine",
    "Refine to edges",
    "grow",
    "Moves a rough outline to the edges of the image nearby.",
    refine,
    needs_image=True,
    limits="An uneven region can get worse: look at the preview. Where tissue of the same value "
    "touches the region, the outline leaks up to the reach.",
    doi="10.1023/A:1007979827043",
)
