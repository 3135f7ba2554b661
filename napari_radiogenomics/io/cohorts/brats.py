"""BraTS-TCGA-GBM and -LGG, and the folders of the BraTS challenges.

Facts: `TCGA-02-0006/TCGA-02-0006_1996.08.23_{t1,t1Gd,t2,flair}.nii.gz` with
``_GlistrBoost`` and sometimes ``_GlistrBoost_ManuallyCorrected`` labels (doi
10.1038/sdata.2017.117); the challenges use ``_seg`` and other names for the same sequences.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from pathlib import Path

from napari_radiogenomics.data.cohort import FeaturesRef
from napari_radiogenomics.data.ids import tcga_patient
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._names import (
    IMAGE_SUFFIX,
    brats_labels,
    reference_scan,
    role_of,
)
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.tree import find_first, walk

__all__ = ["LAYOUT"]

_FILE = re.compile(
    r"(?P<patient>TCGA-\w{2}-\w{4}|BraTS[\w-]*?)"
    r"(?:_(?P<date>\d{4}\.\d{2}\.\d{2}))?"
    r"[_-](?P<what>t1gd|t1ce|t1c|t1n|t1|t2w|t2f|t2|flair|seg"
    r"|GlistrBoost|GlistrBoost_ManuallyCorrected)\.nii(\.gz)?",
    re.IGNORECASE,
)
_FEATURES = re.compile(r"(TCGA_)?\w*radiomicFeatures\.csv", re.IGNORECASE)
_MAPPING = "name_mapping.csv"
# Better sources first: one segmentation a visit is used.
_SOURCES = {"glistrboost_manuallycorrected": "corrected", "seg": "expert", "glistrboost": "auto"}


def _recognizes(path: Path) -> str:
    if path.is_file():
        return path.name if path.name == _MAPPING or _FEATURES.fullmatch(path.name) else ""
    return find_first(path, _FILE)


def _read(path: Path, options: LayoutOptions) -> Draft:
    root = path if path.is_dir() else path.parent
    draft = Draft(root, root.resolve().name, "BraTS: preoperative MR of gliomas")
    visits: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    tables = []
    for folder, files in options.progress(walk(root), "Folders"):
        for name in files:
            place = f"{folder}/{name}" if folder else name
            match = _FILE.fullmatch(name)
            if match:
                visit = visits[match["patient"], match["date"] or ""]
                _add_file(visit, match["what"].lower(), place, draft)
            elif name == _MAPPING or _FEATURES.fullmatch(name):
                tables.append(place)
            elif IMAGE_SUFFIX.search(name):
                what = "Its name is not one of BraTS; it is not used."
                remedy = "Expected PATIENT_{t1,t1Gd,t2,flair,seg}.nii.gz."
                draft.problems.append(Problem(place, None, "", what, remedy, "warning"))
    _fill(draft, visits)
    for place in tables:
        _add_table(root / place, place, {patient for patient, _ in visits}, draft)
    return draft


def _add_file(visit: dict[str, str], what: str, place: str, draft: Draft) -> None:
    """Remember a file by its role; a second one of the same role is reported."""
    if what in visit:
        fact = f"Another file of the same visit and kind is used: {visit[what]}."
        draft.problems.append(Problem(place, None, "", fact, "Remove one.", "warning"))
        return
    visit[what] = place


def _fill(draft: Draft, visits: dict[tuple[str, str], dict[str, str]]) -> None:
    dates: dict[str, list[str]] = defaultdict(list)
    for patient, day in sorted(visits):
        dates[patient].append(day)
    patients = [{"patient_id": patient, "site": _site(patient)} for patient in dates]
    times = [
        {"patient_id": patient, "timepoint": day, "days": _days(days[0], day)}
        for patient, days in dates.items()
        for day in days
        if day
    ]
    scans: list[dict[str, str]] = []
    segmentations: list[dict[str, str]] = []
    for (patient, day), files in sorted(visits.items()):
        own = [_scan(patient, day, what, place) for what, place in files.items()
               if what not in _SOURCES]  # fmt: skip
        scans += own
        segmentations += _segmentation(patient, day, files, own, draft)
    for name, records in (
        ("patients", patients),
        ("timepoints", times),
        ("scans", scans),
        ("segmentations", segmentations),
    ):
        draft.tables[name] = table_of(records, f"(found {name})", TABLES[name].names)


def _site(patient: str) -> str:
    """Tissue source site: the two characters after ``TCGA-``."""
    return patient[5:7] if patient.startswith("TCGA-") else ""


def _days(first: str, day: str) -> str:
    begin, end = (date(*map(int, text.split("."))) for text in (first, day))
    return str((end - begin).days)


def _scan(patient: str, day: str, what: str, place: str) -> dict[str, str]:
    role = role_of(what)
    frame = "_".join(filter(None, (patient, day)))
    return {
        "scan_id": f"{frame}_{role}",
        "patient_id": patient,
        "timepoint": day,
        "modality": "MR",
        "role": role,
        "path": place,
        "frame": frame,
    }


def _segmentation(
    patient: str, day: str, files: dict[str, str], scans: list[dict[str, str]], draft: Draft
) -> list[dict[str, str]]:
    """The best segmentation of a visit; the others are named."""
    kinds = [kind for kind in _SOURCES if kind in files]
    if not kinds:
        return []
    best, *others = kinds
    if not scans:
        what = "There is no scan beside the segmentation; it is left out."
        draft.problems.append(Problem(files[best], None, "", what, "Copy its scans there."))
        return []
    for kind in others:
        what = f"{files[best].rsplit('/', 1)[-1]} is used in its place."
        draft.problems.append(Problem(files[kind], None, "", what, "", "note"))
    scan = scans[reference_scan([scan["role"] for scan in scans])]
    identity = "_".join(filter(None, (patient, day, "tumour")))
    return [
        {
            "segmentation_id": identity,
            "scan_id": scan["scan_id"],
            "path": files[best],
            "source": _SOURCES[best],
        }
    ]


def _add_table(path: Path, file: str, patients: set[str], draft: Draft) -> None:
    try:
        table, problems = read_table(path, file=file)
    except InputError as error:
        draft.problems.append(problem_of(error, file))
        return
    draft.problems += problems
    if path.name == _MAPPING:
        _add_aliases(table.frame.to_dict("records"), file, patients, draft)
        return
    if "ID" not in table.frame:
        what = 'The column "ID" is missing; the features are not used.'
        draft.problems.append(Problem(file, 1, "ID", what, "Add it."))
        return
    for at, text in enumerate(table.texts("ID")):
        if tcga_patient(text) not in patients:
            what = f'"{text}" has features but no images here.'
            draft.problems.append(table.problem(at, "ID", what, "", "note"))
    draft.features.append(FeaturesRef(path.stem, path, "ID"))


def _add_aliases(
    records: list[dict[str, str]], file: str, patients: set[str], draft: Draft
) -> None:
    """Every other name of a patient that is here, and its grade."""
    aliases, grades = [], {}
    for record in records:
        names = {
            system.removesuffix("_subject_ID"): name.strip()
            for system, name in record.items()
            if system.endswith("_subject_ID") and name.strip() not in ("", "NA")
        }
        owner = next((name for name in names.values() if name in patients), "")
        if not owner:
            continue
        grades[owner] = record.get("Grade", "")
        aliases += [
            {"patient_id": owner, "system": system, "alias": name}
            for system, name in names.items()
            if name != owner
        ]
    draft.tables["aliases"] = table_of(aliases, file, TABLES["aliases"].names)
    table = draft.tables["patients"]
    known = [grades.get(patient, "") for patient in table.texts("patient_id")]
    draft.tables["patients"] = table.with_frame(table.frame.assign(grade=known))


LAYOUT = Layout(
    name="brats",
    title="BraTS-TCGA and BraTS challenges",
    recognizes=_recognizes,
    read=_read,
    labels=brats_labels,
    rank=5,
)
