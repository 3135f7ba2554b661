"""Docks of ours are tabs of one another, and the window keeps its size, whoever opens them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_radiogenomics import open_cohort
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.gui.placing import dock_of, raise_dock
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.workspace import open_workspace

pytestmark = pytest.mark.usefixtures("opengl")
SMALL = (1366, 768)
PLUGIN = "napari-radiogenomics"


@pytest.fixture
def viewer(qtbot, make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(*SMALL)
    qtbot.wait(100)
    yield made
    made.window.remove_dock_widget("all")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty patients of three sites, with a table of features."""
    rng, ids = np.random.default_rng(2), [f"P{k:02d}" for k in range(60)]
    root = tmp_path_factory.mktemp("cohort")
    (root / "cohort.toml").write_text('format = 1\nname = "made up"\n', encoding="utf-8")
    header = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    (root / "scans.csv").write_text(header, encoding="utf-8")
    patients = pd.DataFrame({"patient_id": ids, "site": np.resize(["A", "B", "C"], 60)})
    patients["CA9"] = rng.normal(size=60)
    patients.to_csv(root / "patients.csv", index=False)
    table = pd.DataFrame(rng.normal(size=(60, 8)), ids).add_prefix("original_glcm_Feature")
    table.index.name = "patient_id"
    CohortFeatures(table, dict.fromkeys(table, "features")).save(root / "features.csv")
    return root


def open_sheets(qtbot, docks, folder):
    """Even out and associate, as a person does: both wide docks open."""
    harmonize, associate = docks
    for dock in docks:
        dock.picker.open_file(folder / "features.csv")
    associate.outcomes.setCurrentIndex(associate.outcomes.findData("named"))
    associate.names.setText("CA9")
    for dock in docks:
        with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
            dock.start()
        qtbot.wait(200)
    return harmonize.sheet, associate.sheet


def size_of(viewer):
    size = main_window(viewer).size()
    return size.width(), size.height()


def main_window(viewer):
    return viewer.window._qt_window


def test_the_wide_docks_are_tabs_and_the_window_keeps_its_size(qtbot, viewer, folder):
    docks = open_workspace(viewer, three_views=False)
    session_of(viewer).cohort = open_cohort(folder)
    pair = docks["Harmonize"], docks["Associate"]
    before, after = open_sheets(qtbot, pair, folder)
    window = main_window(viewer)
    assert window.tabifiedDockWidgets(dock_of(before)) == [dock_of(after)]
    for sheet in (before, after):
        assert window.dockWidgetArea(dock_of(sheet)) == Qt.DockWidgetArea.BottomDockWidgetArea
    assert size_of(viewer) == SMALL
    assert not after.visibleRegion().isEmpty()  # the one that was opened last
    assert after.map.width() > 300
    assert window.minimumSizeHint().width() <= SMALL[0]
    with qtbot.waitSignal(docks["Harmonize"].runner.ended, timeout=60_000):
        docks["Harmonize"].start()
    qtbot.waitUntil(lambda: not before.visibleRegion().isEmpty())  # a new result is in sight
    viewer.window.remove_dock_widget(dock_of(before))
    docks["Harmonize"].open_sheet()  # closed by the person, opened again
    qtbot.waitUntil(lambda: window.tabifiedDockWidgets(dock_of(before)) == [dock_of(after)])
    assert size_of(viewer) == SMALL


def test_another_wide_dock_joins_them(qtbot, viewer, folder):
    docks = open_workspace(viewer, three_views=False)
    session_of(viewer).cohort = open_cohort(folder)
    open_sheets(qtbot, (docks["Harmonize"], docks["Associate"]), folder)
    heat, _ = viewer.window.add_plugin_dock_widget(PLUGIN, "Patients × genes")
    qtbot.waitUntil(lambda: len(main_window(viewer).tabifiedDockWidgets(heat)) == 2)
    qtbot.wait(100)
    assert size_of(viewer) == SMALL


def test_docks_that_are_opened_one_by_one_are_tabs(qtbot, viewer):
    opened = []
    for name in ("Cohort", "Harmonize", "Associate", "Genes", "Scan", "Segment"):
        dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        opened.append(dock)
        qtbot.waitUntil(lambda: not widget.visibleRegion().isEmpty())  # noqa: B023
        qtbot.wait(150)
        assert not widget.visibleRegion().isEmpty(), name
        assert size_of(viewer) == SMALL, name
    window = main_window(viewer)
    assert set(window.tabifiedDockWidgets(opened[0])) == set(opened[1:])
    assert opened[1].windowTitle() == "Harmonize"
    assert min(widget.widget().minimumSizeHint().height() for widget in opened) > 100
    raise_dock(opened[1].widget())
    qtbot.waitUntil(lambda: not opened[1].widget().visibleRegion().isEmpty())


