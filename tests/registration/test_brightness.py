"""Brightness recovers a known offset of a real scan; siblings share what was learned on one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from napari_radiogenomics import (
    Geometry,
    Image,
    Landmarks,
    Transform,
    open_cohort,
    read,
    register,
    register_siblings,
    siblings_of,
)
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.simulate.sample import sample_cohort

RNG = np.random.default_rng(3)
QUICK = {"levels": 2, "iterations": 40}


@pytest.fixture(scope="module")
def brain(real_data):
    """A real scan, the same one moved, and by how much; every second voxel of a slice."""
    scan = read(real_data("pyradiomics/brain1_image.nrrd"), kind="image")
    coarse = scan.geometry.index_to_world([0, 0, 0])
    grid = Geometry(
        (128, 128, 25), (2 * 0.78125, 2 * 0.78125, 6.5), tuple(coarse), scan.geometry.direction
    )
    scan = Image(scan.array[:, ::2, ::2].astype(np.float32), grid, metadata={"frame": "first"})
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("zyx", [6, 3, -4], degrees=True).as_matrix()
    center = grid.corners.mean(axis=0)
    matrix[:3, 3] = center - matrix[:3, :3] @ center + [7, -5, 4]
    planted = Transform.of(matrix, "first", "second")
    moved = planted.inverse().resample(scan, grid)
    return scan, moved, planted


def off(found, planted, grid) -> float:
    """Mean distance in mm over the middle half of a scan, where the head is."""
    places = grid.corners.mean(axis=0) + 0.5 * (grid.corners - grid.corners.mean(axis=0))
    return float(np.linalg.norm(found.points(places) - planted.points(places), axis=1).mean())


def test_a_known_offset_of_a_real_scan_is_recovered(brain):
    scan, moved, planted = brain
    assert off(Transform(), planted, scan.geometry) > 9
    found = register(moved, scan, **QUICK)
    assert off(found.transform, planted, scan.geometry) < 0.5
    assert found.similarity[1] > 2 * found.similarity[0]
    assert (found.transform.from_frame, found.transform.to_frame) == ("first", "second")
    assert "not measured" in found.warnings[-1]


def test_another_contrast_is_recovered_too_and_the_same_every_time(brain):
    """Dark is bright, and not in proportion: correlation would fail, mutual information not."""
    scan, moved, planted = brain
    other = replace(moved, array=np.sqrt(np.maximum(moved.array.max() - moved.array, 0)))
    found = register(other, scan, **QUICK)
    assert off(found.transform, planted, scan.geometry) < 1.0
    again = register(other, scan, **QUICK)
    np.testing.assert_allclose(again.transform.matrix, found.transform.matrix, atol=1e-9)


def test_landmarks_are_refined_by_brightness_and_still_tell_the_error(brain):
    scan, moved, planted = brain
    center, corners = scan.geometry.corners.mean(axis=0), scan.geometry.corners
    fixed = center + 0.4 * (corners - center)
    marked = planted.points(fixed) + RNG.normal(0, 2.0, fixed.shape)
    pairs = Landmarks(tuple("abcdefgh"), fixed, marked, np.ones(8))
    rough = register(moved, scan, pairs)
    fine = register(moved, scan, pairs, refine=True, **QUICK)
    assert off(fine.transform, planted, scan.geometry) < 0.5
    assert off(fine.transform, planted, scan.geometry) < off(
        rough.transform, planted, scan.geometry
    )
    direct = np.linalg.norm(fine.transform.points(fixed) - marked, axis=1)
    np.testing.assert_allclose(fine.landmarks["residual_mm"], direct)
    assert fine.transform.error_mm == pytest.approx(fine.rms_mm)
    with pytest.raises(InputError, match="By brightness thin-plate spline is not found"):
        register(moved, scan, pairs, method="thin-plate", refine=True)


def test_what_did_not_improve_is_said_and_the_start_is_kept(brain):
    scan, _, _ = brain
    same = replace(scan, metadata={"frame": "second"})
    found = register(same, scan, levels=1, iterations=3)
    assert "did not improve on the start" in found.warnings[0]
    np.testing.assert_array_equal(found.transform.matrix, np.eye(4))


def test_a_cancel_stops_at_the_next_iteration(brain):
    scan, moved, _ = brain
    steps: list[int] = []
    progress = reporting(
        lambda done, total, what: steps.append(done), cancelled=lambda: len(steps) > 3
    )
    with pytest.raises(Cancelled):
        register(moved, scan, progress=progress, levels=1, iterations=100)
    assert len(steps) == 4


def test_what_brightness_cannot_do_is_said(brain):
    scan, moved, _ = brain
    slide = Slide((np.zeros((8, 8, 3), np.uint8),), (8.0, 8.0), frame="HE", name="HE")
    with pytest.raises(InputError, match="A slide and a scan do not look alike.*Place 4 pairs"):
        register(slide, scan)
    flat = replace(moved, array=np.zeros_like(moved.array))
    with pytest.raises(InputError, match="one brightness everywhere"):
        register(flat, scan)
    with pytest.raises(InputError, match="Brightness alone does not mirror"):
        register(moved, scan, mirror=True)
    away = replace(moved, geometry=replace(moved.geometry, origin=(900.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="hardly overlap"):
        register(away, scan, start="position", **QUICK)


# Slides of one block


def tissue(turn: float = 0.0, shift=(0.0, 0.0), *, brown: bool = False, frame: str = "A") -> Slide:
    """A section of tissue with glands, turned by degrees and moved by pixels."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:200, :240]
    inside = ((y - 100) / 70) ** 2 + ((x - 120) / 95) ** 2 < 1 + 0.2 * np.sin(x / 17) * np.cos(
        y / 23
    )
    blue = 0.25 * inside
    for _ in range(60):
        row, column, size = rng.uniform(40, 160), rng.uniform(40, 200), rng.uniform(3, 9)
        blue += 0.5 * inside * (np.hypot(y - row, x - column) < size)
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([99.5, 119.5])
    blue = affine_transform(blue, matrix, middle - matrix @ middle - matrix @ shift, order=1)
    density = blue[..., None] * [0.65, 0.70, 0.29]
    if brown:
        spots = np.random.default_rng(9).random((200, 240)) < 0.03 * (blue > 0.1)
        density = density + spots[..., None] * np.array([0.27, 0.57, 0.78])
    pixels = np.round(255 * 10**-density).astype(np.uint8)
    return Slide((pixels,), (10.0, 10.0), frame=frame, name=frame)


