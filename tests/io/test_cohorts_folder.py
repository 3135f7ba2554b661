"""Our folder: every defect is named with its row, and the rest opens."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_radiogenomics import open_cohort, read, validate_cohort, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts import export_cohort, load_patient

GEOMETRY = Geometry((12, 11, 10), (1.0, 1.0, 2.0), (5.0, -4.0, 30.0))
TOML = """format = 1
name = "Trial"

[[expression]]
id = "rna"
path = "rna.csv"
unit = "count"

[[gene_sets]]
id = "sets"
path = "sets.gmt"

[[variants]]
id = "dna"
path = "dna.csv"
"""


def put(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def scan(path: Path, geometry: Geometry = GEOMETRY) -> None:
    write(Image(np.full(geometry.shape, 7, np.int16), geometry), path)


def tumour(path: Path, geometry: Geometry = GEOMETRY) -> None:
    labels = np.zeros(geometry.shape, np.uint8)
    labels[3:7, 3:8, 3:8] = 1
    labels[4:6, 4:6, 4:6] = 2
    write(Segmentation(labels, geometry), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small cohort without a defect: two patients, one with everything."""
    root = tmp_path / "trial"
    (root / "scans").mkdir(parents=True)
    scan(root / "scans" / "P1_CT.nii.gz")
    scan(root / "scans" / "P2_CT.nii.gz")
    tumour(root / "scans" / "P1_seg.nii.gz")
    (root / "cohort.toml").write_text(TOML)
    put(root, "patients.csv", "patient_id,site,age,note", 'P1,A,61,"tall, kind"', "P2,B,,")
    put(root, "aliases.csv", "patient_id,system,alias", "P1,GEO,GSM1")
    put(
        root, "scans.csv", "scan_id,patient_id,timepoint,modality,role,path,unit,frame,scanner",
        "P1_CT,P1,,CT,CT,scans/P1_CT.nii.gz,HU,P1,Lynx",
        "P2_CT,P2,,CT,CT,scans/P2_CT.nii.gz,HU,P2,Lynx",
    )  # fmt: skip
    put(
        root, "segmentations.csv", "segmentation_id,scan_id,path,source,reader",
        "P1_seg,P1_CT,scans/P1_seg.nii.gz,expert,R1",
    )  # fmt: skip
    put(
        root, "labels.csv", "value,name,color,segmentation_id",
        "1,rim,#ff0000,", "2,core,#00ff00,", "2,necrosis,#0000ff,P1_seg",
    )  # fmt: skip
    put(
        root, "samples.csv",
        "sample_id,patient_id,kind,frame,coord_system,unit,x,y,z,precision,expression_column",
        "b1,P1,biopsy,P1,RAS,mm,-10,-1,38,point,b1",
        "b2,P2,bulk,,,,,,,tumour,b2",
    )  # fmt: skip
    put(root, "rna.csv", "sample_id,EGFR,KRAS", "b1,1,2", "b2,3,4")
    put(root, "sets.gmt", "HYPOXIA\tabout\tCA9\tVEGFA")
    put(root, "dna.csv", "patient_id,gene,class", "P1,EGFR,missense")
    return root


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def serious(problems: tuple[Problem, ...]) -> list[Problem]:
    return [problem for problem in problems if problem.level != "note"]


def test_a_good_folder_has_no_problem(folder: Path) -> None:
    cohort = open_cohort(folder)
    assert serious(validate_cohort(cohort, deep=True)) == []
    assert (cohort.name, cohort.layout) == ("Trial", "folder")
    assert cohort.patients.loc["P1", "note"] == "tall, kind"
    assert cohort.expression[0].path == folder / "rna.csv"
    assert cohort.gene_sets[0].id == "sets"
    assert cohort.scans["scanner"].tolist() == ["Lynx", "Lynx"]
    note = cohort.problems[-1]
    assert "cohort.toml" in note.what
    assert note.level == "note"


