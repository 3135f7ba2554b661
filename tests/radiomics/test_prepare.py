"""Normalization, resampling and resegmentation, as PyRadiomics does them."""

from __future__ import annotations

import logging
import re
from typing import Any

import numpy as np
import pytest

from napari_radiogenomics import extract_features
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.boxes import box_around, crop
from napari_radiogenomics.radiomics.prepare import (
    normalize_image,
    resample_both,
    resegment,
)

TILTED = (0.0, 1.0, 0.0, 0.96, 0.0, -0.28, -0.28, 0.0, -0.96)


def to_sitk(array: np.ndarray, geometry: Geometry) -> Any:
    import SimpleITK as sitk

    target = sitk.GetImageFromArray(array)
    target.SetSpacing(geometry.spacing)
    target.SetOrigin(geometry.origin)
    target.SetDirection(geometry.direction)
    return target


@pytest.fixture
def operations() -> Any:
    imageoperations = pytest.importorskip("radiomics.imageoperations", reason="the oracle")
    logging.disable(logging.CRITICAL)
    yield imageoperations
    logging.disable(logging.NOTSET)


def case(
    dtype: Any = np.int16, *, direction: tuple[float, ...] | None = None, label: int = 2
) -> tuple[Image, Segmentation]:
    rng = np.random.default_rng(3)
    shape = (8, 17, 15)
    geometry = Geometry(
        shape[::-1], (0.7, 0.9, 3.0), (-12.0, 3.5, 40.0), direction or np.eye(3).ravel()
    )
    labels = np.zeros(shape, np.uint8)
    labels[2:6, 4:12, 3:10] = label
    labels[2, 4, 3:6] = 0
    values = rng.normal(100, 400, shape).astype(dtype)
    return (
        Image(values, geometry, unit="HU", name="Chest"),
        Segmentation(labels, geometry, (Label(label, "tumour"),)),
    )


@pytest.mark.parametrize("outliers", [None, 1.5])
@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64])
def test_normalization_is_that_of_pyradiomics(operations, dtype, outliers) -> None:
    import SimpleITK as sitk

    scan, _ = case(dtype)
    found = normalize_image(scan, scale=100, remove_outliers=outliers)
    settings = {"normalizeScale": 100, "removeOutliers": outliers}
    expected = operations.normalizeImage(to_sitk(scan.array, scan.geometry), **settings)
    np.testing.assert_allclose(found.array, sitk.GetArrayFromImage(expected), rtol=1e-10, atol=1e-9)
    assert found.unit == ""


@pytest.mark.parametrize(
    ("limits", "mode"),
    [
        ([0], "absolute"),
        ([300, -100], "absolute"),
        ([0.1, 0.5], "relative"),
        ([-1, 1.5], "sigma"),
        ([0.2], "sigma"),
    ],
)
def test_resegmentation_is_that_of_pyradiomics(operations, limits, mode) -> None:
    import SimpleITK as sitk

    scan, regions = case()
    mask = regions.labels == 2
    found = resegment(scan, mask, range=limits, mode=mode)
    expected = operations.resegmentMask(
        to_sitk(scan.array, scan.geometry),
        to_sitk(regions.labels, scan.geometry),
        resegmentRange=limits,
        resegmentMode=mode,
        label=2,
    )
    assert 1 < found.sum() < mask.sum()
    np.testing.assert_array_equal(found, sitk.GetArrayFromImage(expected) == 2)


