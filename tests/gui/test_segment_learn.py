"""The tool that learns: slices in sight first, corrections, models for the next patient."""

from __future__ import annotations

import inspect

import numpy as np
from napari.components import ViewerModel

from napari_radiogenomics import classify_pixels
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.forms.inputs import is_scan
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.dock import SegmentDock
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.segmentation import PixelClassifier
from napari_radiogenomics.segmentation.lesson import Lesson

# Sagittal order with flips: a slice on the screen is another one of the array.
TURNED = Geometry((8, 24, 20), (3.0, 1.0, 1.0), (5.0, -2.0, 3.0), (0, 0, -1, 1, 0, 0, 0, -1, 0))
ANGLE = np.deg2rad(20)
OBLIQUE = Geometry(
    (24, 20, 8),
    (1.0, 1.0, 3.0),
    direction=(1, 0, 0, 0, np.cos(ANGLE), -np.sin(ANGLE), 0, np.sin(ANGLE), np.cos(ANGLE)),
)
SCHEME = (Label(1, "tumour"), Label(2, "elsewhere"))
TREES = {"trees": 10, "scales_mm": (1.0,)}


def scan(grid=TURNED, name="T1c", seed=4, **more):
    middle = np.reshape([n / 2 for n in grid.shape], (3, 1, 1, 1))
    steps = np.reshape(grid.spacing[::-1], (3, 1, 1, 1))
    tumour = np.linalg.norm((np.indices(grid.shape) - middle) * steps, axis=0) < 7
    values = 100 + 200 * tumour + np.random.default_rng(seed).normal(0, 5, grid.shape)
    return Image(values.astype(np.float32), grid, name=name, **more)


