"""UCSF-PDGM, version 5: preoperative diffuse glioma MR (doi 10.7937/tcia.bdgf-8v37).

Facts: the table writes ``UCSF-PDGM-004``, the folder ``UCSF-PDGM-0004_nifti``; they are joined
on the number. ``_FU003d`` marks a follow-up after that many days. ``unknown`` is missing. IDH
is free text in which everything but ``wildtype`` is mutant.
"""

from __future__ import annotations

import re
from pathlib import Path

from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.segmentation import Label
from napari_radiogenomics.data.table import Table, table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._names import (
    IMAGE_SUFFIX,
    brats_labels,
    modality_of,
    reference_scan,
    role_of,
)
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.tree import find_first, walk

__all__ = ["LAYOUT"]

_ID = r"UCSF-PDGM-(?P<number>\d+)(?:_FU(?P<days>\d+)d)?"
_PATIENT = re.compile(_ID)
_FILE = re.compile(_ID + r"_(?P<what>\w+)\.nii(\.gz)?")
_TABLE = re.compile(r"UCSF-PDGM-metadata.*\.csv", re.IGNORECASE)
_MISSING = {"unknown", "not available", "na", "n/a", ""}
_COLUMNS = {
    "Sex": "sex",
    "Age at MRI": "age",
    "WHO CNS Grade": "grade",
    "OS": "os_days",
    "1-dead 0-alive": "os_event",
}
_ALIASES = {"BraTS21 ID": "BraTS_2021"}


def _recognizes(path: Path) -> str:
    if path.is_file():
        return path.name if _TABLE.fullmatch(path.name) else ""
    return find_first(path, _TABLE, depth=1) or find_first(path, _FILE)


def _identity(match: re.Match[str]) -> tuple[str, str]:
    """Patient with four digits, and timepoint: ``""`` before the operation, else ``FU003d``."""
    patient = f"UCSF-PDGM-{int(match['number']):04d}"
    return patient, f"FU{int(match['days']):03d}d" if match["days"] else ""


def _read(path: Path, options: LayoutOptions) -> Draft:
    root = path if path.is_dir() else path.parent
    draft = Draft(root, "UCSF-PDGM", "Preoperative diffuse glioma MR")
    files: dict[tuple[str, str], dict[str, str]] = {}
    tables = [path.name] if path.is_file() else []
    for folder, names in options.progress(walk(root), "Folders"):
        for name in names:
            place = f"{folder}/{name}" if folder else name
            match = _FILE.fullmatch(name)
            if match:
                files.setdefault(_identity(match), {})[match["what"]] = place
            elif _TABLE.fullmatch(name) and place not in tables:
                tables.append(place)
            elif IMAGE_SUFFIX.search(name):
                what = "Its name is not one of UCSF-PDGM; it is not used."
                remedy = "Expected UCSF-PDGM-0004_T1.nii.gz and the like."
                draft.problems.append(Problem(place, None, "", what, remedy, "warning"))
    clinical = _clinical(root, tables, draft)
    _fill(draft, files, clinical)
    return draft


def _clinical(root: Path, tables: list[str], draft: Draft) -> Table | None:
    for place in tables[:1]:
        try:
            table, problems = read_table(root / place, file=place)
        except InputError as error:
            draft.problems.append(problem_of(error, place))
            return None
        draft.problems += problems
        if "ID" in table.frame:
            return table
        what = 'The column "ID" is missing; the clinical data are not used.'
        draft.problems.append(Problem(place, 1, "ID", what, "Add it."))
    return None


