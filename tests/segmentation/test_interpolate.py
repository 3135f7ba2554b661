"""Shapes between drawn slices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from napari_radiogenomics import Geometry, Image, Segmentation, read, simulate_cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.segmentation import interpolate


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def every_third(truth: np.ndarray, axis: int = 0, first: int = 0) -> np.ndarray:
    """The truth in its first, every third and its last slice; or from a later slice on."""
    view = np.moveaxis(truth, axis, 0)
    found = np.flatnonzero(view.any(axis=(1, 2)))
    drawn = np.zeros(view.shape, np.uint8)
    ends = set() if first else {int(found[-1])}
    for k in {*found[first::3].tolist(), *ends}:
        drawn[k] = view[k]
    return np.ascontiguousarray(np.moveaxis(drawn, 0, axis))


def plain(drawn: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Interpolation of signed distances, written again without the package."""

    def signed(mask: np.ndarray) -> np.ndarray:
        inside = ndimage.distance_transform_edt(mask, sampling=spacing[1:])
        return inside - ndimage.distance_transform_edt(~mask, sampling=spacing[1:])

    result = drawn > 0
    places = np.flatnonzero(result.any(axis=(1, 2)))
    for a, b in pairwise(places):
        one, two = signed(drawn[a] > 0), signed(drawn[b] > 0)
        for k in range(a + 1, b):
            result[k] = one * (b - k) + two * (k - a) > 0
    return result


@pytest.mark.parametrize("name", ["brain1", "lung1", "breast1"])
def test_real_masks_beat_plain_distances_with_the_scan_and_without(name, case, capsys):
    image, truth = case(name)
    mask = truth.labels == 1
    drawn = Segmentation(every_third(mask), truth.geometry)
    found = {
        "plain": plain(drawn.labels, truth.geometry.spacing[::-1]),
        "distance": interpolate(drawn, method="distance").labels == 1,
        "shape": interpolate(drawn).labels == 1,
        "image": interpolate(drawn, image).labels == 1,
    }
    score = {way: dice(mask, result) for way, result in found.items()}
    with capsys.disabled():
        print(f"\n{name}: " + ", ".join(f"{way} {value:.3f}" for way, value in score.items()))
    assert score["distance"] == pytest.approx(score["plain"], abs=0.01)
    assert score["shape"] > score["plain"] + 0.04
    assert score["image"] > score["shape"]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", ["brain1", "lung1", "breast1"])
def test_the_scan_helps_or_stays_out_across_every_axis(name, axis, case):
    image, truth = case(name)
    mask, spacing = truth.labels == 1, truth.geometry.spacing[::-1]
    order = [axis, *(a for a in range(3) if a != axis)]
    for drawn in (every_third(mask, axis), every_third(mask, axis, first=1)):
        turned = np.ascontiguousarray(np.moveaxis(drawn, axis, 0))
        places = np.flatnonzero(turned.any(axis=(1, 2)))
        if len(places) < 4:  # too few to leave one out: what is known of them is in the README
            continue
        inside = slice(places[0], places[-1] + 1)
        expected = np.moveaxis(mask, axis, 0)[inside]
        simple = plain(turned, tuple(spacing[a] for a in order))[inside]
        seeds = Segmentation(drawn, truth.geometry)
        found = interpolate(seeds, image, across="kji"[axis]).labels == 1
        ours = np.moveaxis(found, axis, 0)[inside]
        assert dice(expected, ours) >= dice(expected, simple) - 0.005


def test_a_scan_that_misleads_counts_little_and_that_is_told(grid, ball):
    """A ball whose brightness says less than its shape: half of it looks like its surroundings."""
    truth = ball((8, 16, 20), 20)
    values = np.where(truth, 100.0, 0.0) + np.random.default_rng(0).normal(0, 5, grid.shape)
    values[:, :, 20:] = 0
    drawn = Segmentation(every_third(truth), grid)
    blended = interpolate(drawn, Image(values, grid))
    alone = interpolate(drawn, Image(values, grid), method="image")
    assert dice(blended.labels == 1, truth) > 0.95
    assert dice(blended.labels == 1, truth) >= dice(alone.labels == 1, truth)
    assert "predicted better by their neighbours' shapes" in blended.notes[0]


