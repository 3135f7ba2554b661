"""The command line of convert: what it prints and writes, and how it says no."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from napari_radiogenomics import read
from napari_radiogenomics.cli import main

ENTROPY, MEAN = (f"original_firstorder_{name}.nii.gz" for name in ("Entropy", "Mean"))


def test_convert_keeps_voxels_and_grid(files, tmp_path, capsys):
    target = tmp_path / "scan.nii.gz"
    assert main(["convert", files[0], str(target)]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    there, here = read(target), read(files[0])
    np.testing.assert_array_equal(there.array, here.array)
    assert there.geometry.same_grid(here.geometry)


def test_convert_keeps_labels(files, tmp_path):
    target = tmp_path / "labels.mha"
    assert main(["convert", files[1], str(target), "--kind", "segmentation"]) == 0
    np.testing.assert_array_equal(read(target, kind="segmentation").labels, read(files[1]).labels)


def test_convert_says_which_endings_and_kinds_there_are(files, tmp_path, fails):
    assert "End the name with one of" in fails("convert", files[0], str(tmp_path / "a.x"))
    told = fails("convert", files[0], str(tmp_path / "a.nii"), "--kind", "imagee")
    assert 'Did you mean "image"' in told


@pytest.fixture
def liver(real_data, tmp_path) -> tuple[Path, Path]:
    """A CT series in a folder of its own, and a DICOM SEG on it."""
    source, series = real_data("dicom_seg/dcmqi"), tmp_path / "ct"
    series.mkdir()
    for name in ("01.dcm", "02.dcm", "03.dcm"):
        shutil.copy(source / name, series)
    return series, source / "liver.dcm"


def test_convert_brings_dicom_to_nifti_and_nrrd_and_back(liver, tmp_path):
    series, segments = liver
    assert main(["convert", str(series), str(tmp_path / "ct.nii.gz")]) == 0
    np.testing.assert_array_equal(read(tmp_path / "ct.nii.gz").array, read(series).array)
    there = str(tmp_path / "liver.nrrd")
    assert main(["convert", str(segments), there]) == 0
    back = tmp_path / "back.dcm"
    assert main(["convert", there, str(back), "--reference", str(series)]) == 0
    np.testing.assert_array_equal(read(back).labels, read(segments).labels)
    header = pydicom.dcmread(back)
    (referenced,) = header.ReferencedSeriesSequence
    first = pydicom.dcmread(series / "01.dcm")
    assert referenced.SeriesInstanceUID == first.SeriesInstanceUID
    assert header.FrameOfReferenceUID == first.FrameOfReferenceUID


def test_convert_gives_any_cohort_our_tables(files, tmp_path, capsys):
    for patient in ("p1", "p2"):
        (tmp_path / patient).mkdir()
        shutil.copy(files[0], tmp_path / patient / ("CT" + "".join(Path(files[0]).suffixes)))
    pattern = "{patient_id}/{modality}" + "".join(Path(files[0]).suffixes)
    assert main(["convert", str(tmp_path), str(tmp_path), "--pattern", pattern]) == 0
    assert (tmp_path / "cohort.toml").is_file()
    capsys.readouterr()
    assert main(["validate", str(tmp_path)]) == 0
    assert "2 patients, 2 scans" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    assert "As for" not in capsys.readouterr().out


def test_convert_refuses_a_reference_on_another_grid(files, liver, tmp_path, fails):
    argv = ["convert", files[1], str(tmp_path / "a.dcm"), "--reference", str(liver[0])]
    assert "Scan is 512×512×3" in fails(*argv)


def test_maps_measures_a_dicom_seg_on_its_series(liver, tmp_path):
    series, segments = liver
    argv = ["--output", str(tmp_path / "maps"), "--features", "Mean"]
    assert main(["maps", str(series), str(segments), *argv]) == 0
    found = read(tmp_path / "maps" / MEAN, kind="image").array
    assert (np.isfinite(found) == (read(segments).labels == 1)).all()
