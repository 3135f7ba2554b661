"""The command line of stability: what it prints and writes, and how it says no."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_radiogenomics import write
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.provenance import read_history


@pytest.mark.filterwarnings("ignore::napari_radiogenomics.errors.DataWarning")
def test_stability_measures_each_patient_of_a_cohort(cohort, tmp_path, capsys):
    rng = np.random.default_rng(0)
    grid = Geometry((12, 12, 6), (1.0, 1.0, 2.0))
    place = np.indices(grid.shape) - np.array([3, 6, 6])[:, None, None, None]
    rows = []
    for number, patient in enumerate(["P1", "P2"], 1):
        ball = (place**2 * np.array([4, 1, 1])[:, None, None, None]).sum(axis=0) <= 16
        scan = Image(100.0 * number * ball + rng.normal(0, 1, grid.shape), grid)
        write(scan, cohort / f"{patient}.nrrd")
        write(Segmentation(ball.astype(np.uint8), grid), cohort / f"{patient}-seg.nrrd")
        rows.append(patient)
    scans = "".join(f"{p}-CT,{p},t0,CT,CT,{p}.nrrd,HU,{p}\n" for p in rows)
    regions = "".join(f"{p}-R,{p}-CT,{p}-seg.nrrd,expert,R1\n" for p in rows)
    header = "scan_id,patient_id,timepoint,modality,role,path,unit,frame\n"
    (cohort / "scans.csv").write_text(header + scans)
    header = "segmentation_id,scan_id,path,source,reader\n"
    (cohort / "segmentations.csv").write_text(header + regions)
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean, Range]\n")
    argv = ["stability", str(cohort), "--parameters", str(tmp_path / "few.yaml")]
    target = tmp_path / "stability.csv"
    argv += ["--perturbations", "noise", "grow", "--repeats", "2", "--output", str(target)]
    assert main(argv) == 0
    said = capsys.readouterr()
    assert "2 features are stable" in said.out
    assert "2 tumours are few" in said.err
    with target.open(newline="") as lines:
        table = {row["feature"]: row for row in csv.DictReader(lines)}
    assert set(table) == {"original_firstorder_Mean", "original_firstorder_Range"}
    assert table["original_firstorder_Mean"]["n_perturbations"] == "4"
    assert read_history(target)[0].verb == "feature_stability"
    assert main([*argv, "--role", "T1c"]) == 2
    assert "no tumour to perturb" in capsys.readouterr().err
