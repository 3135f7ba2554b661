"""The Harmonize dock: a new table without the sites, before and after side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_radiogenomics import open_cohort
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.gui.harmonize.dock import HarmonizeDock
from napari_radiogenomics.gui.harmonize.plots import density
from napari_radiogenomics.gui.harmonize.sheet import area_text
from napari_radiogenomics.gui.harmonize.work import batches_of, even_out
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.tables.groups import batch_columns

N = 60
IDS = [f"P{k:03d}" for k in range(N)]


def write_cohort(root, site, **columns):
    table = pd.DataFrame({"patient_id": IDS, "site": site, **columns})
    (root / "cohort.toml").write_text('format = 1\nname = "made up"\n', encoding="utf-8")
    table.to_csv(root / "patients.csv", index=False)
    scans = "scan_id,patient_id,timepoint,modality,role,path,unit,frame,scanner\n"
    rows = [f"{p}-s,{p},t0,CT,CT,x.nii,HU,f,{'old' if k % 2 else 'new'}\n"
            for k, p in enumerate(IDS)]  # fmt: skip
    (root / "scans.csv").write_text(scans + "".join(rows), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(2)
    place = np.arange(N) % 3
    table = pd.DataFrame(rng.normal(size=(N, 6)), IDS).add_prefix("f")
    table += np.outer(place, [3.0, 2.0, 1.0, 0.5, 0.0, 0.0])
    table["flat"] = np.where(place == 0, 1.0, rng.normal(size=N))  # the same in all of site A
    table["age"] = rng.integers(40, 80, N).astype(float)
    table.index.name = "patient_id"
    sources = pd.DataFrame({"scan_id": [f"{p}-s" for p in IDS]}, pd.Index(IDS, name="patient_id"))
    blocks = {name: "clinical" if name == "age" else "features" for name in table}
    return CohortFeatures(table, blocks, sources=sources)


@pytest.fixture
def cohort(tmp_path):
    rng = np.random.default_rng(3)
    site = np.array(["A", "B", "C"])[np.arange(N) % 3]
    return open_cohort(write_cohort(tmp_path, site, age=rng.integers(40, 80, N)))


@pytest.fixture
def dock(qtbot, cohort, features):
    viewer = ViewerModel()
    session_of(viewer).cohort = cohort
    dock = HarmonizeDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.picker.tables.add("measured", features)
    return dock


def run(qtbot, dock):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()


def test_a_new_table_comes_and_the_raw_one_stays(dock, qtbot, features):
    assert dock.batch.currentText() == "site"
    dock.keep.checked = ["age"]
    run(qtbot, dock)
    assert dock.picker.tables.names == ["measured", "measured, combat"]
    assert dock.picker.name == "measured"
    even = dock.picker.tables["measured, combat"].table
    place = np.arange(N) % 3
    gap = features.table["f0"].groupby(place).mean().diff().abs().max()
    left = even["f0"].groupby(place).mean().diff().abs().max()
    assert gap > 2
    assert left < 0.5
    pd.testing.assert_series_equal(even["age"], features.table["age"])
    pd.testing.assert_series_equal(even["flat"], features.table["flat"])
    assert "flat" in dock.message
    assert dock.message.startswith("A model can tell the site: AUC")


def test_before_and_after_are_shown_with_the_area(dock, qtbot):
    run(qtbot, dock)
    effects = dock.sheet.evened.effects
    assert effects.area.low > 0.8
    assert effects.after.area.high < effects.area.low
    assert f"{effects.area.value:.2f}" in area_text(effects)
    assert dock.sheet.before.words.text().startswith("Before: the site is")
    assert dock.sheet.feature.currentText() == "f0"  # the one that is most of the site
    dock.sheet.feature.setCurrentIndex(3)
    dock.sheet.patient_chosen.emit("P005")
    assert session_of(dock.viewer).selection.patient_id == "P005"


def test_a_batch_may_be_the_scanner_of_the_scans(dock, qtbot, cohort, features):
    assert batch_columns(cohort)[:2] == ["site", "scanner"]
    batch = batches_of(cohort, features, "scanner")
    assert batch.value_counts().to_dict() == {"new": 30, "old": 30}
    dock.batch.setCurrentText("scanner")
    run(qtbot, dock)
    assert set(dock.sheet.evened.batch) == {"new", "old"}


def test_a_reference_is_offered_where_the_method_takes_one(dock, qtbot, features):
    dock.reference.setCurrentIndex(dock.reference.findData("B"))
    dock.new_name.setText("like B")
    run(qtbot, dock)
    even = dock.picker.tables["like B"].table
    own = np.arange(N) % 3 == 1
    np.testing.assert_allclose(even.loc[own, "f0"], features.table.loc[own, "f0"], rtol=1e-12)
    assert not dock.inputs.isRowVisible(dock.smooth)


def test_a_curve_is_kept_where_the_method_takes_one(dock, qtbot):
    dock.form.values = {"method": "combat_gam"}
    assert dock.inputs.isRowVisible(dock.smooth)
    assert dock.smooth.currentText() == "age"
    run(qtbot, dock)
    assert "measured, combat_gam" in dock.picker.tables.names


@pytest.mark.parametrize(
    ("site", "says"),
    [
        (["A"] * N, "No column tells"),
        (["A"] * (N - 1) + ["B"], "No feature varies in every batch"),
        (["A", ""] * (N // 2), "patients have no"),
    ],
)
def test_bad_batches_are_told(qtbot, tmp_path, features, site, says):
    viewer = ViewerModel()
    root = write_cohort(tmp_path, site)
    (root / "scans.csv").write_text(
        "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n", encoding="utf-8"
    )
    session_of(viewer).cohort = open_cohort(root)
    dock = HarmonizeDock(viewer)
    qtbot.addWidget(dock)
    qtbot.addWidget(dock.sheet)
    dock.picker.tables.add("measured", features)
    if says == "patients have no":
        dock.batch.addItem("site")
        dock.batch.setCurrentText("site")
    dock.start()
    if dock.runner.running:
        qtbot.waitUntil(lambda: not dock.runner.running, timeout=60_000)
    assert says in dock.message


def test_what_is_kept_and_follows_the_batch_is_refused(qtbot, dock, cohort):
    cohort.patients["unit"] = cohort.patients["site"].map({"A": "x", "B": "y", "C": "y"})
    dock._follow_batch()
    dock.keep.checked = ["unit"]
    run(qtbot, dock)
    assert "unit" in dock.message
    assert dock.picker.tables.names == ["measured"]


def test_even_out_changes_nothing_of_what_it_was_given(features, cohort):
    before = features.table.copy()
    even_out(features, batches_of(cohort, features, "site"), None, method="combat")
    pd.testing.assert_frame_equal(features.table, before)


def test_a_density_of_one_value_is_flat():
    assert density(np.array([2.0]), np.linspace(0, 4, 9)).tolist() == [0.0] * 9
