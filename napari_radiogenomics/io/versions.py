"""Versions of a segmentation in a cohort: who, when, with which tool; nothing is overwritten.

A version is a new file and a new row of ``segmentations.csv``: the expert's stays as it is.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.segmentation import CODES, Segmentation
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.files import read, write
from napari_radiogenomics.io.tables_write import guard

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Source", "restore", "save_version", "versions"]

Source = Literal["corrected", "auto"]

_FOLDER = "segmentations"
_MADE = ("based_on", "tool", "time")
_VERSION = re.compile(r"(?P<base>.+?)__(corrected|auto)__.*")


def save_version(
    cohort: Cohort,
    segmentation: Segmentation,
    *,
    segmentation_id: str,
    reader: str,
    source: Source = "corrected",
    tool: str = "",
    suffix: str = ".nii.gz",
) -> str:
    """Save a segmentation as a new version beside the ones that are there.

    Parameters
    ----------
    cohort : Cohort
        In our own folder format.
    segmentation : Segmentation
        On the grid of its scan.
    segmentation_id : str
        The segmentation, or a version of it, that was corrected.
    reader : str
        Who.
    source : {"corrected", "auto"}, optional
        Corrected by a person, or made by a program.
    tool : str, optional
        With what.
    suffix : str, optional
        Ending of the file: ``".nii.gz"``, ``".nrrd"``, ``".seg.nrrd"`` or ``".dcm"``.

    Returns
    -------
    str
        Its segmentation_id, ``<id>__corrected__<reader>__<time>``. Names, colors and codes of the
        labels go to ``labels.csv``.

    Raises
    ------
    InputError
        If the cohort has no such segmentation or is of another layout, the reader has no name,
        or something cannot be written: then nothing is.
    """
    base, row = _base(cohort, segmentation_id)
    if not reader.strip():
        raise InputError(
            "Who corrected it is not known. Enter your name or initials under Preferences ▸ "
            "Radiogenomics ▸ Reader."
        )
    now = datetime.now().astimezone()
    stamp = now.strftime("%Y%m%dT%H%M%S")
    taken = set(cohort.segmentations.index) | {x["segmentation_id"] for x in _rows(cohort)}
    name = f"{_safe(base)}__{source}__{_safe(reader)}__{stamp}"
    name = next(x for x in (name, *(f"{name}-{n}" for n in range(2, 1000))) if x not in taken)
    path = f"{_FOLDER}/{name}{suffix}"
    _make_folder(cohort.root / _FOLDER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # names go to labels.csv
        write(replace(segmentation, name=name), cohort.root / path)
    new = {
        "segmentation_id": name,
        "scan_id": str(row["scan_id"]),
        "path": path,
        "source": source,
        "reader": reader.strip(),
        "based_on": segmentation_id,
        "tool": tool,
        "time": now.isoformat(timespec="seconds"),
    }
    labels = [
        {
            "value": str(label.value),
            "name": label.name,
            "color": "#{:02x}{:02x}{:02x}".format(*(label.color or (255, 255, 255))),
            "segmentation_id": name,
            **{key: str(code) for key in CODES if (code := getattr(label, key)) is not None},
        }
        for label in segmentation.scheme
    ]
    _append(cohort.root / cohort.files.get("labels", "labels.csv"), labels)
    _append(cohort.root / cohort.files.get("segmentations", "segmentations.csv"), [new])
    return name


def versions(cohort: Cohort, segmentation_id: str) -> pd.DataFrame:
    """All versions of a segmentation, as the table says now; the newest first, the first last.

    Parameters
    ----------
    cohort : Cohort
        In our own folder format.
    segmentation_id : str
        The segmentation, or any version of it.

    Returns
    -------
    DataFrame
        Index ``segmentation_id``; ``scan_id, path, source, reader, based_on, tool, time``, with
        empty text where something is not known.

    Raises
    ------
    InputError
        If the cohort has no such segmentation.
    """
    import pandas as pd

    base, _ = _base(cohort, segmentation_id)
    columns = ["segmentation_id", "scan_id", "path", "source", "reader", *_MADE]
    own = [
        {name: row.get(name) or "" for name in columns}
        for row in _rows(cohort)
        if _first(row["segmentation_id"], _rows(cohort)) == base
    ]
    table = pd.DataFrame(own, columns=columns).set_index("segmentation_id")
    return table.sort_values("time", ascending=False, kind="stable")


def restore(cohort: Cohort, segmentation_id: str) -> Segmentation:
    """Read one version, with the names of its labels.

    Parameters
    ----------
    cohort : Cohort
        In our own folder format.
    segmentation_id : str
        Which version.

    Returns
    -------
    Segmentation
        To be shown, or saved as the newest version; the files stay as they are.

    Raises
    ------
    InputError
        If there is no such version, or its file cannot be read.
    """
    from napari_radiogenomics.io.cohort_open import open_cohort
    from napari_radiogenomics.io.patient import _named

    _, row = _base(cohort, segmentation_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        found = read(cohort.root / row["path"], kind="segmentation")
    facts = {name: row[name] for name in row if row[name]}
    labelled = replace(found, name=segmentation_id, metadata={**found.metadata, **facts})
    return _named(open_cohort(cohort.root), labelled)


def _rows(cohort: Cohort) -> list[dict[str, str]]:
    """Rows of the table as they are on disk now."""
    path = cohort.root / cohort.files.get("segmentations", "segmentations.csv")
    if cohort.layout != "folder" or not path.is_file():
        raise InputError(
            f"{cohort.name} has no segmentations.csv of our own format, so versions cannot be "
            "listed in it. Export its tables first (napari-radiogenomics convert)."
        )
    return _table(path)[1]


def _base(cohort: Cohort, segmentation_id: str) -> tuple[str, dict[str, str]]:
    """First segmentation that a version goes back to, and the row of the one asked for."""
    rows = _rows(cohort)
    row = next((x for x in rows if x["segmentation_id"] == segmentation_id), None)
    if row is None:
        raise InputError(
            f'The cohort has no segmentation "{segmentation_id}". Open the cohort again if its '
            "tables were changed."
        )
    return _first(segmentation_id, rows), row


def _first(segmentation_id: str, rows: list[dict[str, str]]) -> str:
    earlier = {row["segmentation_id"]: row.get("based_on") or "" for row in rows}
    seen: set[str] = set()
    while earlier.get(segmentation_id) and segmentation_id not in seen:
        seen.add(segmentation_id)
        segmentation_id = earlier[segmentation_id]
    return segmentation_id


def _safe(text: str) -> str:
    """Name that every file system takes, and that leads nowhere else."""
    found = _VERSION.fullmatch(text)
    kept = re.sub(r"[^\w.-]+", "-", (found["base"] if found else text).strip()).strip(".-")
    return kept or "unnamed"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be made ({error.strerror}). Check the permissions."
        ) from error


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return list(reader.fieldnames or []), list(reader)


def _append(path: Path, new: list[dict[str, str]]) -> None:
    """Add rows, and columns where they are missing; everything else stays as it is."""
    names, rows = _table(path) if path.is_file() else ([], [])
    names += [name for name in dict.fromkeys(k for row in new for k in row) if name not in names]
    guarded = [{name: guard(cell) for name, cell in row.items()} for row in new]
    try:
        with (
            atomic_path(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as out,
        ):
            writer = csv.DictWriter(out, names, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows([*rows, *guarded])
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}). Check the permissions."
        ) from error