@pytest.mark.parametrize(
    ("file", "header", "level", "said"),
    [
        ("scans.csv", "modalty", "warning", 'Did you mean "modality"?'),
        ("scans.csv", "wombat", "note", "known one: scan_id, patient_id"),
        ("segmentations.csv", "readers", "warning", 'Did you mean "reader"?'),
        ("samples.csv", "wombat", "note", "known one: sample_id"),
        ("patients.csv", "os_day", "warning", 'Did you mean "os_days"?'),
    ],
)
def test_a_column_that_nobody_knows_is_told_by_validate(
    folder: Path, file: str, header: str, level: str, said: str
) -> None:
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"{lines[0]},{header}", *(f"{line},7" for line in lines[1:])])
    (folder / file).write_text(text, encoding="utf-8")
    found = [p for p in validate_cohort(folder) if p.file == file and header in p.what]
    assert [(p.row, p.level) for p in found] == [(1, level)]
    assert said in found[0].remedy


def test_clinical_columns_are_nothing_to_tell(folder: Path) -> None:
    change(folder / "patients.csv", "note", "smoking")
    assert not [p for p in validate_cohort(folder) if p.file == "patients.csv"]


def test_every_problem_has_its_remedy_in_its_own_column(folder: Path) -> None:
    (folder / "segmentations.csv").write_bytes(b"")
    put(folder, "rna.csv", "")
    (folder / "labels.csv").write_bytes(b"\xff\xfe\x00")
    problems = [p for p in validate_cohort(folder) if p.level != "note"]
    assert {"segmentations.csv", "rna.csv"} <= {p.file for p in problems}
    assert [str(p) for p in problems if not p.remedy or not p.what] == []


@pytest.mark.parametrize("name", ["", "cohort.toml", "patients.csv", "scans.csv"])
def test_opens_by_the_folder_or_a_file_of_it(folder: Path, name: str) -> None:
    assert len(open_cohort(folder / name)) == 2


def test_opens_like_a_file(folder: Path) -> None:
    assert len(read(folder)) == 2
    assert read(folder / "samples.csv").points_lps().tolist() == [[10, 1, 38]]


Defect = tuple[str, Callable[[Path], None], str, int | None, str, str]


