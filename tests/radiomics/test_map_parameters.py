"""Voxel parameter files of PyRadiomics, taken as they are for maps."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_radiogenomics import extract_features, texture_maps
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.radiomics.voxelwise import plan_maps

Maps = dict[str, tuple[np.ndarray, tuple[float, ...]]]
FEATURES = {
    "firstorder": ["Mean", "Energy", "RootMeanSquared", "Entropy"],
    "glcm": ["Contrast", "Idn", "MCC"],
    "glrlm": ["RunEntropy"],
    "ngtdm": ["Coarseness"],
}
VOXELS = {"kernelRadius": 1, "voxelBatch": 1, "initValue": -7.0}
FILES: dict[str, dict[str, Any]] = {
    "normalized": {
        "setting": {
            "normalize": True, "normalizeScale": 100, "removeOutliers": 2, "binWidth": 20,
            "voxelArrayShift": 300,
        },
    },
    "resampled": {
        "setting": {"resampledPixelSpacing": [1.5, 1.5, 0], "interpolator": "sitkLinear"},
        "voxelSetting": {**VOXELS, "maskedKernel": False},
    },
    "resegmented": {
        "setting": {"resegmentRange": [-1, 2], "resegmentMode": "sigma", "force2D": True},
        "voxelSetting": {**VOXELS, "kernelRadius": 2},
    },
    "all of it": {
        "setting": {
            "normalize": True, "normalizeScale": 100, "resampledPixelSpacing": [2, 2, 2],
            "resegmentRange": [-150, 250], "binWidth": 10, "padDistance": 8,
        },
        "imageType": {
            "Original": {}, "Square": {"binWidth": 3}, "LoG": {"sigma": [3.0], "binCount": 6},
        },
    },
}  # fmt: skip


@pytest.fixture
def theirs() -> Callable[[Image, Segmentation, dict[str, Any]], Maps]:
    """Maps of PyRadiomics' own voxel-based run, each with its origin."""
    pytest.importorskip("radiomics", reason="PyRadiomics is the oracle")

    def run(image: Image, segmentation: Segmentation, file: dict[str, Any]) -> Maps:
        import SimpleITK as sitk
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        # Narrow types overflow in PyRadiomics under NumPy 2.
        scan = sitk.GetImageFromArray(image.array.astype(np.int32))
        scan.SetSpacing(image.geometry.spacing)
        mask = sitk.GetImageFromArray(segmentation.labels)
        mask.CopyInformation(scan)
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = RadiomicsFeatureExtractor(file).execute(scan, mask, voxelBased=True)
        logging.disable(logging.NOTSET)
        return {
            name: (sitk.GetArrayFromImage(value), value.GetOrigin())
            for name, value in found.items()
            if isinstance(value, sitk.Image)
        }

    return run


def tumour(shape: tuple[int, int, int] = (9, 15, 16)) -> tuple[Image, Segmentation]:
    """Smooth tissue with noise and a ragged round region, on thick slices."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(3)
    array = 500 * gaussian_filter(rng.normal(size=shape), 1.2) + rng.normal(80, 15, shape)
    z, y, x = np.indices(shape)
    labels = (z - 4) ** 2 * 3 + (y - 7) ** 2 + (x - 8) ** 2 < 14 + rng.integers(0, 6, shape)
    grid = Geometry(shape[::-1], (1.0, 1.0, 2.0))
    return Image(array.astype(np.int16), grid, unit="HU"), Segmentation(labels.astype("u1"), grid)


@pytest.mark.parametrize("name", FILES)
def test_maps_of_a_file_are_those_of_pyradiomics(theirs, tmp_path, name) -> None:
    file = {"featureClass": FEATURES, "voxelSetting": VOXELS, **FILES[name]}
    path = tmp_path / "voxel.yaml"
    path.write_text(json.dumps(file))
    case = tumour()
    found, expected = texture_maps(*case, parameters=path), theirs(*case, file)
    assert set(found) == set(expected)
    for key, (array, origin) in expected.items():
        ours = found[key]
        start = np.rint(ours.geometry.world_to_index(np.array(origin))).astype(int)[::-1]
        box = tuple(slice(k, k + n) for k, n in zip(start, array.shape, strict=True))
        np.testing.assert_allclose(ours.array[box], array, rtol=1e-9, atol=1e-9, err_msg=key)
        inside = np.zeros(ours.array.shape, bool)
        inside[box] = True
        assert (np.asarray(ours.array)[~inside] == -7).all()


def test_a_keyword_wins_over_the_file() -> None:
    file = {"voxelSetting": {"kernelRadius": 2, "maskedKernel": False}, "setting": {"binWidth": 9}}
    plan = plan_maps(*tumour(), parameters=file, features=["Mean"], kernel_radius=3)
    assert plan.facts["kernel_radius"] == 3
    assert list(plan.features) == ["original_firstorder_Mean"]
    again = plan_maps(*tumour(), features=["Mean"], kernel_radius=3, masked_kernel=False)
    np.testing.assert_array_equal(*(next(iter(p.measure().values())) for p in (plan, again)))


def test_a_file_without_features_means_all_and_shape_has_no_map() -> None:
    assert len(plan_maps(*tumour(), parameters={"setting": {"binWidth": 50}}).features) == 93
    file = {"featureClass": {"shape": None, "firstorder": ["Mean"]}}
    (found,) = texture_maps(*tumour(), parameters=file).values()
    assert found.notes == ("shape: of a whole region, not of a voxel; left out.",)
    with pytest.raises(InputError, match="names no feature that has a map"):
        texture_maps(*tumour(), parameters={"featureClass": {"shape": None}})


def test_the_label_of_the_file_is_mapped() -> None:
    scan, region = tumour()
    two = Segmentation(region.labels * 2, region.geometry)
    two.labels[0, :2, :5] = 1
    file = {"setting": {"label": 2}, "featureClass": {"firstorder": ["Mean"]}}
    assert plan_maps(scan, two, parameters=file).centers.size == region.labels.sum()
    assert plan_maps(scan, two, parameters=file, label=1).centers.size == 10


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"voxelSetting": {"kernelradius": 1}}, 'Did you mean "kernelRadius"'),
        ({"voxelSetting": {"kernelRadius": 0}}, "kernelRadius is a whole number of voxels, 1 or"),
        ({"voxelSetting": {"kernelRadius": 99}}, "from 1 to 50; got 99"),
        ({"voxelSetting": {"maskedKernel": "no"}}, "maskedKernel is yes or no"),
        ({"voxelSetting": {"initValue": "x"}}, "initValue is a number; got 'x'"),
        ({"setting": {"distances": [5]}}, "are 5 apart"),
        ({"setting": {"resegmentRange": [9e5]}}, "Widen the range"),
        ({"imageType": {"LoG": {"sgima": [1]}}}, 'Did you mean "sigma"'),
    ],
    ids=str,
)
def test_files_that_cannot_be_are_refused(content, said) -> None:
    with pytest.raises(InputError) as error:
        texture_maps(*tumour(), parameters=content)
    assert said in str(error.value)


def test_region_features_say_that_they_ignore_settings_of_maps() -> None:
    file = {"voxelSetting": {"kernelRadius": 2, "maskedKernel": True}}
    table = extract_features(*tumour(), parameters=file, families=["firstorder"])
    (note,) = table.attrs["notes"]
    assert note == "kernelRadius, maskedKernel: only for texture maps (texture_maps); ignored here."
