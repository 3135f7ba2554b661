"""Vessels in scans: drawn ones with tortuosity worked out by hand, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from scipy.special import ellipe
from scipy.stats import spearmanr

from napari_radiogenomics import Geometry, Image, Segmentation, measure_vessels, read
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.vessels import VesselMeasures
from napari_radiogenomics.vessels.area import Part
from napari_radiogenomics.vessels.centerline import smooth_path
from napari_radiogenomics.vessels.detect import skeleton_of
from napari_radiogenomics.vessels.measures import Vessel
from napari_radiogenomics.vessels.summary import Found, region_table
from napari_radiogenomics.vessels.tortuosity import METRICS, shape_of

SAMPLE = Path(__file__).parents[2] / "sample_data" / "cohort"
TURN = Rotation.from_euler("xyz", [20, 35, 10], degrees=True)
# Centers of the voxels are up to 0.8 mm apart, and the tubes 2 mm wide.
FINE = {"scales_mm": (0.7, 1.0, 1.4), "ring_mm": (0, 30), "gap_mm": 0, "map_sigma_mm": 0}
COARSE = FINE | {"scales_mm": (1.0, 1.5, 2.0)}
SINE, WAVE = 3.0, 26.0


def along_z() -> np.ndarray:
    return np.outer(np.linspace(-20, 20, 50), [0, 0, 1.0])


def helix(radius: float, pitch: float, length: float = 40.0) -> np.ndarray:
    along = np.linspace(-length / 2, length / 2, 2000)
    angle = 2 * np.pi * along / pitch
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), along], axis=1)


def sine() -> np.ndarray:
    """A wave and a half, from peak to peak."""
    along = np.linspace(-0.75 * WAVE, 0.75 * WAVE, 2000)
    return np.stack([SINE * np.sin(2 * np.pi * along / WAVE), 0 * along, along], axis=1)


def longest(found: VesselMeasures) -> pd.Series:
    return found.vessels.loc[found.vessels["length_mm"].idxmax()]


@pytest.fixture(scope="module")
def line(tubes: Callable, spot: Callable) -> tuple[Image, Segmentation]:
    course = TURN.apply(along_z()) + np.array([0, 6.0, 0])
    return tubes([course]), spot()


# Worked out by hand


def test_a_straight_vessel_is_straight_on_a_grid_of_unequal_spacing(line) -> None:
    found = measure_vessels(*line, **FINE)
    assert len(found.lines) == 1
    row = longest(found)
    assert row["distance_metric"] == pytest.approx(1, abs=0.002)
    # Thinning takes about a radius from each free end.
    assert 40 - 3 * 1.0 < row["length_mm"] <= 40
    assert row["radius_mm"] == pytest.approx(1.0, rel=0.1)
    # Its ends are where they were drawn, in LPS mm.
    middle = line[0].geometry.index_to_world((np.array(line[0].geometry.size) - 1) / 2)
    drawn = TURN.apply([[0, 0, -20.0], [0, 0, 20.0]]) + np.array([0, 6.0, 0]) + middle
    ends = found.centerlines[0][[0, -1]]
    ends = ends if np.linalg.norm(ends[0] - drawn[0]) < 20 else ends[::-1]
    assert np.linalg.norm(ends - drawn, axis=1).max() < 1.5


def test_a_helix_has_the_distance_metric_and_the_angles_worked_out_by_hand(tubes, spot) -> None:
    radius, slope = 3.0, 20 / (2 * np.pi)
    scan = tubes([TURN.apply(helix(radius, 20))])
    row = longest(measure_vessels(scan, spot(), **COARSE))
    square = radius**2 + slope**2
    assert row["distance_metric"] == pytest.approx(np.sqrt(square) / slope, rel=0.02)
    assert row["sum_of_angles"] == pytest.approx(1 / np.sqrt(square), rel=0.02)
    assert row["inflection_count"] == pytest.approx(row["distance_metric"])  # it never unbends


@pytest.mark.parametrize("side", [0.6, 1.0])
def test_a_tight_helix_is_not_wound_down_by_the_smoothing_of_its_ridge(tubes, spot, side) -> None:
    """Radius 2 mm: its ridge lies a tenth of a mm inside, 3 % of its distance metric."""
    count = int(46 / side)
    grid = Geometry((count, count, count), (side, side, side), origin=(-40.0, 12.0, 100.0))
    course = TURN.apply(helix(2.0, 12.0))
    scan = tubes([course], radius=1.5, geometry=grid)
    found = measure_vessels(scan, spot(grid), **COARSE)
    row = longest(found)
    # Between the places where the tube was found to end, the helix is what was drawn.
    middle = grid.index_to_world((np.array(grid.size) - 1) / 2)
    ends = found.centerlines[int(found.vessels["length_mm"].argmax())][[0, -1]] - middle
    first, last = sorted(np.linalg.norm(course - end, axis=1).argmin() for end in ends)
    drawn = shape_of(course[first : last + 1])
    assert row["distance_metric"] == pytest.approx(drawn.distance_metric, rel=0.02)
    assert row["torsion"] == pytest.approx(drawn.metrics()["torsion"], rel=0.05)


@pytest.mark.parametrize(("noise", "within"), [(10.0, 0.05), (20.0, 0.12)])
def test_noise_does_not_double_the_sum_of_angles(tubes, spot, noise, within) -> None:
    """Voxels of 0.8 mm and 200 HU of contrast, measured with the defaults."""
    grid = Geometry((40, 40, 56), (0.8, 0.8, 0.8))
    course = TURN.apply(helix(8.0, 20.0, length=24.0))
    scan = tubes([course], radius=1.6, geometry=grid, noise=noise, blur_mm=0, contrast=200)
    row = longest(measure_vessels(scan, spot(grid), ring_mm=(0, 60), gap_mm=0, map_sigma_mm=0))
    slope = 20 / (2 * np.pi)
    assert row["sum_of_angles"] == pytest.approx(1 / np.hypot(8, slope), rel=within)


@pytest.mark.parametrize("settings", [FINE, COARSE])
def test_a_sine_has_what_was_worked_out_by_hand(tubes, spot, settings) -> None:
    steep = (2 * np.pi * SINE / WAVE) ** 2
    arc = 2 / np.pi * np.sqrt(1 + steep) * ellipe(steep / (1 + steep))
    expected = 1.5 * WAVE * arc / np.hypot(1.5 * WAVE, 2 * SINE)
    row = longest(measure_vessels(tubes([TURN.apply(sine())]), spot(shift=(0, 20, 0)), **settings))
    assert row["distance_metric"] == pytest.approx(expected, rel=0.02)
    assert row["inflection_count"] == pytest.approx(4 * expected, rel=0.02)  # three zeros within


NOISY = Geometry((70, 44, 40), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("noise", [0.0, 35.0, 70.0])
@pytest.mark.parametrize(
    ("amplitude", "wave", "waves"), [(0.0, 24.0, 2), (5.0, 24.0, 2), (2.0, 40.0, 1.5)]
)
def test_noise_makes_no_inflections(tubes, spot, noise, amplitude, wave, waves) -> None:
    """Voxels of 1 mm, noise of up to a tenth of the contrast, the defaults."""
    x = np.linspace(-waves * wave / 2, waves * wave / 2, 2000)
    across = amplitude * np.sin(2 * np.pi * (x - x[0]) / wave)
    course = np.stack([x, across, 0.15 * x * (amplitude == 0)], axis=1)
    scan = tubes([course], radius=1.5, geometry=NOISY, noise=noise)
    found = measure_vessels(scan, spot(NOISY, (-16, -16, 0)), ring_mm=(0, 60), map_sigma_mm=0)
    row = longest(found)
    halves = 2 * waves if amplitude else 1
    assert row["inflection_count"] / row["distance_metric"] == pytest.approx(halves)


def test_a_y_has_three_straight_vessels_and_one_branch_point(tubes, spot) -> None:
    ways = np.array([[0, 0, 1.0], [0.64, 0, -0.77], [-0.62, 0.18, -0.77]])
    arms = [TURN.apply(np.outer(np.linspace(0, 18, 50), way)) for way in ways]
    found = measure_vessels(tubes(arms), spot(shift=(0, 8, 0)), **FINE)
    assert len(found.lines) == 3
    assert found.vessels["distance_metric"].to_numpy() == pytest.approx(np.ones(3), abs=0.02)
    assert found.vessels["length_mm"].sum() == pytest.approx(54, rel=0.06)
    (ring,) = found.regions.itertuples()
    # 1 branch point in the volume of the ring that the scan holds.
    assert ring.branch_density == pytest.approx(1 / ring.volume_ml, rel=1e-9)


def test_paths_from_voxel_to_voxel_are_too_long_and_centerlines_are_not(line) -> None:
    scan, region = line
    tree = skeleton_of(scan.array > -860 + 350)
    path = max(tree.branches, key=lambda branch: len(branch.path)).path
    stairs = shape_of(tree.coordinates[path] * np.array(scan.geometry.spacing[::-1])).metrics()
    assert stairs["distance_metric"] > 1.04
    assert stairs["sum_of_angles"] > 0.3
    smooth = longest(measure_vessels(scan, region, **FINE))
    assert smooth["distance_metric"] == pytest.approx(1, abs=0.002)
    assert smooth["sum_of_angles"] < 0.05


def test_smoothing_takes_half_of_a_winding_of_its_wavelength_and_little_of_one_thrice_as_long():
    z = np.linspace(0, 60, 2000)

    def left(wavelength: float) -> float:
        wavy = np.stack([np.sin(2 * np.pi * z / wavelength) * 1e-3, z], axis=1)
        return float(np.abs(smooth_path(wavy, step=0.05, wavelength=5.0)[300:-300, 0]).max() / 1e-3)

    assert left(5.0) == pytest.approx(0.5, abs=0.01)
    assert left(10.0) == pytest.approx(16 / 17, abs=0.01)
    assert left(15.0) == pytest.approx(81 / 82, abs=0.01)


# Rings, regions and the map


@pytest.fixture(scope="module")
def two(tubes: Callable, spot: Callable) -> tuple[Image, Segmentation]:
    """A straight vessel 5 mm from the region, a winding one 14 mm from it."""
    straight = along_z() + np.array([5.0, 0, 0])
    winding = helix(2.0, 12.0) + np.array([-14.0, 0, 0])
    return tubes([straight, winding]), spot()


def test_rings_weigh_vessels_by_the_length_they_have_there(two) -> None:
    found = measure_vessels(*two, ring_mm=(0, 9, 19), gap_mm=1, map_sigma_mm=0)
    assert list(found.regions.index) == ["ring 0-9 mm", "ring 9-19 mm", "ring 0-19 mm"]
    near, far, both = found.regions["distance_metric"]
    assert near == pytest.approx(1, abs=0.01)
    # The course within 9 mm is short: the straight one goes on in the outer ring.
    assert 1 < far < longest(found)["distance_metric"]
    lengths = found.vessels[[f"{name} (mm)" for name in found.regions.index]]
    inner, outer, together = lengths.to_numpy().T
    assert inner + outer == pytest.approx(together)
    # All lengths over all distances of ends.
    chords = together / found.vessels["distance_metric"]
    assert both == pytest.approx(together.sum() / chords.sum())
    assert found.regions["length_mm"].to_numpy() == pytest.approx(lengths.sum().to_numpy())


def test_rings_that_the_blurred_border_takes_from_are_told(two) -> None:
    found = measure_vessels(*two, ring_mm=(0, 2, 9, 19), gap_mm=4, map_sigma_mm=0)
    assert list(found.regions.index) == ["ring 2-9 mm", "ring 9-19 mm", "ring 0-19 mm"]
    told = "ring 0-2 mm is gone and ring 2-9 mm holds 4 to 9 mm"
    assert [told in note for note in found.notes].count(True) == 1
    beyond = measure_vessels(*two, ring_mm=(4, 9), gap_mm=4, map_sigma_mm=0)
    assert not any("left out, as its border" in note for note in beyond.notes)
    assert beyond.regions["volume_ml"].iloc[0] == found.regions["volume_ml"].iloc[0]


def test_pieces_of_one_length_do_not_wind_more_where_a_vessel_is_long(tubes, spot) -> None:
    radius, piece = 16.0, 15.0
    local = []
    for turn in (np.pi / 2, np.pi):  # the same bend, twice as long: as where two vessels join
        angle = np.linspace(-turn / 2, turn / 2, 500)
        course = radius * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
        found = measure_vessels(tubes([TURN.apply(course)]), spot(), **FINE, window_mm=piece)
        row = found.regions.iloc[-1]
        length = row["length_mm"]  # a skeleton ends a little before the tube does
        chord = 2 * radius * np.sin(length / radius / 2)
        assert row["distance_metric"] == pytest.approx(length / chord, rel=0.02)
        local.append(row["local_distance_metric"])
    expected = piece / (2 * radius * np.sin(piece / radius / 2))
    assert local == pytest.approx([expected, expected], rel=0.02)


def test_each_ring_has_the_pieces_that_lie_in_it() -> None:
    outside, pieces = np.linspace(0, 20, 41), np.repeat([1.0, 1.5, 3.0], [21, 10, 10])
    line = Vessel(np.zeros((41, 3)), pieces, outside, pieces, pieces, 40.0,
                  dict.fromkeys(METRICS, 2.0))  # fmt: skip
    none = np.empty(0)
    found = Found(np.empty((0, 3), np.intp), none, none, outside, 0.8)
    table = region_table([line], [Part("near", 0, 10), Part("far", 10, 20)], found)
    assert table["distance_metric"].tolist() == [2, 2]  # of the whole vessel
    # All lengths over all chords: pieces of 1.5 and of 3, as many of each, make 2.
    assert table["local_distance_metric"].tolist() == pytest.approx([1, 2])


def test_a_narrow_ring_sees_whole_vessels(two) -> None:
    narrow = measure_vessels(*two, ring_mm=(0, 7), gap_mm=1, map_sigma_mm=0)
    (line,) = [line for line in narrow.lines if (line.outside_mm < 7).any()]
    assert line.length_mm > 20  # within 7 mm there are no more than 10 mm of it
    assert narrow.regions["length_mm"].iloc[0] < 11


def test_vessels_are_cut_off_at_the_organ(two) -> None:
    scan, region = two
    labels = region.labels.copy()
    labels[:, :, scan.shape[2] // 2 - 4 :][labels[:, :, scan.shape[2] // 2 - 4 :] == 0] = 7
    found = measure_vessels(scan, replace(region, labels=labels), ring_mm=(0, 19), organ=7)
    assert len(found.lines) == 1
    assert found.vessels["distance_metric"].iloc[0] == pytest.approx(1, abs=0.01)
    assert found.map is not None
    assert np.isfinite(found.map.array[labels > 0]).any()
    assert not np.isfinite(found.map.array[labels == 0]).any()


def test_the_map_is_high_where_vessels_wind(two) -> None:
    scan, region = two
    found = measure_vessels(scan, region, ring_mm=(0, 19), gap_mm=1, map_sigma_mm=2)
    assert found.map.geometry == scan.geometry
    assert found.map.modality == "map"
    grid = scan.geometry
    middle = grid.index_to_world((np.array(grid.size) - 1) / 2)
    values = [
        found.map.array[tuple(np.rint(grid.world_to_index(middle + shift))[::-1].astype(int))]
        for shift in ([5.0, 0, 0], [-14.0, 0, 0], [20.0, 20.0, 0])
    ]
    assert values[0] == pytest.approx(1, abs=0.02)
    assert values[1] > 1.2
    assert np.isnan(values[2])  # no vessel is near


def test_a_region_is_looked_into_where_it_is_asked_for(two) -> None:
    scan, region = two
    whole = replace(region, labels=np.ones(scan.shape, np.uint8))
    found = measure_vessels(scan, whole, ring_mm=(), inside=True, map_sigma_mm=0)
    assert list(found.regions.index) == ["region"]
    assert len(found.lines) == 2
    assert found.regions.loc["region", "volume_ml"] == pytest.approx(
        scan.geometry.voxel_volume * scan.array.size / 1000, rel=0.05
    )


def test_dark_vessels_are_bright_ones_upside_down(two) -> None:
    scan, region = two
    bright = measure_vessels(scan, region, ring_mm=(0, 19))
    dark = measure_vessels(
        replace(scan, array=-scan.array), region, ring_mm=(0, 19), vessels="dark"
    )
    pd.testing.assert_frame_equal(bright.vessels, dark.vessels, rtol=1e-6)


def test_grids_with_other_axes_give_the_same_numbers(two) -> None:
    scan, region = two
    grid = scan.geometry
    flipped = Geometry(
        grid.size, grid.spacing, tuple(grid.index_to_world([grid.size[0] - 1, 0, 0])),
        (-1, 0, 0, 0, 1, 0, 0, 0, 1),
    )  # fmt: skip
    mirrored = measure_vessels(
        Image(scan.array[:, :, ::-1], flipped),
        Segmentation(region.labels[:, :, ::-1], flipped),
        ring_mm=(0, 19),
    )
    found = measure_vessels(scan, region, ring_mm=(0, 19))
    assert mirrored.regions["distance_metric"].iloc[0] == pytest.approx(
        found.regions["distance_metric"].iloc[0], rel=0.01
    )
    one, two = (np.concatenate(x.centerlines) for x in (found, mirrored))
    assert np.median(cKDTree(one).query(two)[0]) < 0.2  # at the same place in the patient


def test_the_history_goes_with_the_tables_the_map_and_the_points(two) -> None:
    found = measure_vessels(*two, ring_mm=(0, 19), vesselness="frangi")
    for part in (found, found.map):
        assert part.history[-1].settings["vesselness"] == "frangi"
    for table in (found.regions, found.vessels, found.points()):
        assert table.attrs["history"] == found.history
    assert set(found.regions.attrs["units"]) == set(found.regions.columns)
    points = found.points()
    assert len(points) == sum(map(len, found.centerlines))
    assert points.index.nunique() == len(found.vessels)


# Real and simulated scans


def test_retina_end_to_end() -> None:
    from skimage.data import retina

    green = retina()[::2, ::2, 1].astype(np.float32)
    grid = Geometry((*green.shape[::-1], 1), (0.02, 0.02, 1.0))
    y, x = np.indices(green.shape)
    eye = np.hypot(y - 352, x - 352) < 320
    eye &= np.hypot(y - 329, x - 128) > 50  # without the disc
    found = measure_vessels(
        Image(green[None], grid),
        Segmentation(eye[None].astype(np.uint8), grid),
        ring_mm=(), inside=True, vessels="dark",
        scales_mm=(0.03, 0.045, 0.07), gap_mm=0.05, min_length_mm=0.5,
        window_mm=1, map_sigma_mm=0.2,
    )  # fmt: skip
    row = found.regions.loc["region"]
    assert 60 < row["vessels"] < 200
    assert 1.02 < row["distance_metric"] < 1.15  # those of a healthy eye bend a little
    assert row["torsion"] == 0  # a slice has none
    assert 1.1 < row["fractal_dimension"] < 1.8
    assert 0.03 < row["radius_mm"] < 0.08
    # What lies on the centerlines is darker than what lies beside them.
    points = np.concatenate(found.centerlines)[:, :2] / 0.02
    on = green[tuple(np.rint(points[:, ::-1]).astype(int).T)]
    assert np.median(on) < np.median(green[eye]) - 10
    assert found.map.array.shape == (1, *green.shape)
    assert found.regions.attrs["units"]["length_density"] == "mm/cm²"


def test_noise_and_blur_of_the_scanner_move_the_measure_little(tubes, spot) -> None:
    courses = [helix(1.8, 11.0) + np.array([x, y, 0]) for x, y in ((-9, -9), (9, 9))]
    grid = Geometry((30, 30, 23), (1.6, 1.6, 2.0))
    quiet, noisy = (
        measure_vessels(
            tubes(courses, radius=1.3, geometry=grid, blur_mm=0.7, noise=noise),
            spot(grid), ring_mm=(0, 22), gap_mm=0, map_sigma_mm=0,
        ).regions["distance_metric"].iloc[0]
        for noise in (5.0, 40.0)
    )  # fmt: skip
    assert noisy == pytest.approx(quiet, rel=0.03)
    assert quiet == pytest.approx(np.sqrt(1 + (2 * np.pi * 1.8 / 11) ** 2), rel=0.1)


@pytest.mark.slow
def test_planted_tortuosity_of_the_sample_cohort_is_found() -> None:
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))["patients"]
    scans = pd.read_csv(SAMPLE / "scans.csv").query("modality == 'CT' and timepoint == 't0'")
    drawn = pd.read_csv(SAMPLE / "segmentations.csv").query("reader == 'R1'")
    drawn = drawn.set_index("scan_id")["path"]
    planted, measured = [], []
    for scan in scans.itertuples():
        found = measure_vessels(
            read(SAMPLE / scan.path),
            read(SAMPLE / drawn[scan.scan_id], kind="segmentation"),
            map_sigma_mm=0,
        )
        planted.append(truth[scan.patient_id]["distance_metric"])
        measured.append(found.regions["local_distance_metric"].iloc[-1])
    assert len(planted) == 8
    assert spearmanr(planted, measured).statistic >= 0.8  # as fields of the cohort are asked for


# What goes wrong


def test_no_vessel_is_an_answer_and_says_what_to_do(spot) -> None:
    grid = Geometry((30, 30, 30))
    flat = Image(np.random.default_rng(0).normal(0, 1, grid.shape), grid)
    found = measure_vessels(flat, spot(grid), ring_mm=(0, 10))
    assert found.lines == ()
    assert found.regions["length_mm"].tolist() == [0]
    assert np.isnan(found.regions["distance_metric"]).all()
    assert np.isnan(found.map.array).all()
    assert len(found.points()) == 0
    assert "No vessel of 8 mm" in found.notes[-1]
    assert "Lower the threshold" in found.notes[-1]


def test_thick_slices_and_rings_beyond_the_scan_are_said(two, spot) -> None:
    found = measure_vessels(*two, ring_mm=(0, 60))
    assert any("the scan ends" in note for note in found.notes)
    thick = Geometry((30, 30, 8), (1.0, 1.0, 5.0))
    scan = Image(np.random.default_rng(0).normal(0, 1, thick.shape), thick)
    notes = measure_vessels(scan, spot(thick), ring_mm=(0, 10)).notes
    assert any("5 mm apart" in note and "says little" in note for note in notes)


def test_voxels_without_a_value_hold_no_vessel(two) -> None:
    scan, region = two
    array = scan.array.copy()
    array[:, :, : scan.shape[2] // 2] = np.nan  # the side of the winding one
    found = measure_vessels(replace(scan, array=array), region, ring_mm=(0, 19), gap_mm=1)
    assert len(found.lines) == 1
    assert found.vessels["distance_metric"].iloc[0] == pytest.approx(1, abs=0.01)
    assert any("have no value" in note for note in found.notes)
    with pytest.raises(InputError, match="No voxel near the region has a value"):
        measure_vessels(replace(scan, array=np.full(scan.shape, np.nan)), region)


def test_slices_that_were_missing_hold_no_vessel(two) -> None:
    scan, region = two
    blank = replace(scan, blank_slices=tuple(range(scan.shape[0] // 2 - 2, scan.shape[0])))
    found = measure_vessels(blank, region, ring_mm=(0, 19), gap_mm=1)
    last = scan.geometry.index_to_world([0, 0, scan.shape[0] // 2 - 2])[2]
    assert max(points[:, 2].max() for points in found.centerlines) < last


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ring_mm": (5,)}, "two or more"),
        ({"ring_mm": (5, 2)}, "rising"),
        ({"ring_mm": (0, 1)}, "The ring ends 1 mm"),
        ({"ring_mm": ()}, "two or more"),
        ({"scales_mm": ()}, "above 0"),
        ({"scales_mm": (0, 1)}, "above 0"),
        ({"low_share": 0}, "low_share is a number, from 0.1 to 1"),
        ({"smoothing_mm": -1}, "smoothing_mm is a number of mm, 0 or more; got -1"),
        ({"window_mm": 0}, "window_mm is a number of mm, 1 or more; got 0"),
        ({"spacing_mm": 0}, "spacing_mm is a number of mm, 0.01 or more; got 0"),
        ({"vesselness": "satto"}, 'Did you mean "sato"'),
        ({"label": 9}, "Label 9 does not occur"),
        ({"organ": 9}, "Label 9 does not occur"),
        ({"label": 1, "organ": 1}, "cannot be both"),
        ({"organ": 1}, "holds no region"),
        ({"spacing_mm": 0.02}, "Make spacing_mm larger"),
    ],
)
def test_settings_that_mean_nothing_are_refused(two, settings, message) -> None:
    with pytest.raises(InputError, match=message):
        measure_vessels(*two, **settings)


def test_regions_that_cannot_be_measured_are_refused(two) -> None:
    scan, region = two
    empty = replace(region, labels=np.zeros_like(region.labels))
    with pytest.raises(InputError, match="^The segmentation holds no region"):
        measure_vessels(scan, replace(empty, name=""))
    full = replace(region, labels=np.ones_like(region.labels))
    with pytest.raises(InputError, match="Nothing is left to look for vessels in"):
        measure_vessels(scan, full)
    other = Geometry(scan.geometry.size, (1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="Resample the segmentation"):
        measure_vessels(scan, replace(region, geometry=other))
    series = Image(scan.array[None], scan.geometry, fourth_axis="time")
    with pytest.raises(InputError, match="holds 1 volumes"):
        measure_vessels(series, region)


def test_it_can_be_cancelled(two) -> None:
    asked = iter([False] * 4 + [True] * 100)
    progress = reporting(lambda *_: None, cancelled=lambda: next(asked))
    with pytest.raises(Cancelled):
        measure_vessels(*two, ring_mm=(0, 19), progress=progress)
