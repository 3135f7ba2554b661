"""Supervoxels of equal size in mm, and surrogates that have the variogram of their map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from napari_radiogenomics.correspondence.surrogates import Variograms, supervoxels
from napari_radiogenomics.statistics.linear import unit


def test_supervoxels_are_cubes_in_mm(solid: Any) -> None:
    index = np.argwhere(solid.mask)
    blocks = supervoxels(index, np.array([3.0, 1.0, 1.0]), 90)
    counts = np.bincount(blocks.of_voxel)
    assert 60 <= len(blocks) <= 130
    assert counts.min() >= 4  # of 9 that fill a block of 3 mm
    places = index * [3.0, 1.0, 1.0]
    np.testing.assert_allclose(blocks.means(places), blocks.centers)
    farthest = np.linalg.norm(places - blocks.centers[blocks.of_voxel], axis=1).max()
    assert farthest < 5
    assert counts @ blocks.means(places[:, 0]) == pytest.approx(places[:, 0].sum())


def test_few_voxels_are_their_own_blocks() -> None:
    index = np.argwhere(np.ones((2, 4, 4)))
    assert len(supervoxels(index, np.ones(3), 300)) == 32


@pytest.mark.parametrize("given", ["constant", "trend"])
@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_surrogates_have_the_variogram_of_their_map(flat: Any, sigma: float, given: str) -> None:
    """On average over maps, within a tenth of the sill, up to a third of the region."""
    index = np.argwhere(flat.mask)
    blocks = supervoxels(index, np.ones(3), 150)
    columns = np.ones((len(blocks), 1))
    if given == "trend":
        columns = np.hstack([columns, blocks.centers[:, 1:]])
    models = Variograms.of(blocks.centers, columns)
    distance = pdist(blocks.centers)
    bins = np.digitize(distance, np.linspace(0, distance.max() / 3, 7)[1:])
    rows, others = np.triu_indices(len(blocks), 1)

    def variogram(maps: np.ndarray) -> np.ndarray:
        halves = ((maps[rows] - maps[others]) ** 2 / 2).mean(axis=1)
        return np.array([halves[bins == one].mean() for one in range(6)])

    rng, of_maps, of_surrogates = np.random.default_rng(0), [], []
    for a, b in flat.pairs(sigma, 20, 4):
        maps, _ = unit(models.basis, blocks.means(np.stack([a, b], axis=1)))
        of_maps.append(variogram(maps))
        of_surrogates.append(variogram(models.draw(maps[:, 0], 20, rng)))
    found, true = np.mean(of_surrogates, axis=0), np.mean(of_maps, axis=0)
    np.testing.assert_allclose(found / true.max(), true / true.max(), atol=0.1)


def test_too_few_supervoxels_tell_nothing() -> None:
    centers = np.argwhere(np.ones((1, 4, 4))).astype(float)
    given = np.hstack([np.ones((16, 1)), np.random.default_rng(0).normal(size=(16, 7))])
    a, b = np.random.default_rng(1).normal(size=(2, 16))
    assert np.isnan(Variograms.of(centers, given).p_value(a, b, 99, 0)).all()
