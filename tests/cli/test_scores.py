"""``napari-radiogenomics scores``: what is faulty is told, and takes nothing else away."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.cli import main
from napari_radiogenomics.simulate.sample import sample_cohort


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of the sample cohort, to be spoiled."""
    target = tmp_path / "cohort"
    target.mkdir()
    for path in sample_cohort().iterdir():
        if path.is_file():
            shutil.copy(path, target)
    return target


def test_a_faulty_gmt_is_a_note_of_the_overview(folder, capsys):
    (folder / "gene_sets.gmt").write_text("BAD na CA9 VEGFA\n")
    assert main(["scores", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "66 samples ×" in out
    assert "BUFFA_HYPOXIA_51" in out
    assert "gene_sets.gmt, row 1: the file has no tabs" in out
    assert "separated by tabs" in out


def spoil(folder: Path, change) -> str:
    """Change the expression of a folder; answer its path."""
    path = folder / "expression.csv.gz"
    change(pd.read_csv(path, index_col=0)).to_csv(path)
    return str(path)


def negative(table: pd.DataFrame) -> pd.DataFrame:
    table.loc["P002-bulk", "CA9"] = -4
    return table


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (negative, "the smallest value is -4 (sample P002-bulk, gene CA9), 1 below 0"),
        (lambda table: np.log2(table + 1), "the first is"),
        (lambda table: table.set_axis([f"X{n}?" for n in range(len(table))]), "None of the 66"),
    ],
)
def test_a_bad_matrix_is_named_with_its_file(folder, capsys, change, told):
    path = spoil(folder, change)
    assert main(["scores", str(folder), "CA9"]) == 2
    err = capsys.readouterr().err
    assert path in err
    assert told in err
