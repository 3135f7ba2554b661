"""Voxelwise texture maps: features of a small kernel around each voxel of a region.

Strategy: see `surroundings` for how a kernel becomes a list of offsets. Blocks of voxels go to
a few threads; progress and cancel fall between.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.family import (
    FAMILIES,
    Family,
    Feature,
    MatrixSettings,
    Neighborhoods,
    feature_meanings,
    find_features,
)
from napari_radiogenomics.radiomics.surroundings import make_neighborhoods
from napari_radiogenomics.registry import did_you_mean
from napari_radiogenomics.signature import Setting

__all__ = ["texture_maps"]

# Kernel voxels in a block: 10-50 ms of work for one thread, so that cancel answers at once.
_BLOCK = 200_000
# A million voxels a kernel: beyond it a map says no more than one number for the region.
_LARGEST_RADIUS = 50
# Numbers of voxels are 16 bits wide in the kernels of matrices.
_LARGEST_MATRIX_RADIUS = 15
_SIX = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
_NORMS = ["manhattan", "euclidean", "infinity", "no_weighting"]
_THREADS = min(2, os.cpu_count() or 1)


def _family_titles() -> dict[str, str]:
    return {family.name: family.title for family in FAMILIES}


@verb
def texture_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Annotated[Sequence[str], Setting(choices=_family_titles)] = _SIX,
    features: Annotated[Sequence[str], Setting(choices=feature_meanings)] = ("Entropy", "Mean"),
    label: Annotated[int | None, Setting(minimum=1)] = None,
    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1, maximum=_LARGEST_RADIUS)] = 1,
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
    wanted = find_features(families, features)
    _require_radius(kernel_radius, wanted)
    mask = _region(image, segmentation, label)
    _require_memory(image, sum(map(len, wanted.values())))
    neighborhoods, centers = make_neighborhoods(
        image,
        mask,
        radius=kernel_radius,
        masked=masked_kernel,
        thin_axis=_thin_axis(force_2d, force_2d_dimension),
        matrix=_matrix(distances, kernel_radius, symmetrical, weighting_norm, gldm_a),
        binning={"bin_width": bin_width, "bin_count": bin_count},
        needs_matrix=any(family.needs_matrix for family in wanted),
    )
    measured = _measure(neighborhoods, centers, wanted, progress)
    facts = {"kernel_radius": kernel_radius, **_origin(image, segmentation)}
    return {
        f"original_{family.name}_{feature.name}": _map(
            values, mask, image, family, feature, init_value, facts
        )
        for family, feature, values in progress(measured, "Maps")  # each is as large as the scan
    }


def _require_radius(radius: int, families: Iterable[Family]) -> None:
    if radius != int(radius) or not 1 <= radius <= _LARGEST_RADIUS:
        raise InputError(
            f"kernel_radius is a whole number of voxels from 1 to {_LARGEST_RADIUS}; got {radius}. "
            "1 means a kernel of 3×3×3 voxels."
        )
    titles = [family.title for family in families if family.needs_matrix]
    if titles and radius > _LARGEST_MATRIX_RADIUS:
        raise InputError(
            f"A kernel_radius of {radius} is too large for {', '.join(titles)}; the limit is "
            f"{_LARGEST_MATRIX_RADIUS}. Use a smaller one, or first-order features alone."
        )


def _thin_axis(force_2d: bool, dimension: int) -> int | None:
    if dimension not in (0, 1, 2):
        raise InputError(f"force_2d_dimension is 0 (along k), 1 (j) or 2 (i); got {dimension}.")
    return dimension if force_2d else None


def _matrix(
    distances: Sequence[int], radius: int, symmetrical: bool, norm: str | None, alpha: int
) -> MatrixSettings:
    if not len(distances) or any(d != int(d) or d < 1 for d in distances):
        raise InputError(
            f"distances are whole numbers of voxels, 1 or more; got {list(distances)}. 1 is usual."
        )
    fitting = tuple(sorted({int(d) for d in distances if d <= 2 * radius}))
    if not fitting:
        raise InputError(
            f"No two voxels of a kernel of radius {radius} are {min(distances)} apart. Use "
            f"distances up to {2 * radius}, or a larger kernel_radius."
        )
    if norm is not None and norm not in _NORMS:
        raise InputError(
            f'weighting_norm is one of {", ".join(_NORMS)} or None; got "{norm}". '
            f"{did_you_mean(str(norm), _NORMS)}"
        )
    if alpha < 0:
        raise InputError(f"gldm_a is a number of gray levels, 0 or more; got {alpha}.")
    return MatrixSettings(fitting, symmetrical, norm, alpha)


def _region(image: Image, segmentation: Segmentation, label: int | None) -> NDArray[np.bool_]:
    if image.array.ndim == 4:
        names = ", ".join(volume.name for volume in image.volumes())
        raise InputError(
            f"{image.name or 'The scan'} holds {len(image.array)} volumes ({names}). "
            "Choose one of image.volumes()."
        )
    require_same_grid(image.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    mask = segmentation.mask(_label(segmentation, label))
    blank = [k for k in image.blank_slices if mask[k].any()]
    if blank:
        slices = ", ".join(map(str, blank[:10])) + (", …" if len(blank) > 10 else "")
        raise InputError(
            f"The region touches {len(blank)} slices that are missing in the source of "
            f"{image.name or 'the scan'} (slices {slices}, counted from 0). Erase it there, or "
            "read the scan with all its files."
        )
    return mask


def _label(segmentation: Segmentation, label: int | None) -> int:
    present = segmentation.present
    if label is not None:
        return label
    if not present:
        raise InputError(
            f"The segmentation {segmentation.name!r} is empty: no voxel has a label. Draw a "
            "region first."
        )
    if 1 in present or len(present) == 1:
        return 1 if 1 in present else present[0]
    named = ", ".join(f"{x.value} ({x.name})" for x in segmentation.scheme if x.value in present)
    raise InputError(
        f"The segmentation {segmentation.name!r} holds several labels: {named}. Choose one with "
        f"label={present[0]}."
    )


def _require_memory(image: Image, n_maps: int) -> None:
    need = n_maps * image.array.size * 8
    free = _free_memory()
    if free is not None and need > 0.8 * free:
        raise InputError(
            f"{n_maps} maps of {image.geometry} need {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB "
            "are free. Choose fewer features, or crop the scan."
        )


def _free_memory() -> int | None:
    """Memory that can be had without swapping, in bytes; None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = next(line for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    return int(found.split()[1]) * 1024


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
