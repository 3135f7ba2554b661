"""`read` and `write`: find the format, do it safely, say what went wrong."""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import DataWarning, InputError, RadiogenomicsError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.brats_values import with_brats_names
from napari_radiogenomics.io.drawn_on import drawn_on
from napari_radiogenomics.io.format import FORMATS, Format, Gaps, Kind, ReadOptions
from napari_radiogenomics.provenance import read_history, write_history

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import FourthAxis

__all__ = ["find_format", "kind_of", "read", "read_all", "write"]


# What readers raise at damaged files; anything else is a bug and keeps its traceback.
_DAMAGED = (OSError, EOFError, ValueError, LookupError, RuntimeError, struct.error, zlib.error)


# What ITK puts around its message: class and address, source file and line, its own name.
_OF_LIBRARY = re.compile(
    r"^.*\(0x[0-9a-fA-F]+\):\s*|\S+\.(cxx|hxx|cpp|h):\d+:?\s*|\(?0x[0-9a-fA-F]+\)?|"
    r"(sitk|itk)::ERROR:\s*",
    re.IGNORECASE,
)


def kind_of(obj: Any) -> Kind:
    """Kind of an object as `write` and the formats name it: its class in lower case."""
    return type(obj).__name__.lower()  # type: ignore[return-value]


def find_format(path: str | Path) -> Format:
    """Find the format of a file or folder.

    Parameters
    ----------
    path : str or Path
        Existing file or folder.

    Returns
    -------
    Format
        The first format whose ``reads`` accepts it.

    Raises
    ------
    InputError
        If the path does not exist, is empty, may not be read, or no format knows it.
    """
    path = Path(path)
    try:
        _require_content(path)
        for form in sorted(FORMATS, key=lambda form: not form.claims(path)):
            if form.reads(path):
                return form
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened: {error.strerror or error}. "
            "Check the permissions of the file and its folder."
        ) from error
    what = "folder" if path.is_dir() else "file"
    raise InputError(
        f"No format knows the {what} {path}. Known: "
        + "; ".join(f"{form.title} ({', '.join(form.suffixes) or 'folder'})" for form in FORMATS)
        + "."
    )


def _require_content(path: Path) -> None:
    if not path.exists():
        parent = path.parent.resolve() if path.parent.exists() else Path.cwd()
        raise InputError(f"{path} does not exist. Check the spelling; looked in {parent}.")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes). Copy or export it again.")
    if path.is_dir() and next(path.iterdir(), None) is None:
        raise InputError(f"{path} is an empty folder. Choose the folder that holds the files.")


def read_all(
    path: str | Path,
    *,
    kind: Kind = "auto",
    fourth_axis: FourthAxis = "",
    gaps: Gaps = "blank",
    reference: Any = None,
    series: str = "",
) -> list[Any]:
    """Read everything that a file or folder holds.

    Parameters
    ----------
    path : str or Path
        File, or folder of a DICOM series.
    kind : {"auto", "image", "segmentation", "samples", "slide"}, optional
        What to read it as; ``"auto"`` decides from the content.
    fourth_axis : {"", "channel", "time"}, optional
        Meaning of a fourth axis; ``""`` decides from the header.
    gaps : {"blank", "refuse"}, optional
        Where a DICOM series misses slices, keep their places blank and warn, or refuse.
        Nothing is ever interpolated.
    reference : Image, str or Path, optional
        Scan, or where it lies, onto whose grid a DICOM SEG is put and contours (RTSTRUCT) are
        rasterized; found beside the file where it is not given. A segmentation on the same
        grid refers to it when it is written as DICOM SEG; `drawn_on` says it afterwards.
    series : str, optional
        Read only this SeriesInstanceUID of a folder that holds several. ``#2`` after it, or
        alone, takes the second of the objects that are found.

    Returns
    -------
    list
        `Image`, `Segmentation`, `Slide` or `Samples` objects; a single one with the history
        that lies beside the file. What a person should know of the
        reading is in their ``notes`` and comes as `DataWarning` too.

    Raises
    ------
    InputError
        If the file is missing, damaged or of no known format.
    """
    objects = _read(Path(path), ReadOptions(kind, fourth_axis, gaps, reference, series))
    _warn_of_notes(objects)
    return objects


