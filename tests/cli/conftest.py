"""Files of a small study, and a command that must fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_radiogenomics import write
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation


@pytest.fixture
def grid() -> Geometry:
    """Grid of the scan."""
    return Geometry((6, 5, 4), (0.5, 0.5, 2.0), (1.0, 2.0, 3.0))


@pytest.fixture
def files(grid, tmp_path) -> tuple[str, str]:
    """A scan and a segmentation as files."""
    rng = np.random.default_rng(0)
    scan = Image(rng.integers(0, 500, grid.shape).astype(np.int16), grid)
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 1:4, 1:5] = 1
    labels[0, 0, 0] = 2
    regions = Segmentation(labels, grid, (Label(1, "core"), Label(2, "edema")))
    return str(write(scan, tmp_path / "scan.nrrd")), str(write(regions, tmp_path / "seg.nrrd"))


@pytest.fixture
def cohort(tmp_path) -> Path:
    """A small cohort folder without faults."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    (folder / "cohort.toml").write_text('format = 1\nname = "Trial"\n')
    (folder / "patients.csv").write_text("patient_id,site,age\nP1,A,61\nP2,B,54\n")
    return folder


@pytest.fixture
def fails(capsys) -> Callable[..., str]:
    """Run a command that must fail in one line with exit code 2; return the line."""

    def run(*argv: str) -> str:
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("napari-radiogenomics: ")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return err

    return run
