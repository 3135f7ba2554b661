"""Slides of scanners in their own formats, through OpenSlide (extra ``slides``)."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.io.slides.scanner import read_scanner_slide

__all__ = ["FORMAT"]

_UNKNOWN = ".vsi"
_SUFFIXES = (".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide", _UNKNOWN)


def _reads(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


def _read(path: Path, options: ReadOptions) -> list[Slide]:
    if path.suffix.lower() == _UNKNOWN:
        raise InputError(
            f"{path} is a slide of cellSens, whose format (VSI) OpenSlide does not read. Export it "
            "as OME-TIFF (from OlyVIA, QuPath or bioformats2raw) and open that."
        )
    return [read_scanner_slide(path)]


FORMAT = Format(
    name="scanner_slide",
    title="slide of a scanner",
    suffixes=_SUFFIXES,
    kinds=("slide",),
    reads=_reads,
    read=_read,
)
