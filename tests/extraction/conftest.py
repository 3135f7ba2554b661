"""A cohort of small tumors on disk, one broken in each way that files break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import open_cohort, write
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation

GRID = Geometry((16, 14, 10), (1.0, 1.0, 2.0))


def make_cohort(folder: Path, n_patients: int = 4) -> Path:
    """Patients P1, P2, … with a scan and two labels each, noisier from patient to patient."""
    folder.mkdir(parents=True, exist_ok=True)
    z, y, x = np.mgrid[:10, :14, :16]
    radius = np.sqrt((2 * (z - 5)) ** 2 + (y - 7) ** 2 + (x - 8) ** 2)
    labels = np.where(radius < 3, 1, np.where(radius < 6, 2, 0)).astype(np.uint8)
    scans, regions, patients = [], [], []
    for number in range(1, n_patients + 1):
        who, rng = f"P{number}", np.random.default_rng(number)
        scan = 200.0 * (radius < 6) + rng.normal(0, 10.0 * number, radius.shape)
        write(Image(scan.astype(np.float32), GRID), folder / f"{who}.nii.gz")
        write(Segmentation(labels, GRID), folder / f"{who}-seg.nii.gz")
        scans.append((f"{who}-CT", who, "t0", "CT", "CT", f"{who}.nii.gz", "HU"))
        regions.append((f"{who}-R1", f"{who}-CT", f"{who}-seg.nii.gz", "R1"))
        patients.append((who, "AB"[number % 2], 50 + number, "n/a" if number == 2 else "II"))
    tables = {
        "scans": (scans, "scan_id patient_id timepoint modality role path unit"),
        "segmentations": (regions, "segmentation_id scan_id path reader"),
        "patients": (patients, "patient_id site age stage"),
    }
    for name, (rows, columns) in tables.items():
        pd.DataFrame(rows, columns=columns.split()).to_csv(folder / f"{name}.csv", index=False)
    (folder / "cohort.toml").write_text('format = 1\nname = "Small"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cohort(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def cohort(folder: Path) -> Cohort:
    return open_cohort(folder)


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Path]:
    """A cohort that the test may break."""
    return lambda n_patients=4: make_cohort(tmp_path / "cohort", n_patients)