def replacing(file: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda root: change(root / file, old, new)


DEFECTS: list[Defect] = [
    ("missing file", lambda r: (r / "scans" / "P2_CT.nii.gz").unlink(),
     "scans.csv", 3, "path", "Correct the path or copy the file to scans"),
    ("misspelt", replacing("scans.csv", "scans/P2_CT", "scans/P2_C"),
     "scans.csv", 3, "path", "Did you mean scans/P2_CT.nii.gz?"),
    ("missing folder", replacing("scans.csv", "scans/P2_CT", "scan/P2_CT"),
     "scans.csv", 3, "path", "Did you mean scans/P2_CT.nii.gz?"),
    ("backslash", replacing("scans.csv", "scans/P2", "scans\\P2"),
     "scans.csv", 3, "path", "Write scans/P2_CT.nii.gz"),
    ("upper case", replacing("scans.csv", "scans/P2_CT", "Scans/p2_ct"),
     "scans.csv", 3, "path", "Write scans/P2_CT.nii.gz"),
    ("absolute", replacing("scans.csv", "scans/P2_CT", "/etc/P2_CT"),
     "scans.csv", 3, "path", "Move the file into the folder"),
    ("drive", replacing("scans.csv", "scans/P2_CT", "C:/P2_CT"),
     "scans.csv", 3, "path", "Move the file into the folder"),
    ("escape", replacing("scans.csv", "scans/P2_CT", "scans/../../P2_CT"),
     "scans.csv", 3, "path", "leads out of"),
    ("empty path", replacing("scans.csv", "scans/P2_CT.nii.gz", ""),
     "scans.csv", 3, "path", "nothing to open"),
    ("duplicate patient", replacing("patients.csv", "P2,B", "P1,B"),
     "patients.csv", 3, "patient_id", "already on row 2"),
    ("near duplicate", replacing("patients.csv", "P2,B,,", "P2,B,,\np02,B,,"),
     "patients.csv", 4, "patient_id", 'from "P2"'),
    ("duplicate scan", replacing("scans.csv", "P2_CT,P2", "P1_CT,P2"),
     "scans.csv", 3, "scan_id", "already on row 2"),
    ("unknown patient", replacing("scans.csv", "P2_CT,P2", "P2_CT,P-02"),
     "scans.csv", 3, "patient_id", "is not among the patients"),
    ("no patient", replacing("scans.csv", "P2_CT,P2", "P2_CT,"),
     "scans.csv", 3, "patient_id", "empty"),
    ("unknown scan", replacing("segmentations.csv", "P1_CT", "P1_CTT"),
     "segmentations.csv", 2, "scan_id", 'Did you mean "P1_CT"?'),
    ("unknown column", replacing("segmentations.csv", "source", "sourse"),
     "segmentations.csv", 1, "sourse", 'Did you mean "source"?'),
    ("decimal comma", replacing("patients.csv", "P1,A,61", 'P1,A,"61,5"'),
     "patients.csv", 2, "age", "61.5"),
    ("bad coordinate", replacing("samples.csv", "-10,", "left,"),
     "samples.csv", 2, "x", "not a number"),
    ("no system", replacing("samples.csv", "RAS", ""),
     "samples.csv", 2, "coord_system", "Write RAS"),
    ("unknown system", replacing("samples.csv", "RAS", "RSA"),
     "samples.csv", 2, "coord_system", 'Did you mean "RAS"?'),
    ("unknown unit", replacing("samples.csv", ",mm,", ",inch,"),
     "samples.csv", 2, "unit", "Known: mm"),
    ("unknown precision", replacing("samples.csv", "tumour", "tumours"),
     "samples.csv", 3, "precision", "Did you mean"),
    ("unknown kind", replacing("samples.csv", "biopsy", "bioppsy"),
     "samples.csv", 2, "kind", 'Did you mean "biopsy"?'),
    ("sample without RNA", replacing("rna.csv", "b2,3,4", ""),
     "samples.csv", 3, "expression_column", "in no expression table"),
    ("RNA without sample", replacing("rna.csv", "b2,3,4", "B2,3,4\nb2,3,4"),
     "rna.csv", 3, "sample_id", 'Did you mean "b2"?'),
    ("RNA header", replacing("rna.csv", "sample_id,", "sample,"),
     "rna.csv", 1, "sample", 'not "sample_id"'),
    ("RNA gene twice", replacing("rna.csv", "EGFR,KRAS", "EGFR,EGFR"),
     "rna.csv", 1, "EGFR", "occurs twice"),
    ("RNA delimiter", lambda r: put(r, "rna.csv", "nothing", "b1"),
     "rna.csv", 1, "", "no genes or no samples"),
    ("RNA unit", replacing("cohort.toml", '"count"', '"counts"'),
     "cohort.toml", None, "expression[1].unit", 'Did you mean "count"?'),
    ("RNA missing", replacing("cohort.toml", "rna.csv", "rnas.csv"),
     "cohort.toml", None, "expression[1].path", "Did you mean rna.csv?"),
    ("gene set", lambda r: put(r, "sets.gmt", "HYPOXIA about CA9"),
     "sets.gmt", 1, "", "by tabs"),
    ("variant patient", replacing("dna.csv", "P1,EGFR", "P7,EGFR"),
     "dna.csv", 2, "patient_id", "not among"),
    ("variant column", replacing("dna.csv", "gene", "symbol"),
     "dna.csv", 1, "gene", "missing"),
    ("no format", replacing("cohort.toml", "format = 1\n", ""),
     "cohort.toml", None, "format", "missing"),
    ("newer format", replacing("cohort.toml", "format = 1", "format = 9"),
     "cohort.toml", None, "format", "Update"),
    ("no name", replacing("cohort.toml", 'name = "Trial"\n', ""),
     "cohort.toml", None, "name", "missing"),
    ("unknown key", replacing("cohort.toml", "[[variants]]", "[[variant]]"),
     "cohort.toml", None, "variant", 'Did you mean "variants"?'),
    ("invalid toml", replacing("cohort.toml", 'name = "Trial"', "name = Trial"),
     "cohort.toml", 2, "", "no valid TOML"),
    ("empty table", lambda r: (r / "segmentations.csv").write_bytes(b""),
     "segmentations.csv", None, "", "is empty"),
    ("not UTF-8", lambda r: (r / "patients.csv").write_bytes(
        "patient_id,site\nP1,Zürich\nP2,Köln\n".encode("cp1252")),
     "patients.csv", 2, "", "Zürich"),
    ("ragged", replacing("patients.csv", "P2,B,,", "P2,B,,,,9"),
     "patients.csv", 3, "", "left out"),
    ("alias of nobody", replacing("aliases.csv", "P1,", "P8,"),
     "aliases.csv", 2, "patient_id", "not among"),
    ("table misnamed", lambda r: (r / "segmentations.csv").rename(r / "segmentation.csv"),
     "segmentation.csv", None, "", "[tables]"),
    ("same file", replacing("scans.csv", "scans/P2_CT", "scans/P1_CT"),
     "scans.csv", 3, "path", "also the file of row 2"),
    ("color", replacing("labels.csv", "#00ff00", "green"),
     "labels.csv", 3, "color", "#ff8000"),
    ("label value", replacing("labels.csv", "2,core", "2.5,core"),
     "labels.csv", 3, "value", "whole number"),
    ("no patients table", lambda r: (r / "patients.csv").unlink(),
     "patients.csv", None, "patient_id", "no table of patients"),
]  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=[defect[0] for defect in DEFECTS])
def test_every_defect_is_named_and_the_rest_opens(folder: Path, defect: Defect) -> None:
    _, spoil, file, row, column, said = defect
    spoil(folder)
    cohort = open_cohort(folder)
    problems = serious(validate_cohort(cohort))
    found = [p for p in problems if (p.file, p.row, p.column) == (file, row, column)]
    assert any(said in f"{p.what} {p.remedy}" for p in found), [*map(str, problems)]
    assert "P1" in cohort.patients.index
    assert cohort.scans.loc["P1_CT", "path"] == "scans/P1_CT.nii.gz"
    data = load_patient(cohort, "P1")
    assert [image.name for image in data.scans] == ["P1_CT"]


