"""PyRadiomics as the oracle, and the real cases it is compared on."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation

Maps = dict[str, np.ndarray]
# PyRadiomics' settings for ours.
THEIRS = {
    "kernel_radius": "kernelRadius",
    "masked_kernel": "maskedKernel",
    "bin_width": "binWidth",
    "bin_count": "binCount",
    "force_2d": "force2D",
    "force_2d_dimension": "force2Ddimension",
    "distances": "distances",
    "symmetrical": "symmetricalGLCM",
    "weighting_norm": "weightingNorm",
    "gldm_a": "gldm_a",
}


def _to_sitk(array: np.ndarray, geometry: Geometry):
    import SimpleITK as sitk

    target = sitk.GetImageFromArray(array)
    target.SetSpacing(geometry.spacing)
    return target


def _feature_class(family: str) -> Any:
    module = importlib.import_module(f"radiomics.{family}")
    return next(
        member for name, member in vars(module).items()
        if name.lower() == f"radiomics{family}"
    )  # fmt: skip


@pytest.fixture(scope="session")
def oracle() -> Callable[..., Maps]:
    """Voxelwise maps by PyRadiomics, on the full grid, NaN outside the region."""
    pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")
    from radiomics import imageoperations

    def run(
        image: Image, segmentation: Segmentation, family: str = "firstorder", **settings
    ) -> Maps:
        import SimpleITK as sitk

        # Narrow types overflow in PyRadiomics under NumPy 2.
        array = image.array
        wide = array.astype(np.int32) if array.dtype.kind in "iu" else array.astype(float)
        scan = _to_sitk(wide, image.geometry)
        mask = _to_sitk((segmentation.labels == 1).astype(np.uint8), image.geometry)
        radius = settings.get("kernelRadius", 1)
        places = np.argwhere(segmentation.labels == 1)[:, ::-1]  # x, y, z
        box = np.stack([places.min(axis=0), places.max(axis=0)], axis=1).ravel()
        scan, mask = imageoperations.cropToTumorMask(scan, mask, box, padDistance=radius)
        # What it says of matrices is right only voxel by voxel.
        batch = 500 if family == "firstorder" else 1
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            measured = _feature_class(family)(
                scan, mask, voxelBased=True, voxelBatch=batch, initValue=np.nan, **settings
            )
            for name, deprecated in measured.featureNames.items():
                if not deprecated or family == "firstorder":
                    measured.enableFeatureByName(name)
            found = measured.execute()
        logging.disable(logging.NOTSET)
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


@pytest.fixture(scope="session")
def check_family(oracle: Callable[..., Maps]) -> Callable[..., None]:
    """Compare all maps of a family with PyRadiomics: values, and where there is none."""
    from napari_radiogenomics.radiomics import texture_maps
    from napari_radiogenomics.radiomics.family import FAMILIES

    def check(family, image, segmentation, *, rtol=1e-9, atol=1e-9, leave_out=(), **settings):
        names = [f.name for f in FAMILIES[family].features if f.name not in leave_out]
        ours = texture_maps(image, segmentation, families=[family], features=names, **settings)
        theirs = oracle(image, segmentation, family, **{THEIRS[k]: v for k, v in settings.items()})
        assert set(theirs) == {*names, *leave_out}
        inside = segmentation.labels == 1
        for name in names:
            tolerance = rtol if isinstance(rtol, float) else rtol.get(name, 1e-9)
            floor = atol if isinstance(atol, float) else atol.get(name, 1e-9)
            np.testing.assert_allclose(
                ours[f"original_{family}_{name}"].array[inside],
                theirs[name][inside],
                rtol=tolerance,
                atol=floor,
                err_msg=name,
            )

    return check


@pytest.fixture
def phantom() -> Callable[..., tuple[Image, Segmentation]]:
    """Random values and a ragged region that reaches every edge of the image."""

    def make(shape=(4, 6, 5), *, dtype=np.int16, seed=0, filled=0.6, spread=60.0):
        rng = np.random.default_rng(seed)
        array = rng.normal(120, spread, shape).astype(dtype)
        labels = (rng.random(shape) < filled).astype(np.uint8)
        labels[0, 0, 0] = labels[-1, -1, -1] = 1
        geometry = Geometry(shape[::-1], spacing=(0.7, 0.8, 3.0))
        return Image(array, geometry), Segmentation(labels, geometry)

    return make


@pytest.fixture
def real_crop(real_case) -> Callable[..., tuple[Image, Segmentation]]:
    """The scan of a real case and some of its tumour's voxels, all in one place."""

    def crop(name: str, n: int = 40) -> tuple[Image, Segmentation]:
        scan, regions = real_case(name)
        places = np.argwhere(regions.labels == 1)
        far = np.abs(places - places[len(places) // 2]).max(axis=1)
        chosen = places[np.argsort(far, kind="stable")[:n]]
        low = np.maximum(chosen.min(axis=0) - 4, 0)
        box = tuple(slice(a, b) for a, b in zip(low, chosen.max(axis=0) + 5, strict=True))
        array = np.ascontiguousarray(scan.array[box])
        labels = np.zeros(array.shape, np.uint8)
        labels[tuple((chosen - low).T)] = 1
        geometry = Geometry(array.shape[::-1], scan.geometry.spacing)
        return Image(array, geometry, unit=scan.unit), Segmentation(labels, geometry)

    return crop
