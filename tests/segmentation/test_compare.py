"""Agreement, against SimpleITK, brute force and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_radiogenomics import Geometry, Label, Segmentation, compare_segmentations
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.segmentation import consensus, difference
from napari_radiogenomics.segmentation.consensus import staple

SPACING = (1.5, 2.0, 4.0)


def segmentation(labels: np.ndarray, name: str = "") -> Segmentation:
    return Segmentation(labels.astype(np.uint8), Geometry(labels.shape[::-1], SPACING), name=name)


def box(shape: tuple[int, ...], low: tuple[int, ...], high: tuple[int, ...]) -> np.ndarray:
    found = np.zeros(shape, bool)
    found[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return found


def test_a_box_shifted_by_two_voxels_by_hand():
    """4 × 5 × 6 voxels (z, y, x) moved by 2 of 1.5 mm along x, in common 4 × 5 × 4 of them.

    Of the faces of one box, 20 of 8 mm² lie across x at each end, 24 of 6 mm² on each side
    across y, and 30 of 3 mm² on each side across z. Farther than 2 mm from
    the other box's faces are

    - the end outside of it: 20 faces, 3 mm away (its own side faces are 0.75 mm beyond a column);
    - the sides of the outermost column: 4 across y and 5 across z on each side, 2.25 mm away;
    - of the end within it, 3 mm from both ends: those that do not lie beside a side across y,
      hypot(0.75, 1) = 1.25 mm away. Beside a side across z, hypot(0.75, 2) = 2.14 mm is too
      far, so that 3 of the 5 rows are, 4 × 3 faces.
    """
    shape = (10, 12, 20)
    first = segmentation(box(shape, (3, 3, 4), (7, 8, 10)))
    second = segmentation(box(shape, (3, 3, 6), (7, 8, 12)))
    row = compare_segmentations(first, second, tolerance_mm=2.0).loc[1]
    assert row["dice"] == pytest.approx(80 / 120)
    assert row["jaccard"] == pytest.approx(80 / 160)
    assert row["volume_first_ml"] == pytest.approx(120 * 12 / 1000)
    assert row["volume_difference_ml"] == 0
    assert row["hausdorff95_mm"] == pytest.approx(3.0)
    far = 20 * 8 + 2 * (4 * 6 + 5 * 3) + 4 * 3 * 8
    total = 2 * 20 * 8 + 2 * 24 * 6 + 2 * 30 * 3
    assert row["surface_dice"] == pytest.approx(1 - far / total)


def brute(one: np.ndarray, two: np.ndarray, tolerance: float) -> tuple[float, float, float]:
    """Surface Dice, Hausdorff 95 and mean distance over all pairs of faces."""
    step = np.asarray(SPACING[::-1])

    def faces(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centers, areas = [], []
        for z, y, x in np.argwhere(mask):
            for axis in range(3):
                for way in (-1, 1):
                    other = [z, y, x]
                    other[axis] += way
                    inside = all(0 <= o < n for o, n in zip(other, mask.shape, strict=True))
                    if not (inside and mask[tuple(other)]):
                        center = np.array([z, y, x], float)
                        center[axis] += way / 2
                        centers.append(center * step)
                        areas.append(step.prod() / step[axis])
        return np.array(centers), np.array(areas)

    (p, a), (q, b) = faces(one), faces(two)
    apart = np.linalg.norm(p[:, None] - q[None], axis=-1)
    forth, back = apart.min(axis=1), apart.min(axis=0)
    total = a.sum() + b.sum()
    near = (a[forth <= tolerance + 1e-9].sum() + b[back <= tolerance + 1e-9].sum()) / total
    robust = []
    for distance, area in ((forth, a), (back, b)):
        order = np.argsort(distance)
        share = np.cumsum(area[order]) / area.sum()
        robust.append(distance[order][np.argmax(share >= 0.95 - 1e-12)])
    return near, max(robust), ((forth * a).sum() + (back * b).sum()) / total


MASKS = arrays(bool, (4, 5, 6), elements=st.booleans()).filter(np.any)


@settings(max_examples=40)
@given(MASKS, MASKS, st.sampled_from([0.0, 1.5, 2.5, 4.0]))
def test_distances_are_those_of_all_pairs_of_faces(one, two, tolerance):
    table = compare_segmentations(segmentation(one), segmentation(two), tolerance_mm=tolerance)
    found = table.loc[1, ["surface_dice", "hausdorff95_mm", "mean_distance_mm"]]
    assert np.allclose(found.to_numpy(float), brute(one, two, tolerance))


@settings(max_examples=20)
@given(MASKS, MASKS)
def test_overlaps_are_those_of_simpleitk(one, two):
    measures = sitk.LabelOverlapMeasuresImageFilter()
    measures.Execute(*(sitk.GetImageFromArray(m.astype(np.uint8)) for m in (one, two)))
    row = compare_segmentations(segmentation(one), segmentation(two)).loc[1]
    assert row["dice"] == pytest.approx(measures.GetDiceCoefficient(1))
    assert row["jaccard"] == pytest.approx(measures.GetJaccardCoefficient(1))
    growth = 100 * (two.sum() - one.sum()) / one.sum()
    assert row["volume_difference_percent"] == pytest.approx(growth)


def test_equal_segmentations_agree_wholly_and_the_record_is_kept():
    labels = np.random.default_rng(0).integers(0, 3, (4, 5, 6))
    table = compare_segmentations(segmentation(labels), segmentation(labels))
    assert table.index.tolist() == [1, 2]
    assert (table[["dice", "surface_dice"]] == 1).all(axis=None)
    assert (table[["hausdorff95_mm", "mean_distance_mm"]] == 0).all(axis=None)
    assert history_of(table)[0].verb == "compare_segmentations"


def test_a_label_that_one_reader_lacks_is_told():
    one, two = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    one[0, 0, 0], two[0, 0, 0], two[1] = 1, 1, 5
    table = compare_segmentations(segmentation(one), segmentation(two))
    assert table.loc[5, "dice"] == 0
    assert np.isnan(table.loc[5, "hausdorff95_mm"])
    assert table.loc[5, "note"] == "only the second has it; there is no distance"
    assert table.loc[1, "note"] == ""
    with pytest.raises(InputError, match="Labels 9 occur in neither"):
        compare_segmentations(segmentation(one), segmentation(two), labels=[9])
    with pytest.raises(InputError, match="tolerance"):
        compare_segmentations(segmentation(one), segmentation(two), tolerance_mm=-1)
    with pytest.raises(InputError, match="nothing to compare"):
        compare_segmentations(segmentation(one * 0), segmentation(one * 0))


def test_other_grids_are_refused():
    one, other = segmentation(np.ones((2, 2, 2))), segmentation(np.ones((2, 2, 3)))
    for verb in (compare_segmentations, difference):
        with pytest.raises(GeometryError, match="Resample the second segmentation"):
            verb(one, other)
    with pytest.raises(GeometryError, match="segmentation 2"):
        consensus([one, other])


def test_the_difference_has_three_labels():
    one, two = np.array([[[1, 1, 0, 2]]]), np.array([[[0, 1, 1, 2]]])
    found = difference(segmentation(one), segmentation(two))
    assert found.labels.tolist() == [[[2, 1, 3, 0]]]
    assert [label.name for label in found.scheme] == ["agreement", "only first", "only second"]


def readers(seed: int, n: int) -> list[np.ndarray]:
    """Readers of known sensitivity and specificity."""
    random = np.random.default_rng(seed)
    truth = np.zeros((12, 20, 20), bool)
    truth[3:9, 5:15, 5:15] = True
    rates = [(0.95, 0.98), (0.7, 0.9), (0.85, 0.99), (0.6, 0.95)][:n]
    drawn = [
        np.where(truth, random.random(truth.shape) < p, random.random(truth.shape) > q)
        for p, q in rates
    ]
    return [truth, *drawn]


@pytest.mark.parametrize("n", [3, 4])
def test_staple_is_that_of_simpleitk(n):
    masks = readers(1, n)[1:]
    theirs = sitk.STAPLEImageFilter()
    theirs.SetForegroundValue(1.0)
    theirs.SetMaximumIterations(10000)
    result = theirs.Execute([sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks])
    found = staple(masks, most_rounds=10000)
    assert found.sensitivity == pytest.approx(theirs.GetSensitivity(), abs=1e-3)
    assert found.specificity == pytest.approx(theirs.GetSpecificity(), abs=1e-3)
    assert np.allclose(found.probability, sitk.GetArrayFromImage(result), atol=5e-3)


def test_staple_finds_the_readers_and_beats_the_majority():
    truth, *masks = readers(2, 4)
    found = staple(masks)
    assert found.sensitivity == pytest.approx((0.95, 0.7, 0.85, 0.6), abs=0.04)
    assert found.specificity == pytest.approx((0.98, 0.9, 0.99, 0.95), abs=0.02)
    wrong = [(guess != truth).sum() for guess in (found.probability > 0.5, np.mean(masks, 0) > 0.5)]
    assert wrong[0] < wrong[1]


def test_a_majority_is_more_than_half_and_labels_stay_apart():
    drawn = ([[[1, 1, 2, 0]]], [[[1, 2, 2, 3]]], [[[2, 0, 2, 3]]], [[[1, 1, 0, 0]]])
    every = [segmentation(np.array(d)) for d in drawn]
    assert consensus(every, method="majority").labels.tolist() == [[[1, 0, 2, 0]]]
    only = consensus(every, labels=[2], method="majority")
    assert only.labels.tolist() == [[[0, 0, 2, 0]]]


def test_the_consensus_notes_how_good_the_readers_are():
    truth, *masks = readers(3, 3)
    grid = Geometry(truth.shape[::-1], SPACING)
    every = [
        Segmentation(mask.astype(np.uint8) * 4, grid, (Label(4, "tumour"),), name=name)
        for mask, name in zip(masks, "ABC", strict=True)
    ]
    found = consensus(every)
    assert ((found.labels == 4) == truth).mean() > 0.98
    assert found["tumour"].value == 4
    assert found.notes[0].startswith("Label 4, sensitivity / specificity of the readers: A 0.9")
    assert [record.verb for record in found.history] == ["consensus"]


def test_too_few_readers_or_empty_ones_are_refused():
    one = segmentation(np.ones((1, 2, 2)))
    with pytest.raises(InputError, match="needs 2 readers or more; got 1"):
        consensus([one])
    with pytest.raises(InputError, match="occurs in none"):
        consensus([one, one], labels=[3])
    with pytest.raises(InputError, match='Did you mean "STAPLE"'):
        consensus([one, one], method="staple")
    with pytest.raises(InputError, match="nothing to agree on"):
        staple([np.zeros(3, bool), np.zeros(3, bool)])
    with pytest.raises(InputError, match="different shapes"):
        staple([np.ones(3, bool), np.ones(4, bool)])
