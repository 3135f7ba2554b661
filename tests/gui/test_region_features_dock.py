"""The Region features dock: a table by region, linked with the labels."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

from napari_radiogenomics import read
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.region_features.dock import RegionFeaturesDock
from napari_radiogenomics.gui.region_features.table import FeatureTable
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics.region import extract_features

GRID = Geometry((12, 11, 8), (1.0, 1.5, 4.0), (-6.0, 5.0, 20.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1))
MEAN = "original_firstorder_Mean"


def scan_of(grid=GRID):
    values = np.random.default_rng(1).normal(0, 60, grid.shape).astype(np.float32)
    return Image(values, grid, "HU", "chest", "CT")


def region_of(grid=GRID):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:7, 2:9, 3:10] = 1
    labels[2:4, 3:6, 4:7] = 2
    labels[3, 2:9, 3:8] = 2
    return Segmentation(labels, grid, (Label(1, "rim"), Label(2, "core")), name="expert")


def open_in(viewer, *objects):
    return [getattr(viewer, f"add_{kind}")(d, **kw) for d, kw, kind in layers_of(objects)]


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    open_in(viewer, scan_of(), region_of())
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    dock = RegionFeaturesDock(viewer)
    qtbot.addWidget(dock)
    dock.form.values = {"families": ("shape", "firstorder")}
    return dock


def run(dock, qtbot):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()


def cells(table, row):
    model = table.features
    return [model.data(model.index(row, column)) for column in range(model.columnCount())]


def test_the_table_has_the_numbers_of_the_verb(dock, qtbot):
    assert dock.message.startswith("Measure gives a table")
    assert not dock.save_button.isEnabled()
    run(dock, qtbot)
    frame = dock.table.features.frame
    expected = extract_features(scan_of(), region_of(), families=["shape", "firstorder"])
    pd.testing.assert_frame_equal(frame, expected)
    headers = [dock.table.features.headerData(n, Qt.Orientation.Horizontal) for n in range(3)]
    assert headers == ["Feature", "rim", "core"]
    row = dock.table.features.shown.index(MEAN)
    title, rim, core = cells(dock.table, row)
    assert title == "Mean (HU)"
    assert float(rim.replace("−", "-")) == pytest.approx(expected.loc[1, MEAN], rel=1e-3)
    assert float(core.replace("−", "-")) == pytest.approx(expected.loc[2, MEAN], rel=1e-3)
    assert "2 regions" in dock.message


def test_no_number_is_cut_off(dock, qtbot):
    """A number without its middle is another number."""
    dock.resize(330, 700)
    dock.show()
    run(dock, qtbot)
    table = dock.table
    for column in range(1, table.features.columnCount()):
        assert table.columnWidth(column) >= table.sizeHintForColumn(column)
    assert table.textElideMode() == Qt.TextElideMode.ElideRight
    titles = [table.features.row_title(row) for row in range(table.features.rowCount())]
    assert len(set(titles)) == len(titles)


def test_the_search_finds_by_name_title_and_meaning(dock, qtbot):
    run(dock, qtbot)
    dock.search.setText("first order mean abs")
    assert all("firstorder" in name for name in dock.table.features.shown)
    assert "original_firstorder_MeanAbsoluteDeviation" in dock.table.features.shown
    dock.search.setText("unpredictable")
    assert dock.table.features.shown == ["original_firstorder_Entropy"]
    dock.search.clear()
    assert len(dock.table.features.shown) == dock.table.features.frame.shape[1]


def test_a_region_is_chosen_from_the_table_and_from_the_labels(dock, viewer, qtbot):
    session, labels = session_of(viewer), viewer.layers["expert"]
    run(dock, qtbot)
    row = dock.table.features.shown.index(MEAN)
    dock.table.clicked.emit(dock.table.features.index(row, 2))
    assert (session.selection.label, session.selection.region) == (2, "core")
    assert session.selection.feature == MEAN
    assert labels.selected_label == 2
    core = [np.count_nonzero(part == 2) for part in labels.data]
    place = labels.translate[0] + int(np.argmax(core)) * labels.scale[0]
    assert viewer.dims.point[0] == pytest.approx(place)
    assert "The average value in the region." in dock.about.text()
    labels.selected_label = 1
    assert session.selection.label == 1
    assert dock.table.currentIndex().column() == 1
    assert dock.table.currentIndex().row() == row
    session.select(label=2)
    assert dock.table.currentIndex().column() == 2


def test_what_is_copied_and_saved_is_safe_in_a_spreadsheet(viewer, qtbot, tmp_path):
    drawn = region_of()
    named = Segmentation(drawn.labels, GRID, (Label(1, "=1+1"), Label(2, "core")), name="expert")
    viewer.layers.remove("expert")
    open_in(viewer, named)
    dock = RegionFeaturesDock(viewer)
    qtbot.addWidget(dock)
    dock.form.values = {"families": ("firstorder",)}
    run(dock, qtbot)
    dock.search.setText("firstorder_Mean")
    dock.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "feature\t'=1+1\tcore"
    assert [line.split("\t")[0] for line in lines[1:]] == dock.table.features.shown
    path = tmp_path / "features.csv"
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.save_as(path)
    assert str(path) in dock.message
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["region"] for row in rows] == ["'=1+1", "core"]
    frame = dock.table.features.frame
    assert float(rows[1][MEAN]) == frame.loc[2, MEAN]
    (record,) = read_history(path)
    assert record.verb == "extract_features"
    assert record.settings["families"] == ["firstorder"]


def test_painting_after_measuring_is_said(dock, viewer, qtbot):
    run(dock, qtbot)
    labels = viewer.layers["expert"]
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    assert "Measure again" in dock.message


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"bin_width": 0.0, "families": ("glcm",)}, '"Bin width" is a number above 0'),
        ({"bin_width": 1e-5, "families": ("glcm",)}, "levels"),
    ],
)
def test_settings_that_mean_nothing_are_said(dock, qtbot, settings, told):
    dock.form.values = settings
    run(dock, qtbot)
    assert told in dock.message
    assert dock.table.features.frame is None


def test_what_lacks_is_said(dock, qtbot):
    dock.form.values = {"families": ()}
    dock.start()
    assert dock.message.startswith("No family of features is chosen.")
    viewer = ViewerModel()
    dock = RegionFeaturesDock(viewer)
    qtbot.addWidget(dock)
    dock.start()
    assert dock.message.startswith("There is no scan.")
    open_in(viewer, scan_of(), region_of(Geometry((12, 11, 8), (1.0, 1.0, 1.0))))
    run(dock, qtbot)
    assert "Resample" in dock.message


def test_a_value_that_is_none_is_said(qtbot):
    table = FeatureTable()
    qtbot.addWidget(table)
    frame = pd.DataFrame({"original_glcm_MCC": [np.nan], "diagnostics_x": ["text"]}, index=[4])
    table.use(frame)
    assert cells(table, 0)[1] == "no value"
    assert cells(table, 1) == ["diagnostics_x", "text"]
    assert table.features.headerData(1, Qt.Orientation.Horizontal) == "label 4"


def test_brain_tumour_by_default_settings(viewer, qtbot, real_data):
    viewer.layers.clear()
    image = read(real_data("pyradiomics/brain1_image.nrrd"))
    drawn = read(real_data("pyradiomics/brain1_label.nrrd"), "segmentation")
    open_in(viewer, image, drawn)
    dock = RegionFeaturesDock(viewer)
    qtbot.addWidget(dock)
    run(dock, qtbot)
    assert dock.table.features.frame.shape[0] == 1
    assert dock.table.features.frame.shape[1] > 100
