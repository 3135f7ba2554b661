"""``napari-radiogenomics scores``: what is faulty is told, and takes nothing else away."""

from __future__ import annotations

import shutil
from pathlib import Path

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
