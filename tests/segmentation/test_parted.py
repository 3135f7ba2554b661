"""Balls that touch, parted at their neck; and messages about what is not drawn."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import Geometry, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation import islands, ring

GRID = Geometry((70, 50, 24), (1.0, 1.5, 3.0))


def ball(x: float, radius: float) -> np.ndarray:
    k, j, i = np.indices(GRID.shape)
    return np.sqrt((3 * k - 36) ** 2 + (1.5 * j - 36) ** 2 + (i - x) ** 2) <= radius


def drawn(mask: np.ndarray) -> Segmentation:
    return Segmentation(mask.astype(np.uint8), GRID)


def test_two_balls_that_touch_are_parted_in_the_middle():
    one, two = ball(25, 11), ball(46, 11)
    both = drawn(one | two)
    assert islands(both, action="split").present == (1,)
    found = islands(both, action="split", neck_mm=2).labels
    sizes = np.bincount(found.ravel())[1:]
    assert sizes.sum() == (one | two).sum()
    assert sizes.size == 2
    for mask in (one, two):
        own = np.bincount(found[mask]).argmax()
        assert (found[mask] == own).mean() > 0.99


@pytest.mark.parametrize("neck", [1.0, 8.0])
def test_one_ball_and_a_thin_piece_stay_what_they_are(neck):
    mask = ball(30, 12)
    mask[2, 3, 3:5] = True
    found = islands(drawn(mask), action="split", neck_mm=neck, smallest_ml=0).labels
    assert sorted(np.bincount(found.ravel())[1:]) == [2, ball(30, 12).sum()]


def test_a_mask_that_fills_the_scan_is_one_piece():
    full = Segmentation(np.ones((6, 8, 9), np.uint8), Geometry((9, 8, 6)))
    assert islands(full, action="split", neck_mm=1, smallest_ml=0).present == (1,)


def test_a_neck_of_no_width_is_refused():
    with pytest.raises(InputError, match="above 0"):
        islands(drawn(ball(30, 5)), action="split", neck_mm=-1)


def test_a_ring_around_nothing_says_that_nothing_is_drawn():
    with pytest.raises(InputError, match=r"Label 1 does not occur in the segmentation\. Present"):
        ring(drawn(np.zeros(GRID.shape, bool)))
