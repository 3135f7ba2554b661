"""The command line: what it prints and writes, its exit codes, and how it says no."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

import napari_radiogenomics.cli.commands.demo
from napari_radiogenomics import read, write
from napari_radiogenomics.cli import main, options
from napari_radiogenomics.cli.command import COMMANDS
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.io.format import FORMATS
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics import extract_features, texture_maps
from napari_radiogenomics.signature import describe

GRID = Geometry((6, 5, 4), (0.5, 0.5, 2.0), (1.0, 2.0, 3.0))
ENTROPY, MEAN = (f"original_firstorder_{name}.nii.gz" for name in ("Entropy", "Mean"))


@pytest.fixture
def files(tmp_path) -> tuple[str, str]:
    """A scan and a segmentation as files."""
    rng = np.random.default_rng(0)
    scan = Image(rng.integers(0, 500, GRID.shape).astype(np.int16), GRID)
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:3, 1:4, 1:5] = 1
    labels[0, 0, 0] = 2
    regions = Segmentation(labels, GRID, (Label(1, "core"), Label(2, "edema")))
    return str(write(scan, tmp_path / "scan.nrrd")), str(write(regions, tmp_path / "seg.nrrd"))


@pytest.fixture
def cohort(tmp_path) -> Path:
    """A small cohort folder without faults."""
    folder = tmp_path / "cohort"
    folder.mkdir()
    (folder / "cohort.toml").write_text('format = 1\nname = "Trial"\n')
    (folder / "patients.csv").write_text("patient_id,site,age\nP1,A,61\nP2,B,54\n")
    return folder


def _fails(capsys, *argv: str) -> str:
    """Run a command that must fail in one line with exit code 2; return the line."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("napari-radiogenomics: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# features ---------------------------------------------------------------------------------------


