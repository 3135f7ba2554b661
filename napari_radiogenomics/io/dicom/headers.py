"""DICOM headers: what each file of a folder is, and the image planes it holds."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.errors import InputError, RadiogenomicsError

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = [
    "LABELMAP_SEG",
    "RTSTRUCT",
    "SEG",
    "SLIDE",
    "Folder",
    "class_name",
    "damaged",
    "file_class",
    "is_dicom",
    "is_image",
    "is_slide_folder",
    "listed",
    "quiet_pydicom",
    "read_header",
    "scan_folder",
    "sop_class",
    "understood",
]

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABELMAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_DIRECTORY = "1.2.840.10008.1.3.10"
_SUFFIXES = (".dcm", ".dicom", ".ima")


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM does, or is named so."""
    if not path.is_file() or path.name.startswith("."):
        return False
    if path.name.lower().endswith(_SUFFIXES):
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def file_class(path: Path) -> str:
    """UID of what a file is, from its first bytes where it says so there; "" for no DICOM."""
    import pydicom

    if not is_dicom(path):
        return ""
    try:
        with quiet_pydicom():
            meta = pydicom.filereader.read_file_meta_info(path)
            return str(meta.get("MediaStorageSOPClassUID", ""))
    except damaged():
        pass
    try:
        return sop_class(read_header(path))  # without a preamble
    except InputError:
        return ""


def is_slide_folder(folder: Path) -> bool:
    """Whether the DICOM of a folder is a tissue slide, by the first file of it."""
    first = next(filter(is_dicom, sorted(folder.iterdir())), None)
    return first is not None and file_class(first) == SLIDE


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Silence pydicom's remarks on values that break the standard's letter.

    They quote the values, which may be names; what matters of them is said in our notes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def damaged() -> tuple[type[Exception], ...]:
    """List what pydicom raises at files that are damaged or cut off."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (
        OSError,
        EOFError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        struct.error,
        BytesLengthException,
        InvalidDicomError,
    )


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Name the file or folder whose headers hold what no reader can make sense of."""
    try:
        with quiet_pydicom():
            yield
    except RadiogenomicsError:
        raise
    except damaged() as error:
        raise InputError(
            f"{path} has a DICOM header that cannot be understood ({type(error).__name__}): it is "
            "damaged. Copy or export it again; moved away, the rest of its folder opens."
        ) from error


def read_header(path: Path) -> Dataset:
    """Read a DICOM file up to its pixels.

    Raises
    ------
    InputError
        If the file holds no DICOM, or breaks off in its header.
    """
    import pydicom

    try:
        with quiet_pydicom():
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            known = bool(header.get("SOPClassUID")) and bool(header.get("SOPInstanceUID"))
            _require_plain(header)
            directory = header.file_meta.get("MediaStorageSOPClassUID") == _DIRECTORY
    except damaged() as error:
        raise InputError(
            f"{path} is damaged or cut off in its DICOM header. Copy or export it again."
        ) from error
    if not known and not directory:
        raise InputError(
            f"{path} is named as DICOM but its header is missing or cut off. Copy or export it "
            "again."
        )
    return header


def _require_plain(header: Dataset) -> None:
    """Let what every reader asks for fail here, where the file is known."""
    for name in ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames"):
        int(header.get(name) or 1)
    for name in ("SeriesInstanceUID", "FrameOfReferenceUID"):
        str(header.get(name))


def sop_class(header: Dataset) -> str:
    """UID that says what a file is."""
    return str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID", ""))


def class_name(header: Dataset) -> str:
    """Name of what a file is, for example ``"CT Image"``."""
    from pydicom.uid import UID

    return UID(sop_class(header)).name.removesuffix(" Storage")


def is_image(header: Dataset) -> bool:
    """Whether a file holds pictures of a patient that can be put on a grid."""
    return (
        "Rows" in header
        and "Columns" in header
        and sop_class(header) not in (SEG, LABELMAP_SEG, RTSTRUCT, SLIDE)
    )


@dataclass(frozen=True, eq=False)
class Folder:
    """Headers of the DICOM files of one folder, by file name.

    Attributes
    ----------
    path : Path
        The folder.
    headers : dict of Path to Dataset
        Files that can be read.
    notes : tuple of str
        Files that cannot, by name.
    """

    path: Path
    headers: dict[Path, Dataset]
    notes: tuple[str, ...] = ()

    def images(self, series: Iterable[str] | None = None) -> dict[Path, Dataset]:
        """Files that hold pictures, of the given series or of all."""
        wanted = None if series is None else set(series)
        return {
            path: header
            for path, header in self.headers.items()
            if is_image(header)
            and (wanted is None or str(header.get("SeriesInstanceUID", "")) in wanted)
        }

    def of_class(self, *classes: str) -> dict[Path, Dataset]:
        """Files of the given SOP classes."""
        return {p: header for p, header in self.headers.items() if sop_class(header) in classes}


def scan_folder(folder: Path) -> Folder:
    """Read the headers of every DICOM file that lies directly in a folder.

    A file that lies there twice (same SOPInstanceUID) counts once; damaged ones and copies
    are named in the notes.
    """
    headers: dict[Path, Any] = {}
    broken, copies = [], []
    seen: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not is_dicom(path):
            continue
        try:
            header = read_header(path)
        except InputError:
            broken.append(path)
            continue
        uid = str(header.get("SOPInstanceUID", path))
        if uid in seen:
            copies.append(f"{path.name} (as {seen[uid].name})")
            continue
        seen[uid] = path
        headers[path] = header
    notes = []
    if broken:
        notes.append(
            f"{folder}: {listed(p.name for p in broken)} could not be read: damaged or cut off. "
            "Copy or export again."
        )
    if copies:
        notes.append(f"{folder}: {listed(copies)} lies there twice and is taken once.")
    return Folder(folder, headers, tuple(notes))


def listed(names: Iterable[Any], most: int = 4) -> str:
    """Join names for a message; beyond ``most`` only their number is told.

    Examples
    --------
    >>> listed("abcdef", most=2)
    'a, b and 4 more'
    """
    names = [str(name) for name in names]
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
