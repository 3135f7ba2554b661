"""What was drawn and not yet saved, kept so that a crash takes nothing: one file a segmentation.

The files lie in the user's state folder. Each session writes its own, so that none takes the
place of what an earlier one left; they are plain arrays and JSON, replaced as a whole.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import CODES, Code, Label
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path, remove_rests
from napari_radiogenomics.provenance import content_hash

__all__ = [
    "Drawing",
    "Place",
    "find_drawings",
    "keep_drawing",
    "put_aside",
    "read_drawing",
    "state_folder",
]

_SCHEMA, _VERSION = "napari-radiogenomics unsaved drawing", 1
_BROKEN = (OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile, zlib.error)
# What a person discarded is removed after so many days.
_ASIDE_DAYS = 30
_ASIDE = "discarded"


@dataclass(frozen=True)
class Place:
    """Which labels a drawing belongs to.

    Attributes
    ----------
    cohort, patient_id, timepoint : str
        Folder of the cohort, who and when; empty where no cohort is open.
    scan_id, segmentation_id : str
        Of the cohort's tables.
    path : str
        File of the segmentation; empty for labels that the person made.
    part : int
        Which layer of overlapping regions.
    name : str
        Of the layer.
    scan, scan_name : str
        What labels without a file were drawn on: a text that only this scan has, and the file
        or the name that a person knows it by; empty where no scan was open.
    """

    cohort: str = ""
    patient_id: str = ""
    timepoint: str = ""
    scan_id: str = ""
    segmentation_id: str = ""
    path: str = ""
    part: int = 0
    name: str = ""
    scan: str = ""
    scan_name: str = ""

    @property
    def key(self) -> str:
        """Short text that differs from place to place; the name counts where nothing else does."""
        named = [self.name, self.scan] if self.is_own else [""]
        visit = [self.cohort, self.patient_id, self.timepoint]
        return content_hash([*visit, self.segmentation_id, self.path, self.part, *named])[:16]

    @property
    def is_own(self) -> bool:
        """Whether the person made these labels, which no file holds yet."""
        return not (self.segmentation_id or self.path)

    @property
    def where(self) -> str:
        """Where it belongs, as a person says it.

        Examples
        --------
        >>> Place(name="tumour", scan="1f", scan_name="brain1.nrrd").where
        'tumour on brain1.nrrd'
        >>> Place(name="tumour", path="/data/lung1_label.nrrd").where
        'tumour of lung1_label.nrrd'
        """
        if self.patient_id:
            return " ".join(filter(None, [f"{self.name} of", self.patient_id, self.timepoint]))
        if self.path:
            return f"{self.name} of {Path(self.path).name}"
        scan = Path(self.scan_name).name
        return f"{self.name} on {scan or 'no scan (offered while none is open)'}"

    @property
    def visit(self) -> tuple[str, str, str]:
        """Cohort, patient and timepoint."""
        return self.cohort, self.patient_id, self.timepoint


@dataclass(frozen=True, eq=False)
class Drawing:
    """Labels as they were on the screen.

    Attributes
    ----------
    place : Place
        What they belong to.
    labels : ndarray of int, shape (Z, Y, X)
        In the order of the screen (canonical axes).
    scale, translate : tuple of float
        Along z, y, x in mm.
    scheme : tuple of Label
        Names and colors of the values.
    tool : str
        What was used last.
    time : str
        Local time, ISO 8601.
    file : Path or None
        Where it is kept.
    """

    place: Place
    labels: NDArray[np.integer]
    scale: tuple[float, ...] = (1.0, 1.0, 1.0)
    translate: tuple[float, ...] = (0.0, 0.0, 0.0)
    scheme: tuple[Label, ...] = ()
    tool: str = ""
    time: str = ""
    file: Path | None = field(default=None, compare=False)


def state_folder() -> Path:
    """Folder of the user where drawings are kept; made on first use.

    ``NRG_STATE`` in the environment names another place than the system's.
    """
    from platformdirs import user_state_path

    chosen = os.environ.get("NRG_STATE")
    state = Path(chosen) if chosen else user_state_path("napari-radiogenomics", appauthor=False)
    folder = state / "unsaved"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep_drawing(drawing: Drawing, folder: Path, session: str) -> Path:
    """Write a drawing; the one that this session kept of the same labels is replaced.

    Parameters
    ----------
    drawing : Drawing
        What to keep.
    folder : Path
        As `state_folder` gives.
    session : str
        Differs from one start of the program to the next.

    Returns
    -------
    Path
        The file. A process that is killed meanwhile leaves the old one or the new one.

    Raises
    ------
    InputError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> drawn = Drawing(Place(name="tumour"), np.ones((1, 2, 2), np.uint8))
    >>> file = keep_drawing(drawn, folder, "first")
    >>> [found.place.name for found in find_drawings(folder)], read_drawing(file).labels.sum()
    (['tumour'], np.uint64(4))
    """
    path = folder / f"{drawing.place.key}-{session}.npz"
    about = {
        "schema": _SCHEMA,
        "version": _VERSION,
        "place": asdict(drawing.place),
        "scale": drawing.scale,
        "translate": drawing.translate,
        "scheme": [[x.value, x.name, x.color, *_codes(x)] for x in drawing.scheme],
        "tool": drawing.tool,
        "time": drawing.time or datetime.now().astimezone().isoformat(timespec="seconds"),
        "shape": drawing.labels.shape,
    }
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    try:
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, about=text, labels=drawing.labels)
    except OSError as error:
        raise InputError(
            f"What you draw cannot be kept for a crash in {folder}: {error.strerror or error}. "
            "Free some space there, and save your work."
        ) from error
    return path


def _about(path: Path) -> dict[str, Any]:
    # Opened here: numpy leaves a damaged file open, and then it cannot be removed on Windows.
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        about = json.loads(bytes(file["about"]))
    if about["schema"] != _SCHEMA or about["version"] != _VERSION:
        raise ValueError("another kind of file")
    return dict(about)


def _drawing(about: Mapping[str, Any], labels: NDArray[np.integer], path: Path) -> Drawing:
    known = {entry.name for entry in fields(Place)}
    place = Place(**{name: value for name, value in about["place"].items() if name in known})
    scheme = tuple(
        Label(int(value), str(name), tuple(color), **_coded(codes))
        for value, name, color, *codes in about["scheme"]
    )
    scale, translate = (tuple(map(float, about[name])) for name in ("scale", "translate"))
    return Drawing(place, labels, scale, translate, scheme, about["tool"], about["time"], path)


def find_drawings(folder: Path, *, but: str = "") -> list[Drawing]:
    """What is kept in a folder, newest first; without the voxels, which `read_drawing` reads.

    Parameters
    ----------
    folder : Path
        As `state_folder` gives.
    but : str, optional
        Leave out what this session wrote.

    Returns
    -------
    list of Drawing
        Files that cannot be read are left out and stay where they are.
    """
    found = []
    for path in folder.glob("*.npz"):
        if but and path.stem.endswith(f"-{but}"):
            continue
        try:
            found.append(_drawing(_about(path), np.zeros((0, 0, 0), np.uint8), path))
        except _BROKEN:
            continue
    _clean(folder)
    return sorted(found, key=lambda drawing: drawing.time, reverse=True)


def put_aside(drawing: Drawing) -> Path | None:
    """Take a drawing out of what is offered; it is kept beside it for 30 days.

    Parameters
    ----------
    drawing : Drawing
        As `find_drawings` gives.

    Returns
    -------
    Path or None
        Where it lies now; None where it was gone already. To have it offered again, move it back.
    """
    if drawing.file is None or not drawing.file.exists():
        return None
    folder = drawing.file.parent / _ASIDE
    folder.mkdir(exist_ok=True)
    target = folder / drawing.file.name
    drawing.file.replace(target)
    os.utime(target)
    return target


def _clean(folder: Path) -> None:
    """Remove what killed processes had begun, and what was discarded long ago."""
    remove_rests(folder)
    for old in (folder / _ASIDE).glob("*.npz"):
        try:
            if time.time() - os.stat(old).st_mtime > _ASIDE_DAYS * 86_400:
                old.unlink()
        except OSError:
            continue  # another process is at it


def read_drawing(path: Path) -> Drawing:
    """Read a drawing with its voxels.

    Raises
    ------
    InputError
        If the file is damaged or of another kind.
    """
    try:
        about = _about(path)
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            labels = file["labels"]
        if labels.dtype.kind not in "iu" or list(labels.shape) != about["shape"]:
            raise ValueError("no labels")
        return _drawing(about, labels, path)
    except _BROKEN as error:
        raise InputError(
            f"{path} is no drawing that can be recovered ({type(error).__name__}). It stays where "
            "it is; Discard puts it aside."
        ) from error


def _codes(label: Label) -> list[str]:
    return [str(getattr(label, key) or "") for key in CODES]


def _coded(texts: list[str]) -> dict[str, Any]:
    """Codes of a label; drawings of earlier versions have none."""
    return {key: Code.parse(str(text)) for key, text in zip(CODES, texts, strict=False)}
