"""Check the keys by which the tables of a cohort point at each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

import numpy as np

from napari_radiogenomics.data.ids import canonical_id
from napari_radiogenomics.data.problems import Level, Problem
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table, table_of

__all__ = ["relate"]

# Similar names are looked for among so many at most; it costs time for each wrong cell.
_MOST_COMPARED = 2000
_MOST_SUGGESTED = 50


def relate(tables: Mapping[str, Table]) -> tuple[dict[str, Table], list[Problem]]:
    """Follow every key: rows that point nowhere are left out with an error that names them.

    Parameters
    ----------
    tables : mapping of str to Table
        Conformed tables by name, all of `schema.TABLES`.

    Returns
    -------
    tables : dict of str to Table
        With rows that point nowhere left out, and patients made where there is no table.
    problems : list of Problem
        All of them.
    """
    tables = dict(tables)
    problems: list[Problem] = []
    _make_patients(tables, problems)
    _check_aliases(tables, problems)
    for name in ("timepoints", "scans", "samples", "slides"):
        tables[name] = _to_patients(tables[name], tables, problems)
    for name, column, target, needed in (
        ("segmentations", "scan_id", "scans", True),
        ("labels", "segmentation_id", "segmentations", False),
        ("slides", "sample_id", "samples", False),
    ):
        tables[name] = _follow(tables[name], column, tables[target], target, needed, problems)
    for name in ("scans", "samples", "slides"):
        problems.extend(_timepoints(tables[name], tables["timepoints"]))
    problems.extend(_labels(tables["labels"]))
    problems.extend(_frames(tables))
    problems.extend(_without_scans(tables))
    return tables, problems


def _make_patients(tables: dict[str, Table], problems: list[Problem]) -> None:
    patients = tables["patients"]
    if len(patients):
        return
    used = [name for name in ("scans", "samples", "slides") if len(tables[name])]
    ids = dict.fromkeys(text for name in used for text in tables[name].texts("patient_id"))
    if not ids:
        return
    what = f"There is no table of patients; {len(ids)} were taken from {', '.join(used)}."
    remedy = "Add one with patient_id, site and the clinical columns."
    problems.append(Problem(patients.file, None, "patient_id", what, remedy, "warning"))
    spec = TABLES["patients"]
    tables["patients"] = table_of([{spec.key: text} for text in ids], patients.file, spec.names)


def _check_aliases(tables: dict[str, Table], problems: list[Problem]) -> None:
    """Keep the aliases that name one patient only."""
    aliases = tables["aliases"] = _follow(
        tables["aliases"], "patient_id", tables["patients"], "patients", True, problems
    )
    patients = aliases.texts("patient_id")
    meant: dict[tuple[str, str], str] = {}
    keep = np.ones(len(aliases), bool)
    pairs = zip(aliases.texts("system"), aliases.texts("alias"), strict=True)
    for at, pair in enumerate(pairs):
        owner = meant.setdefault(pair, patients[at])
        if owner != patients[at]:
            keep[at] = False
            what = f'Alias "{pair[1]}" already belongs to patient "{owner}"; it is left out.'
            problems.append(aliases.problem(at, "alias", what, "Keep it with one patient."))
    tables["aliases"] = aliases.keep(keep)


def _to_patients(table: Table, tables: dict[str, Table], problems: list[Problem]) -> Table:
    """Replace aliases by the patient they name, then follow the key."""
    known = set(tables["patients"].texts("patient_id"))
    owner = dict(
        zip(tables["aliases"].texts("alias"), tables["aliases"].texts("patient_id"), strict=True)
    )
    texts = table.texts("patient_id")
    renamed = [text if text in known else owner.get(text, text) for text in texts]
    for at, (old, new) in enumerate(zip(texts, renamed, strict=True)):
        if old != new:
            what = f'"{old}" is an alias of patient "{new}" and was read so.'
            problems.append(table.problem(at, "patient_id", what, "", "note"))
    if renamed != texts:
        table = table.with_frame(table.frame.assign(patient_id=renamed))
    return _follow(table, "patient_id", tables["patients"], "patients", True, problems)


def _follow(
    table: Table, column: str, target: Table, noun: str, needed: bool, problems: list[Problem]
) -> Table:
    """Check one foreign key; rows that need it and miss are left out."""
    key = TABLES[noun].key
    known = target.texts(key)
    lookup = set(known)
    texts = table.texts(column)
    lost = np.array([text not in lookup and (needed or text != "") for text in texts], bool)
    consequence = "the row is left out" if needed else "the link is not used"
    if needed and not len(target) and lost.sum() > 1:  # the fault is there, not in each row
        what = f"{target.file} has no usable row; {int(lost.sum())} rows that name its {noun} "
        what += f"({column}) are left out."
        problems.append(Problem(table.file, None, column, what, f"Mend {target.file} first."))
        return table.keep(~lost)
    for count, at in enumerate(np.flatnonzero(lost)):
        what = f'{column} "{texts[at]}" is not among the {noun} ({target.file}); {consequence}.'
        remedy = _suggest(texts[at], known) if count < _MOST_SUGGESTED else ""
        remedy += f"Correct it, or add it to {target.file}."
        level: Level = "error" if needed else "warning"
        problems.append(table.problem(at, column, what, remedy, level))
    return table.keep(~lost) if needed else table


def _suggest(text: str, known: list[str]) -> str:
    wanted = canonical_id(text)
    same = next((name for name in known if canonical_id(name) == wanted), "")
    close = [same] if same else difflib.get_close_matches(text, known[:_MOST_COMPARED], n=1)
    return f'Did you mean "{close[0]}"? ' if close else ""


def _timepoints(table: Table, timepoints: Table) -> list[Problem]:
    if not len(timepoints):
        return []
    patients, names = timepoints.texts("patient_id"), timepoints.texts("timepoint")
    known = set(zip(patients, names, strict=True))
    found = []
    for at, (patient, name) in enumerate(
        zip(table.texts("patient_id"), table.texts("timepoint"), strict=True)
    ):
        if name and (patient, name) not in known:
            what = f'Timepoint "{name}" of patient "{patient}" is not in {timepoints.file}.'
            remedy = "Add it there with its days, or correct it."
            found.append(table.problem(at, "timepoint", what, remedy, "warning"))
    return found


def _labels(table: Table) -> list[Problem]:
    """Values that are no whole numbers, and colors that are not #rrggbb."""
    found = []
    values = table.frame["value"].to_numpy(float)
    for at, color in enumerate(table.texts("color")):
        if color and not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
            what = f'"{color}" is no color; one is chosen.'
            found.append(table.problem(at, "color", what, "Write it as #ff8000.", "warning"))
        if values[at] % 1:
            what = f"{values[at]:g} is no label value; the row is not used."
            found.append(table.problem(at, "value", what, "Write a whole number from 1 on."))
    return found


