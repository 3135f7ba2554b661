"""The Fuse dock: strategies beside the baselines, patients behind them, models that travel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.utils.theme import get_theme
from pyqtgraph import BarGraphItem
from qtpy.QtGui import QColor

from napari_radiogenomics import harmonize, load_model, open_cohort, save_model
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.fusion.cohort_targets import Target, target_values, targets_of
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.fusion.dock import FuseDock
from napari_radiogenomics.gui.fusion.numbers import compared, reference_of
from napari_radiogenomics.gui.fusion.plots import roc_points
from napari_radiogenomics.gui.fusion.rows import FrameRows, FrameTable
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.statistics.roc import area_under_curve

N = 120
IDS = [f"P{k:03d}" for k in range(N)]
QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False,
         "strategies": ["baseline", "single", "late"]}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Winding tells EGFR, the other features and age are noise; two cohorts of three sites."""
    rng = np.random.default_rng(4)
    latent = rng.normal(size=N)
    patients = pd.DataFrame({
        "patient_id": IDS, "site": np.array(["A", "B", "C"])[np.arange(N) % 3],
        "cohort": np.repeat(["discovery", "validation"], N // 2),
        "age": rng.integers(40, 80, N), "sex": rng.choice(["F", "M"], N),
        "EGFR": np.where(latent > 0, "mutated", "wildtype"),
        "stage": rng.choice(["I", "II", "III"], N),
        "hypoxia": (latent + rng.normal(size=N)).round(3),
        "os_days": np.round(400 * np.exp(-latent) * rng.exponential(size=N) + 1),
        "os_event": rng.integers(0, 2, N),
    })  # fmt: skip
    root = tmp_path_factory.mktemp("cohort")
    (root / "cohort.toml").write_text('format = 1\nname = "made up"\n', encoding="utf-8")
    patients.to_csv(root / "patients.csv", index=False)
    header = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    (root / "scans.csv").write_text(header, encoding="utf-8")
    table = pd.DataFrame(rng.normal(size=(N, 5)), IDS).add_prefix("other")
    table["original_glcm_Contrast"] = latent + 0.6 * rng.normal(size=N)
    table["original_shape_MeshVolume"] = np.exp(rng.normal(3, 0.5, N))
    table.index.name = "patient_id"
    CohortFeatures(table, dict.fromkeys(table, "features")).save(root / "features.csv")
    return root


@pytest.fixture
def viewer(folder):
    viewer = ViewerModel()
    session_of(viewer).cohort = open_cohort(folder)
    return viewer


@pytest.fixture
def dock(viewer, folder, qtbot):
    dock = FuseDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.picker.open_file(folder / "features.csv")
    dock.form.values = QUICK
    return dock


def choose(dock, title):
    at = dock.target.findText(title)
    assert at >= 0, [dock.target.itemText(k) for k in range(dock.target.count())]
    dock.target.setCurrentIndex(at)


def run(qtbot, dock, work=None):
    with qtbot.waitSignal(dock.runner.ended, timeout=110_000):
        (work or dock.start)()


@pytest.fixture(scope="module")
def fused(folder):
    """A comparison of the dock's own work, made once."""
    from napari_radiogenomics.gui.fusion.work import Asked, compare

    cohort = open_cohort(folder)
    asked = Asked(
        Target("mutation", "EGFR"), names=("imaging", "clinical"), clinical=("age",), site="site",
        who=("cohort", "discovery"), second=("cohort", "validation"),
    )  # fmt: skip
    features = CohortFeatures.load(folder / "features.csv")
    return compare(features, cohort, asked=asked, **QUICK)


@pytest.fixture
def shown(dock, fused):
    dock.say(dock.show_found(fused))
    return dock


def test_what_the_cohort_offers_is_offered(dock):
    titles = [dock.target.itemText(k) for k in range(dock.target.count())]
    assert titles[0] == "EGFR mutation"
    assert {"Survival (os_days)", "sex", "stage: II", "hypoxia", "Named below"} <= set(titles)
    assert dock.modalities.checked == ("imaging", "clinical")
    assert set(dock.clinical.checked) == {"age", "sex", "EGFR", "stage", "hypoxia"}
    assert dock.who.currentData() == ("cohort", "discovery")
    assert dock.second.currentData() == ("cohort", "validation")
    assert dock.site.currentData() == "site"


def test_strategies_come_beside_the_baseline_and_the_second_cohort(dock, qtbot):
    choose(dock, "EGFR mutation")
    dock.clinical.checked = ["age", "sex", "EGFR"]
    run(qtbot, dock)
    result = dock.fused.result
    assert dock.message.startswith("⚠ No model was tested at sites")
    assert set(result.table.index) == {"baseline", "volume alone", "imaging alone",
                                       "clinical alone", "late"}  # fmt: skip
    assert result.table.loc["imaging alone", "auc"] > 0.75
    assert result.table.loc["baseline", "auc"] < 0.7  # EGFR itself was left out
    assert result.external.loc["imaging alone", "auc"] > 0.75
    assert any("EGFR is the outcome" in note for note in dock.fused.notes)
    assert dock.sheet.strategy == result.trusted
    assert dock.sheet.numbers.rows.rowCount() == 5
    assert dock.sheet.patients.rows.rowCount() == 60
    assert not dock.sheet.banner.isHidden()


def test_cancel_leaves_nothing(dock, qtbot):
    dock.form.values = {**QUICK, "repeats": 30, "thorough": True}
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
        dock.cancel()
    assert dock.fused is None
    assert dock.message.startswith("Cancelled")


def test_a_click_opens_the_patient_and_marks_it(shown):
    table = shown.fused.result.patients()
    who = str(table.index[3])
    shown.sheet.patient_chosen.emit(who)
    assert session_of(shown.viewer).selection.patient_id == who
    assert shown.sheet.here == who
    assert session_of(shown.viewer).selection.feature.startswith(("other", "original"))
    at = shown.sheet.patients.currentIndex().row()
    assert shown.sheet.patients.rows.name_at(at) == who
    shown.sheet.features.view = "patient"
    assert f"{who}, by a fit of" in shown.sheet.features.plot.words.text()
    session_of(shown.viewer).select(patient_id="P119")  # of the second cohort
    assert "was not in the comparison" in shown.sheet.features.plot.words.text()


def test_the_event_is_in_sight_and_is_what_is_predicted(dock, qtbot):
    choose(dock, "EGFR")
    box = dock.event_box
    assert [box.itemText(k) for k in range(box.count())] == ["mutated", "wildtype"]
    assert box.currentText() == "mutated"
    assert dock.inputs.isRowVisible(box)
    dock.target.activated.emit(dock.target.currentIndex())
    assert dock.message == "Fuse predicts the probability of EGFR mutated."
    dock.modalities.checked = ["imaging"]
    dock.form.values = {"strategies": ["single"]}
    run(qtbot, dock)
    assert "Predicted: EGFR mutated." in dock.message
    assert dock.fused.result.patients("imaging alone").attrs["classes"] == ("wildtype", "mutated")
    box.setCurrentIndex(box.findText("wildtype"))
    assert dock.arguments()[2]["event"] == "wildtype"
    choose(dock, "EGFR mutation")
    assert box.chosen == "yes"
    choose(dock, "hypoxia")
    assert dock.arguments()[2]["event"] == ""
    assert not dock.inputs.isRowVisible(box)


class TestWhoSpeaks:
    """The message line belongs to what was asked for last."""

    def test_a_result_is_not_talked_over_by_a_patient_clicked_before(self, shown, qtbot):
        shown.sheet.choose("imaging alone")
        shown.sheet.patient_chosen.emit("P003")
        shown.clicked.behind.waits.emit("P003 is open. Mapping …")
        assert shown.message.endswith("P003 is open. Mapping …")
        choose(shown, "EGFR mutation")
        shown.form.values = {"strategies": ["single"]}
        run(qtbot, shown)
        result = shown.message
        assert "Next: click a patient" in result
        shown.clicked.behind.waits.emit("P003 is open, but no scan with its regions is in sight.")
        shown.clicked.behind.told.emit("P003: the map of original_glcm_Contrast is on the scan.")
        assert shown.message == result

    def test_a_patient_clicked_during_a_run_speaks_until_its_end(self, shown, qtbot):
        choose(shown, "EGFR mutation")
        shown.form.values = {"strategies": ["single"]}

        def click_meanwhile():
            shown.start()
            shown.sheet.patient_chosen.emit("P003")
            shown._tell_time(1, 3, "Fold")
            assert shown.message.startswith("P003: ")

        run(qtbot, shown, click_meanwhile)
        assert "Next: click a patient" in shown.message

    def test_a_file_that_was_written_is_the_last_word(self, shown, tmp_path):
        shown.sheet.patient_chosen.emit("P003")
        shown.save_model(tmp_path / "egfr.npz")
        shown.clicked.behind.waits.emit("Waiting for P003 to open.")
        assert shown.message.startswith("Written: ")

    def test_who_has_no_scan_has_nothing_to_show(self, shown, qtbot):
        shown.sheet.choose("imaging alone")
        attached(shown.viewer, PatientView).patient_id = "P003"
        with qtbot.waitSignal(shown.clicked.behind.told, timeout=20_000):
            shown.sheet.patient_chosen.emit("P003")
        assert "P003 has no scan in this cohort: there is nothing to show." in shown.message
        assert shown.message.startswith("P003: probability of EGFR mutation 0.")
        assert not shown.clicked.behind._timer.isActive()


class TestDrivers:
    """Prediction, truth, and the first driver that can be seen."""

    def driven(self, fused, shares):
        """The comparison in which a patient was driven by other columns."""
        rows = pd.DataFrame({"column": list(shares), "contribution": list(shares.values())})
        rows = rows.assign(strategy="imaging alone", patient_id="P003", modality="imaging",
                           feature=rows["column"], value=0.0)  # fmt: skip
        table = pd.concat([rows[fused.result.contributions.columns]] * 2, ignore_index=True)
        return replace(fused, result=replace(fused.result, contributions=table))

    def test_the_first_with_a_map_is_shown_and_named(self, shown, fused):
        mean = "original_firstorder_Mean"
        other = self.driven(fused, {mean: 0.2, "other1": 0.0, "other2": -0.9})
        shown.show_found(other)
        shown.sheet.choose("imaging alone")
        row = fused.result.patients("imaging alone").loc["P003"]
        shown.sheet.patient_chosen.emit("P003")
        said = f"P003: probability of EGFR mutation {row['probability']:.2f} (set "
        assert shown.message.startswith(said)
        assert session_of(shown.viewer).selection.feature == mean
        shown.clicked.behind.told.emit(f"P003: the map of {mean} is on the scan.")
        assert shown.message.startswith(said)
        assert f", is {row['outcome']}. The map of {mean} is on the scan." in shown.message
        assert "image driver 2 of 2; other2 drove it more, but has no map" in shown.message

    def test_where_none_has_a_map_the_prediction_stays(self, shown, fused):
        shown.show_found(self.driven(fused, {"other2": 0.9, "original_shape_MeshVolume": 0.1}))
        shown.sheet.choose("imaging alone")
        shown.sheet.patient_chosen.emit("P003")
        assert shown.message.startswith("P003: probability of EGFR mutation 0.")
        assert "other2 drove it most; no image driver of it has a map" in shown.message
        assert not shown.clicked.behind._timer.isActive()


def test_another_strategy_changes_every_plot(shown):
    shown.sheet.strategies.chosen.emit("baseline")
    assert shown.sheet.strategy == "baseline"
    assert shown.sheet.calibration.words.text().startswith("baseline: slope")
    assert "<b>baseline</b>" in shown.sheet.roc.words.text()
    assert "operating points" in shown.sheet.roc.words.text()
    shown.sheet.numbers.chosen.emit("imaging alone")
    assert shown.sheet.strategy == "imaging alone"
    assert shown.sheet.features.plot.columns[0] == "original_glcm_Contrast"
    shown.viewer.theme = "light"
    assert shown.sheet.strategy == "imaging alone"
    for plot in (shown.sheet.features.plot, shown.sheet.strategies):  # thousandths are not wanted
        assert plot.plot.getAxis("bottom").autoSIPrefixScale == 1.0
    papers = set()
    for theme in ("light", "dark"):
        shown.viewer.theme = theme
        paper = get_theme(theme).foreground.as_hex()
        picture = shown.sheet.notes.viewport().grab().toImage()
        assert picture.pixelColor(3, picture.height() - 3).name() == QColor(paper).name()
        papers.add(paper)
    assert len(papers) == 2


def test_what_is_shown_is_what_was_found(fused):
    result = fused.result
    table = compared(result).set_index("strategy")
    assert reference_of(result) == "baseline"
    assert table.loc["late", "AUC"] == result.table.loc["late", "auc"]
    assert np.isnan(table.loc["baseline", "− baseline"])
    pair = result.comparison.query("strategy == 'baseline' and other == 'late'").iloc[0]
    assert table.loc["late", "− baseline"] == -pair["difference"]
    assert table.loc["late", "2nd cohort"] == result.external.loc["late", "auc"]


def test_the_curve_encloses_the_area_of_all_patients(fused):
    own = fused.result.patients("imaging alone")
    x, y = roc_points(own)
    truth = own["outcome"].eq("yes").to_numpy(float)
    area = area_under_curve(truth, own["probability"].to_numpy(float)).value
    assert np.trapezoid(y, x) == pytest.approx(area, abs=1e-12)


def test_shuffling_costs_what_speaks(shown, qtbot):
    shown.sheet.choose("imaging alone")
    shown.sheet.features.view = "column"
    assert "Not measured yet" in shown.sheet.features.plot.words.text()
    run(qtbot, shown, lambda: shown.sheet.shuffle_wanted.emit("column"))
    assert "Shuffling original_glcm_Contrast costs imaging alone most" in shown.message
    assert shown.sheet.features.plot.columns[0] == "original_glcm_Contrast"


def test_a_model_goes_to_a_file_and_to_the_second_cohort(shown, qtbot, tmp_path):
    choose(shown, "EGFR mutation")
    shown.save_model(tmp_path / "egfr.npz")
    card = (tmp_path / "egfr.md").read_text(encoding="utf-8")
    assert "on patients that were not learned from" in card
    shown.load_model(tmp_path / "egfr.npz")
    assert "learned from 60 patients" in shown.message
    run(qtbot, shown, shown.apply_model)
    applied = shown.sheet.applied
    assert len(applied.table) == 60
    own = load_model(tmp_path / "egfr.npz").fitted_.target
    assert own == "EGFR mutation"
    trusted = shown.fused.result.trusted
    expected = shown.fused.result.external.loc[trusted, "auc"]
    assert applied.measures["auc"] == pytest.approx(expected, abs=1e-12)
    assert "its file does not name its patients" in shown.sheet.headline.text()
    assert shown.sheet.others.rows.rowCount() == 60
    model = load_model(tmp_path / "egfr.npz")
    said = shown.sheet.others.rows.frame.set_index("patient")["class"]
    called = applied.table["probability"] > model.fitted_.points["youden"]
    assert (said.reindex(called.index).eq("yes") == called).all()


def test_patients_that_were_learned_from_are_left_out(shown, qtbot):
    choose(shown, "EGFR mutation")
    shown.models.whom.setCurrentIndex(0)  # everybody
    run(qtbot, shown, shown.apply_model)
    assert len(shown.sheet.applied.table) == 60
    assert "60 patients were learned from and are left out" in shown.message
    shown.models.whom.setCurrentIndex(1)  # discovery
    run(qtbot, shown, shown.apply_model)
    assert "learned from all of these patients" in shown.message


def test_a_changed_file_is_refused(shown, tmp_path):
    path = save_model(shown.models.chosen.model, tmp_path / "m.npz")
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 200] = bytes(byte ^ 255 for byte in whole[middle : middle + 200])
    path.write_bytes(bytes(whole))
    shown.load_model(path)
    assert "m.npz" in shown.message
    assert shown.models.chosen.strategy  # the one before is still there


