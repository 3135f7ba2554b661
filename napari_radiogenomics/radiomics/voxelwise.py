"""Voxelwise texture maps: features of a small kernel around each voxel of a region.

Strategy: see `surroundings` for how a kernel becomes a list of offsets, `plan` for how it is
measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.checks import LARGEST_RADIUS
from napari_radiogenomics.radiomics.family import families_of, feature_meanings
from napari_radiogenomics.radiomics.filter import ImageTypes, image_type_meanings
from napari_radiogenomics.radiomics.plan import MapPlan, plan_maps
from napari_radiogenomics.signature import Setting

__all__ = ["MapPlan", "plan_maps", "texture_maps"]


def _family_titles() -> dict[str, str]:
    return {family.name: family.title for family in families_of("maps")}


@verb
def texture_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Annotated[Sequence[str] | None, Setting(choices=_family_titles)] = None,
    features: Annotated[Sequence[str] | None, Setting(choices=feature_meanings)] = None,
    label: Annotated[int | None, Setting(minimum=1)] = None,
    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1, maximum=LARGEST_RADIUS)] = 1,
    masked_kernel: Annotated[bool, Setting(advanced=True)] = True,
    bin_width: Annotated[float, Setting(unit="unit of the scan", minimum=0)] = 25.0,
    bin_count: Annotated[int | None, Setting(minimum=1, advanced=True)] = None,
    distances: Annotated[Sequence[int], Setting(unit="voxels", minimum=1, advanced=True)] = (1,),
    symmetrical: Annotated[bool, Setting(advanced=True)] = True,
    weighting_norm: Annotated[
        Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None,
        Setting(advanced=True),
    ] = None,
    gldm_a: Annotated[int, Setting(minimum=0, advanced=True, title="Dependence range")] = 0,
    force_2d: Annotated[bool, Setting(advanced=True, title="Slice by slice")] = False,
    force_2d_dimension: Annotated[
        int, Setting(minimum=0, maximum=2, advanced=True, title="Slices along axis")
    ] = 0,
    image_types: Annotated[ImageTypes, Setting(choices=image_type_meanings, advanced=True)] = (
        "Original",
    ),
    log_sigma_mm: Annotated[
        Sequence[float], Setting(minimum=0, advanced=True, title="Widths of LoG")
    ] = (3.0,),
    init_value: Annotated[float, Setting(advanced=True)] = math.nan,
    parameters: str | Path | Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> dict[str, Image]:
    """Map texture features around each voxel of a region.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        Region to measure, on the grid of the scan.
    families : sequence of str, optional
        Families of features to look in; all without it.
    features : sequence of str, optional
        Features to map, by PyRadiomics' names. Without it, every feature of the families that
        are named, or Entropy and Mean of first order where none is. "Contrast" means that of
        every family, "glcm_Contrast" that of one. "all" means every feature but first order's
        StandardDeviation, 93 in all: as in PyRadiomics it is computed only where it is named,
        for Variance is its square.
    label : int, optional
        Label to measure. Without it, label 1 where there is one, else the only one.
    kernel_radius : int, optional
        How many voxels the kernel, a cube, reaches to each side of its center.
    masked_kernel : bool, optional
        Let only voxels of the region count. Without it the kernel sees its whole surroundings,
        and gray levels are made from the region's box.
    bin_width : float, optional
        Width of a gray level, for features that need levels.
    bin_count : int, optional
        Number of gray levels instead of their width.
    distances : sequence of int, optional
        How far apart two voxels are that are compared (GLCM, GLDM, NGTDM), along their longest
        axis. Those that do not fit into the kernel say nothing.
    symmetrical : bool, optional
        Count each pair of voxels in both directions (GLCM).
    weighting_norm : str, optional
        Join the matrices of all directions (GLCM, GLRLM), weighted by their length in this
        norm. Without it, a feature is the mean over the directions.
    gldm_a : int, optional
        How many gray levels two voxels may differ and still depend on each other (GLDM).
    force_2d : bool, optional
        Make the kernel one slice thick.
    force_2d_dimension : int, optional
        Which slices: 0 along k (the last index axis of the scan), 1 along j, 2 along i.
    image_types : sequence of str or Mapping, optional
        What the scan is seen through: "Original", "LoG", "Wavelet", …; or each with its
        settings as in a PyRadiomics parameter file, ``{"LoG": {"sigma": [1.0, 3.0]}}``. Every
        feature is mapped on every image.
    log_sigma_mm : sequence of float, optional
        Widths of the spots that LoG looks for, where ``image_types`` does not say them.
    init_value : float, optional
        Value outside the region. NaN is transparent on screen; PyRadiomics writes 0.
    parameters : path or Mapping, optional
        Parameter file of PyRadiomics (YAML or JSON) with its voxelSetting. Scan and region are
        normalized, resampled and resegmented as it says before they are mapped. A setting that
        is given here, other than its default, wins over the file.
    progress : Progress, optional
        Reports blocks of voxels; may cancel.

    Returns
    -------
    dict of str to Image
        By PyRadiomics' name (``"original_firstorder_Entropy"``, ``"wavelet-LLH_glcm_Contrast"``):
        float64 maps on the grid of the scan (the resampled one, where a parameter file asks for
        it), with their unit. Voxels where a feature has no
        meaning are NaN, and counted in ``notes``. A map takes the memory of the region alone:
        its ``array`` is an `Inlay`, which gives a slice or the voxels of a mask at once, and
        the whole grid to ``np.asarray`` and `write`.

    Raises
    ------
    GeometryError
        If scan and segmentation do not have the same grid.
    InputError
        If the region is empty, touches slices that were missing in the source, or holds
        values that are not finite; if a feature or an image type is not known; if a setting is
        out of range, or makes too many gray levels.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    The numbers are those of PyRadiomics 3.0.1 [1]_ with ``voxelBatch=1``. Gray levels are made
    once from the region, never in each kernel, with edges at multiples of the bin width. The
    kernel is clipped at the edge of the scan. One thing is other: where a kernel holds no pair of
    voxels, MCC is NaN like the rest of GLCM, and PyRadiomics leaves its initValue (0).

    References
    ----------
    .. [1] van Griethuysen et al., Cancer Res 2017, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry, Image, Segmentation, texture_maps
    >>> grid = Geometry((4, 1, 1))
    >>> scan = Image(np.array([[[0.0, 100.0, 100.0, 100.0]]]), grid, unit="HU")
    >>> tumour = Segmentation(np.ones((1, 1, 4), np.uint8), grid)
    >>> maps = texture_maps(scan, tumour)
    >>> entropy = maps["original_firstorder_Entropy"]
    >>> entropy.array.round(3).tolist(), entropy.unit
    ([[[1.0, 0.918, 0.0, 0.0]]], 'bits')
    """
    plan = plan_maps(
        image,
        segmentation,
        families=families,
        features=features,
        label=label,
        kernel_radius=kernel_radius,
        masked_kernel=masked_kernel,
        bin_width=bin_width,
        bin_count=bin_count,
        distances=distances,
        symmetrical=symmetrical,
        weighting_norm=weighting_norm,
        gldm_a=gldm_a,
        force_2d=force_2d,
        force_2d_dimension=force_2d_dimension,
        image_types=image_types,
        log_sigma_mm=log_sigma_mm,
        init_value=init_value,
        parameters=parameters,
        progress=progress,
    )
    measured = plan.measure(progress=progress)
    return {name: plan.map_of(name, values) for name, values in measured.items()}
