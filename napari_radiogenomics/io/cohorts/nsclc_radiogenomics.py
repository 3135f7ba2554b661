"""NSCLC-Radiogenomics of TCIA (doi 10.7937/K9/TCIA.2017.7hs46erv) and GEO GSE103584.

Tables: the clinical CSV, the series matrix of GEO (it links identifiers, it holds no
expression), the RNA table, the manifest of the Imaging Data Commons, AIM annotations. Scans
are DICOM series in folders whose path holds the patient: ``R01-001`` or ``AMC-001``.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from napari_radiogenomics.data.cohort import ExpressionRef
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table, table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohorts._aim import AIM_SUFFIX, read_aim
from napari_radiogenomics.io.cohorts._geo import read_series_matrix
from napari_radiogenomics.io.cohorts._nsclc_clinical import clinical_patients
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_header, read_table
from napari_radiogenomics.io.tree import find_first, walk

__all__ = ["LAYOUT"]

_NAMED = re.compile(r"NSCLCR01Radiogenomic.*\.csv|GSE103584_.*\.txt(\.gz)?", re.IGNORECASE)
_MATRIX = re.compile(r"GSE103584.*series_matrix\.txt(\.gz)?", re.IGNORECASE)
_RNA = re.compile(r"GSE103584_.*RNA.*\.txt(\.gz)?", re.IGNORECASE)
_PATIENT = re.compile(r"(?<![A-Za-z0-9])(R01|AMC)-\d{3}(?!\d)")
_UID = re.compile(r"\d+(?:\.\d+){5,}")
_MANIFEST = {"PatientID", "SeriesInstanceUID"}
# Segmentations by a program, published later as their own data set.
_DERIVED = "10.5281/zenodo.10081112"
_SEGMENTATION = re.compile(r"(^|[^a-z])(seg|segmentation)([^a-z]|$)", re.IGNORECASE)


def _recognizes(path: Path) -> str:
    return find_first(path, _NAMED)


def _read(path: Path, options: LayoutOptions) -> Draft:
    root = path if path.is_dir() else path.parent
    draft = Draft(root, "NSCLC-Radiogenomics", "Non-small cell lung cancer: CT, PET, RNA")
    annotations: list[dict[str, str]] = []
    series: list[dict[str, str]] = []
    manifest: Table | None = None
    for folder, files in options.progress(walk(root), "Folders"):
        if any(name.lower().endswith(".dcm") for name in files):
            series += _series(folder)
        for name in files:
            place = f"{folder}/{name}" if folder else name
            if name.lower().endswith(AIM_SUFFIX):
                annotations += _annotation(root, place, draft)
            elif _MATRIX.fullmatch(name):
                _add_matrix(root, place, draft)
            elif _RNA.fullmatch(name):
                draft.expression.append(
                    ExpressionRef("rna", root / place, "FPKM", "symbol", "genes")
                )
            elif name.lower().endswith(".csv"):
                manifest = _add_csv(root, place, draft) or manifest
    _add_annotations(annotations, draft)
    _add_series(series, manifest, draft)
    return draft


def _header(path: Path) -> set[str]:
    try:
        return {cell.strip() for cell in read_header(path)}
    except InputError:
        return set()


def _add_csv(root: Path, place: str, draft: Draft) -> Table | None:
    """Read the clinical table into the draft, or answer the manifest."""
    header = _header(root / place)
    clinical = bool({"Patient ID", "Case ID"} & header) and "Survival Status" in header
    if not clinical and not header >= _MANIFEST:
        return None
    try:
        table, problems = read_table(root / place, file=place)
    except InputError as error:
        draft.problems.append(problem_of(error, place))
        return None
    draft.problems += problems
    if not clinical:
        return table
    if "patients" in draft.tables:
        what = f"{draft.tables['patients'].file} is the clinical table already; it is not used."
        draft.problems.append(Problem(place, None, "", what, "Remove one.", "warning"))
        return None
    draft.tables["patients"], found = clinical_patients(table)
    draft.problems += found
    return None


def _add_matrix(root: Path, place: str, draft: Draft) -> None:
    """Samples and aliases from the series matrix."""
    try:
        records = read_series_matrix(root / place)
    except InputError as error:
        draft.problems.append(problem_of(error, place))
        return
    aliases = [
        {"patient_id": record["title"], "system": "GEO", "alias": record["geo_accession"]}
        for record in records
    ]
    samples = [
        {
            "sample_id": record["geo_accession"],
            "patient_id": record["title"],
            "kind": "bulk",
            "expression_column": record["title"],
            "precision": "tumour",
            "histology": record.get("histology", ""),
        }
        for record in records
    ]
    draft.tables["aliases"] = table_of(aliases, place, TABLES["aliases"].names)
    draft.tables["samples"] = table_of(samples, place, TABLES["samples"].names)


def _annotation(root: Path, place: str, draft: Draft) -> list[dict[str, str]]:
    try:
        return [read_aim(root / place)]
    except InputError as error:
        draft.problems.append(problem_of(error, place))
        return []


def _add_annotations(annotations: list[dict[str, str]], draft: Draft) -> None:
    """Findings of the radiologist become columns of the patients."""
    if not annotations:
        return
    found = {record["patient_id"]: record for record in annotations}
    names = dict.fromkeys(name for record in annotations for name in record)
    patients = draft.tables.get("patients") or table_of(
        [{"patient_id": patient} for patient in found], "(found annotations)", []
    )
    known = patients.texts("patient_id")
    for patient in set(found) - set(known):
        what = f'The annotation is of patient "{patient}", who is not in {patients.file}.'
        place = found[patient]["aim_file"]
        draft.problems.append(Problem(place, None, "", what, "Check the pair.", "warning"))
    columns = {
        name: [found.get(patient, {}).get(name, "") for patient in known]
        for name in names
        if name != "patient_id"
    }
    draft.tables["patients"] = patients.with_frame(patients.frame.assign(**columns))


def _series(folder: str) -> list[dict[str, str]]:
    """Row of a folder with DICOM files, where its path names a patient."""
    patient = _PATIENT.search(folder)
    if patient is None:
        return []
    name = folder.rsplit("/", 1)[-1]
    uids = _UID.findall(folder)
    prefix = re.match(r"(CT|PT|SEG|MR)_", name)
    segmented = bool(_SEGMENTATION.search(name))
    modality = "SEG" if segmented else prefix[1] if prefix else ""
    return [
        {
            "patient_id": patient[0],
            "path": folder,
            "modality": modality,
            "series_uid": uids[-1] if uids else "",
            "study_uid": uids[-2] if len(uids) > 1 else "",
            "study": folder.rsplit("/", 1)[0],
        }
    ]


def _add_series(series: list[dict[str, str]], manifest: Table | None, draft: Draft) -> None:
    """Series on disk, and those of the manifest that are not at hand."""
    listed = _listed(manifest) if manifest is not None else []
    by_uid = {row["series_uid"]: row for row in listed}
    for row in series:
        known = by_uid.pop(row["series_uid"], {})
        row.update({key: cell for key, cell in known.items() if cell and not row.get(key)})
        if known.get("derived"):
            row["modality"] = "SEG"
    scans = [_scan(row) for row in series if row["modality"] != "SEG"]
    masks = [mask for row in series if row["modality"] == "SEG"
             for mask in _mask(row, scans, draft)]  # fmt: skip
    away = [_scan(row) for row in by_uid.values() if not row["derived"]]
    if by_uid and manifest is not None:
        what = f"{len(by_uid)} of its {len(listed)} series are not on disk; they cannot be opened."
        remedy = "Download them into folders named by patient, study and series, as idc-index does."
        draft.problems.append(Problem(manifest.file, None, "", what, remedy, "note"))
    derived = [row for row in by_uid.values() if row["derived"]]
    if derived and manifest is not None:
        draft.problems.append(_left_out(derived, manifest))
    for name, records in (("scans", scans + away), ("segmentations", masks)):
        draft.tables[name] = table_of(records, f"(found {name})", TABLES[name].names)


def _left_out(derived: list[dict[str, str]], manifest: Table) -> Problem:
    """Say which series of the manifest are no scans, with counts by kind."""
    kinds = Counter(row["kind"] for row in derived)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    what = (
        f"{len(derived)} of its series are derived results (doi {_DERIVED}), not scans, and not "
        f"on disk; they are left out: {counts}."
    )
    remedy = "Download them to open them as segmentations."
    return Problem(manifest.file, None, "", what, remedy, "note")


def _listed(manifest: Table) -> list[dict[str, str]]:
    columns = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "source_DOI", "Modality")
    cells = zip(*(manifest.texts(name) for name in columns), strict=True)
    return [
        {
            "patient_id": patient,
            "study_uid": study,
            "series_uid": uid,
            "derived": "yes" if doi == _DERIVED else "",
            "kind": kind or "of a kind that the manifest does not tell",
        }
        for patient, study, uid, doi, kind in cells
    ]


def _scan(row: dict[str, str]) -> dict[str, str]:
    name = row["series_uid"] or row["path"]
    return {
        "scan_id": name,
        "patient_id": row["patient_id"],
        "modality": row.get("modality", ""),
        "role": row.get("modality", ""),
        "path": row.get("path", ""),
        "unit": "HU" if row.get("modality") == "CT" else "",
        "series_uid": row["series_uid"],
        "study_uid": row.get("study_uid", ""),
        "study": row.get("study", ""),
    }


def _mask(row: dict[str, str], scans: list[dict[str, str]], draft: Draft) -> list[dict[str, str]]:
    """Row of a segmentation, with a scan of its study."""
    same = [scan for scan in scans if scan["study"] == row["study"] and scan["modality"] != "PT"]
    if not same:
        what = f"A segmentation of {row['patient_id']} without a scan in its study; it is left out."
        draft.problems.append(Problem(row["path"], None, "", what, "Download its CT too."))
        return []
    scan = next((scan for scan in same if scan["modality"] == "CT"), same[0])
    if len(same) > 1:
        what = f"Its study has {len(same)} series; {scan['path']} is taken as its scan."
        remedy = "The SEG itself names its series."
        draft.problems.append(Problem(row["path"], None, "scan_id", what, remedy, "note"))
    source = "auto" if row.get("derived") else "expert"
    return [
        {
            "segmentation_id": row["series_uid"] or row["path"],
            "scan_id": scan["scan_id"],
            "path": row["path"],
            "source": source,
        }
    ]


LAYOUT = Layout(
    name="nsclc-radiogenomics",
    title="NSCLC-Radiogenomics",
    recognizes=_recognizes,
    read=_read,
    rank=5,
)
