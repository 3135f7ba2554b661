"""A cohort run: one effect a patient, the chain across patients, and what is missing is said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_radiogenomics import Geometry, Image, correspond_cohort, open_cohort
from napari_radiogenomics.cli import main
from napari_radiogenomics.correspondence.case import open_case
from napari_radiogenomics.correspondence.chain import links_of, patients_of, told
from napari_radiogenomics.correspondence.scales import (
    Scale,
    commonest,
    others_left_out,
    scale_of,
)
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.simulate.sample import sample_cohort

THREE = ["P001", "P003", "P008"]
HYPOXIA: dict[str, Any] = {"tissue": "mean_od", "score": "BUFFA_HYPOXIA"}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return open_cohort(sample_cohort())


@pytest.fixture
def altered(cohort: Cohort, tmp_path: Path) -> Any:
    """A cohort of links to the sample's files, with one table changed."""

    def change(name: str, edit: Any) -> Cohort:
        folder = tmp_path / "altered"
        folder.mkdir()
        for entry in Path(cohort.root).iterdir():
            (folder / entry.name).symlink_to(entry)
        table = pd.read_csv(Path(cohort.root) / f"{name}.csv", dtype=str, keep_default_na=False)
        (folder / f"{name}.csv").unlink()
        edit(table).to_csv(folder / f"{name}.csv", index=False)
        return open_cohort(folder)

    return change


def test_links_are_those_of_scipy_and_hold_the_middle_fixed() -> None:
    rng = np.random.default_rng(1)
    scan = rng.normal(size=300)
    tissue = 0.6 * scan + 0.8 * rng.normal(size=300)
    gene = 0.7 * tissue + 0.7 * rng.normal(size=300)  # the scan speaks through the tissue alone
    table = pd.DataFrame({"scan": scan, "tissue": tissue, "gene": gene})
    links = links_of(table).set_index(["first", "second", "given"])
    for first, second in (("scan", "tissue"), ("tissue", "gene"), ("scan", "gene")):
        row = links.loc[(first, second, "")]
        oracle = stats.spearmanr(table[first], table[second])
        assert row["rho"] == pytest.approx(oracle.statistic)
        assert row["p_value"] == pytest.approx(oracle.pvalue, rel=1e-6)
        assert row["low"] < row["rho"] < row["high"]
    through = links.loc[("scan", "gene", "tissue")]
    assert through["low"] < 0 < through["high"]


def test_the_zero_of_a_scanner_makes_no_link_across_patients() -> None:
    rng = np.random.default_rng(2)
    site = pd.Series(np.repeat(["A", "B", "C"], 20))
    shift = site.map({"A": 0.0, "B": 5.0, "C": 10.0})
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["scan", "tissue"]).add(shift, axis=0)
    assert links_of(table).loc[0, "p_value"] < 1e-6
    assert links_of(table, site).loc[0, "p_value"] > 0.05


def test_below_six_patients_there_is_no_p_value() -> None:
    table = pd.DataFrame({"scan": [1.0, 2, 3, 4, 5], "tissue": [1.0, 2, 3, 5, 4]})
    row = links_of(table).loc[0]
    assert row["rho"] == pytest.approx(0.9)
    assert np.isnan([row["p_value"], row["low"], row["high"]]).all()


def test_a_cohort_run_answers_within_tumors_at_biopsies_and_across(cohort: Cohort) -> None:
    found = correspond_cohort(cohort, patients=THREE, **HYPOXIA)
    assert list(found.cases) == list(found.patients.index) == THREE
    assert found.pooled is not None
    assert np.isnan(found.pooled.p_value)  # three patients
    assert found.samples is not None
    assert found.samples.r_within < 0  # planted: hypoxic places enhance less
    assert found.patients["tissue"].idxmax() == "P008"  # the most hypoxic of the three
    assert found.patients["score"].notna().all()
    assert set(found.evidence().columns) == {"r", "n"}
    assert found.evidence().attrs["measure"] == "Hypoxia stain map"
    assert found.history[-1].settings["score"] == "BUFFA_HYPOXIA"
    assert "Fewer than 6 patients: no p-value" in found.text()


MIXED = ["P001", "P003", "P006", "P008"]  # P006 has MR, the others CT
FEW: dict[str, Any] = {"patients": MIXED, **HYPOXIA}


@pytest.fixture(scope="module")
def mixed(cohort: Cohort) -> Any:
    return correspond_cohort(cohort, **FEW)


def test_no_effect_joins_two_units(cohort: Cohort, mixed: Any) -> None:
    alone = correspond_cohort(cohort, patients=THREE, **HYPOXIA)
    pd.testing.assert_frame_equal(mixed.samples.table, alone.samples.table)
    assert mixed.samples.unit == "HU"
    assert " per HU (" in mixed.text()
    assert set(mixed.samples.samples["patient_id"]) == set(THREE)
    # One number a patient on one scale: the chain and its plot hold no other.
    assert mixed.patients["feature"].isna().tolist() == [False, False, True, False]
    assert mixed.patients["tissue"].notna().all()
    assert mixed.titles[0] == "Intensity of the scan (HU)"
    assert mixed.table().loc["P006", "scan"] == "MR T1c (no unit)"
    (note,) = (one for one in mixed.notes if "P006" in one)
    assert "CT (HU) in 3 patients" in note
    assert "give role or patients" in note
    # Correlations have no unit.
    assert list(mixed.cases) == list(mixed.pooled.table.index) == MIXED
    assert not any("give role" in one for one in alone.notes)


