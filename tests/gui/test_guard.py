"""Where napari's own brush, bucket and polygon may paint: locks and ranges, as one undo step."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_radiogenomics.gui.layers.keys import LOCKED
from napari_radiogenomics.gui.segment.guard import PaintRule, guard_of

LESION, ORGAN = 1, 2
MIDDLE = (2, 12, 12)


@pytest.fixture
def drawn():
    labels = np.zeros((5, 24, 24), np.uint8)
    labels[:, 6:12, 6:18] = ORGAN
    return labels


@pytest.fixture
def layer(drawn):
    layer = Labels(drawn.copy(), scale=(5.0, 1.0, 1.0))
    layer.brush_size = 9
    guard_of(layer)
    return layer


def erase(layer):
    layer.paint(MIDDLE, 0)


def brush(layer):
    layer.paint(MIDDLE, LESION)


def stroke(layer):
    """As napari's mouse does: several dabs are one step."""
    with layer.block_history():
        for x in range(6, 18, 2):
            layer.paint((2, 12, x), LESION, refresh=False)


def ball(layer):
    layer.n_edit_dimensions = 3
    layer.paint(MIDDLE, LESION)


def bucket(layer):
    layer.n_edit_dimensions = 3
    layer.fill((2, 8, 8), LESION)


def polygon(layer):
    layer.paint_polygon(np.array([[2, 0, 0], [2, 0, 23], [2, 23, 23], [2, 23, 0]]), LESION)


def bulk(layer):
    layer.data_setitem(np.nonzero(np.ones(layer.data.shape, bool)), LESION)


ALL = [erase, brush, stroke, ball, bucket, polygon, bulk]


def plainly(drawn, draw):
    """What napari does without a guard."""
    layer = Labels(drawn.copy(), scale=(5.0, 1.0, 1.0))
    layer.brush_size = 9
    draw(layer)
    return np.asarray(layer.data)


@pytest.mark.parametrize("draw", ALL)
def test_without_a_rule_everything_is_as_napari_does_it(layer, drawn, draw):
    draw(layer)
    np.testing.assert_array_equal(layer.data, plainly(drawn, draw))
    layer.undo()
    np.testing.assert_array_equal(layer.data, drawn)


@pytest.mark.parametrize("draw", ALL)
def test_a_locked_label_stays_and_all_else_is_drawn(layer, drawn, draw):
    layer.metadata[LOCKED] = {ORGAN}
    expected = np.where(drawn == ORGAN, ORGAN, plainly(drawn, draw))
    draw(layer)
    np.testing.assert_array_equal(layer.data, expected)


@pytest.mark.parametrize("draw", [brush, stroke, ball, polygon, bulk])
def test_one_undo_takes_it_back_and_one_redo_does_it_again(layer, drawn, draw):
    layer.metadata[LOCKED] = {ORGAN}
    draw(layer)
    after = np.array(layer.data)
    assert (after != drawn).any()
    layer.undo()
    np.testing.assert_array_equal(layer.data, drawn)
    layer.redo()
    np.testing.assert_array_equal(layer.data, after)


@pytest.mark.parametrize("draw", [brush, stroke, ball, polygon])
def test_only_values_in_the_range_are_painted(layer, drawn, draw):
    values = np.random.default_rng(2).normal(0, 1, drawn.shape)
    guard_of(layer).rule = PaintRule(values, low=-0.5, high=0.5)
    inside = np.abs(values) <= 0.5
    expected = np.where(inside, plainly(drawn, draw), drawn)
    draw(layer)
    np.testing.assert_array_equal(layer.data, expected)
    layer.undo()
    np.testing.assert_array_equal(layer.data, drawn)


def test_only_voxels_of_some_labels_are_painted(layer, drawn):
    guard_of(layer).rule = PaintRule(inside=(ORGAN,))
    brush(layer)
    assert (layer.data == LESION).any()
    assert (drawn[layer.data == LESION] == ORGAN).all()


def test_a_locked_label_is_not_painted_with_and_says_so(layer, drawn):
    layer.metadata[LOCKED] = {LESION}
    said = []
    guard_of(layer).refused.append(said.append)
    brush(layer)
    bulk(layer)
    np.testing.assert_array_equal(layer.data, drawn)
    assert "locked" in said[0]
    assert "Unlock" in said[1]


def test_the_picture_on_the_screen_is_that_of_the_voxels(layer):
    layer.metadata[LOCKED] = {ORGAN}
    brush(layer)
    seen = np.array(layer._slice.image.view)
    layer.refresh()
    np.testing.assert_array_equal(seen, layer._slice.image.view)


@pytest.mark.parametrize("mode", ["fill", "paint"])
def test_erasing_a_locked_label_says_why_nothing_happens(layer, drawn, mode):
    layer.metadata[LOCKED] = {ORGAN}
    said = []
    guard_of(layer).refused.append(said.append)
    place = tuple(int(n) for n in np.argwhere(drawn == ORGAN)[0])
    layer.brush_size = 1
    getattr(layer, mode)(place, 0)
    np.testing.assert_array_equal(layer.data, drawn)
    assert said == [f"Label {ORGAN} is locked. Unlock it to change what is there."]
    guard_of(layer).rule, layer.metadata[LOCKED] = PaintRule(inside=(0,)), set()
    getattr(layer, mode)(place, 0)
    assert "outside what the brush is kept to" in said[1]
