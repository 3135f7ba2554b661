"""Landmarks recover a planted transform, tell its error, and are refused where they cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.transform import Rotation
from skimage import transform as skt

from napari_radiogenomics import (
    Geometry,
    Image,
    Landmarks,
    load_patient,
    open_cohort,
    read_landmarks,
    read_transform,
    register,
    write_landmarks,
)
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registration.model import MODELS
from napari_radiogenomics.simulate.sample import sample_cohort
from napari_radiogenomics.simulate.sections import LANDMARK_ERROR_MM

RNG = np.random.default_rng(11)
SCAN = Image(np.zeros((9, 9, 9)), Geometry((9, 9, 9)), metadata={"frame": "CT"})
OTHER = replace(SCAN, metadata={"frame": "MR"})
FIRST = Slide((np.zeros((8, 8, 3), np.uint8),), (8.0, 8.0), frame="HE", name="HE")
SECOND = replace(FIRST, frame="CD31", name="CD31")
SIDES = {"plane": (SECOND, FIRST), "space": (OTHER, SCAN), "plane in space": (SCAN, FIRST)}


def pairs(fixed, moving, **more) -> Landmarks:
    fixed, moving = (np.pad(np.asarray(p, float), ((0, 0), (0, 3 - np.shape(p)[1])))
                     for p in (fixed, moving))  # fmt: skip
    names = tuple(f"L{n + 1}" for n in range(len(fixed)))
    return Landmarks(names, fixed, moving, **{"weights": np.ones(len(fixed)), **more})


def turned(points, *, scale=1.0, mirror=False, noise=0.0):
    """Points (N, 2 or 3) turned, scaled, moved and marked with an error."""
    wide = np.shape(points)[1]
    turn = Rotation.from_euler("zyx", [35, 0, 0] if wide == 2 else [35, -20, 12], degrees=True)
    matrix = turn.as_matrix()[:wide, :wide] * scale
    if mirror:
        matrix = matrix @ np.diag([-1, *[1] * (wide - 1)])
    return points @ matrix.T + np.arange(1, wide + 1) + RNG.normal(0, noise, np.shape(points))


@pytest.fixture(scope="module")
def patients():
    cohort = open_cohort(sample_cohort())
    return cohort, {name: load_patient(cohort, name, timepoint="t0") for name in ("P001", "P002")}


# What was planted is found


@pytest.mark.parametrize("method", ["rigid", "similarity"])
def test_landmarks_of_the_sample_cohort_recover_the_planted_transform(patients, method):
    """Slides in scans: below twice the noise of the landmarks all over each slide."""
    cohort, loaded = patients
    off = []
    for data in loaded.values():
        for slide in data.slides:
            row = cohort.transforms.set_index("from_frame").loc[slide.frame]
            landmarks = read_landmarks(cohort.file(row["landmarks"]))
            found = register(slide, data.scans[0], landmarks, method=method)
            planted = read_transform(cohort.file(row["path"]))
            height, width = slide.extent_mm
            x, y = np.meshgrid(np.linspace(0, width, 7), np.linspace(0, height, 7))
            glass = np.column_stack([x.ravel(), y.ravel(), 0 * x.ravel()])
            away = found.transform.inverse().points(glass) - planted.points(glass)
            off.append(np.sqrt((away**2).sum(axis=1).mean()))
            assert found.error_frame == "P001-t0" if "P001" in slide.frame else "P002-t0"
            assert (found.transform.from_frame, found.transform.to_frame) == (
                str(data.scans[0].metadata["frame"]), slide.frame,
            )  # fmt: skip
            # The error that is shown is not smaller than what is wrong.
            assert found.left_out_rms_mm > found.rms_mm
    assert max(off) < 2 * LANDMARK_ERROR_MM


def test_the_slide_can_be_the_fixed_side(patients):
    cohort, loaded = patients
    data = loaded["P001"]
    slide = next(one for one in data.slides if one.frame == "P001-HE")
    row = cohort.transforms.set_index("from_frame").loc[slide.frame]
    one = read_landmarks(cohort.file(row["landmarks"]))
    other = Landmarks(one.names, one.moving, one.fixed, one.weights)
    ahead = register(slide, data.scans[0], one).transform
    back = register(data.scans[0], slide, other).transform
    np.testing.assert_allclose(ahead.compose(back).matrix, np.eye(4), atol=1e-9)


@pytest.mark.parametrize("layout", list(SIDES))
@pytest.mark.parametrize("method", MODELS.names())
def test_without_noise_every_model_finds_a_rigid_map_in_every_layout(method, layout):
    moving, fixed = SIDES[layout]
    source = RNG.uniform(-20, 20, (8, 3))
    if layout != "space":
        source[:, 2] = 0
    target = turned(source[:, :2]) if layout == "plane" else turned(source)
    found = register(moving, fixed, pairs(source, target), method=method)
    assert found.left_out_rms_mm < 1e-9
    probe = np.array([[3.0, 4.0, 0.0], [-3.0, 1.0, 0.0]])
    expected = found.transform.points(probe)
    assert np.linalg.norm(expected[0] - expected[1]) == pytest.approx(np.sqrt(45))
    np.testing.assert_allclose(found.transform.inverse().points(expected), probe, atol=1e-5)


def test_a_thin_plate_meets_its_landmarks_and_its_error_is_with_each_left_out():
    source = RNG.uniform(0, 20, (9, 2))
    target = turned(source, noise=0.3)
    found = register(SECOND, FIRST, pairs(source, target), method="thin-plate")
    assert found.rms_mm < 1e-9
    assert found.left_out_rms_mm > 0.1
    assert found.transform.error_mm == found.left_out_rms_mm


# Oracles


def test_similarity_is_that_of_scikit_image():
    for wide, sides in ((2, (SECOND, FIRST)), (3, (OTHER, SCAN))):
        source = RNG.uniform(-20, 20, (10, wide))
        target = turned(source, scale=1.3, noise=0.8)
        found = register(*sides, pairs(source, target), method="similarity").transform.matrix
        oracle = skt.SimilarityTransform.from_estimate(source, target)
        np.testing.assert_allclose(found[:wide, :wide], oracle.params[:wide, :wide], atol=1e-10)
        np.testing.assert_allclose(found[:wide, 3], oracle.params[:wide, wide], atol=1e-9)


def test_rigid_and_affine_are_those_of_scikit_image():
    source = RNG.uniform(-20, 20, (10, 2))
    target = turned(source, scale=1.1, noise=0.8)
    for method, kind in (("rigid", skt.EuclideanTransform), ("affine", skt.AffineTransform)):
        found = register(SECOND, FIRST, pairs(source, target), method=method).transform
        oracle = kind.from_estimate(source, target)
        if method == "rigid":
            np.testing.assert_allclose(found.matrix[:2, :2], oracle.params[:2, :2], atol=1e-10)
        # scikit-image's affine map minimizes an algebraic error: ours may not be worse in mm.
        theirs = np.sqrt(((oracle(source) - target) ** 2).sum(axis=1).mean())
        ours = np.sqrt(((found.points(np.pad(source, ((0, 0), (0, 1))))[:, :2] - target) ** 2)
                       .sum(axis=1).mean())  # fmt: skip
        assert ours <= theirs + 1e-12


def test_the_misfit_is_that_of_scipys_procrustes():
    source, target = RNG.uniform(-20, 20, (2, 12, 3))
    target = turned(source, scale=0.8, noise=1.0)
    found = register(OTHER, SCAN, pairs(source, target), method="similarity")
    _, _, disparity = scipy_procrustes(target, source)
    spread = ((target - target.mean(axis=0)) ** 2).sum()
    assert (found.landmarks["residual_mm"] ** 2).sum() / spread == pytest.approx(disparity)


@pytest.mark.parametrize("layout", list(SIDES))
@pytest.mark.parametrize("method", MODELS.names())
def test_errors_with_each_left_out_are_those_of_explicit_refits(method, layout):
    moving, fixed = SIDES[layout]
    source = RNG.uniform(-20, 20, (8, 3))
    if layout != "space":
        source[:, 2] = 0
    target = turned(source[:, :2], noise=0.5) if layout == "plane" else turned(source, noise=0.5)
    all_ = pairs(source, target)
    found = register(moving, fixed, all_, method=method).landmarks
    for at in range(8):
        kept = np.arange(8) != at
        rest = Landmarks(
            tuple(np.array(all_.names)[kept]), all_.fixed[kept], all_.moving[kept], np.ones(7)
        )
        again = register(moving, fixed, rest, method=method).transform
        off = np.linalg.norm(again.points(all_.fixed[[at]]) - all_.moving[[at]])
        assert found["left_out_mm"][at] == pytest.approx(off, abs=1e-9)


def test_the_error_with_each_left_out_is_about_that_elsewhere():
    """Over many draws it tells the error at places no landmark was on, noise of marking added."""
    shown, real = [], []
    for _ in range(100):
        source = RNG.uniform(-20, 20, (8, 3))
        target = turned(source, noise=0.5)
        found = register(OTHER, SCAN, pairs(source, target))
        shown.append(found.left_out_rms_mm**2)
        elsewhere = RNG.uniform(-20, 20, (40, 3))
        away = found.transform.points(elsewhere) - turned(elsewhere)
        real.append((away**2).sum(axis=1).mean())
    expected = np.mean(real) + 3 * 0.5**2
    assert np.mean(shown) == pytest.approx(expected, rel=0.2)


def test_weights_count_as_repeated_landmarks():
    source = RNG.uniform(-20, 20, (6, 3))
    target = turned(source, noise=1.0)
    weights = np.array([1, 1, 3, 1, 2, 1.0])
    for method in ("rigid", "similarity", "affine"):
        found = register(OTHER, SCAN, pairs(source, target, weights=weights), method=method)
        often = np.repeat(np.arange(6), weights.astype(int))
        from napari_radiogenomics.registration.model import Fit

        again = MODELS[method].fit(Fit(source[often], target[often], np.ones(len(often)), "space"))
        np.testing.assert_allclose(found.transform.matrix, again, atol=1e-9)


# A slide in a plane of the scan


@pytest.mark.parametrize(("plane", "axis"), [("axial", 2), ("coronal", 1), ("sagittal", 0)])
def test_a_slide_stays_in_the_plane_that_it_was_cut_along(plane, axis):
    from napari_radiogenomics.registration.sides import plane_matrix

    glass = np.pad(RNG.uniform(0, 20, (6, 2)), ((0, 0), (0, 1)))
    cut = plane_matrix(plane, 12.0)
    in_scan = np.pad(turned(glass[:, :2]), ((0, 0), (0, 1))) @ cut[:3, :3].T + cut[:3, 3]
    in_scan[:, axis] += [0.4, -0.4, 0.4, -0.4, 0.4, -0.4]
    found = register(FIRST, SCAN, pairs(in_scan, glass), plane=plane, plane_mm=12.0)
    np.testing.assert_allclose(found.landmarks["residual_mm"], 0.4, atol=1e-9)
    back = found.transform.inverse().points(glass)
    np.testing.assert_allclose(back[:, axis], 12.0, atol=1e-9)
    flipped = glass * [-1, 1, 0]
    with pytest.raises(InputError, match="mirror image"):
        register(FIRST, SCAN, pairs(in_scan, flipped), plane=plane, plane_mm=12.0)
    bent = register(FIRST, SCAN, pairs(in_scan, glass), plane=plane, method="thin-plate")
    np.testing.assert_allclose(bent.transform.inverse().points(glass)[:, axis], 12.0, atol=1e-9)


# What is wrong is said


@pytest.mark.parametrize("sides", [(SECOND, FIRST), (OTHER, SCAN)], ids=["plane", "space"])
@pytest.mark.parametrize("method", MODELS.names())
def test_mirrored_sides_are_detected_and_taken_on_demand_only(method, sides):
    wide = 2 if sides[0] is SECOND else 3
    source = RNG.uniform(-20, 20, (8, wide))
    given = pairs(source, turned(source, mirror=True, noise=0.2))
    with pytest.raises(InputError, match="mirror image of the other.*set mirror to yes"):
        register(*sides, given, method=method)
    found = register(*sides, given, method=method, mirror=True)
    assert found.left_out_rms_mm < 1.5
    if method != "thin-plate":
        assert np.linalg.det(found.transform.matrix[:3, :3]) < 0
        assert "mirrored" in found.transform.kind
    plain = pairs(source, turned(source, noise=0.2))
    with pytest.raises(InputError, match="Nothing is mirrored"):
        register(*sides, plain, method=method, mirror=True)


def test_noise_is_not_taken_for_a_mirror():
    for _ in range(60):
        source = RNG.uniform(-20, 20, (5, 2))
        register(SECOND, FIRST, pairs(source, turned(source, noise=1.0)))


def test_a_free_plane_does_not_tell_a_turned_section_and_a_named_one_does():
    glass = RNG.uniform(0, 20, (6, 2))
    as_shown = np.column_stack([glass, np.full(6, 5.0)])
    over = as_shown * [-1, 1, 1]
    said = [register(FIRST, SCAN, pairs(places, glass)).warnings for places in (as_shown, over)]
    assert said[0] == said[1]  # neither alarms: they fit alike
    assert "is not checked. To check it, set plane to axial" in said[0][0]
    assert not register(FIRST, SCAN, pairs(as_shown, glass), plane="axial").warnings
    with pytest.raises(InputError, match="mirror image of the other"):
        register(FIRST, SCAN, pairs(over, glass), plane="axial")


@pytest.mark.parametrize(
    ("layout", "method", "least"),
    [
        ("plane", "rigid", 3), ("plane", "affine", 4), ("plane", "thin-plate", 4),
        ("space", "rigid", 4), ("space", "affine", 5), ("plane in space", "similarity", 4),
    ],
)  # fmt: skip
def test_two_landmarks_are_too_few_and_it_is_said_how_many_are_needed(layout, method, least):
    source = np.array([[0, 0, 0], [5, 1, 0]], float)
    more = least - 2
    with pytest.raises(InputError, match=rf"needs {least} landmarks.*are 2\. Place {more} more"):
        register(*SIDES[layout], pairs(source, source), method=method)


def test_landmarks_on_a_line_or_in_a_plane_are_refused():
    line = np.linspace(0, 10, 6)[:, None] * [1.0, 2.0, 0.0] + RNG.normal(0, 0.005, (6, 3)) * [
        1,
        1,
        0,
    ]
    with pytest.raises(InputError, match="lie on a line"):
        register(SECOND, FIRST, pairs(line, line))
    with pytest.raises(InputError, match="lie on a line"):
        register(OTHER, SCAN, pairs(line, line))
    plane = np.pad(RNG.uniform(0, 10, (6, 2)), ((0, 0), (0, 1)))
    with pytest.raises(InputError, match="lie in a plane"):
        register(OTHER, SCAN, pairs(plane, plane), method="affine")
    assert register(OTHER, SCAN, pairs(plane, plane)).rms_mm < 1e-9


def test_one_landmark_that_alone_holds_the_turn_is_named():
    """Without L5 the others lie on a line: its error cannot be known, the others' can."""
    source = np.array([[0, 0], [3, 0], [6, 0], [9, 0], [4, 6]], float)
    found = register(SECOND, FIRST, pairs(source, turned(source, noise=0.1)))
    assert np.isnan(found.landmarks["left_out_mm"]).tolist() == [False] * 4 + [True]
    assert found.landmarks["note"].iloc[4] != ""
    assert any("The error without L5 is not known" in one for one in found.warnings)