def _frames(tables: Mapping[str, Table]) -> list[Problem]:
    """Coordinates in a frame that no scan of the patient and no transform knows."""
    scans, samples, transforms = tables["scans"], tables["samples"], tables["transforms"]
    reach = {*transforms.texts("from_frame"), *transforms.texts("to_frame")}
    known = set(zip(scans.texts("patient_id"), scans.texts("frame"), strict=True))
    located = np.isfinite(samples.frame["x"].to_numpy(float))
    found = []
    patients, frames = samples.texts("patient_id"), samples.texts("frame")
    for at in np.flatnonzero(located):
        frame = frames[at]
        if frame and frame not in reach and (patients[at], frame) not in known:
            what = f'Frame "{frame}" is that of no scan of the patient and of no transform.'
            remedy = f"Write the frame of its scan in {scans.file}."
            found.append(samples.problem(at, "frame", what, remedy, "warning"))
    return found


def _without_scans(tables: Mapping[str, Table]) -> list[Problem]:
    patients, scans = tables["patients"], tables["scans"]
    scanned = set(scans.texts("patient_id"))
    return [
        patients.problem(at, "patient_id", f'Patient "{text}" has no scan.', "", "note")
        for at, text in enumerate(patients.texts("patient_id"))
        if text not in scanned and len(scans)
    ]
