"""Dependence matrices against PyRadiomics itself, and against answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics import texture_maps

FAMILY = "gldm"


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


@pytest.mark.parametrize("alpha", [1, 3])
def test_a_wider_range_of_dependence_is_what_pyradiomics_says(check_family, phantom, alpha):
    check_family(FAMILY, *phantom(), gldm_a=alpha, kernel_radius=2, distances=(1, 2))


def test_dependences_are_counted_by_hand():
    found = _line(1, 1, 2, 3, 3)  # dependences of 2, 2, 1, 2, 2
    assert found["SmallDependenceEmphasis"][2] == pytest.approx((4 / 4 + 1) / 5)
    assert found["LargeDependenceEmphasis"][2] == pytest.approx((4 * 4 + 1) / 5)
    assert found["DependenceNonUniformity"][2] == pytest.approx((16 + 1) / 5)