def test_the_simulated_tumours_are_found_again(tmp_path):
    cohort = simulate_cohort(tmp_path / "cohort", n_patients=3, n_validation=0, seed=4)
    files = sorted(cohort.rglob("*seg*.nii.gz")) or sorted(cohort.rglob("*tumo*.nii.gz"))
    assert files
    for file in files:
        truth = read(file, kind="segmentation")
        mask = truth.labels > 0
        drawn = Segmentation(every_third(mask), truth.geometry)
        assert dice(interpolate(drawn).labels == 1, mask) >= 0.95, file


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_ball_comes_back_across_any_axis(grid, ball, axis):
    truth = ball((8, 16, 20), 20)
    drawn = Segmentation(every_third(truth, axis), grid)
    assert dice(interpolate(drawn).labels == 1, truth) >= 0.95
    named = interpolate(drawn, across="kji"[axis])
    assert np.array_equal(named.labels, interpolate(drawn).labels)
    turned = np.moveaxis(drawn.labels, axis, 0)
    order = [2 - axis, *(a for a in (2, 1, 0) if a != 2 - axis)][::-1]
    flat = Geometry(turned.shape[::-1], tuple(grid.spacing[a] for a in order))
    same = interpolate(Segmentation(np.ascontiguousarray(turned), flat), across="k")
    assert np.array_equal(same.labels, np.moveaxis(named.labels, axis, 0))


def test_distances_leave_a_cylinder_as_it_is(grid):
    disk = np.hypot(*(np.indices((32, 40)) - np.reshape((16, 20), (2, 1, 1)))) < 9
    truth = np.zeros(grid.shape, bool)
    truth[3:14] = disk
    drawn = Segmentation(every_third(truth), grid)
    assert np.array_equal(interpolate(drawn, method="distance").labels == 1, truth)


def test_a_vessel_at_an_angle_is_followed():
    """Disks of 7 voxels that move 4 voxels a slice: drawn ones, 12 apart, do not overlap."""
    y, x = np.indices((20, 60))
    truth = np.stack([np.hypot(y - 10, x - 10 - 4 * k) <= 3.2 for k in range(10)])
    drawn = Segmentation(every_third(truth), Geometry((60, 20, 10), (1, 1, 2)))
    followed = interpolate(drawn, method="distance", follow_shift=True).labels == 1
    assert np.array_equal(followed, truth)
    assert dice(interpolate(drawn, method="distance").labels == 1, truth) < 0.7


def test_drawn_slices_and_other_labels_stay(grid, ball):
    truth = ball((8, 16, 20), 20)
    labels = every_third(truth)
    labels[7, 16, 18:22] = 3
    drawn = Segmentation(labels, grid)
    after = interpolate(drawn, labels=[1], locked=[3])
    assert np.array_equal(after.labels[labels > 0], labels[labels > 0])
    assert np.array_equal(after.labels == 3, labels == 3)


def test_several_labels_are_filled_in_at_once(grid, ball):
    one, two = ball((8, 16, 10), 16), ball((8, 16, 30), 10)
    labels = every_third(one) + 4 * every_third(two)
    after = interpolate(Segmentation(labels, grid))
    assert dice(after.labels == 1, one) > 0.95
    assert dice(after.labels == 4, two) > 0.9


def test_wide_gaps_stay_empty(grid, ball):
    labels = np.zeros(grid.shape, np.uint8)
    disk = ball((8, 16, 20), 12)[8]
    labels[[1, 3, 10, 12]] = disk
    drawn = Segmentation(labels, grid)
    after = interpolate(drawn, largest_gap_mm=4).labels
    assert np.flatnonzero(after.any(axis=(1, 2))).tolist() == [1, 2, 3, 10, 11, 12]
    assert np.flatnonzero(interpolate(drawn).labels.any(axis=(1, 2))).tolist() == [*range(1, 13)]


def test_a_scan_that_tells_nothing_is_left_aside_and_said_so(grid, ball):
    drawn = Segmentation(every_third(ball((8, 16, 20), 20)), grid)
    noise = Image(np.random.default_rng(0).normal(size=grid.shape), grid)
    after = interpolate(drawn, noise)
    assert np.array_equal(after.labels, interpolate(drawn).labels)
    assert "does not tell the region from its surroundings" in after.notes[0]


def test_what_cannot_be_interpolated_is_refused(grid, ball):
    full = Segmentation(ball((8, 16, 20), 12).astype(np.uint8), grid)
    with pytest.raises(InputError, match="Label 1 has no empty slice between drawn ones"):
        interpolate(full)
    with pytest.raises(InputError, match="across k"):
        interpolate(full, across="k")
    with pytest.raises(InputError, match="needs a scan"):
        interpolate(full, method="image")
    with pytest.raises(InputError, match='Unknown axis "z"'):
        interpolate(full, across="z")
    with pytest.raises(InputError, match="Label 5 do not occur|Labels 5 do not occur"):
        interpolate(full, labels=[5])
