"""A tree of scans without tables is opened on the screen by a pattern that can be corrected."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.cohort.dock import CohortDock
from napari_radiogenomics.gui.drops import files_of, is_scan_tree
from napari_radiogenomics.io.files import write

GRID = Geometry((5, 4, 3), (1, 1, 2))


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for patient in ("A1", "A2"):
        (root / patient).mkdir(parents=True)
        array = np.arange(60, dtype=np.float32).reshape(GRID.shape)
        write(Image(array, GRID), root / patient / "CT.nii.gz")
    return root


@pytest.fixture
def dock(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "cache"))
    made = CohortDock(ViewerModel())
    qtbot.addWidget(made)
    made.show()
    yield made
    qtbot.waitUntil(lambda: not made.runner.running, timeout=10_000)
    made.page.table.rows.thumbnails.stop()


def asked(qtbot, dock, folder):
    dock.open_cohort(folder)
    qtbot.waitUntil(lambda: not dock.runner.running, timeout=20_000)
    return dock.pattern_form


def test_a_tree_is_opened_by_the_pattern_that_is_guessed(qtbot, dock, tree):
    form = asked(qtbot, dock, tree)
    assert form.isVisible()
    assert form.pattern.text() == "{patient_id}/{modality}.nii.gz"
    assert form.count.text() == "Finds 2 patients, 2 scans, 0 segmentations."
    assert dock.session.cohort is None
    form.open_button.click()
    qtbot.waitUntil(lambda: dock.view.patient_id == "A1", timeout=20_000)
    assert list(dock.session.cohort.patients.index) == ["A1", "A2"]
    assert not form.isVisible()


def test_a_pattern_is_counted_while_it_is_typed_and_refused_with_the_reason(qtbot, dock, tree):
    form = asked(qtbot, dock, tree)
    form.pattern.clear()
    qtbot.keyClicks(form.pattern, "{patient_id}/{mod}.nii.gz")
    assert not form.open_button.isEnabled()
    qtbot.waitUntil(lambda: 'Unknown field "{mod}"' in form.count.text(), timeout=5000)
    assert not form.open_button.isEnabled()
    form.pattern.clear()
    qtbot.keyClicks(form.pattern, "{patient_id}/PET.nii.gz")
    assert not form.look()
    assert form.count.text().startswith("Finds 0 patients")
    assert form.count.text().endswith("2 files do not fit, such as A1/CT.nii.gz.")
    form.cancel_button.click()
    assert not form.isVisible()


def test_a_folder_without_scans_is_no_tree(qtbot, dock, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("x", encoding="utf-8")
    form = asked(qtbot, dock, tmp_path)
    assert not form.isVisible()
    assert "neither tables nor scans" in dock.message_line.text()


def test_a_dropped_tree_goes_to_the_dock_and_its_message_names_the_pattern(tree):
    assert is_scan_tree(tree)
    assert not is_scan_tree(tree / "A1")
    with pytest.raises(InputError, match=r"Cohort dock with a pattern such as \{patient_id\}/"):
        files_of(tree)


def test_a_table_of_pyradiomics_is_chosen_as_a_folder_is(qtbot, dock, tree, monkeypatch):
    table = tree / "batch.csv"
    write(Segmentation(np.ones(GRID.shape, np.uint8), GRID), tree / "A1" / "mask.nii.gz")
    table.write_text("Image,Mask\nA1/CT.nii.gz,A1/mask.nii.gz\n", encoding="utf-8")
    answers = SimpleNamespace(
        file=lambda *_: (str(table), ""),
        folder=lambda *_: "",  # the person thought better of it
    )
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answers.file)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answers.folder)
    dock.open_button.folder_action.trigger()
    assert not dock.runner.running
    dock.open_button.table_action.trigger()
    qtbot.waitUntil(lambda: dock.view.patient_id == "CT", timeout=20_000)
    assert dock.session.cohort.layout == "pyradiomics"
