"""How many strokes a person needs, on real scans. `-s` shows the curves."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from skimage.segmentation import random_walker

from napari_radiogenomics import Segmentation
from napari_radiogenomics.segmentation import classify_pixels, grow

ROUNDS = 10


@pytest.mark.slow
@pytest.mark.parametrize("by", [grow, classify_pixels], ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("name", ["brain1", "lung1", "breast1"])
def test_ten_strokes_reach_085_and_more_than_the_random_walker(
    name, by, case, user, capsys
) -> None:
    image, truth = case(name)

    def tool(strokes: np.ndarray) -> np.ndarray:
        seeds = Segmentation(strokes.copy(), truth.geometry)
        return by(seeds, image, background=2).labels == 1

    person = user(truth.labels == 1)
    curve = person.curve(tool, ROUNDS)
    values = image.array.astype(float)
    low, high = np.percentile(values, [1, 99.5])
    spacing = np.asarray(truth.geometry.spacing[::-1])
    with warnings.catch_warnings():  # it warns of the solver it takes
        warnings.simplefilter("ignore")
        walked = random_walker(
            np.clip((values - low) / (high - low), 0, 1),
            person.strokes.astype(int),
            mode="cg_j",
            spacing=spacing / spacing.min(),
        )
    mask = truth.labels == 1
    theirs = 2 * float(((walked == 1) & mask).sum()) / float((walked == 1).sum() + mask.sum())
    with capsys.disabled():
        told = ", ".join(f"{curve[n - 1]:.3f} after {n}" for n in (1, 3, 5, 10))
        print(f"\n{name}, {by.__name__}: {told}; random walker with the same strokes {theirs:.3f}")
    assert curve[-1] >= 0.85
    assert curve[-1] > theirs
