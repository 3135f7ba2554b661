"""The Cohort dock: rows and words without a screen, then the dock over a ViewerModel."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.cohort.dock import CohortDock
from napari_radiogenomics.gui.cohort.patient import AT_FIRST, PatientView, load_layers
from napari_radiogenomics.gui.cohort.rows import (
    MISSING,
    Filters,
    card,
    flag_words,
    matching,
    mutations,
    problem_text,
    search_text,
)
from napari_radiogenomics.gui.cohort.thumbnails import SIDE, glance, glance_of
from napari_radiogenomics.gui.forms.inputs import LayerCombo
from napari_radiogenomics.gui.layers.edits import Edits, mark_saved, object_of
from napari_radiogenomics.io.cohorts import open_cohort
from napari_radiogenomics.io.files import write
from napari_radiogenomics.simulate import sample_cohort

GRIDS = {"P1": Geometry((20, 16, 6), (1, 1, 3)), "P2": Geometry((18, 18, 5), (1, 1, 2), (5, 0, 0))}


def tumour(geometry):
    labels = np.zeros(geometry.shape, np.uint8)
    labels[2, 4:8, 5:9] = 1
    return labels


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two patients, a third without files, and a fourth whose scan is damaged."""
    root = tmp_path_factory.mktemp("cohort")
    rng = np.random.default_rng(0)
    for name, grid in GRIDS.items():
        scan = rng.normal(0, 30, grid.shape).astype(np.float32)
        write(Image(scan, grid), root / f"{name}.nii.gz")
        drawn = Segmentation(tumour(grid), grid)
        write(drawn, root / f"{name}_seg.nii.gz")
    (root / "P4.nii.gz").write_bytes(b"no scan")
    write_text(root, "cohort.toml", 'format = 1\nname = "Small"\n[[variants]]\npath = "v.csv"\n')
    write_text(root, "v.csv", "patient_id,gene,class\nP1,EGFR,missense\nP1,KRAS,wildtype\n")
    write_text(
        root,
        "patients.csv",
        "patient_id,site,age,sex,stage,os_event\nP1,A,61,F,II,1\nP2,B,,M,,0\nP3,A,70,F,I,\n"
        "P4,B,50,M,I,0\n",
    )
    head = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    rows = "".join(f"{p}-CT,{p},t0,CT,CT,{p}.nii.gz,HU,{p}\n" for p in ("P1", "P2", "P4"))
    write_text(root, "scans.csv", head + rows)
    rows = "".join(f"{p}-R1,{p}-CT,{p}_seg.nii.gz,expert,\n" for p in GRIDS)
    write_text(root, "segmentations.csv", "segmentation_id,scan_id,path,source,reader\n" + rows)
    write_text(
        root,
        "samples.csv",
        "sample_id,patient_id,timepoint,kind,frame,coord_system,unit,x,y,z,radius_mm,"
        "uncertainty_mm,structure,selected_by,expression_column,precision\n"
        "b1,P1,t0,biopsy,P1,LPS,mm,7,6,6,1.5,1,core,location,b1,point\n"
        "t1,P1,t0,bulk,,,,,,,,,,,t1,tumour\n",
    )
    return root


def write_text(root, name, text):
    (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def cohort(made):
    return open_cohort(made)


@pytest.fixture(autouse=True)
def _private_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(tmp_path / "cache"))


@pytest.fixture
def dock(qtbot):
    viewer = ViewerModel()
    made = CohortDock(viewer)
    qtbot.addWidget(made)
    yield made
    qtbot.waitUntil(lambda: not made.runner.running, timeout=10_000)
    made.page.table.rows.thumbnails.stop()


def opened(qtbot, dock, root, patient="P1"):
    dock.open_cohort(root)
    qtbot.waitUntil(lambda: dock.session.cohort is not None, timeout=20_000)
    go_to(qtbot, dock, patient)
    return dock.viewer


def go_to(qtbot, dock, patient):
    dock.session.select(patient_id=patient)
    qtbot.waitUntil(
        lambda: dock.view.patient_id == patient and not dock.runner.running, timeout=20_000
    )


def paint(layer, value=1):
    layer.data_setitem(tuple(np.array([v]) for v in (0, 0, 0)), value)


def test_a_low_dock_gives_its_room_to_the_list(qtbot, dock, made):
    opened(qtbot, dock, made)
    dock.resize(380, 700)
    dock.show()
    assert dock.page.facts_area.isVisible()
    assert dock.purpose.isVisible()
    dock.resize(380, 406)  # above a wide result on a screen of 768 pixels
    assert not dock.purpose.isVisible()
    qtbot.waitUntil(lambda: dock.page.table.viewport().height() >= 84, timeout=5000)
    row = dock.page.opening_row
    assert all(row.rect().contains(box.geometry()) for box in dock.page.boxes.values())
    dock.resize(380, 700)
    assert dock.page.facts_area.isVisible()


