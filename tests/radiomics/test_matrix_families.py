"""What holds for every matrix family: the numbers of PyRadiomics, whatever the region."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation

# Entropies and MCC of PyRadiomics carry its log2(p + 2e-16) and the rounding of a square root.
_LOOSE = dict.fromkeys(
    ("JointEntropy", "SumEntropy", "DifferenceEntropy", "Imc1", "Imc2", "MCC"), 1e-6
)
# Powers of what cancels.
_FLOOR = {"ClusterShade": 1e-7, "ClusterProminence": 1e-7, "Imc2": 1e-7, "MCC": 1e-7}
TOLERANCES: dict = {
    "glcm": {"rtol": _LOOSE, "atol": _FLOOR},
    "gldm": {},
    "glrlm": {},
    "glszm": {},
    "ngtdm": {"atol": 1e-12},
}
pytestmark = pytest.mark.parametrize("family", list(TOLERANCES))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel_radius": 2},
        {"kernel_radius": 2, "masked_kernel": False},
        {"force_2d": True, "masked_kernel": False},
        {"force_2d": True, "force_2d_dimension": 1},
        {"force_2d": True, "force_2d_dimension": 2, "kernel_radius": 2},
        {"bin_count": 6},
        {"kernel_radius": 2, "distances": (1, 2)},
    ],
    ids=str,
)
def test_a_random_region_is_what_pyradiomics_says(check_family, family, phantom, settings):
    check_family(family, *phantom(), **TOLERANCES[family], **settings)


def test_a_sparse_region_is_what_pyradiomics_says(check_family, family, phantom):
    sparse = phantom(seed=5, filled=0.1)
    check_family(family, *sparse, **TOLERANCES[family])
    check_family(family, *sparse, **TOLERANCES[family], kernel_radius=2, distances=(2,))


def test_a_float_scan_is_binned_in_its_own_precision(check_family, family, phantom):
    check_family(
        family, *phantom((4, 4, 4), dtype=np.float32, seed=3), **TOLERANCES[family], bin_width=7.3
    )


def test_a_flat_region_is_what_pyradiomics_says(check_family, family, phantom):
    image, region = phantom(seed=6)
    flat = Image(np.full_like(image.array, 7), image.geometry)
    check_family(family, flat, region, **TOLERANCES[family])
    check_family(family, flat, region, **TOLERANCES[family], bin_count=5)


def test_a_single_voxel_is_what_pyradiomics_says(check_family, family, phantom):
    image, _ = phantom()
    labels = np.zeros(image.array.shape, np.uint8)
    labels[1, 2, 2] = 1
    region = Segmentation(labels, image.geometry)
    check_family(family, image, region, **TOLERANCES[family])
    check_family(family, image, region, **TOLERANCES[family], masked_kernel=False)


@pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
def test_real_tumours_are_what_pyradiomics_says(check_family, family, real_crop, name):
    check_family(family, *real_crop(name), **TOLERANCES[family])
    check_family(
        family, *real_crop(name, 12), **TOLERANCES[family], kernel_radius=2, masked_kernel=False
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float64])
def test_no_type_of_scan_overflows(check_family, family, phantom, dtype):
    image, region = phantom((3, 4, 4), dtype=np.float64, seed=8)
    top = 250 if dtype == np.uint8 else 32_760  # the last bin begins above what int16 holds
    array = np.clip(np.round(image.array), 0, 240) + (top - 240)
    check_family(family, Image(array.astype(dtype), image.geometry), region, **TOLERANCES[family])


@pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
@pytest.mark.parametrize("masked", [True, False])
def test_a_filtered_scan_is_what_pyradiomics_says(check_family, family, real_crop, name, masked):
    import SimpleITK as sitk

    scan, region = real_crop(name, 14)
    source = sitk.GetImageFromArray(scan.array.astype(np.float32))
    filtered = sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(source, 1.5))
    image = Image(filtered, scan.geometry)
    given = {"masked_kernel": masked, "bin_width": float(filtered.std() / 4)}
    check_family(family, image, region, **TOLERANCES[family], **given)


@pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
def test_other_kernels_of_real_tumours_are_what_pyradiomics_says(
    check_family, family, real_crop, name
):
    check_family(family, *real_crop(name, 20), **TOLERANCES[family], masked_kernel=False)
    check_family(family, *real_crop(name, 12), **TOLERANCES[family], kernel_radius=2)
