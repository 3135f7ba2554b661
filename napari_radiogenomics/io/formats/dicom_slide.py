"""Tissue slides in DICOM: a file of a series, or the folder of its levels."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.registry import did_you_mean

__all__ = ["FORMAT"]


def _reads(path: Path) -> bool:
    if path.is_dir():
        return dicom.is_slide_folder(path)
    return dicom.is_dicom(path) and dicom.file_class(path) == dicom.SLIDE


def _read(path: Path, options: ReadOptions) -> list[Slide]:
    from napari_radiogenomics.io.dicom.slide_read import read_slide_series

    with dicom.understood(path):
        series = _series(path, options.series)
        names = _names(path, series)
        return [
            read_slide_series(files, name, path) for files, name in zip(series, names, strict=True)
        ]


def _series(path: Path, wanted: str) -> list[dict[Path, Any]]:
    """Files of each series of a folder, or of the one that a file belongs to."""
    folder = dicom.scan_folder(path if path.is_dir() else path.parent)
    slides = sorted(folder.of_class(dicom.SLIDE).items(), key=lambda one: _uid(one[1]))
    found = {uid: dict(files) for uid, files in itertools.groupby(slides, lambda one: _uid(one[1]))}
    if path.is_file():
        wanted = wanted or _uid(dicom.read_header(path))
    if wanted and wanted not in found:
        raise InputError(f"{path} holds no series {wanted}. {did_you_mean(wanted, list(found))}")
    if not found:
        raise InputError(f"{path}: {' '.join(folder.notes) or 'holds no slide.'}")
    return [found[wanted]] if wanted else list(found.values())


def _uid(header: Any) -> str:
    return str(header.get("SeriesInstanceUID", ""))


def _names(path: Path, series: list[dict[Path, Any]]) -> list[str]:
    """Names by file and folder; what the headers call the series may be a person's."""
    own = path.stem if path.is_file() else path.name
    return [own] if len(series) == 1 else [f"{own} ({n})" for n in range(1, len(series) + 1)]


FORMAT = Format(
    name="dicom_slide",
    title="DICOM slide",
    suffixes=(".dcm", ".dicom"),
    kinds=("slide",),
    reads=_reads,
    read=_read,
)