def test_filters_find_by_word_site_and_what_there_is(cohort):
    texts, table = search_text(cohort), cohort.overview()
    ids = np.array(table.index)

    def found(**asked):
        return ids[matching(table, texts, Filters(**asked), flagged={"P3"})].tolist()

    assert found() == ["P1", "P2", "P3", "P4"]
    assert found(search="p2") == ["P2"]
    assert found(search="ii f") == ["P1"]
    assert found(site="A") == ["P1", "P3"]
    assert found(biopsies=True) == found(rna=True) == ["P1"]
    assert "P3" in found(flagged=True)
    assert found(slides=True) == []


def test_the_card_says_not_recorded_and_lists_mutations(cohort):
    facts = dict(card(cohort, "P1", mutations(cohort)["P1"]))
    assert facts["mutations"] == "EGFR missense; wild type: KRAS"
    assert facts["samples"] == "1 biopsy (point), 1 bulk (tumour)"
    assert facts["died"] == "yes"
    other = dict(card(cohort, "P2"))
    assert (other["age"], other["stage"], other["mutations"]) == (MISSING,) * 3
    assert other["samples"] == "none"


def test_flags_are_said_in_words_too():
    row = SimpleNamespace(expression=False, biopsies=1, slides=2, timepoints=3, problems=1)
    words = flag_words(row, edited=True)
    assert words == "no RNA, 1 located biopsy, 2 slides, 3 timepoints, unsaved edits, 1 problem"


def test_problems_name_file_row_and_remedy_errors_first(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "again")
    with (root / "scans.csv").open("a") as file:
        file.write("P9-CT,P9,t0,CT,CT,P9.nii.gz,HU,P9\n")
    text = problem_text(open_cohort(root).problems)
    assert "scans.csv, row 5" in text
    assert text.splitlines()[0].startswith("error")


def test_a_glance_has_the_slice_of_the_tumour_and_its_volume(cohort):
    grid = GRIDS["P1"]
    found = glance_of(cohort, "P1")
    assert found.volume_ml == pytest.approx(16 * 3 / 1000)
    assert found.picture.shape == (SIDE, SIDE, 3)
    rows, columns = np.nonzero(found.picture[..., 0] > found.picture[..., 2])
    scale = max(20, 16) / SIDE
    assert columns.mean() * scale == pytest.approx(6.5, abs=1)
    assert rows.mean() * scale == pytest.approx(5.5 + (20 - 16) / 2, abs=1)
    assert glance(None, Segmentation(tumour(grid), grid)).picture is None


def test_a_glance_is_kept_until_the_file_changes(cohort, made, monkeypatch, tmp_path):
    first = glance_of(cohort, "P1")
    monkeypatch.setattr("napari_radiogenomics.gui.cohort.thumbnails._read", lambda *_: None)
    again = glance_of(cohort, "P1")
    np.testing.assert_array_equal(first.picture, again.picture)
    assert again.volume_ml == first.volume_ml


def test_a_patient_without_files_or_with_a_damaged_one_has_an_empty_glance(cohort):
    for patient in ("P3", "P4"):
        found = glance_of(cohort, patient)
        assert found.picture is None
        assert np.isnan(found.volume_ml)


def test_layers_stand_in_order_and_the_slice_is_at_the_tumour(cohort):
    viewer = ViewerModel()
    viewer.add_points([[0, 0, 0]], name="mine, before")
    view = PatientView(viewer)
    view.show(load_layers(cohort, "P1"), Edits())
    names = [layer.name for layer in viewer.layers]
    assert names == ["mine, before", "P1-CT", "P1-R1", "Biopsies"]
    assert viewer.dims.point[0] == pytest.approx(6.0)
    biopsies = viewer.layers["Biopsies"]
    np.testing.assert_allclose(biopsies.data * biopsies.scale, [[6, 6, 7]])
    assert (biopsies.size * biopsies.scale[0]).tolist() == [3.0]
    assert biopsies.features["sample_id"].tolist() == ["b1"]