def test_a_wrong_pair_is_the_worst_and_is_said():
    source = RNG.uniform(-20, 20, (9, 2))
    target = turned(source, noise=0.2)
    target[3] += [6, -5]
    found = register(SECOND, FIRST, pairs(source, target))
    assert found.worst == "L4"
    assert any("Landmark L4 is" in one for one in found.warnings)


@pytest.mark.parametrize("method", ["rigid", "similarity", "affine"])
@pytest.mark.parametrize("layout", SIDES)
def test_a_pixel_size_that_is_wrong_by_ten_is_told(layout, method):
    moving, fixed = SIDES[layout]
    wide = 3 if layout == "space" else 2
    small = RNG.uniform(0, 5, (7, wide))
    large = turned(small, scale=10, noise=0.02)
    for sides, times in ((pairs(small, large), 10), (pairs(large, small), 0.1)):
        if layout == "plane in space":  # the scan is no slide: it moves or stays, in its own mm
            moving, fixed = (SCAN, FIRST) if times == 10 else (FIRST, SCAN)
        (said,) = [
            x for x in register(moving, fixed, sides, method=method).warnings if "times" in x
        ]
        assert "Check the pixel size" in said
        told = float(said.split("moving side are ")[1].split(" times")[0])
        assert told == pytest.approx(times, rel=0.02)


