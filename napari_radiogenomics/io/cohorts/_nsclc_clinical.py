"""The clinical table of NSCLC-Radiogenomics, in words that other cohorts share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.table import Table

__all__ = ["clinical_patients"]

# A date of this table is month/day/year; all dates of a patient are shifted by one number of
# days, so that differences hold.
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_MISSING = {
    "",
    "n/a",
    "not collected",
    "unknown",
    "not assessed",
    "not recorded in database",
}
_LOCATION = re.compile(r"Tumor Location \(choice=(.*)\)")
_COLUMNS = {
    "Patient ID": "patient_id",
    "Case ID": "patient_id",
    "Patient affiliation": "site",
    "Age at Histological Diagnosis": "age",
    "Gender": "sex",
    "Smoking status": "smoking",
    "Histology": "histology",
    "Histopathological Grade": "grade",
    "EGFR mutation status": "EGFR",
    "KRAS mutation status": "KRAS",
    "ALK translocation status": "ALK",
}


def clinical_patients(table: Table) -> tuple[Table, list[Problem]]:
    """Rename the columns, empty the codes for missing, and reckon survival.

    Parameters
    ----------
    table : Table
        As read.

    Returns
    -------
    table : Table
        With ``patient_id, site, age, sex, smoking, histology, grade, EGFR, KRAS, ALK,
        location, os_days, os_event`` and the other columns under their own names. ``os_days``
        counts from the operation: to death, or to the last day known alive.
    problems : list of Problem
        Every recode, as a note; dates that cannot be read or do not agree.
    """
    import pandas as pd

    problems = list(_recodes(table))
    rows = [
        {name.strip(): _value(cell) for name, cell in record.items()}
        for record in table.frame.to_dict("records")
    ]
    found = [_patient(row) for row in rows]
    for at, (row, patient) in enumerate(zip(rows, found, strict=True)):
        try:
            days, event = survival(row)
        except ValueError as error:
            days, event = "", ""
            remedy = "Survival is taken as missing. Check the dates (month/day/year)."
            problems.append(
                table.problem(at, "Date of Last Known Alive", str(error), remedy, "warning")
            )
        patient["os_days"], patient["os_event"] = days, event
    problems += _how_sure(rows, table.file)
    columns = list(dict.fromkeys(name for patient in found for name in patient))
    frame = pd.DataFrame(found, columns=columns, dtype=object)
    return Table(frame, table.rows, table.file), problems


def _recodes(table: Table) -> Iterator[Problem]:
    """What is read otherwise than it stands in the file: headers, missing cells, locations."""

    def note(column: str, what: str) -> Problem:
        return Problem(table.file, None, column, what, "", "note")

    places = []
    for header in map(str, table.frame.columns):
        name = header.strip()
        if _LOCATION.fullmatch(name):
            places.append(name)
        elif _COLUMNS.get(name, name) != header:
            yield note(header, f'The column "{header}" is read as "{_COLUMNS.get(name, name)}".')
        cells = Counter(cell.strip() for cell in table.texts(header))
        missing = {cell: n for cell, n in cells.items() if cell and not _value(cell)}
        if missing:
            counts = ", ".join(f'{n} × "{cell}"' for cell, n in missing.items())
            yield note(header, f"Read as missing: {counts}.")
    if places:
        what = f"{len(places)} columns of a location each are read as one column, location: the "
        yield note("location", what + 'names of those that say "Checked", joined by " + ".')


def _how_sure(rows: list[dict[str, str]], file: str) -> list[Problem]:
    """How often the reckoning for the living gives the time that is stated for the dead."""
    stated = [row for row in rows if row.get("Time to Death (days)")]
    living = sum(row.get("Survival Status", "").lower() == "alive" for row in rows)
    agree = 0
    for row in stated:
        try:
            days, _ = survival({**row, "Time to Death (days)": ""})
        except ValueError:
            continue
        agree += days == row["Time to Death (days)"]
    if not living or not stated:
        return []
    what = (
        f"os_days of the {living} living patients is reckoned: last day known alive - CT date - "
        "days between CT and surgery. For the dead, the same reckoning gives the stated time in "
        f"{agree} of {len(stated)}."
    )
    remedy = "Check the dates of a patient before its time is relied on."
    return [Problem(file, None, "os_days", what, remedy, "warning")]


def _value(cell: str) -> str:
    text = cell.strip()
    return "" if text.lower() in _MISSING else text


def _patient(row: dict[str, str]) -> dict[str, str]:
    places = [
        match[1]
        for name, cell in row.items()
        if (match := _LOCATION.fullmatch(name)) and cell == "Checked" and match[1] != "Unknown"
    ]
    known = {
        _COLUMNS.get(name, name): cell for name, cell in row.items() if not _LOCATION.match(name)
    }
    return {**known, "location": " + ".join(places)}


def survival(row: dict[str, str]) -> tuple[str, str]:
    """Days from the operation and whether the patient died, as texts.

    Parameters
    ----------
    row : dict
        Cells by stripped header; missing ones are ``""``.

    Returns
    -------
    days, event : str
        ``""`` where unknown.

    Raises
    ------
    ValueError
        If a date cannot be read, or an end lies before the operation.
    """
    status = row.get("Survival Status", "").lower()
    if status not in ("dead", "alive"):
        return "", ""
    if status == "dead" and row.get("Time to Death (days)"):
        return row["Time to Death (days)"], "1"
    end = row.get("Date of Death") if status == "dead" else row.get("Date of Last Known Alive")
    scan, gap = row.get("CT Date", ""), row.get("Days between CT and surgery", "")
    if not (end and scan and gap):
        return "", ""
    days = (_day(end) - _day(scan)).days - int(gap)
    if days < 0:
        raise ValueError(f"The follow-up ends {-days} days before the operation.")
    return str(days), "1" if status == "dead" else "0"


def _day(text: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no date.')
    month, day, year = (int(part) for part in match.groups())
    return date(year, month, day)
