"""Size zone matrices against PyRadiomics itself, and against answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics import texture_maps

FAMILY = "glszm"


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


def test_zones_are_counted_by_hand():
    found = _line(1, 1, 2, 3, 3)
    assert found["ZonePercentage"][2] == pytest.approx(3 / 5)
    assert found["LargeAreaEmphasis"][2] == pytest.approx((4 + 1 + 4) / 3)
    assert found["SmallAreaLowGrayLevelEmphasis"][2] == pytest.approx((1 / 4 + 1 / 4 + 1 / 36) / 3)


def test_a_winding_zone_is_one():
    snake = np.ones((1, 5, 5))
    snake[0, 1, :4] = snake[0, 3, 1:] = 2  # walls that leave one long way round
    snake[0, 1, 4] = snake[0, 3, 0] = 1
    geometry = Geometry((5, 5, 1))
    maps = texture_maps(
        Image(snake, geometry),
        Segmentation(np.ones(snake.shape, np.uint8), geometry),
        features=["glszm_LargeAreaEmphasis", "glszm_ZonePercentage"],
        bin_width=1,
        kernel_radius=2,
    )
    middle = {name: found.array[0, 2, 2] for name, found in maps.items()}
    assert middle["original_glszm_ZonePercentage"] == pytest.approx(3 / 25)
    assert middle["original_glszm_LargeAreaEmphasis"] == pytest.approx((17**2 + 2 * 4**2) / 3)
