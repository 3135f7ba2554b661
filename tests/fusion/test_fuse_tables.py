"""What the command line reads of files and cohort folders, and what it leaves out of them."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.cli import main
from napari_radiogenomics.cli.fusion_tables import Chosen, People, named_paths
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.fusion import fuse
from napari_radiogenomics.fusion.cohort_tables import cohort_modalities
from napari_radiogenomics.fusion.cohort_targets import Target, target_values
from napari_radiogenomics.simulate.sample import sample_cohort

QUICK = ["--folds", "3", "--inner-folds", "3", "--repeats", "1", "--no-thorough"]


@pytest.fixture(scope="module")
def people():
    return People.read(sample_cohort())


@pytest.fixture(scope="module")
def extraction(people, tmp_path_factory):
    """An extraction as `extract_cohort` writes it, with the facts of the patients beside."""
    rng = np.random.default_rng(0)
    ids = people.table.index
    names = ["original_glcm_Contrast", "original_shape_MeshVolume", "vessels_length", "old_age"]
    table = pd.DataFrame(rng.normal(size=(len(ids), 4)), ids, names)
    facts = people.table[["site", "sex", "os_days"]]
    blocks = dict(zip(names, ["features", "shape", "vessels", "clinical"], strict=True))
    found = CohortFeatures(table.join(facts), blocks | dict.fromkeys(facts, "clinical"))
    return found.save(tmp_path_factory.mktemp("extraction") / "features.csv")


@pytest.mark.parametrize("told", [True, False])
def test_facts_of_the_patients_are_no_imaging(people, extraction, tmp_path, capsys, told):
    file = extraction
    if not told:  # without the facts beside it the names of the columns tell
        file = tmp_path / "features.csv"
        pd.read_csv(extraction).drop(columns="old_age").to_csv(file, index=False)
    chosen = Chosen({"imaging": file}, outcome=["os_days", "os_event"], clinical=["age", "sex"])
    found = chosen.read(people, people.table)
    names = ["original_glcm_Contrast", "original_shape_MeshVolume"]
    assert list(found.modalities["imaging"]) == (names if told else [*names, "vessels_length"])
    assert list(found.modalities["clinical"]) == ["age", "sex"]
    assert found.preparations.get("imaging", "") == ("imaging" if told else "")
    note = capsys.readouterr().err
    assert "of imaging and were left out:" in note
    assert "os_days" in note
    assert note.count("\n") == 1


def test_blocks_of_an_extraction_are_those_of_the_dock(people, extraction):
    chosen = Chosen({"imaging": extraction, "vessels": extraction, "measured": extraction})
    found = chosen.read(people, people.table).modalities
    features = CohortFeatures.load(extraction)
    dock = cohort_modalities(features, people.cohort, ["imaging", "vessels"]).tables
    for name, table in dock.items():
        pd.testing.assert_frame_equal(found[name], table, check_names=False)
    assert found["measured"].shape[1] == 3


def test_outcomes_and_genes_of_a_cohort_folder_are_those_of_the_dock(people):
    chosen = Chosen(held=["rna", "clinical"], outcome=["EGFR"], site="site")
    found = chosen.read(people, people.table)
    values, own, kind = target_values(people.cohort, Target("mutation", "EGFR"))
    pd.testing.assert_series_equal(found.target, values)
    dock = cohort_modalities(None, people.cohort, ["rna", "clinical"], outcome=own,
                             outcome_kind=kind)  # fmt: skip
    assert found.preparations == dock.preparations
    for name, table in dock.tables.items():
        pd.testing.assert_frame_equal(found.modalities[name], table)
    level, _, _ = people.outcome(["stage: II"])
    assert set(level.dropna()) == {"yes", "no"}
    gene, own, kind = people.outcome(["CA9"])
    assert (kind, own, gene.dtype.kind) == ("gene", {"CA9"}, "f")
    with pytest.raises(InputError, match="Leave rna out"):
        Chosen(held=["rna"], outcome=["CA9"]).read(people, people.table)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Chosen(outcome=["EGFR mutatio"]), 'Did you mean "EGFR mutation"'),
        (Chosen(outcome=["sex"], clinical=["sex"]), "names the outcome alone"),
        (Chosen(held=["imaging"]), "extract-cohort"),
        (Chosen(held=["rnaa"]), 'no modality "rnaa"'),
        (Chosen(site="sitte"), 'Did you mean "site"'),
    ],
)
def test_what_a_cohort_folder_does_not_hold(people, chosen, words):
    with pytest.raises(InputError, match=words):
        chosen.read(people, people.table)


def test_the_outcome_is_left_out_of_clinical_facts_and_told(people, capsys):
    found = Chosen(outcome=["sex"], clinical=["age", "sex"]).read(people, people.table)
    assert list(found.modalities["clinical"]) == ["age"]
    assert capsys.readouterr().err == (
        "note: sex is the outcome and was left out of the clinical facts.\n"
    )


def test_samples_are_no_patients_and_the_remedy_is_told(people, tmp_path):
    file = people.cohort.expression[0].path
    with pytest.raises(InputError, match="are samples, not patients.*--modalities rna"):
        Chosen({"rna": file}).read(people, people.table)
    ids = people.table.index
    genes = pd.DataFrame(np.ones((2, len(ids))), ["CA9", "EGFR"], ids)
    genes.to_csv(tmp_path / "genes.csv", index_label="gene")
    with pytest.raises(InputError, match="its columns are. Give it turned round"):
        Chosen({"rna": tmp_path / "genes.csv"}).read(people, people.table)
    with pytest.raises(InputError, match="given twice"):
        named_paths(["rna=a.csv", "rna=b.csv"])


def test_a_table_without_a_cohort_has_no_modalities_of_its_own(people):
    with pytest.raises(InputError, match="Give the folder as PATIENTS"):
        Chosen(held=["rna"]).read(People(people.table), people.table)


@pytest.mark.parametrize("name", ["imaging", "rna"])
def test_text_in_measures_is_refused_by_name(cohort, name):
    table = cohort.modalities[name].assign(where=cohort.sites)
    with pytest.raises(InputError, match=f'"{name}" has 1 column with text: where'):
        fuse({name: table}, cohort.target)
    settings = {"folds": 2, "inner_folds": 2, "repeats": 1, "thorough": False}
    kept = fuse({name: table}, cohort.target, preparations={name: "clinical"},
                strategies=["early"], **settings)  # fmt: skip
    assert kept.trusted == "early"


def test_the_outcome_among_the_columns_is_refused(cohort, draw):
    again = cohort.modalities["imaging"].assign(EGFR=cohort.target.eq("mutated").astype(float))
    y = again["EGFR"]
    with pytest.raises(InputError, match='"imaging" holds the outcome itself, "EGFR"'):
        fuse({"imaging": again}, y)
    late = draw(1, kind="survival")
    target = late.target.rename(columns={"time": "os_days", "event": "os_event"})
    with pytest.raises(InputError, match='"os_days"'):
        fuse({"imaging": late.modalities["imaging"].join(target["os_days"])}, target)


def test_the_baseline_without_volume_does_not_come_twice(cohort):
    settings = {"folds": 2, "inner_folds": 2, "repeats": 1, "thorough": False}
    clinical = {"clinical": cohort.modalities["clinical"]}
    found = fuse(clinical, cohort.target, strategies=["baseline", "single"], **settings)
    assert list(found.table.index) == ["baseline"]
    assert list(fuse(clinical, cohort.target, strategies=["single"], **settings).table.index) == [
        "clinical alone"
    ]
    assert not any("best of 1" in sentence for sentence in found.advice)


@pytest.fixture
def patients(cohort, tmp_path):
    facts = cohort.modalities["clinical"].assign(EGFR=cohort.target, where=cohort.sites)
    facts.to_csv(tmp_path / "patients.csv", index_label="patient_id")
    return tmp_path


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--missing-shares", "0.2"], "--missing NAME"),
        (["--missing-mechanism", "outcome"], "--missing NAME"),
        (["--external-table", "rna=x.csv"], "Give both"),
        (["--output", "patients.csv"], "is a file. Give a folder"),
        (["--output", "patients.csv/in"], "is a file. Give a folder"),
        (["--output", "taken"], "Move it"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_work(patients, more, words, capsys, monkeypatch):
    monkeypatch.chdir(patients)
    (patients / "taken" / "model.npz").mkdir(parents=True)
    assert main(["fuse", "nowhere.csv", "--outcome", "EGFR", "--clinical", "age", *more]) == 2
    assert words in capsys.readouterr().err


def test_a_place_that_is_not_writable_is_told_first(patients, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    new = str(patients / "shut" / "new")
    assert main(["fuse", "nowhere.csv", "--outcome", "EGFR", "--output", new]) == 2
    assert f"{patients} may not be written to" in capsys.readouterr().err


def test_a_warning_is_told_once_and_an_earlier_result_is_named(patients, cohort, capsys):
    rna = cohort.modalities["rna"].assign(again=cohort.target.eq("mutated") * 1.0)
    rna.to_csv(patients / "rna.csv", index_label="patient_id")
    command = ["fuse", str(patients), "--outcome", "EGFR", "--clinical", "age",
               "--table", f"rna={patients / 'rna.csv'}", "--strategies", "baseline", *QUICK,
               "--output", str(patients / "out")]  # fmt: skip
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert (out + err).count("rna: again") == 1
    assert 'The event is "mutated"' in out
    assert main(command) == 0
    assert "holds an earlier result" in capsys.readouterr().err


def test_help_says_what_is_true_on_the_command_line(capsys):
    with pytest.raises(SystemExit):
        main(["fuse", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "mapping" not in told
    assert "another package" not in told
    assert "Outer folds: each patient" in told
    assert "1 where it came, 0" in told
