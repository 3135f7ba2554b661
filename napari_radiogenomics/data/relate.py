"""Check the keys by which the tables of a cohort point at each other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.ids import canonical_id
from napari_radiogenomics.data.problems import Level, Problem
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.table import Table, table_of

__all__ = ["relate"]

# Similar names are looked for among so many at most; it costs time for each wrong cell.
_MOST_COMPARED = 2000
_MOST_SUGGESTED = 50


def relate(
    tables: Mapping[str, Table], known: Iterable[Problem] = ()
) -> tuple[dict[str, Table], list[Problem]]:
    """Follow every key: rows that point nowhere are left out with an error that names them.

    Rows that point to a row which was left out share one error, which names that row: a person
    mends the cause, not each consequence.

    Parameters
    ----------
    tables : mapping of str to Table
        Conformed tables by name, all of `schema.TABLES`.
    known : iterable of Problem, optional
        What was found before; errors of the patients' table tell which rows are left out.

    Returns
    -------
    tables : dict of str to Table
        With rows that point nowhere left out, and patients made where there is no table.
    problems : list of Problem
        All of them.
    """
    tables = dict(tables)
    problems: list[Problem] = []
    gone = _Gone({"patients": _left_out(tables["patients"], known)})
    _make_patients(tables, problems)
    _check_aliases(tables, gone, problems)
    for name in ("timepoints", "scans", "samples", "slides"):
        tables[name] = _to_patients(tables[name], name, tables, gone, problems)
    for name, column, target, needed in (
        ("segmentations", "scan_id", "scans", True),
        ("labels", "segmentation_id", "segmentations", False),
        ("slides", "sample_id", "samples", False),
    ):
        link = _Link(name, column, target, needed)
        tables[name] = _follow(tables[name], link, tables[target], gone, problems)
    for name in ("scans", "samples", "slides"):
        problems.extend(_timepoints(tables[name], tables["timepoints"]))
    problems.extend(_labels(tables["labels"]))
    problems.extend(_frames(tables))
    problems.extend(_without_scans(tables))
    return tables, problems


@dataclass(frozen=True)
class _Link:
    """A foreign key: table and column that hold it, and the table that it points to."""

    table: str
    column: str
    target: str
    needed: bool


# Row of each key that was there and was left out, by table.
_Gone = dict[str, dict[str, int]]


def _left_out(patients: Table, known: Iterable[Problem]) -> dict[str, int]:
    there = set(patients.texts("patient_id"))
    errors = (p for p in known if p.file == patients.file and p.level == "error" and p.patient_id)
    return {p.patient_id: p.row or 0 for p in errors if p.patient_id not in there}


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


def _check_aliases(tables: dict[str, Table], gone: _Gone, problems: list[Problem]) -> None:
    """Keep the aliases that name one patient only."""
    link = _Link("aliases", "patient_id", "patients", True)
    aliases = _follow(tables["aliases"], link, tables["patients"], gone, problems)
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


def _to_patients(
    table: Table, name: str, tables: dict[str, Table], gone: _Gone, problems: list[Problem]
) -> Table:
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
    link = _Link(name, "patient_id", "patients", True)
    return _follow(table, link, tables["patients"], gone, problems)


def _follow(
    table: Table, link: _Link, target: Table, gone: _Gone, problems: list[Problem]
) -> Table:
    """Check one foreign key; rows that need it and miss are left out."""
    known = target.texts(TABLES[link.target].key)
    lookup = set(known)
    texts = table.texts(link.column)
    lost = np.array([text not in lookup and (link.needed or text != "") for text in texts], bool)
    if not lost.any():
        return table
    if link.needed and not len(target) and lost.sum() > 1:  # the fault is there, not in each row
        what = f"{target.file} has no usable row; {int(lost.sum())} rows that name its "
        what += f"{link.target} ({link.column}) are left out."
        problems.append(Problem(table.file, None, link.column, what, f"Mend {target.file} first."))
        return table.keep(~lost)
    away = gone.get(link.target, {})
    follows = np.array([text in away for text in texts], bool) & lost
    problems += _consequences(table, link, target, np.flatnonzero(follows), away)
    problems += _unknown(table, link, target, np.flatnonzero(lost & ~follows), known)
    if not link.needed:
        return table
    key = TABLES[link.table].key
    rows = zip(table.texts(key), table.rows.tolist(), lost, strict=True) if key else ()
    gone.setdefault(link.table, {}).update({text: row for text, row, out in rows if out})
    return table.keep(~lost)


def _consequences(
    table: Table, link: _Link, target: Table, lost: NDArray[np.int64], away: Mapping[str, int]
) -> Iterator[Problem]:
    """One problem for all rows that point to a row which was left out."""
    groups: dict[str, list[int]] = {}
    for at in lost.tolist():
        groups.setdefault(table.texts(link.column)[at], []).append(at)
    for text, places in groups.items():
        where = f"row {away[text]} of {target.file}" if away[text] else target.file
        rows = f"{len(places)} rows are" if len(places) > 1 else "the row is"
        end = "left out with it" if link.needed else "used without it"
        what = f'{link.column} "{text}" stands on {where}, which was left out; {rows} {end}.'
        level: Level = "error" if link.needed else "warning"
        yield table.problem(places[0], link.column, what, f"Mend {where} first.", level)


def _unknown(
    table: Table, link: _Link, target: Table, lost: NDArray[np.int64], known: list[str]
) -> Iterator[Problem]:
    end = "the row is left out" if link.needed else "the link is not used"
    level: Level = "error" if link.needed else "warning"
    texts = table.texts(link.column)
    for count, at in enumerate(lost):
        what = f'{link.column} "{texts[at]}" is not among the {link.target} ({target.file}); {end}.'
        remedy = _suggest(texts[at], known) if count < _MOST_SUGGESTED else ""
        remedy += f"Correct it, or add it to {target.file}."
        yield table.problem(at, link.column, what, remedy, level)


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
