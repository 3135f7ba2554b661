"""Edits are written by one set of rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_radiogenomics import Geometry, Image, Label, Segmentation
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.segmentation import changes, paint_mask
from napari_radiogenomics.segmentation.edit import values_of, with_masks

LABELS = arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 3))


@given(LABELS, LABELS)
def test_applying_the_changes_makes_before_into_after(before, after):
    indices, values = changes(before, after)
    painted = before.copy()
    painted[indices] = values
    assert np.array_equal(painted, after)
    assert values.dtype == before.dtype
    assert np.all(before[indices] != values)


def test_changes_of_turned_arrays_are_where_they_are():
    before = np.zeros((2, 3, 4), np.uint8)
    after = np.asfortranarray(before)
    after[1, 2, 3] = 7
    indices, values = changes(before, after)
    assert [int(i[0]) for i in indices] == [1, 2, 3]
    assert values.tolist() == [7]


def test_a_value_that_the_layer_cannot_hold_is_refused():
    before = np.zeros((1, 1, 2), np.uint8)
    with pytest.raises(InputError, match="Label 300 does not fit into uint8"):
        changes(before, np.array([[[0, 300]]]))
    with pytest.raises(InputError, match="belongs to another segmentation"):
        changes(before, np.zeros((1, 2, 2), np.uint8))


@given(LABELS, arrays(bool, (3, 4, 5)), st.booleans())
def test_locked_labels_never_change_and_nothing_is_changed_in_place(labels, mask, overwrite):
    drawn = Segmentation(labels.copy(), Geometry((5, 4, 3)))
    after = with_masks(drawn, {1: mask}, locked=[3], overwrite=overwrite)
    assert np.array_equal(drawn.labels, labels)
    assert np.array_equal(after.labels == 3, labels == 3)
    expected = mask & (labels != 3) & (True if overwrite else labels != 2)
    assert np.array_equal(after.labels == 1, expected)


def test_a_locked_label_itself_cannot_be_edited():
    drawn = Segmentation(np.ones((1, 1, 2), np.uint8), Geometry((2, 1, 1)), (Label(1, "liver"),))
    with pytest.raises(InputError, match=r"Label 1 \(liver\) is locked"):
        with_masks(drawn, {1: np.zeros((1, 1, 2), bool)}, locked=[1])
    with pytest.raises(InputError, match="start at 1"):
        with_masks(drawn, {0: np.zeros((1, 1, 2), bool)})


def test_labels_beyond_255_get_room():
    drawn = Segmentation(np.array([[[255, 0]]], np.uint8), Geometry((2, 1, 1)))
    after = with_masks(drawn, {300: np.array([[[False, True]]])}, names={300: "node"})
    assert after.labels.tolist() == [[[255, 300]]]
    assert after.labels.dtype == np.uint16
    assert after["node"].value == 300


def test_overlapping_regions_keep_their_voxels():
    layers = np.zeros((2, 1, 1, 4), np.uint8)
    layers[0, 0, 0, :2], layers[1, 0, 0, 1:3] = 1, 2
    drawn = Segmentation(layers, Geometry((4, 1, 1)), (Label(1, "a"), Label(2, "b")))
    after = with_masks(drawn, {1: np.ones((1, 1, 4), bool)}, locked=[2])
    assert after.mask(1).tolist() == [[[True] * 4]]
    assert after.mask(2).tolist() == [[[False, True, True, False]]]


def test_paint_mask_takes_range_and_labels():
    drawn = Segmentation(np.array([[[0, 1, 2, 0]]], np.uint8), Geometry((4, 1, 1)))
    scan = Image(np.array([[[10, 20, 30, 40]]]), drawn.geometry)
    assert paint_mask(drawn, scan, low=20).ravel().tolist() == [False, True, True, True]
    assert paint_mask(drawn, scan, high=30, inside=[0, 2]).ravel().tolist() == [
        True, False, True, False,
    ]  # fmt: skip
    assert paint_mask(drawn, outside=[0]).ravel().tolist() == [False, True, True, False]
    with pytest.raises(InputError, match="exchange its ends"):
        paint_mask(drawn, scan, low=5, high=1)
    with pytest.raises(InputError, match="needs the scan"):
        paint_mask(drawn, low=5)


def test_scans_that_cannot_be_worked_on_are_refused():
    drawn = Segmentation(np.zeros((1, 1, 2), np.uint8), Geometry((2, 1, 1)))
    with pytest.raises(InputError, match="1 voxel of the scan is not finite.*i=1, j=0, k=0"):
        values_of(Image(np.array([[[0.0, np.nan]]]), drawn.geometry), drawn)
    four = Image(np.zeros((2, 1, 1, 2)), drawn.geometry, fourth_axis="time")
    with pytest.raises(InputError, match="holds 2 volumes"):
        values_of(four, drawn)
    with pytest.raises(GeometryError, match="Resample"):
        values_of(Image(np.zeros((1, 1, 3)), Geometry((3, 1, 1))), drawn)
    with pytest.raises(InputError, match="whole numbers"):
        Segmentation(np.zeros((1, 1, 2), np.float32), drawn.geometry)
