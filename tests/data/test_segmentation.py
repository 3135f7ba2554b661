"""Labels, their meaning, and regions that overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Label, Segmentation, labels_present
from napari_radiogenomics.errors import GeometryError, InputError

GRID = Geometry((4, 3, 2), (1.0, 2.0, 5.0))


def test_values_without_a_name_get_a_plain_one():
    labels = np.zeros(GRID.shape, np.uint8)
    labels[0, 0, :2] = 1, 4
    drawn = Segmentation(labels, GRID, (Label(4, "enhancing"),))
    assert [(label.value, label.name) for label in drawn.scheme] == [
        (1, "label 1"),
        (4, "enhancing"),
    ]
    assert drawn["enhancing"].value == 4


def test_volume_is_voxels_times_their_volume():
    labels = np.zeros(GRID.shape, np.int16)
    labels[:, 0, :] = 1
    assert Segmentation(labels, GRID).volume_ml(1) == pytest.approx(8 * 10 / 1000)


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (np.zeros((2, 3, 5), np.uint8), GeometryError, "do not fit a grid"),
        (np.zeros(GRID.shape), InputError, "whole numbers"),
        (np.full(GRID.shape, -1), InputError, "0 or more"),
    ],
)
def test_impossible_labels_are_refused(labels, error, words):
    with pytest.raises(error, match=words):
        Segmentation(labels, GRID)


def test_an_absent_label_is_named_with_those_present():
    drawn = Segmentation(np.ones(GRID.shape, np.uint8), GRID, name="tumour")
    with pytest.raises(InputError, match=r"Label 3 does not occur.*tumour.*Present: 1"):
        drawn.mask(3)
    with pytest.raises(InputError, match=r"Known: label 1 \(1\)"):
        drawn["nothing"]


@given(arrays(bool, (3, *GRID.shape)))
def test_overlapping_masks_survive_in_any_combination(masks):
    drawn = Segmentation.from_masks(masks, GRID, [Label(v) for v in (1, 2, 7)])
    for mask, label in zip(masks, drawn.scheme, strict=True):
        if mask.any():
            np.testing.assert_array_equal(drawn.mask(label.value), mask)
    assert drawn.overlapping or masks.sum(axis=0).max() <= 1


def test_disjoint_masks_share_one_layer():
    masks = np.zeros((2, *GRID.shape), bool)
    masks[0, 0], masks[1, 1] = True, True
    assert not Segmentation.from_masks(masks, GRID, [Label(1), Label(300)]).overlapping


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=20))
def test_labels_present_equals_unique(values):
    array = np.array(values, np.int64)
    assert labels_present(array) == tuple(v for v in np.unique(array) if v)


def test_labels_get_colors_that_differ():
    colors = {Label(value).color for value in range(1, 8)}
    assert len(colors) == 7
    with pytest.raises(InputError, match="start at 1"):
        Label(0)