def strokes(grid=TURNED, values=(1, 2)):
    labels = np.zeros(grid.shape, np.uint8)
    k, j, i = (n // 2 for n in grid.shape)
    labels[k, j, i - 2 : i + 2], labels[k, 1, :] = values
    return Segmentation(labels, grid, SCHEME, name="strokes")


def opened(qtbot, *objects):
    viewer = ViewerModel()
    for data, settings, kind in layers_of(objects):
        getattr(viewer, f"add_{kind}")(data, **settings)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    return dock


def learn(dock, qtbot, **settings):
    if dock.draw.tools.tool is None:
        dock.draw.tools.choose("classify_pixels")
    dock.draw.tools.forms["classify_pixels"].values = {"background": 2, **TREES, **settings}
    return rested(dock, qtbot)


def rested(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.desk.tools.work.busy, timeout=60_000)
    return dock.desk.tools.work.change


def plain(*data, **settings):
    return inspect.unwrap(classify_pixels)(*data, **TREES, **settings)


def test_the_slice_in_sight_comes_first_and_then_the_whole(qtbot):
    image, drawn = scan(), strokes()
    dock = opened(qtbot, image, drawn)
    layer = dock.desk.layer
    dock.viewer.dims.set_point(0, layer.translate[0] + 9 * layer.scale[0])
    seen = []
    dock.desk.tools.work.glimpsed.connect(seen.append)
    change = learn(dock, qtbot)
    np.testing.assert_array_equal(change.true, plain(drawn, image, background=2).labels)
    (glimpse,) = seen
    places = np.argwhere(glimpse.after != glimpse.job.shown)
    assert set(places[:, 0]) == {9}
    assert len(places) > 20
    model = PixelClassifier(TREES["scales_mm"], trees=10)
    lesson = Lesson.learned(drawn, [image], model, background=2, reach_mm=40.0)
    # The screen's ninth slice lies across j of this grid, counted from its other end.
    expected = lesson.slice(1, TURNED.shape[1] - 1 - 9)
    assert np.count_nonzero(expected) == np.count_nonzero(glimpse.after[9])


def test_an_oblique_scan_is_shown_when_all_of_it_is_known(qtbot):
    image, drawn = scan(OBLIQUE), strokes(OBLIQUE)
    dock = opened(qtbot, image, drawn)
    seen = []
    dock.desk.tools.work.glimpsed.connect(seen.append)
    change = learn(dock, qtbot)
    assert not seen
    np.testing.assert_array_equal(change.true, plain(drawn, image, background=2).labels)


def test_a_correction_is_learned_as_well(qtbot):
    image = scan()
    dock = opened(qtbot, image, strokes())
    first = learn(dock, qtbot)
    places = np.argwhere(first.after == 1)[:6]
    dock.desk.layer.data_setitem(tuple(places.T), 2)
    second = rested(dock, qtbot)
    expected = plain(object_of(dock.desk.layer), image, background=2)
    np.testing.assert_array_equal(second.true, expected.labels)
    assert second.model is not first.model
    dock.desk.tools.apply()
    np.testing.assert_array_equal(object_of(dock.desk.layer).labels, expected.labels)
    assert "Knows tumour, elsewhere on T1c" in dock.draw.learn.about.text()


def test_a_model_is_saved_and_opened_on_the_next_patient(qtbot, tmp_path):
    dock = opened(qtbot, scan(), strokes())
    dock.desk.tools.learner.save(tmp_path / "nothing")
    assert "Nothing is learned yet" in dock.message
    learn(dock, qtbot)
    dock.desk.tools.learner.save(tmp_path / "tumour")
    assert "tumour.npz" in dock.message
    other = scan(seed=9)
    empty = Segmentation(np.zeros(TURNED.shape, np.uint8), TURNED, SCHEME)
    further = scan(name="FLAIR", seed=1)  # it is left aside: the model does not know it
    later = opened(qtbot, other, further, empty)
    assert learn(later, qtbot) is None
    assert "Draw a stroke" in later.message
    later.desk.tools.learner.open(tmp_path / "tumour.npz")
    change = rested(later, qtbot)
    model = PixelClassifier.load(tmp_path / "tumour.npz")
    expected = plain(empty, other, background=2, model=model).labels
    np.testing.assert_array_equal(change.true, expected)
    assert (expected == 1).sum() > 100
    later.desk.tools.learner.forget()
    assert rested(later, qtbot) is None


def test_channels_that_do_not_fit_are_named(qtbot, tmp_path):
    PixelClassifier(**TREES).fit([scan(metadata={"role": "T1c"})], strokes()).save(
        tmp_path / "model.npz"
    )
    dock = opened(qtbot, scan(name="P2", metadata={"role": "FLAIR"}), strokes())
    dock.desk.tools.learner.open(tmp_path / "model.npz")
    assert learn(dock, qtbot) is None
    assert "missing: T1c; not known: FLAIR" in dock.message
    (tmp_path / "model.npz").write_bytes(b"no model")
    dock.desk.tools.learner.open(tmp_path / "model.npz")
    assert "no classifier that can be used" in dock.message


def test_the_probability_is_a_layer_of_the_chosen_label(qtbot):
    dock = opened(qtbot, scan(), strokes())
    layers = dock.viewer.layers
    dock.draw.learn.probability.setChecked(True)
    change = learn(dock, qtbot)
    layer = layers["probability of tumour"]
    np.testing.assert_array_equal(object_of(layer).array, change.likelihood.of(1).array)
    assert layer.contrast_limits == [0, 1]
    assert not is_scan(layer)
    dock.desk.layer.selected_label = 2
    assert layer.name == "probability of elsewhere"
    total = change.likelihood.of(1).array + object_of(layer).array
    np.testing.assert_allclose(total, 1, atol=1e-5)
    session_of(dock.viewer).select(patient_id="P2")
    assert layer not in layers


def test_strokes_of_one_label_say_what_lacks(qtbot):
    dock = opened(qtbot, scan(), strokes(values=(1, 0)))
    assert learn(dock, qtbot, background=None) is None
    assert "Strokes are of tumour (1) only. Draw a stroke of another class" in dock.message
