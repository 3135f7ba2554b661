"""The Texture dock: the walk from a scan and a region to a saved map."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_radiogenomics import read, texture_maps
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.dock import TextureDock
from napari_radiogenomics.gui.texture.job import job_of
from napari_radiogenomics.gui.texture.map_layer import maps_of
from napari_radiogenomics.gui.texture.sheet import Sheet

# Sagittal order with flips: nothing of it is canonical.
TURNED = Geometry((5, 7, 6), (2.0, 1.0, 3.0), (10.0, -20.0, 30.0), (0, 0, -1, 1, 0, 0, 0, -1, 0))
ENTROPY, MEAN = "original_firstorder_Entropy", "original_firstorder_Mean"


def scan_of(grid=TURNED, name="chest", seed=1, **facts):
    values = np.random.default_rng(seed).normal(0, 60, grid.shape).astype(np.float32)
    return Image(values, grid, "HU", name, "CT", metadata=facts)


def region_of(grid=TURNED, name="expert", **facts):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:5, 2:6, 1:4] = 1
    labels[3:5, 2:4, 1:4] = 2
    scheme = (Label(1, "rim"), Label(2, "core"))
    return Segmentation(labels, grid, scheme, name=name, metadata=facts)


def open_in(viewer, *objects):
    return [getattr(viewer, f"add_{kind}")(d, **kw) for d, kw, kind in layers_of(objects)]


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(viewer, qtbot):
    open_in(viewer, scan_of(), region_of())
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    return dock


def run(dock, qtbot):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert not dock.runner.running


def test_everything_is_filled_in_before_the_person_looks(dock):
    assert dock.scan.currentText() == "chest"
    assert dock.region.currentText() == "expert"
    assert [dock.label.itemText(row) for row in range(dock.label.count())] == [
        "rim (1)",
        "core (2)",
    ]
    assert set(dock.features.chosen) == {"firstorder_Entropy", "firstorder_Mean"}
    assert dock.message == "Tick features, then Compute all."
    assert not dock.save_button.isEnabled()


def test_the_radius_is_said_in_mm_of_the_true_grid(dock):
    assert dock.reach.text() == "3×3×3 voxels = 6 × 3 × 9 mm"
    dock.form.values = {"kernel_radius": 2}
    assert dock.reach.text() == "5×5×5 voxels = 10 × 5 × 15 mm"
    assert dock.form.fields["bin_width"].widget.suffix() == " HU"


def assert_shown_on(layer, drawn, region):
    """The map has values at the places of the region, wherever its box begins, and no others."""
    places = [layer.data_to_world(index) for index in np.argwhere(np.isfinite(layer.data))]
    expected = [drawn.data_to_world(index) for index in np.argwhere(region)]
    np.testing.assert_allclose(places, expected, atol=1e-9)


def test_the_maps_are_those_of_the_verb_on_the_true_grid(dock, viewer, qtbot):
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    expected = texture_maps(scan_of(), region_of(), label=1)
    assert list(maps_of(layer)) == [ENTROPY, MEAN]
    for name, image in maps_of(layer).items():
        np.testing.assert_array_equal(image.array, expected[name].array)
        assert image.geometry == TURNED
    assert layer.metadata[SOURCE] is maps_of(layer)[ENTROPY]
    drawn = viewer.layers["expert"]
    np.testing.assert_array_equal(layer.scale, drawn.scale)
    assert_shown_on(layer, drawn, drawn.data == 1)


def test_the_layer_is_transparent_outside_and_ranged_by_the_region(dock, viewer, qtbot):
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    inside = layer.data[np.isfinite(layer.data)]
    np.testing.assert_allclose(layer.contrast_limits, np.percentile(inside, (1, 99)))
    assert layer.colormap.name == "viridis"
    assert layer.colormap.map(np.array([np.nan]))[0, 3] == 0
    assert layer.opacity < 1


def test_the_message_says_what_happened_and_what_next(dock, qtbot):
    run(dock, qtbot)
    n = int((region_of().labels == 1).sum())
    assert dock.message.startswith(f"Entropy and 1 more: {n} voxels in ")
    assert "Every voxel has a value." in dock.message
    assert "save it" in dock.message


def test_the_legend_has_title_and_unit_and_follows_the_map(dock, viewer, qtbot):
    run(dock, qtbot)
    legend = viewer.canvas.overlays["radiogenomics_legend"]
    layer = viewer.layers.selection.active
    low, high = layer.contrast_limits  # written where the numbers at the bar would touch
    assert legend.text in ("Entropy\nbits", f"Entropy\n{low:.3g} to {high:.3g} bits")
    assert layer.colorbar.visible
    dock.shown.setCurrentIndex(dock.shown.findData(MEAN))
    assert legend.text == "Mean\nHU"
    np.testing.assert_array_equal(np.nanmax(layer.data), np.nanmax(maps_of(layer)[MEAN].array))
    assert layer.contrast_limits[0] < 0 < layer.contrast_limits[1]
    assert len(viewer.layers) == 3


def test_more_features_of_the_same_run_join_the_same_layer(dock, viewer, qtbot):
    run(dock, qtbot)
    dock.features.chosen = ("firstorder_Skewness",)
    run(dock, qtbot)
    assert len(viewer.layers) == 3
    layer = viewer.layers.selection.active
    assert list(maps_of(layer)) == [ENTROPY, MEAN, "original_firstorder_Skewness"]
    assert dock.shown.currentData() == "original_firstorder_Skewness"
    dock.form.values = {"kernel_radius": 2}
    run(dock, qtbot)
    assert len(viewer.layers) == 4
    assert maps_of(viewer.layers.selection.active) is not maps_of(layer)


def test_what_was_painted_is_what_is_measured(dock, viewer, qtbot):
    labels = viewer.layers["expert"]
    empty = np.argwhere(labels.data == 0)[0]
    labels.data_setitem(tuple(empty[:, None]), np.array([1], np.uint8))
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    assert np.isfinite(layer.data[tuple(empty)])
    truth = object_of(labels)
    array = maps_of(layer)[ENTROPY].array
    np.testing.assert_array_equal(np.isfinite(array), truth.labels == 1)


def test_a_labels_layer_of_napari_itself_works(viewer, qtbot):
    open_in(viewer, scan_of())
    scan = viewer.layers[0]
    painted = np.zeros(scan.data.shape, int)
    painted[2:4, 1:4, 2:5] = 3
    viewer.add_labels(
        painted, scale=scan.scale, translate=scan.translate, axis_labels=("z", "y", "x"),
        units=("mm",) * 3, name="mine",
    )  # fmt: skip
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    assert dock.label.value == 3
    run(dock, qtbot)
    image = maps_of(viewer.layers.selection.active)[ENTROPY]
    assert image.geometry == TURNED
    assert np.isfinite(image.array).sum() == (painted == 3).sum()


def test_another_label_is_measured_when_it_is_chosen(dock, viewer, qtbot):
    dock.label.value = 2
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    drawn = viewer.layers["expert"]
    assert_shown_on(layer, drawn, drawn.data == 2)


def test_a_saved_map_reads_back_the_same(dock, viewer, qtbot, tmp_path):
    run(dock, qtbot)
    path = tmp_path / "entropy.nii.gz"
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save(path)
    assert str(path) in dock.message
    again, written = read(path), dock.current_map
    assert again.geometry.same_grid(TURNED)
    np.testing.assert_array_equal(again.array, written.array)
    assert not list(tmp_path.glob("*.tmp*"))


def test_the_writer_of_napari_writes_the_same(dock, viewer, qtbot, tmp_path):
    from napari_radiogenomics.gui.contributions import write_image

    run(dock, qtbot)
    layer = viewer.layers.selection.active
    path = tmp_path / "entropy.nii.gz"
    data, attributes, _ = layer.as_layer_data_tuple()
    write_image(str(path), data, attributes)
    again = read(path)
    np.testing.assert_array_equal(again.array, dock.current_map.array)
    assert again.geometry.same_grid(TURNED)


def test_a_folder_that_is_not_there_is_said(dock, qtbot, tmp_path):
    run(dock, qtbot)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save(tmp_path / "nowhere" / "map.nii.gz")
    assert "does not exist" in dock.message


def test_grids_that_differ_are_said_with_the_remedy(viewer, qtbot):
    other = Geometry((5, 7, 6), (2.0, 1.0, 3.0), (0.0, 0.0, 0.0))
    open_in(viewer, scan_of(), region_of(other))
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    run(dock, qtbot)
    assert "Resample" in dock.message
    assert len(viewer.layers) == 2


def test_what_lacks_is_said_before_anything_runs(viewer, qtbot):
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    dock.start()
    assert dock.message.startswith("There is no scan.")
    open_in(viewer, scan_of())
    dock.start()
    assert dock.message.startswith("There is no segmentation.")
    (labels,) = open_in(viewer, Segmentation(np.zeros(TURNED.shape, np.uint8), TURNED, name="new"))
    dock.start()
    assert dock.message == 'Nothing is drawn in "new". Paint the region first.'
    labels.data = np.zeros((3, 3, 3), np.uint8)
    labels.metadata.clear()
    dock.start()
    assert 'Nothing is drawn in "new", and it lies on another grid than "chest".' in dock.message
    labels.data = np.zeros(TURNED.shape, np.uint8)
    labels.data_setitem((np.array([2]), np.array([2]), np.array([2])), 1)
    dock.features.chosen = ()
    dock.start()
    assert dock.message.startswith("No feature is chosen.")
    assert not dock.runner.running


def test_the_segmentation_of_the_chosen_scan_is_taken(viewer, qtbot):
    finer = Geometry((5, 7, 6), (1.0, 1.0, 1.0))
    open_in(
        viewer,
        scan_of(scan_id="S1"),
        scan_of(finer, "brain", scan_id="S2"),
        region_of(scan_id="S1"),
        region_of(finer, "drawn on S2", scan_id="S2"),
    )
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    viewer.layers.selection.active = viewer.layers["brain"]
    assert dock.region.currentText() == "drawn on S2"
    viewer.layers.selection.active = viewer.layers["chest"]
    assert dock.region.currentText() == "expert"


def test_cancel_leaves_no_layer(dock, viewer, qtbot, monkeypatch):
    def slow(sheet, part, *, progress):
        for _ in progress([0] * 10_000, "Blocks"):
            time.sleep(0.01)

    monkeypatch.setattr(Sheet, "measure", slow)
    dock.start()
    qtbot.wait(60)
    with qtbot.waitSignal(dock.runner.ended, timeout=5000):
        dock.cancel()
    assert dock.message.startswith("Cancelled")
    assert len(viewer.layers) == 2


def test_cancel_is_heard_within_a_filter(dock, qtbot):
    """Nothing is measured yet while filters work: they are asked between their parts."""
    dock.form.values = {"image_types": ("LBP3D",), "kernel_radius": 1}
    told = []
    dock.runner.stepped.connect(lambda done, total, what: told.append(what))
    # At once, in the thread that works: else a job as small as this one ends first.
    at_once = Qt.ConnectionType.DirectConnection
    dock.runner.stepped.connect(lambda *_: dock.runner.cancel(), at_once)
    run(dock, qtbot)
    assert dock.message.startswith("Cancelled.")
    assert set(told) == {"Local binary pattern, 3D"}


def test_meaning_and_formula_of_a_feature(dock, qtbot):
    dock.features.list.look_at("firstorder_Entropy")
    assert "unpredictable" in dock.features.meaning.text()
    assert "TLU2" in dock.features.meaning.text()
    assert "log" in dock.features.formula.text()
    assert dock.features.formula.isHidden()
    dock.features.formula_button.click()
    assert not dock.features.formula.isHidden()
    dock.features.list.search.setText("TLU2")
    assert dock.features.list.shown == ("firstorder_Entropy",)


def test_the_session_remembers_and_reset_forgets(dock, viewer, qtbot):
    dock.features.chosen = ("firstorder_Range",)
    dock.form.values = {"kernel_radius": 3}
    again = TextureDock(viewer)
    qtbot.addWidget(again)
    assert again.features.chosen == ("firstorder_Range",)
    assert again.form.values["kernel_radius"] == 3
    again.reset()
    assert len(again.features.chosen) == 2
    assert again.form.is_default


def test_a_removed_map_is_no_longer_offered(dock, viewer, qtbot):
    run(dock, qtbot)
    assert dock.save_button.isEnabled()
    viewer.layers.remove(viewer.layers.selection.active)
    assert not dock.save_button.isEnabled()
    assert dock.shown.currentText().startswith("○ Entropy")


def test_region_and_feature_are_those_of_the_session(dock, viewer, qtbot):
    session = session_of(viewer)
    run(dock, qtbot)
    assert session.selection.feature == ""  # nobody chose anything yet
    dock.label.setCurrentIndex(1)
    dock.label.activated.emit(1)
    assert (session.selection.label, session.selection.region) == (2, "core")
    session.select(label=1, feature=MEAN)
    assert dock.label.value == 1
    assert dock.current_map is maps_of(viewer.layers.selection.active)[MEAN]
    session.back()
    assert dock.label.value == 2
    dock.shown.setCurrentIndex(0)
    dock.shown.activated.emit(0)
    assert session.selection.feature == ENTROPY


def test_oblique_scans_are_measured_on_their_own_grid(viewer, qtbot):
    c, s = np.cos(0.3), np.sin(0.3)
    tilted = Geometry((8, 9, 7), (1.0, 1.0, 2.0), (5, 6, 7), (c, -s, 0, s, c, 0, 0, 0, 1))
    open_in(viewer, scan_of(tilted), region_of(tilted))
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    run(dock, qtbot)
    expected = texture_maps(scan_of(tilted), region_of(tilted), label=1)
    layer = viewer.layers.selection.active
    for name, image in maps_of(layer).items():
        assert image.geometry == tilted
        np.testing.assert_array_equal(image.array, expected[name].array)
    assert layer.data.shape == viewer.layers["chest"].data.shape
    values = layer.data[np.isfinite(layer.data)]
    assert set(values) <= set(expected[ENTROPY].array[np.isfinite(expected[ENTROPY].array)])


@pytest.mark.parametrize("case", ["brain1", "breast1", "lung1"])
def test_real_tumours(case, viewer, qtbot, real_data):
    image = read(real_data(f"pyradiomics/{case}_image.nrrd"))
    drawn = read(real_data(f"pyradiomics/{case}_label.nrrd"), "segmentation")
    open_in(viewer, image, drawn)
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    mask = drawn.mask(dock.label.value)
    np.testing.assert_array_equal(np.isfinite(maps_of(layer)[ENTROPY].array), mask)
    assert f"{mask.sum():,} voxels" in dock.message


def refill(viewer, *objects):
    """Fill the layers that are there with another patient's voxels, as the Cohort dock does."""
    for layer, (data, settings, _) in zip(list(viewer.layers), layers_of(objects), strict=False):
        layer.data = data
        for name in ("metadata", "name"):
            setattr(layer, name, settings[name])