def test_one_defect_never_hides_another(folder: Path) -> None:
    change(folder / "patients.csv", "P1,A,61", 'P1,A,"6,1"')
    change(folder / "scans.csv", "scans/P2_CT", "nowhere/P2_CT")
    change(folder / "samples.csv", "RAS", "")
    change(folder / "segmentations.csv", "P1_CT", "P9_CT")
    (folder / "labels.csv").write_bytes(b"")
    files = {problem.file for problem in serious(open_cohort(folder).problems)}
    expected = {"patients.csv", "scans.csv", "samples.csv", "segmentations.csv", "labels.csv"}
    assert files >= expected


def test_absolute_paths_below_the_folder_are_used(folder: Path) -> None:
    change(folder / "scans.csv", "scans/P2_CT", f"{folder.as_posix()}/scans/P2_CT")
    cohort = open_cohort(folder)
    assert cohort.scans.loc["P2_CT", "path"] == "scans/P2_CT.nii.gz"
    assert [p.level for p in serious(cohort.problems)] == ["warning"]


def test_what_leads_out_is_never_opened(folder: Path) -> None:
    scan(folder.parent / "secret.nii.gz")
    change(folder / "scans.csv", "scans/P2_CT", "../secret")
    cohort = open_cohort(folder)
    assert cohort.scans.loc["P2_CT", "path"] == ""
    data = load_patient(cohort, "P2")
    assert data.scans == []
    assert "no file to open" in data.problems[0].what


