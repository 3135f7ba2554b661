"""Study folder of cBioPortal: clinical tables, expression and mutations, no scans.

Its clinical tables have four lines with ``#`` before the header. Samples are of the tumor.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from napari_radiogenomics.data.cohort import ExpressionRef, VariantsRef
from napari_radiogenomics.data.precision import Precision
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_formats.cbioportal import read_meta
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.text import decode, read_bytes

__all__ = ["LAYOUT"]

_META = "meta_study.txt"
_COLUMNS = {
    "PATIENT_ID": "patient_id", "SAMPLE_ID": "sample_id", "AGE": "age", "SEX": "sex",
    "CENTER": "site", "TUMOR_STAGE": "stage", "GRADE": "grade",
}  # fmt: skip
_MISSING = {"", "na", "n/a", "[not available]", "[not applicable]", "[unknown]", "unknown"}
# Survival is given in months of a year's twelfth.
_DAYS_A_MONTH = 365.25 / 12


def _recognizes(path: Path) -> str:
    return _META if path.is_dir() and (path / _META).is_file() else ""


def _read(path: Path, options: LayoutOptions) -> Draft:
    study = read_meta(path / _META)
    draft = Draft(path, study.get("name") or path.name, study.get("description", ""))
    patients: dict[str, dict[str, str]] = {}
    samples: dict[str, dict[str, str]] = {}
    for file in options.progress(sorted(path.glob("data_clinical*.txt")), "Tables"):
        _add_clinical(file, patients, samples, draft)
    for sample in samples.values():
        patients.setdefault(sample["patient_id"], {"patient_id": sample["patient_id"]})
    draft.tables["patients"] = table_of(
        [_survival(row, draft) for row in patients.values()], "data_clinical_patient.txt",
        TABLES["patients"].names,
    )  # fmt: skip
    draft.tables["samples"] = table_of(
        list(samples.values()), "data_clinical_sample.txt", TABLES["samples"].names
    )
    metas = [read_meta(meta) for meta in sorted(path.glob("meta_*.txt"))]
    for meta in metas:
        _add_table(path, meta, draft)
    return draft


def _add_table(path: Path, meta: dict[str, str], draft: Draft) -> None:
    """Reference to a table that a meta file names."""
    name = meta.get("data_filename", "")
    kind = meta.get("genetic_alteration_type", "")
    identity = meta.get("stable_id") or Path(name).stem
    if kind not in ("MRNA_EXPRESSION", "MUTATION_EXTENDED"):
        return
    if not (name and (path / name).is_file()):
        what = f"{name or 'A table'} ({kind}) is not in the folder."
        draft.problems.append(Problem(_META, None, "", what, "Download the whole study.", "note"))
    elif kind == "MUTATION_EXTENDED":
        draft.variants.append(VariantsRef(identity, path / name))
    else:
        z = meta.get("datatype") == "Z-SCORE"
        reference = ExpressionRef(identity, path / name, "z" if z else "", "symbol", "genes")
        # The table of values comes before those of z-scores made from it.
        place = len(draft.expression) if z else 0
        draft.expression.insert(place, reference)


def _add_clinical(
    file: Path,
    patients: dict[str, dict[str, str]],
    samples: dict[str, dict[str, str]],
    draft: Draft,
) -> None:
    """Rows of a clinical table: of samples where it has a SAMPLE_ID, else of patients."""
    try:
        rows = _rows(file)
    except InputError as error:
        draft.problems.append(problem_of(error, file.name))
        return
    for row in rows:
        if "sample_id" in row:
            own = {**row, "kind": "bulk", "precision": Precision.TUMOUR.value,
                   "expression_column": row["sample_id"]}  # fmt: skip
            samples[row["sample_id"]] = own
        else:
            patients.setdefault(row["patient_id"], {}).update(row)


def _rows(file: Path) -> list[dict[str, str]]:
    text, _ = decode(read_bytes(file), file.name)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t")
    names = reader.fieldnames or []
    if "PATIENT_ID" not in names:
        raise InputError(f"{file.name} has no column PATIENT_ID. Download the study again.")
    return [
        {
            _COLUMNS.get(name, name): "" if cell.strip().lower() in _MISSING else cell.strip()
            for name, cell in row.items()
            if name and isinstance(cell, str)
        }
        for row in reader
    ]


def _survival(row: dict[str, str], draft: Draft) -> dict[str, str]:
    """Days and event of the overall survival, from months and ``1:DECEASED``."""
    months, status = row.get("OS_MONTHS", ""), row.get("OS_STATUS", "")
    if not (months and status):
        return row
    event = "1" if re.match(r"1|dec|dead", status, re.IGNORECASE) else "0"
    try:
        return {**row, "os_days": f"{float(months) * _DAYS_A_MONTH:.0f}", "os_event": event}
    except ValueError:
        what = f'"{months}" is no number of months; the survival is taken as missing.'
        draft.problems.append(
            Problem("data_clinical_patient.txt", None, "OS_MONTHS", what, "Correct it.",
                    "warning", row["patient_id"])
        )  # fmt: skip
        return row


LAYOUT = Layout(
    name="cbioportal", title="cBioPortal study folder", recognizes=_recognizes, read=_read, rank=3
)
