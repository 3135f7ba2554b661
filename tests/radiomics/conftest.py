"""PyRadiomics as the oracle, and the real cases it is compared on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation

Maps = dict[str, np.ndarray]


def _to_sitk(array: np.ndarray, geometry: Geometry):
    import SimpleITK as sitk

    target = sitk.GetImageFromArray(array)
    target.SetSpacing(geometry.spacing)
    return target


@pytest.fixture(scope="session")
def oracle() -> Callable[..., Maps]:
    """Voxelwise first-order maps by PyRadiomics, on the full grid, NaN outside the region."""
    pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")
    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    from radiomics import firstorder, imageoperations

    def run(image: Image, segmentation: Segmentation, **settings) -> Maps:
        import SimpleITK as sitk

        # Narrow types overflow in PyRadiomics under NumPy 2.
        array = image.array
        wide = array.astype(np.int32) if array.dtype.kind in "iu" else array.astype(float)
        scan = _to_sitk(wide, image.geometry)
        mask = _to_sitk((segmentation.labels == 1).astype(np.uint8), image.geometry)
        radius = settings.get("kernelRadius", 1)
        box, _ = imageoperations.checkMask(scan, mask, label=1, minimumROIDimensions=0)
        scan, mask = imageoperations.cropToTumorMask(scan, mask, box, padDistance=radius)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured = firstorder.RadiomicsFirstOrder(
                scan, mask, voxelBased=True, voxelBatch=500, initValue=np.nan, **settings
            )
            for name in measured.featureNames:
                measured.enableFeatureByName(name)
            found = measured.execute()
        inside = segmentation.labels == 1
        cropped = sitk.GetArrayFromImage(mask) == 1
        maps = {}
        for name, values in found.items():
            full = np.full(image.array.shape, np.nan)
            full[inside] = sitk.GetArrayFromImage(values)[cropped]
            maps[name] = full
        return maps

    return run


@pytest.fixture(scope="session")
def real_case(real_data: Callable[[str], Path]) -> Callable[[str], tuple[Image, Segmentation]]:
    """The named real case: scan and segmentation."""
    from napari_radiogenomics import read

    def load(name: str) -> tuple[Image, Segmentation]:
        files = (real_data(f"pyradiomics/{name}_{what}.nrrd") for what in ("image", "label"))
        scan, regions = map(read, files)
        return scan, regions

    return load
