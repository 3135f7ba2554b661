"""Habitats: planted ones are found, in an order that stays, with numbers that say how sure."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from napari_radiogenomics import (
    HabitatModel,
    find_habitats,
    habitat_model,
    load_patient,
    open_cohort,
    read,
    texture_maps,
    write,
)
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.radiomics.clusterer import CLUSTERERS
from napari_radiogenomics.radiomics.habitat_model import fit_habitats

SHAPE = (6, 20, 18)
GRID = Geometry(SHAPE[::-1], (0.8, 0.8, 3.0))
METHODS = ["gaussian_mixture", "kmeans"]


def planted(n: int = 3, *, apart: float = 6.0, seed: int = 0):
    """Two maps with n habitats side by side, and the habitats; the last of them lowest."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(SHAPE, int)
    truth[1:5, 2:17, 2:17] = 1
    stripe = np.minimum(np.arange(SHAPE[2]) * n // SHAPE[2], n - 1)
    hidden = np.where(truth > 0, n - stripe, 0)
    flow = 100 + 10 * apart * hidden + rng.normal(0, 10, SHAPE)
    place = np.array([0, 3, 1, 4, 2])[hidden]
    water = 1e-3 * (10 * apart * place + rng.normal(0, 10, SHAPE))
    maps = {"flow": Image(flow, GRID, unit="mL"), "water": Image(water, GRID)}
    region = Segmentation(
        truth.astype(np.uint8), GRID, (Label(1, "tumour"),), name="R1", metadata={"scan_id": "s1"}
    )
    return maps, region, hidden


def agreement(found: Segmentation, hidden: np.ndarray) -> float:
    inside = hidden > 0
    return float(adjusted_rand_score(hidden[inside], found.labels[inside]))


def test_every_method_is_tested() -> None:
    assert CLUSTERERS.names() == METHODS


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 3, 4])
def test_planted_habitats_and_their_number_are_found(n, method) -> None:
    maps, region, hidden = planted(n)
    found = find_habitats(maps, region, n="auto", method=method)
    assert found.present == tuple(range(1, n + 1))
    assert agreement(found, hidden) > 0.97
    # In the order of the first map, which is that of the planted ones.
    np.testing.assert_array_equal(found.labels[hidden > 0] > 0, True)
    assert (found.labels == hidden).mean() > 0.99
    scores = found.metadata["habitats"]["scores"]
    assert max(scores, key=scores.get) == n


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_habitats_and_units_do_not_matter(method) -> None:
    maps, region, _ = planted(3, apart=3)
    first = find_habitats(maps, region, method=method, n=4)
    again = find_habitats(maps, region, method=method, n=4)
    np.testing.assert_array_equal(first.labels, again.labels)
    other = {"flow": maps["flow"], "water": replace(maps["water"], array=maps["water"].array * 1e6)}
    scaled = find_habitats(other, region, method=method, n=4)
    assert adjusted_rand_score(first.labels.ravel(), scaled.labels.ravel()) > 0.99


def test_the_number_of_a_mixture_may_be_one() -> None:
    rng = np.random.default_rng(1)
    _, region, hidden = planted(2)
    even = Image(rng.normal(0, 1, SHAPE), GRID, name="even")
    assert find_habitats([even], region, method="gaussian_mixture").present == (1,)
    split = find_habitats([even, Image(rng.normal(0, 1, SHAPE), GRID, name="odd")], region, n=3)
    assert split.present == (1, 2, 3)
    assert not any("hardly apart" in note for note in split.notes)  # 0.3: a cloud cut in three
    cube = {f"m{i}": Image(rng.normal(0, 1, SHAPE), GRID) for i in range(6)}
    assert "hardly apart" in find_habitats(cube, region, n=2).notes[-1]
    assert agreement(split, hidden) < 0.1


def test_bic_and_likeliest_habitat_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.normal(0, 1, (300, 3)), rng.normal(3, 2, (200, 3))])
    oracle = GaussianMixture(2, random_state=0).fit(points)
    arrays = {
        "means": oracle.means_, "covariances": oracle.covariances_, "weights": oracle.weights_
    }  # fmt: skip
    method = CLUSTERERS["gaussian_mixture"]
    np.testing.assert_array_equal(method.assign(points, arrays), oracle.predict(points))
    assert method.score(points, arrays, 0) == pytest.approx(-oracle.bic(points), rel=1e-9)


