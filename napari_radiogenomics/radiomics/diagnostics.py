"""Facts about an extraction that are not features, by PyRadiomics' names of them."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics.boxes import box_around
from napari_radiogenomics.radiomics.extraction import Extraction
from napari_radiogenomics.radiomics.prepare_region import Ready

__all__ = ["diagnose"]

_VERSIONS = {
    "NapariRadiogenomics": "napari-radiogenomics",
    "Numpy": "numpy",
    "SimpleITK": "SimpleITK",
    "PyWavelet": "PyWavelets",
}

Facts = dict[str, Any]


def diagnose(
    image: Image, segmentation: Segmentation, label: int, plan: Extraction, ready: Ready
) -> Facts:
    """Collect PyRadiomics' diagnostics of one region.

    Parameters
    ----------
    image, segmentation
        As they came.
    label : int
        The region.
    plan : Extraction
        Settings.
    ready : Ready
        The region after each step.

    Returns
    -------
    dict
        ``diagnostics_…``: versions, settings, and of image and mask (original, corrected,
        interpolated, resegmented) hash, spacing, size, box (x, y, z, then its size), voxels,
        pieces, center of mass and values. Lengths are in mm, places LPS.
    """
    mask = segmentation.mask(label)
    facts: Facts = {f"Versions_{name}": _version(package) for name, package in _VERSIONS.items()}
    facts["Versions_Python"] = platform.python_version()
    facts["Configuration_Settings"] = {**plan.settings, "label": label}
    facts["Configuration_EnabledImageTypes"] = {k: dict(v) for k, v in plan.image_types.items()}
    facts["Image-original_Hash"] = _hash(image.array)
    facts["Image-original_Dimensionality"] = f"{image.array.ndim}D"
    facts |= _of_image(image, "original")
    facts["Mask-original_Hash"] = _hash(mask.astype(np.uint32) * np.uint32(label))
    facts |= _of_mask(mask, segmentation.geometry, "original")
    for stage, (scan, found) in ready.stages.items():
        if stage == "interpolated":
            facts |= _of_image(scan, stage)
        facts |= _of_mask(found, scan.geometry, stage) | _of_values(scan, found, stage)
    return {f"diagnostics_{name}": value for name, value in facts.items()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _hash(array: NDArray) -> str:
    """Hash of the voxels as SimpleITK makes it."""
    return hashlib.sha1(array.tobytes(), usedforsecurity=False).hexdigest()


def _of_image(image: Image, stage: str) -> Facts:
    values = image.array.astype(float)
    return {
        f"Image-{stage}_Spacing": image.geometry.spacing,
        f"Image-{stage}_Size": image.geometry.size,
        f"Image-{stage}_Mean": float(values.mean()),
        f"Image-{stage}_Minimum": float(values.min()),
        f"Image-{stage}_Maximum": float(values.max()),
    }


def _of_mask(mask: NDArray[np.bool_], grid: Geometry, stage: str) -> Facts:
    from scipy.ndimage import label

    box = box_around(mask)
    starts = tuple(part.start for part in reversed(box))
    sizes = tuple(part.stop - part.start for part in reversed(box))
    _, pieces = label(mask[box], np.ones((3, 3, 3)))
    center = np.argwhere(mask).mean(axis=0)[::-1]
    return {
        f"Mask-{stage}_Spacing": grid.spacing,
        f"Mask-{stage}_Size": grid.size,
        f"Mask-{stage}_BoundingBox": (*starts, *sizes),
        f"Mask-{stage}_VoxelNum": int(mask.sum()),
        f"Mask-{stage}_VolumeNum": int(pieces),
        f"Mask-{stage}_CenterOfMassIndex": tuple(map(float, center)),
        f"Mask-{stage}_CenterOfMass": tuple(map(float, grid.index_to_world(center))),
    }


def _of_values(image: Image, mask: NDArray[np.bool_], stage: str) -> Facts:
    values = image.array[mask].astype(float)
    return {
        f"Mask-{stage}_Mean": float(values.mean()),
        f"Mask-{stage}_Minimum": float(values.min()),
        f"Mask-{stage}_Maximum": float(values.max()),
    }
