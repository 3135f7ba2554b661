"""The 48 axis-aligned orientations and obliques, against world positions."""

import itertools

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.orientation import (
    canonical_geometry,
    from_canonical,
    to_canonical,
    true_slice,
)

ORIENTATIONS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def grid(axes, signs):
    matrix = np.zeros((3, 3))
    matrix[list(axes), range(3)] = signs
    return Geometry((5, 4, 3), (1.0, 2.0, 3.0), (7.0, -8.0, 9.0), tuple(matrix.ravel()))


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_canonical_voxels_stay_where_they_are_in_the_patient(axes, signs):
    geometry = grid(axes, signs)
    array = np.random.default_rng(0).random(geometry.shape)
    canonical, target = to_canonical(array, geometry), canonical_geometry(geometry)
    assert canonical.shape == target.shape
    np.testing.assert_array_equal(target.matrix, np.eye(3))
    i, j, k = (axis.ravel() for axis in np.mgrid[:5, :4, :3])
    world = geometry.index_to_world(np.stack([i, j, k], axis=-1))
    x, y, z = np.rint(target.world_to_index(world)).astype(int).T
    np.testing.assert_allclose(target.index_to_world(np.stack([x, y, z], -1)), world, atol=1e-9)
    np.testing.assert_array_equal(canonical[z, y, x], array[k, j, i])


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_canonical_and_back_is_the_identity(axes, signs):
    geometry = grid(axes, signs)
    array = np.random.default_rng(1).random((2, *geometry.shape))
    back = from_canonical(to_canonical(array, geometry), geometry)
    np.testing.assert_array_equal(back, array)
    assert np.shares_memory(back, array)


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_a_canonical_slice_is_found_in_the_true_array(axes, signs):
    geometry = grid(axes, signs)
    array = np.arange(60).reshape(geometry.shape)
    canonical = to_canonical(array, geometry)
    for axis, size in enumerate(canonical.shape):
        for index in range(size):
            true, place = true_slice(geometry, axis, index)
            assert set(canonical.take(index, axis).ravel()) == set(array.take(place, true).ravel())
