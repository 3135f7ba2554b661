"""DICOM RTSTRUCT: contours of radiotherapy planning, as labels."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.format import Format, ReadOptions

__all__ = ["FORMAT"]


def _reads(path: Path) -> bool:
    return dicom.file_class(path) == dicom.RTSTRUCT


def _read(path: Path, options: ReadOptions) -> list[Segmentation]:
    from napari_radiogenomics.io.dicom.rtstruct_read import read_rtstruct

    if options.kind == "image":
        raise InputError(f"{path} holds contours, not a scan. Read it as a segmentation.")
    with dicom.understood(path):
        return [read_rtstruct(path, options)]


FORMAT = Format(
    name="rtstruct",
    title="DICOM RTSTRUCT",
    suffixes=(".dcm",),
    kinds=("segmentation",),
    reads=_reads,
    read=_read,
)