def test_a_result_carries_names_shares_means_source_and_history(tmp_path) -> None:
    maps, region, hidden = planted(3)
    found = find_habitats(maps, region)
    assert [label.name for label in found.scheme] == [
        "Habitat 1 (low flow)", "Habitat 2 (average flow)", "Habitat 3 (high flow)"
    ]  # fmt: skip
    inside = hidden > 0
    for label in found.scheme:
        own = found.labels == label.value
        assert label.metadata["share"] == pytest.approx(own.sum() / inside.sum())
        assert label.metadata["means"]["flow"] == pytest.approx(maps["flow"].array[own].mean())
    assert sum(label.metadata["share"] for label in found.scheme) == pytest.approx(1)
    assert found.name == "Habitats of R1"
    assert found.metadata["scan_id"] == "s1"
    assert found.notes[0] == "Habitats are numbered by their mean of flow, lowest first."
    (record,) = found.history
    assert record.verb == "find_habitats"
    assert record.settings["method"] == "kmeans"
    path = write(found, tmp_path / "habitats.nrrd")
    again = read(path, kind="segmentation")
    np.testing.assert_array_equal(again.labels, found.labels)
    assert [label.name for label in again.scheme] == [label.name for label in found.scheme]


@pytest.mark.parametrize(
    ("feature", "short"),
    [
        ("original_glcm_Contrast", "GLCM Contrast"),  # NGTDM has one too
        ("log-sigma-3-0-mm-3D_firstorder_Mean", "Mean log-sigma-3-0-mm-3D"),
        ("ADC", "ADC"),
    ],
)
def test_names_say_where_a_habitat_lies_in_the_map_that_orders_them(feature, short) -> None:
    means = np.array([[-2.0, 5], [-1.0, 0], [0.1, -5], [0.3, 0]])
    model = HabitatModel((feature, "b"), np.zeros(2), np.ones(2), "kmeans", {"means": means})
    words = ("lowest", "low", "average", "high")
    assert model.names == tuple(f"Habitat {k} ({x} {short})" for k, x in enumerate(words, 1))


@pytest.mark.parametrize("features", [("a",), ("a", "b")])
def test_no_two_habitats_are_described_alike(features) -> None:
    first = [-3.0, -2.0, -1.0, -0.1, 0.0, 0.1, 1.0, 2.0, 3.0, 4.0]
    means = np.stack([first, np.tile([3.0, 1.0, 2.0, 0.0, 4.0], 2)], axis=1)[:, : len(features)]
    model = HabitatModel(features, np.zeros(2), np.ones(2), "kmeans", {"means": means})
    said = [name.partition(" (")[2].rstrip(")") for name in model.names]
    assert said[:3] == ["lowest a", "2nd lowest a", "low a"]
    assert said[6:] == ["high a", "3rd highest a", "2nd highest a", "highest a"]
    assert len(set(said)) == len(said)
    if len(features) == 2:  # they have 0, 4 and 3 in the other map
        ranks = ("lowest", "highest", "middle")
        assert said[3:6] == [f"average a, {rank} b of these 3" for rank in ranks]


def test_average_habitats_are_compared_with_each_other_alone() -> None:
    means = np.array([[-1.0, 0.0], [-0.1, 0.2], [0.1, 0.9], [1.0, -4.0]])  # the last: lowest b
    model = HabitatModel(("a", "b"), np.zeros(2), np.ones(2), "kmeans", {"means": means})
    said = [name.partition(" (")[2].rstrip(")") for name in model.names]
    assert said == ["low a", "average a, lower b", "average a, higher b", "high a"]
    four = np.array([[0.0, b] for b in (3.0, 1.0, 4.0, 2.0)])
    model = HabitatModel(("a", "b"), np.zeros(2), np.ones(2), "kmeans", {"means": four})
    ranks = ("3rd lowest", "lowest", "highest", "2nd lowest")
    assert [name[11:-1] for name in model.names] == [
        f"average a, {rank} b of these 4" for rank in ranks
    ]


def test_the_most_that_were_tried_are_told_where_they_fit_best() -> None:
    maps, region, _ = planted(4)
    told = "4 habitats, the most that were tried, have the best −BIC"
    for max_n, is_told in ((4, True), (6, False)):
        found = find_habitats(maps, region, method="gaussian_mixture", max_n=max_n)
        assert len(found.present) == 4
        assert any(told in note and "Raise max_n" in note for note in found.notes) == is_told
    fixed = find_habitats(maps, region, n=4, method="gaussian_mixture")
    assert not any("most that were tried" in note for note in fixed.notes)