@pytest.mark.parametrize("direction", [None, TILTED], ids=["straight", "tilted"])
@pytest.mark.parametrize(
    ("spacing", "settings"),
    [
        ((1.0, 1.0, 1.0), {}),
        ((2.0, 2.0, 0), {"interpolator": "sitkLinear", "pad_distance": 2}),
        ((0.5, 0.4, 4.5), {"interpolator": "sitkNearestNeighbor", "pad_distance": 0}),
        ((0.7, 0.9, 3.0), {"pad_distance": 2}),  # its own: cropped, not interpolated
        ((1.4, 1.1, 1.3), {"interpolator": "sitkGaussian", "pad_distance": 100}),
    ],
    ids=str,
)
def test_resampling_is_that_of_pyradiomics(operations, spacing, settings, direction) -> None:
    import SimpleITK as sitk

    scan, regions = case(direction=direction)
    names = {"pad_distance": "padDistance", "interpolator": "interpolator"}
    expected, mask = operations.resampleImage(
        to_sitk(scan.array, scan.geometry),
        to_sitk(regions.labels.astype(np.uint32), scan.geometry),
        resampledPixelSpacing=spacing,
        label=2,
        **{names[key]: value for key, value in settings.items()},
    )
    found, region = resample_both(scan, regions, spacing=spacing, label=2, **settings)
    assert found.geometry.size == expected.GetSize()
    np.testing.assert_allclose(found.geometry.spacing, expected.GetSpacing())
    np.testing.assert_allclose(found.geometry.origin, expected.GetOrigin())
    np.testing.assert_allclose(found.geometry.direction, expected.GetDirection())
    np.testing.assert_array_equal(found.array, sitk.GetArrayFromImage(expected))
    np.testing.assert_array_equal(region.labels, sitk.GetArrayFromImage(mask))
    assert found.array.dtype == scan.array.dtype
    assert region["tumour"].value == 2
    assert region.geometry == found.geometry


@pytest.mark.parametrize("name", ["brain1", "lung1"])
def test_real_cases_are_resampled_as_by_pyradiomics(operations, real_case, name) -> None:
    import SimpleITK as sitk

    scan, regions = real_case(name)
    found, region = resample_both(scan, regions, spacing=(1.5, 1.5, 3), label=1)
    expected, mask = operations.resampleImage(
        to_sitk(scan.array, scan.geometry),
        to_sitk(regions.labels.astype(np.uint32), regions.geometry),
        resampledPixelSpacing=(1.5, 1.5, 3),
        label=1,
    )
    np.testing.assert_array_equal(found.array, sitk.GetArrayFromImage(expected))
    np.testing.assert_array_equal(region.labels, sitk.GetArrayFromImage(mask))


def test_a_segmentation_on_another_grid_decides_where_the_voxels_lie(operations) -> None:
    import SimpleITK as sitk

    scan, _ = case()
    coarse = Geometry((5, 6, 4), (1.4, 1.8, 4.0), (-10.0, 6.0, 45.0))
    labels = np.zeros(coarse.shape, np.uint8)
    labels[1:3, 1:4, 1:4] = 1
    regions = Segmentation(labels, coarse)
    found, region = resample_both(scan, regions, spacing=(1, 1, 2))
    expected, mask = operations.resampleImage(
        to_sitk(scan.array, scan.geometry),
        to_sitk(labels.astype(np.uint32), coarse),
        resampledPixelSpacing=(1, 1, 2),
    )
    np.testing.assert_array_equal(found.array, sitk.GetArrayFromImage(expected))
    np.testing.assert_array_equal(region.labels, sitk.GetArrayFromImage(mask))


def test_a_region_one_slice_thick_stays_so() -> None:
    scan, regions = case()
    labels = np.where(np.arange(8)[:, None, None] == 3, regions.labels, 0)
    flat = Segmentation(labels, scan.geometry)
    small, region = resample_both(scan, flat, spacing=(1, 1, 1), label=2)
    assert small.geometry.spacing == (1, 1, 3)
    assert box_around(region.labels == 2)[0].stop - box_around(region.labels == 2)[0].start == 1