def slowly(dock, monkeypatch):
    """Make runs wait until the returned event is set."""
    go, measure = threading.Event(), Sheet.measure

    def waits(*data, **settings):
        go.wait(20)
        return measure(*data, **settings)

    monkeypatch.setattr(Sheet, "measure", waits)
    return go


FIRST = {"scan_id": "P001-CT", "path": "P001.nii.gz"}
SECOND = {"scan_id": "P002-CT", "path": "P002.nii.gz"}


def test_a_map_never_lands_on_the_patient_opened_meanwhile(viewer, qtbot, monkeypatch):
    open_in(viewer, scan_of(**FIRST), region_of(scan_id="P001-CT"))
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    go = slowly(dock, monkeypatch)
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
        refill(viewer, scan_of(name="other", seed=2, **SECOND), region_of(scan_id="P002-CT"))
        go.set()
    n = int((region_of().labels == 1).sum())
    assert len(viewer.layers) == 2
    assert dock.message == f'Maps of "chest" are ready ({n} voxels); open "chest" to see them.'
    dock.look_again()
    assert len(viewer.layers) == 2
    assert 'open "chest"' in dock.message
    # Read again from its file, the first patient's scan is another object with the same voxels.
    refill(viewer, scan_of(**FIRST), region_of(scan_id="P001-CT"))
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=3000)
    expected = texture_maps(scan_of(), region_of(), label=1)
    np.testing.assert_array_equal(dock.current_map.array, expected[ENTROPY].array)
    assert "shown now" in dock.message
    dock.look_again()
    assert len(viewer.layers) == 3