def test_the_only_number_that_was_tried_is_told() -> None:
    maps, region, _ = planted(2)
    told = "No other number than 2 habitats was tried (max_n = 2)"
    model = habitat_model([(maps, region)], max_n=2)
    for settings, is_told in (
        ({"n": "auto", "max_n": 2}, True),
        ({"n": 2, "max_n": 2}, False),
        ({"n": "auto", "max_n": 3}, False),
        ({"model": model}, True),
        ({"model": habitat_model([(maps, region)], n=2)}, False),
    ):
        found = find_habitats(maps, region, **settings)
        assert len(found.present) == 2
        assert any(told in note for note in found.notes) == is_told, settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 5}, "n is 5, and that of the habitat model is 2"),
        ({"method": "gaussian_mixture"}, "method is gaussian_mixture, and that"),
        ({"limits": (0, 1)}, "limits is (0.0, 1.0), and that of the habitat model is None"),
        ({"edge_mm": 2}, "edge_mm is 2.0, and that of the habitat model is 0.0"),
        ({"smooth_mm": 1}, "smooth_mm is 1.0"),
    ],
)
def test_settings_that_are_not_those_of_the_model_are_refused(given, said) -> None:
    maps, region, _ = planted(2)
    model = habitat_model([(maps, region)], n=2)
    with pytest.raises(InputError, match=re.escape(said)):
        find_habitats(maps, region, model=model, **given)
    expected = find_habitats(maps, region, model=model).labels
    np.testing.assert_array_equal(
        find_habitats(maps, region, model=model, n=2, method="kmeans").labels, expected
    )


def test_voxels_without_a_value_have_no_habitat_and_are_counted() -> None:
    maps, region, hidden = planted(2)
    maps["flow"].array[2, 3, 3:6] = np.nan
    found = find_habitats(maps, region, n=2)
    assert (found.labels[2, 3, 3:6] == 0).all()
    total = int((hidden > 0).sum())
    assert f"3 of {total} voxels have no value in some map and no habitat." in found.notes
    assert (found.labels > 0).sum() == total - 3


def test_a_label_is_chosen_as_elsewhere() -> None:
    maps, _, hidden = planted(2)
    labels = np.where(hidden == 1, 5, np.where(hidden == 2, 7, 0)).astype(np.uint8)
    two = Segmentation(labels, GRID)
    with pytest.raises(InputError, match="several labels"):
        find_habitats(maps, two)
    found = find_habitats(maps, two, label=7, n=2)
    np.testing.assert_array_equal(found.labels > 0, hidden == 2)


def test_habitats_of_a_cohort_are_the_same_in_every_patient(tmp_path) -> None:
    whole = [planted(3, seed=n) for n in range(3)]
    one, region, hidden = planted(3, seed=9)
    part = replace(region, labels=np.where(hidden == 3, 1, 0).astype(np.uint8))
    model = habitat_model((maps, region) for maps, region, _ in whole)
    assert (model.n, model.n_cases, model.within) == (3, 3, "cohort")
    assert model.history[0].verb == "habitat_model"
    # A patient who has one of the three alone gets that one, and no others.
    assert find_habitats(one, part, model=model).present == (3,)
    again = HabitatModel.load(model.save(tmp_path / "model.json"))
    assert again.history == model.history
    assert again.scores == model.scores
    for maps in (one, dict(reversed(one.items()))):  # the order of the maps does not matter
        found = find_habitats(maps, region, model=again)
        np.testing.assert_array_equal(found.labels, find_habitats(one, region, model=model).labels)
    assert agreement(found, hidden) > 0.97
    np.testing.assert_allclose(model.centers[:, 0], [160, 220, 280], rtol=0.02)


def test_where_a_value_means_another_thing_in_each_scan_cases_are_standardized_alone() -> None:
    cases = [planted(2, seed=n) for n in range(4)]
    signal = [
        ({"flow": replace(maps["flow"], array=maps["flow"].array * gain + 1000 * gain)}, region)
        for gain, (maps, region, _) in zip((1, 3, 10, 0.2), cases, strict=True)
    ]
    alone = habitat_model(signal, n=2, within="case")
    together = habitat_model(signal, n=2)
    for (maps, region), (_, _, hidden) in zip(signal, cases, strict=True):
        assert agreement(find_habitats(maps, region, model=alone), hidden) > 0.97
        assert agreement(find_habitats(maps, region, model=together), hidden) < 0.1


def test_a_large_tumor_has_no_more_say_than_a_small_one() -> None:
    rng = np.random.default_rng(0)
    small, large = rng.normal(0, 1, (200, 1)), rng.normal(50, 1, (20_000, 1))
    model = fit_habitats([small, large], ["x"], n=2)
    assert model.n_points == 400
    np.testing.assert_allclose(model.centers.ravel(), [0, 50], atol=0.3)