def test_sibling_stains_are_aligned_by_their_nuclei_and_share_one_transform():
    first, second = tissue(), tissue(8, (6, -9), brown=True, frame="B")
    found = register(first, second)
    corners = np.array([[0.5, 0.5, 0], [1.9, 0.5, 0], [0.5, 1.5, 0], [1.9, 1.5, 0]])
    angle, middle = np.radians(8), np.array([1.195, 0.995])
    # A pixel (y, x) of the second shows matrix @ (pixel - middle - shift) + middle of the first.
    inverse = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    expected = (corners[:, :2] - middle - [-0.09, 0.06]) @ inverse.T + middle
    away = np.linalg.norm(found.transform.points(corners)[:, :2] - expected, axis=1)
    assert away.max() < 0.02  # two pixels
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [30, 40, 50], degrees=True).as_matrix()
    learned = Transform.of(turn, "CT", "A")
    (shared,) = register_siblings(learned, first, [second])
    assert (shared.from_frame, shared.to_frame) == ("CT", "B")
    back = shared.inverse().points(corners)
    in_first = np.column_stack([expected, np.zeros(4)])
    np.testing.assert_allclose(back, learned.inverse().points(in_first), atol=0.02)
    assert 'Aligned to "A" by brightness' in shared.notes[0]
    (kept,) = register_siblings(learned.inverse(), first, [second], align=False)
    assert (kept.from_frame, kept.to_frame) == ("B", "CT")
    np.testing.assert_allclose(kept.matrix, np.linalg.inv(turn), atol=1e-12)
    with pytest.raises(InputError, match='slide "B" is in neither'):
        register_siblings(learned, second, [first])


def test_siblings_are_the_slides_of_the_same_block():
    cohort = open_cohort(sample_cohort())
    assert siblings_of(cohort, "P001-CD31") == ("P001-HE", "P001-CAIX")
    table = cohort.slides.assign(
        block=["a" if "CAIX" in name else "b" for name in cohort.slides.index]
    )
    assert siblings_of(replace(cohort, slides=table), "P001-CD31") == ("P001-HE",)
    with pytest.raises(InputError, match='Slide "none" is not in'):
        siblings_of(cohort, "none")
