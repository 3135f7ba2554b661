"""How many strokes a person needs, on real scans. `-s` shows the curves."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import Segmentation
from napari_radiogenomics.segmentation import classify_pixels, grow

ROUNDS = 10


@pytest.mark.slow
@pytest.mark.parametrize("by", [grow, classify_pixels], ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("name", ["brain1", "lung1", "breast1"])
def test_ten_strokes_reach_085_and_more_than_the_random_walker(
    name, by, case, user, walker, capsys
) -> None:
    image, truth = case(name)

    def tool(strokes: np.ndarray) -> np.ndarray:
        seeds = Segmentation(strokes.copy(), truth.geometry)
        return by(seeds, image, background=2).labels == 1

    person = user(truth.labels == 1)
    curve = person.curve(tool, ROUNDS)
    walked = walker(image, person.strokes)
    mask = truth.labels == 1
    theirs = 2 * float((walked & mask).sum()) / float(walked.sum() + mask.sum())
    with capsys.disabled():
        told = ", ".join(f"{curve[n - 1]:.3f} after {n}" for n in (1, 3, 5, 10))
        print(f"\n{name}, {by.__name__}: {told}; random walker with the same strokes {theirs:.3f}")
    assert curve[-1] >= 0.85
    assert curve[-1] > theirs


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("name", ["brain1", "lung1", "breast1"])
def test_growing_gets_better_whoever_draws(name, width, case, anyone, capsys) -> None:
    """Lines of any place and direction, as thin as a voxel or three wide; three persons."""
    image, truth = case(name)

    def tool(strokes: np.ndarray) -> np.ndarray:
        seeds = Segmentation(strokes.copy(), truth.geometry)
        return grow(seeds, image, background=2).labels == 1

    curves = np.array(
        [anyone(truth.labels == 1, seed, width).curve(tool, ROUNDS) for seed in range(3)]
    )
    with capsys.disabled():
        told = ", ".join(f"{curves[:, n - 1].mean():.2f} after {n}" for n in (1, 3, 5, 10))
        print(f"\n{name}, {width} voxels wide: {told}; least {curves[:, -1].min():.2f}")
    assert curves[:, -1].min() >= 0.8
    assert np.diff(curves, axis=1).min() > -0.15  # no stroke undoes what was there
