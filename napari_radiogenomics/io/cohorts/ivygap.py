"""Ivy Glioblastoma Atlas (doi 10.1126/science.aaf2666): RNA-seq folder or ISH table, no scans.

Names nest: tumor ``W1-1-2``, block ``W1-1-2-D.2``, specimen ``W1-1-2-D.2.01``; the patient is
the W number. Samples are known by their structure: precision "region". Clusters picked by the
expression of a marker are no anatomic truth. ``survival_days`` has no event flag and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_radiogenomics.data.cohort import ExpressionRef
from napari_radiogenomics.data.precision import Precision
from napari_radiogenomics.data.problems import Problem, problem_of
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table, table_of
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression_formats.ivygap import read_samples
from napari_radiogenomics.io.expression_formats.ivygap_ish import LAYOUT as ISH
from napari_radiogenomics.io.expression_formats.ivygap_ish import sample_facts
from napari_radiogenomics.io.layout import Draft, Layout, LayoutOptions
from napari_radiogenomics.io.tables import read_table

__all__ = ["LAYOUT"]

_RNA = ("fpkm_table.csv", "columns-samples.csv", "rows-genes.csv")
_ISH_NAME = "ivygap_ish*.csv*"
# Facts of the donor in the ISH table, by the words that other cohorts share.
_CLINICAL = {
    "age_in_years": "age", "molecular_subtype": "molecular_subtype", "surgery": "surgery",
    "extent_of_resection": "extent_of_resection", "mgmt_methylation": "MGMT methylation",
    "egfr_amplification": "EGFR amplification", "initial_kps": "KPS",
}  # fmt: skip


def _recognizes(path: Path) -> str:
    if path.is_file():
        return path.name if ISH.reads(path) else ""
    if all((path / name).is_file() for name in _RNA):
        return _RNA[0]
    tables = [file for file in sorted(path.glob(_ISH_NAME)) if ISH.reads(file)]
    return tables[0].name if tables else ""


def _read(path: Path, options: LayoutOptions) -> Draft:
    root = path if path.is_dir() else path.parent
    draft = Draft(root, "Ivy Glioblastoma Atlas", "Gene expression by anatomic structure")
    files = [path] if path.is_file() else sorted(root.glob(_ISH_NAME))
    steps: list[Path] = [root] if all((root / name).is_file() for name in _RNA) else []
    steps += [file for file in files if ISH.reads(file)]
    patients: dict[str, dict[str, Any]] = {}
    samples: list[dict[str, Any]] = []
    for step in options.progress(steps, "Tables"):
        try:
            found = _rna(step, draft) if step.is_dir() else _ish(step, draft, patients)
        except InputError as error:
            draft.problems.append(problem_of(error, step.name))
            continue
        samples += [_sample(name, facts) for name, facts in found.items()]
    for sample in samples:
        patients.setdefault(sample["patient_id"], {"patient_id": sample["patient_id"]})
    draft.tables["samples"] = table_of(samples, "(found samples)", TABLES["samples"].names)
    draft.tables["patients"] = table_of(list(patients.values()), "(found donors)", ["patient_id"])
    return draft


def _rna(folder: Path, draft: Draft) -> Mapping[str, Mapping[str, Any]]:
    draft.expression.append(ExpressionRef("rna", folder, "FPKM", "symbol", "genes"))
    return read_samples(folder)


def _ish(path: Path, draft: Draft, patients: dict[str, dict[str, Any]]) -> Mapping[str, Any]:
    unit = "ISH expression energy"
    draft.expression.append(ExpressionRef("ish", path, unit, "symbol", "samples"))
    table, problems = read_table(path, file=path.name)
    draft.problems += problems
    for row in table.frame.to_dict("records"):
        patient = str(row["tumor_name"]).partition("-")[0]
        own = patients.setdefault(patient, {"patient_id": patient})
        for column, name in _CLINICAL.items():
            cell = str(row.get(column, "")).strip().removesuffix(" yrs")
            if own.setdefault(name, cell) == "":
                own[name] = cell
    draft.problems += _notes(table)
    return sample_facts(table.frame)


def _notes(table: Table) -> list[Problem]:
    what = "survival_days has no event flag: it is not read, and no survival is offered on it."
    energy = "Energies are averaged over the blocks of each tumor and structure."
    return [
        Problem(table.file, None, "survival_days", what, "", "note"),
        Problem(table.file, None, "", energy, "", "note"),
    ]


def _sample(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    by_place = facts["selected_by"] == "histology"
    return {
        "sample_id": name,
        "patient_id": facts["patient_id"],
        "kind": "LMD" if "specimen" in facts else "",
        "structure": facts["structure"],
        "selected_by": facts["selected_by"],
        "expression_column": name,
        "precision": (Precision.REGION if by_place else Precision.TUMOUR).value,
        "tumor": facts["tumor"],
        "specimen": facts.get("specimen", ""),
    }


LAYOUT = Layout(
    name="ivygap",
    title="Ivy Glioblastoma Atlas",
    recognizes=_recognizes,
    read=_read,
    rank=4,
)
