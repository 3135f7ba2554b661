"""The commands associate and batch-effects write what the verbs compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import associate
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
