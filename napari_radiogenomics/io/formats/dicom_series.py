"""DICOM series: a folder of slices, a single slice of one, or a multi-frame file."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.dicom.images import image_of, stacks_of
from napari_radiogenomics.io.dicom.stacks import Stack
from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["FORMAT"]

# As many entries of a folder are looked at to tell what it is.
_LOOK_AT = 200


def _reads(path: Path) -> bool:
    if path.is_file():
        others = (dicom.SEG, dicom.LABELMAP_SEG, dicom.RTSTRUCT, dicom.SLIDE)
        return dicom.is_dicom(path) and dicom.file_class(path) not in others
    if dicom.is_slide_folder(path):
        return False
    return _has_dicom(path) or any(map(_has_dicom, _folders(path)))


def _has_dicom(folder: Path) -> bool:
    return any(map(dicom.is_dicom, itertools.islice(folder.iterdir(), _LOOK_AT)))


def _folders(path: Path) -> list[Path]:
    """List the first folders within a folder, by name."""
    inner = (p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    return sorted(itertools.islice(inner, _LOOK_AT))


def _read(path: Path, options: ReadOptions) -> list[Any]:
    with dicom.understood(path):
        return _read_folder(path, options) if path.is_dir() else _read_file(path, options)


def _read_file(path: Path, options: ReadOptions) -> list[Image]:
    """Read the series that a file belongs to; a multi-frame file is read alone."""
    header = dicom.read_header(path)
    if not dicom.is_image(header):
        raise InputError(
            f"{path} is DICOM ({dicom.class_name(header)}) and holds no picture. Open the folder "
            "of the series instead."
        )
    if options.kind == "segmentation":
        raise InputError(
            f"{path} holds a scan ({dicom.class_name(header)}), not a segmentation. Read it as "
            "an image."
        )
    series = str(header.get("SeriesInstanceUID", ""))
    if int(header.get("NumberOfFrames") or 1) > 1 or not series:
        return [image_of(stack, options, path) for stack in stacks_of({path: header}, path)]
    folder = dicom.scan_folder(path.parent)
    files = {**folder.images([series]), path: header}
    return [
        image_of(stack, options, path.parent)
        for stack in stacks_of(files, path.parent)
        if any(plane.path == path for volume in stack.volumes for plane in volume)
    ]


def _read_folder(path: Path, options: ReadOptions) -> list[Any]:
    """Read everything that lies in a folder: scans, segmentations, contours."""
    if not _has_dicom(path):
        inner = [folder for folder in _folders(path) if _has_dicom(folder)]
        if len(inner) == 1:
            return _read_folder(inner[0], options)
        raise InputError(
            f"{path} holds no DICOM itself; {len(inner)} folders in it do: "
            f"{dicom.listed(folder.name for folder in inner)}. Open one of them."
        )
    folder = dicom.scan_folder(path)
    if options.series:
        folder = _of_series(folder, options.series)
    if not folder.headers:
        raise InputError(f"{path}: {' '.join(folder.notes) or 'holds no DICOM.'}")
    found: list[Any] = []
    failures: list[RadiogenomicsError] = []
    if options.kind != "segmentation":
        found += _collect(_images(folder, options), failures)
    images_failed = bool(failures) and not found
    if options.kind != "image":
        found += _collect(_segmentations(folder, options), failures)
    if failures and (images_failed or not found):
        raise failures[0]
    if not found:
        raise InputError(f"{path} holds {_classes(folder.headers)}, but nothing to show.")
    notes = (*folder.notes, *map(str, failures), *_skipped(folder))
    found[0] = dataclasses.replace(found[0], notes=(*found[0].notes, *notes))
    return _distinct(found)


def _of_series(folder: dicom.Folder, series: str) -> dicom.Folder:
    known = {p: str(header.get("SeriesInstanceUID", "")) for p, header in folder.headers.items()}
    if series not in known.values():
        uids = list(dict.fromkeys(known.values()))
        raise InputError(f"{folder.path} holds no series {series}. {did_you_mean(series, uids)}")
    headers = {p: header for p, header in folder.headers.items() if known[p] == series}
    return dataclasses.replace(folder, headers=headers)


def _images(folder: dicom.Folder, options: ReadOptions) -> Iterable[Any]:
    def reader(stack: Stack) -> Any:
        return lambda: [image_of(stack, options, folder.path)]

    return [reader(stack) for stack in stacks_of(folder.images(), folder.path)]


def _segmentations(folder: dicom.Folder, options: ReadOptions) -> Iterable[Any]:
    from napari_radiogenomics.io.dicom.rtstruct_read import read_rtstruct
    from napari_radiogenomics.io.dicom.seg_read import read_seg

    def reader(function: Any, path: Path) -> Any:
        def read() -> list[Any]:
            with dicom.understood(path):
                return [function(path, options, folder)]

        return read

    segs = folder.of_class(dicom.SEG, dicom.LABELMAP_SEG)
    structures = folder.of_class(dicom.RTSTRUCT)
    return [reader(read_seg, p) for p in segs] + [reader(read_rtstruct, p) for p in structures]


def _collect(readers: Iterable[Any], failures: list[RadiogenomicsError]) -> list[Any]:
    """Read each object; what fails is kept for the notes of those that do not."""
    found: list[Any] = []
    for read in readers:
        try:
            found += read()
        except RadiogenomicsError as error:
            failures.append(error)
    return found


def _classes(headers: Mapping[Path, Dataset]) -> str:
    return dicom.listed(dict.fromkeys(dicom.class_name(header) for header in headers.values()))


def _skipped(folder: dicom.Folder) -> list[str]:
    known = {
        *folder.images(),
        *folder.of_class(dicom.SEG, dicom.LABELMAP_SEG, dicom.RTSTRUCT),
    }
    left = [
        f"{path.name} ({dicom.class_name(header)})"
        for path, header in folder.headers.items()
        if path not in known
    ]
    return [f"{folder.path}: no scan and skipped: {dicom.listed(left)}."] if left else []


def _distinct(objects: Sequence[Any]) -> list[Any]:
    """Tell objects of the same name apart by their order."""
    names = [obj.name for obj in objects]
    distinct = []
    for place, obj in enumerate(objects):
        if names.count(obj.name) > 1:
            suffix = names[: place + 1].count(obj.name)
            obj = dataclasses.replace(obj, name=f"{obj.name} ({suffix})")
        distinct.append(obj)
    return distinct


FORMAT = Format(
    name="dicom_series",
    title="DICOM series",
    suffixes=(".dcm", ".dicom", ".ima"),
    kinds=("image", "segmentation"),
    reads=_reads,
    read=_read,
)
