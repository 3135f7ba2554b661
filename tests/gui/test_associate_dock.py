"""The Associate dock: pairs, patients behind them, and the evidence card."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_radiogenomics import (
    Geometry,
    Image,
    Segmentation,
    extract_cohort,
    open_cohort,
    texture_maps,
)
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.gui.associate.dock import AssociateDock
from napari_radiogenomics.gui.associate.matrix import matrix_of
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.dock import CohortDock
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.layers.keys import DERIVED
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.tables.behind import map_of_feature, settings_of_feature
from napari_radiogenomics.gui.tables.groups import groups_of
from napari_radiogenomics.gui.tables.store import FeatureTables
from napari_radiogenomics.gui.texture.map_layer import maps_of
from napari_radiogenomics.simulate.sample import sample_cohort

N = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cohort of tables: winding follows VEGF, noise follows the site, as EGFR does."""
    rng = np.random.default_rng(4)
    ids = [f"P{k:03d}" for k in range(N)]
    site = np.array(["A", "B", "C"])[np.arange(N) % 3]
    place = np.arange(N) % 3
    vegf = rng.normal(size=N)
    patients = pd.DataFrame({
        "patient_id": ids, "site": site, "cohort": np.repeat(["discovery", "validation"], N // 2),
        "age": rng.integers(40, 80, N), "VEGF": vegf.round(3), "CA9": rng.normal(size=N).round(3),
        "EGFR": (rng.random(N) < np.array([0.1, 0.5, 0.9])[place]).astype(int),
        "os_days": rng.integers(50, 900, N), "os_event": rng.integers(0, 2, N),
    })  # fmt: skip
    root = tmp_path_factory.mktemp("cohort")
    (root / "cohort.toml").write_text('format = 1\nname = "made up"\n', encoding="utf-8")
    patients.to_csv(root / "patients.csv", index=False)
    header = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    (root / "scans.csv").write_text(header, encoding="utf-8")
    table = pd.DataFrame(rng.normal(size=(N, 5)), ids).add_prefix("other") + place[:, None]
    table["winding"] = 0.75 * vegf + 0.66 * rng.normal(size=N)
    table["noise"] = 2.0 * place + rng.normal(size=N)
    table["original_shape_MeshVolume"] = np.exp(rng.normal(3, 0.5, N))
    table.index.name = "patient_id"
    blocks = dict.fromkeys(table, "features")
    CohortFeatures(table, blocks).save(root / "features.csv")
    return root


@pytest.fixture
def viewer(folder):
    viewer = ViewerModel()
    session_of(viewer).cohort = open_cohort(folder)
    return viewer


@pytest.fixture
def dock(viewer, folder, qtbot):
    dock = AssociateDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.picker.open_file(folder / "features.csv")
    return dock


def run(qtbot, dock, work):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        work()


def ask(dock, names="VEGF, CA9", outcomes="named"):
    dock.outcomes.setCurrentIndex(dock.outcomes.findData(outcomes))
    dock.names.setText(names)


def test_pairs_come_with_the_patients_behind_the_surest(dock, qtbot):
    ask(dock)
    run(qtbot, dock, dock.start)
    assert "of 16 pairs have q ≤ 0.05 in 45 patients" in dock.message
    assert dock.sheet.pair == ("winding", "VEGF")
    assert dock.sheet.rows.rowCount() == 16
    assert dock.sheet.rows.pair_at(0) == ("winding", "VEGF")
    assert "45 patients" in dock.sheet.patients.words.text()
    assert session_of(dock.viewer).selection.feature == "winding"
    assert session_of(dock.viewer).selection.gene == "VEGF"
    dock.sheet.search.setText("CA9 noise")
    assert dock.sheet.rows.rowCount() == 1
    assert dock.sheet.rows.row_of("noise", "CA9") == 0


def test_a_click_opens_the_patient_and_choosing_one_marks_it(dock, qtbot):
    ask(dock)
    run(qtbot, dock, dock.start)
    dock.sheet.patient_chosen.emit("P007")
    assert session_of(dock.viewer).selection.patient_id == "P007"
    assert session_of(dock.viewer).selection.feature == "winding"
    dock.sheet.pair_chosen.emit("noise", "CA9")
    assert dock.sheet.pair == ("noise", "CA9")
    assert "noise ~ CA9" in dock.sheet.title.text()


def test_the_card_of_an_illusion_and_of_a_link(dock, qtbot, tmp_path):
    ask(dock, "EGFR, VEGF")
    dock.who.setCurrentIndex(0)  # everybody: three sites of thirty
    dock.second.setCurrentIndex(0)
    dock.form.values = {"method": "spearman"}
    run(qtbot, dock, dock.start)
    dock.sheet.pair_chosen.emit("noise", "EGFR")
    run(qtbot, dock, dock.weigh)
    assert dock.sheet.card.card.conclusion == "illusion"
    assert "illusion" in dock.message
    dock.sheet.pair_chosen.emit("winding", "VEGF")
    run(qtbot, dock, dock.weigh)
    assert dock.sheet.card.card.conclusion == "promising"
    hint = dock.sheet.card.picture.hint_at(110)
    assert "Holds where" in hint
    for ending in ("svg", "csv", "json", "png"):
        assert dock.sheet.card.save(tmp_path / f"card.{ending}").stat().st_size > 500
    assert (tmp_path / "card.svg.history.json").exists()
    with pytest.raises(InputError, match=r"\.svg"):
        dock.sheet.card.save(tmp_path / "card.bmp")


def test_the_defaults_of_the_search_do_not_hide_an_illusion(dock, qtbot):
    ask(dock, "EGFR, VEGF")
    dock.who.setCurrentIndex(0)
    run(qtbot, dock, dock.start)  # adjusted for site: the scanner's feature finds nothing
    dock.sheet.pair_chosen.emit("noise", "EGFR")
    run(qtbot, dock, dock.weigh)
    card = dock.sheet.card.card
    assert card["search"].verdict == "open"
    assert card.conclusion == "illusion"


def test_the_second_cohort_confirms(dock, qtbot):
    ask(dock)
    assert groups_of(session_of(dock.viewer).cohort)[1] == ("cohort", "validation")
    dock.expected.setText("0CA9")
    run(qtbot, dock, dock.start)
    run(qtbot, dock, dock.weigh)
    card = dock.sheet.card.card
    assert card["validation"].effect.n == 45
    assert card["CA9"].title == "CA9, expected none"
    assert "16 tests" in card["search"].sentence


def test_survival_takes_its_model_and_volume_can_be_adjusted_for(dock, qtbot):
    ask(dock, outcomes="survival")
    assert dock.form.values["method"] == "cox"
    dock.confounders.checked = ["volume", "age"]
    run(qtbot, dock, dock.start)
    assert dock.found is not None, dock.message
    features = set(dock.found.result.table["feature"])
    assert "original_shape_MeshVolume" not in features
    assert "winding" in features


def test_what_lacks_is_said(qtbot, viewer, folder):
    dock = AssociateDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.start()
    assert "There is no table yet" in dock.message
    dock.picker.open_file(folder / "patients.csv")
    assert "patients.csv" in dock.message
    dock.picker.open_file(folder / "features.csv")
    ask(dock, names="")
    run(qtbot, dock, dock.start)
    assert "Nothing is named" in dock.message
    ask(dock, names="NOSUCHGENE")
    run(qtbot, dock, dock.start)
    assert "NOSUCHGENE" in dock.message
    ask(dock, outcomes="mutations")
    run(qtbot, dock, dock.start)
    assert "[[variants]]" in dock.message or "neither expression nor mutations" in dock.message
    dock.weigh()
    assert "Choose a pair first" in dock.message


def test_themes_redraw_what_is_there(dock, qtbot):
    ask(dock)
    run(qtbot, dock, dock.start)
    dock.viewer.theme = "light"
    assert dock.sheet.pair == ("winding", "VEGF")
    assert dock.sheet.card.picture.theme == "light"
    run(qtbot, dock, dock.weigh)
    card = dock.sheet.card.card
    dock.viewer.theme = "dark"
    assert dock.sheet.card.card is card
    assert dock.sheet.right.currentWidget() is dock.sheet.card
    dock.sheet.right.setCurrentIndex(0)
    dock.viewer.theme = "light"
    assert dock.sheet.card.card is card
    assert dock.sheet.right.currentIndex() == 0
    dock.viewer.theme = "dark"


def test_a_mutation_behind_a_dot_is_told_in_words(dock, qtbot):
    ask(dock)
    run(qtbot, dock, dock.start)
    outcomes = dock.found.study.outcomes
    outcomes.attrs["kinds"] = {"VEGF": "mutation", "CA9": "gene"}
    outcomes.loc["P003", "VEGF"], outcomes.loc["P004", "VEGF"] = 1.0, 0.0
    assert dock._said_of("P003").endswith(", VEGF mutated")
    assert dock._said_of("P004").endswith(", VEGF wildtype")


def test_notes_say_what_to_do_without_code(dock, qtbot):
    dock.picker.features.table["other_size"] = dock.picker.features.table[
        "original_shape_MeshVolume"
    ]
    ask(dock)
    run(qtbot, dock, dock.start)
    notes = dock.sheet.notes.toPlainText()
    assert 'Adjust for "original_shape_MeshVolume", as a confounder' in notes
    assert "=" not in notes.replace("q ≤", "")


def test_the_pairs_are_written_with_their_history(dock, qtbot, tmp_path):
    ask(dock)
    run(qtbot, dock, dock.start)
    dock.sheet.save(tmp_path / "pairs.csv")
    assert len(pd.read_csv(tmp_path / "pairs.csv")) == 16
    assert (tmp_path / "pairs.csv.history.json").exists()
    assert dock.message.startswith("Written")


def test_tables_of_one_cohort_are_not_those_of_another(viewer, folder):
    tables, features = attached(viewer, FeatureTables), CohortFeatures.load(folder / "features.csv")
    assert tables.add("measured", features) == "measured"
    assert tables.add("measured", features) == "measured 2"
    session_of(viewer).cohort = None
    assert tables.names == []
    with pytest.raises(InputError, match="no table"):
        tables["measured"]


def test_a_matrix_keeps_the_surest_and_puts_alike_beside_alike():
    rng = np.random.default_rng(0)
    rows = [
        (f"f{i}", f"o{j}", (0.8 if i % 2 else -0.8) + 0.01 * rng.normal(), 0.001 if i < 6 else 0.9)
        for i in range(10)
        for j in range(3)
    ]
    table = pd.DataFrame(rows, columns=["feature", "outcome", "effect", "q_value"])
    found = matrix_of(table, features=6)
    assert found.left_out == (4, 0)
    assert set(found.features) == {f"f{i}" for i in range(6)}
    assert np.abs(np.diff(np.sign(found.effects[:, 0]))).sum() == 2  # one change of sign


def test_a_feature_of_the_whole_region_has_no_map_and_others_have():
    assert settings_of_feature("vessels_ring_0-20mm_distance_metric") is None
    assert settings_of_feature("wavelet-HHH_glcm_Contrast")["image_types"] == ("Wavelet",)


def case():
    """A scan with a region, and the same with parts that were found in it."""
    rng = np.random.default_rng(0)
    grid = Geometry((12, 11, 10), (1.0, 1.0, 2.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[3:7, 3:8, 3:9] = 1
    return Image(rng.normal(0, 60, grid.shape), grid, "HU"), Segmentation(labels, grid)


def test_the_map_of_one_image_type_equals_that_among_all():
    image, drawn = case()
    name = "wavelet-HHH_glcm_MaximumProbability"
    found = map_of_feature(image, drawn, name)
    every = texture_maps(image, drawn, **settings_of_feature(name))
    assert len(every) == 8
    np.testing.assert_array_equal(np.asarray(found.array), np.asarray(every[name].array))
    assert found.metadata["feature"] == name
    assert found.history[-1].verb == "texture_maps"


@pytest.fixture
def open_case(viewer):
    """A patient on the screen, with habitats above what was drawn."""
    image, drawn = case()
    for data, looks, kind in layers_of([image, drawn, replace(drawn, labels=2 * drawn.labels)]):
        getattr(viewer, f"add_{kind}")(data, **looks)
    viewer.layers[-1].metadata[DERIVED] = True
    return viewer


def test_the_map_behind_a_dot_says_what_it_waits_for(open_case, dock, qtbot):
    viewer, told = open_case, []
    dock.behind.waits.connect(told.append)
    dock.say_of_patient("P003. Opening …", clicked=True)  # as a dot does
    dock.behind.follow("P003", "original_glcm_Contrast")
    qtbot.waitUntil(lambda: any("Waiting for P003" in text for text in told), timeout=20_000)
    assert "Cohort dock" in dock.message
    region = viewer.layers[1]
    region.visible = False
    attached(viewer, PatientView).patient_id = "P003"
    qtbot.waitUntil(lambda: "no scan with its regions is in sight" in told[-1], timeout=20_000)
    region.visible = True
    with qtbot.waitSignal(dock.behind.told, timeout=60_000) as answer:
        pass
    assert "is on the scan" in answer.args[0]
    dock.say("All settings are at their defaults.")
    dock.behind.told.emit("P003: the map is on the scan.")
    assert dock.message == "All settings are at their defaults."
    assert any("Mapping original_glcm_Contrast" in text for text in told)
    (layer,) = [layer for layer in viewer.layers if maps_of(layer)]
    assert list(maps_of(layer)) == ["original_glcm_Contrast"]


def test_habitats_are_never_what_is_mapped(open_case, dock):
    viewer = open_case
    _, drawn = dock.behind._measured()
    assert set(np.unique(drawn.labels)) == {0, 1}
    viewer.layers[1].visible = False
    assert dock.behind._measured() is None


def test_another_dot_takes_the_place_of_the_first(open_case, dock, qtbot):
    attached(open_case, PatientView).patient_id = "P003"
    told = []
    dock.behind.told.connect(told.append)
    # The first may be done before anybody looks whether it runs: its start is a signal.
    with qtbot.waitSignal(dock.behind.runner.started, timeout=20_000):
        dock.behind.follow("P003", "wavelet-HHH_glcm_Contrast")
    dock.behind.follow("P003", "original_firstorder_Mean")
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    (layer,) = [layer for layer in open_case.layers if maps_of(layer)]
    assert list(maps_of(layer)) == ["original_firstorder_Mean"]
    assert "original_firstorder_Mean" in told[0]


@pytest.mark.slow
def test_a_patient_of_a_dot_opens_with_the_map_of_the_feature(qtbot):
    cohort = open_cohort(sample_cohort())
    viewer = ViewerModel()
    session = session_of(viewer)
    session.cohort = cohort
    dock, patients = AssociateDock(viewer), CohortDock(viewer)
    for widget in (dock, dock.sheet, patients):
        qtbot.addWidget(widget)
    features = extract_cohort(
        cohort, measures=["features"],
        extraction={"families": ["glcm"], "features": ["Contrast", "JointEntropy"]},
    )  # fmt: skip
    dock.picker.tables.add("measured", features)
    dock.who.setCurrentIndex(0)
    ask(dock, "CA9, VEGFA")
    run(qtbot, dock, dock.start)
    dock.sheet.pair_chosen.emit("original_glcm_JointEntropy", "CA9")
    dock.sheet.patient_chosen.emit("P003")
    qtbot.waitUntil(lambda: "is on the scan" in dock.message, timeout=60_000)
    (layer,) = [layer for layer in viewer.layers if maps_of(layer)]
    assert list(maps_of(layer)) == ["original_glcm_JointEntropy"]
    value = features.table.loc["P003", "original_glcm_JointEntropy"]
    assert f"original_glcm_JointEntropy {value:.4g}" in dock.message
    assert "CA9" in dock.message
    assert session.selection.patient_id == "P003"
    qtbot.waitUntil(lambda: patients.at_rest, timeout=30_000)
