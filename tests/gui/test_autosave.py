"""What is drawn is kept within seconds and given back: without a window, then in a real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Layer

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui import autosave as module
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.autosave import Autosave
from napari_radiogenomics.gui.layers.edits import mark_saved, object_of
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.recovery_notice import ElsewhereLine, KeptLine, RecoveryNotice
from napari_radiogenomics.gui.segment.regions import new_segmentation, rename
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.recovery import find_drawings, read_drawing
from napari_radiogenomics.segmentation.edit import changes

GRID = Geometry((12, 10, 6), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))
SCHEME = (Label(1, "core", (200, 10, 20)), Label(4, "oedema", (0, 90, 200)))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NRG_STATE", str(tmp_path))
    monkeypatch.setattr(module, "_WAIT_MS", 30)
    return tmp_path / "unsaved"


def opened(path="tumour.nii.gz", session="this"):
    """A viewer with a scan and its segmentation, as after opening files."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:4, 2:5, 2:5] = 1
    drawn = Segmentation(labels, GRID, SCHEME, name="tumour", metadata={"path": path})
    viewer = ViewerModel()
    for data in layers_of([Image(np.zeros(GRID.shape, np.float32), GRID, name="ct"), drawn]):
        viewer.add_layer(Layer.create(*data))
    saver = attached(viewer, Autosave)
    saver.session = session
    saver.look()
    return viewer, saver, viewer.layers["tumour"]


def paint(layer, z=0, value=4):
    layer.mode = "paint"
    layer.data_setitem((np.array([z, z]), np.array([1, 2]), np.array([3, 3])), value)


def kept(folder):
    return [drawing.file for drawing in find_drawings(folder)]


def written(qtbot, saver):
    qtbot.waitUntil(lambda: not saver.busy and saver._writing is None, timeout=5000)


def test_a_change_is_kept_and_given_back_as_one_step(qtbot, folder):
    _, saver, layer = opened()
    paint(layer)
    written(qtbot, saver)
    expected = layer.data.copy()
    assert len(kept(folder)) == 1
    _, later, fresh = opened(session="later")
    (offer,) = later.offers
    assert (offer.place.name, offer.tool) == ("tumour", "paint")
    assert later.recover() == 1
    np.testing.assert_array_equal(fresh.data, expected)
    assert later.offers == []
    fresh.undo()
    assert not (fresh.data == 4).any()
    assert len(kept(folder)) == 1  # kept by this session now
    assert kept(folder)[0].stem.endswith("-later")


def test_a_new_name_is_kept_and_given_back(qtbot, folder):
    viewer, saver, layer = opened()
    rename(viewer, layer, 1, "necrosis")
    written(qtbot, saver)
    assert len(kept(folder)) == 1
    _viewer, later, fresh = opened(session="later")
    assert later.recover() == 1
    assert object_of(fresh)["necrosis"].value == 1
    assert [label.color for label in object_of(fresh).scheme] == [(200, 10, 20), (0, 90, 200)]


def test_steady_painting_is_kept_too(qtbot, folder):
    _, saver, layer = opened()
    heard = []
    saver.kept.connect(lambda: heard.append(time.monotonic()))
    for step in range(20):  # each stroke comes sooner than the pause is long
        paint(layer, z=step % 6, value=1 + step % 2)
        qtbot.wait(10)
        if len(heard) > 1:
            break
    assert heard


def test_saving_clears_what_is_kept_and_undoing_too(qtbot, folder):
    viewer, saver, layer = opened()
    paint(layer)
    written(qtbot, saver)
    mark_saved(layer.metadata, object_of(layer))
    session_of(viewer).edits.saved.emit(object_of(layer))
    assert kept(folder) == []
    paint(layer, z=1)
    written(qtbot, saver)
    assert len(kept(folder)) == 1
    layer.undo()
    written(qtbot, saver)
    assert kept(folder) == []
    layer.redo()
    written(qtbot, saver)
    (file,) = kept(folder)
    np.testing.assert_array_equal(read_drawing(file).labels, layer.data)
    stamp = file.stat().st_mtime_ns
    layer.refresh()  # as when another slice is looked at
    written(qtbot, saver)
    assert file.stat().st_mtime_ns == stamp


def test_a_layer_that_leaves_at_once_is_kept_before(folder):
    viewer, _, layer = opened()
    paint(layer)
    viewer.layers.remove(layer)
    assert len(kept(folder)) == 1


def test_labels_that_the_person_made_come_back_as_a_layer(qtbot, folder):
    viewer, saver, _ = opened()
    scale = (3.0, 1.0, 1.0)
    mine = Labels(np.zeros(GRID.shape, np.int32), name="mine", scale=scale, translate=(5, 6, 7))
    viewer.add_layer(mine)
    mine.data_setitem((np.array([1]), np.array([1]), np.array([1])), 300)
    written(qtbot, saver)
    viewer2, later, _ = opened(session="later")
    assert [offer.place.name for offer in later.offers] == ["mine"]
    later.recover()
    back = viewer2.layers["mine"]
    assert back.data[1, 1, 1] == 300
    np.testing.assert_array_equal(back.scale, mine.scale)
    np.testing.assert_array_equal(back.translate, mine.translate)
    assert len(kept(folder)) == 1