def test_maps_wait_in_the_session_when_the_dock_is_closed(viewer, qtbot, monkeypatch):
    layers = open_in(viewer, scan_of(**FIRST), region_of())
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    go = slowly(dock, monkeypatch)
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
        for layer in layers:
            viewer.layers.remove(layer)
        go.set()
    assert not viewer.layers
    open_in(viewer, scan_of(seed=5, **FIRST), region_of())  # the file holds another scan now
    again = TextureDock(viewer)
    qtbot.addWidget(again)
    again.look_again()
    assert len(viewer.layers) == 2
    open_in(viewer, scan_of(**FIRST))
    again.look_again()
    assert len(viewer.layers) == 4


def test_the_patient_is_named_as_in_the_cohort(viewer, qtbot, monkeypatch):
    scans = pd.DataFrame({"patient_id": ["P001"], "timepoint": ["t1"]}, index=["P001-CT"])
    cohort = SimpleNamespace(scans=scans, timepoints_of=lambda patient: ["t0", "t1"])
    session_of(viewer).cohort = cohort
    scan, region = open_in(viewer, scan_of(**FIRST), region_of())
    assert job_of(viewer, scan, region).owner == "P001 t1"


def test_the_message_of_another_patient_does_not_stay(dock, viewer, qtbot):
    run(dock, qtbot)
    assert "choose a map above" in dock.message
    viewer.layers.remove(viewer.layers.selection.active)
    refill(viewer, scan_of(name="other", seed=2, **SECOND), region_of())
    qtbot.waitUntil(lambda: dock.message == "Tick features, then Compute all.", timeout=3000)