def test_a_table_that_was_evened_out_is_refused(dock, qtbot):
    raw = dock.picker.features
    sites = session_of(dock.viewer).cohort.patients["site"]
    even = harmonize(raw.table, sites)
    dock.picker.tables.add("evened", replace(raw, table=even, history=history_of(even)))
    assert dock.picker.name == "evened"
    run(qtbot, dock)
    assert "The table went through harmonize" in dock.message
    assert dock.fused is None


def test_a_column_that_is_the_outcome_by_another_name_is_loud(dock, qtbot):
    raw = dock.picker.features
    latent = session_of(dock.viewer).cohort.patients["EGFR"].eq("mutated").astype(float)
    told = raw.table.assign(score=latent.to_numpy())
    blocks = {**raw.blocks, "score": "features"}
    dock.picker.tables.add("told", replace(raw, table=told, blocks=blocks))
    choose(dock, "EGFR mutation")
    dock.form.values = {"strategies": ["single"]}
    run(qtbot, dock)
    assert "imaging: score" in dock.sheet.banner.text()
    assert dock.message.startswith("⚠")


def test_what_is_known_only_later_is_loud(dock, qtbot):
    choose(dock, "stage: II")
    dock.clinical.checked = ["age", "os_days"]
    dock.modalities.checked = ["clinical"]
    dock.form.values = {"strategies": ["single"]}
    run(qtbot, dock)
    assert "os_days looks like what is known only later" in dock.sheet.banner.text()