def test_nothing_is_offered_for_other_files_and_discard_puts_aside(qtbot, folder):
    _, saver, layer = opened()
    paint(layer)
    written(qtbot, saver)
    _, other, _ = opened("elsewhere.nii.gz", session="other")
    assert other.offers == []
    other.discard()
    assert len(kept(folder)) == 1
    _, later, fresh = opened(session="later")
    paint(fresh, z=5)  # before deciding: what was kept before stays
    written(qtbot, later)
    assert len(kept(folder)) == 2
    aside = later.discard()
    assert [file.stem.endswith("-later") for file in kept(folder)] == [True]
    (moved,) = aside.glob("*.npz")
    assert (read_drawing(moved).labels == 4).sum() == 2


def with_scan(name, seed, session):
    """A viewer with one scan, as after opening a file; grids are alike, values are not."""
    values = np.random.default_rng(seed).normal(size=GRID.shape).astype(np.float32)
    scan = Image(values, GRID, name="t1", metadata={"path": f"/data/{name}/t1.nrrd"})
    viewer = ViewerModel()
    viewer.add_layer(Layer.create(*layers_of([scan])[0]))
    saver = attached(viewer, Autosave)
    saver.session = session
    saver.look()
    return viewer, saver


def test_a_drawing_without_a_file_belongs_to_its_scan(qtbot, folder):
    for name, seed in (("brain", 1), ("lung", 2)):  # scans of one name and one grid
        viewer, saver = with_scan(name, seed, "this")
        layer = new_segmentation(viewer, viewer.layers["t1"])
        paint(layer, value=seed)
        written(qtbot, saver)
    assert len(kept(folder)) == 2
    viewer, later = with_scan("lung", 2, "later")
    assert [offer.place.scan_name for offer in later.offers] == ["/data/lung/t1.nrrd"]
    assert [other.place.where for other in later.elsewhere] == ["t1 segmentation on t1.nrrd"]
    line = ElsewhereLine(viewer)
    qtbot.addWidget(line)
    assert "t1 segmentation on t1.nrrd" in line.text()
    assert "/data/brain/t1.nrrd" in line.toolTip()
    later.discard()
    (left,) = find_drawings(folder)
    assert left.place.scan_name == "/data/brain/t1.nrrd"
    viewer, again = with_scan("moved", 1, "again")  # its file lies elsewhere by now
    assert again.recover() == 1
    assert (viewer.layers["t1 segmentation"].data == 1).sum() == 2
    assert again.elsewhere == []


def test_a_scan_that_is_opened_later_brings_its_offer(qtbot, folder):
    viewer, saver = with_scan("brain", 1, "this")
    paint(new_segmentation(viewer, viewer.layers["t1"]))
    written(qtbot, saver)
    _, later = with_scan("lung", 2, "later")
    assert later.offers == []
    other, _ = with_scan("brain", 1, "other")
    later.viewer.add_layer(other.layers["t1"])
    assert len(later.offers) == 1


def test_a_drawing_that_no_longer_fits_stays_offered(qtbot, folder):
    _, saver, layer = opened()
    paint(layer)
    written(qtbot, saver)
    viewer, later, fresh = opened(session="later")
    viewer.layers.remove(fresh)
    smaller = Geometry((4, 4, 4))
    drawn = Segmentation(
        np.ones(smaller.shape, np.uint8), smaller, name="tumour", metadata={"path": "tumour.nii.gz"}
    )
    viewer.add_layer(Layer.create(*layers_of([drawn])[0]))
    notice, told = RecoveryNotice(viewer), []
    qtbot.addWidget(notice)
    notice.said.connect(lambda text, tone: told.append((text, tone)))
    notice.recover_button.click()
    assert "the file was changed since" in told[0][0]
    assert told[0][1] == "error"
    assert len(later.offers) == len(kept(folder)) == 1


def test_the_notice_says_what_and_when_and_goes(qtbot, folder):
    _, saver, layer = opened()
    paint(layer)
    written(qtbot, saver)
    viewer, _, fresh = opened(session="later")
    notice, line = RecoveryNotice(viewer), KeptLine(viewer)
    qtbot.addWidget(notice)
    qtbot.addWidget(line)
    assert not notice.isHidden()
    assert "tumour (20" in notice.text.text()
    assert ", paint)" in notice.text.text()
    assert line.text() == ""
    notice.recover_button.click()
    assert notice.isHidden()
    assert (fresh.data == 4).any()
    assert line.text() == "Autosaved 0 s ago"


