"""An array that holds a region alone is used as any array of the whole grid."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from napari_radiogenomics import read, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.inlay import Inlay, tight
from napari_radiogenomics.provenance import content_hash


def pair(fill: float = np.nan) -> tuple[Inlay, np.ndarray]:
    """An inlay, and the array it stands for."""
    rng = np.random.default_rng(0)
    inside = rng.random((3, 4, 2)) < 0.6
    values = rng.normal(size=int(inside.sum()))
    whole = np.full((6, 7, 5), fill)
    whole[2:5, 1:5, 3:5][inside] = values
    return Inlay(values, inside, (2, 1, 3), whole.shape, fill), whole


@pytest.mark.parametrize("fill", [np.nan, 0.0])
def test_it_is_the_whole_array_for_numpy(fill):
    inlay, whole = pair(fill)
    np.testing.assert_array_equal(inlay, whole)
    np.testing.assert_array_equal(2 * inlay - 1, 2 * whole - 1)
    np.testing.assert_array_equal(np.isnan(inlay), np.isnan(whole))
    assert np.nanmean(inlay) == np.nanmean(whole)
    assert (inlay.shape, inlay.ndim, inlay.size, len(inlay)) == ((6, 7, 5), 3, 210, 6)
    np.testing.assert_array_equal(inlay.astype(np.float32), whole.astype(np.float32))
    assert content_hash(inlay) == content_hash(whole)
    np.testing.assert_array_equal(copy.deepcopy(inlay), whole)


@pytest.mark.parametrize(
    "index",
    [
        3, -1, 0, (2, 1), (2, 2, 3), np.s_[1:4], np.s_[:, 2], np.s_[..., 3], np.s_[::-2, 1:6:2, 4],
        np.s_[..., 1:3, 0:2, 2:5], np.s_[0:0], [0, 2, 4], np.s_[:, [1, 3]],
    ],
)  # fmt: skip
def test_any_part_is_that_of_the_whole(index):
    inlay, whole = pair()
    np.testing.assert_array_equal(inlay[index], whole[index])


def test_the_voxels_of_a_mask_are_those_of_the_whole():
    inlay, whole = pair()
    for mask in (np.isfinite(whole), np.ones(whole.shape, bool), whole > 0):
        np.testing.assert_array_equal(inlay[mask], whole[mask])
    with pytest.raises(IndexError):
        inlay[6]


def test_a_map_is_written_on_the_grid_of_the_scan_and_its_box_lies_in_its_place(tmp_path):
    inlay, whole = pair()
    turned = (0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    grid = Geometry((5, 7, 6), (0.5, 0.5, 3.0), (-20.0, 4.0, 11.0), turned)
    image = Image(inlay, grid, modality="map", blank_slices=(0, 3))
    back = read(write(image, tmp_path / "map.nii.gz"))
    assert back.geometry.same_grid(grid)
    np.testing.assert_array_equal(back.array, whole)
    small = tight(image)
    np.testing.assert_array_equal(small.array, whole[2:5, 1:5, 3:5])
    np.testing.assert_allclose(small.geometry.origin, grid.index_to_world([3, 1, 2]))
    assert small.blank_slices == (1,)
    assert tight(back) is back
