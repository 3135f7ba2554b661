"""Where a scan is looked at for its intensities: a region, or what is not air."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError

__all__ = ["foreground", "hu_note", "require_one_scan"]


def require_one_scan(image: Image) -> None:
    """Refuse a series over time or channels.

    Raises
    ------
    InputError
        If the image has four dimensions.
    """
    if image.fourth_axis:
        raise InputError(
            f"{image.name or 'The image'} has {len(image.volumes())} volumes; intensities are "
            "those of one. Choose one of image.volumes()."
        )


def foreground(
    image: Image, segmentation: Segmentation | None = None, label: int | None = None
) -> NDArray[np.bool_]:
    """Voxels whose intensities count.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan.
    segmentation : Segmentation, optional
        Region; without it all voxels above the lowest value, which is air in a magnitude image.
    label : int, optional
        One label of it; all of them without it.

    Returns
    -------
    ndarray of bool, shape (Z, Y, X)
        Finite voxels alone.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If no voxel is left.
    """
    finite = np.isfinite(image.array)
    if segmentation is None:
        inside = image.array > image.array[finite].min() if finite.any() else finite
    else:
        require_same_grid(image.geometry, segmentation.geometry, names=("Scan", "Segmentation"))
        drawn = np.any([layer > 0 for layer in segmentation.layers()], axis=0)
        inside = drawn if label is None else segmentation.mask(label)
    inside = np.asarray(inside & finite)
    if not inside.any():
        raise InputError(
            f"No voxel of {image.name or 'the scan'} counts: it is the same everywhere, or the "
            "region is empty. Draw a region first."
        )
    return inside


def hu_note(image: Image) -> tuple[str, ...]:
    """What to say where intensities had a meaning of their own.

    Parameters
    ----------
    image : Image
        Scan.
    """
    if image.unit != "HU":
        return ()
    return ("Hounsfield units mean the same on every scanner, and are lost by this.",)