@pytest.fixture
def sample() -> Cohort:
    """The simulated cohort of the checkout."""
    folder = Path(__file__).parents[2] / "sample_data" / "cohort"
    if not folder.is_dir():
        pytest.skip("the sample cohort is not in this checkout")
    return open_cohort(folder)


def test_the_regions_of_a_simulated_tumour_are_found_in_four_channels(sample: Cohort) -> None:
    data = load_patient(sample, "P006", timepoint="t0", slides=False)
    drawn = data.segmentations[0]
    inside = drawn.labels > 0
    tumour = replace(drawn, labels=inside.astype(np.uint8), scheme=())
    scans = {scan.metadata["role"]: scan for scan in data.scans}
    found = find_habitats(scans, tumour, n=3, method="gaussian_mixture")
    assert adjusted_rand_score(drawn.labels[inside], found.labels[inside]) > 0.5
    shuffled = np.random.default_rng(0).permutation(found.labels[inside])
    assert abs(adjusted_rand_score(drawn.labels[inside], shuffled)) < 0.02


def test_planted_habitats_of_the_sample_cohort_are_found(sample: Cohort) -> None:
    """Necrotic core and viable rim of the simulated brain tumors, from their scans alone."""
    cases, hidden = [], []
    for patient in ("P006", "P007", "P009", "V003"):
        data = load_patient(sample, patient, timepoint="t0", slides=False)
        drawn = data.segmentations[0]
        truth = np.where(np.isin(drawn.labels, (1, 3)), drawn.labels, 0)  # core, viable tumor
        region = Segmentation((truth > 0).astype(np.uint8), drawn.geometry)
        maps = {
            scan.metadata["scan_id"].rpartition("-")[2]: next(
                iter(
                    texture_maps(scan, region, families=["firstorder"], features=["Mean"]).values()
                )
            )
            for scan in data.scans
        }
        cases.append((maps, region))
        hidden.append(truth)
    model = habitat_model(cases, n=2, within="case")
    found = [
        agreement(find_habitats(maps, region, model=model), truth)
        for (maps, region), truth in zip(cases, hidden, strict=True)
    ]
    assert min(found) > 0.45
    assert np.mean(found) > 0.65
    enhanced = [
        agreement(find_habitats([maps["T1c"]], region, n=2, method="gaussian_mixture"), truth)
        for (maps, region), truth in zip(cases, hidden, strict=True)
    ]
    assert np.mean(enhanced) > 0.7


def test_the_core_of_a_lung_tumor_is_found_where_air_at_its_edge_does_not_count(
    sample: Cohort, tmp_path
) -> None:
    cases, hidden = [], []
    for patient in ("P001", "P002", "P003", "P004"):
        data = load_patient(sample, patient, timepoint="t0", slides=False)
        drawn = data.segmentations[0]
        cases.append(
            (
                {"CT": data.scans[0]},
                replace(drawn, labels=np.isin(drawn.labels, (1, 3)).astype(np.uint8), scheme=()),
            )
        )
        hidden.append(drawn.labels == 1)

    def overlap(found: Segmentation, core: np.ndarray) -> float:
        low = found.labels == 1
        core = core & (found.labels > 0)
        return 2 * (low & core).sum() / (low.sum() + core.sum())

    settings = {"n": 2, "method": "gaussian_mixture"}
    plain = habitat_model(cases, **settings)
    model = habitat_model(cases, **settings, edge_mm=2.6, smooth_mm=1.5)
    model = HabitatModel.load(model.save(tmp_path / "model.json"))
    scores = [
        [overlap(find_habitats(*case, model=which), core) for which in (plain, model)]
        for case, core in zip(cases, hidden, strict=True)
    ]
    without, with_edge = np.mean(scores, axis=0)
    assert without < 0.05  # the low habitat is air
    assert with_edge > 0.55
    found = find_habitats(*cases[0], model=model)
    assert "lie at the edge or beyond the limits" in found.notes[1]


