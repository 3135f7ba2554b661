"""Tools on shapes whose answer is worked out by hand, on voxels of 1.5 × 2 × 4 mm."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import Geometry, Image, Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation import (
    combine,
    contours,
    fill_holes,
    islands,
    margin,
    mask,
    refine,
    ring,
    smooth,
    threshold,
)

MIDDLE = (8, 16, 20)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def segmentation(grid: Geometry, **masks: np.ndarray) -> Segmentation:
    labels = np.zeros(grid.shape, np.uint8)
    for value, name in enumerate(masks, 1):
        labels[masks[name]] = value
    return Segmentation(labels, grid, tuple(Label(v, n) for v, n in enumerate(masks, 1)))


def box(grid: Geometry, z: slice, y: slice, x: slice) -> np.ndarray:
    found = np.zeros(grid.shape, bool)
    found[z, y, x] = True
    return found


def extent(found: np.ndarray) -> tuple[int, ...]:
    places = np.argwhere(found)
    return tuple((places.max(axis=0) - places.min(axis=0) + 1).tolist())


# margin and ring


@pytest.mark.parametrize("distance", [1.4, 1.5, 4.0, 9.3])
def test_a_voxel_grows_to_the_ball_of_the_margin(grid, ball, distance):
    drawn = segmentation(grid, tumour=ball(MIDDLE, 0))
    assert np.array_equal(margin(drawn, margin_mm=distance).labels == 1, ball(MIDDLE, distance))


def test_a_box_shrinks_by_the_layers_within_the_margin(grid):
    """3 mm: no layer of 4 mm, one of 2 mm, two of 1.5 mm from each side."""
    drawn = segmentation(grid, tumour=box(grid, slice(5, 12), slice(10, 20), slice(10, 22)))
    after = margin(drawn, margin_mm=-3).labels == 1
    assert extent(after) == (7, 8, 8)
    assert after.sum() == 7 * 8 * 8


def test_a_region_at_the_edge_of_the_scan_goes_on_beyond_it(grid):
    drawn = segmentation(grid, tumour=box(grid, slice(0, 5), slice(None), slice(None)))
    assert extent(margin(drawn, margin_mm=-4).labels == 1) == (4, 32, 40)


def test_a_margin_stays_in_the_organ_and_off_other_labels(grid, ball):
    drawn = segmentation(
        grid, organ=ball(MIDDLE, 20), tumour=ball(MIDDLE, 6), vessel=ball((8, 16, 26), 3)
    )
    clipped = margin(drawn, label=2, margin_mm=30, inside=1).labels == 2
    assert np.array_equal(clipped, (drawn.labels == 1) | (drawn.labels == 2))
    free = margin(drawn, label=2, margin_mm=30)
    assert np.array_equal(free.labels == 1, drawn.labels == 1)
    with pytest.raises(InputError, match="Nothing is left of label 3"):
        margin(drawn, label=3, margin_mm=-10)


def test_a_ring_lies_between_its_two_distances(grid, ball):
    drawn = segmentation(
        grid, tumour=ball(MIDDLE, 0), liver=ball((8, 16, 14), 16) & ~ball(MIDDLE, 0)
    )
    found = ring(drawn, thickness_mm=6, gap_mm=3, inside=2, into=5)
    shell = ball(MIDDLE, 9) & ~ball(MIDDLE, 3)
    assert np.array_equal(found.labels == 5, shell & ball((8, 16, 14), 16))
    assert found["tumour, ring 6 mm"].value == 5
    with pytest.raises(InputError, match=r"No voxel lies in a ring of 1 mm"):
        ring(drawn, thickness_mm=1)
    with pytest.raises(InputError, match="above 0 mm"):
        ring(drawn, thickness_mm=0)


# islands and holes


def test_touching_balls_are_one_piece_and_opening_parts_them(grid, ball):
    """Centres 18 mm apart, radii 9 and 6 mm: joined by a bridge of one voxel across."""
    bridge = box(grid, slice(8, 9), slice(16, 17), slice(10, 30))
    two = ball((8, 16, 12), 9) | ball((8, 16, 26), 6) | bridge
    drawn = segmentation(grid, tumour=two)
    assert np.array_equal(islands(drawn).labels == 1, two)
    parted = smooth(drawn, method="opening", radius_mm=3)
    split = islands(parted, action="split")
    assert split.present == (1, 2)
    assert split.volume_ml(1) > split.volume_ml(2)
    assert dice(split.labels == 1, ball((8, 16, 12), 9)) > 0.95
    assert dice(split.labels == 2, ball((8, 16, 26), 6)) > 0.9


def three_boxes(grid: Geometry) -> Segmentation:
    """Pieces of 24, 12 and 1 voxels of 12 mm³; the first two touch at an edge."""
    parts = [
        box(grid, slice(2, 4), slice(2, 5), slice(2, 6)),
        box(grid, slice(2, 3), slice(5, 8), slice(6, 10)),
        box(grid, slice(10, 11), slice(20, 21), slice(20, 21)),
    ]
    return segmentation(grid, tumour=np.any(parts, axis=0))


def test_edges_join_pieces_only_if_asked(grid):
    drawn = three_boxes(grid)
    assert islands(drawn).volume_ml(1) == pytest.approx(36 * 0.012)
    assert islands(drawn, corners=False).volume_ml(1) == pytest.approx(24 * 0.012)


def test_small_pieces_are_below_the_volume(grid):
    drawn = three_boxes(grid)
    options = {"action": "remove small", "corners": False}
    for smallest, left in ((0.144, 36), (0.145, 24), (0.012, 37)):
        after = islands(drawn, smallest_ml=smallest, **options)
        assert int((after.labels == 1).sum()) == left
    with pytest.raises(InputError, match=r"the largest has 0.288 mL"):
        islands(drawn, smallest_ml=1, **options)


def test_the_piece_at_a_point_is_kept_or_removed(grid):
    drawn = three_boxes(grid)
    point = grid.index_to_world([20.2, 19.9, 10.1])
    kept = islands(drawn, action="keep selected", at_mm=point).labels == 1
    assert np.argwhere(kept).tolist() == [[10, 20, 20]]
    assert islands(drawn, action="remove selected", at_mm=point).labels.sum() == 36
    with pytest.raises(InputError, match="on no piece of label 1"):
        islands(drawn, action="keep selected", at_mm=grid.index_to_world([0, 0, 0]))
    with pytest.raises(InputError, match="Choose a piece"):
        islands(drawn, action="keep selected")


def test_splitting_gives_new_labels_after_a_gap_and_beyond_255(grid):
    labels = three_boxes(grid).labels.copy()
    labels[16, 31, 39] = 254
    drawn = Segmentation(labels, grid)
    after = islands(drawn, action="split", corners=False, smallest_ml=0)
    assert after.present == (1, 254, 255, 256)
    assert [int((after.labels == v).sum()) for v in after.present] == [24, 1, 12, 1]


def test_holes_in_the_volume_and_in_slices(grid, ball):
    hollow = ball(MIDDLE, 14) & ~ball(MIDDLE, 6)
    drawn = segmentation(grid, tumour=hollow)
    assert np.array_equal(fill_holes(drawn).labels == 1, ball(MIDDLE, 14))
    tube = hollow & ~box(
        grid, slice(0, 8), slice(16, 17), slice(20, 21)
    )  # a channel to the outside
    open_tube = segmentation(grid, tumour=tube)
    assert np.array_equal(fill_holes(open_tube).labels == 1, tube)
    assert np.array_equal(fill_holes(open_tube, by="k").labels == 1, ball(MIDDLE, 14))
    hole = float(ball(MIDDLE, 6).sum()) * grid.voxel_volume
    assert np.array_equal(fill_holes(drawn, largest_mm3=hole - 1).labels == 1, hollow)
    assert fill_holes(drawn, largest_mm3=hole).volume_ml(1) > drawn.volume_ml(1)


def test_another_label_in_the_hole_stays_unless_overwritten(grid, ball):
    drawn = segmentation(grid, tumour=ball(MIDDLE, 14) & ~ball(MIDDLE, 6), necrosis=ball(MIDDLE, 3))
    after = fill_holes(drawn)
    assert np.array_equal(after.labels == 2, ball(MIDDLE, 3))
    assert np.array_equal(after.labels > 0, ball(MIDDLE, 14))
    assert fill_holes(drawn, overwrite=True).present == (1,)


# smoothing


def test_the_median_removes_a_spike_and_leaves_a_flat_side(grid):
    flat = box(grid, slice(None), slice(None), slice(0, 20))
    spike = box(grid, slice(8, 9), slice(16, 17), slice(20, 23))
    drawn = segmentation(grid, tumour=flat | spike)
    after = smooth(drawn, method="median", radius_mm=4).labels == 1
    assert np.array_equal(after, flat)


def test_closing_fills_a_notch_up_to_twice_its_radius(grid):
    """A notch 6 mm wide between centres: a ball of 2.9 mm gets in, one of 3.1 mm stays at its
    mouth, 2.3 mm deep at the most (3.1 - sqrt(3.1² - 3²)), which is two rows of 2 mm.
    """
    whole = box(grid, slice(4, 13), slice(8, 24), slice(8, 30))
    notch = box(grid, slice(4, 13), slice(8, 16), slice(17, 20))
    drawn = segmentation(grid, tumour=whole & ~notch)
    open_still = smooth(drawn, method="closing", radius_mm=2.9).labels == 1
    middle = box(grid, slice(4, 13), slice(8, 13), slice(18, 19))
    assert not (open_still & middle).any()
    filled = smooth(drawn, method="closing", radius_mm=3.1).labels == 1
    assert not (filled & ~whole).any()
    assert (filled | ~whole)[:, 10:].all()


def test_joint_smoothing_leaves_no_gap_between_labels(grid, ball):
    random = np.random.default_rng(0)
    whole = ball(MIDDLE, 22)
    parts = np.where(np.arange(40) + random.integers(-2, 3, (17, 32, 1)) < 20, 1, 2)
    labels = np.where(whole, parts, 0).astype(np.uint8)
    core = ball(MIDDLE, 15)
    drawn = Segmentation(labels, grid)
    after = smooth(drawn, method="joint", radius_mm=6)
    assert (after.labels[core] > 0).all()
    border = [np.diff(x.astype(int), axis=1)[core[:, 1:]] != 0 for x in (labels, after.labels)]
    assert border[1].sum() < 0.25 * border[0].sum()
    locked = smooth(drawn, method="joint", radius_mm=6, locked=[2])
    assert np.array_equal(locked.labels == 2, labels == 2)
    assert (locked.labels[core] > 0).all()


def test_smoothing_never_removes_a_label_silently(grid, ball):
    drawn = segmentation(grid, tumour=ball(MIDDLE, 12), node=ball((2, 2, 2), 0))
    for method in ("median", "opening", "joint"):
        with pytest.raises(InputError, match="Nothing is left of label 2"):
            smooth(drawn, method=method, radius_mm=5)
    with pytest.raises(InputError, match="above 0"):
        smooth(drawn, radius_mm=0)


# values, contours and logic


def test_a_threshold_takes_both_ends_and_stays_inside(grid, ball):
    values = np.where(ball(MIDDLE, 10), 80, 20)
    values[ball(MIDDLE, 4)] = 140
    scan = Image(values, grid, unit="HU")
    drawn = segmentation(grid, organ=ball((8, 16, 14), 12))
    shell = ball(MIDDLE, 10) & ~ball(MIDDLE, 4)
    found = threshold(drawn, scan, label=2, low=80, high=139, overwrite=True)
    assert np.array_equal(found.labels == 2, shell)
    inside = threshold(drawn, scan, label=2, low=80, high=80, inside=1)
    assert np.array_equal(inside.labels == 2, shell & ball((8, 16, 14), 12))
    free = threshold(drawn, scan, label=2, low=80, high=80)
    assert np.array_equal(free.labels == 1, drawn.labels == 1)
    kept = threshold(drawn, scan, label=1, low=140, add=True).labels == 1
    assert np.array_equal(kept, ball((8, 16, 14), 12) | ball(MIDDLE, 4))
    with pytest.raises(InputError, match="the scan goes from 20 to 140"):
        threshold(drawn, scan, low=500)
    with pytest.raises(InputError, match="lower or the upper end"):
        threshold(drawn, scan)


def test_logic_between_two_readers(grid, ball):
    one, two = ball((8, 16, 18), 10), ball((8, 16, 23), 10)
    first, second = segmentation(grid, tumour=one), segmentation(grid, tumour=two)
    expected = {
        "union": one | two,
        "intersect": one & two,
        "subtract": one & ~two,
        "xor": one ^ two,
    }
    for operation, truth in expected.items():
        found = combine(first, second, label=1, other=1, operation=operation, into=4)
        assert np.array_equal(found.labels == 4, truth)
    with pytest.raises(InputError, match="leaves no voxel"):
        combine(first, first, label=1, other=1, operation="subtract")
    with pytest.raises(InputError, match='Did you mean "union"'):
        combine(first, second, label=1, other=1, operation="unoin")


def test_a_mask_keeps_what_lies_within_another_label(grid, ball):
    drawn = segmentation(grid, tumour=ball(MIDDLE, 10))
    organ = segmentation(grid, liver=ball((8, 16, 14), 10))
    kept = mask(drawn, None, organ, inside=[1]).labels == 1
    assert np.array_equal(kept, ball(MIDDLE, 10) & ball((8, 16, 14), 10))
    left = mask(drawn, None, organ, outside=[1]).labels == 1
    assert np.array_equal(left, ball(MIDDLE, 10) & ~ball((8, 16, 14), 10))
    with pytest.raises(InputError, match="Give a range"):
        mask(drawn)


def test_a_contour_with_a_hole_has_the_pixels_counted_by_hand(grid):
    """Corners at 9.5 and 19.5 columns, 4.5 and 14.5 rows: 10 × 10 pixels, less 4 × 4."""

    def square(low: tuple[float, float], size: float) -> np.ndarray:
        x, y = low
        index = [[x, y, 6], [x + size, y, 6], [x + size, y + size, 6], [x, y + size, 6]]
        return grid.index_to_world(index)

    empty = Segmentation(np.zeros(grid.shape, np.uint8), grid)
    found = contours(empty, [square((9.5, 4.5), 10), square((12.5, 7.5), 4)], label=3)
    assert int((found.labels[6] == 3).sum()) == 100 - 16
    assert int((found.labels == 3).sum()) == 100 - 16
    with pytest.raises(InputError, match="Contour 0 has shape"):
        contours(empty, [square((1, 1), 2)[:2]])
    with pytest.raises(InputError, match="reach into the scan"):
        contours(empty, [square((1, 1), 5) + 1000.0])


@pytest.mark.parametrize("method", ["edges", "regions"])
def test_a_rough_outline_moves_to_the_edge_of_a_ball(grid, ball, method):
    truth = ball(MIDDLE, 14)
    noise = np.random.default_rng(1).normal(0, 5, grid.shape)
    scan = Image(np.where(truth, 100.0, 0.0) + noise, grid)
    rough = segmentation(grid, tumour=ball((8, 15, 18), 11))
    after = refine(rough, scan, method=method, reach_mm=8, iterations=300)
    assert dice(rough.labels == 1, truth) < 0.75
    assert dice(after.labels == 1, truth) > 0.95


def test_refining_respects_its_reach_and_refuses_a_flat_scan(grid, ball):
    truth, start = ball(MIDDLE, 20), ball(MIDDLE, 8)
    scan = Image(np.where(truth, 100.0, 0.0), grid)
    after = refine(segmentation(grid, tumour=start), scan, method="regions", reach_mm=4)
    limit = margin(segmentation(grid, tumour=start), margin_mm=4).labels == 1
    assert not ((after.labels == 1) & ~limit).any()
    with pytest.raises(InputError, match="flat around label 1"):
        refine(segmentation(grid, tumour=start), Image(np.zeros(grid.shape), grid))
