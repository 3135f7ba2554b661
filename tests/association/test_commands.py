"""The commands associate and batch-effects write what the verbs compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import associate
from napari_radiogenomics.cli import main
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


def test_columns_that_are_not_there_are_named(files, capsys) -> None:
    features, genes, clinical = files
    argv = ["associate", str(features), str(genes), "--clinical", str(clinical)]
    assert main([*argv, "--groups", "sites"]) == 2
    assert 'No column "sites" for --groups. Did you mean "site"?' in capsys.readouterr().err
    assert main(argv) == 2
    assert 'The outcome "note" holds text' in capsys.readouterr().err
