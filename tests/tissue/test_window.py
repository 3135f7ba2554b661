"""The window of a map of density, found by the likelihood of its objects."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics import measure_tissue
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.cells import Cells
from napari_radiogenomics.tissue.fields import Sums
from napari_radiogenomics.tissue.lattice import lattice_of
from napari_radiogenomics.tissue.window import _log_likelihood, best_window

SIDE = 160  # cells of 25 µm: 4 mm


def sums_of(counts: np.ndarray) -> Sums:
    """Tissue all over; a pixel of the slide is a cell, four cells a pixel of the map."""
    slide = Slide((np.zeros((*counts.shape, 3), np.uint8),), um_per_pixel=(25.0, 25.0))
    ones = np.ones(counts.shape, np.int64)
    return Sums(counts, 0 * ones, ones, lattice_of(slide, 25.0), Cells(0.025, counts.shape, 4))


def scattered(per_mm2: np.ndarray, seed: int) -> Sums:
    rng = np.random.default_rng(seed)
    return sums_of(rng.poisson(per_mm2 * 0.025**2).astype(np.int64))


def test_the_likelihood_is_that_of_objects_told_by_the_others() -> None:
    sums = scattered(np.full((SIDE, SIDE), 30.0), 1)
    assert sums.objects is not None
    middle = (np.arange(SIDE) + 0.5) * 0.025
    pixel = (np.arange(SIDE // 4) + 0.5) * 0.1
    expected = 0.0
    near = {}
    for i, y in enumerate(pixel):
        for j, x in enumerate(pixel):
            inside = np.hypot(middle[:, None] - y, middle[None] - x) <= 0.7 + 1e-9
            near[i, j] = sums.objects[inside].sum(), inside.sum() * 0.025**2
            expected -= near[i, j][0] / near[i, j][1] * 0.01
    for row, column in np.argwhere(sums.objects):
        count, area = near[row // 4, column // 4]
        expected += sums.objects[row, column] * np.log((count - 1) / area)
    assert _log_likelihood(sums, sums.objects, 0.7) == pytest.approx(expected, rel=1e-9)


def test_what_is_alike_all_over_takes_the_widest_window_and_what_differs_a_narrow_one() -> None:
    y, x = (np.indices((SIDE, SIDE)) + 0.5) * 0.025
    checks = np.where((y // 1 + x // 1) % 2 == 0, 290.0, 10.0)
    for seed in range(4):
        assert best_window(scattered(np.full((SIDE, SIDE), 150.0), seed), "vessels") >= 2.0
        assert best_window(scattered(checks, seed), "vessels") <= 1.0  # the side of a square


def test_more_objects_take_a_narrower_window() -> None:
    x = (np.indices((SIDE, SIDE))[1] + 0.5) * 0.025
    hill = np.exp(2.0 * np.sin(2 * np.pi * x / 4))
    few, many = (
        np.mean([best_window(scattered(rate * hill, seed), "vessels") for seed in range(6)])
        for rate in (5.0, 500.0)
    )
    assert many < 0.7 * few


def test_a_window_by_likelihood_is_refused_where_nothing_tells_it(tissue_art) -> None:
    with pytest.raises(InputError, match=r'3 vessels were counted, and 20.*window_rule="fixed"'):
        best_window(sums_of(np.eye(SIDE, dtype=np.int64) * (np.arange(SIDE) < 3)), "vessels")
    with pytest.raises(InputError, match=r"0\.16 mm² has no room for two windows of 0\.5 mm"):
        best_window(sums_of(np.ones((16, 16), np.int64)), "vessels")
    slide = tissue_art
    with pytest.raises(InputError, match=r"hypoxia of a section is an area.*window_mm"):
        measure_tissue(slide, measure="hypoxia", antibody="CAIX", window_rule="likelihood")
    with pytest.raises(InputError, match='"fixed" or "likelihood"; got "wide"'):
        measure_tissue(slide, window_rule="wide")  # type: ignore[arg-type]


@pytest.fixture
def tissue_art() -> Slide:
    pixels = np.full((300, 300, 3), (205, 200, 226), np.uint8)
    return Slide((pixels,), um_per_pixel=(2.0, 2.0), stain="CD31", name="S1")
