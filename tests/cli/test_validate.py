"""The command line of validate: what it prints and writes, and how it says no."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from napari_radiogenomics.cli import main


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


def test_validate_says_that_there_is_no_cohort(tmp_path, fails):
    fails("validate", str(tmp_path / "nothing"))


def test_validate_fails_for_errors_only(cohort, capsys):
    (cohort / "patients.csv").write_text("patient_id,site,age\nP1,A,61\nP2,B,540\n")
    assert main(["validate", str(cohort)]) == 0
    assert "warning" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    assert "Exit code: 1 where there are errors" in capsys.readouterr().out
