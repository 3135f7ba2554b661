"""Gray tone differences against PyRadiomics itself, and against answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.radiomics import texture_maps

FAMILY = "ngtdm"


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


def test_tones_are_compared_by_hand():
    found = _line(1, 3, 1, 3, 1)  # each differs from its neighbors by 2
    assert found["Coarseness"][2] == pytest.approx(1 / (3 / 5 * 6 + 2 / 5 * 4))
    assert found["Contrast"][2] == pytest.approx(2 * (3 / 5) * (2 / 5) * 4 / 2 * 10 / 5)
    assert found["Strength"][2] == pytest.approx(2 * 4 / 10)


def test_what_does_not_differ_is_coarsest():
    found = _line(4, 4, 4)
    assert found["Coarseness"].tolist() == [1e6] * 3
    for name in ("Contrast", "Busyness", "Complexity", "Strength"):
        assert found[name].tolist() == [0.0] * 3
