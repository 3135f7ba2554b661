"""A few tests in a real window, from the reader to the linked views."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QDockWidget, QTabBar

from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.workspace import DOCKS, open_workspace

pytestmark = pytest.mark.usefixtures("opengl")
COHORT = Path(__file__).resolve().parents[2] / "sample_data" / "cohort"


@pytest.fixture
def viewer(make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(1366, 768)
    yield made
    made.window.remove_dock_widget("all")


@pytest.fixture
def workspace(qtbot, viewer):
    docks = open_workspace(viewer, three_views=False)
    yield docks
    qtbot.waitUntil(lambda: not docks["Cohort"].runner.running, timeout=30_000)
    docks["Cohort"].page.table.rows.thumbnails.stop()


def opened(qtbot, dock):
    if not COHORT.exists():
        pytest.skip("sample_data is not in this checkout")
    dock.open_cohort(COHORT)
    qtbot.waitUntil(lambda: bool(dock.view.patient_id) and not dock.runner.running, timeout=60_000)


def test_the_docks_are_tabs_that_fit_a_small_screen(qtbot, viewer, workspace):
    assert set(workspace) == set(DOCKS)
    docks = []
    for widget in workspace.values():
        parent = widget
        while not isinstance(parent, QDockWidget):
            parent = parent.parentWidget()
        docks.append(parent)
    main = docks[0].window()
    assert set(main.tabifiedDockWidgets(docks[0])) == set(docks[1:])
    assert main.minimumSizeHint().width() <= 1366
    assert main.minimumSizeHint().height() <= 768
    assert 320 <= docks[0].width() <= 420


def test_dropping_a_cohort_folder_opens_its_first_patient(qtbot, viewer, workspace):
    if not COHORT.exists():
        pytest.skip("sample_data is not in this checkout")
    viewer.open(str(COHORT), plugin="napari-radiogenomics")
    dock = workspace["Cohort"]
    qtbot.waitUntil(lambda: bool(dock.view.patient_id) and not dock.runner.running, timeout=60_000)
    assert [type(layer).__name__ for layer in viewer.layers][:2] == ["Image", "Labels"]
    picture = viewer.screenshot(canvas_only=True, flash=False)
    assert picture[..., :3].std() > 10


def test_a_damaged_file_leaves_the_viewer_usable(viewer, tmp_path):
    bad = tmp_path / "cut.nii.gz"
    bad.write_bytes(b"\x1f\x8bnothing")
    before = len(notification_manager.records)
    viewer.open(str(bad), plugin="napari-radiogenomics")
    said = [str(record.message) for record in notification_manager.records[before:]]
    assert len(said) == 1
    assert "cut.nii.gz" in said[0]
    assert not viewer.layers
    viewer.add_image(np.zeros((4, 4)))


def test_the_dock_goes_with_its_window(qtbot, make_napari_viewer):
    viewer = make_napari_viewer()
    dock, widget = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Cohort")
    gone = weakref.ref(widget)
    assert "PageDown" in {str(key) for key in viewer.keymap}
    viewer.window.remove_dock_widget(dock)
    del dock, widget

    def collected():
        gc.collect()
        return gone() is None

    qtbot.waitUntil(collected, timeout=10_000)
    assert "PageDown" not in {str(key) for key in viewer.keymap}


def test_one_viewer_without_a_window_has_one_model(viewer):
    assert models(viewer) == [viewer]


def test_the_names_of_all_docks_are_read_whole(viewer, workspace, qtbot):
    viewer.window.resize(1366, 768)
    qtbot.wait(200)
    parent = next(iter(workspace.values())).window()
    bars = [bar for bar in parent.findChildren(QTabBar) if bar.count() >= len(DOCKS)]
    (bar,) = [b for b in bars if {b.tabText(n) for n in range(b.count())} == set(DOCKS)]
    for number in range(bar.count()):
        place = bar.tabRect(number)
        assert place.height() > bar.fontMetrics().horizontalAdvance(bar.tabText(number))
        assert bar.rect().contains(place)