def test_features_writes_what_the_verb_computes(files, tmp_path, capsys):
    import pandas as pd

    target = tmp_path / "features.csv"
    argv = ["--families", "shape", "firstorder", "--image-types", "Original", "Square"]
    argv += ["--bin-width", "10", "--labels", "1"]
    assert main(["features", *files, "--output", str(target), *argv]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    expected = extract_features(
        *map(read, files),
        families=["shape", "firstorder"],
        image_types=["Original", "Square"],
        bin_width=10,
        labels=[1],
    )
    pd.testing.assert_frame_equal(
        pd.read_csv(target, index_col="label"), expected, check_dtype=False, rtol=1e-12
    )
    (record,) = read_history(target)
    assert record.settings["bin_width"] == 10


def test_features_tells_of_a_region_too_small(files, tmp_path, capsys):
    target = tmp_path / "features.csv"
    assert main(["features", *files, "--output", str(target), "--features", "Mean"]) == 0
    assert "Label 2 is left out: " in capsys.readouterr().err
    assert len(target.read_text().splitlines()) == 2


def test_features_reads_a_parameter_file(files, tmp_path, capsys):
    target, settings = tmp_path / "features.csv", tmp_path / "settings.yaml"
    settings.write_text("featureClass: {firstorder: [Mean]}\nsetting: {label: 1}\n")
    argv = ["features", *files, "--output", str(target), "--parameters", str(settings)]
    assert main(argv) == 0
    assert target.read_text().splitlines()[0] == "label,original_firstorder_Mean"
    capsys.readouterr()
    settings.write_text("featureClass: {firstordr: [Mean]}\n")
    assert 'Did you mean "firstorder"?' in _fails(capsys, *argv)
    assert "does not exist" in _fails(
        capsys, "features", *files, "--output", str(tmp_path / "a" / "b.csv")
    )


# maps -------------------------------------------------------------------------------------------


def test_maps_writes_what_the_verb_computes(files, tmp_path, capsys):
    folder = tmp_path / "maps"
    assert main(["maps", *files, "--output", str(folder), "--kernel-radius", "2"]) == 0
    assert capsys.readouterr().out.split() == [str(folder / ENTROPY), str(folder / MEAN)]
    expected = texture_maps(*map(read, files), kernel_radius=2)
    for name, found in expected.items():
        path = folder / f"{name}.nii.gz"
        np.testing.assert_array_equal(read(path, kind="image").array, found.array)
        (record,) = read_history(path)
        assert record.settings["kernel_radius"] == 2


def test_maps_writes_a_single_map_under_its_name(files, tmp_path):
    target = tmp_path / "entropy.nrrd"
    assert main(["maps", *files, "--features", "Entropy", "--output", str(target)]) == 0
    assert read(target, kind="image").geometry.same_grid(GRID)


def test_maps_refuses_one_file_for_two_maps(files, tmp_path, capsys):
    told = _fails(capsys, "maps", *files, "--output", str(tmp_path / "one.nii.gz"))
    assert "Give a folder" in told


def test_maps_reads_switches_and_labels(files, tmp_path):
    folder = tmp_path / "maps"
    argv = ["--label", "2", "--no-masked-kernel", "--force-2d", "--features", "Mean"]
    assert main(["maps", *files, "--output", str(folder), *argv]) == 0
    (record,) = read_history(folder / MEAN)
    chosen = {"label": 2, "masked_kernel": False, "force_2d": True, "features": ["Mean"]}
    assert chosen.items() <= dict(record.settings).items()


def test_maps_asks_for_the_volume_of_a_four_dimensional_scan(files, tmp_path, capsys):
    scan = read(files[0])
    both = Image(np.stack([scan.array, scan.array + 100]), GRID, fourth_axis="time")
    path = str(write(both, tmp_path / "both.nii.gz"))
    argv = ["maps", path, files[1], "--output", str(tmp_path), "--features", "Mean"]
    assert "--volume" in _fails(capsys, *argv)
    assert 'no volume "7"' in _fails(capsys, *argv, "--volume", "7")
    assert main([*argv, "--volume", "1"]) == 0
    there = read(tmp_path / MEAN, kind="image").array
    here = texture_maps(scan, read(files[1]), features=["Mean"])["original_firstorder_Mean"].array
    np.testing.assert_allclose(there, here + 100)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--features", "Entropi"], 'Did you mean "Entropy"'),
        (["--kernel-radius", "0"], "kernel_radius"),
        (["--kernel-radius", "two"], "invalid int value"),
        (["--kernel", "1"], "unrecognized arguments"),
        (["--label", "9"], "Label 9 does not occur"),
    ],
)
def test_maps_says_what_is_wrong_with_an_option(files, tmp_path, capsys, argv, told):
    folder = tmp_path / "maps"
    assert told in _fails(capsys, "maps", *files, "--output", str(folder), *argv)
    assert not folder.exists()


def test_maps_says_what_is_wrong_with_a_file(files, tmp_path, capsys):
    there = ["--output", str(tmp_path / "maps")]
    assert "does not exist" in _fails(capsys, "maps", "no.nrrd", files[1], *there)
    assert "folder" in _fails(capsys, "maps", *files, "--output", str(tmp_path / "a" / "b"))
    other = str(write(Segmentation(np.ones((1, 2, 3), np.uint8), Geometry((3, 2, 1))),
                      tmp_path / "other_seg.nrrd"))  # fmt: skip
    assert "Resample the segmentation" in _fails(capsys, "maps", files[0], other, *there)


def test_maps_says_that_the_folder_is_a_file(files, tmp_path, capsys):
    (tmp_path / "maps").write_text("not a folder")
    told = _fails(capsys, "maps", *files, "--output", str(tmp_path / "maps"))
    assert "cannot be made" in told


def test_every_setting_of_the_verb_is_an_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["maps", "--help"])
    out = capsys.readouterr().out
    for parameter in describe(texture_maps).settings:
        assert parameter.option in out, parameter.name
    assert "[voxels; default: 1]" in " ".join(out.split())


# convert ----------------------------------------------------------------------------------------


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


def test_convert_says_which_endings_and_kinds_there_are(files, tmp_path, capsys):
    assert "End the name with one of" in _fails(capsys, "convert", files[0], str(tmp_path / "a.x"))
    told = _fails(capsys, "convert", files[0], str(tmp_path / "a.nii"), "--kind", "imagee")
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


