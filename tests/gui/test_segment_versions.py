"""Versions in the dock: saved beside the expert's, listed, brought back as one undo step."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics import Geometry, Image, Segmentation, open_cohort, write
from napari_radiogenomics.gui.cohort.patient import PatientView, load_layers
from napari_radiogenomics.gui.layers.edits import is_unsaved
from napari_radiogenomics.gui.segment import versions_row
from napari_radiogenomics.gui.segment.dock import SegmentDock
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.versions import versions

GRID = Geometry((12, 10, 6), (1.0, 1.0, 3.0), (5.0, -2.0, 9.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))


@pytest.fixture
def cohort(tmp_path):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:4, 3:6, 3:6] = 1
    write(Image(np.zeros(GRID.shape, np.float32), GRID), tmp_path / "ct.nii.gz")
    write(Segmentation(labels, GRID), tmp_path / "seg.nii.gz")
    (tmp_path / "cohort.toml").write_text('format = 1\nname = "Small"\n')
    (tmp_path / "patients.csv").write_text("patient_id,site\nP1,A\n")
    (tmp_path / "scans.csv").write_text("scan_id,patient_id,modality,path\nCT1,P1,CT,ct.nii.gz\n")
    (tmp_path / "segmentations.csv").write_text(
        "segmentation_id,scan_id,path,source,reader\nS1,CT1,seg.nii.gz,expert,AB\n"
    )
    return open_cohort(tmp_path)


@pytest.fixture
def viewer(cohort):
    viewer = ViewerModel()
    session = session_of(viewer)
    session.cohort = cohort
    PatientView(viewer).show(load_layers(cohort, "P1"), session.edits)
    return viewer


@pytest.fixture
def dock(viewer, qtbot, monkeypatch):
    monkeypatch.setattr(versions_row, "preference", lambda name: "CD")
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    return dock


def wait(dock, qtbot):
    qtbot.waitUntil(lambda: not dock.draw.versions.runner.running, timeout=20_000)


def texts(dock):
    rows = dock.draw.versions.list
    return [rows.item(row).text() for row in range(rows.count())]


def test_the_versions_of_the_cohort_are_listed(dock):
    assert texts(dock) == ["as opened · expert · AB"]
    assert dock.draw.versions.save_button.isEnabled()


def test_a_version_is_saved_beside_the_experts_and_counts_as_saved(dock, cohort, qtbot):
    layer = dock.desk.layer
    layer.data_setitem((np.array([0]),) * 3, 1)
    assert is_unsaved(layer)
    dock.draw.versions.save()
    wait(dock, qtbot)
    assert not is_unsaved(layer)
    assert dock.message.startswith("Saved as S1__corrected__CD__")
    table = versions(cohort, "S1")
    assert list(table["source"]) == ["corrected", "expert"]
    assert next(iter(table["tool"])) == "brush"
    assert len(texts(dock)) == 2
    assert "corrected · CD · brush" in texts(dock)[0]


def test_a_version_comes_back_as_one_undo_step(dock, qtbot):
    layer = dock.desk.layer
    before = np.array(layer.data)
    layer.data_setitem(np.nonzero(layer.data == 1), 0)
    edited = np.array(layer.data)
    dock.draw.versions.restore()
    wait(dock, qtbot)
    np.testing.assert_array_equal(layer.data, before)
    assert "Undo takes it away" in dock.message
    layer.undo()
    np.testing.assert_array_equal(layer.data, edited)
    layer.redo()
    dock.draw.versions.restore()
    wait(dock, qtbot)
    assert "already" in dock.message


def test_the_tool_that_was_used_is_noted(dock, cohort, qtbot):
    dock.draw.tools.choose("margin")
    qtbot.waitUntil(lambda: dock.desk.tools.work.change is not None, timeout=20_000)
    dock.desk.tools.apply()
    dock.draw.versions.save()
    wait(dock, qtbot)
    assert next(iter(versions(cohort, "S1")["tool"])) == "margin"


def test_without_a_name_nothing_is_saved_and_the_person_hears_where_to_give_it(
    dock, cohort, qtbot, monkeypatch
):
    monkeypatch.setattr(versions_row, "preference", lambda name: "")
    dock.draw.versions.save()
    wait(dock, qtbot)
    assert "Preferences" in dock.message
    assert len(versions(cohort, "S1")) == 1


def test_without_a_cohort_there_are_no_versions(qtbot):
    dock = SegmentDock(ViewerModel())
    qtbot.addWidget(dock)
    assert not dock.draw.versions.save_button.isEnabled()
    dock.draw.versions.save()
    assert "open cohort" in dock.message