def test_tables_may_have_other_names(folder: Path) -> None:
    (folder / "patients.csv").rename(folder / "people.tsv")
    put(folder, "people.tsv", "patient_id\tsite", "P1\tA", "P2\tB")
    change(
        folder / "cohort.toml", 'name = "Trial"', 'name = "T"\n[tables]\npatients = "people.tsv"'
    )
    cohort = open_cohort(folder)
    assert serious(cohort.problems) == []
    assert cohort.patients["site"].tolist() == ["A", "B"]


def test_a_patient_with_everything(folder: Path) -> None:
    data = load_patient(open_cohort(folder), "GSM1")
    assert data.patient_id == "P1"
    (image,), (mask,) = data.scans, data.segmentations
    assert image.unit == "HU"
    assert image.modality == "CT"
    assert image.metadata["scanner"] == "Lynx"
    assert mask.metadata["scan_id"] == image.metadata["scan_id"] == "P1_CT"
    assert mask.metadata["segmentation_id"] == "P1_seg"
    named = {label.value: (label.name, label.color) for label in mask.scheme}
    assert named == {1: ("rim", (255, 0, 0)), 2: ("necrosis", (0, 0, 255))}
    assert data.samples is not None
    assert data.samples.points_lps().tolist() == [[10, 1, 38]]
    assert data.slides == []
    assert data.problems == ()


def test_a_broken_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "scans" / "P1_CT.nii.gz").write_bytes(b"\x1f\x8brubbish")
    data = load_patient(open_cohort(folder), "P1")
    assert data.scans == []
    assert len(data.segmentations) == 1
    (problem,) = data.problems
    assert (problem.file, problem.row, problem.level) == ("scans.csv", 2, "error")
    assert problem.patient_id == "P1"


def test_deep_check_finds_other_grids_and_swapped_samples(folder: Path) -> None:
    tumour(folder / "scans" / "P1_seg.nii.gz", Geometry((9, 9, 9), (1.0, 1.0, 2.0)))
    change(folder / "samples.csv", "RAS", "LPS")
    problems = serious(validate_cohort(folder, deep=True))
    assert [(p.file, p.row) for p in problems] == [("segmentations.csv", 2), ("samples.csv", 2)]
    assert "9×9×9" in problems[0].what
    tumour(folder / "scans" / "P1_seg.nii.gz")
    (swap,) = serious(validate_cohort(folder, deep=True))
    assert "RAS and LPS are likely swapped" in swap.what
    assert swap.row == 2
    assert serious(validate_cohort(folder)) == []


def test_deep_check_tells_a_missing_file_once(folder: Path) -> None:
    (folder / "scans" / "P1_CT.nii.gz").unlink()
    (problem,) = serious(validate_cohort(folder, deep=True))
    assert (problem.file, problem.row, problem.column) == ("scans.csv", 2, "path")


def test_an_empty_table_is_told_once_for_all_rows_that_need_it(tmp_path: Path) -> None:
    put(tmp_path, "cohort.toml", 'format = 1\nname = "T"')
    put(tmp_path, "patients.csv", "patient_id,site", "P1,A")
    put(tmp_path, "scans.csv")
    rows = [f"g{n},s{n},seg.nrrd" for n in range(20)]
    put(tmp_path, "segmentations.csv", "segmentation_id,scan_id,path", *rows)
    errors = [p for p in open_cohort(tmp_path).problems if p.level == "error"]
    assert [p.file for p in errors] == ["scans.csv", "segmentations.csv"]
    assert "20 rows that name its scans (scan_id) are left out" in errors[1].what


def test_transforms_are_matrices(folder: Path) -> None:
    put(folder, "transforms.csv", "from_frame,to_frame,path", "a,P1,t.json", "b,P1,u.json")
    (folder / "t.json").write_text(json.dumps({"matrix": np.eye(4).tolist()}))
    (folder / "u.json").write_text(json.dumps({"matrix": np.zeros((4, 4)).tolist()}))
    (problem,) = serious(validate_cohort(folder))
    assert problem.file == "u.json"


