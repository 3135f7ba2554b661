"""Voxelwise texture maps: features of a small kernel around each voxel of a region.

Strategy: see `surroundings` for how a kernel becomes a list of offsets. Blocks of voxels go to
a few threads; progress and cancel fall between.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.checks import (
    LARGEST_RADIUS,
    matrix_settings,
    region_of,
    require_memory,
    require_radius,
    thin_axis_of,
)
from napari_radiogenomics.radiomics.family import (
    Family,
    Feature,
    Neighborhoods,
    families_of,
    feature_meanings,
    find_features,
)
from napari_radiogenomics.radiomics.surroundings import make_neighborhoods
from napari_radiogenomics.signature import Setting

__all__ = ["MapPlan", "plan_maps", "texture_maps"]

# Kernel voxels in a block: 10-50 ms of work for one thread, so that cancel answers at once.
_BLOCK = 200_000
_SIX = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
_THREADS = min(2, os.cpu_count() or 1)


def _family_titles() -> dict[str, str]:
    return {family.name: family.title for family in families_of("maps")}


@verb
def texture_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Annotated[Sequence[str], Setting(choices=_family_titles)] = _SIX,
    features: Annotated[Sequence[str], Setting(choices=feature_meanings)] = ("Entropy", "Mean"),
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
    init_value: Annotated[float, Setting(advanced=True)] = math.nan,
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
        Families of features to look in.
    features : sequence of str, optional
        Features to map, by PyRadiomics' names; "all" means every feature of the families.
        "Contrast" means that of every family chosen, "glcm_Contrast" that of one.
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
    init_value : float, optional
        Value outside the region. NaN is transparent on screen; PyRadiomics writes 0.
    progress : Progress, optional
        Reports blocks of voxels; may cancel.

    Returns
    -------
    dict of str to Image
        By PyRadiomics' name (``"original_firstorder_Entropy"``): float64 maps on the grid of
        the scan, with their unit. Voxels where a feature has no meaning are NaN, and counted
        in ``notes``.

    Raises
    ------
    GeometryError
        If scan and segmentation do not have the same grid.
    InputError
        If the region is empty, touches slices that were missing in the source, or holds
        values that are not finite; if a feature is not known; if a setting is out of range, or
        makes too many gray levels.
    Cancelled
        If ``progress`` says so.

    Notes
    -----
    The numbers are those of PyRadiomics 3.0.1 [1]_ with ``voxelBatch=1``. Gray levels are made
    once from the region, never in each kernel, with edges at multiples of the bin width. The
    kernel is clipped at the edge of the scan.

    References
    ----------
    .. [1] van Griethuysen et al., Cancer Res 2017, doi:10.1158/0008-5472.CAN-17-0339.

    Examples
    --------
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
    )
    require_memory(image, sum(map(len, plan.wanted.values())))
    measured = plan.measure(progress=progress)
    return {
        name: plan.map_of(name, values, init_value)
        for name, values in progress(measured.items(), "Maps")  # each is as large as the scan
    }


@dataclass(frozen=True, eq=False)
class MapPlan:
    """What a run of texture maps measures, ready for kernels; parts of it may be measured first.

    Attributes
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    mask : ndarray of bool, shape (Z, Y, X)
        Region.
    wanted : dict
        Families, each with its features.
    neighborhoods : Neighborhoods
        What kernels see. Gray levels are those of the whole region.
    centers : ndarray of intp, shape (V,)
        Flat positions of the region's voxels in it, in scan order.
    facts : dict
        What is noted with each map.
    """

    image: Image
    mask: NDArray[np.bool_]
    wanted: dict[Family, tuple[Feature, ...]]
    neighborhoods: Neighborhoods
    centers: NDArray[np.intp]
    facts: dict[str, Any]

    @cached_property
    def features(self) -> dict[str, tuple[Family, Feature]]:
        """Records of the features by PyRadiomics' name of their map."""
        return {
            f"original_{family.name}_{feature.name}": (family, feature)
            for family, found in self.wanted.items()
            for feature in found
        }

    def measure(
        self, part: NDArray[np.intp] | None = None, *, progress: Progress = quiet
    ) -> dict[str, NDArray[np.float64]]:
        """Measure the region or some of its voxels; either way they get the same values.

        Parameters
        ----------
        part : ndarray of intp, shape (N,), optional
            Numbers of the voxels, in scan order; all without it.
        progress : Progress, optional
            Reports blocks of voxels; may cancel.

        Returns
        -------
        dict of str to ndarray of float64, shape (N,)
            By PyRadiomics' name; NaN where a feature has no value.
        """
        centers = self.centers if part is None else self.centers[part]
        measured = _measure(self.neighborhoods, centers, self.wanted, progress)
        return dict(zip(self.features, (values for _, _, values in measured), strict=True))

    def map_of(self, name: str, values: NDArray[np.float64], init_value: float = math.nan) -> Image:
        """Make the map of a feature from its values at all voxels of the region.

        Parameters
        ----------
        name : str
            PyRadiomics' name.
        values : ndarray of float64, shape (V,)
            In scan order.
        init_value : float, optional
            Value outside the region.
        """
        family, feature = self.features[name]
        return _map(values, self.mask, self.image, family, feature, init_value, self.facts)


