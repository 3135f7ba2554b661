"""`register` on the command line, and a transform that becomes part of a cohort."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from napari_radiogenomics import Samples, Transform, open_cohort, read_landmarks, read_transform
from napari_radiogenomics.cli import main
from napari_radiogenomics.data.thin_plate import ThinPlate
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_transforms import save_transform
from napari_radiogenomics.io.frames import in_frame
from napari_radiogenomics.io.transforms import write_transform
from napari_radiogenomics.simulate.sample import sample_cohort

STEM = "transforms/P001-HE_to_P001-t0"


@pytest.fixture
def cohort(tmp_path: Path):
    """A copy of the tables and transforms of the sample cohort, and of one slide."""
    source = sample_cohort()
    folder = tmp_path / "cohort"
    for part in ("transforms", "slides"):
        (folder / part).mkdir(parents=True)
    for file in (*source.glob("*.csv"), *source.glob("*.toml"), *source.glob("*.gmt")):
        shutil.copy(file, folder)
    for file in (source / "transforms").iterdir():
        shutil.copy(file, folder / "transforms")
    return open_cohort(folder)


def test_a_slide_is_registered_to_a_scan_from_a_table(tmp_path, capsys):
    folder = sample_cohort()
    cohort = open_cohort(folder)
    scan = cohort.file(cohort.scans_of("P001", "t0").iloc[0]["path"])
    slide = folder / "slides/P001_HE.ome.tiff"
    pairs = folder / f"{STEM}-landmarks.csv"
    out, errors = tmp_path / "he.json", tmp_path / "errors.csv"
    code = main(["register", str(slide), str(scan), "--landmarks", str(pairs),
                 "--moving-frame", "P001-HE", "--fixed-frame", "P001-t0",
                 "--method", "similarity", "--output", str(out),
                 "--errors", str(errors)])  # fmt: skip
    assert code == 0
    said = capsys.readouterr().out
    assert "6 landmarks, RMS 0.2" in said
    found, planted = read_transform(out), read_transform(folder / f"{STEM}.json")
    glass = np.array([[0.5, 0.5, 0], [4.0, 0.5, 0], [2.0, 3.0, 0]])
    away = np.linalg.norm(found.inverse().points(glass) - planted.points(glass), axis=1)
    assert away.max() < 0.3
    assert found.history[-1].verb == "register"
    table = pd.read_csv(errors)
    assert list(table["name"]) == [f"L{n}" for n in range(1, 7)]
    assert (table["left_out_mm"] > table["residual_mm"]).all()


def test_bad_input_is_one_line_and_code_two(tmp_path, capsys):
    folder = sample_cohort()
    table = read_landmarks(folder / f"{STEM}-landmarks.csv").table()
    (tmp_path / "two.csv").write_text(table.head(2).to_csv(index=False))
    slide = str(folder / "slides/P001_HE.ome.tiff")
    other = str(folder / "slides/P001_CD31.ome.tiff")
    code = main(["register", slide, other, "--landmarks", str(tmp_path / "two.csv"),
                 "--output", str(tmp_path / "a.json")])  # fmt: skip
    assert code == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert not (tmp_path / "a.json").exists()


def test_files_of_transforms(tmp_path):
    """ITK's own reader finds the same map; a thin-plate spline is told to be JSON."""
    matrix = np.eye(4)
    matrix[:3] = [[0.9, 0.1, 0, 5], [-0.2, 1.1, 0.3, -6], [0, 0.1, 0.8, 7]]
    points = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]])
    one = Transform.of(matrix, "A", "B")
    for name in ("t.json", "t.txt", "t.tfm"):
        again = read_transform(write_transform(one, tmp_path / name), from_frame="A")
        np.testing.assert_allclose(again.points(points), one.points(points), atol=1e-9)
        assert again.from_frame == "A"
    oracle = sitk.ReadTransform(str(tmp_path / "t.tfm"))
    np.testing.assert_allclose(
        [oracle.TransformPoint(p.tolist()) for p in points], one.points(points)
    )
    bent = Transform.of(ThinPlate(np.eye(5, 3) * 3 + np.eye(5, 3, k=-1), np.eye(5, 3)))
    write_transform(bent, tmp_path / "bent.json")
    for name in ("bent.txt", "bent.tfm"):
        with pytest.raises(InputError, match="has no matrix. Save it as JSON"):
            write_transform(bent, tmp_path / name)
        assert not (tmp_path / name).exists()
    with pytest.raises(InputError, match="no file of a transform. Known"):
        write_transform(one, tmp_path / "t.csv")
    (tmp_path / "bad.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="bad.json holds no transform"):
        read_transform(tmp_path / "bad.json")


def test_a_saved_thin_plate_brings_samples_of_the_slide_into_the_scan(cohort):
    """It takes the place of the rigid one, and is followed both ways."""
    pairs = read_landmarks(cohort.file(f"{STEM}-landmarks.csv"))
    plate = Transform.of(ThinPlate(pairs.moving, pairs.fixed, flat=True), "P001-HE", "P001-t0")
    from dataclasses import replace

    changed = save_transform(
        cohort, replace(plate.inverse(), error_mm=0.4), landmarks=pairs.table(), method="thin-plate"
    )
    again = open_cohort(cohort.root)
    assert not [p for p in again.problems if p.file == "transforms.csv" and p.level == "error"]
    spots = {
        "sample_id": [f"s{n}" for n in range(6)], "patient_id": "P001", "timepoint": "t0",
        "kind": "spot", "frame": "P001-HE", "coord_system": "LPS", "unit": "mm",
        "x": pairs.moving[:, 0], "y": pairs.moving[:, 1], "z": 0.0, "precision": "point",
    }  # fmt: skip
    samples = Samples.from_table(pd.DataFrame(spots))
    for one in (changed, again):
        rows = one.transforms
        assert len(rows) == len(cohort.transforms)
        own = rows[rows["to_frame"] == "P001-HE"].iloc[0]
        assert (own["from_frame"], own["method"]) == ("P001-t0", "thin-plate")
        placed = in_frame(one, samples, "P001-t0")
        np.testing.assert_allclose(placed.points_lps(), pairs.fixed, atol=1e-5)
        np.testing.assert_allclose(placed.table["uncertainty_mm"], 0.4)
    back = read_landmarks(again.file(own["landmarks"]))
    np.testing.assert_allclose(back.fixed, pairs.fixed)


def test_what_cannot_be_saved_is_said(cohort):
    from dataclasses import replace

    with pytest.raises(InputError, match="one has no name"):
        save_transform(cohort, Transform.of(np.eye(4), "A"))
    with pytest.raises(InputError, match="layout brats"):
        save_transform(replace(cohort, layout="brats"), Transform.of(np.eye(4), "A", "B"))