def test_a_restored_map_goes_below_the_biopsies(dock, viewer, qtbot):
    run(dock, qtbot)
    layer = viewer.layers.selection.active
    viewer.layers.remove(layer)
    biopsies = viewer.add_points([[1, 1, 1]])
    viewer.layers.append(layer)
    qtbot.waitUntil(lambda: viewer.layers[-1] is biopsies, timeout=3000)


def test_what_is_painted_is_listed_at_once(viewer, qtbot):
    open_in(viewer, scan_of())
    labels = viewer.add_labels(np.zeros(viewer.layers[0].data.shape, int), name="mine")
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    assert dock.label.currentText() == "nothing drawn yet"
    labels.paint((2, 2, 2), 2)
    qtbot.waitUntil(lambda: dock.label.value == 2, timeout=3000)


@pytest.mark.parametrize(
    ("file", "title"),
    [("original_firstorder_Entropy", "Entropy"), ("my entropy", "Entropy"), ("map", "Entropy")],
)
def test_a_map_read_back_is_named_listed_and_saved(dock, viewer, qtbot, tmp_path, file, title):
    run(dock, qtbot)
    path = tmp_path / f"{file}.nii.gz"
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save(path)
    viewer.layers.remove(viewer.layers.selection.active)
    (layer,) = open_in(viewer, read(path))
    assert layer.name == "Entropy"
    first, *_, last = viewer.canvas.overlays["radiogenomics_legend"].text.split("\n")
    assert (first, last.split()[-1]) == (title, "bits")
    assert dock.shown.currentText() == f"{title} (bits)"
    assert dock.save_button.isEnabled()
    assert dock.current_map is layer.metadata[SOURCE]
