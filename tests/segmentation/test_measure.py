"""Sizes and diameters, by hand and against PyRadiomics."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from napari_radiogenomics import Geometry, Image, Label, Segmentation, measure_regions
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.segmentation import diameters

OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def test_a_box_has_the_diameters_of_its_outline_by_hand():
    """6 × 3 pixels of 2 × 3 mm. The outline runs through the middles of pixel sides: the longest
    pair are the upper side of a corner pixel and the lower one of that diagonally opposite, five
    pixels along x and three along y apart.
    """
    mask = np.zeros((3, 8, 10), bool)
    mask[1, 2:5, 2:8] = True
    found = diameters(mask, Geometry((10, 8, 3), (2.0, 3.0, 5.0)))
    assert found.longest_mm == pytest.approx(np.hypot(10, 9))
    assert found.slice == 1
    # A line across (10, 9) from the upper side to the lower, 9 mm down, goes 8.1 mm along x.
    assert found.perpendicular_mm == pytest.approx(np.hypot(8.1, 9))


@pytest.mark.parametrize("direction", [(1, 0, 0, 0, 1, 0, 0, 0, 1), OBLIQUE])
def test_a_ball_has_its_diameter_and_the_ends_lie_in_its_slice(direction):
    grid = Geometry((60, 50, 21), (1.0, 1.25, 3.0), (7.0, -5.0, 3.0), direction)
    middle = grid.index_to_world([30, 25, 10])
    points = grid.index_to_world(np.moveaxis(np.indices(grid.shape), 0, -1)[..., ::-1])
    mask = np.linalg.norm(points - middle, axis=-1) <= 20
    found = diameters(mask, grid)
    assert found.slice == 10
    assert found.longest_mm == pytest.approx(40, abs=1.6)  # a pixel's diagonal
    assert found.perpendicular_mm == pytest.approx(40, abs=1.6)  # a pixel's diagonal
    for ends, length in (
        (found.longest_ends, found.longest_mm),
        (found.perpendicular_ends, found.perpendicular_mm),
    ):
        one, two = np.asarray(ends)
        assert np.linalg.norm(one - two) == pytest.approx(length)
        assert grid.world_to_index(ends)[:, 2] == pytest.approx([10, 10])
    along, across = (np.subtract(*e) for e in (found.longest_ends, found.perpendicular_ends))
    assert along @ across == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_longest_diameters_are_those_of_pyradiomics(seed):
    shape = pytest.importorskip("radiomics.shape")
    from scipy import ndimage

    random = np.random.default_rng(seed)
    blurred = ndimage.gaussian_filter(random.normal(size=(9, 30, 34)), (1, 3, 3))
    blob = blurred > np.quantile(blurred, 0.9)
    # One slice: PyRadiomics has faces between slices too, which mix the outlines of both.
    blob &= (np.arange(9) == blob.sum(axis=(1, 2)).argmax())[:, None, None]
    pieces, _ = ndimage.label(blob, np.ones((3, 3, 3)))
    blob = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    label = sitk.GetImageFromArray(np.pad(blob, 1).astype(np.uint8))
    label.SetSpacing((0.7, 0.9, 4.0))
    measured = shape.RadiomicsShape(sitk.Cast(label, sitk.sitkFloat32), label, label=1)
    theirs = float(measured.getMaximum2DDiameterSliceFeatureValue())
    grid = Geometry((36, 32, 11), (0.7, 0.9, 4.0))
    assert diameters(np.pad(blob, 1), grid).longest_mm == pytest.approx(theirs, rel=1e-6)


def brute(hull: np.ndarray, along: np.ndarray) -> float:
    """Longest chord across a direction, by sweeping a line over the hull."""
    from matplotlib.path import Path

    u = along / np.linalg.norm(along)
    v = np.array([-u[1], u[0]])
    best = 0.0
    reach = np.linspace((hull @ v).min(), (hull @ v).max(), 1200)
    for t in np.linspace((hull @ u).min(), (hull @ u).max(), 200):
        inside = Path(hull).contains_points(t * u + reach[:, None] * v)
        best = max(best, np.ptp(reach[inside]) if inside.any() else 0.0)
    return best


def test_the_perpendicular_is_that_of_a_sweep():
    pytest.importorskip("matplotlib")
    from napari_radiogenomics.segmentation.measure import _hull, _longest, _perpendicular

    for seed in range(3):
        y, x = np.indices((24, 24))
        random = np.random.default_rng(seed)
        mask = np.zeros((24, 24), bool)
        for cy, cx, r in random.uniform((8, 8, 3), (16, 16, 6), (4, 3)):
            mask |= np.hypot(y - cy, (x - cx) / 1.7) < r
        hull = _hull(mask, np.array([0.9, 1.3]))
        _, (one, two) = _longest(hull)
        along = hull[two] - hull[one]
        length, ends = _perpendicular(hull, along)
        assert length == pytest.approx(brute(hull, along), abs=0.15)
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(length)


def test_the_table_has_size_values_pieces_and_a_place_to_jump_to(grid, ball):
    labels = np.zeros(grid.shape, np.uint8)
    labels[ball((8, 16, 12), 12)] = 1
    labels[2, 2, 2] = 1
    labels[8, 16, 30:34] = 4
    values = np.where(labels == 1, 50.0, 10.0)
    values[8, 16, 30:34] = [1, 2, 3, 4]
    drawn = Segmentation(labels, grid, (Label(1, "tumour"), Label(4, "node")))
    table = measure_regions(drawn, Image(values, grid, unit="HU"))
    assert table.index.tolist() == [1, 4]
    assert table["name"].tolist() == ["tumour", "node"]
    assert table["pieces"].tolist() == [2, 1]
    assert table.loc[1, "volume_ml"] == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.03)
    assert table.loc[4, "volume_ml"] == pytest.approx(4 * 12 / 1000)
    assert (table.loc[4, "mean"], table.loc[4, "sd"]) == (2.5, pytest.approx(np.sqrt(1.25)))
    assert (table.loc[1, "mean"], table.loc[1, "sd"]) == (50, 0)
    assert table.attrs["unit"] == "HU"
    place = table.loc[1, ["x_mm", "y_mm", "z_mm"]].to_numpy(float)
    assert grid.world_to_index(place) == pytest.approx([12, 16, 8])
    # Four pixels of 1.5 mm in a row: 6 mm long; 2 mm across.
    assert table.loc[4, "longest_mm"] == pytest.approx(6.0)
    assert table.loc[4, "perpendicular_mm"] == pytest.approx(2.0)


def test_two_lesions_of_a_slice_are_not_measured_as_one(grid):
    mask = np.zeros(grid.shape, bool)
    mask[8, 16, 5:9] = mask[8, 16, 30:33] = True
    assert diameters(mask, grid).longest_mm == pytest.approx(6.0)


def test_planes_across_other_axes(grid):
    mask = np.zeros(grid.shape, bool)
    mask[4:9, 16, 20] = True  # 5 voxels of 4 mm along z
    assert diameters(mask, grid, plane="k").longest_mm == pytest.approx(2.0)
    for plane, place in (("j", 16), ("i", 20)):
        found = diameters(mask, grid, plane=plane)
        assert found.longest_mm == pytest.approx(20.0)
        assert found.slice == place


def test_what_cannot_be_measured_is_refused(grid):
    empty = Segmentation(np.zeros(grid.shape, np.uint8), grid)
    with pytest.raises(InputError, match="No label is chosen or drawn"):
        measure_regions(empty)
    with pytest.raises(InputError, match='Unknown plane "axial"'):
        diameters(np.ones(grid.shape, bool), grid, plane="axial")
    with pytest.raises(InputError, match="empty"):
        diameters(np.zeros(grid.shape, bool), grid)
    drawn = Segmentation(np.ones(grid.shape, np.uint8), grid)
    with pytest.raises(GeometryError, match="Resample"):
        measure_regions(drawn, Image(np.zeros((2, 2, 2)), Geometry((2, 2, 2))))
