"""The IBSI's ways of aggregation, beyond the values of its phantom (`test_region_baselines`)."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import extract_features
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError

GRID = Geometry((6, 5, 4))


@pytest.fixture
def case() -> tuple[Image, Segmentation]:
    """Four slices of which only the last holds the highest gray level, the first one voxel."""
    rng = np.random.default_rng(3)
    array = rng.integers(0, 40, GRID.shape).astype(np.int16)
    array[3, 2, 2] = 95
    labels = np.ones(GRID.shape, np.uint8)
    labels[0] = 0
    labels[0, 2, 2] = 1
    return Image(array, GRID), Segmentation(labels, GRID)


@pytest.mark.parametrize(
    ("way", "norm"), [("2D averaged", None), ("2D slice-merged", "no_weighting")]
)
def test_features_of_slices_are_averaged(case, way, norm):
    scan, region = case
    settings = {
        "features": ["glcm_Contrast", "glrlm_RunPercentage", "glszm_ZoneEntropy", "gldm_all"],
        "families": ["glcm", "glrlm", "glszm", "gldm"],
        "standard": "ibsi", "bin_width": 10.0, "resegment_range": [0, 100],
    }  # fmt: skip
    found = extract_features(scan, region, aggregation=way, **settings)
    apart = Segmentation(region.labels * np.arange(1, 5)[:, None, None].astype(np.uint8), GRID)
    each = extract_features(
        scan, apart, labels=[2, 3, 4], force_2d=True, weighting_norm=norm, **settings
    )
    # The one voxel of the first slice has no neighbor, and says nothing of pairs.
    column = "original_glcm_Contrast"
    assert found.loc[1, column] == pytest.approx(each[column].mean())
    whole = extract_features(
        scan, Segmentation(np.where(np.arange(4)[:, None, None] > 0, region.labels, 0), GRID),
        aggregation=way, **settings,
    )  # fmt: skip
    for column in each:
        assert whole.loc[1, column] == pytest.approx(each[column].mean())


def test_a_slice_is_normalized_by_the_gray_levels_of_the_whole(case):
    scan, region = case
    settings = {"features": ["glcm_Idn"], "standard": "ibsi", "bin_width": 10.0}
    found = extract_features(scan, region, aggregation="2D averaged", **settings)
    flat = Image(np.where(scan.array == 95, 5, scan.array), GRID)
    lower = extract_features(flat, region, aggregation="2D averaged", **settings)
    # 10 levels instead of 4: the same differences weigh less.
    assert found.iloc[0, 0] > lower.iloc[0, 0]


def test_what_it_means_is_refused_where_it_means_nothing(case):
    with pytest.raises(InputError, match='did you mean "2D averaged"|Did you mean'):
        extract_features(*case, aggregation="2D avereged", standard="ibsi")
    with pytest.raises(InputError, match='Set standard="ibsi"'):
        extract_features(*case, aggregation="2D averaged")
