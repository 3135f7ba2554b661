"""PyRadiomics itself, where it is installed: the same call, its own numbers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.radiomics.extraction import Extraction

__all__ = ["measure_with_pyradiomics"]

_LOGGERS = ("radiomics", "pykwalify")


def measure_with_pyradiomics(
    image: Image, segmentation: Segmentation, label: int, plan: Extraction
) -> dict[str, Any]:
    """Measure one region with PyRadiomics.

    Parameters
    ----------
    image : Image, shape (Z, Y, X)
        Scan. Whole numbers are made wider first: PyRadiomics 3.0.1 overflows narrow ones.
    segmentation : Segmentation
        Regions.
    label : int
        The region.
    plan : Extraction
        What to measure.

    Returns
    -------
    dict
        Features and diagnostics by name.

    Raises
    ------
    MissingDependency
        If PyRadiomics is not installed.
    InputError
        If PyRadiomics refuses the region, or the IBSI's definitions are wanted.
    """
    if plan.standard != "pyradiomics":
        raise InputError(
            "PyRadiomics knows its own definitions only. Use the setting engine=own for "
            "standard=ibsi."
        )
    extractor = _extractor(plan)
    mask = segmentation.mask(label).astype(np.uint32)
    scan = image.array.astype(np.int64 if image.array.dtype.kind in "iub" else np.float64)
    with _quietly():
        try:
            found = extractor.execute(
                _to_sitk(scan, image.geometry), _to_sitk(mask, segmentation.geometry), label=1
            )
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"PyRadiomics refuses the region of label {label}: {reason}"
            ) from error
    return {name: _plain(value) for name, value in found.items()}


def _extractor(plan: Extraction) -> Any:
    try:
        with _quietly():
            from radiomics.featureextractor import RadiomicsFeatureExtractor
    except ImportError as error:
        raise MissingDependency(
            "PyRadiomics", extra="pyradiomics", purpose="run its own engine"
        ) from error
    given = {
        name: list(value) if isinstance(value, tuple) else value  # its schema knows lists alone
        for name, value in plan.settings.items()
        if value is not None
    }
    given["additionalInfo"] = True
    given.pop("label", None)
    content: Mapping[str, Any] = {
        "setting": given,
        "imageType": {name: dict(own) for name, own in plan.image_types.items()},
        "featureClass": {
            family.name: [feature.name for feature in chosen]
            for family, chosen in plan.wanted.items()
        },
    }
    with _quietly():
        return RadiomicsFeatureExtractor(content)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without its messages: what matters is raised or comes back as a blank."""
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _to_sitk(array: np.ndarray, grid: Geometry) -> Any:
    import SimpleITK as sitk

    target = sitk.GetImageFromArray(array)
    target.SetSpacing(grid.spacing)
    target.SetOrigin(grid.origin)
    target.SetDirection(grid.direction)
    return target


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value
