"""Voxelwise texture maps: features of a small kernel around each voxel of a region.

Strategy: the region's box is cropped with a margin of the kernel radius and padded by it once
more, so that a kernel is a list of flat offsets and needs no bounds checking. Voxels that do
not count are NaN there and have gray level 0: one way for masked kernels, unmasked ones and
the edge of the scan. Blocks of voxels go to a few threads; progress and cancel fall between.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.radiomics.discretize import gray_levels
from napari_radiogenomics.radiomics.family import (
    FAMILIES,
    Family,
    Feature,
    Neighborhoods,
    feature_meanings,
    find_features,
)
from napari_radiogenomics.signature import Setting

__all__ = ["texture_maps"]

# Kernel voxels in a block: 10-50 ms of work for one thread, so that cancel answers at once.
_BLOCK = 200_000
# A million voxels a kernel: beyond it a map says no more than one number for the region.
_LARGEST_RADIUS = 50
_THREADS = min(2, os.cpu_count() or 1)


def _family_titles() -> dict[str, str]:
    return {family.name: family.title for family in FAMILIES}


@verb
def texture_maps(
    image: Image,
    segmentation: Segmentation,
    *,
    families: Annotated[Sequence[str], Setting(choices=_family_titles)] = ("firstorder",),
    features: Annotated[Sequence[str], Setting(choices=feature_meanings)] = ("Entropy", "Mean"),
    label: Annotated[int | None, Setting(minimum=1)] = None,
    kernel_radius: Annotated[int, Setting(unit="voxels", minimum=1, maximum=_LARGEST_RADIUS)] = 1,
    masked_kernel: Annotated[bool, Setting(advanced=True)] = True,
    bin_width: Annotated[float, Setting(unit="unit of the scan", minimum=0)] = 25.0,
    bin_count: Annotated[int | None, Setting(minimum=1, advanced=True)] = None,
    force_2d: Annotated[bool, Setting(advanced=True, title="Slice by slice")] = False,
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
    force_2d : bool, optional
        Make the kernel one slice thick (along k, the last index axis of the scan).
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
        values that are not finite; if a feature is not known; if a setting is out of range.
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
    _require_radius(kernel_radius)
    mask = _region(image, segmentation, label)
    _require_memory(image, sum(map(len, wanted.values())))
    box = _box(mask, kernel_radius)
    _require_finite(image, mask, box, masked_kernel)
    neighborhoods, centers = _neighborhoods(
        image.array[box],
        mask[box],
        radius=kernel_radius,
        masked=masked_kernel,
        flat=force_2d,
        voxel_volume=image.geometry.voxel_volume,
        binning={"bin_width": bin_width, "bin_count": bin_count},
    )
    measured = _measure(neighborhoods, centers, wanted, progress)
    facts = {"kernel_radius": kernel_radius, **_origin(image, segmentation)}
    return {
        f"original_{family.name}_{feature.name}": _map(
            values, mask, image, family, feature, init_value, facts
        )
        for family, feature, values in progress(measured, "Maps")  # each is as large as the scan
    }


def _require_radius(radius: int) -> None:
    if radius != int(radius) or not 1 <= radius <= _LARGEST_RADIUS:
        raise InputError(
            f"kernel_radius is a whole number of voxels from 1 to {_LARGEST_RADIUS}; got {radius}. "
            "1 means a kernel of 3×3×3 voxels."
        )


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


def _box(mask: NDArray[np.bool_], radius: int) -> tuple[slice, ...]:
    """Bounding box of the region with a margin of the radius, clipped at the scan's edge."""
    box = []
    for axis in range(3):
        places = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(max(int(places[0]) - radius, 0), int(places[-1]) + radius + 1))
    return tuple(box)


def _require_finite(
    image: Image, mask: NDArray[np.bool_], box: tuple[slice, ...], masked: bool
) -> None:
    crop = image.array[box]
    if crop.dtype.kind not in "fiub":
        raise InputError(f"The scan holds {crop.dtype} values; texture needs real numbers.")
    if not masked and any(box[0].start <= k < box[0].stop for k in image.blank_slices):
        raise InputError(
            "Kernels reach slices that are missing in the source of the scan. Use masked kernels "
            "(masked_kernel=True), or read the scan with all its files."
        )
    bad = ~np.isfinite(crop)
    bad &= mask[box] if masked else True
    if bad.any():
        z, y, x = (int(i) + s.start for i, s in zip(np.argwhere(bad)[0], box, strict=True))
        raise InputError(
            f"{int(bad.sum())} voxels {'of the region' if masked else 'around the region'} are "
            f"not finite (NaN or infinite), the first at i={x}, j={y}, k={z}. "
            "Leave them out of the region, or repair the scan."
        )


def _neighborhoods(
    crop: NDArray,
    mask: NDArray[np.bool_],
    *,
    radius: int,
    masked: bool,
    flat: bool,
    voxel_volume: float,
    binning: dict[str, Any],
) -> tuple[Neighborhoods, NDArray[np.intp]]:
    counts = mask if masked else np.ones_like(mask)
    # First order bins in double precision, whatever the type of the scan.
    values = np.where(counts, crop, np.nan).astype(np.float64)
    levels = gray_levels(values, counts, **binning)
    values = np.pad(values, radius, constant_values=np.nan)
    padded = np.pad(levels, radius)
    centers = np.flatnonzero(np.pad(mask, radius)).astype(np.intp)
    offsets = _offsets(values.shape, radius, flat)
    neighborhoods = Neighborhoods(
        values.ravel(), padded.ravel(), int(levels.max()), offsets, voxel_volume
    )
    return neighborhoods, centers


def _offsets(shape: tuple[int, ...], radius: int, flat: bool) -> NDArray[np.intp]:
    """Flat distances to the voxels of the cube, in scan order; one slice of it if ``flat``."""
    reach = np.arange(-radius, radius + 1)
    z = np.zeros(1, int) if flat else reach
    dz, dy, dx = np.meshgrid(z, reach, reach, indexing="ij")
    return ((dz * shape[1] + dy) * shape[2] + dx).ravel().astype(np.intp)


def _measure(
    neighborhoods: Neighborhoods,
    centers: NDArray[np.intp],
    wanted: dict[Family, tuple[Feature, ...]],
    progress: Progress,
) -> list[tuple[Family, Feature, NDArray[np.float64]]]:
    """Measure all blocks; gives (family, feature, values of shape (V,))."""
    step = max(16, _BLOCK // neighborhoods.offsets.size)
    blocks = [slice(start, start + step) for start in range(0, centers.size, step)]
    jobs = [(family, block) for family in wanted for block in blocks]
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