def test_convert_refuses_a_reference_on_another_grid(files, liver, tmp_path, capsys):
    argv = ["convert", files[1], str(tmp_path / "a.dcm"), "--reference", str(liver[0])]
    assert "Scan is 512×512×3" in _fails(capsys, *argv)


def test_maps_measures_a_dicom_seg_on_its_series(liver, tmp_path):
    series, segments = liver
    argv = ["--output", str(tmp_path / "maps"), "--features", "Mean"]
    assert main(["maps", str(series), str(segments), *argv]) == 0
    found = read(tmp_path / "maps" / MEAN, kind="image").array
    assert (np.isfinite(found) == (read(segments).labels == 1)).all()


# validate ---------------------------------------------------------------------------------------


def test_validate_is_content_with_a_clean_cohort(cohort, capsys):
    assert main(["validate", str(cohort)]) == 0
    assert "2 patients" in capsys.readouterr().out


def _spoil(cohort: Path) -> None:
    (cohort / "patients.csv").write_text("patient_id,site,age\nP1,A,61\nP1,=B,old\n")


def test_validate_lists_problems_with_their_place(cohort, capsys):
    _spoil(cohort)
    assert main(["validate", str(cohort)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["level", "file", "row", "column"]
    assert any("patients.csv" in line and " 3 " in line for line in lines)
    starts = {line.index("patients.csv") for line in lines if "patients.csv" in line}
    assert starts == {lines[0].index("file")}


def test_validate_prints_json_and_csv(cohort, capsys):
    _spoil(cohort)
    assert main(["validate", str(cohort), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert {"level", "file", "row", "column", "what", "remedy"} == set(rows[0])
    assert main(["validate", str(cohort), "--csv"]) == 1
    again = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["what"] for row in again] == [row["what"] for row in rows]
    assert all(row["remedy"] for row in again)


def test_validate_says_that_there_is_no_cohort(tmp_path, capsys):
    _fails(capsys, "validate", str(tmp_path / "nothing"))


def test_validate_fails_for_errors_only(cohort, capsys):
    (cohort / "patients.csv").write_text("patient_id,site,age\nP1,A,61\nP2,B,540\n")
    assert main(["validate", str(cohort)]) == 0
    assert "warning" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    assert "Exit code: 1 where there are errors" in capsys.readouterr().out


# info -------------------------------------------------------------------------------------------


def _facts(text: str) -> dict[str, str]:
    return dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)


def test_info_tells_what_a_scan_is(files, capsys):
    assert main(["info", files[0]]) == 0
    facts = {key: value.strip() for key, value in _facts(capsys.readouterr().out).items()}
    assert facts["grid"] == "6×5×4 voxels (i×j×k)"
    assert facts["spacing"] == "0.5×0.5×2 mm"
    assert facts["orientation"] == "LPS"
    assert "int16" in facts["values"]


def test_info_tells_labels_with_their_volume(files, capsys):
    assert main(["info", files[1]]) == 0
    out = capsys.readouterr().out
    assert "1  core  0.012 mL" in out  # 24 voxels of 0.5 mm³
    assert "2  edema  0.0005 mL" in out


def test_info_tells_the_history_of_a_map(files, tmp_path, capsys):
    main(["maps", *files, "--output", str(tmp_path), "--features", "Entropy"])
    capsys.readouterr()
    assert main(["info", str(tmp_path / ENTROPY)]) == 0
    facts = _facts(capsys.readouterr().out)
    assert "texture_maps" in facts["history"]
    assert facts["modality"].strip() == "map"
    assert " bits " in facts["values"]


def test_info_tells_what_a_cohort_holds(cohort, capsys):
    assert main(["info", str(cohort)]) == 0
    facts = _facts(capsys.readouterr().out)
    assert facts["cohort"].strip() == "Trial"
    assert facts["patients"].strip() == "2"


def test_info_says_what_it_counts(cohort, capsys):
    main(["info", str(cohort)])
    said = capsys.readouterr().out
    assert "1 note\n" in said
    assert "note: cohort: Recognized as" in said
    rows = "".join(f"P1,=B,{number}\n" for number in range(9))
    (cohort / "patients.csv").write_text(f"patient_id,site,age\nP1,A,61\n{rows}")
    main(["info", str(cohort)])
    said = capsys.readouterr().out
    assert said.count("error: patients.csv") == 5
    assert f"validate {cohort}" in said


def test_info_tells_a_slide_of_unknown_pixel_size(tmp_path, capsys):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "boxes.tiff", np.zeros((20, 30, 3), np.uint8))
    assert main(["info", str(tmp_path / "boxes.tiff")]) == 0
    out, err = capsys.readouterr()
    assert _facts(out)["pixel"].strip() == "size not told"
    assert err == ""


def test_info_opens_a_batch_table_as_a_cohort(files, tmp_path, capsys):
    (tmp_path / "batch.csv").write_text(f"Image,Mask\n{files[0]},{files[1]}\n")
    assert main(["info", str(tmp_path / "batch.csv")]) == 0
    facts = _facts(capsys.readouterr().out)
    assert facts["layout"].strip() == "pyradiomics"
    assert facts["segmentations"].strip() == "1"


def test_info_tells_what_an_expression_table_holds(tmp_path, capsys):
    path = tmp_path / "counts.csv"
    path.write_text("gene,P1,P2\nVEGFA,500,7\nVEGFA,1,1\n2-Sep,0,90\n")
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert "2: P1, P2" in said
    assert "count: whole numbers of reads" in said
    assert "VEGFA" in said
    assert "1 gene was turned into dates by a spreadsheet: 2-Sep" in said


def test_info_tells_gene_sets_with_what_is_odd(tmp_path, capsys):
    path = tmp_path / "odd.gmt"
    path.write_text("HYPOXIA core\tna\tVEGFA \t CA9\n\n\t\nEMPTY\tna\n")
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert "HYPOXIA core" in said
    assert "2 blank lines were skipped" in said
    assert "EMPTY has no genes" in said


def test_info_tells_the_classes_of_samples(tmp_path, capsys):
    path = tmp_path / "a.cls"
    path.write_text("3 2 1\n# sick well\n0 1 0\n")
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    assert "sick: 2" in said
    assert "well: 1" in said


def test_info_takes_a_layout_and_a_pattern(files, tmp_path, capsys):
    folder = tmp_path / "tree"
    (folder / "P1").mkdir(parents=True)
    shutil.copy(files[0], folder / "P1" / "CT.nrrd")
    told = _fails(capsys, "info", str(folder))
    assert "with --layout" in told
    assert "with --pattern" in told
    assert "=" not in told.replace(str(tmp_path), "")
    assert main(["info", str(folder), "--pattern", "{patient_id}/{modality}.nrrd"]) == 0
    assert _facts(capsys.readouterr().out)["layout"].strip() == "pattern"
    assert "with --pattern" in _fails(capsys, "info", str(folder), "--layout", "pattern")


def test_info_says_that_a_folder_is_empty(tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    for command in ("info", "validate"):
        assert "is an empty folder" in _fails(capsys, command, str(tmp_path / "nothing"))


def test_several_series_are_told_in_words_of_the_command_line(files, monkeypatch, tmp_path, capsys):
    both = [replace(read(files[0]), metadata={"series": f"1.2.{n}"}) for n in (3, 4)]
    several = replace(FORMATS["nrrd"], read=lambda *_: both)
    monkeypatch.setitem(FORMATS.entries, "nrrd", several)
    told = _fails(capsys, "convert", files[0], str(tmp_path / "a.mha"))
    assert "with --series" in told
    assert "read_all" not in told


def test_info_without_a_path_tells_versions_and_extras(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "napari-radiogenomics  0." in out
    for extra in ("gui", "pyradiomics", "dicom", "slides", "genomics", "scale"):
        assert f"extra {extra}" in out


# simulate and demo ------------------------------------------------------------------------------


def test_simulate_writes_a_cohort_that_opens(tmp_path, capsys):
    folder = tmp_path / "simulated"
    small = ["--n-patients", "1", "--n-validation", "0", "--seed", "3", "--field-of-view", "tumor"]
    assert main(["simulate", str(folder), *small]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert main(["info", str(folder)]) == 0
    assert _facts(capsys.readouterr().out)["patients"].strip() == "1"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied", "{ro}/.simulating-x"), "{ro}: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path, monkeypatch, capsys, error, told):
    if error.filename:
        error.filename = error.filename.format(ro=tmp_path)

    def refuse(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    line = _fails(capsys, "simulate", str(tmp_path / "c"), "--n-patients", "1")
    assert told.format(ro=tmp_path) in line
    assert "free space" in line


def test_an_error_of_the_system_without_a_file_is_a_bug(files, monkeypatch):
    def fail(*_args, **_settings):
        raise OSError("planted")

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", fail)
    with pytest.raises(OSError, match="planted"):
        main(["info", files[0]])


def test_demo_says_that_its_folder_cannot_be_made(monkeypatch, tmp_path, capsys):
    pytest.importorskip("napari")

    def refuse(self, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    told = _fails(capsys, "demo", "--no-window")
    assert f"{tmp_path / 'demo_output'} cannot be made (Permission denied)" in told
    assert "--output" in told


@pytest.fixture
def shown(monkeypatch) -> list[Path | None]:
    """Where the demo was asked to put its pictures; no window is opened."""
    calls: list[Path | None] = []
    stand_in = types.ModuleType("napari_radiogenomics.gui.demo")
    stand_in.run_demo = calls.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "napari_radiogenomics.gui.demo", stand_in)
    return calls


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], None),
        (["--output", "pictures"], Path("pictures")),
        (["--no-window"], Path("demo_output")),
        (["--no-window", "--output", "pictures"], Path("pictures")),
    ],
)
def test_demo_asks_the_window_for_pictures(shown, argv, expected):
    assert main(["demo", *argv]) == 0
    assert shown == [expected]


