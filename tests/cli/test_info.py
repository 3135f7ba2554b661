"""The command line of info: what it prints and writes, and how it says no."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from napari_radiogenomics import read
from napari_radiogenomics.cli import main
from napari_radiogenomics.io.format import FORMATS

ENTROPY, MEAN = (f"original_firstorder_{name}.nii.gz" for name in ("Entropy", "Mean"))


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


def test_info_takes_a_layout_and_a_pattern(files, tmp_path, capsys, fails):
    folder = tmp_path / "tree"
    (folder / "P1").mkdir(parents=True)
    shutil.copy(files[0], folder / "P1" / "CT.nrrd")
    told = fails("info", str(folder))
    assert "with --layout" in told
    assert "with --pattern" in told
    assert "=" not in told.replace(str(tmp_path), "")
    assert main(["info", str(folder), "--pattern", "{patient_id}/{modality}.nrrd"]) == 0
    assert _facts(capsys.readouterr().out)["layout"].strip() == "pattern"
    assert "with --pattern" in fails("info", str(folder), "--layout", "pattern")


def test_info_says_that_a_folder_is_empty(tmp_path, fails):
    (tmp_path / "nothing").mkdir()
    for command in ("info", "validate"):
        assert "is an empty folder" in fails(command, str(tmp_path / "nothing"))


def test_several_series_are_told_in_words_of_the_command_line(files, monkeypatch, tmp_path, fails):
    both = [replace(read(files[0]), metadata={"series": f"1.2.{n}"}) for n in (3, 4)]
    several = replace(FORMATS["nrrd"], read=lambda *_: both)
    monkeypatch.setitem(FORMATS.entries, "nrrd", several)
    told = fails("convert", files[0], str(tmp_path / "a.mha"))
    assert "with --series" in told
    assert "read_all" not in told


def test_info_without_a_path_tells_versions_and_extras(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "napari-radiogenomics  0." in out
    for extra in ("gui", "pyradiomics", "dicom", "slides", "genomics", "scale"):
        assert f"extra {extra}" in out
