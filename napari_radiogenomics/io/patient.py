"""`load_patient`: read what belongs to one patient; what is broken does not stop the rest."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.geometry import require_same_grid
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.problems import Level, Problem
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import CODES, Code, Label, Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import DataWarning, GeometryError, InputError, MissingDependency
from napari_radiogenomics.io.files import read_all
from napari_radiogenomics.io.layout import LAYOUTS
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.io.format import Kind

__all__ = ["PatientData", "load_patient", "load_slide"]


@dataclass(frozen=True, eq=False)
class PatientData:
    """Everything of one patient that could be read.

    Attributes
    ----------
    patient_id : str
        Its identifier in the cohort.
    scans : list of Image
        ``metadata["scan_id"]`` and the further columns of the scans table tell which.
    segmentations : list of Segmentation
        ``metadata["scan_id"]`` and ``metadata["segmentation_id"]``.
    samples : Samples or None
        None where there are none.
    slides : list
        `Slide` objects with ``metadata["slide_id"]``.
    problems : tuple of Problem
        Files that could not be read and what does not fit together.
    """

    patient_id: str
    scans: list[Image] = field(default_factory=list)
    segmentations: list[Segmentation] = field(default_factory=list)
    samples: Samples | None = None
    slides: list[Any] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()


def load_patient(
    cohort: Cohort,
    patient_id: str,
    *,
    timepoint: str = "",
    scans: bool = True,
    segmentations: bool = True,
    slides: bool = True,
    progress: Progress = quiet,
) -> PatientData:
    """Read the scans, segmentations, samples and slides of a patient.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patient_id : str
        Identifier or alias.
    timepoint : str, optional
        Read one timepoint only.
    scans : bool, optional
        Read the scans too; without them the segmentations come faster.
    segmentations : bool, optional
        Read the segmentations too.
    slides : bool, optional
        Read the slides too; their pyramids are lazy.
    progress : Progress, optional
        Reports the files.

    Returns
    -------
    PatientData
        What could be read; each file that could not is one of the ``problems``.

    Raises
    ------
    InputError
        If the cohort has no such patient.
    """
    patient_id = cohort.resolve(patient_id)
    parts: list[tuple[str, Kind, pd.DataFrame]] = []
    if scans:
        parts.append(("scans", "image", cohort.scans_of(patient_id, timepoint)))
    if segmentations:
        drawn = cohort.segmentations_of(patient_id, timepoint)
        parts.append(("segmentations", "segmentation", drawn))
    if slides:
        parts.append(("slides", "slide", cohort.slides_of(patient_id, timepoint)))
    found: dict[str, list[Any]] = {"scans": [], "segmentations": [], "slides": []}
    files = [(table, kind, row) for table, kind, frame in parts for row in _rows(frame)]
    files, problems = _at_hand(cohort, files, patient_id)
    for table, kind, row in progress(files, f"Reading {patient_id}"):
        own = (scan for scan in found["scans"] if scan.metadata["scan_id"] == row.get("scan_id"))
        reference = next(own, None) if table == "segmentations" else None
        found[table] += _read_row(cohort, table, kind, row, patient_id, problems, reference)
    found["segmentations"] = [_named(cohort, seg) for seg in found["segmentations"]]
    samples = cohort.samples_table(patient_id, timepoint)
    data = PatientData(
        patient_id, found["scans"], found["segmentations"], samples or None, found["slides"]
    )
    problems += check_patient(cohort, data)
    return replace(data, problems=tuple(problems))


def load_slide(cohort: Cohort, slide_id: str) -> Slide:
    """Read one slide of a cohort; its pyramid is lazy.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    slide_id : str
        Key of its table of slides.

    Returns
    -------
    Slide
        With the stain, frame and pixel size of its row.

    Raises
    ------
    InputError
        If the cohort has no such slide, or it cannot be read.
    """
    table = cohort.slides[cohort.slides.index == slide_id]
    if not len(table):
        raise InputError(f'Slide "{slide_id}" is not in {cohort.name}.')
    row, problems = next(_rows(table)), list[Problem]()
    found = _read_row(cohort, "slides", "slide", row, str(row["patient_id"]), problems, None)
    if not found:
        why = str(problems[0]) if problems else "its file holds none."
        raise InputError(f'Slide "{slide_id}" cannot be opened: {why}')
    slide: Slide = found[0]
    return slide


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    key = frame.index.name
    for record in frame.reset_index().to_dict("records"):
        yield {"key": key, **{str(name): value for name, value in record.items()}}


_File = tuple[str, "Kind", dict[str, Any]]


def _at_hand(
    cohort: Cohort, files: list[_File], patient_id: str
) -> tuple[list[_File], list[Problem]]:
    """Leave out what has no path; one problem a table says how many."""
    away = [table for table, _, row in files if not row["path"]]
    problems = []
    for table in dict.fromkeys(away):
        what = f"{away.count(table)} of the {table} of {patient_id} have no file to open."
        remedy = "Download them, or correct their paths."
        file = cohort.files.get(table, table)
        problems.append(Problem(file, None, "path", what, remedy, "warning", patient_id))
    return [entry for entry in files if entry[2]["path"]], problems


def _read_row(
    cohort: Cohort,
    table: str,
    kind: Kind,
    row: dict[str, Any],
    patient_id: str,
    problems: list[Problem],
    reference: Image | None,
) -> list[Any]:
    """Objects of one row; a problem instead where there are none."""
    identity = row[row["key"]]
    line = cohort.rows.get(table, {}).get(identity) or None

    def report(what: str, remedy: str, level: Level) -> None:
        file = cohort.files.get(table, table)
        problems.append(Problem(file, line, "path", what, remedy, level, patient_id))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            path = _one_file(cohort.file(row["path"]), kind)
            objects = read_all(path, kind=kind, **_series(path, row), reference=reference)
    except (InputError, MissingDependency, OSError) as error:
        what = str(error).replace(f"{cohort.root}{os.sep}", "")  # as the table names the file
        report(what, "The rest of the patient was read.", "error")
        return []
    facts = {name: value for name, value in row.items() if name != "key" and _there(value)}
    for note in dict.fromkeys(note for obj in objects for note in obj.notes):
        report(f"{identity}: {note}", "", "note")
    return [_labelled(obj, identity, facts, len(objects), n) for n, obj in enumerate(objects, 1)]


def _series(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Series to choose from a folder of several, where the table says which."""
    series = row.get("series_uid", "")
    return {"series": series} if path.is_dir() and isinstance(series, str) and series else {}


