"""Radiomic features of whole regions: one number a feature and region.

Strategy: filters are asked for the region's box alone; what they give there is what filtering
the whole scan would give. Matrices are counted once a region and image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.aggregation import AGGREGATIONS
from napari_radiogenomics.radiomics.checks import require_objects, require_one_volume
from napari_radiogenomics.radiomics.discretize import Standard
from napari_radiogenomics.radiomics.extraction import DEFAULT_FAMILIES, plan_extraction
from napari_radiogenomics.radiomics.family import families_of, feature_meanings
from napari_radiogenomics.radiomics.filter import image_type_meanings
from napari_radiogenomics.radiomics.prepare import INTERPOLATORS
from napari_radiogenomics.radiomics.region_table import table_by_pyradiomics, table_of_regions
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["extract_features"]

Engine = Literal["own", "pyradiomics"]


def _family_titles() -> dict[str, str]:
    return {family.name: family.title for family in families_of("regions")}


def _meanings() -> Mapping[str, str]:
    everything = {"all": "Every feature of the families that is computed by default."}
    return {**everything, **feature_meanings("regions")}


def _ways() -> dict[str, str]:
    return {name: f"{name} ({way.ibsi})" for name, way in AGGREGATIONS.items()}


@verb
def extract_features(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Annotated[Sequence[str], Setting(choices=_family_titles)] = DEFAULT_FAMILIES,
    features: Annotated[Sequence[str], Setting(choices=_meanings)] = ("all",),
    labels: Annotated[Sequence[int] | None, Setting(minimum=1)] = None,
    image_types: Annotated[
        Sequence[str] | Mapping[str, Mapping[str, Any]], Setting(choices=image_type_meanings)
    ] = ("Original",),
    sigma: Annotated[Sequence[float], Setting(unit="mm", minimum=0)] = (),
    wavelet: Annotated[str, Setting(advanced=True)] = "",
    bin_width: Annotated[float, Setting(unit="unit of the scan", minimum=0)] = 25.0,
    bin_count: Annotated[int | None, Setting(minimum=1)] = None,
    distances: Annotated[Sequence[int], Setting(unit="voxels", minimum=1, advanced=True)] = (1,),
    symmetrical: Annotated[bool, Setting(advanced=True)] = True,
    weighting_norm: Annotated[
        Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None,
        Setting(advanced=True),
    ] = None,
    gldm_a: Annotated[int, Setting(minimum=0, advanced=True, title="Dependence range")] = 0,
    voxel_array_shift: Annotated[float, Setting(advanced=True)] = 0,
    force_2d: Annotated[bool, Setting(advanced=True, title="Slice by slice")] = False,
    force_2d_dimension: Annotated[
        int, Setting(minimum=0, maximum=2, advanced=True, title="Slices along axis")
    ] = 0,
    normalize: bool = False,
    normalize_scale: Annotated[float, Setting(minimum=0, advanced=True)] = 1.0,
    remove_outliers: Annotated[float | None, Setting(minimum=0, advanced=True)] = None,
    resample_spacing: Annotated[Sequence[float] | None, Setting(unit="mm", minimum=0)] = None,
    interpolator: Annotated[str, Setting(choices=lambda: INTERPOLATORS, advanced=True)] = (
        "sitkBSpline"
    ),
    pad_distance: Annotated[int, Setting(unit="voxels", minimum=0, advanced=True)] = 5,
    pre_crop: Annotated[bool, Setting(advanced=True)] = False,
    resegment_range: Annotated[Sequence[float] | None, Setting()] = None,
    resegment_mode: Annotated[
        Literal["absolute", "relative", "sigma"], Setting(advanced=True)
    ] = "absolute",
    resegment_shape: Annotated[bool, Setting(advanced=True)] = False,
    minimum_roi_dimensions: Annotated[int, Setting(minimum=1, maximum=3, advanced=True)] = 2,
    minimum_roi_size: Annotated[int | None, Setting(unit="voxels", minimum=1, advanced=True)] = (
        None
    ),
    geometry_tolerance: Annotated[float | None, Setting(minimum=0, advanced=True)] = None,
    correct_mask: Annotated[bool, Setting(advanced=True)] = False,
    label_channel: Annotated[int | None, Setting(minimum=0, advanced=True)] = None,
    parameters: str | Path | Mapping[str, Any] | None = None,
    standard: Annotated[Standard, Setting(advanced=True)] = "pyradiomics",
    aggregation: Annotated[str | None, Setting(choices=_ways, advanced=True)] = None,
    engine: Annotated[Engine, Setting(advanced=True)] = "own",
    diagnostics: Annotated[bool, Setting(advanced=True)] = False,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Measure radiomic features of regions: shape, first order and texture.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation
        Regions, on the grid of the scan.
    families : sequence of str, optional
        Families of features.
    features : sequence of str, optional
        Features by PyRadiomics' names; "Contrast" means that of every family, "glcm_Contrast"
        that of one. "all" means every feature of the families but those that, as in
        PyRadiomics, say what another says and are computed only where they are named: first
        order's StandardDeviation, and the compactnesses and disproportions of shape.
    labels : sequence of int, optional
        Labels to measure; all that occur where None is given.
    image_types : sequence of str or Mapping, optional
        Filters that the scan is seen through, or each with its own settings, as in a parameter
        file: ``{"LoG": {"sigma": [1.0, 3.0]}}``. Shape is measured of the original alone.
    sigma : sequence of float, optional
        Widths of the Laplacian of Gaussian (LoG).
    wavelet : str, optional
        Name of the wavelet; coif1 where nothing is said.
    bin_width : float, optional
        Width of a gray level.
    bin_count : int, optional
        Number of gray levels instead of their width.
    distances : sequence of int, optional
        How far apart two voxels are that are compared (GLCM, GLDM, NGTDM).
    symmetrical : bool, optional
        Count each pair of voxels in both directions (GLCM).
    weighting_norm : str, optional
        Join the matrices of all directions (GLCM, GLRLM), weighted by their length in this
        norm. Without it, a feature is the mean over the directions.
    gldm_a : int, optional
        How many gray levels two voxels may differ and still depend on each other (GLDM).
    voxel_array_shift : float, optional
        Added to the values for energies, so that negative ones do not count as large.
    force_2d : bool, optional
        Look for neighbors within slices only.
    force_2d_dimension : int, optional
        Which slices: 0 along k (the last index axis of the scan), 1 along j, 2 along i.
    normalize : bool, optional
        Center the scan's values at their mean and divide them by their standard deviation.
    normalize_scale : float, optional
        What normalized values are multiplied with.
    remove_outliers : float, optional
        Bring normalized values back that are farther out than this many standard deviations.
    resample_spacing : sequence of float, optional
        Size of a voxel along x, y, z to resample to; 0 leaves it as it is.
    interpolator : str, optional
        How the scan is resampled; regions are taken from the nearest voxel.
    pad_distance : int, optional
        Voxels around the region's box that are resampled or kept by ``pre_crop`` too.
    pre_crop : bool, optional
        Crop the scan before filtering, as PyRadiomics can. Never faster here; changes numbers
        near the box's edge.
    resegment_range : sequence of float, optional
        Keep only voxels with values from the first on, or between the two.
    resegment_mode : {"absolute", "relative", "sigma"}, optional
        Values as they are; parts of the region's highest; standard deviations from its mean.
    resegment_shape : bool, optional
        Measure the shape of what is kept, too.
    minimum_roi_dimensions : int, optional
        Along how many axes a region must extend.
    minimum_roi_size : int, optional
        Regions of this size or smaller are refused.
    geometry_tolerance : float, optional
        How far grids may differ, in voxels; without it, by a hundredth at the corners.
    correct_mask : bool, optional
        Bring regions that are on another grid onto that of the scan.
    label_channel : int, optional
        Layer of a segmentation whose regions overlap.
    parameters : path or Mapping, optional
        Parameter file of PyRadiomics (YAML or JSON). A setting that is given here, other than
        its default, wins over the file.
    standard : {"pyradiomics", "ibsi"}, optional
        Whose definitions hold: the IBSI's bins begin at the region's minimum, its kurtosis is
        less by 3, its axes have the variance of a sample, and voxels without neighbors do not
        count in NGTDM.
    aggregation : str, optional
        How directions and slices become one number, by the IBSI's names; needs its standard.
        Wins over ``force_2d`` and ``weighting_norm``.
    engine : {"own", "pyradiomics"}, optional
        Who computes: this package, or PyRadiomics where it is installed.
    diagnostics : bool, optional
        Add PyRadiomics' facts about scan and regions as columns ``diagnostics_…``.
    progress : Progress, optional
        Reports regions and image types; may cancel.

    Returns
    -------
    DataFrame
        One row a label (index ``label``); columns by PyRadiomics' names
        (``original_shape_MeshVolume``). NaN where a feature has no value. ``attrs`` has
        ``units`` and ``ibsi`` by column, the ``settings``, ``notes`` and the ``history``.

    Raises
    ------
    GeometryError
        If scan and segmentation do not have the same grid.
    InputError
        If no region can be measured, a name is not known, a value is not finite, or a setting
        is out of range or makes too many gray levels.
    MissingDependency
        If PyRadiomics is wanted and not installed.
    Cancelled
        If ``progress`` says so.

    Warns
    -----
    DataWarning
        If one of several regions cannot be measured and is left out.

    Notes
    -----
    The numbers are those of PyRadiomics 3.0.1 [1]_; with ``standard="ibsi"`` those of the
    reference manual [2]_, "3D averaged" where ``aggregation`` names no other way.

    References
    ----------
    .. [1] van Griethuysen et al., Cancer Res 2017, doi:10.1158/0008-5472.CAN-17-0339.
    .. [2] Zwanenburg et al., Radiology 2020, doi:10.1148/radiol.2020191145.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_radiogenomics import Geometry, Image, Segmentation, extract_features
    >>> grid = Geometry((4, 2, 1), spacing=(1.0, 1.0, 5.0))
    >>> scan = Image(np.array([[[0, 100, 100, 100], [0, 0, 50, 50]]]), grid, unit="HU")
    >>> tumour = Segmentation(np.ones((1, 2, 4), np.uint8), grid)
    >>> table = extract_features(scan, tumour, families=["shape", "firstorder"])
    >>> table.loc[1, ["original_shape_VoxelVolume", "original_firstorder_Mean"]].tolist()
    [40.0, 50.0]
    >>> table.attrs["units"]["original_firstorder_Mean"]
    'HU'
    """
    require_objects(image, segmentation)
    require_one_volume(image)
    given = {
        "sigma": list(sigma),
        "wavelet": wavelet,
        "bin_width": bin_width,
        "bin_count": bin_count,
        "distances": distances,
        "symmetrical": symmetrical,
        "weighting_norm": weighting_norm,
        "gldm_a": gldm_a,
        "voxel_array_shift": voxel_array_shift,
        "force_2d": force_2d,
        "force_2d_dimension": force_2d_dimension,
        "normalize": normalize,
        "normalize_scale": normalize_scale,
        "remove_outliers": remove_outliers,
        "resample_spacing": resample_spacing,
        "interpolator": interpolator,
        "pad_distance": pad_distance,
        "pre_crop": pre_crop,
        "resegment_range": resegment_range,
        "resegment_mode": resegment_mode,
        "resegment_shape": resegment_shape,
        "minimum_roi_dimensions": minimum_roi_dimensions,
        "minimum_roi_size": minimum_roi_size,
        "geometry_tolerance": geometry_tolerance,
        "correct_mask": correct_mask,
        "label_channel": label_channel,
        "diagnostics": diagnostics,
    }
    plan = plan_extraction(
        given,
        families=families,
        features=features,
        image_types=image_types,
        parameters=parameters,
        standard=standard,
        aggregation=aggregation,
    )
    if engine not in ("own", "pyradiomics"):
        hint = did_you_mean(str(engine), ["own", "pyradiomics"])
        raise InputError(f'Unknown engine "{engine}". {hint}')
    if engine == "pyradiomics":
        return table_by_pyradiomics(image, segmentation, labels, plan, progress)
    return table_of_regions(image, segmentation, labels, plan, progress)