def _read(path: Path, options: ReadOptions) -> list[Any]:
    form = find_format(path)
    if isinstance(options.reference, str | Path):
        options = replace(options, reference=_scan_at(Path(options.reference)))
    if options.kind != "auto" and options.kind not in form.kinds:
        raise InputError(
            f"{path} is {form.title}, which holds {' or '.join(form.kinds)}, not {options.kind}."
        )
    series, number = _number_in(options.series)
    try:
        found = list(form.read(path, replace(options, series=series)))
    except RadiogenomicsError:
        raise
    except _DAMAGED as error:
        raise InputError(
            f"{path} could not be read as {form.title}: {_wrong_content(path)}. "
            f"Copy or export it again. ({type(error).__name__}: {_last_words(error)})"
        ) from error
    if number > len(found):
        raise InputError(
            f"{path} holds no object #{number}: {_listed(found)}. Choose a number among these."
        )
    found = [found[number - 1]] if number else found
    found = [_on_its_scan(with_brats_names(obj, path), options.reference) for obj in found]
    return [_with_its_history(found[0], path)] if len(found) == 1 else found


def _number_in(series: str) -> tuple[str, int]:
    """UID and number of an object in the setting series; 0 where it has none.

    Examples
    --------
    >>> _number_in("1.2.840#2"), _number_in("#1"), _number_in("1.2.840")
    (('1.2.840', 2), ('', 1), ('1.2.840', 0))
    """
    uid, mark, text = series.partition("#")
    if not mark:
        return series, 0
    if not text.strip().isdecimal() or int(text) < 1:
        raise InputError(
            f'"{series}" is no setting of series. After # stands the number of an object from 1, '
            'such as "#2".'
        )
    return uid.strip(), int(text)


def _scan_at(path: Path) -> Image:
    """Scan that a reference names by its path."""
    scans = [obj for obj in _read(path, ReadOptions("image")) if isinstance(obj, Image)]
    if len(scans) != 1:
        raise InputError(
            f"{path} holds {len(scans)} scans{f': {_listed(scans)}' if scans else ''}, and a "
            "reference is one. Read the one that was drawn on with the setting series, and give "
            "it instead."
        )
    return scans[0]


def _wrong_content(path: Path) -> str:
    """What is wrong with a file, as far as its first bytes tell."""
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                return "it is a zip archive under another name; unpack it first"
    return "it is damaged or cut off"


