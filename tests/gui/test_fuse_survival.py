"""The Fuse dock on survival, and where the site is not known: what is shown, with its unit."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from pyqtgraph import PlotDataItem

from napari_radiogenomics import fuse, open_cohort, save_model
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.cohort_targets import Target
from napari_radiogenomics.gui.fusion.dock import FuseDock
from napari_radiogenomics.gui.fusion.drivers import reasons_of
from napari_radiogenomics.gui.fusion.numbers import compared
from napari_radiogenomics.gui.fusion.patient_plots import BarPlot
from napari_radiogenomics.gui.fusion.rows import FrameTable
from napari_radiogenomics.gui.fusion.work import Asked, compare, sites_of
from napari_radiogenomics.gui.session import session_of

N = 90
IDS = [f"P{k:03d}" for k in range(N)]
QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False,
         "strategies": ["baseline", "single"]}  # fmt: skip
ASKED = Asked(Target("survival", "os_days"), names=("clinical",), clinical=("age", "size"))


def _patients(**more):
    rng = np.random.default_rng(3)
    size = rng.normal(2, 0.7, N)
    own, censored = rng.exponential(900 * np.exp(-size)), rng.exponential(400, N)
    return pd.DataFrame({
        "patient_id": IDS, "site": "", "age": rng.integers(40, 80, N), "size": size.round(3),
        "er": rng.choice(["negative", "positive"], N),
        "os_days": np.minimum(own, censored).round() + 1, "os_event": (own <= censored).astype(int),
        **more,
    })  # fmt: skip


def _cohort(root, table, scans=""):
    (root / "cohort.toml").write_text('format = 1\nname = "made up"\n', encoding="utf-8")
    table.to_csv(root / "patients.csv", index=False)
    header = "scan_id,patient_id,timepoint,modality,role,path,unit,frame,scanner\n"
    (root / "scans.csv").write_text(header + scans, encoding="utf-8")
    return open_cohort(root)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return _cohort(tmp_path_factory.mktemp("times"), _patients())


@pytest.fixture(scope="module")
def fused(cohort):
    return compare(None, cohort, asked=ASKED, **QUICK)


def _dock(qtbot, cohort):
    viewer = ViewerModel()
    session_of(viewer).cohort = cohort
    dock = FuseDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    return dock


def _choose(dock, title):
    at = dock.target.findText(title)
    assert at >= 0
    dock.target.setCurrentIndex(at)
    dock.target.activated.emit(at)


class TestSite:
    """What is no site by its name is none unless a person says so."""

    def test_a_receptor_is_offered_but_not_taken(self, qtbot, cohort):
        dock = _dock(qtbot, cohort)
        assert dock.site.currentText() == "Not known"
        assert dock.site.findText("er") >= 0
        assert dock.site.column == ""

    def test_the_outcome_is_not_even_offered(self, qtbot, cohort):
        dock = _dock(qtbot, cohort)
        dock.site.setCurrentIndex(dock.site.findText("er"))
        dock.site.activated.emit(dock.site.currentIndex())
        _choose(dock, "Survival (os_days)")
        assert dock.site.column == "er"  # chosen by hand: it stays
        _choose(dock, "er")
        assert dock.site.findText("er") == -1
        assert dock.site.column == ""

    @pytest.mark.parametrize("name", ["center", "Institution", "Batch ID", "scanner"])
    def test_usual_names_are_taken(self, qtbot, tmp_path, name):
        more = {name: np.where(np.arange(N) % 2, "A", "B")}
        dock = _dock(qtbot, _cohort(tmp_path, _patients(**more)))
        assert dock.site.column == name

    def test_an_outcome_that_is_named_as_site_is_refused(self, cohort):
        asked = Asked(Target("column", "er"), names=("clinical",), clinical=("age",), site="er")
        with pytest.raises(InputError, match="er is the outcome, and cannot be the site too"):
            compare(None, cohort, asked=asked, **QUICK)

    def test_the_scanner_of_the_scans_is_a_site(self, tmp_path):
        scans = "".join(f"{p}-t{t}-CT,{p},t{t},CT,CT,x.nii.gz,HU,{p},{'AB'[(k + t) % 2]}\n"
                        for k, p in enumerate(IDS) for t in (0, 1))  # fmt: skip
        found = sites_of(_cohort(tmp_path, _patients(), scans), "scanner",
                         {"rna": pd.DataFrame({"VEGFA": 1.0}, IDS)})  # fmt: skip
        assert found.tolist() == ["AB"[k % 2] for k in range(N)]


def test_columns_are_named_before_and_after(qtbot, cohort, fused):
    dock = _dock(qtbot, cohort)
    _choose(dock, "Survival (os_days)")
    assert dock.message == "Fuse predicts survival: os_days, with the event os_event."
    assert fused.result.target == "os_days"


@pytest.fixture
def shown(qtbot, cohort, fused):
    dock = _dock(qtbot, cohort)
    _choose(dock, "Survival (os_days)")
    dock.say(dock.show_found(fused))
    return dock


def _curves(plot):
    return [item for item in plot.plot.getPlotItem().items if isinstance(item, PlotDataItem)]


def test_probability_and_unit_stand_beside_the_hazard(shown, fused):
    table = fused.result.patients(shown.sheet.strategy)
    free = f"no os_event by {table.attrs['at']:.4g} days"
    frame = shown.sheet.patients.rows.frame.set_index("patient")
    assert list(frame)[:5] == ["os_days", "os_event", free, "90 %", "log hazard"]
    assert (frame[free] == table["survival"].reindex(frame.index)).all()
    assert set(frame["os_event"]) == {"yes", "no"}
    assert frame[free].is_monotonic_increasing
    assert f"Probability of {free}" in shown.sheet.predictions.words.text()
    row = table.loc["P003"]
    shown.sheet.patient_chosen.emit("P003")
    said = f"P003: probability of {free} {row['survival']:.2f} ("
    assert shown.message.startswith(said)
    came = "os_event" if row["event"] else "censored"
    assert f"{came} at {row['time']:.4g} days" in shown.message


def test_numbers_tell_uno_and_the_area_with_its_time(fused):
    table, result = compared(fused.result).set_index("strategy"), fused.result
    times = result.predictions.drop_duplicates("patient_id")
    at = times.loc[times["event"], "outcome"].median()
    assert table["Uno's C"].tolist() == result.table["uno_concordance"].tolist()
    assert table[f"AUC at {at:.4g} days"].tolist() == result.table["auc_at_median"].tolist()
    assert table["int. Brier"].tolist() == result.table["integrated_brier"].tolist()
    assert not {"answered", "p perm."} & set(table)  # they would say nothing


def test_the_curves_of_times_are_drawn(shown):
    assert "AUC at " in shown.sheet.roc.words.text()
    assert " days" in shown.sheet.roc.words.text()
    curve = max(_curves(shown.sheet.roc), key=lambda item: len(item.getData()[0]))
    x, y = curve.getData()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert not shown.sheet.calibration.plot.isHidden()
    observed = _curves(shown.sheet.calibration)[-1].getData()[1]
    assert len(observed) == 5
    assert ((observed >= 0) & (observed <= 1)).all()


def test_a_model_of_the_same_columns_is_measured(shown, qtbot, fused, tmp_path):
    clinical = _patients().set_index("patient_id")[["age", "size", "os_days", "os_event"]]
    made = fuse({"clinical": clinical[["age", "size"]]}, clinical[["os_days", "os_event"]], **QUICK)
    shown.load_model(save_model(made.model("baseline"), tmp_path / "m.npz"))
    with qtbot.waitSignal(shown.runner.ended, timeout=60_000):
        shown.apply_model()
    applied = shown.sheet.applied
    assert applied.title == "m.npz"
    assert applied.measures is not None
    frame = shown.sheet.others.rows.frame
    assert list(frame)[:3] == ["patient", "os_days", "os_event"]
    assert set(frame["os_event"]) == {"yes", "no"}
    free = f"no os_event by {applied.table.attrs['at']:.4g} days"
    assert list(frame)[3:6] == [free, "90 %", "log hazard"]
    assert "does not name the patients" in shown.sheet.headline.text()


def test_where_nothing_drove_it_that_is_said(shown, fused):
    result, name = fused.result, shown.sheet.strategy
    assert reasons_of(result, name, "P003") == "Features says what drove it."
    table = result.contributions
    without = replace(result, contributions=table[table["patient_id"] != "P003"])
    assert "No feature drove it" in reasons_of(without, name, "P003")
    shown.fused = replace(fused, result=replace(result, contributions=table.iloc[:0]))
    shown.sheet.patient_chosen.emit("P003")
    assert f"Nothing drove it: {name} uses no feature" in shown.message


def test_a_long_title_is_not_cut(qtbot):
    table = FrameTable("Patients")
    qtbot.addWidget(table)
    title = "no progression_event by 5012 days"
    table.show_frame(pd.DataFrame({"patient": ["P001"], title: [0.5], "site": ["A"]}))
    assert table.columnWidth(1) > table.fontMetrics().horizontalAdvance(title)


def test_names_of_bars_do_not_overlap_below_two_lines_of_words(qtbot):
    plot = BarPlot()
    qtbot.addWidget(plot)
    plot.resize(330, 190)
    plot.show()
    names = [f"original_glcm_Feature{n}" for n in range(30)]
    bars = pd.DataFrame({"title": names, "column": names, "value": 1.0, "tip": names})
    plot.show_bars(bars, words="What drove the prediction, at some length. " * 2, label="SHAP")
    qtbot.wait(50)
    room = plot.plot.getPlotItem().getViewBox().height() / len(plot.columns)
    assert room >= 12  # pixels: a line of the axis


def test_what_is_prepared_once_is_said_while_it_takes_its_time(shown, monkeypatch, qtbot):
    behind, what = shown.clicked.behind, "Preparing the computation (once after installation)"
    monkeypatch.setattr(behind, "runner", SimpleNamespace(running=True, cancelling=False))
    behind._wanted = ("P003", "original_glcm_Id")
    with qtbot.waitSignal(behind.waits) as said:
        behind._tell_step(3, 0, what)
    assert said.args == [f"P003 is open. {what} …"]


def test_the_warning_in_the_dock_is_one_line(shown, fused):
    long = replace(fused, warnings=("what may be too good to be true " * 8,))
    assert len(shown.show_found(long).partition("(see Notes)")[0]) < 80
