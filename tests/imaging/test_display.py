"""Show, edit, bring back: the true grid is what counts."""

import itertools

import numpy as np
import pytest

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import GeometryError
from napari_radiogenomics.imaging import edited, show
from napari_radiogenomics.imaging.display import display_geometry

ORIENTATIONS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def tilted(degrees=20.0, size=(12, 11, 6), spacing=(1.0, 1.0, 4.0)):
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    return Geometry(size, spacing, (5.0, -3.0, 2.0), (1, 0, 0, 0, c, -s, 0, s, c))


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_an_edit_on_screen_lands_on_the_voxel_at_that_place(axes, signs):
    matrix = np.zeros((3, 3))
    matrix[list(axes), range(3)] = signs
    geometry = Geometry((5, 4, 3), (1, 2, 3), (7, 8, 9), tuple(matrix.ravel()))
    rng = np.random.default_rng(2)
    source = Segmentation(rng.integers(0, 3, geometry.shape).astype(np.uint8), geometry)
    painted = show(source)[0].array
    place = geometry.index_to_world([4, 1, 2])  # i, j, k
    x, y, z = np.rint(display_geometry(geometry).world_to_index(place)).astype(int)
    painted[z, y, x] = 9
    result = edited(source, painted)
    expected = source.labels.copy()
    expected[2, 1, 4] = 9
    np.testing.assert_array_equal(result.labels, expected)
    assert result.geometry == geometry
    assert result.labels.dtype == source.labels.dtype


def test_painting_never_reaches_the_source_array():
    source = Segmentation(np.zeros((2, 3, 4), np.uint8), Geometry((4, 3, 2)))
    show(source)[0].array[:] = 1
    assert not source.labels.any()


def test_axis_aligned_images_are_not_interpolated():
    array = np.random.default_rng(0).random((3, 4, 5))
    flipped = Geometry((5, 4, 3), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    shown = show(Image(array, flipped))[0]
    assert not shown.resampled
    np.testing.assert_array_equal(shown.array, array[:, ::-1, ::-1])


def test_an_oblique_image_shows_each_value_where_it_is():
    geometry = tilted()
    k, j, i = np.indices(geometry.shape)
    world = geometry.index_to_world(np.stack([i, j, k], axis=-1))
    linear = world @ np.array([0.5, -1.0, 2.0])  # linear interpolation is exact on this
    shown = show(Image(linear, geometry))[0]
    assert shown.resampled
    z, y, x = np.indices(shown.array.shape)
    where = shown.geometry.index_to_world(np.stack([x, y, z], axis=-1))
    index = geometry.world_to_index(where)
    inside = np.all((index > 0) & (index < np.asarray(geometry.size) - 1), axis=-1)
    assert inside.sum() > 200
    expected = where @ np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(shown.array[inside], expected[inside], atol=1e-3)


def test_unedited_oblique_labels_come_back_untouched():
    geometry = tilted()
    labels = np.random.default_rng(0).integers(0, 4, geometry.shape).astype(np.uint8)
    source = Segmentation(labels, geometry)
    np.testing.assert_array_equal(edited(source, show(source)[0].array).labels, labels)


def test_an_oblique_edit_changes_the_voxels_inside_the_painted_ball_only():
    geometry = tilted(size=(30, 30, 12))
    source = Segmentation(np.zeros(geometry.shape, np.uint8), geometry, (Label(1, "tumour"),))
    shown = show(source)[0]
    center = geometry.corners.mean(axis=0)

    def distance(grid):
        k, j, i = np.indices(grid.shape)
        return np.linalg.norm(grid.index_to_world(np.stack([i, j, k], -1)) - center, axis=-1)

    shown.array[distance(shown.geometry) < 8] = 1
    result = edited(source, shown.array)
    reach = np.linalg.norm(shown.geometry.spacing) / 2
    true = distance(geometry)
    assert (result.labels[true < 8 - reach] == 1).all()
    assert (result.labels[true > 8 + reach] == 0).all()
    assert (true < 8 - reach).sum() > 100


def test_overlapping_regions_are_edited_layer_by_layer():
    labels = np.zeros((2, 2, 3, 4), np.uint8)
    labels[0, 0, 0, 0] = 1
    labels[1, 0, 0, 0] = 2
    source = Segmentation(labels, Geometry((4, 3, 2)))
    second = show(source)[1].array
    second[1, 1, 1] = 2
    result = edited(source, second, layer=1)
    np.testing.assert_array_equal(result.labels[0], labels[0])
    assert result.mask(2).sum() == 2


def test_four_dimensional_images_keep_their_leading_axis():
    array = np.random.default_rng(0).random((2, 3, 4, 5))
    scan = Image(array, Geometry((5, 4, 3)), fourth_axis="channel")
    assert show(scan)[0].array.shape == (2, 3, 4, 5)


def test_labels_of_another_grid_are_refused():
    source = Segmentation(np.zeros((2, 3, 4), np.uint8), Geometry((4, 3, 2)), name="tumour")
    with pytest.raises(GeometryError, match="do not fit the display grid"):
        edited(source, np.zeros((2, 3, 5), np.uint8))