def test_tissue_that_shrank_and_noise_are_no_wrong_pixel_size():
    places = RNG.uniform(0, 5, (7, 2))
    shrunk = pairs(places, turned(places, scale=0.85, noise=0.02))
    (said,) = register(SECOND, FIRST, shrunk, method="rigid").warnings
    assert said.endswith("choose similarity if tissue shrank.")
    assert not register(SECOND, FIRST, shrunk, method="similarity").warnings
    for _ in range(200):
        noisy = register(SECOND, FIRST, pairs(places, turned(places, noise=0.5)), method="rigid")
        assert not [one for one in noisy.warnings if "times" in one]


def test_the_same_place_twice_is_refused():
    source = RNG.uniform(0, 10, (5, 2))
    source[4] = source[1]
    with pytest.raises(InputError, match='"L2" and "L5" lie on the same place on the fixed side'):
        pairs(source, RNG.uniform(0, 10, (5, 2)))


def test_frames_pixel_sizes_and_depth_are_checked():
    source = RNG.uniform(0, 10, (5, 2))
    given = pairs(source, turned(source))
    with pytest.raises(InputError, match="pixel size of the moving slide 'CD31' is not known"):
        register(replace(SECOND, um_per_pixel=None), FIRST, given)
    with pytest.raises(InputError, match='Both lie in frame "HE"'):
        register(FIRST, FIRST, given)
    with pytest.raises(InputError, match='fixed landmarks are of frame "CD31".*Exchange'):
        register(SECOND, FIRST, pairs(source, turned(source), frames=("CD31", "HE")))
    deep = np.column_stack([source, np.ones(5)])
    with pytest.raises(InputError, match='"L1" has z = 1 mm on the fixed side'):
        register(SECOND, FIRST, pairs(deep, source))
    with pytest.raises(InputError, match="A plane is that of a slide in a scan"):
        register(SECOND, FIRST, given, plane="axial")
    with pytest.raises(InputError, match="Unknown model of a registration.*Did you mean"):
        register(SECOND, FIRST, given, method="rigide")


