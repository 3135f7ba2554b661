"""The classifier: what it sees, learns, saves and refuses."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from napari_radiogenomics import (
    Geometry,
    Image,
    Label,
    PixelClassifier,
    Segmentation,
    classify_pixels,
)
from napari_radiogenomics.errors import Cancelled, GeometryError, InputError
from napari_radiogenomics.io import model_archive
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.segmentation import pixel_features as module
from napari_radiogenomics.segmentation.forest import Forest
from napari_radiogenomics.segmentation.pixel_features import (
    Recipe,
    pixel_features,
    symmetric_eigenvalues,
)

GRID = Geometry((26, 22, 9), (1.0, 1.5, 4.0))
SPACING = GRID.spacing[::-1]
SCHEME = (Label(1, "tumour", (200, 0, 0)), Label(7, "elsewhere", (0, 0, 200)))
ALL = tuple(slice(0, n) for n in GRID.shape)


def ball(radius=8.0) -> np.ndarray:
    steps = np.reshape(SPACING, (3, 1, 1, 1))
    middle = np.reshape((4, 11, 13), (3, 1, 1, 1))
    return np.linalg.norm((np.indices(GRID.shape) - middle) * steps, axis=0) <= radius


def scan(name="T1c", *, gain=1.0, offset=0.0, seed=0, **more) -> Image:
    """A ball whose mean is that of its surroundings and whose texture is not."""
    noise = np.random.default_rng(seed).normal(0, 1, GRID.shape)
    values = 100 + np.where(ball(), 12 * noise, noise)
    return Image(gain * values + offset, GRID, name=name, **more)


def strokes(first=1, second=7) -> Segmentation:
    labels = np.zeros(GRID.shape, np.uint8)
    labels[4, 10:13, 9:18], labels[4, 1:3, 2:24] = first, second
    return Segmentation(labels, GRID, SCHEME)


@pytest.fixture(scope="module")
def learned() -> PixelClassifier:
    return PixelClassifier().fit([scan()], strokes())


# What it sees


@given(st.lists(st.floats(-50, 50), min_size=6, max_size=6))
def test_eigenvalues_are_those_of_lapack(entries):
    a, b, c, d, e, f = entries
    found = symmetric_eigenvalues([np.array(x) for x in entries])
    expected = np.linalg.eigvalsh([[a, b, c], [b, d, e], [c, e, f]])[::-1]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_features_are_those_of_scipy():
    values = np.random.default_rng(1).random(GRID.shape).astype(np.float32)
    names = Recipe((2.0,)).names(["a"])
    table = pixel_features([values], SPACING, ALL, Recipe((2.0,)))
    found = {n[2:]: table[:, i].reshape(GRID.shape) for i, n in enumerate(names)}
    sigma = [2 / step for step in SPACING]
    exact = values.astype(float)
    mean = ndimage.gaussian_filter(exact, sigma, truncate=3, mode="nearest")
    spread = ndimage.gaussian_filter(exact**2, sigma, truncate=3, mode="nearest") - mean**2
    slopes = np.gradient(mean, *SPACING)
    np.testing.assert_allclose(found["value"], values)
    np.testing.assert_allclose(found["mean 2 mm"], mean, atol=1e-6)
    np.testing.assert_allclose(found["deviation 2 mm"] ** 2, spread, atol=1e-6)
    steep = 2 * np.sqrt(sum(s**2 for s in slopes))
    np.testing.assert_allclose(found["gradient 2 mm"], steep, atol=1e-5)
    laplacian = 4 * sum(np.gradient(s, d, axis=a) for a, (s, d) in enumerate(zip(slopes, SPACING)))  # noqa: B905
    np.testing.assert_allclose(found["laplacian 2 mm"], laplacian, atol=1e-5)


def test_a_slope_in_mm_is_the_same_along_thick_and_thin_voxels():
    z, y, x = np.indices(GRID.shape) * np.reshape(SPACING, (3, 1, 1, 1))
    box = (slice(4, 5), slice(10, 11), slice(12, 13))
    for along in (z, y, x):
        ramp = (along / 50).astype(np.float32)
        found = pixel_features([ramp], SPACING, box, Recipe((1.0,)))
        assert found[0, 2] == pytest.approx(1 / 50, rel=1e-5)


def test_entropy_counts_the_voxels_of_the_window():
    values = np.zeros(GRID.shape, np.float32)
    values[:, :, 13:] = 0.99
    found = pixel_features([values], SPACING, ALL, Recipe((1.0,)))[:, -1].reshape(GRID.shape)
    # 2 mm are 2 voxels of 1 mm: at x = 12 two of five columns are bright
    share = np.array([2 / 5, 3 / 5])
    assert found[4, 11, 12] == pytest.approx(-(share * np.log2(share)).sum(), rel=1e-5)
    assert found[4, 11, 5] == 0


def test_the_position_is_in_mm_of_the_patient():
    turned = Geometry((4, 3, 2), (1, 2, 5), (9, 9, 9), (0, -1, 0, 1, 0, 0, 0, 0, 1))
    values = np.zeros(turned.shape, np.float32)
    box = tuple(slice(0, n) for n in turned.shape)
    recipe = Recipe((1.0,), position=True)
    found = pixel_features([values], (5, 2, 1), box, recipe, affine=turned.affine)[:, -3:]
    k, j, i = (a.ravel() for a in np.indices(turned.shape))
    world = turned.index_to_world(np.stack([i, j, k], axis=1))
    np.testing.assert_allclose(found, world - world.mean(axis=0), atol=1e-5)
    assert recipe.names(["a"])[-3:] == ["x", "y", "z"]


@settings(max_examples=25)
@given(st.data())
def test_a_box_has_the_features_that_the_whole_scan_has_there(data):
    values = np.random.default_rng(2).random(GRID.shape).astype(np.float32)
    box = []
    for size in GRID.shape:
        start = data.draw(st.integers(0, size - 1))
        box.append(slice(start, data.draw(st.integers(start + 1, size))))
    recipe = Recipe((1.0, 3.0))
    whole = pixel_features([values], SPACING, ALL, recipe).reshape(*GRID.shape, -1)
    part = pixel_features([values], SPACING, tuple(box), recipe)
    expected = whole[tuple(box)]
    np.testing.assert_array_equal(part, expected.reshape(-1, expected.shape[-1]))


def test_scales_are_lengths():
    for wrong in ((), (0.0,), (1.0, float("nan"))):
        with pytest.raises(InputError, match="numbers of mm above 0"):
            PixelClassifier(scales_mm=wrong)
    with pytest.raises(InputError, match="1 tree or more"):
        PixelClassifier(trees=0)


# What it learns


def test_probabilities_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    table = random.normal(size=(300, 5)).astype(np.float32)
    classes = random.integers(0, 3, 300) + (table[:, 0] > 0)
    grown = RandomForestClassifier(15, random_state=0).fit(table, classes)
    new = random.normal(size=(200, 5)).astype(np.float32)
    found = Forest.of(grown).probabilities(new)
    np.testing.assert_allclose(found, grown.predict_proba(new), atol=1e-6)


def test_texture_alone_tells_tumour_from_the_rest(learned):
    found = learned.predict([scan(seed=5)])
    mask = found.labels == 1
    assert mask[ball(6)].mean() > 0.95
    assert mask[~ball(13)].mean() < 0.05  # windows reach over the outline
    assert [label.name for label in found.scheme] == ["tumour", "elsewhere"]
    assert found["tumour"].color == (200, 0, 0)
    assert found.geometry is not None
    assert set(np.unique(found.labels)) == {1, 7}


@pytest.mark.parametrize(("axis", "index"), [(0, 0), (0, 4), (1, 11), (2, 25)])
def test_a_slice_alone_is_the_slice_of_the_volume(learned, axis, index):
    whole = learned.predict([scan()], smooth_mm=0).labels
    slice_ = learned.predict_slice([scan()], axis, index)
    np.testing.assert_array_equal(slice_, whole.take(index, axis))
    with pytest.raises(InputError, match="no slice 99"):
        learned.predict_slice([scan()], axis, 99)


def test_a_slice_reads_no_more_of_the_scan_than_reaches_into_it(learned, monkeypatch):
    seen = []
    smoothed = module._smoothed
    monkeypatch.setattr(
        module, "_smoothed", lambda v, box, s, **k: seen.append(box) or smoothed(v, box, s, **k)
    )
    learned.predict_slice([scan()], 0, 4)
    assert seen
    assert all(box[0].stop - box[0].start <= 5 for box in seen)


def test_blocks_do_not_show(learned, monkeypatch):
    from napari_radiogenomics.segmentation import classifier

    whole = learned.probabilities([scan()])
    monkeypatch.setattr(classifier, "_BLOCK", 100)
    parts = learned.probabilities([scan()])
    assert list(parts) == ["tumour", "elsewhere"]
    for name, found in parts.items():
        np.testing.assert_array_equal(found.array, whole[name].array)
        assert found.modality == "map"
        assert found.geometry.same_grid(GRID)
    np.testing.assert_allclose(sum(x.array for x in parts.values()), 1, atol=1e-6)


def test_predicting_can_be_stopped(learned, monkeypatch):
    from napari_radiogenomics.segmentation import classifier

    monkeypatch.setattr(classifier, "_BLOCK", 100)
    steps: list[int] = []
    stopping = reporting(
        lambda done, total, what: steps.append(done), cancelled=lambda: len(steps) >= 3
    )
    with pytest.raises(Cancelled):
        learned.predict([scan()], progress=stopping)
    assert len(steps) == 3


def test_a_scan_of_another_gain_is_seen_alike_unless_it_has_a_unit(learned):
    here, there = scan(), scan(gain=3.0, offset=500.0)
    found = learned.predict([there]).labels
    assert (found == learned.predict([here]).labels).mean() > 0.99
    bright = Image(np.where(ball(), 60.0, 0.0), GRID, unit="HU", name="T1c")
    ct = PixelClassifier((1.0,)).fit([bright], strokes())
    assert ct.predict([bright]).labels[ball(6)].tolist() == [1] * int(ball(6).sum())
    dense = replace(bright, array=bright.array + 60)  # all of it as dense as the ball was
    assert (ct.predict([dense]).labels != ct.predict([bright]).labels).any()
    signal = PixelClassifier((1.0,)).fit([replace(bright, unit="")], strokes())
    same = [signal.predict([replace(x, unit="")]).labels for x in (dense, bright)]
    np.testing.assert_array_equal(*same)
    with pytest.raises(InputError, match="learned in HU and is now in arbitrary signal"):
        ct.predict([here])


def test_the_same_scans_are_known_by_name_in_any_order():
    dark = Image(np.where(ball(), 0.0, 50.0), GRID, name="P1_1", metadata={"role": "FLAIR"})
    model = PixelClassifier((1.0,)).fit([scan(), dark], strokes())
    assert [c.name for c in model.channels] == ["T1c", "FLAIR"]
    assert model.features[0] == "T1c value"
    there = replace(dark, name="P2_9")
    same = [model.predict(images).labels for images in ([scan(), there], [there, scan()])]
    np.testing.assert_array_equal(*same)
    with pytest.raises(InputError, match=r"missing: FLAIR.*not known: T2"):
        model.predict([scan(), scan("P2", metadata={"role": "T2"})])
    with pytest.raises(InputError, match="no scan"):
        PixelClassifier().fit([], strokes())


def test_the_volumes_of_a_4d_scan_are_channels():
    array = np.stack([scan().array, np.where(ball(), 0.0, 50.0)])
    four = Image(array, GRID, name="MR", fourth_axis="channel", fourth_labels=("T1", "FLAIR"))
    model = PixelClassifier((1.0,)).fit([four], strokes())
    assert [c.name for c in model.channels] == ["MR T1", "MR FLAIR"]


def test_corrections_are_added_and_only_new_voxels_are_looked_at(monkeypatch):
    from napari_radiogenomics.segmentation import samples

    model = PixelClassifier((1.0,)).fit([scan()], strokes())
    looked = []
    find = samples.pixel_features
    monkeypatch.setattr(
        samples, "pixel_features", lambda *a, **k: looked.append(find(*a, **k)) or looked[-1]
    )
    more = strokes()
    more.labels[4, 18, 3:9] = 7
    more.labels[4, 1, 2] = 0  # a stroke that was taken back
    model.update([scan()], more)
    assert sum(map(len, looked)) == 6
    fresh = PixelClassifier((1.0,)).fit([scan()], more)
    for one, two in zip(*(m.probabilities([scan()]).values() for m in (model, fresh)), strict=True):
        np.testing.assert_array_equal(one.array, two.array)


def test_a_second_patient_adds_what_it_shows():
    model = PixelClassifier((1.0,)).fit([scan()], strokes())
    third = replace(strokes(3, 7), scheme=(Label(3, "cyst"), *SCHEME))
    other = Image(np.where(ball(), 0.0, scan(seed=8).array), GRID, name="T1c")
    model.update([other], third)
    assert [label.name for label in model.classes] == ["tumour", "cyst", "elsewhere"]
    assert (model.predict([other]).labels[ball(5)] == 3).mean() > 0.9
    assert (model.predict([scan(seed=3)]).labels[ball(5)] == 1).mean() > 0.8
    model.fit([scan()], strokes())
    assert [label.value for label in model.classes] == [1, 7]


def test_many_voxels_are_thinned_out_and_each_class_is_kept():
    from napari_radiogenomics.segmentation import samples

    labels = np.full(GRID.shape, 7, np.uint8)
    labels[4, 11, 13] = 1
    places, classes = samples._chosen(labels.reshape(-1))
    assert (classes == 1).sum() == 1
    assert (classes == 7).sum() == samples._MOST
    assert np.all(np.diff(places) > 0)


# What it saves


def test_a_saved_classifier_sees_the_same_and_learns_on(learned, tmp_path):
    path = learned.save(tmp_path / "model.npz")
    back = PixelClassifier.load(path)
    assert back.channels == learned.channels
    assert [(x.value, x.name, x.color) for x in back.classes] == [
        (1, "tumour", (200, 0, 0)), (7, "elsewhere", (0, 0, 200)),
    ]  # fmt: skip
    new = scan(seed=11)
    np.testing.assert_array_equal(back.predict([new]).labels, learned.predict([new]).labels)
    more = strokes()
    more.labels[4, 18, 3:9] = 7
    one = back.update([scan()], more).predict([new]).labels
    two = PixelClassifier().fit([scan()], more).predict([new]).labels
    np.testing.assert_array_equal(one, two)


def test_the_file_holds_plain_arrays_and_json(learned, tmp_path):
    path = learned.save(tmp_path / "model.npz")
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(bytes(file["about"]))
        assert {file[name].dtype.kind for name in file.files} <= {"i", "f", "u"}
    assert about["schema"] == "napari-radiogenomics pixel classifier"
    assert about["classes"][0]["name"] == "tumour"
    assert about["channels"][0]["name"] == "T1c"
    assert set(about["versions"]) >= {"napari-radiogenomics", "scikit-learn"}
    assert len(about["features"]) == 23


def changed(source, target, **members):
    with np.load(source) as file:
        arrays = {name: file[name] for name in file.files}
    for name, change in members.items():
        arrays[name] = change(arrays[name])
    np.savez(target, **arrays)
    return target


def text(**entries):
    def change(array):
        about = json.loads(bytes(array)) | entries
        return np.frombuffer(json.dumps(about).encode(), np.uint8)

    return change


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({"forest_threshold": lambda a: a + 1}, "not those that were saved"),
        ({"about": text(schema="something else")}, "says nothing of a pixel classifier"),
        ({"about": text(version=2)}, "of version 2, and version 1 can be read"),
        ({"about": text(channels=[])}, "features are not those"),
        ({"about": text(settings={})}, "damaged"),
        ({"about": lambda a: a[:-9]}, "damaged"),
    ],
)
def test_a_changed_file_is_refused(learned, tmp_path, members, match):
    path = learned.save(tmp_path / "model.npz")
    other = changed(path, tmp_path / "other.npz", **members)
    with pytest.raises(InputError, match=match):
        PixelClassifier.load(other)


def test_files_of_other_kinds_are_refused(learned, tmp_path, monkeypatch):
    path = learned.save(tmp_path / "model.npz")
    (tmp_path / "cut.npz").write_bytes(path.read_bytes()[:-200])
    (tmp_path / "text.npz").write_text("no classifier")
    np.savez(tmp_path / "pickled.npz", about=np.array([{"a": 1}], object))
    np.savez(tmp_path / "array.npz", values=np.zeros(3))
    for name in ("cut", "text", "pickled", "array"):
        with pytest.raises(InputError, match=f"{name}.npz is no classifier that can be used"):
            PixelClassifier.load(tmp_path / f"{name}.npz")
    with pytest.raises(InputError, match="does not exist"):
        PixelClassifier.load(tmp_path / "none.npz")
    with pytest.raises(InputError, match="End it with .npz"):
        learned.save(tmp_path / "model.pkl")
    monkeypatch.setattr(model_archive, "_MOST_BYTES", 1000)
    with pytest.raises(InputError, match="unpacks to .* more than any classifier needs"):
        PixelClassifier.load(path)


@pytest.mark.parametrize("name", ["left", "feature", "roots"])
def test_trees_that_lead_astray_are_refused(learned, name):
    arrays = learned._forest.arrays()
    n, classes = arrays["share"].shape
    wrong = arrays[name].copy()
    wrong[0] = n if name != "feature" else 23
    with pytest.raises(InputError, match="trees are damaged"):
        Forest.from_arrays({**arrays, name: wrong}, features=23, classes=classes)
    back = {**arrays, "left": np.zeros_like(arrays["left"])}
    with pytest.raises(InputError, match="leads out of its tree"):
        Forest.from_arrays(back, features=23, classes=classes)


# What it refuses


def test_strokes_of_one_class_or_on_another_grid_are_refused():
    one = strokes(1, 0)
    with pytest.raises(InputError, match=r"of tumour \(1\) only"):
        PixelClassifier().fit([scan()], one)
    with pytest.raises(InputError, match="Strokes are missing"):
        PixelClassifier().fit([scan()], Segmentation(np.zeros(GRID.shape, np.uint8), GRID))
    other = replace(GRID, origin=(50.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match="Resample"):
        PixelClassifier().fit([scan()], replace(strokes(), geometry=other))
    both = Segmentation(np.stack([strokes().labels, one.labels]), GRID)
    with pytest.raises(InputError, match="strokes may not"):
        PixelClassifier().fit([scan()], both)
    with pytest.raises(InputError, match="has not learned yet"):
        PixelClassifier().predict([scan()])
    holes = scan()
    holes.array[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="not finite"):
        PixelClassifier().fit([holes], strokes())


def test_a_refused_update_changes_nothing(learned):
    model = PixelClassifier((1.0,)).fit([scan()], strokes())
    before = model.predict([scan()]).labels
    with pytest.raises(InputError):
        model.update([scan(unit="HU")], strokes())
    np.testing.assert_array_equal(model.predict([scan()]).labels, before)


def test_labels_beyond_255_and_with_gaps_are_classes():
    labels = strokes().labels.astype(np.uint16)
    labels[labels == 7] = 40_000
    model = PixelClassifier((1.0,)).fit([scan()], Segmentation(labels, GRID))
    found = model.predict([scan()])
    assert found.labels.dtype == np.uint16
    assert found.present == (1, 40_000)
    assert model.predict_slice([scan()], 0, 4).dtype == np.uint16


def test_warming_up_leaves_nothing_behind():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PixelClassifier.warm_up() is None


# The tool


def test_labels_spread_from_their_strokes_or_by_look_alone():
    second = np.roll(ball(), -9, axis=2)[:, :, :8]
    values = scan().array.copy()
    values[ball()] += 300
    values[:, :, :4][second[:, :, :4]] += 300  # a part of a like ball, apart from the first
    both = Image(values, GRID, name="T1c")
    seeds = strokes()
    near = classify_pixels(seeds, both, background=7)
    anywhere = classify_pixels(seeds, both, background=7, from_strokes=False, smooth_mm=0)
    apart = np.zeros(GRID.shape, bool)
    apart[:, :, :3] = True
    apart &= values > 300
    assert near.present == anywhere.present == (1,)
    assert (near.labels == 1)[apart].mean() < (anywhere.labels == 1)[apart].mean()
    score = 2 * ((near.labels == 1) & ball()).sum() / ((near.labels == 1).sum() + ball().sum())
    assert score > 0.9


def test_the_tool_looks_no_farther_than_its_reach():
    found = classify_pixels(strokes(), scan(), reach_mm=0).labels
    wider = classify_pixels(strokes(), scan(), reach_mm=None).labels
    assert not found[[0, 8]].any()  # a voxel beyond the strokes' slice at most
    assert wider.all()
    with pytest.raises(InputError, match="reach is a number of mm"):
        classify_pixels(strokes(), scan(), reach_mm=-1)


def test_the_tool_wants_two_labels_and_its_background():
    with pytest.raises(InputError, match="only"):
        classify_pixels(strokes(1, 0), scan())
    with pytest.raises(InputError, match="only"):
        classify_pixels(strokes(), scan(), locked=[7])
    with pytest.raises(InputError, match="background label 3 has no stroke"):
        classify_pixels(strokes(), scan(), background=3)
    other = Image(np.zeros((9, 22, 27)), Geometry((27, 22, 9), GRID.spacing), name="T2")
    with pytest.raises(GeometryError, match="Resample"):
        classify_pixels(strokes(), scan(), [other])


def test_a_model_of_another_patient_needs_no_strokes_and_stays_as_it_is(learned):
    other, empty = scan(seed=5), Segmentation(np.zeros(GRID.shape, np.uint8), GRID)
    kept = learned._samples
    found = classify_pixels(empty, other, background=7, model=learned, smooth_mm=0)
    expected = learned.predict([other], smooth_mm=0).labels
    np.testing.assert_array_equal(found.labels, np.where(expected == 7, 0, expected))
    assert found["tumour"].color == (200, 0, 0)
    added = classify_pixels(strokes(), other, background=7, model=learned)
    assert (added.labels[4, 10:13, 9:18] == 1).all()
    assert learned._samples is kept


def test_a_model_finds_its_channels_or_is_told_so():
    taught = PixelClassifier((1.0,), trees=5).fit([scan("first file")], strokes())
    empty = Segmentation(np.zeros(GRID.shape, np.uint8), GRID)
    extra = Image(np.zeros(GRID.shape), GRID, name="ADC")
    alone = classify_pixels(empty, scan("second file"), model=taught)
    named = classify_pixels(empty, extra, [scan("first file")], model=taught)
    np.testing.assert_array_equal(alone.labels, named.labels)
    role = scan("P2", metadata={"role": "FLAIR"})
    np.testing.assert_array_equal(classify_pixels(empty, role, model=taught).labels, alone.labels)
    sure = PixelClassifier((1.0,), trees=5).fit([scan(modality="CT")], strokes())
    with pytest.raises(InputError, match="missing: T1c; not known: FLAIR"):
        classify_pixels(empty, role, model=sure)
    two = PixelClassifier((1.0,), trees=5).fit([scan("T1"), scan("T2", seed=1)], strokes())
    with pytest.raises(InputError, match="missing: T2"):
        classify_pixels(empty, scan("T1"), model=two)


@pytest.fixture(scope="module")
def pair() -> tuple[Image, Image]:
    """Two scans of a patient that look different: which is which matters."""
    return scan("P1_a"), Image(np.where(ball(), 0.0, 50.0), GRID, name="P1_b")


def as_other_patient(images, *facts) -> list[Image]:
    return [
        replace(image, name=f"P2 file {n}", **fact)
        for n, (image, fact) in enumerate(zip(images, facts, strict=True))
    ]


def test_what_a_file_is_called_never_matters(pair, tmp_path):
    taught = PixelClassifier((1.0,), trees=5).fit(pair[:1], strokes())
    again = PixelClassifier.load(taught.save(tmp_path / "model.npz"))
    for name in ("", "P2", "other_patient.nii"):
        found = again.predict([replace(pair[0], name=name)])
        np.testing.assert_array_equal(found.labels, taught.predict(pair[:1]).labels)
        assert not found.notes


def test_channels_without_roles_are_taken_in_order_and_it_is_said(pair):
    taught = PixelClassifier((1.0,), trees=5).fit(pair, strokes())
    expected = taught.predict(pair).labels
    there = as_other_patient(pair, {}, {})
    found = taught.predict(there)
    np.testing.assert_array_equal(found.labels, expected)
    assert '"P2 file 0" as "P1_a", "P2 file 1" as "P1_b"' in found.notes[0]
    empty = Segmentation(np.zeros(GRID.shape, np.uint8), GRID)
    assert classify_pixels(empty, there[0], there[1:], model=taught).notes == found.notes
    assert (taught.predict(there[::-1]).labels != expected).any()


def test_roles_and_modalities_find_their_channels_in_any_order(pair):
    facts = {"metadata": {"role": "T1c"}}, {"modality": "CT"}
    here = as_other_patient(pair, *facts)
    taught = PixelClassifier((1.0,), trees=5).fit(here, strokes())
    there = [replace(image, name="later") for image in as_other_patient(pair, *facts)]
    extra = replace(pair[0], name="ADC")
    found = taught.predict([extra, *there[::-1]])
    np.testing.assert_array_equal(found.labels, taught.predict(here).labels)
    assert not found.notes
    half = [replace(there[0], name="P3", metadata={}), there[1]]  # one is what is left
    found = taught.predict(half[::-1])
    np.testing.assert_array_equal(found.labels, taught.predict(here).labels)
    assert '"P3" as "T1c"' in found.notes[0]


def test_two_files_of_one_name_are_two_channels(pair):
    same = [replace(image, name="image") for image in pair]
    taught = PixelClassifier((1.0,), trees=5).fit(same, strokes())
    assert [channel.name for channel in taught.channels] == ["image", "image 2"]
    np.testing.assert_array_equal(
        taught.predict(same).labels,
        PixelClassifier((1.0,), trees=5).fit(pair, strokes()).predict(pair).labels,
    )


def test_a_label_that_means_something_else_is_refused(learned):
    names = (Label(1, "liver"),)
    empty = Segmentation(np.zeros(GRID.shape, np.uint8), GRID, names)
    with pytest.raises(InputError, match='"liver" here and "tumour" in the classifier'):
        classify_pixels(empty, scan(), model=learned)
    plain = Segmentation(np.zeros(GRID.shape, np.uint8), GRID, (Label(1), Label(7)))
    assert 1 in classify_pixels(plain, scan(), model=learned).present


def test_a_scan_that_is_left_aside_is_told():
    from napari_radiogenomics.segmentation.channels import Channel, match_channels

    grid = Geometry((2, 2, 2))
    one = Image(np.zeros(grid.shape), grid, name="T1")
    found, notes = match_channels([one, one], [Channel("T1", "", 0, 1)])
    assert found == [one]
    assert notes == ('The classifier learned from 1 channel; left aside: "T1 2".',)
    roles = [Image(np.zeros(grid.shape), grid, name=n, modality=n) for n in ("CT", "PT")]
    assert match_channels(roles, [Channel("CT", "", 0, 1, "CT")])[1] == ()  # its role says why