def test_edits_survive_going_away_and_coming_back(cohort):
    viewer, edits = ViewerModel(), Edits()
    view = PatientView(viewer)
    view.show(load_layers(cohort, "P1"), edits)
    layer = viewer.layers["P1-R1"]
    paint(layer)
    assert edits.unsaved() == {"P1"}
    mine = viewer.add_labels(np.ones((2, 2, 2), int), name="my region")
    view.show(load_layers(cohort, "P2"), edits)
    assert [x.name for x in viewer.layers] == ["P2-CT", "P2-R1"]
    np.testing.assert_array_equal(viewer.layers["P2-R1"].data, tumour(GRIDS["P2"]))
    assert edits.unsaved() == {"P1"}
    view.show(load_layers(cohort, "P1"), edits)
    assert viewer.layers["P1-R1"] is layer
    assert viewer.layers["my region"] is mine
    assert layer.data[0, 0, 0] == 1
    layer.undo()
    assert layer.data[0, 0, 0] == 0


def test_refilled_layers_show_the_next_patient_only(cohort):
    viewer, edits = ViewerModel(), Edits()
    view = PatientView(viewer)
    view.show(load_layers(cohort, "P1"), edits)
    before = list(viewer.layers)[:2]
    view.show(load_layers(cohort, "P2"), edits)
    assert list(viewer.layers) == before
    scan, labels = before
    fresh = load_layers(cohort, "P2").data
    np.testing.assert_array_equal(scan.data, fresh.scans[0].array)
    assert scan.translate.tolist() == list(GRIDS["P2"].origin[::-1])
    assert object_of(labels).geometry.same_grid(GRIDS["P2"])
    assert scan.contrast_limits == [-160, 240]
    assert edits.unsaved() == frozenset()


def test_saving_clears_the_flag(cohort):
    viewer, edits = ViewerModel(), Edits()
    view = PatientView(viewer)
    view.show(load_layers(cohort, "P1"), edits)
    paint(viewer.layers["P1-R1"])
    mark_saved(viewer.layers["P1-R1"].metadata, object_of(viewer.layers["P1-R1"]))
    view.look_again()
    assert edits.unsaved() == frozenset()


def test_the_empty_dock_teaches(dock):
    assert dock.stack.currentIndex() == 0
    assert dock.open_button.text() == "Open cohort…"
    assert dock.sample_button.text() == "Open sample"


def test_opening_a_cohort_shows_its_first_patient(qtbot, dock, made):
    dock.open_cohort(made)
    qtbot.waitUntil(lambda: dock.view.patient_id == "P1", timeout=20_000)
    assert dock.page.title.text() == "Small"
    assert dock.page.table.rows.shown == ["P1", "P2", "P3", "P4"]
    assert "EGFR missense" in dock.page.facts.text()
    assert dock.page.count.text() == "1 of 4"
    assert not dock.page.previous_button.isEnabled()
    rows = dock.page.table.rows
    cell = rows.index(0, 2)
    rows.data(rows.index(0, 0), Qt.ItemDataRole.DecorationRole)
    qtbot.waitUntil(lambda: rows.data(cell) == "0.0", timeout=10_000)


def test_next_and_filters_walk_through_the_shown_patients(qtbot, dock, made):
    opened(qtbot, dock, made)
    dock.page.sites.setCurrentText("B")
    assert dock.page.table.rows.shown == ["P2", "P4"]
    dock.step(1)
    qtbot.waitUntil(lambda: dock.view.patient_id == "P2", timeout=20_000)
    assert dock.page.count.text() == "1 of 2 (of 4)"
    dock.session.back()
    qtbot.waitUntil(lambda: dock.view.patient_id == "P1", timeout=20_000)


def test_a_damaged_scan_is_said_and_the_rest_stays_usable(qtbot, dock, made):
    opened(qtbot, dock, made, "P4")
    assert "P4.nii.gz" in dock.message_line.text()
    assert "problem" in dock.page.problems_button.text()
    assert "scans.csv, row 4" in dock.page.problems_text.toPlainText()
    go_to(qtbot, dock, "P2")
    assert "P2-CT" in dock.viewer.layers


def test_a_folder_that_is_no_cohort_is_said(qtbot, dock, tmp_path):
    dock.open_cohort(tmp_path)
    qtbot.waitUntil(lambda: not dock.runner.running, timeout=20_000)
    assert str(tmp_path) in dock.message_line.text()
    assert dock.session.cohort is None


def test_the_newest_wish_wins(qtbot, dock, made):
    opened(qtbot, dock, made)
    for patient in ("P2", "P3", "P4", "P2"):
        dock.session.select(patient_id=patient)
    qtbot.waitUntil(
        lambda: dock.view.patient_id == "P2" and not dock.runner.running, timeout=20_000
    )
    assert [layer.name for layer in dock.viewer.layers] == ["P2-CT", "P2-R1"]