def _one_file(path: Path, kind: Kind) -> Path:
    """The only file of a folder: a DICOM segmentation is one file in a folder of its series."""
    if kind != "segmentation" or not path.is_dir():
        return path
    files = sorted(file for file in path.iterdir() if file.is_file())
    return files[0] if len(files) == 1 else path


def _there(value: Any) -> bool:
    return not (value == "" or (isinstance(value, float) and np.isnan(value)))


def _labelled(obj: Any, identity: str, facts: dict[str, Any], total: int, number: int) -> Any:
    """Give an object the name and the facts of its row."""
    metadata = {**obj.metadata, **facts, "path": obj.metadata.get("path", facts["path"])}
    changes: dict[str, Any] = {"metadata": metadata}
    changes["name"] = identity if total == 1 else f"{identity} {obj.name or number}"
    if isinstance(obj, Image):
        changes["unit"] = obj.unit or facts.get("unit", "")
        changes["modality"] = obj.modality or facts.get("modality", "")
    if isinstance(obj, Slide):
        size = facts.get("um_per_pixel")
        changes["um_per_pixel"] = obj.um_per_pixel or ((float(size),) * 2 if size else None)
        changes["stain"] = facts.get("stain", obj.stain)
        changes["frame"] = facts.get("frame", obj.frame)
    return replace(obj, **changes)


def _named(cohort: Cohort, segmentation: Segmentation) -> Segmentation:
    """Take names, colours and codes from the table of labels; rows for this segmentation win."""
    table, identity = cohort.labels, segmentation.metadata["segmentation_id"]
    labels = {label.value: label for label in segmentation.scheme}
    if cohort.layout in LAYOUTS:
        found = LAYOUTS[cohort.layout].labels(segmentation.present)
        labels |= {label.value: label for label in found}
    own = table["segmentation_id"] == identity
    for rows in (table[table["segmentation_id"] == ""], table[own]):
        for _, row in rows.iterrows():
            value = row["value"]
            if value >= 1 and value % 1 == 0:
                old = labels.get(int(value), Label(int(value)))
                facts: dict[str, Any] = {"name": row["name"] or old.name}
                facts["color"] = parse_color(row["color"]) or old.color
                codes = {key: Code.parse(str(row.get(key) or "")) for key in CODES}
                facts |= {key: code for key, code in codes.items() if code is not None}
                labels[int(value)] = replace(old, **facts)
    return replace(segmentation, scheme=tuple(labels.values()))


def parse_color(text: str) -> tuple[int, int, int] | None:
    """Read a color as ``#rrggbb``; None where it is not one.

    Examples
    --------
    >>> parse_color("#ff8000"), parse_color("red")
    ((255, 128, 0), None)
    """
    digits = text.removeprefix("#")
    if len(digits) != 6 or not set(digits.lower()) <= set("0123456789abcdef"):
        return None
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def check_patient(cohort: Cohort, data: PatientData) -> list[Problem]:
    """Compare grids of scans and segmentations, and samples with the tumour."""
    scans = {scan.metadata["scan_id"]: scan for scan in data.scans}
    problems = []
    for segmentation in data.segmentations:
        scan = scans.get(segmentation.metadata["scan_id"])
        if scan is None:
            continue
        identity = segmentation.metadata["segmentation_id"]
        try:
            names = ("Scan", "Segmentation")
            require_same_grid(scan.geometry, segmentation.geometry, names=names)
        except GeometryError as error:
            row = cohort.rows.get("segmentations", {}).get(identity) or None
            file = cohort.files.get("segmentations", "")
            what, _, remedy = str(error).rpartition(". ")
            level: Level = "warning"
            problems.append(
                Problem(file, row, "path", f"{identity}: {what}.", remedy, level, data.patient_id)
            )
    return problems + _check_samples(cohort, data)


def _check_samples(cohort: Cohort, data: PatientData) -> list[Problem]:
    """Samples outside every tumour of their frame and timepoint."""
    if data.samples is None or not data.segmentations:
        return []
    frames, times = cohort.scans["frame"], cohort.scans["timepoint"]
    problems: list[Problem] = []
    located = data.samples.located
    groups = located.table.groupby(["frame", "timepoint"], sort=False)
    for (frame, timepoint), rows in groups:
        chosen = [
            seg
            for seg in data.segmentations
            if frames[seg.metadata["scan_id"]] == frame or not frame
        ]
        same = [seg for seg in chosen if times[seg.metadata["scan_id"]] == timepoint]
        group = located.select(located.table.index.isin(rows.index))
        if chosen:
            problems += group.check_inside(*(same or chosen))
    return problems
