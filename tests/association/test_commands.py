"""The commands of statistics write what the verbs compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import associate, harmonize, skat
from napari_radiogenomics.cli import main
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.provenance import read_history


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    rng = np.random.default_rng(0)
    index = pd.Index([f"P{k:02}" for k in range(40)], name="patient_id")
    features = pd.DataFrame(rng.normal(size=(40, 3)), index).add_prefix("f")
    genes = pd.DataFrame({"VEGFA": features["f1"] + rng.normal(size=40), "ACTB": 1.0}, index)
    clinical = pd.DataFrame({"site": ["A", "B"] * 20, "age": rng.normal(60, 9, 40)}, index)
    features += 2.0 * (clinical[["site"]].to_numpy() == "B")
    genes["note"] = ["a", "b", "c", "d"] * 10
    paths = tuple(tmp_path / f"{name}.csv" for name in ("features", "genes", "clinical"))
    for table, path in zip((features, genes, clinical), paths, strict=True):
        table.to_csv(path)
    return paths


def test_associate_writes_what_the_verb_computes(files, tmp_path, capsys) -> None:
    features, genes, clinical = files
    target = tmp_path / "found.csv"
    argv = ["associate", str(features), str(genes), "--outcome", "VEGFA", "ACTB"]
    argv += ["--clinical", str(clinical), "--confounders", "age", "--groups", "site"]
    assert main([*argv, "--method", "linear", "--output", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(target)
    assert "3 features × 1 outcomes, 3 tests" in said.err
    assert '"ACTB"' in said.err
    tables = [pd.read_csv(path, index_col=0) for path in files]
    expected = associate(
        tables[0],
        tables[1][["VEGFA"]],
        method="linear",
        confounders=tables[2][["age"]],
        groups=tables[2]["site"],
    ).table
    pd.testing.assert_frame_equal(
        pd.read_csv(target), expected, check_dtype=False, check_categorical=False, rtol=1e-9
    )
    assert read_history(target)[0].verb == "associate"
    assert main(argv) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[:3] == ["feature", "outcome", "n"]


def test_batch_effects_tells_before_and_after(files, tmp_path, capsys) -> None:
    features, _, clinical = files
    target = tmp_path / "site.csv"
    argv = ["batch-effects", str(features), "--clinical", str(clinical), "--batch", "site"]
    assert main([*argv, "--after", "combat", "--output", str(target)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "features"
    assert lines[1].startswith("as they are")
    assert lines[2].startswith("combat")
    assert list(pd.read_csv(target)["feature"]) != []


def test_a_table_of_a_cohort_brings_its_clinical_columns(files, tmp_path, capsys) -> None:
    features, genes, clinical = files
    tables = [pd.read_csv(path, index_col=0) for path in (features, clinical)]
    whole = tables[0].join(tables[1])
    blocks = {name: "clinical" if name in tables[1] else "features" for name in whole}
    path = CohortFeatures(whole, blocks).save(tmp_path / "cohort.csv")
    assert main(["batch-effects", str(path), "--batch", "site"]) == 0
    beside = ["batch-effects", str(features), "--clinical", str(clinical), "--batch", "site"]
    said = capsys.readouterr().out
    assert main(beside) == 0
    assert capsys.readouterr().out == said
    argv = ["associate", str(path), str(genes), "--outcome", "VEGFA", "--groups", "site"]
    assert main([*argv, "--confounders", "age"]) == 0
    assert "3 features × 1 outcomes, 3 tests" in capsys.readouterr().err


def test_columns_with_text_are_left_out_with_a_note(files, tmp_path, capsys) -> None:
    features, genes, clinical = files
    tables = [pd.read_csv(path, index_col=0) for path in (features, clinical)]
    path = tmp_path / "joined.csv"
    tables[0].join(tables[1]).assign(word="x").to_csv(path)
    assert main(["batch-effects", str(path), "--batch", "site", "--covariates", "age"]) == 0
    assert "with text are no features and left out: site, word." in capsys.readouterr().err
    argv = ["associate", str(path), str(genes), "--outcome", "VEGFA"]
    assert main(argv) == 0
    said = capsys.readouterr().err
    assert "left out: site, word." in said
    assert said.count("No sites were given") == 1


def test_columns_that_are_not_there_are_named(files, capsys) -> None:
    features, genes, clinical = files
    argv = ["associate", str(features), str(genes), "--clinical", str(clinical)]
    assert main([*argv, "--groups", "sites"]) == 2
    assert 'No column "sites" for --groups. Did you mean "site"?' in capsys.readouterr().err
    assert main(argv) == 2
    assert 'The outcome "note" holds text' in capsys.readouterr().err


def test_harmonize_writes_the_table_without_the_sites(files, tmp_path, capsys) -> None:
    features, _, clinical = files
    target = tmp_path / "even.csv"
    argv = ["harmonize", str(features), "--clinical", str(clinical), "--batch", "site"]
    assert main([*argv, "--covariates", "age", "--output", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    tables = [pd.read_csv(path, index_col=0) for path in (features, clinical)]
    expected = harmonize(tables[0], tables[1]["site"], covariates=tables[1][["age"]])
    found = pd.read_csv(target, index_col=0)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    assert read_history(target)[0].verb == "harmonize"
    curve = [*argv, "--method", "combat_gam", "--covariates", "age", "--smooth", "age"]
    assert main([*curve, "--output", str(target)]) == 0
    assert main([*argv[:-1], "sit", "--output", str(target)]) == 2
    assert 'Did you mean "site"' in capsys.readouterr().err


def test_a_harmonized_table_of_a_cohort_keeps_what_is_known_of_it(files, tmp_path, capsys) -> None:
    features, _, clinical = files
    tables = [pd.read_csv(path, index_col=0) for path in (features, clinical)]
    whole = tables[0].join(tables[1])
    blocks = {name: "clinical" if name in tables[1] else "features" for name in whole}
    path = CohortFeatures(whole, blocks).save(tmp_path / "cohort.csv")
    target = tmp_path / "even.csv"
    assert main(["harmonize", str(path), "--batch", "site", "--output", str(target)]) == 0
    found = CohortFeatures.load(target)
    assert found.blocks == blocks
    assert "Harmonized for site by combat." in found.notes
    assert found.history[-1].verb == "harmonize"
    pd.testing.assert_frame_equal(found.table[["age", "site"]], whole[["age", "site"]])
    between = found.table.groupby("site")["f0"].mean()
    assert abs(between["A"] - between["B"]) < 0.3


def test_skat_tests_the_sets_of_a_file(files, tmp_path, capsys) -> None:
    features, genes, clinical = files
    sets = tmp_path / "sets.gmt"
    sets.write_text("VEGF\tx\tVEGFA\tKDR\n", encoding="utf-8")
    target = tmp_path / "sets.csv"
    argv = ["skat", str(genes), str(features), "--outcome", "f1", "--gene-sets", str(sets)]
    argv += ["--clinical", str(clinical), "--covariates", "age", "--groups", "site"]
    assert main([*argv, "--output", str(target)]) == 0
    said = capsys.readouterr()
    assert '1 member ("KDR") of 1 set is not in the table' in said.err
    assert "note: p-values: exact." in said.err
    tables = [pd.read_csv(path, index_col=0) for path in files]
    expected = skat(
        tables[1][["VEGFA", "ACTB"]], tables[0]["f1"], {"VEGF": ["VEGFA", "KDR"]},
        covariates=tables[2][["age"]], groups=tables[2]["site"],
    ).table  # fmt: skip
    pd.testing.assert_frame_equal(pd.read_csv(target), expected, rtol=1e-12)
    assert read_history(target)[0].verb == "skat"
    assert main([*argv, "--method", "burden"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "VEGF"
    assert main([*argv[:4], "f9"]) == 2
    assert 'No column "f9"' in capsys.readouterr().err


def test_missingness_reports_what_is_missing(tmp_path, capsys) -> None:
    rng = np.random.default_rng(1)
    stage = np.repeat(["I", "IV"], 20)
    crp = np.where(np.arange(40) < 15, "n/a", rng.normal(5, 1, 40).round(2).astype(str))
    table = pd.DataFrame({"stage": stage, "crp": crp, "site": ["A", "B"] * 20})
    table.index = pd.Index([f"P{k:02}" for k in range(40)], name="patient_id")
    path, target = tmp_path / "clinical.csv", tmp_path / "tests.csv"
    table.to_csv(path)
    argv = ["missingness", str(path), "--outcome", "stage", "--output", str(target)]
    assert main(argv) == 0
    said = capsys.readouterr()
    assert "crp is missing in 15 of 40 patients (38 %)" in said.err
    assert '15 × "n/a"' in said.out
    tests = pd.read_csv(target)
    assert tests.loc[0, ["column", "against", "role"]].tolist() == ["crp", "stage", "outcome"]
    assert read_history(target)[0].verb == "missingness_report"
    assert main(["missingness", str(path), "--outcome", "stag"]) == 2
    assert 'Did you mean "stage"' in capsys.readouterr().err