@pytest.mark.parametrize(("title", "kind"), [("hypoxia", "regression"),
                                             ("Survival (os_days)", "survival")])  # fmt: skip
def test_numbers_and_times_are_shown_too(dock, qtbot, title, kind):
    choose(dock, title)
    run(qtbot, dock)
    assert dock.fused is not None, dock.message
    assert dock.fused.result.kind == kind
    assert "Click a dot" in dock.sheet.predictions.words.text()
    if kind == "survival":
        assert not any("os_" in c for c in dock.fused.given.tables["clinical"])
        return
    assert "Curves are of two classes" in dock.sheet.calibration.words.text()
    assert "two classes" in dock.sheet.roc.words.text()


def test_what_lacks_is_said(qtbot, folder):
    dock = FuseDock(ViewerModel())
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.start()
    assert "No cohort is open" in dock.message
    session_of(dock.viewer).cohort = open_cohort(folder)
    assert dock.modalities.checked == ("clinical",)
    dock.modalities.checked = []
    dock.start()
    assert "Nothing is chosen to predict from" in dock.message
    dock.modalities.checked = ["clinical"]
    choose(dock, "Named below")
    run(qtbot, dock)
    assert "Nothing is named" in dock.message
    dock.apply_model()
    assert "There is no model yet" in dock.message
    dock.measure_importance("modality")
    assert "Fuse first" in dock.message


