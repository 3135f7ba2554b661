"""Branches of skeletons: drawn ones with known answers, and skan's beside ours."""

from __future__ import annotations

import numpy as np
import pytest
import skan
from scipy import ndimage
from skimage.morphology import skeletonize

from napari_radiogenomics.vessels.detect import skeleton_of
from napari_radiogenomics.vessels.graph import branches_of, prune


def picture(*rows: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows])


def lengths(skeleton: np.ndarray) -> list[float]:
    coordinates, branches = branches_of(skeleton)
    return sorted(branch.length(coordinates) for branch in branches)


def test_a_line_a_corner_and_two_pieces() -> None:
    assert lengths(picture("#####")) == pytest.approx([4])
    # The corner voxel makes a triangle with its neighbors; the path still has no branch.
    assert lengths(picture("###", "..#", "..#")) == pytest.approx([4])
    assert lengths(picture("###.##")) == pytest.approx([1, 2])


def test_a_cross_and_a_y_have_one_branch_point() -> None:
    cross = picture("..#..", "..#..", "#####", "..#..", "..#..")
    assert len(lengths(cross)) == 4
    y = picture("#...#", ".#.#.", "..#..", "..#..", "..#..")
    assert lengths(y) == pytest.approx([2, 2 * 2**0.5, 2 * 2**0.5])


def test_a_loop_is_one_closed_branch() -> None:
    coordinates, (loop,) = branches_of(picture(".##.", "#..#", "#..#", ".##."))
    assert loop.first == loop.last
    assert loop.length(coordinates) == pytest.approx(4 + 4 * 2**0.5)


def test_nothing_and_a_single_point_have_no_branch() -> None:
    assert branches_of(np.zeros((3, 3), bool))[1] == []
    assert branches_of(picture("...", ".#.", "..."))[1] == []


def test_spurs_are_taken_away_and_the_vessel_is_whole_again() -> None:
    line = np.zeros((3, 30), bool)
    line[2] = True
    line[1, 12] = line[0, 12] = True
    coordinates, branches = branches_of(line)
    assert len(branches) == 3
    (whole,) = prune(branches, coordinates, np.full(len(coordinates), 2.0))
    assert whole.length(coordinates) == pytest.approx(29, abs=1.0)
    # A branch as long as this is none of the surface of a thinner vessel.
    assert len(prune(branches, coordinates, np.full(len(coordinates), 0.5))) == 3


@pytest.mark.parametrize("seed", range(3))
def test_branches_are_those_of_skan(seed) -> None:
    # Curves that keep apart, so that both see the same paths.
    rng = np.random.default_rng(seed)
    z = np.arange(40)
    skeleton = np.zeros((40, 60, 60), bool)
    for middle in ((15, 15), (15, 45), (45, 30)):
        swing = 6 * np.sin(z / rng.uniform(3, 8) + rng.uniform(0, 6))
        y, x = middle[0] + swing, middle[1] + 6 * np.cos(z / rng.uniform(3, 8))
        for a, b in zip(range(39), range(1, 40), strict=True):
            for t in np.linspace(0, 1, 30):
                place = [z[a] + t, y[a] + t * (y[b] - y[a]), x[a] + t * (x[b] - x[a])]
                skeleton[tuple(np.rint(place).astype(int))] = True
    skeleton = skeletonize(skeleton)
    theirs = skan.Skeleton(skeleton).path_lengths()
    assert lengths(skeleton) == pytest.approx(sorted(theirs), rel=1e-9)


def test_ends_and_branch_points_of_a_real_tree_are_those_of_skan() -> None:
    from skimage.data import retina

    green = retina()[200:700, 200:700, 1].astype(float)
    vessels = ndimage.gaussian_filter(green, 12) - ndimage.gaussian_filter(green, 1.5) > 9
    skeleton = skeletonize(ndimage.binary_opening(vessels))
    coordinates, branches = branches_of(skeleton)
    table = skan.summarize(skan.Skeleton(skeleton), separator="-")
    # skan counts the steps within a cluster of branch points as branches; those are left out.
    long = table["branch-distance"] > 3
    ours = [branch.length(coordinates) for branch in branches]
    assert sum(length > 3 for length in ours) == pytest.approx(long.sum(), rel=0.05)
    assert sum(ours) == pytest.approx(table.loc[long, "branch-distance"].sum(), rel=0.05)


def test_the_branch_point_of_a_y_is_where_its_arms_meet() -> None:
    mask = np.zeros((5, 60, 60), bool)
    for angle in (90, 210, 330):
        for t in np.arange(0, 25, 0.2):
            step = [np.sin(np.radians(angle)), np.cos(np.radians(angle))]
            mask[2, *np.rint(30 + t * np.array(step)).astype(int)] = True
    mask = ndimage.binary_dilation(mask, iterations=2)
    tree = skeleton_of(mask)
    assert len(tree.branches) == 3
    assert tree.junctions == pytest.approx(np.array([[2, 30, 30]]), abs=1.5)
    assert len(tree.kept) > 60


@pytest.mark.parametrize("width", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_straight_vessels_stay_however_wide_they_are(width, axis) -> None:
    # scikit-image loses those of even width (its issue 3757).
    mask = np.zeros((50, 20, 20), bool)
    mask[6:44, 7 : 7 + width, 7 : 7 + width] = True
    tree = skeleton_of(np.moveaxis(mask, 0, axis))
    (branch,) = tree.branches
    assert 38 - 2 * width <= branch.length(tree.coordinates) <= 38