def test_voxels_beyond_limits_and_at_the_edge_have_no_habitat_and_maps_are_smoothed() -> None:
    grid = Geometry((9, 9, 9), spacing=(1.0, 1.0, 3.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:8, 1:8, 1:8] = 1
    rng = np.random.default_rng(0)
    array = np.where(np.arange(9) < 4, 10.0, 20.0) + rng.normal(0, 2, grid.shape)
    array[4, 4, 4] = -900
    region, scan = Segmentation(labels, grid), Image(array, grid, name="CT")
    found = find_habitats([scan], region, n=2, limits=[-100, 100], edge_mm=1.0)
    expected = np.zeros(grid.shape, bool)
    expected[1:8, 2:7, 2:7] = True  # slices are 3 mm apart: their edge is farther than 1 mm
    expected[4, 4, 4] = False
    np.testing.assert_array_equal(found.labels > 0, expected)
    assert f"{7**3 - expected.sum()} of 343 voxels lie at the edge" in found.notes[1]
    halves = np.where(np.arange(9) < 4, 1, 2)[None, None] * expected
    wrong = [
        np.mean(
            find_habitats([scan], region, n=2, limits=[-100, 100], edge_mm=1.0, smooth_mm=mm).labels
            != halves
        )
        for mm in (0.0, 1.0)
    ]
    assert wrong[1] < wrong[0]
    for change, message in (
        ({"edge_mm": -1}, "edge_mm is a number of mm, 0 or more"),
        ({"limits": [3, 1]}, "lowest and the highest"),
        ({"limits": [500, 600]}, "Widen the limits"),
        ({"edge_mm": 500}, "edge_mm is 500 mm, and the deepest voxel lies 4 mm"),
    ):
        with pytest.raises(InputError, match=message):
            find_habitats([scan], region, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": {}}, "There is no map"),
        ({"n": 0}, "n is a whole number, from 1 to 20; got 0"),
        ({"n": 21}, "n is a whole number, from 1 to 20; got 21"),
        ({"n": 2.5}, "got 2.5"),
        ({"n": "many"}, "got 'many'"),
        ({"n": float("nan")}, "got nan"),
        ({"n": None, "max_n": 1}, "max_n is a whole number, from 2 to 20; got 1"),
        ({"maps": [np.ones(SHAPE)]}, "map 1 is ndarray where Image is needed"),
        ({"method": "kmean"}, 'Did you mean "kmeans"'),
        ({"label": 4}, "Label 4 does not occur"),
        ({"maps": {"flat": Image(np.ones(SHAPE), GRID)}}, "flat is the same in every voxel"),
        ({"maps": {"gone": Image(np.full(SHAPE, np.nan), GRID)}}, "gone has the fewest"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change, message) -> None:
    maps, region, _ = planted(2)
    settings = {"n": 2, **change}
    with pytest.raises(InputError, match=re.escape(message)):
        find_habitats(settings.pop("maps", maps), region, **settings)


def test_grids_names_and_small_regions_are_minded() -> None:
    maps, region, _ = planted(2)
    other = Image(np.zeros((2, 2, 2)), Geometry((2, 2, 2)))
    with pytest.raises(GeometryError):
        find_habitats({**maps, "other": other}, region)
    with pytest.raises(InputError, match='Two maps are called "flow"'):
        find_habitats([replace(maps["flow"], name="flow")] * 2, region)
    with pytest.raises(InputError, match="got a single Image"):
        find_habitats(maps["flow"], region)  # type: ignore[arg-type]
    labels = np.zeros(SHAPE, np.uint8)
    labels[2, 2, 2:4] = 1
    with pytest.raises(InputError, match="2 different voxels, too few for 3"):
        find_habitats(maps, Segmentation(labels, GRID), n=3)
    assert find_habitats(maps, Segmentation(labels, GRID)).present == (1, 2)


def test_a_model_fits_only_the_maps_it_was_made_of(tmp_path) -> None:
    maps, region, _ = planted(2)
    model = habitat_model([(maps, region)], n=2)
    with pytest.raises(InputError, match="needs the map water"):
        find_habitats({"flow": maps["flow"]}, region, model=model)
    with pytest.raises(InputError, match="Case 2 .* has the maps flow, the first has flow, water"):
        habitat_model([(maps, region), ({"flow": maps["flow"]}, region)])
    with pytest.raises(InputError, match="no case"):
        habitat_model([])
    with pytest.raises(InputError, match="cannot be read"):
        HabitatModel.load(tmp_path / "none.json")
    path = model.save(tmp_path / "model.json")
    content = json.loads(path.read_text())
    for damage in ({"format": 9}, {"method": "magic"}, {"features": ["flow"]}, {"center": "x"}):
        path.write_text(json.dumps({**content, **damage}))
        with pytest.raises(InputError, match="not a habitat model"):
            HabitatModel.load(path)


def test_cancel_stops_between_numbers() -> None:
    maps, region, _ = planted(2)
    with pytest.raises(Cancelled):
        find_habitats(maps, region, progress=reporting(lambda *_: None, cancelled=lambda: True))