def _fill(
    draft: Draft, files: dict[tuple[str, str], dict[str, str]], clinical: Table | None
) -> None:
    scans: list[dict[str, str]] = []
    masks: list[dict[str, str]] = []
    for (patient, time), own in sorted(files.items()):
        found = [_scan(patient, time, what, own[what]) for what in sorted(own)
                 if not what.endswith("_segmentation")]  # fmt: skip
        scans += found
        masks += _masks(patient, time, own, found, draft)
    visits = dict.fromkeys(files)
    if clinical is not None:
        visits |= dict.fromkeys(_patients_and_aliases(draft, clinical))
    else:
        patients = dict.fromkeys(patient for patient, _ in sorted(files))
        records = [{"patient_id": patient, "site": "UCSF"} for patient in patients]
        draft.tables["patients"] = table_of(records, "(found patients)", [])
    followed = {patient for patient, time in visits if time}
    times = [
        {"patient_id": patient, "timepoint": time or "baseline", "days": time[2:-1] or "0"}
        for patient, time in sorted(visits)
        if patient in followed
    ]
    for row in scans:
        if row["patient_id"] in followed:
            row["timepoint"] = row["timepoint"] or "baseline"
    for name, records in (("timepoints", times), ("scans", scans), ("segmentations", masks)):
        draft.tables[name] = table_of(records, f"(found {name})", TABLES[name].names)


def _scan(patient: str, time: str, what: str, place: str) -> dict[str, str]:
    role = role_of(what)
    frame = "_".join(filter(None, (patient, time)))
    return {
        "scan_id": f"{frame}_{role}",
        "patient_id": patient,
        "timepoint": time,
        "modality": modality_of(role) or "MR",
        "role": role,
        "path": place,
        "frame": frame,
    }


def _masks(
    patient: str, time: str, own: dict[str, str], scans: list[dict[str, str]], draft: Draft
) -> list[dict[str, str]]:
    found = []
    for what in sorted(own, reverse=True):  # the tumour before the brain
        if not what.endswith("_segmentation"):
            continue
        if not scans:
            fact = "There is no scan beside the segmentation; it is left out."
            draft.problems.append(Problem(own[what], None, "", fact, "Copy its scans there."))
            continue
        scan = scans[reference_scan([scan["role"] for scan in scans])]
        identity = "_".join(filter(None, (patient, time, what)))
        source = "corrected" if what == "tumor_segmentation" else "auto"
        found.append(
            {
                "segmentation_id": identity,
                "scan_id": scan["scan_id"],
                "path": own[what],
                "source": source,
            }
        )
    return found


def _patients_and_aliases(draft: Draft, clinical: Table) -> list[tuple[str, str]]:
    """Fill patients and aliases from the first visit of each; answer all visits."""
    records, rows, aliases, visits = [], [], [], []
    for at, record in enumerate(clinical.frame.to_dict("records")):
        match = _PATIENT.fullmatch(record["ID"].strip())
        if match is None:
            what = f'"{record["ID"]}" is not an ID of UCSF-PDGM; the row is left out.'
            remedy = "Expected UCSF-PDGM-004 or UCSF-PDGM-429_FU003d."
            draft.problems.append(clinical.problem(at, "ID", what, remedy))
            continue
        patient, time = _identity(match)
        visits.append((patient, time))
        if time:
            continue
        records.append(_patient(patient, record))
        rows.append(at)
        names = {"UCSF-PDGM table": record["ID"].strip()}
        names |= {system: record.get(column, "").strip() for column, system in _ALIASES.items()}
        aliases += [
            {"patient_id": patient, "system": system, "alias": name}
            for system, name in names.items()
            if name.lower() not in _MISSING and name != patient
        ]
    found = table_of(records, clinical.file, ["patient_id", "site"])
    draft.tables["patients"] = Table(found.frame, clinical.rows[rows], clinical.file)
    draft.tables["aliases"] = table_of(aliases, clinical.file, TABLES["aliases"].names)
    return visits


def _patient(patient: str, record: dict[str, str]) -> dict[str, str]:
    values = {name: _COLUMNS.get(name, name) for name in record if name != "ID"}
    row = {"patient_id": patient, "site": "UCSF"}
    for name, column in values.items():
        text = record[name].strip()
        row[column] = "" if text.lower() in _MISSING else text
    idh = row.get("IDH", "")
    row["idh"] = idh and ("wildtype" if idh.lower() == "wildtype" else "mutant")
    return row


def _labels(present: tuple[int, ...]) -> tuple[Label, ...]:
    """Names of the tumour's values; a brain mask has the value 1 only, and no name follows."""
    return brats_labels(present) if set(present) - {1} else ()


LAYOUT = Layout(
    name="ucsf-pdgm",
    title="UCSF-PDGM",
    recognizes=_recognizes,
    read=_read,
    labels=_labels,
    rank=5,
)