def test_a_full_disk_is_told_and_painting_goes_on(qtbot, folder):
    viewer, saver, layer = opened()
    notice, told = RecoveryNotice(viewer), []
    qtbot.addWidget(notice)
    notice.said.connect(lambda text, tone: told.append(text))
    saver.folder = Path("/proc/no/such/place")
    paint(layer)
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert "cannot be kept for a crash" in told[0]
    assert (layer.data == 4).any()


def test_a_preview_is_not_kept(qtbot, folder):
    viewer, saver, _ = opened()
    passing = Labels(np.zeros(GRID.shape, np.uint8), metadata={"radiogenomics_passing": True})
    viewer.add_layer(passing)
    paint(passing)
    assert not saver.busy


def test_three_million_voxels_are_one_step():
    before = np.zeros((30, 400, 400), np.uint8)
    layer = Labels(before.copy())
    after = before.copy()
    after[5:25, 10:390, 3:398] = 2
    indices, values = changes(layer.data, after)
    assert values.size > 3_000_000
    layer.data_setitem(indices, values)
    np.testing.assert_array_equal(layer.data, after)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    layer.redo()
    np.testing.assert_array_equal(layer.data, after)


CHILD = """
import sys, time
import numpy as np, napari
from qtpy.QtWidgets import QApplication
from napari_radiogenomics.gui import autosave
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.segmentation.edit import changes
autosave._WAIT_MS = 300
root, out = sys.argv[1:]

def until(ready, seconds=60):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            sys.exit("waited in vain")
        QApplication.processEvents()
        time.sleep(0.01)

viewer = napari.Viewer(show=True)
_, dock = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Cohort")
dock.open_cohort(root)
labels = lambda: [x for x in viewer.layers if type(x).__name__ == "Labels"]
until(lambda: labels() and not dock.runner.running)
first = dock.session.selection.patient_id
layer = labels()[0]
layer.mode, layer.brush_size, layer.selected_label = "paint", 5, 1
layer.paint((2, 4, 4), 1)
after = np.array(layer.data); after[3] = 2
layer.data_setitem(*changes(np.asarray(layer.data), after))
layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 3)
layer.data_setitem((np.array([0]), np.array([1]), np.array([0])), 3)
layer.undo(); layer.undo()
expected = np.array(layer.data)
dock.step(1)
until(lambda: dock.view.patient_id not in ("", first) and not dock.runner.running)
other = labels()[0]
other.paint((1, 3, 3), 1)
dock.step(-1)
until(lambda: dock.view.patient_id == first and not dock.runner.running)
assert np.array_equal(labels()[0].data, expected)
labels()[0].undo()
labels()[0].redo()
saver = attached(viewer, autosave.Autosave)
until(lambda: not saver.busy)
np.save(out + "/first.npy", expected); np.save(out + "/other.npy", other.data)
print("drawn", flush=True)
until(lambda: False)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_a_killed_session_loses_nothing(opengl, make_napari_viewer, qtbot, folder, tmp_path):
    from napari_radiogenomics.io.files import write

    root = tmp_path / "cohort"
    root.mkdir()
    for name in ("P1", "P2"):
        write(Image(np.zeros(GRID.shape, np.float32), GRID), root / f"{name}.nii.gz")
        labels = np.zeros(GRID.shape, np.uint8)
        labels[2:4, 2:5, 2:5] = 1
        write(Segmentation(labels, GRID), root / f"{name}_seg.nii.gz")
    for name, text in {
        "cohort.toml": 'format = 1\nname = "Small"\n',
        "patients.csv": "patient_id,site\nP1,A\nP2,A\n",
        "scans.csv": "scan_id,patient_id,modality,path\nC1,P1,CT,P1.nii.gz\nC2,P2,CT,P2.nii.gz\n",
        "segmentations.csv": "segmentation_id,scan_id,path,source\n"
        "S1,C1,P1_seg.nii.gz,expert\nS2,C2,P2_seg.nii.gz,expert\n",
    }.items():
        (root / name).write_text(text)
    command = [sys.executable, "-c", CHILD, str(root), str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "drawn\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()

    viewer = make_napari_viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Cohort")
    dock.open_cohort(root)
    for patient, expected in (("P1", "first"), ("P2", "other")):
        qtbot.waitUntil(
            lambda p=patient: dock.view.patient_id == p and not dock.runner.running, timeout=20_000
        )
        qtbot.waitUntil(lambda: not dock.notice.isHidden(), timeout=5000)
        layer = next(x for x in viewer.layers if isinstance(x, Labels))
        untouched = np.array(layer.data)
        dock.notice.recover_button.click()
        np.testing.assert_array_equal(layer.data, np.load(tmp_path / f"{expected}.npy"))
        assert dock.notice.isHidden()
        layer.undo()
        np.testing.assert_array_equal(layer.data, untouched)
        layer.redo()
        dock.step(1)
    assert dock.session.edits.unsaved() == {"P1", "P2"}