def test_a_box_keeps_its_place_its_fractions_and_its_missing_slices() -> None:
    scan, regions = case(direction=TILTED)
    scan = Image(scan.array, scan.geometry, blank_slices=(0, 3))
    fractions = np.random.default_rng(0).random((1, *scan.shape)).astype(np.float32)
    regions = Segmentation(regions.labels, scan.geometry, regions.scheme, fractions=fractions)
    box = box_around(regions.labels == 2, 1)
    assert box == (slice(1, 7), slice(3, 13), slice(2, 11))
    part, tumour = crop(scan, box), crop(regions, box)
    point = scan.geometry.index_to_world([5, 6, 4])
    np.testing.assert_allclose(part.geometry.world_to_index(point), [3, 3, 3])
    assert part.array[3, 3, 3] == scan.array[4, 6, 5]
    assert part.blank_slices == (2,)
    assert tumour.fractions is not None
    np.testing.assert_array_equal(tumour.fractions[0], fractions[0][box])
    assert tumour.geometry.same_grid(part.geometry)


def test_a_box_is_clipped_at_the_edge_of_the_grid() -> None:
    mask = np.zeros((3, 4, 5), bool)
    mask[0, 3, 2] = True
    assert box_around(mask, 2) == (slice(0, 3), slice(1, 4), slice(0, 5))
    with pytest.raises(InputError, match="region is empty"):
        box_around(np.zeros((2, 2, 2), bool))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, r: normalize_image(s, remove_outliers=0), "standard deviations; got 0"),
        (lambda s, r: resegment(s, r.labels == 2, range=[]), "lowest value to keep"),
        (lambda s, r: resegment(s, r.labels == 2, range=[0], mode="sigm"), 'mean "sigma"'),
        (lambda s, r: resegment(s, r.labels == 9, range=[0]), "region is empty"),
        (
            lambda s, r: resegment(s, r.labels == 2, range=[9000, 9001]),
            "0 of 221 voxels of the region lie in the range 9000 to 9001 HU; its values are",
        ),
        (lambda s, r: resample_both(s, r, spacing=(1, 1)), "three sizes in mm"),
        (lambda s, r: resample_both(s, r, spacing=(1, 1, -1)), "three sizes in mm"),
        (
            lambda s, r: resample_both(s, r, spacing=(1, 1, 1), interpolator="sitkBspline"),
            'Did you mean "sitkBSpline"',
        ),
        (lambda s, r: resample_both(s, r, spacing=(1, 1, 1), pad_distance=-1), "pad_distance"),
        (lambda s, r: resample_both(s, r, spacing=(1, 1, 1), label=5), "Label 5 does not occur"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(call, message) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        call(*case())


def test_voxels_too_small_to_hold_are_refused_with_their_number() -> None:
    scan = Image(np.zeros((4, 4, 4)), Geometry((4, 4, 4)))
    region = Segmentation(np.ones((4, 4, 4), np.uint8), scan.geometry)
    said = "0.001×0.001×0.001 mm makes 43,095,878,216 voxels .*3506×3506×3506.* 500,000,000 are"
    with pytest.raises(InputError, match=said):
        extract_features(scan, region, resample_spacing=[0.001] * 3)
    with pytest.raises(InputError, match=said):
        resample_both(scan, region, spacing=(0.001,) * 3, interpolator="sitkLinear")


def test_a_region_beyond_the_scan_is_refused() -> None:
    scan, regions = case()
    far = Geometry(regions.geometry.size, regions.geometry.spacing, (-12.0, 3.5, 60.0))
    with pytest.raises(InputError, match="reaches beyond the scan"):
        resample_both(scan, Segmentation(regions.labels, far), spacing=(1, 1, 1), label=2)


def test_scans_without_contrast_or_with_holes_are_not_normalized() -> None:
    flat = Image(np.full((2, 2, 2), 7), Geometry((2, 2, 2)), name="Flat")
    with pytest.raises(InputError, match="Every value of Flat is the same"):
        normalize_image(flat)
    holed = Image(np.array([[[1.0, np.inf]]]), Geometry((2, 1, 1)))
    with pytest.raises(InputError, match="not finite"):
        normalize_image(holed)
