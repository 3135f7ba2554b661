"""One transform maps points, samples, shapes, images and labels alike, there and back."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from scipy.interpolate import RBFInterpolator
from scipy.spatial.transform import Rotation

from napari_radiogenomics import Geometry, Image, Samples, Segmentation, Transform
from napari_radiogenomics.data.thin_plate import TOLERANCE_MM, ThinPlate
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import reporting

RNG = np.random.default_rng(5)
GRID = Geometry((21, 18, 9), (1.0, 1.5, 3.0), (-10.0, 4.0, 2.0))
OBLIQUE = Geometry(
    (17, 15, 11),
    (1.2, 1.1, 2.0),
    (-8.0, 6.0, 5.0),
    tuple(Rotation.from_euler("xyz", [8, -5, 20], degrees=True).as_matrix().ravel()),
)


def affine(scale=(1.05, 0.9, 1.1)) -> np.ndarray:
    matrix = np.eye(4)
    turn = Rotation.from_euler("xyz", [10, -7, 15], degrees=True).as_matrix()
    matrix[:3, :3] = turn * np.array(scale)
    matrix[:3, 3] = [2.0, -1.5, 3.0]
    return matrix


def plate(*, flat: bool = False, bend: float = 0.6) -> ThinPlate:
    source = RNG.uniform(-10, 20, (9, 3))
    if flat:
        source[:, 2] = 0
    target = source @ affine()[:3, :3].T + affine()[:3, 3] + RNG.normal(0, bend, (9, 3))
    return ThinPlate(source, target, flat)


def scan() -> Image:
    smooth = sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(RNG.normal(size=GRID.shape)), 1)
    return Image(sitk.GetArrayFromImage(smooth), GRID, metadata={"frame": "B"})


def sitk_resampled(image, transform, onto: Geometry, interpolator, fill):
    moving = sitk.GetImageFromArray(image)
    moving.SetSpacing(GRID.spacing)
    moving.SetOrigin(GRID.origin)
    linear = sitk.AffineTransform(3)
    linear.SetMatrix(transform.matrix[:3, :3].ravel().tolist())
    linear.SetTranslation(transform.matrix[:3, 3].tolist())
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(onto.size)
    resampler.SetOutputSpacing(onto.spacing)
    resampler.SetOutputOrigin(onto.origin)
    resampler.SetOutputDirection(onto.direction)
    resampler.SetInterpolator(interpolator)
    resampler.SetDefaultPixelValue(fill)
    resampler.SetTransform(linear)
    return sitk.GetArrayFromImage(resampler.Execute(moving))


def test_images_are_resampled_as_simpleitk_does():
    """The oracle takes the same matrix, from the fixed points to the moving ones."""
    moving, through = scan(), Transform.of(affine(), "A", "B")
    found = through.resample(moving, OBLIQUE, fill=-7.0)
    expected = sitk_resampled(moving.array, through, OBLIQUE, sitk.sitkLinear, -7.0)
    assert 0.2 < (expected == -7.0).mean() < 0.9
    np.testing.assert_allclose(found.array, expected, atol=1e-9)
    assert found.geometry == OBLIQUE
    assert found.metadata["frame"] == "A"


def test_labels_are_resampled_as_simpleitk_does_and_stay_whole():
    labels = RNG.integers(0, 4, GRID.shape).astype(np.uint8)
    through = Transform.of(affine(), "A", "B")
    found = through.resample(Segmentation(labels, GRID), OBLIQUE)
    expected = sitk_resampled(labels, through, OBLIQUE, sitk.sitkNearestNeighbor, 0)
    np.testing.assert_array_equal(found.labels, expected)
    assert found.labels.dtype == np.uint8


@pytest.mark.parametrize("flat", [False, True])
def test_a_thin_plate_passes_through_its_landmarks_and_agrees_with_scipy(flat):
    spline = plate(flat=flat)
    np.testing.assert_allclose(spline.points(spline.source), spline.target, atol=1e-9)
    wide = 2 if flat else 3
    oracle = RBFInterpolator(
        spline.source[:, :wide], spline.target,
        kernel="thin_plate_spline" if flat else "linear", degree=1,
    )  # fmt: skip
    points = RNG.uniform(-10, 20, (50, 3))
    points[:, 2] *= not flat
    np.testing.assert_allclose(spline.points(points), oracle(points[:, :wide]), atol=1e-8)


def test_an_affine_map_bends_nothing():
    source = RNG.uniform(-10, 20, (7, 3))
    target = source @ affine()[:3, :3].T + affine()[:3, 3]
    points = RNG.uniform(-50, 50, (20, 3))
    expected = points @ affine()[:3, :3].T + affine()[:3, 3]
    np.testing.assert_allclose(ThinPlate(source, target).points(points), expected, atol=1e-8)


def test_stiffness_leads_from_the_landmarks_to_the_affine_map():
    soft = plate(bend=2.0)
    stiff = ThinPlate(soft.source, soft.target, stiffness=1e9)
    design = np.column_stack([np.ones(9), soft.source])
    best = design @ np.linalg.lstsq(design, soft.target, rcond=None)[0]
    np.testing.assert_allclose(stiff.points(soft.source), best, atol=1e-5)
    some = [
        np.linalg.norm(ThinPlate(soft.source, soft.target, stiffness=s).points(soft.source)
                       - soft.target)
        for s in (0.0, 0.1, 1.0, 10.0)
    ]  # fmt: skip
    assert some == sorted(some)
    assert some[0] < 1e-9


@pytest.mark.parametrize(
    "step", [affine(), plate(), plate(flat=True)], ids=["affine", "space", "flat"]
)
def test_there_and_back_again(step):
    there = Transform.of(step, "A", "B")
    points = RNG.uniform(-12, 25, (200, 3))
    back = there.inverse()
    assert (back.from_frame, back.to_frame) == ("B", "A")
    again = back.points(there.points(points))
    assert np.abs(again - points).max() < 20 * TOLERANCE_MM
    assert np.abs(there.points(again) - there.points(points)).max() < TOLERANCE_MM * 20
    there_again = back.inverse().points(points)
    np.testing.assert_allclose(there_again, there.points(points))


def test_a_fold_has_no_way_back_and_says_where():
    """Two landmarks that change places: what lies between them is covered three times."""
    source = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [9, 9, 0], [4, 4, 0], [5, 4, 0]], float)
    target = source[[0, 1, 2, 3, 5, 4]]
    back = Transform.of(ThinPlate(source, target, flat=True)).inverse()
    middle = np.array([[4.5, 4.0, 0.0]])
    with pytest.raises(
        InputError, match=r"folds: 1 of 1 points, the first at \(4\.5, 4\.0, 0\.0\)"
    ):
        back.points(middle)
    assert np.isnan(back.points_or_nan(middle)).all()


def test_chains_apply_one_after_the_other():
    first, second = Transform.of(affine(), "A", "B"), Transform.of(plate(), "B", "C")
    both = first.compose(second)
    points = RNG.uniform(-10, 20, (20, 3))
    np.testing.assert_allclose(both.points(points), second.points(first.points(points)))
    assert (both.from_frame, both.to_frame, both.kind) == ("A", "C", "thin-plate")
    again = both.inverse().points(both.points(points))
    np.testing.assert_allclose(again, points, atol=1e-4)
    joined = first.compose(first.inverse())
    np.testing.assert_allclose(joined.matrix, np.eye(4), atol=1e-12)
    assert len(joined.steps) == 1
    with pytest.raises(InputError, match='starts in frame "C"; "B" is expected'):
        first.compose(second.inverse())


def test_labels_points_and_shapes_get_the_same_map():
    """A ball of labels, its center as a sample and its outline as a shape land together."""
    spline = plate(bend=0.3)
    through = Transform.of(spline, "A", "B")
    center = np.array([0.0, 15.0, 12.0])
    k, j, i = np.indices(GRID.shape)
    away = GRID.index_to_world(np.stack([i, j, k], axis=-1)) - center
    ball = (np.linalg.norm(away, axis=-1) < 6).astype(np.uint8)
    moved = through.resample(
        Segmentation(ball, GRID), Geometry((60, 60, 60), origin=(-30, -15, -20))
    )
    inside = moved.geometry.index_to_world(np.argwhere(moved.labels)[:, ::-1])
    back = through.inverse()
    place = back.points(center[None])[0]
    assert np.linalg.norm(inside.mean(axis=0) - place) < 0.5
    table = pd.DataFrame(
        {"sample_id": ["s"], "patient_id": ["P"], "frame": ["B"], "coord_system": ["RAS"],
         "unit": ["mm"], "x": [-center[0]], "y": [-center[1]], "z": [center[2]],
         "precision": ["point"], "uncertainty_mm": [3.0]}
    )  # fmt: skip
    from dataclasses import replace

    samples = replace(back, error_mm=4.0).samples(Samples.from_table(table))
    np.testing.assert_allclose(samples.points_lps()[0], place, atol=1e-9)
    assert samples.table.at["s", "frame"] == "A"
    assert samples.table.at["s", "uncertainty_mm"] == pytest.approx(5.0)
    turn = np.linspace(0, 2 * np.pi, 12)
    outline = center + 6 * np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    (mapped,) = back.shapes([outline])
    np.testing.assert_allclose(mapped, back.points(outline))
    labels_at = moved.geometry.world_to_index(place + 0.5 * (mapped - place)).round().astype(int)
    assert moved.labels[tuple(labels_at[:, ::-1].T)].all()


def test_maps_of_slides_come_onto_a_scan_as_thick_as_they_are():
    """A map of 1 mm lies in one slice of a scan with slices of 1 mm, and is NaN elsewhere."""
    tissue = Image(
        np.ones((1, 20, 30)), Geometry((30, 20, 1), (0.5, 0.5, 1.0)), modality="map",
        metadata={"frame": "HE"},
    )  # fmt: skip
    matrix = np.eye(4)
    matrix[:3, 3] = [-3.0, -2.0, -4.0]
    found = Transform.of(matrix, "CT", "HE").resample(tissue, Geometry((25, 20, 9)))
    assert np.isfinite(found.array).any(axis=(1, 2)).tolist() == [n == 4 for n in range(9)]
    assert found.array[4, 5, 6] == 1.0
    assert np.isnan(found.array[4, 1, 1])


def test_json_holds_all_of_it():
    chain = Transform(
        (affine(), plate(), affine(), plate(flat=True).inverse()), "A", "B", 0.7, ("a note",)
    )
    again = Transform.from_dict(json.loads(json.dumps(chain.to_dict())))
    points = RNG.uniform(-5, 10, (10, 3))
    np.testing.assert_allclose(again.points(points), chain.points(points), atol=1e-9)
    assert (again.from_frame, again.to_frame, again.error_mm) == ("A", "B", 0.7)
    assert again.notes == ("a note",)


def test_ras_files_are_read_into_lps():
    ras = {"matrix": affine().tolist(), "world": "RAS"}
    point = np.array([[1.0, 2.0, 3.0]])
    expected = (affine() @ [-1, -2, 3, 1])[:3] * [-1, -1, 1]
    np.testing.assert_allclose(Transform.from_dict(ras).points(point)[0], expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "neither matrix nor steps"),
        ({"matrix": np.zeros((4, 4)).tolist()}, "last row 0 0 0 1"),
        ({"matrix": np.diag([1, 1, 0, 1]).tolist()}, "not invertible"),
        ({"matrix": np.eye(4).tolist(), "unit": "pixel"}, 'unit is "pixel"'),
        ({"matrix": np.eye(4).tolist(), "world": "left"}, 'world is "left"'),
        (
            {"steps": [{"thin_plate": {"from": [[0, 0, 0]] * 5, "to": [[0, 0, 0]] * 5}}]},
            "in a plane",
        ),
        ({"steps": [{"warp": 1}]}, "thin_plate"),
    ],
)
def test_what_is_no_transform_is_refused(content, message):
    with pytest.raises(InputError, match=message):
        Transform.from_dict(content)


def test_frames_are_not_mixed_up():
    through = Transform.of(affine(), "A", "B")
    with pytest.raises(InputError, match='image is in frame "B"; "A" is expected'):
        through.inverse().resample(scan(), OBLIQUE)
    with pytest.raises(InputError, match="thin-plate spline has no matrix"):
        _ = Transform.of(plate()).matrix


def test_resampling_stops_between_blocks():
    seen: list[int] = []

    def report(done, total, what):
        seen.append(done)

    progress = reporting(report, cancelled=lambda: len(seen) > 1)
    big = Geometry((100, 100, 100), (0.2, 0.2, 0.25), (-10, 4, 2))
    with pytest.raises(Cancelled):
        Transform().resample(scan(), big, progress=progress)
    assert len(seen) == 2