def test_tables_keep_units_and_frames(tmp_path):
    given = pairs(RNG.uniform(0, 10, (5, 2)), RNG.uniform(0, 10, (5, 2)), frames=("HE", "CD31"))
    again = read_landmarks(write_landmarks(given, tmp_path / "pairs.csv"))
    np.testing.assert_allclose(again.fixed, given.fixed)
    assert again.frames == ("HE", "CD31")
    table = given.table().assign(unit="µm")
    np.testing.assert_allclose(Landmarks.from_table(table).moving, given.moving / 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": ["mm", "pixel", "mm"]}, 'row 3, column unit: "pixel" is no length'),
        ({"moving_x": ["1", "a", "2"]}, 'row 3, column moving_x: "a" is no number'),
        ({"fixed_y": ["1", "", "2"]}, "row 3, column fixed_y: an empty cell is no number"),
        ({"name": ["a", "b", "a"]}, 'Two landmarks are called "a"'),
        ({"weight": ["1", "0", "1"]}, 'weight of landmark "b" is 0'),
        ({"fixed_frame": ["A", "B", "A"]}, 'landmarks of "A" and "B" are mixed'),
    ],
)
def test_what_is_wrong_in_a_table_is_named(change, message):
    table = pd.DataFrame(
        {"name": ["a", "b", "c"], "fixed_x": [0, 1, 2], "fixed_y": [0, 5, 1],
         "moving_x": [3, 4, 5], "moving_y": [3, 8, 4]}
    )  # fmt: skip
    with pytest.raises(InputError, match=message):
        Landmarks.from_table(table.assign(**change))
    with pytest.raises(InputError, match="no column moving_x"):
        Landmarks.from_table(table.drop(columns="moving_x"))


def test_a_table_of_landmarks_with_names_is_taken_as_it_is():
    source = RNG.uniform(-20, 20, (6, 2))
    target = turned(source, noise=0.1)
    table = pd.DataFrame(
        {"name": [f"place {k}" for k in range(6)], "fixed_x": source[:, 0],
         "fixed_y": source[:, 1], "moving_x": target[:, 0], "moving_y": target[:, 1]}
    )  # fmt: skip
    found = register(SECOND, FIRST, table)
    assert found.landmarks["name"].tolist() == table["name"].tolist()
    assert found.left_out_rms_mm == register(SECOND, FIRST, pairs(source, target)).left_out_rms_mm
    assert found.history[-1].inputs["landmarks"]["name"] == ""
