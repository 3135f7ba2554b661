"""The information model: keys, duplicates, numbers, links; without any file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.conform import conform, read_free_columns
from napari_radiogenomics.data.ids import canonical_id, canonical_ids, tcga_patient
from napari_radiogenomics.data.problems import Problem, problems_table, summarize_problems
from napari_radiogenomics.data.relate import relate
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table, parse_numbers, table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.assemble import assemble
from napari_radiogenomics.io.layout import Draft


def table(name: str, *lines: str) -> Table:
    header, *cells = [line.split(",") for line in lines]
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    return Table(frame, np.arange(2, len(cells) + 2), f"{name}.csv")


def checked(name: str, *lines: str) -> tuple[Table, list[Problem]]:
    return conform(table(name, *lines), TABLES[name])


def cohort(tmp_path: Path, **tables: Table) -> Cohort:
    return assemble(Draft(tmp_path, "Trial", tables=tables), "folder")


def test_duplicates_are_left_out_and_named() -> None:
    found, problems = checked("patients", "patient_id,site", "P1,A", "P2,B", " P1 ,C")
    assert found.texts("patient_id") == ["P1", "P2"]
    assert found.texts("site") == ["A", "B"]
    (problem,) = problems
    assert (problem.row, problem.column, problem.level) == (4, "patient_id", "error")
    assert "row 2" in problem.what


@pytest.mark.parametrize("twin", ["p001", "P1", "P0001", "P01"])
def test_near_duplicates_are_kept_and_named(twin: str) -> None:
    found, problems = checked("patients", "patient_id,site", "P001,A", f"{twin},A")
    assert len(found) == 2
    (problem,) = problems
    assert (problem.row, problem.level) == (3, "warning")
    assert "P001" in problem.what


def test_canonical_form_of_ids() -> None:
    assert canonical_id(" R01_007 ") == canonical_id("r01-7")
    assert canonical_id("P10") != canonical_id("P1")
    assert canonical_id("P0") == "p0"
    assert tcga_patient("TCGA-02-0006-01A-11R-1849-01") == "TCGA-02-0006"


@given(st.lists(st.text("aA01-_ \n", max_size=6)))
def test_grouping_agrees_with_the_single_form(texts: list[str]) -> None:
    groups = canonical_ids(texts)
    assert sorted(text for group in groups.values() for text in group) == sorted(set(texts))
    for canonical, group in groups.items():
        assert {canonical_id(text) for text in group} == {canonical}


def test_headers_are_mended_or_asked_about() -> None:
    found, problems = checked("slides", "Slide ID,patient_id,strain,path", "s1,P1,HE,a.tif")
    assert found.texts("slide_id") == ["s1"]
    _, more = checked("aliases", "patient_id,alias,colour of lid", "P1,A1,red")
    problems += more
    said = {problem.column: problem for problem in problems}
    assert 'read as "slide_id"' in said["Slide ID"].what
    assert 'Did you mean "stain"?' in said["strain"].what
    assert "not used" in said["colour of lid"].what
    assert all(problem.row == 1 for problem in problems)


def test_a_missing_key_column_is_one_error_and_no_rows() -> None:
    found, problems = checked("patients", "name,site", "P1,A", "P2,A")
    assert len(found) == 0
    assert 'column "patient_id" is missing' in problems[0].what


def test_numbers_with_commas_are_named_by_row() -> None:
    _, problems = checked(
        "transforms", "from_frame,to_frame,path,error_mm", 'a,b,t.json,"1', "c,d,u.json,2.5"
    )
    assert problems[0].row == 2
    numbers, bad = parse_numbers(["1,5", "", None, "x", "2", 3.5, "inf", " 4 "])
    assert bad.tolist() == [True, False, False, True, False, False, True, False]
    np.testing.assert_array_equal(numbers[[4, 5, 7]], [2, 3.5, 4])
    clinical, more = read_free_columns(
        checked("patients", "patient_id,age", "P1,61;5", "P2,44")[0], TABLES["patients"]
    )
    assert more[0].row == 2
    np.testing.assert_array_equal(clinical.frame["age"], [np.nan, 44])


def test_remedy_for_a_decimal_comma() -> None:
    source = table("patients", "patient_id,age", "P1,61", "P2,44")
    source.frame.loc[0, "age"] = "61,5"
    _, problems = read_free_columns(conform(source, TABLES["patients"])[0], TABLES["patients"])
    assert problems[0].remedy == "Write the decimal with a point: 61.5."


def test_free_columns_are_numbers_only_where_all_are() -> None:
    source, _ = checked(
        "patients", "patient_id,crp,smoker,code", *(f"P{n},{n}.5,yes,{n}" for n in range(9)),
        "P9,,,x",
    )  # fmt: skip
    found, problems = read_free_columns(source, TABLES["patients"])
    assert found.frame["crp"].dtype == float
    assert np.isnan(found.frame["crp"].iat[9])
    assert found.frame["smoker"].isna().tolist() == [False] * 9 + [True]
    assert found.frame["code"].dtype == object
    (problem,) = problems
    assert (problem.row, problem.column, problem.level) == (11, "code", "warning")


def test_impossible_clinical_values_are_flagged() -> None:
    source, _ = checked("patients", "patient_id,age,os_event", "P1,610,2", "P2,61,1")
    _, problems = read_free_columns(source, TABLES["patients"])
    assert {(p.row, p.column) for p in problems} == {(2, "age"), (2, "os_event")}


def test_permitted_values_ignore_case_and_suggest() -> None:
    found, problems = checked(
        "segmentations",
        "segmentation_id,scan_id,path,source",
        "a,s,a.nii,Expert",
        "b,s,b.nii,experts",
    )
    assert found.texts("source") == ["expert", "experts"]
    (problem,) = problems
    assert problem.row == 3
    assert 'Did you mean "expert"?' in problem.remedy


def all_tables(**given: Table) -> dict[str, Table]:
    tables = {}
    for name, spec in TABLES.items():
        tables[name], _ = conform(given.get(name) or table_of([], spec.file, spec.names), spec)
    return tables


def test_links_that_lead_nowhere() -> None:
    tables, problems = relate(
        all_tables(
            patients=table("patients", "patient_id", "P001", "P002"),
            scans=table(
                "scans",
                "scan_id,patient_id,path",
                "s1,P001,a.nii",
                "s2,P1,b.nii",
                "s3,X9,c.nii",
            ),
            segmentations=table(
                "segmentations", "segmentation_id,scan_id,path", "g1,s1,d.nii", "g2,s7,e.nii"
            ),
            slides=table("slides", "slide_id,patient_id,sample_id,path", "h1,P001,b9,f.tif"),
        )
    )
    assert tables["scans"].texts("scan_id") == ["s1"]
    assert tables["segmentations"].texts("segmentation_id") == ["g1"]
    assert tables["slides"].texts("slide_id") == ["h1"]
    said = {(p.file, p.row): p for p in problems}
    assert 'Did you mean "P001"?' in said["scans.csv", 3].remedy
    assert "X9" in said["scans.csv", 4].what
    assert said["segmentations.csv", 3].column == "scan_id"
    assert said["slides.csv", 2].level == "warning"
    assert said["patients.csv", 3].level == "note"


def test_a_row_that_was_left_out_is_named_once_by_each_table_that_needs_it() -> None:
    tables, problems = relate(
        all_tables(
            patients=table("patients", "patient_id", "P1"),
            scans=table(
                "scans", "scan_id,patient_id,path", "s1,P1,a.nii", "s2,P2,b.nii", "s3,P2,c.nii"
            ),
            segmentations=table(
                "segmentations",
                "segmentation_id,scan_id,path",
                *("g1,s1,d.nii", "g2,s2,e.nii", "g3,s2,f.nii"),
            ),
        ),
        [Problem("patients.csv", 3, "", "Too long; it is left out.", "", patient_id="P2")],
    )
    assert tables["scans"].texts("scan_id") == ["s1"]
    assert tables["segmentations"].texts("segmentation_id") == ["g1"]
    assert [(p.file, p.row, p.level) for p in problems] == [
        ("scans.csv", 3, "error"),
        ("segmentations.csv", 3, "error"),
    ]
    assert "row 3 of patients.csv" in problems[0].what
    assert "2 rows are left out with it" in problems[0].what
    assert "row 3 of scans.csv" in problems[1].what


def test_aliases_lead_to_the_patient_and_to_one_only() -> None:
    tables, problems = relate(
        all_tables(
            patients=table("patients", "patient_id", "P1", "P2"),
            aliases=table(
                "aliases",
                "patient_id,system,alias",
                "P1,TCGA,TCGA-02-0006",
                "P2,TCGA,TCGA-02-0006",
                "P9,TCGA,TCGA-02-0007",
            ),
            scans=table("scans", "scan_id,patient_id,path", "s1,TCGA-02-0006,a.nii"),
        )
    )
    assert tables["scans"].texts("patient_id") == ["P1"]
    assert tables["aliases"].texts("patient_id") == ["P1"]
    assert {(p.file, p.row, p.level) for p in problems} == {
        ("aliases.csv", 3, "error"),
        ("aliases.csv", 4, "error"),
        ("scans.csv", 2, "note"),
        ("patients.csv", 3, "note"),
    }


def test_unknown_timepoints_and_frames() -> None:
    _, problems = relate(
        all_tables(
            patients=table("patients", "patient_id", "P1"),
            timepoints=table("timepoints", "patient_id,timepoint,days", "P1,t0,0"),
            scans=table("scans", "scan_id,patient_id,timepoint,path,frame", "s,P1,t1,a.nii,F"),
            samples=table(
                "samples",
                "sample_id,patient_id,frame,coord_system,unit,x,y,z,precision",
                "b1,P1,F,LPS,mm,1,2,3,point",
                "b2,P1,G,LPS,mm,1,2,3,point",
            ),
        )
    )
    assert {(p.file, p.row, p.column) for p in problems} == {
        ("scans.csv", 2, "timepoint"),
        ("samples.csv", 3, "frame"),
    }


def test_patients_are_made_where_there_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.nii").touch()
    found = cohort(tmp_path, scans=table("scans", "scan_id,patient_id,path", "s,P7,a.nii"))
    assert found.patients.index.tolist() == ["P7"]
    assert [p.level for p in found.problems] == ["warning"]


def test_a_cohort_answers_for_its_patients(tmp_path: Path) -> None:
    for name in ("a.nii", "b.nii", "c.nii"):
        (tmp_path / name).touch()
    found = cohort(
        tmp_path,
        patients=table("patients", "patient_id,site", "P001,A", "P002,B"),
        aliases=table("aliases", "patient_id,system,alias", "P002,GEO,GSM1"),
        timepoints=table("timepoints", "patient_id,timepoint,days", "P001,t1,90", "P001,t0,0"),
        scans=table(
            "scans",
            "scan_id,patient_id,timepoint,path",
            "s1,P001,t1,a.nii",
            "s2,P001,t0,b.nii",
        ),
        segmentations=table("segmentations", "segmentation_id,scan_id,path", "g,s1,c.nii"),
        samples=table(
            "samples",
            "sample_id,patient_id,coord_system,unit,x,y,z,precision,expression_column",
            "b1,P001,RAS,mm,1,2,3,point,rna1",
            "b2,P002,,,,,,tumour,",
        ),
    )
    assert not [p for p in found.problems if p.level != "note"]
    assert found.timepoints_of("P001") == ["t0", "t1"]
    assert found.timepoints_of("P002") == [""]
    assert found.scans_of("P001", "t0").index.tolist() == ["s2"]
    assert found.segmentations_of("P001", "t1").index.tolist() == ["g"]
    assert found.segmentations_of("P001", "t0").empty
    assert found.resolve("GSM1") == "P002"
    assert found.resolve("p1") == "P001"
    with pytest.raises(InputError, match='No patient "Q9"'):
        found.resolve("Q9")
    overview = found.overview()
    assert overview.loc["P001"].to_dict() == {
        "site": "A", "scans": 2, "timepoints": 2, "segmentations": 1, "samples": 1,
        "biopsies": 1, "slides": 0, "expression": True, "problems": 0,
    }  # fmt: skip
    assert not overview.loc["P002", "expression"]
    assert found.samples_table("P001").points_lps().tolist() == [[-1, -2, 3]]
    assert "2 patients" in str(found)


def test_problems_as_table_and_in_words() -> None:
    problems = [
        Problem("b.csv", None, "", "Odd.", "Look.", "note"),
        Problem("a.csv", 7, "x", "Bad.", "Mend.", "error"),
    ]
    found = problems_table(problems)
    assert found["level"].tolist() == ["error", "note"]
    assert found["row"].iloc[0] == 7
    assert pd.isna(found["row"].iloc[1])
    assert summarize_problems(problems) == "1 error, 1 note"
    assert problems_table([]).empty