def test_a_dock_of_another_side_stays_there(qtbot, viewer):
    cohort, _ = viewer.window.add_plugin_dock_widget(PLUGIN, "Cohort")
    qtbot.wait(100)
    window = main_window(viewer)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, cohort)
    scan, _ = viewer.window.add_plugin_dock_widget(PLUGIN, "Scan")
    qtbot.wait(150)
    assert window.tabifiedDockWidgets(scan) == []
    assert window.dockWidgetArea(cohort) == Qt.DockWidgetArea.LeftDockWidgetArea


def test_a_wide_dock_is_seen_with_the_dock_that_opened_it(qtbot, viewer):
    """Correspondence's sheet would halve whatever dock is opened after it."""
    docks = open_workspace(viewer, three_views=False)
    own, other = docks["Correspondence"], docks["Genes"]
    bring(qtbot, own)
    own._open_sheet()
    qtbot.waitUntil(lambda: own.sheet.in_front, timeout=5_000)
    qtbot.wait(200)
    sheet = dock_of(own.sheet)
    halved, window = own.height(), size_of(viewer)
    high = sheet.height()
    for _ in range(2):
        bring(qtbot, other)
        qtbot.waitUntil(lambda: not sheet.isVisible(), timeout=5_000)
        bring(qtbot, own)
        qtbot.waitUntil(lambda: own.sheet.in_front, timeout=5_000)
        qtbot.wait(200)
        assert abs(sheet.height() - high) < 20
        assert abs(own.height() - halved) < 20
        assert size_of(viewer) == window
    bring(qtbot, other)
    qtbot.waitUntil(lambda: not sheet.isVisible(), timeout=5_000)
    own._open_sheet()  # a result that comes while another dock is in front
    qtbot.wait(200)
    assert not sheet.isVisible()
    bring(qtbot, own)
    qtbot.waitUntil(lambda: own.sheet.in_front, timeout=5_000)
    sheet.hide()  # as a person closes it
    bring(qtbot, other)
    bring(qtbot, own)
    qtbot.wait(200)
    assert not sheet.isVisible()


def bring(qtbot, dock):
    """Bring the tab of a dock to the front, as a person does."""
    raise_dock(dock)
    qtbot.waitUntil(lambda: dock.in_front, timeout=5_000)
    qtbot.wait(150)


def test_a_wide_dock_without_a_result_gives_its_room_back(qtbot, viewer):
    docks = open_workspace(viewer, three_views=False)
    own, other = docks["Correspondence"], docks["Genes"]
    bring(qtbot, own)
    own._open_sheet()
    qtbot.waitUntil(lambda: own.sheet.in_front, timeout=5_000)
    sheet = dock_of(own.sheet)
    own._leave()  # as another patient is chosen
    assert not sheet.isVisible()
    bring(qtbot, other)
    bring(qtbot, own)
    qtbot.wait(200)
    assert not sheet.isVisible()  # it comes back with a result, not with its owner
    own._open_sheet()
    qtbot.waitUntil(sheet.isVisible, timeout=5_000)
    own.sheet.cohort_found = object()  # an answer of all patients is not of one of them
    own._leave()
    assert sheet.isVisible()
    own.sheet.cohort_found = None


def test_titles_of_docks_leave_the_name_of_the_plugin_out(qtbot, viewer):
    docks = open_workspace(viewer, three_views=False)
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Register", tabify=True)
    assert widget is docks["Register"]
    qtbot.wait(100)
    for name, one in docks.items():
        own = dock_of(one)
        assert own.windowTitle() == name
        assert name in [label.text() for label in own.titleBarWidget().findChildren(QLabel)]


def test_a_dock_that_is_opened_as_a_tab_has_its_short_title(qtbot, viewer):
    viewer.window.add_plugin_dock_widget(PLUGIN, "Slide")
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Register", tabify=True)
    raise_dock(widget)
    qtbot.waitUntil(lambda: dock.windowTitle() == "Register", timeout=5_000)
    texts = [label.text() for label in dock.titleBarWidget().findChildren(QLabel)]
    assert "Register" in texts
