"""Run length matrices against PyRadiomics itself, and against answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics import texture_maps

FAMILY = "glrlm"


def _line(*values):
    """Maps of a row of voxels, one gray level a value."""
    array = np.array([[values]], float)
    geometry = Geometry(array.shape[::-1])
    region = Segmentation(np.ones(array.shape, np.uint8), geometry)
    maps = texture_maps(
        Image(array, geometry), region, families=[FAMILY], features=["all"], bin_width=1,
        kernel_radius=2,
    )  # fmt: skip
    return {name.rpartition("_")[2]: found.array.ravel() for name, found in maps.items()}


@pytest.mark.parametrize("norm", ["manhattan", "euclidean", "infinity", "no_weighting"])
def test_joined_angles_are_what_pyradiomics_says(check_family, phantom, norm):
    check_family(FAMILY, *phantom(), weighting_norm=norm)
    # Of a voxel without neighbors it says 0 for two features, and nothing for the others: ours
    # are all blank.
    check_family(
        FAMILY, *phantom(filled=0.15), weighting_norm=norm, leave_out=("RunVariance", "RunEntropy")
    )


def test_runs_are_counted_by_hand():
    found = _line(1, 1, 2, 3, 3)  # around the middle: runs of 2, 1 and 2
    assert found["ShortRunEmphasis"][2] == pytest.approx((1 / 4 + 1 + 1 / 4) / 3)
    assert found["RunPercentage"][2] == pytest.approx(3 / 5)
    assert found["RunEntropy"][2] == pytest.approx(np.log2(3))
    assert found["GrayLevelVariance"][2] == pytest.approx(2 / 3)


def test_a_gap_ends_a_run_but_not_the_line():
    geometry = Geometry((3, 1, 1))
    image = Image(np.array([[[1.0, 1.0, 1.0]]]), geometry)
    region = Segmentation(np.array([[[1, 0, 1]]], np.uint8), geometry)
    (found,) = texture_maps(
        image, region, features=["glrlm_LongRunEmphasis"], kernel_radius=2
    ).values()
    assert found.array.ravel().tolist()[::2] == [1.0, 1.0]
    (found,) = texture_maps(image, region, features=["glrlm_LongRunEmphasis"]).values()
    assert np.isnan(found.array).all()
    assert "no value in 2 of 2 voxels" in found.notes[0]
