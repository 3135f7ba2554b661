"""Growing from a few strokes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from napari_radiogenomics import Geometry, Image, Segmentation
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.segmentation import grow
from napari_radiogenomics.segmentation.fronts import travel_costs


def test_travel_costs_are_those_of_another_dijkstra():
    random = np.random.default_rng(3)
    shape, spacing, edge = (3, 4, 5), np.array([4.0, 2.0, 1.5]), 2.5
    costs, values = random.uniform(0.05, 1, shape), random.uniform(0, 1, shape)
    costs[1, 2, 2] = np.inf
    places = np.argwhere(np.ones(shape))
    graph = np.full((60, 60), np.inf)
    flat_costs, flat_values = costs.ravel(), values.ravel()
    for a in range(60):
        for b in range(60):
            step = places[b] - places[a]
            if a != b and np.abs(step).max() == 1:
                way = np.linalg.norm(step * spacing) * (flat_costs[a] + flat_costs[b]) / 2
                graph[a, b] = way + edge * abs(flat_values[a] - flat_values[b])
    graph[~np.isfinite(graph)] = 0
    seeds = np.zeros(shape, bool)
    seeds[0, 0, 0] = seeds[2, 3, 4] = True
    expected = dijkstra(sparse.csr_matrix(graph), indices=[0, 59]).min(axis=0)
    found = travel_costs(seeds, costs, values, tuple(spacing), edge=edge)
    assert np.allclose(found.ravel(), expected)
    assert np.isinf(found[1, 2, 2])


def two_balls(grid: Geometry, ball, noise: float) -> tuple[Image, np.ndarray]:
    """Two touching balls of different value; voxels of 1.5 × 2 × 4 mm."""
    truth = np.zeros(grid.shape, np.uint8)
    truth[ball((8, 16, 12), 12)] = 1
    truth[ball((8, 16, 28), 12)] = 2
    values = np.array([0.0, 100.0, 60.0])[truth]
    values += np.random.default_rng(0).normal(0, noise, grid.shape)
    return Image(values, grid), truth


def test_three_strokes_part_two_touching_balls(grid, ball):
    scan, truth = two_balls(grid, ball, 5.0)
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[8, 16, 9:15], seeds[8, 16, 25:31], seeds[8, 2, 5:35] = 1, 2, 9
    found = grow(Segmentation(seeds, grid), scan, background=9, reach_mm=40)
    assert found.present == (1, 2)
    for label in (1, 2):
        mask = found.labels == label
        score = 2 * (mask & (truth == label)).sum() / (mask.sum() + (truth == label).sum())
        assert score > 0.95


def test_seeds_stay_and_the_reach_ends_the_box(grid):
    flat = Image(np.zeros(grid.shape), grid)
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[8, 16, 18], seeds[8, 16, 22] = 1, 2
    found = grow(Segmentation(seeds, grid), flat, reach_mm=6, smooth_mm=0).labels
    assert (found[8, 16, 18], found[8, 16, 22]) == (1, 2)
    box = np.argwhere(found)
    # 6 mm and one voxel beyond the seeds: 2 + 1 of 4 mm, 3 + 1 of 2 mm, 4 + 1 of 1.5 mm
    assert box.min(axis=0).tolist() == [5, 12, 13]
    assert box.max(axis=0).tolist() == [11, 20, 27]
    # without anything to see, the middle between the seeds parts them
    assert (found[8, 16, 13:20] == 1).all()
    assert (found[8, 16, 21:28] == 2).all()


def test_no_region_grows_further_from_its_seeds_than_it_may(grid):
    """Strokes of a region in two slices, background in one: the other slice has nothing else."""
    flat = Image(np.zeros(grid.shape), grid)
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[4, 16, 18:22] = seeds[10, 16, 18:22] = 1
    seeds[4, 4, 2:38] = 2
    found = grow(Segmentation(seeds, grid), flat, background=2, reach_mm=12, smooth_mm=0)
    steps = np.asarray(grid.spacing[::-1])
    away = ndimage.distance_transform_edt(seeds != 1, sampling=steps)
    assert 0 < away[found.labels == 1].max() <= 12
    wider = grow(Segmentation(seeds, grid), flat, background=2, reach_mm=24, smooth_mm=0)
    assert (wider.labels == 1).sum() > (found.labels == 1).sum()


def test_nothing_grows_through_a_locked_label(grid):
    flat = Image(np.zeros(grid.shape), grid)
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[:, :, 20] = 7
    seeds[8, 16, 10], seeds[8, 16, 8] = 1, 2
    found = grow(Segmentation(seeds, grid), flat, reach_mm=60, locked=[7]).labels
    assert np.array_equal(found == 7, seeds == 7)
    assert not found[:, :, 21:].any()
    assert (found[:, :, :20] > 0).all()


def test_seeds_of_one_class_are_not_enough(grid):
    scan = Image(np.zeros(grid.shape), grid)
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[8, 16, 18] = 1
    with pytest.raises(InputError, match="seeds of label 1 only"):
        grow(Segmentation(seeds, grid), scan)
    with pytest.raises(InputError, match="seeds of label 1 only"):
        grow(Segmentation(seeds, grid), scan, background=1)
    with pytest.raises(InputError, match="Labels 2 do not occur"):
        grow(Segmentation(seeds, grid), scan, labels=[1, 2])
    with pytest.raises(InputError, match="background label 3 has no seed"):
        grow(Segmentation(seeds, grid), scan, background=3)
    both = Segmentation(np.stack([seeds, 2 * seeds]), grid)
    with pytest.raises(InputError, match="seeds may not"):
        grow(both, scan)


def test_seeds_are_read_wherever_labels_have_gaps(grid, ball):
    scan, truth = two_balls(grid, ball, 0.0)
    seeds = np.zeros(grid.shape, np.uint16)
    seeds[8, 16, 12], seeds[8, 16, 28], seeds[8, 2, 5:35] = 3, 700, 12
    found = grow(Segmentation(seeds, grid), scan, background=12, reach_mm=40, smooth_mm=0)
    assert found.present == (3, 700)
    assert ((found.labels == 3) == (truth == 1)).mean() > 0.99


def test_growing_can_be_stopped_between_parts_of_the_work(grid, monkeypatch):
    from napari_radiogenomics.segmentation import fronts

    monkeypatch.setattr(fronts, "_TURN", 100)
    steps: list[int] = []
    stopping = reporting(
        lambda done, total, what: steps.append(done), cancelled=lambda: len(steps) >= 3
    )
    seeds = np.zeros(grid.shape, np.uint8)
    seeds[8, 16, 18], seeds[8, 16, 22] = 1, 2
    with pytest.raises(Cancelled):
        grow(Segmentation(seeds, grid), Image(np.zeros(grid.shape), grid), progress=stopping)
    assert len(steps) == 3