def plan_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Sequence[str] = _SIX,
    features: Sequence[str] = ("Entropy", "Mean"),
    label: int | None = None,
    kernel_radius: int = 1,
    masked_kernel: bool = True,
    bin_width: float = 25.0,
    bin_count: int | None = None,
    distances: Sequence[int] = (1,),
    symmetrical: bool = True,
    weighting_norm: str | None = None,
    gldm_a: int = 0,
    force_2d: bool = False,
    force_2d_dimension: int = 0,
) -> MapPlan:
    """Check what `texture_maps` is given and make it ready for kernels.

    Parameters
    ----------
    image, segmentation, **settings
        As for `texture_maps`; raises as it does.

    Examples
    --------
    >>> from napari_radiogenomics import Geometry
    >>> grid = Geometry((4, 1, 1))
    >>> scan = Image(np.array([[[0.0, 100.0, 100.0, 100.0]]]), grid, unit="HU")
    >>> plan = plan_maps(scan, Segmentation(np.ones((1, 1, 4), np.uint8), grid), features=["Mean"])
    >>> plan.measure(np.array([0, 3]))
    {'original_firstorder_Mean': array([ 50., 100.])}
    """
    wanted = find_features(families, features)
    require_radius(kernel_radius, wanted)
    mask = region_of(image, segmentation, label)
    neighborhoods, centers = make_neighborhoods(
        image,
        mask,
        radius=kernel_radius,
        masked=masked_kernel,
        thin_axis=thin_axis_of(force_2d, force_2d_dimension),
        matrix=matrix_settings(distances, kernel_radius, symmetrical, weighting_norm, gldm_a),
        binning={"bin_width": bin_width, "bin_count": bin_count},
        needs_matrix=any(family.needs_matrix for family in wanted),
    )
    facts = {"kernel_radius": kernel_radius, **_origin(image, segmentation)}
    return MapPlan(image, mask, wanted, neighborhoods, centers, facts)


def _measure(
    neighborhoods: Neighborhoods,
    centers: NDArray[np.intp],
    wanted: dict[Family, tuple[Feature, ...]],
    progress: Progress,
) -> list[tuple[Family, Feature, NDArray[np.float64]]]:
    """Measure all blocks; gives (family, feature, values of shape (V,))."""
    jobs = [
        (family, block)
        for family in wanted
        for block in _blocks(centers.size, neighborhoods.offsets.size * family.cost)
    ]
    tables = {family: np.empty((len(found), centers.size)) for family, found in wanted.items()}

    def run(family: Family, block: slice) -> None:
        names = tuple(feature.name for feature in wanted[family])
        tables[family][:, block] = family.measure(neighborhoods, centers[block], names)

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="texture") as pool:
        futures = [pool.submit(run, family, block) for family, block in jobs]
        _wait(futures, pool, progress)
    return [
        (family, feature, values)
        for family, found in wanted.items()
        for feature, values in zip(found, tables[family], strict=True)
    ]


def _blocks(n: int, cost: float) -> list[slice]:
    step = max(16, int(_BLOCK / cost))
    return [slice(start, start + step) for start in range(0, n, step)]


def _wait(futures: list[Future[None]], pool: ThreadPoolExecutor, progress: Progress) -> None:
    done = False
    try:
        for future in progress(futures, "Blocks of voxels"):
            future.result()
        done = True
    finally:
        if not done:
            pool.shutdown(cancel_futures=True)


def _origin(image: Image, segmentation: Segmentation) -> dict[str, Any]:
    """Which scan and segmentation a map was made from."""
    sources = ((image.metadata, "scan_id"), (segmentation.metadata, "segmentation_id"))
    return {key: metadata[key] for metadata, key in sources if key in metadata}


def _map(
    values: NDArray[np.float64],
    mask: NDArray[np.bool_],
    image: Image,
    family: Family,
    feature: Feature,
    init_value: float,
    facts: dict[str, Any],
) -> Image:
    array = np.full(mask.shape, init_value, dtype=np.float64)
    array[mask] = values
    undefined = int(np.isnan(values).sum())
    note = f"{feature.title} has no value in {undefined} of {values.size} voxels; they are blank."
    name = f"original_{family.name}_{feature.name}"
    return Image(
        array,
        image.geometry,
        unit=feature.unit_on(image.unit),
        name=" ".join(filter(None, (image.name, feature.title.lower()))),
        modality="map",
        blank_slices=image.blank_slices,
        notes=(note,) if undefined else (),
        metadata={"feature": name, "title": feature.title, "meaning": feature.meaning, **facts},
    )