def test_demo_names_the_extra_where_napari_is_absent(shown, monkeypatch, capsys):
    find = napari_radiogenomics.cli.commands.demo.importlib.util.find_spec
    monkeypatch.setattr(
        napari_radiogenomics.cli.commands.demo.importlib.util,
        "find_spec",
        lambda name, package=None: None if name == "napari" else find(name, package),
    )
    assert 'pip install "napari-radiogenomics[gui]"' in _fails(capsys, "demo")
    assert shown == []


# all of them ------------------------------------------------------------------------------------


def test_habitats_writes_them_and_says_how_large_they_are(tmp_path, capsys):
    grid = Geometry((8, 2, 1))
    values = np.where(np.arange(8) < 2, 1.0, 9.0) + np.linspace(0, 0.1, 16).reshape(1, 2, 8)
    write(Image(values, grid, name="flow"), tmp_path / "flow.nii.gz")
    write(Segmentation(np.ones((1, 2, 8), np.uint8), grid), tmp_path / "roi.nrrd")
    files = [str(tmp_path / "roi.nrrd"), str(tmp_path / "flow.nii.gz")]
    target = tmp_path / "habitats.nrrd"
    assert main(["habitats", *files, "--n", "2", "--output", str(target)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "1\t25.0%\tHabitat 1 (low flow)"
    assert told[-1] == str(target)
    np.testing.assert_array_equal(read(target).labels > 1, values > 5)

    from napari_radiogenomics import habitat_model

    regions = read(files[0], kind="segmentation")
    model = habitat_model([([read(files[1], kind="image")], regions)], n=2)
    path = str(model.save(tmp_path / "model.json"))
    again = tmp_path / "again.nrrd"
    assert main(["habitats", *files, "--model", path, "--output", str(again)]) == 0
    np.testing.assert_array_equal(read(again).labels, read(target).labels)


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


def test_vessels_writes_tables_a_map_and_what_should_be_known(tmp_path, capsys):
    grid = Geometry((40, 24, 24), (1.0, 1.0, 1.6))
    k, j, _ = np.indices(grid.shape)
    tube = 100 * np.exp(-((1.6 * (k - 12)) ** 2 + (j - 17) ** 2) / 4.0)
    labels = np.zeros(grid.shape, np.uint8)
    labels[11:14, 4:7, 18:22] = 1
    write(Image(tube, grid), tmp_path / "scan.nii.gz")
    write(Segmentation(labels, grid), tmp_path / "roi.nrrd")
    argv = ["vessels", str(tmp_path / "scan.nii.gz"), str(tmp_path / "roi.nrrd")]
    argv += ["--ring-mm", "0", "15", "--output", str(tmp_path / "rings.csv")]
    each, points, target = (tmp_path / x for x in ("each.csv", "points.csv", "map.nrrd"))
    argv += ["--vessels-output", str(each), "--lines-output", str(points)]
    assert main([*argv, "--map-output", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(target)
    assert "1.6 mm apart" in said.err
    with (tmp_path / "rings.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert row["region"] == "ring 0-15 mm"
    assert float(row["distance_metric"]) == pytest.approx(1, abs=0.01)
    for path in (tmp_path / "rings.csv", each, points, target):
        assert read_history(path)[-1].settings["ring_mm"] == [0.0, 15.0]
    assert main([*argv, "--map-sigma-mm", "0", "--map-output", str(target)]) == 2
    assert "No map was made" in capsys.readouterr().err
    assert main([*argv[:-1], str(tmp_path / "no" / "points.csv")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_the_commands_are_those_promised():
    assert COMMANDS.names() == [
        "associate", "batch-effects", "convert", "correspond", "correspond-cohort", "demo",
        "extract-cohort", "features", "fuse", "habitats", "harmonize", "info", "maps",
        "missingness", "register", "scores", "simulate", "skat", "stability", "tissue",
        "validate", "vessels", "virtual-biopsy", "weigh-evidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "--help"),
        (["map"], 'Did you mean "maps"'),
        (["maps"], "IMAGE"),
        (["info", "--nonsense"], "--nonsense"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, argv, told):
    assert told in _fails(capsys, *argv)


def test_ctrl_c_answers_130(monkeypatch, files, capsys):
    def interrupt(*_args, **_settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", interrupt)
    assert main(["info", files[0]]) == 130
    assert "stopped" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch, files):
    def fail(*_args, **_settings):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("napari_radiogenomics.io.files.read_all", fail)
    with pytest.raises(ZeroDivisionError, match="planted"):
        main(["info", files[0]])


def test_notes_of_the_data_are_single_lines(monkeypatch, files, tmp_path, capsys):
    noted = replace(read(files[0]), notes=("Two slices\nare missing.",))
    noting = replace(FORMATS["nrrd"], read=lambda *_: [noted])
    monkeypatch.setitem(FORMATS.entries, "nrrd", noting)
    assert main(["convert", files[0], str(tmp_path / "a.mha")]) == 0
    assert capsys.readouterr().err == "napari-radiogenomics: note: Two slices are missing.\n"
    assert main(["info", files[0]]) == 0  # tells its notes among the facts, once
    out, err = capsys.readouterr()
    assert (err, out.count("are missing.")) == ("", 1)


def test_progress_is_drawn_for_a_person_only(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert options.terminal_progress() is options.quiet
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert options.terminal_progress() is options.bar


def test_help_loads_nothing_heavy():
    program = (
        "import sys\n"
        "from napari_radiogenomics.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'pandas', 'numba', 'SimpleITK', 'napari', 'qtpy')\n"
        "sys.stderr.write(str([m for m in heavy if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Map texture" in done.stdout
    assert done.stderr == "[]"


def test_the_installed_program_runs(files, tmp_path):
    program = Path(sys.executable).with_name("napari-radiogenomics")
    if not program.exists():
        pytest.skip("the program is not installed beside this Python")
    argv = [program, "maps", *files, "--output", tmp_path / "maps", "--features", "Mean"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "maps" / MEAN).is_file()
    refused = subprocess.run(
        [program, "info", "nothing"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
