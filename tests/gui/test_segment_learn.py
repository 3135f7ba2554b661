"""The tool that learns: slices in sight first, corrections, models for the next patient."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
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
from napari_radiogenomics.imaging.display import show
from napari_radiogenomics.segmentation import PixelClassifier, grow
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


@pytest.mark.parametrize("grid", [TURNED, OBLIQUE], ids=["turned", "oblique"])
@pytest.mark.parametrize("tool", ["grow", "classify_pixels"])
def test_a_correction_after_apply_is_learned_beside_the_strokes_before(qtbot, tool, grid):
    image, drawn = scan(grid), strokes(grid)
    dock = opened(qtbot, image, drawn)
    verb = plain if tool == "classify_pixels" else inspect.unwrap(grow)
    more = {"smooth_mm": 0.0, "reach_mm": 8.0}
    dock.draw.tools.choose(tool)
    form = dock.draw.tools.forms[tool]
    form.values = {"background": 2, **more, **(TREES if tool == "classify_pixels" else {})}
    first = rested(dock, qtbot)
    dock.desk.tools.apply()
    layer = dock.desk.layer
    assert not (layer.data == 2).any()  # the background is left empty
    # A few voxels that became tumour are not: two painted, one erased.
    grown = np.argwhere((first.true == 1) & (drawn.labels == 0))
    for place, value in zip(grown[:: len(grown) // 3], (2, 2, 0), strict=False):
        shown = shown_place(grid, place)
        layer.data_setitem(tuple(np.array([n]) for n in shown), value)
    corrected = object_of(layer).labels != first.true
    assert corrected.sum() >= 3
    taught = np.where(corrected, 2, drawn.labels)
    second = rested(dock, qtbot)
    assert second is not None  # it is seen before it is written
    assert dock.message.startswith("Preview: ")
    expected = verb(Segmentation(taught, grid, SCHEME), image, background=2, **more).labels
    np.testing.assert_array_equal(second.true, expected)
    assert (expected == 1).sum() <= (first.true == 1).sum()
    dock.desk.tools.apply()
    np.testing.assert_array_equal(object_of(layer).labels, expected)


def shown_place(grid, place):
    """Where the screen shows a voxel of a grid."""
    marked = np.zeros(grid.shape, np.uint8)
    marked[tuple(place)] = 1
    shown = show(Segmentation(marked, grid))[0].array
    return np.argwhere(shown)[0]


def test_apply_taken_back_gives_the_strokes_back(qtbot):
    image, drawn = scan(), strokes()
    dock = opened(qtbot, image, drawn)
    first = learn(dock, qtbot)
    dock.desk.tools.apply()
    dock.desk.undo()
    again = rested(dock, qtbot)
    np.testing.assert_array_equal(again.true, first.true)
    dock.desk.redo()
    assert rested(dock, qtbot) is None
    assert "would change nothing" in dock.message
    assert not dock.draw.apply_button.isEnabled()


def test_strokes_of_another_patient_are_not_remembered(qtbot):
    dock = opened(qtbot, scan(), strokes())
    learn(dock, qtbot)
    dock.desk.tools.apply()
    layer = dock.desk.layer
    assert dock.desk.tools.strokes.of(layer)
    session_of(dock.viewer).select(patient_id="P2")
    assert dock.desk.tools.strokes.of(layer) == ()


def test_a_locked_region_is_neither_a_stroke_nor_taken_back(qtbot):
    image, drawn = scan(), strokes()
    dock = opened(qtbot, image, drawn)
    learn(dock, qtbot)
    dock.desk.tools.apply()
    before = np.array(dock.desk.layer.data)
    dock.desk.labels.lock(1, True)
    assert rested(dock, qtbot) is None
    assert "Strokes are of elsewhere (2) only" in dock.message
    assert not dock.draw.apply_button.isEnabled()
    np.testing.assert_array_equal(dock.desk.layer.data, before)


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