def test_what_is_no_cohort(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_cohort(tmp_path / "none")
    with pytest.raises(InputError, match="is an empty folder"):
        open_cohort(tmp_path)
    (tmp_path / "letter.txt").touch()
    with pytest.raises(InputError, match="No cohort layout recognizes"):
        open_cohort(tmp_path)
    with pytest.raises(InputError, match='Did you mean "brats"'):
        open_cohort(tmp_path, layout="brat")


def test_export_opens_again_as_the_same(folder: Path) -> None:
    change(folder / "patients.csv", "tall, kind", "=HYPERLINK(1)")
    before = open_cohort(folder)
    assert export_cohort(before) == folder / "cohort.toml"
    assert "'=HYPERLINK(1)" in (folder / "patients.csv").read_text()
    after = open_cohort(folder)
    assert serious(after.problems) == []
    for name in ("patients", "scans", "segmentations", "labels", "samples", "aliases"):
        assert getattr(after, name).equals(getattr(before, name)), name
    assert after.expression == before.expression


def test_export_above_the_folder_but_never_beside_it(folder: Path, tmp_path: Path) -> None:
    cohort = open_cohort(folder)
    moved = open_cohort(export_cohort(cohort, tmp_path))
    assert moved.scans.loc["P1_CT", "path"] == "trial/scans/P1_CT.nii.gz"
    assert serious(moved.problems) == []
    beside = tmp_path / "beside"
    beside.mkdir()
    with pytest.raises(InputError, match="lies outside"):
        export_cohort(cohort, beside)
    assert os.listdir(beside) == []
    with pytest.raises(InputError, match="already"):
        export_cohort(cohort, tmp_path)


def test_a_ragged_row_is_the_one_cause_that_its_dependents_name(folder: Path) -> None:
    change(folder / "patients.csv", "P1,A,", "P1,A,B,C,D,E,")
    cohort = open_cohort(folder)
    assert list(cohort.patients.index) == ["P2"]
    (cause,) = [p for p in cohort.problems if p.file == "patients.csv" and p.level == "error"]
    rest = [p for p in cohort.problems if p.level == "error" and p is not cause]
    assert cause.row == 2
    assert all("was left out" in p.what for p in rest)
    assert len({p.file for p in rest}) == len(rest) > 1


def test_a_broken_scan_is_named_as_the_table_names_it(folder: Path) -> None:
    (folder / "scans" / "P1_CT.nii.gz").write_bytes(b"\x1f\x8bcut")
    errors = [p for p in load_patient(open_cohort(folder), "P1").problems if p.level == "error"]
    assert [(p.file, p.row) for p in errors] == [("scans.csv", 2)]
    assert errors[0].what.startswith("scans/P1_CT.nii.gz is cut off or damaged inside")


def test_an_empty_path_is_told_once(folder: Path) -> None:
    change(folder / "scans.csv", "scans/P2_CT.nii.gz", "")
    problems = serious(validate_cohort(folder, deep=True))
    found = [p for p in problems if p.file == "scans.csv"]
    assert [(p.row, p.column) for p in found] == [(3, "path")]


@pytest.mark.parametrize("column", ["patient_id", "path", "scan_id"])
def test_a_missing_column_is_told_once_and_not_for_each_row(folder: Path, column: str) -> None:
    header, *rows = (folder / "scans.csv").read_text("utf-8").splitlines()
    place = header.split(",").index(column)
    kept = [cells[:place] + cells[place + 1 :] for cells in (x.split(",") for x in (header, *rows))]
    put(folder, "scans.csv", *map(",".join, kept))
    of_scans = [
        problem
        for problem in validate_cohort(folder)
        if problem.file == "scans.csv" and problem.level == "error"
    ]
    assert [problem.row for problem in of_scans] == [1]
    assert f'"{column}" is missing' in of_scans[0].what
