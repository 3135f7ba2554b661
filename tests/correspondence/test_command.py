"""The command `correspond` answers what the verb does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_radiogenomics import correspond, read, write
from napari_radiogenomics.cli import main
from napari_radiogenomics.provenance import read_history


@pytest.fixture
def files(small: Any, tmp_path: Path) -> list[str]:
    shared = small.noise(1)
    write(small.image(shared + small.noise(2)), tmp_path / "texture.nrrd")
    write(small.image(shared + small.noise(3)), tmp_path / "cd31.nrrd")
    write(small.image(small.noise(4)), tmp_path / "cells.nrrd")
    write(small.tumor, tmp_path / "tumor.nrrd")
    return [str(tmp_path / f"{name}.nrrd") for name in ("texture", "cd31", "tumor", "cells")]


def test_correspond_writes_what_the_verb_answers(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "found.csv"
    argv = ["correspond", *files[:3], "--confounders", files[3], "--surrogates", "99"]
    assert main([*argv, "--partial", "edge", "--output", str(target)]) == 0
    said = capsys.readouterr()
    table = pd.read_csv(target)
    a, b, cells = (read(path, kind="image") for path in (*files[:2], files[3]))
    same = correspond(a, b, read(files[2], kind="segmentation"), [cells], partial=("edge",),
                      surrogates=99)  # fmt: skip
    assert table["r"].tolist() == pytest.approx(same.table["r"].tolist())
    assert same.text() in said.out
    assert "note: Tumors are not stationary" in said.err
    assert read_history(target)[-1].settings["partial"] == ["edge"]


def test_correspond_says_what_is_wrong(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["correspond", *files[:3], "--output", str(tmp_path / "no" / "found.csv")]
    assert main(argv) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["correspond", *files[:3], "--label", "7"]) == 2
    assert "Label 7 does not occur" in capsys.readouterr().err
