"""DICOM segmentations: BINARY, FRACTIONAL and LABELMAP, overlapping or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.format import Format, ReadOptions

__all__ = ["FORMAT"]


def _reads(path: Path) -> bool:
    return dicom.file_class(path) in (dicom.SEG, dicom.LABELMAP_SEG)


def _read(path: Path, options: ReadOptions) -> list[Segmentation]:
    from napari_radiogenomics.io.dicom.seg_read import read_seg

    if options.kind == "image":
        raise InputError(f"{path} holds a segmentation, not a scan. Read it as a segmentation.")
    with dicom.understood(path):
        return [read_seg(path, options)]


def _write(obj: Any, path: Path) -> None:
    from napari_radiogenomics.io.dicom.seg_write import write_seg

    write_seg(obj, path)


FORMAT = Format(
    name="dicom_seg",
    title="DICOM SEG",
    suffixes=(".dcm",),
    kinds=("segmentation",),
    reads=_reads,
    read=_read,
    write=_write,
    writes=("segmentation",),
)
