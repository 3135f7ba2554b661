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
from napari_radiogenomics.registry import did_you_mean

__all__ = [
    "LARGEST_RADIUS",
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
_NORMS = ["manhattan", "euclidean", "infinity", "no_weighting"]


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
    """Settings of the matrices; refuses those that mean nothing."""
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


def region_of(image: Image, segmentation: Segmentation, label: int | None) -> NDArray[np.bool_]:
    """Voxels of the region, on the grid of the scan; refuses what cannot be measured."""
    require_objects(image, segmentation)
    require_one_volume(image)
    require_same_grid(image.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
    mask = segmentation.mask(_label(segmentation, label))
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