def test_tables_are_written_with_their_history(shown, tmp_path):
    shown.sheet.save(tmp_path)
    assert len(pd.read_csv(tmp_path / "patients.csv")) == 60
    assert len(pd.read_csv(tmp_path / "table.csv")) == 5
    assert (tmp_path / "table.csv.history.json").exists()
    assert "confirm" not in (tmp_path / "advice.txt").read_text(encoding="utf-8")
    assert shown.message == f"Written: {tmp_path}"


def test_outcomes_are_read_as_they_are(folder):
    cohort = open_cohort(folder)
    values, own, kind = target_values(cohort, Target("mutation", "EGFR"))
    assert set(values) == {"yes", "no"}
    assert (values.eq("yes") == cohort.patients["EGFR"].eq("mutated")).all()
    assert own == {"EGFR"}
    assert kind == "mutation"
    values, _, _ = target_values(cohort, Target("level", "stage", "II"))
    assert values.eq("yes").sum() == cohort.patients["stage"].eq("II").sum()
    times, made_of, _ = target_values(cohort, Target("survival", "os_days"))
    assert list(times) == ["os_days", "os_event"]
    assert {"os_days", "os_event"} <= made_of
    assert targets_of(None) == []


def test_rows_sort_by_number_and_mark_what_is_wrong():
    rows = FrameRows()
    frame = pd.DataFrame({"patient": ["a", "b", "c"], "p": [0.2, np.nan, 0.1],
                          "right": [True, False, None]})  # fmt: skip
    rows.show(frame, wrong="right")
    assert rows.columnCount() == 2
    rows.sort(1)
    assert [rows.name_at(k) for k in range(3)] == ["c", "a", "b"]
    assert rows.row_of("a") == 1
    assert rows.row_of("z") is None
    assert rows.name_at(9) == ""