def test_the_scale_of_most_patients_is_kept_and_a_role_tells_apart_what_has_no_unit() -> None:
    grid = Geometry((4, 3, 2))

    def scale(modality: str, role: str, unit: str, feature: str = "intensity") -> Scale:
        scan = Image(
            np.zeros(grid.shape), grid, unit=unit, modality=modality, metadata={"role": role}
        )
        return scale_of(scan, scan, feature)

    assert scale("CT", "CT", "HU") == scale("CT", "CT late", "HU")
    assert scale("MR", "T1c", "") != scale("MR", "T2", "")
    assert scale("CT", "CT", "", "vessels_curvature") == scale("MR", "T2", "", "vessels_curvature")
    scales = {"a": scale("CT", "", "HU"), "b": scale("MR", "T2", ""), "c": scale("MR", "T2", "")}
    assert commonest(scales) == scales["b"]
    assert "MR T2 (no unit) in 2 patients, and of CT (HU) in a." in others_left_out(
        scales, scales["b"]
    )
    assert others_left_out({"a": scales["a"]}, scales["a"]) == ""


def test_the_cohort_says_both_what_maps_are_and_what_is_left_of_them(mixed: Any) -> None:
    raw = [case.row(step="raw")["r"] for case in mixed.cases.values()]
    assert max(raw) < 0  # the stain is dark where the scan is
    assert mixed.table()["r_raw"].tolist() == raw
    said = mixed.text()
    assert mixed.pooled_raw.step == "as they are"
    assert mixed.pooled_raw.r < 0
    assert f"Maps as they are: {mixed.pooled_raw.text()}" in said
    assert "positive in 0 of 4" in mixed.pooled_raw.text()
    last = mixed.pooled
    assert f"Maps freed of trend, edge distance, slice: {last.text()}" in said
    assert said.index("as they are") < said.index("freed of")


def test_a_patient_that_is_alone_at_its_site_does_not_count() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(8, 2)), columns=["scan", "tissue"])
    alone = pd.Series([*"AAABBBCD"])
    row, pairs = links_of(table, alone).loc[0], links_of(table.iloc[:6], alone.iloc[:6]).loc[0]
    assert (row["n"], row["n_counted"]) == (8, 6)
    assert links_of(table).loc[0, "n_counted"] == 8
    assert patients_of(row) == "6 patients (2 more are alone in their group and say nothing)"
    assert "6 patients (2 more" in told(links_of(table, alone))[0]
    assert np.isfinite(row["p_value"])
    assert np.sign(row["rho"]) == np.sign(pairs["rho"])
    few = links_of(table.iloc[[0, 1, 3, 4, 6, 7]], alone).loc[0]
    assert np.isnan(few["p_value"])  # four count


def test_what_a_patient_misses_is_said_and_the_others_go_on(altered: Any) -> None:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        table = table[table["slide_id"] != "P003-CAIX"].copy()
        table.loc[table["slide_id"] == "P008-CAIX", "frame"] = "nowhere"
        return table

    found = correspond_cohort(altered("slides", spoil), patients=THREE, **HYPOXIA)
    assert list(found.cases) == ["P001"]
    assert "stained for CAIX" in found.failed["P003"]
    assert "No transform leads from slide" in found.failed["P008"]
    assert found.table().loc["P008", "problem"] == found.failed["P008"]


def test_no_pixel_size_is_refused_with_its_remedy(altered: Any) -> None:
    cohort = altered("slides", lambda table: table)
    case = open_case(cohort, "P001", "mean_od")
    from dataclasses import replace

    from napari_radiogenomics.correspondence.case import tissue_of

    with pytest.raises(InputError, match="pixel size"):
        tissue_of(replace(case.slide, um_per_pixel=None), "mean_od")


def test_a_cohort_without_slides_and_unknown_names_are_refused(
    cohort: Cohort, altered: Any
) -> None:
    with pytest.raises(InputError, match="has no slides"):
        correspond_cohort(altered("slides", lambda table: table.iloc[:0]))
    with pytest.raises(InputError, match='No image feature "intensty"'):
        correspond_cohort(cohort, feature="intensty")
    with pytest.raises(InputError, match="No tissue measure"):
        correspond_cohort(cohort, tissue="vessel_per_mm2")
    with pytest.raises(InputError, match="CAIXX"):
        correspond_cohort(cohort, score="CAIXX")
    with pytest.raises(InputError, match="There is no channel"):
        open_case(cohort, "P001", "mean_od", role="FLAIR")


def test_biopsies_that_are_none_are_noted(altered: Any) -> None:
    cohort = altered("samples", lambda table: table[table["kind"] == "bulk"])
    found = correspond_cohort(cohort, patients=["P001", "P003"], **HYPOXIA)
    assert found.samples is None
    assert any(note.startswith("Biopsies: ") for note in found.notes)


def test_the_command_writes_what_the_evidence_card_takes(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "slides.csv"
    argv = ["correspond-cohort", str(cohort.root), "--tissue", "mean_od", "--patients", *THREE[:2]]
    assert main([*argv, "--output", str(target)]) == 0
    assert "Same places within tumors" in capsys.readouterr().out
    assert pd.read_csv(target)["patient_id"].tolist() == THREE[:2]
    assert (tmp_path / "slides-links.csv").is_file()
    assert read_history(target)[-1].settings["tissue"] == "mean_od"
    from napari_radiogenomics.cli.commands.weigh_evidence import _tissue

    effects = _tissue(target)
    assert effects.attrs == {"measure": "Hypoxia stain map", "feature": "intensity"}
    assert list(effects.columns) == ["r", "n"]
    shutil.rmtree(tmp_path / "no", ignore_errors=True)
    assert main([*argv, "--output", str(tmp_path / "no" / "x.csv")]) == 2


def test_too_few_surrogates_are_refused_before_any_patient(cohort: Cohort) -> None:
    with pytest.raises(InputError, match="With 10 surrogates .*Take 99 or more"):
        correspond_cohort(cohort, surrogates=10)
