"""What voxelwise texture refuses, and why: radius, matrices and region."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.family import Family, MatrixSettings

__all__ = [
    "LARGEST_RADIUS",
    "chosen_label",
    "empty_segmentation",
    "matrix_settings",
    "region_of",
    "require_kind",
    "require_measured",
    "require_objects",
    "require_one_volume",
    "require_radius",
    "thin_axis_of",
]

# A million voxels a kernel: beyond it a map says no more than one number for the region.
LARGEST_RADIUS = 50
# Numbers of voxels are 16 bits wide in the kernels of matrices.
_LARGEST_MATRIX_RADIUS = 15


def require_radius(radius: int, families: Iterable[Family]) -> None:
    """Refuse a kernel that the families cannot hold."""
    if radius != int(radius) or not 1 <= radius <= LARGEST_RADIUS:
        raise InputError(
            f"kernel_radius is a whole number of voxels from 1 to {LARGEST_RADIUS}; got {radius}. "
            "1 means a kernel of 3×3×3 voxels."
        )
    titles = [family.title for family in families if family.needs_matrix]
    if titles and radius > _LARGEST_MATRIX_RADIUS:
        raise InputError(
            f"A kernel_radius of {radius} is too large for {', '.join(titles)}; the limit is "
            f"{_LARGEST_MATRIX_RADIUS}. Use a smaller one, or first-order features alone."
        )


def thin_axis_of(force_2d: bool, dimension: int) -> int | None:
    """Axis along which the kernel is one voxel thick; None where it is a cube."""
    if dimension not in (0, 1, 2):
        raise InputError(f"force_2d_dimension is 0 (along k), 1 (j) or 2 (i); got {dimension}.")
    return dimension if force_2d else None


def matrix_settings(
    distances: Sequence[int], radius: int, symmetrical: bool, norm: str | None, alpha: int
) -> MatrixSettings:
    """Settings of the matrices; refuses distances of which none fits into the kernel."""
    fitting = tuple(sorted({int(d) for d in distances if d <= 2 * radius}))
    if not fitting:
        raise InputError(
            f"No two voxels of a kernel of radius {radius} are {min(distances)} apart. Use "
            f"distances up to {2 * radius}, or a larger kernel_radius."
        )
    return MatrixSettings(fitting, symmetrical, norm, alpha)


def region_of(image: Image, segmentation: Segmentation, label: int | None) -> NDArray[np.bool_]:
    """Voxels of the region, on the grid of the scan; refuses what cannot be measured."""
    require_objects(image, segmentation)
    require_one_volume(image)
    require_same_grid(image.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    mask = segmentation.mask(chosen_label(segmentation, label))
    require_measured(image, mask)
    return mask


def require_objects(image: object, segmentation: object) -> None:
    """Refuse bare arrays, and a scan and a segmentation in each other's place."""
    require_kind("scan", image, Image)
    require_kind("region", segmentation, Segmentation)


def require_kind(title: str, given: object, kind: type) -> None:
    """Refuse what is no object of this kind, with how to make one."""
    if not isinstance(given, kind):
        raise InputError(
            f"The {title} is {type(given).__name__} where {kind.__name__} is needed, which knows "
            f"the size of a voxel. Read it with read(path), or wrap an array: "
            f"{kind.__name__}(array, Geometry(size, spacing))."
        )


def require_one_volume(image: Image) -> None:
    """Refuse a scan of several volumes."""
    if image.array.ndim == 4:
        names = ", ".join(volume.name for volume in image.volumes())
        raise InputError(
            f"{image.name or 'The scan'} holds {len(image.array)} volumes ({names}). "
            "Choose one of image.volumes()."
        )


def require_measured(image: Image, mask: NDArray[np.bool_]) -> None:
    """Refuse a region on slices that were missing in the source of the scan."""
    blank = [k for k in image.blank_slices if mask[k].any()]
    if blank:
        slices = ", ".join(map(str, blank[:10])) + (", …" if len(blank) > 10 else "")
        raise InputError(
            f"The region touches {len(blank)} slices that are missing in the source of "
            f"{image.name or 'the scan'} (slices {slices}, counted from 0). Erase it there, or "
            "read the scan with all its files."
        )


def chosen_label(segmentation: Segmentation, label: int | None) -> int:
    """The label to measure: the one named, else 1, else the only one."""
    present = segmentation.present
    if label is not None:
        return label
    if not present:
        raise InputError(empty_segmentation(segmentation))
    if 1 in present or len(present) == 1:
        return 1 if 1 in present else present[0]
    named = ", ".join(f"{x.value} ({x.name})" for x in segmentation.scheme if x.value in present)
    raise InputError(
        f"{_named(segmentation)} holds several labels: {named}. Choose one with label={present[0]}."
    )


def empty_segmentation(segmentation: Segmentation) -> str:
    """What is told of a segmentation without a voxel."""
    return f"{_named(segmentation)} is empty: no voxel has a label. Draw a region first."


def _named(segmentation: Segmentation) -> str:
    return f'The segmentation "{segmentation.name}"' if segmentation.name else "The segmentation"