def test_the_plot_and_the_numbers_say_who_is_answered(shown, fused):
    table = fused.result.table.copy()
    table.loc["imaging alone", "answered"] = 0.55
    other = fused.result.external.copy()
    other.loc["imaging alone", "answered"] = 0.25
    shown.sheet.show_fused(replace(fused, result=replace(fused.result, table=table,
                                                         external=other)), "")  # fmt: skip
    ticks = dict(shown.sheet.strategies.plot.getAxis("left")._tickLevels[0])
    at = list(table.index).index("imaging alone")
    assert ticks[at] == "imaging alone (55 %)"
    assert ticks[list(table.index).index("late")] == "late"
    row = shown.sheet.numbers.rows.frame.set_index("strategy").loc["imaging alone"]
    assert (row["answered"], row["answered 2nd"]) == (0.55, 0.25)


def test_patients_without_what_the_model_reads_are_counted(shown, qtbot):
    shown.picker.tables.add("some", replace(shown.picker.features,
                            table=shown.picker.features.table.iloc[: N // 2 + 25]))  # fmt: skip
    choose(shown, "EGFR mutation")
    names = [one.strategy for one in shown.models._models]
    shown.models.which.setCurrentIndex(names.index("imaging alone"))
    run(qtbot, shown, shown.apply_model)
    assert "25 of 60 patients predicted" in shown.message
    assert "35 of the 60 patients have nothing that the model reads" in shown.message
    assert "25 of 60 patients." in shown.sheet.headline.text()


def test_nothing_to_trust_has_no_star_and_is_not_green(shown, fused):
    table = fused.result.table.copy()
    table.loc[fused.result.trusted, "auc_low"] = 0.45
    doubted = replace(fused, warnings=(), result=replace(fused.result, table=table))
    assert fused.result.star == fused.result.trusted
    shown._show_end(Outcome(value=doubted))
    assert shown._tone == "warning"
    which = shown.sheet.which
    assert not any("★" in which.itemText(k) for k in range(which.count()))
    assert "none to trust yet" in shown.sheet.strategies.words.text()
    assert "The star is chosen" not in shown.sheet.notes.toPlainText()
    shown._show_end(Outcome(value=replace(fused, warnings=())))
    assert shown._tone == "good"
    assert any("★" in which.itemText(k) for k in range(which.count()))


def test_bias_and_variance_are_drawn_with_and_without_a_modality(shown, folder):
    from napari_radiogenomics.gui.fusion.work import Asked, compare

    page = shown.sheet.errors
    assert "thorough" in page.plot.words.text()  # this comparison was a quick one
    asked = Asked(Target("mutation", "EGFR"), names=("imaging", "clinical"), clinical=("age",))
    thorough = compare(CohortFeatures.load(folder / "features.csv"), open_cohort(folder),
                       asked=asked, **{**QUICK, "thorough": True})  # fmt: skip
    shown.show_found(thorough)
    table = thorough.result.trade_off
    assert page.plot.names == list(dict.fromkeys(table["strategy"]))
    offered = {page.which.itemData(k) for k in range(page.which.count())}
    assert offered == {"imaging", "clinical", ""}
    page.which.setCurrentIndex(page.which.findData("imaging"))
    row = table[(table["strategy"] == "late") & (table["without"] == "imaging")].iloc[0]
    tip = page.plot._tips[page.plot.names.index("late")]
    assert f"without imaging: bias² and noise {row['bias']:.3f}" in tip
    assert "cannot answer" in page.plot._tips[page.plot.names.index("imaging alone")]
    bars = [b.opts for b in page.plot.plot.getPlotItem().items if isinstance(b, BarGraphItem)]
    ends = [(np.array(b["y"]) - b["height"] / 2, np.array(b["y"]) + b["height"] / 2) for b in bars]
    whole, thin = ends[0], ends[2]
    late = page.plot.names.index("late")
    below = thin[0] > late - 0.5
    assert whole[1][late] <= thin[0][below].min() < thin[1].max() < late + 0.5  # no overlap
    page.plot.resize(430, 140)  # a small screen
    height = page.plot.plot.getPlotItem().getViewBox().viewPixelSize()[1]
    assert bars[2]["height"] / height >= 3  # pixels


def test_a_missing_modality_is_measured_with_the_numbers_of_python(shown, qtbot, tmp_path):
    from napari_radiogenomics import missing_curve

    page, given = shown.sheet.missing, shown.fused.given
    assert "All 60 patients have imaging" in page.plot.words.text()
    assert "press Measure" in page.plot.words.text()
    page.which.setCurrentIndex(page.which.findData("imaging"))
    page.mechanism.setCurrentIndex(page.mechanism.findData("outcome"))
    run(qtbot, shown, page.measure_button.click)
    found = shown.sheet.curves["imaging", "outcome"].table
    expected = missing_curve(
        given.tables, given.target, "imaging", mechanism="outcome", groups=given.sites,
        preparations=given.preparations, strategies=QUICK["strategies"], folds=3, inner_folds=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(found, expected)
    assert "without imaging" in shown.message
    shown.sheet.save(tmp_path)
    told = pd.read_csv(tmp_path / "missing_imaging_outcome.csv")
    pd.testing.assert_frame_equal(told, found, check_dtype=False)


def test_long_names_are_cut_in_the_middle_and_whole_in_the_tooltip(shown, fused):
    name = "wavelet-HHL_glszm_SmallAreaHighGrayLevelEmphasis"
    table = fused.result.importance.replace({"feature": {"original_glcm_Contrast": name}})
    long = replace(fused, result=replace(fused.result, importance=table))
    shown.show_found(long)
    shown.sheet.choose("imaging alone")
    bars = shown.sheet.features.plot
    assert bars.columns[0] == name
    axis = bars.plot.getAxis("left")
    label = dict(axis._tickLevels[0])[0]
    assert label.startswith("wavelet")
    assert "…" in label
    assert label.endswith("sis")
    assert bars.plot.fontMetrics().horizontalAdvance(label) < axis.width()
    assert name in bars._tips[0]


def test_many_warnings_take_two_lines(shown, fused):
    shown.show_found(replace(fused, warnings=tuple(f"warning {n}" for n in range(5))))
    assert shown.sheet.banner.text().count("\n") == 1
    assert "and 3 more (see Notes)" in shown.sheet.banner.text()
    assert "warning 4" in shown.sheet.notes.toPlainText()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(EGFR="mutated"), "tells of no mutation"),
        (lambda t: t.assign(EGFR=["mutated"] * 3 + ["wildtype"] * (N - 3)), "3 cases"),
        (lambda t: t.iloc[:30], "cannot fill 40 folds"),
        (
            lambda t: t.assign(patient_id="other-" + t["patient_id"]),
            'None of the 120 rows of "imaging"',
        ),
    ],
)
def test_bad_cohorts_are_refused_in_a_line(qtbot, folder, tmp_path, change, words):
    for name in ("cohort.toml", "scans.csv"):
        (tmp_path / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    table = change(pd.read_csv(folder / "patients.csv"))
    table.to_csv(tmp_path / "patients.csv", index=False)
    viewer = ViewerModel()
    session_of(viewer).cohort = open_cohort(tmp_path)
    dock = FuseDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.picker.open_file(folder / "features.csv")
    dock.target.setCurrentIndex(dock.target.findText("Named below"))
    if dock.target.findText("EGFR mutation") >= 0:
        choose(dock, "EGFR mutation")
    else:
        dock.text.setText("EGFR mutation")
    dock.modalities.checked = ["imaging"]
    dock.who.setCurrentIndex(0)
    dock.second.setCurrentIndex(0)
    folds = {"folds": 40} if "folds" in words else {}
    dock.form.values = {**QUICK, "strategies": ["single"], **folds}
    run(qtbot, dock)
    assert words in dock.message, dock.message
    assert dock.fused is None


def test_a_column_has_the_same_decimals_and_shares_are_in_percent():
    rows = FrameRows()
    frame = pd.DataFrame({"strategy": ["late", "early"], "AUC": [0.5, 0.7312], "n": [3.0, 12.0],
                          "answered": [1.0, 0.55]})  # fmt: skip
    rows.show(frame, shares=("answered",))
    shown = [[rows.text_at(row, column) for column in range(4)] for row in range(2)]
    assert shown == [["late", "0.500", "3", "100 %"], ["early", "0.731", "12", "55 %"]]


def test_the_last_column_keeps_its_words_where_there_is_no_room(qtbot):
    table = FrameTable("Patients")
    qtbot.addWidget(table)
    long = "firstorder_Mean −0.45, shape_MeshVolume 0.19"
    table.show_frame(pd.DataFrame({"patient": ["P001"], "set": ["wildtype"], "drivers": [long]}))
    table.resize(220, 100)
    table.show()
    assert table.columnWidth(2) >= 240
    assert table.horizontalScrollBar().maximum() > 0
    table.resize(900, 100)
    assert table.columnWidth(2) > 600
    assert table.horizontalScrollBar().maximum() == 0


def test_a_second_cohort_that_cannot_be_tested_is_loud(folder):
    from napari_radiogenomics.gui.fusion.work import Asked, compare

    cohort = open_cohort(folder)
    few = cohort.patients.index[cohort.patients["cohort"] == "validation"][5:]
    cohort.patients.loc[few, "cohort"] = "neither"
    asked = Asked(
        Target("mutation", "EGFR"), names=("imaging",), site="site",
        who=("cohort", "discovery"), second=("cohort", "validation"),
    )  # fmt: skip
    found = compare(CohortFeatures.load(folder / "features.csv"), cohort, asked=asked,
                    **{**QUICK, "strategies": ["single"]})  # fmt: skip
    assert found.result.external is None
    assert any(text.startswith("The 2nd cohort was not tested") for text in found.warnings)
