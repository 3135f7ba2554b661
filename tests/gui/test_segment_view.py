"""Keys for the left hand, flicker and side by side."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.action_manager import action_manager
from napari.utils.key_bindings import KeyBinding
from napari.utils.shortcuts import default_shortcuts

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.patient import PatientView, load_layers
from napari_radiogenomics.gui.forms.inputs import is_region
from napari_radiogenomics.gui.layers.keys import PASSING
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.dock import SegmentDock
from napari_radiogenomics.gui.segment.keys import REGION_KEYS, VIEW_KEYS, key_rows
from napari_radiogenomics.gui.segment.side_by_side import Flicker, SideBySide
from napari_radiogenomics.gui.segment.toolbox import SHORT, TOOL_KEYS
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.flicker import FLICKER_KEY
from napari_radiogenomics.segmentation.tool import TOOLS

GRID = Geometry((12, 10, 8), (1.0, 1.0, 4.0), (5.0, 6.0, 7.0))
# What else binds keys in the workspace: the other docks and napari-orthogonal-views.
OTHERS = {"PageUp", "PageDown", "T", FLICKER_KEY}


def scan(name, seed, modality="MR"):
    values = np.random.default_rng(seed).normal(100 * seed, 20, GRID.shape).astype(np.float32)
    return Image(values, GRID, "", name, modality)


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:5, 3:6, 3:6], labels[5:7, 3:6, 3:6] = 1, 3
    drawn = Segmentation(labels, GRID, (Label(1, "tumour"), Label(3, "edema")), name="expert")
    for data, settings, kind in layers_of([scan("before", 1), scan("after", 2), drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    return dock


def press(owner, key):
    """As the canvas does: the keys of the selected layer, then those of the viewer."""
    owner.keymap[KeyBinding.from_str(key)](owner)


def scopes():
    """Keys of napari by what has to be selected for them: a Labels layer, anything, …"""
    found = {}
    for name, bindings in default_shortcuts.items():
        action = action_manager._actions.get(name)
        scope = getattr(getattr(action, "keymapprovider", None), "__name__", "anything")
        found.setdefault(scope, set()).update(str(binding) for binding in bindings)
    return found


def test_no_key_is_one_of_napari_where_it_works():
    import napari._qt.qt_main_window  # noqa: F401 - it registers napari's own actions

    found = scopes()
    assert "P" in found["Labels"]  # the registry was read
    assert {"Shift+V", "Ctrl+G"} <= found["ViewerModel"] | found.get("anything", set())
    everywhere = set().union(*found.values()) | OTHERS
    for key in VIEW_KEYS:
        assert key.key.replace("-", "+") not in everywhere
    elsewhere = {"Image", "Points", "Shapes", "Surface", "Tracks", "Vectors"}
    there = set().union(*(keys for scope, keys in found.items() if scope not in elsewhere))
    for key in REGION_KEYS:
        assert key.key.replace("-", "+") not in there | OTHERS
    class_keys = {str(key) for key in Labels.class_keymap} | {
        str(key) for key in ViewerModel.class_keymap
    }
    assert not class_keys & {key.key.replace("-", "+") for key in REGION_KEYS}


def test_each_key_means_one_thing_and_every_tool_has_one():
    keys = Counter(key.key for key in (*VIEW_KEYS, *REGION_KEYS))
    assert keys.most_common(1)[0][1] == 1
    assert set(TOOL_KEYS) == set(SHORT) == set(TOOLS.names())
    assert len(key_rows()) == len(VIEW_KEYS) + len(REGION_KEYS)


def test_keys_are_bound_to_segmentations_that_come_later(dock, viewer):
    made = viewer.add_labels(np.zeros(GRID.shape, np.uint8), name="second")
    dock.draw.region.layer = made
    assert KeyBinding.from_str("W") in made.keymap


def test_the_left_hand_steps_through_slices_labels_and_brushes(dock, viewer):
    layer = viewer.layers["expert"]
    viewer.dims.set_point(0, 7.0 + 4.0 * 3)
    press(layer, "W")
    assert viewer.dims.point[0] == 7.0 + 4.0 * 4
    press(layer, "S")
    press(layer, "S")
    assert viewer.dims.point[0] == 7.0 + 4.0 * 2
    layer.selected_label = 1
    press(layer, "D")
    assert layer.selected_label == 3
    press(layer, "D")
    assert layer.selected_label == 1
    press(layer, "A")
    assert layer.selected_label == 3
    size = layer.brush_size
    press(layer, "R")
    assert layer.brush_size > size
    press(layer, "C")
    press(layer, "C")
    assert layer.brush_size < size


def test_slices_end_at_the_ends_of_the_scan(dock, viewer):
    layer = viewer.layers["expert"]
    for _ in range(20):
        press(layer, "W")
    assert viewer.dims.point[0] == 7.0 + 4.0 * 7
    for _ in range(20):
        press(layer, "S")
    assert viewer.dims.point[0] == 7.0


def test_keys_choose_and_apply_tools_and_the_range(dock, viewer, qtbot):
    layer = viewer.layers["expert"]
    layer.selected_label = 1
    press(layer, "Shift-W")
    assert dock.draw.tools.tool.name == "margin"
    before = int((layer.data == 1).sum())
    press(layer, "Shift-Z")  # shows it first
    work = dock.desk.tools.work
    qtbot.waitUntil(lambda: work.change is not None and not work.busy, timeout=20_000)
    assert int((layer.data == 1).sum()) == before
    press(layer, "Shift-Z")
    qtbot.waitUntil(lambda: int((layer.data == 1).sum()) > before, timeout=20_000)
    press(layer, "Shift-D")
    assert dock.draw.painting.within.isChecked()


def test_regions_go_and_come_back_as_they_were(dock, viewer):
    layer = viewer.layers["expert"]
    press(viewer, "G")
    assert not layer.visible
    press(viewer, "G")
    assert layer.visible
    press(layer, "Shift-H")
    assert layer.contour == 2
    press(layer, "Shift-H")
    assert layer.contour == 0


def test_flicker_shows_one_scan_and_then_the_other(dock, viewer):
    before, after = viewer.layers["before"], viewer.layers["after"]
    assert before.visible
    assert not after.visible
    press(viewer, "H")
    assert (before.visible, after.visible) == (False, True)
    press(viewer, "H")
    assert (before.visible, after.visible) == (True, False)
    assert "Shown: before" in dock.message


def test_a_map_is_laid_over_the_scan_and_taken_off(viewer):
    for data, settings, kind in layers_of([scan("entropy", 3, "map")]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    flicker = attached(viewer, Flicker)
    flicker.flip()
    assert [viewer.layers[n].visible for n in ("before", "entropy")] == [True, False]
    flicker.flip()
    assert [viewer.layers[n].visible for n in ("before", "entropy")] == [True, True]


def test_one_scan_is_told(viewer, qtbot):
    del viewer.layers["after"]
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    dock.view.flip()
    assert "one scan only" in dock.message
    dock.view.side_button.setChecked(True)
    assert not dock.view.side_button.isChecked()
    with pytest.raises(InputError, match="two different"):
        attached(viewer, SideBySide).start(viewer.layers["before"], viewer.layers["before"])


def test_side_by_side_each_scan_has_the_regions_and_the_same_window(dock, viewer):
    before, after, drawn = (viewer.layers[n] for n in ("before", "after", "expert"))
    order, seen = list(viewer.layers), [x.visible for x in viewer.layers]
    limits = after.contrast_limits
    viewer.scene.camera.zoom, viewer.scene.camera.center = 50.0, (0.0, 1.0, 2.0)
    dock.view.first.layer, dock.view.second.layer = before, after
    dock.view.side_button.setChecked(True)
    grid = viewer.canvas.grid
    assert grid.enabled
    assert grid.actual_shape(viewer.layers) == (1, 2)
    cells = [
        {viewer.layers[i].name for i in inside} for _, inside in grid.iter_viewboxes(viewer.layers)
    ]
    assert cells == [{"before", "expert"}, {"after", "expert (same)"}]
    assert after.contrast_limits == before.contrast_limits != limits
    assert viewer.scene.camera.zoom != 50  # both are seen whole
    before.contrast_limits = (10, 90)
    assert tuple(after.contrast_limits) == (10, 90)
    copy = viewer.layers["expert (same)"]
    drawn.data_setitem((np.array([0]),) * 3, 3)
    assert copy.data[0, 0, 0] == 3
    assert copy.metadata[PASSING]
    dock.view.side_button.setChecked(False)
    assert list(viewer.layers) == order
    assert [x.visible for x in viewer.layers] == seen
    assert not grid.enabled
    assert (viewer.scene.camera.zoom, viewer.scene.camera.center) == (50, (0, 1, 2))
    after.contrast_limits = (0, 50)
    assert tuple(before.contrast_limits) == (10, 90)  # no longer linked


def test_another_patient_ends_side_by_side(dock, viewer):
    dock.view.side_button.setChecked(True)
    session_of(viewer).select(patient_id="P2")
    assert not viewer.canvas.grid.enabled
    assert not dock.view.side_button.isChecked()


# Another timepoint


@pytest.fixture
def two_times(tmp_path, viewer):
    """A patient of a cohort whose scan and tumour of a later day lie elsewhere."""
    from napari_radiogenomics import open_cohort, write

    rows = {"patients": ["patient_id", "P1"], "timepoints": ["patient_id,timepoint,days"]}
    rows["scans"] = ["scan_id,patient_id,timepoint,modality,role,path,unit,frame"]
    rows["segmentations"] = ["segmentation_id,scan_id,path,source,reader"]
    for time, days, x in (("t0", 0, 0.0), ("t1", 90, 40.0)):
        grid = Geometry(GRID.size, GRID.spacing, (x, 0.0, 0.0))
        values = np.full(grid.shape, 100.0 + days, np.float32)
        labels = np.zeros(grid.shape, np.uint8)
        labels[3:5, 4:7, 2 + days // 45 : 5 + days // 45] = 1
        write(Image(values, grid, "HU", time), tmp_path / f"{time}.nii.gz")
        write(Segmentation(labels, grid), tmp_path / f"{time}_seg.nii.gz")
        rows["timepoints"].append(f"P1,{time},{days}")
        rows["scans"].append(f"{time}-CT,P1,{time},CT,CT,{time}.nii.gz,HU,{time}")
        rows["segmentations"].append(f"{time}-S,{time}-CT,{time}_seg.nii.gz,expert,AB")
    (tmp_path / "cohort.toml").write_text('format = 1\nname = "two times"\n')
    for name, lines in rows.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    viewer.layers.clear()
    session = session_of(viewer)
    session.cohort = open_cohort(tmp_path)
    loaded = load_layers(session.cohort, "P1", timepoint="t0")
    attached(viewer, PatientView).show(loaded, session.edits)
    return session


def test_another_timepoint_stands_beside_this_one_with_the_same_limits(two_times, viewer, qtbot):
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    two_times.select(patient_id="P1")
    times = dock.view.time
    assert [times.combo.itemText(n) for n in (0, 1)] == ["choose …", "t1 (day 90)"]
    with qtbot.waitSignal(times.came, timeout=20_000):
        times.combo.setCurrentIndex(1)
        times.combo.activated.emit(1)
    here, there = viewer.layers["t0-CT"], viewer.layers["t1-CT t1"]
    assert viewer.canvas.grid.enabled
    assert tuple(here.contrast_limits) == tuple(there.contrast_limits)
    # The frames differ: the tumours meet, and the person is told so.
    middles = [
        layer.data_to_world(np.argwhere(layer.data).mean(axis=0))
        for layer in (viewer.layers["t0-S"], viewer.layers["t1-S t1"])
    ]
    np.testing.assert_allclose(*middles, atol=1e-6)
    assert "Not registered" in dock.message
    view = dock.view
    assert view.other_label.text() == "t1-CT t1"
    assert not view.rows.isRowVisible(view.second)
    assert not is_region(viewer.layers["t1-S t1"])  # never measured, kept or saved
    dock.view.side_button.setChecked(False)
    assert {layer.name for layer in viewer.layers} == {"t0-CT", "t0-S"}
    assert times.combo.currentIndex() == 0
    assert view.rows.isRowVisible(view.second)
    assert dock.message == "One scan again."
    two_times.select(timepoint="t1")
    assert times.combo.itemText(1) == "t0 (day 0)"