def _last_words(error: Exception) -> str:
    r"""Last thing that a library says, without the places in its own source and memory.

    Examples
    --------
    >>> _last_words(RuntimeError("Exception thrown in X: /src/a.cxx:99:\n"
    ...     "ITK ERROR: NiftiImageIO(0x55d0): a.nii is not recognized"))
    'a.nii is not recognized'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return _OF_LIBRARY.sub("", lines[-1])[-300:].strip() if lines else ""


def _on_its_scan(obj: Any, scan: Any) -> Any:
    """Let a segmentation refer to the scan it was read for, where it has the same grid."""
    if not (isinstance(obj, Segmentation) and isinstance(scan, Image)):
        return obj
    if obj.metadata.get("source_series", "") not in ("", scan.metadata.get("series")):
        return obj  # it says itself that it was drawn on another
    return drawn_on(obj, scan) if scan.geometry.same_grid(obj.geometry) else obj


def _with_its_history(obj: Any, path: Path) -> Any:
    """Attach the history that lies beside the file; a damaged one is told and left out."""
    if getattr(obj, "history", None) != () or not hasattr(obj, "notes"):
        return obj
    try:
        return replace(obj, history=read_history(path))
    except (InputError, OSError) as error:
        return replace(obj, notes=(*obj.notes, str(error)))


def _warn_of_notes(objects: list[Any]) -> None:
    notes = (note for obj in objects for note in getattr(obj, "notes", ()))
    for note in dict.fromkeys(notes):
        warnings.warn(note, DataWarning, stacklevel=3)  # the line that called the reader


def read(
    path: str | Path,
    kind: Kind = "auto",
    *,
    fourth_axis: FourthAxis = "",
    gaps: Gaps = "blank",
    reference: Any = None,
    series: str = "",
) -> Any:
    """Read the one object that a file or folder holds.

    Parameters
    ----------
    path : str or Path
        File, or folder of a DICOM series.
    kind, fourth_axis, gaps, reference, series
        As for `read_all`.

    Returns
    -------
    Image, Segmentation, Slide or Samples
        What the file holds.

    Raises
    ------
    InputError
        If the file cannot be read, or holds several objects: the message names them.

    Examples
    --------
    >>> from napari_radiogenomics import read, write
    >>> from napari_radiogenomics.data.geometry import Geometry
    >>> from napari_radiogenomics.data.image import Image
    >>> import numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "scan.nii.gz"
    >>> _ = write(Image(np.ones((2, 3, 4), np.float32), Geometry((4, 3, 2))), path)
    >>> read(path).geometry.size
    (4, 3, 2)
    """
    objects = _read(Path(path), ReadOptions(kind, fourth_axis, gaps, reference, series))
    _warn_of_notes(objects)
    if len(objects) == 1:
        return objects[0]
    raise InputError(
        f"{path} holds {len(objects)} objects: {_listed(objects) or 'nothing'}. "
        f"{_why_several(objects, Path(path))}Choose one by its {_what_tells(objects)} with the "
        "setting series."
    )


def _why_several(objects: list[Any], path: Path) -> str:
    """What was noted of more than one of the objects: why one series is not one scan."""
    notes = [note for obj in objects for note in getattr(obj, "notes", ())]
    shared = dict.fromkeys(note for note in notes if notes.count(note) > 1)
    return "".join(f"{note.removeprefix(f'{path}: ')} " for note in shared)


def _what_tells(objects: list[Any]) -> str:
    """What to write in the setting series, with the last object as the example."""
    uids = [_series_of(obj) for obj in objects]
    last = f'number, such as "#{len(objects)}",'
    return f"UID or {last}" if all(uids) and len(set(uids)) == len(uids) else last


def _series_of(obj: Any) -> str:
    return str(getattr(obj, "metadata", {}).get("series", ""))


def _listed(objects: Sequence[Any]) -> str:
    return "; ".join(f"#{place} {_describe(obj)}" for place, obj in enumerate(objects, start=1))


def _describe(obj: Any) -> str:
    geometry = getattr(obj, "geometry", "")
    series = _series_of(obj)
    return f"{obj.name} ({geometry}{', series ' + series if series else ''})"


def write(obj: Any, path: str | Path) -> Path:
    """Write an object; the format follows from the name of the file.

    The file is written beside its place and renamed when it is complete, so that an
    interrupted write leaves the old file. The history of the object is written as
    ``NAME.history.json``.

    Parameters
    ----------
    obj : Image, Segmentation or Samples
        What to write.
    path : str or Path
        Where; its folder must exist.

    Returns
    -------
    Path
        The written file.

    Warns
    -----
    DataWarning
        If the format cannot hold all of the object: what is lost, and which format keeps it.

    Raises
    ------
    InputError
        If the folder does not exist or may not be written, or no format writes such an object
        under such a name. What was there before stays as it was.
    """
    path = Path(path)
    kind = kind_of(obj)
    if not path.parent.exists():
        raise InputError(f"The folder {path.parent} does not exist. Create it, then save again.")
    able = [form for form in FORMATS if form.write and kind in form.writes]
    form = next((form for form in able if form.claims(path)), None)
    if form is None or form.write is None:
        endings = ", ".join(suffix for form in able for suffix in form.suffixes)
        raise InputError(
            f'"{path.name}" is no name for a file that holds {kind} data. '
            f"End the name with one of: {endings or 'none, such data cannot be saved yet'}."
        )
    try:
        with atomic_path(path) as temporary:
            form.write(obj, temporary)
        write_history(obj, path)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or _last_words(error)
        raise InputError(
            f"{path} could not be saved as {form.title}: {reason}. "
            "Check the permissions and the free space, or save it elsewhere."
        ) from error
    lost = form.loses(obj)
    if lost:
        warnings.warn(f"{path} was saved without {lost}.", DataWarning, stacklevel=2)
    return path