def test_open_with_is_remembered_for_the_session(qtbot, dock, made):
    opened(qtbot, dock, made)
    dock.page.boxes["segmentations"].setChecked(False)
    qtbot.waitUntil(lambda: "P1-R1" not in dock.viewer.layers, timeout=20_000)
    go_to(qtbot, dock, "P2")
    assert [layer.name for layer in dock.viewer.layers] == ["P2-CT"]
    again = CohortDock(dock.viewer)
    qtbot.addWidget(again)
    assert "segmentations" not in again.page.open_with
    again.page.table.rows.thumbnails.stop()


def test_edits_flag_the_row(qtbot, dock, made):
    viewer = opened(qtbot, dock, made)
    paint(viewer.layers["P1-R1"])
    rows = dock.page.table.rows
    assert "✎" in rows.data(rows.index(0, 3))
    dock.page.chips["flagged"].setChecked(True)
    assert "P1" in rows.shown


def test_sorting_keeps_the_chosen_patient(qtbot, dock, made):
    opened(qtbot, dock, made, "P2")
    table = dock.page.table
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert table.rows.shown == ["P4", "P3", "P2", "P1"]
    assert table.rows.shown[table.currentIndex().row()] == "P2"
    assert dock.session.selection.patient_id == "P2"


def test_page_keys_are_bound_unless_taken(qtbot, dock):
    assert {"PageDown", "PageUp"} <= {str(key) for key in dock.viewer.keymap}
    other = ViewerModel()
    taken = lambda viewer: None  # noqa: E731
    other.bind_key("PageDown", taken)
    second = CohortDock(other)
    qtbot.addWidget(second)
    bound = {str(key): function for key, function in other.keymap.items()}
    assert bound["PageDown"] is taken
    second.page.table.rows.thumbnails.stop()


def test_a_large_cohort_is_narrowed_and_widened_again(tmp_path, dock):
    lines = "".join(f"P{n:05d},S{n % 7}\n" for n in range(10_000))
    write_text(tmp_path, "cohort.toml", 'format = 1\nname = "Big"\n')
    write_text(tmp_path, "patients.csv", "patient_id,site\n" + lines)
    head = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    write_text(tmp_path, "scans.csv", head)
    dock.session.cohort = open_cohort(tmp_path)
    dock.page.search.setText("p09999")
    assert dock.page.table.rows.shown == ["P09999"]
    dock.page.search.clear()
    assert len(dock.page.table.rows.shown) == 10_000


def test_what_is_seen_comes_first_and_the_rest_in_its_place(qapp):
    cohort = open_cohort(sample_cohort())
    both = cohort.segmentations.query("reader == 'R2'").iloc[0]
    patient = cohort.scans.loc[both["scan_id"], "patient_id"]
    viewer, edits = ViewerModel(), Edits()
    view = PatientView(viewer)
    loaded = load_layers(cohort, patient, timepoint="t0", open_with=AT_FIRST)
    combo = LayerCombo(viewer, lambda layer: isinstance(layer, Labels), empty="none")
    view.show(loaded, edits, at_once=False)
    assert all(layer.visible for layer in viewer.layers)
    assert len(viewer.layers) < len(loaded.layers)
    assert sum(isinstance(layer, Labels) for layer in viewer.layers) == 1
    active = viewer.layers.selection.active
    while view.show_next():
        pass
    assert viewer.layers.selection.active is active
    assert active.visible
    assert len(combo.layers) == 2
    assert combo.layer.visible  # not the reader that came in hidden
    assert [x.name for x in viewer.layers] == [settings["name"] for _, settings, _ in loaded.layers]
    assert view.layers == list(viewer.layers)


def test_leaving_early_forgets_what_was_not_shown_yet(cohort):
    viewer, edits = ViewerModel(), Edits()
    view = PatientView(viewer)
    loaded = load_layers(cohort, "P1")
    loaded.layers[0][1]["visible"] = False
    view.show(loaded, edits, at_once=False)
    view.show(load_layers(cohort, "P2"), edits)
    assert not view.show_next()
    assert [x.name for x in viewer.layers] == ["P2-CT", "P2-R1"]


def test_a_cohort_opened_while_a_patient_loads_is_not_forgotten(qtbot, dock, made, tmp_path):
    opened(qtbot, dock, made)
    other = tmp_path / "other"
    shutil.copytree(made, other)
    text = (other / "cohort.toml").read_text()
    (other / "cohort.toml").write_text(text.replace("Small", "Second"))
    dock.session.select(patient_id="P2")
    dock.open_cohort(other)
    dock.session.select(patient_id="P3")
    qtbot.waitUntil(
        lambda: dock.page.title.text() == "Second" and not dock.runner.running, timeout=20_000
    )


