"""NRRD volumes, through SimpleITK."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.io.format import Format
from napari_radiogenomics.io.volume.simpleitk import read_volume, write_volume

__all__ = ["FORMAT"]

_SUFFIXES = (".nrrd", ".nhdr")


def _reads(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


FORMAT = Format(
    name="nrrd",
    title="NRRD",
    suffixes=_SUFFIXES,
    kinds=("image", "segmentation"),
    reads=_reads,
    read=read_volume,
    write=write_volume,
    writes=("image", "segmentation"),
)