def test_messages_are_plain_text(dock):
    dock.say('Say where the files lie with pattern="{patient_id}" & <more>')
    assert dock.message_line.text().endswith('"{patient_id}" & <more>')
    assert dock.message_line.textFormat() == Qt.TextFormat.PlainText


def test_ids_stay_readable_in_a_narrow_dock(qtbot, dock, made):
    opened(qtbot, dock, made)
    table = dock.page.table
    dock.show()
    for width, site_hidden in ((270, True), (500, False)):
        table.setFixedWidth(width)
        qtbot.waitUntil(lambda hidden=site_hidden: table.isColumnHidden(1) == hidden)
        letters = table.fontMetrics().averageCharWidth()
        assert table.columnWidth(0) >= SIDE + 6 * letters


def test_filled_layers_show_the_next_patient_though_the_person_hid_them(cohort):
    viewer = ViewerModel()
    view = PatientView(viewer)
    view.show(load_layers(cohort, "P1"), Edits())
    for layer in viewer.layers:
        layer.visible = False
    (scan, *_) = viewer.layers
    view.show(load_layers(cohort, "P2"), Edits())
    assert viewer.layers[0] is scan
    assert [layer.visible for layer in viewer.layers] == [True, True]
    assert viewer.dims.nsteps == GRIDS["P2"].shape
    np.testing.assert_allclose([axis.start for axis in viewer.dims.range], scan.translate)
    assert viewer.layers["P2-R1"].data[2, 5, 6] == 1


def test_small_pictures_wait_for_the_first_patient(qtbot, dock, made):
    thumbnails = dock.page.table.rows.thumbnails
    dock.open_cohort(made)
    qtbot.waitUntil(lambda: dock.session.cohort is not None, timeout=20_000)
    assert thumbnails.held or not dock.runner.running
    qtbot.waitUntil(lambda: dock.view.patient_id == "P1" and dock.at_rest, timeout=20_000)
    assert not thumbnails.held


def test_our_own_folder_is_no_note(qtbot, dock, made):
    opened(qtbot, dock, sample_cohort(), "P002")
    assert dock.page.problems_box.isHidden()
    assert dock.page.problems_text.toPlainText() == ""


def test_the_neighbors_are_read_ahead_and_shown_once(qtbot, dock, made):
    viewer = opened(qtbot, dock, made)
    qtbot.waitUntil(lambda: dock.at_rest and not dock.ahead.runner.running, timeout=20_000)
    started = []
    dock.runner.started.connect(lambda: started.append(True))
    go_to(qtbot, dock, "P2")
    qtbot.waitUntil(lambda: dock.at_rest, timeout=20_000)
    assert [x.name for x in viewer.layers] == ["P2-CT", "P2-R1"]
    assert not started
    paint(viewer.layers["P2-R1"])
    qtbot.waitUntil(lambda: not dock.ahead.runner.running, timeout=20_000)
    go_to(qtbot, dock, "P1")
    qtbot.waitUntil(lambda: dock.at_rest, timeout=20_000)
    assert [x.name for x in viewer.layers] == ["P1-CT", "P1-R1", "Biopsies"]
    assert viewer.layers["P1-R1"].data[0, 0, 0] == 0
    go_to(qtbot, dock, "P2")
    qtbot.waitUntil(lambda: dock.at_rest, timeout=20_000)
    assert viewer.layers["P2-R1"].data[0, 0, 0] == 1


def test_what_was_read_ahead_is_forgotten_when_a_file_is_saved(qtbot, dock, made):
    viewer = opened(qtbot, dock, made)
    qtbot.waitUntil(lambda: dock.at_rest and not dock.ahead.runner.running, timeout=20_000)
    wish = dock._wish(dock.session.cohort, "P2")
    dock.session.edits.saved.emit(object_of(viewer.layers["P1-R1"]))
    assert dock.ahead.take(wish) is None


def test_a_cohort_without_images_says_so(qtbot, dock, tmp_path):
    write_text(tmp_path, "cohort.toml", 'format = 1\nname = "Ivy"\n[[variants]]\npath = "v.csv"\n')
    write_text(tmp_path, "v.csv", "patient_id,gene,class\nP1,EGFR,missense\n")
    write_text(tmp_path, "patients.csv", "patient_id\nP1\n")
    write_text(tmp_path, "scans.csv", "scan_id,patient_id,path\n")
    opened(qtbot, dock, tmp_path)
    said = dock.message_line.text()
    assert "Ivy has no images" in said
    assert "Patients × genes" in said
