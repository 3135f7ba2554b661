"""What a file format is: one module in ``io/formats/`` that defines ``FORMAT``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_radiogenomics.registry import Registry

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import FourthAxis

__all__ = ["FORMATS", "Format", "Gaps", "Kind", "ReadOptions"]

Kind = Literal["auto", "image", "segmentation", "samples", "slide", "cohort"]
Gaps = Literal["blank", "refuse"]


@dataclass(frozen=True)
class ReadOptions:
    """What the person may choose when a file is read.

    Attributes
    ----------
    kind : str
        What the file is to be read as; ``"auto"`` decides from the content and says so.
    fourth_axis : str
        Meaning of a fourth axis; ``""`` decides from the header.
    gaps : {"blank", "refuse"}
        What to do where a series misses slices: keep their places blank and say so, or refuse.
    reference : object or None
        Scan onto whose grid segmentations of DICOM are put.
    series : str
        SeriesInstanceUID to read from a folder that holds several; a number after it was
        taken off by `read`.
    """

    kind: Kind = "auto"
    fourth_axis: FourthAxis = ""
    gaps: Gaps = "blank"
    reference: Any = None
    series: str = ""


def _nothing(obj: Any) -> str:
    return ""


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    suffixes : tuple of str
        File name endings in lower case, with the dot; empty for folders.
    kinds : tuple of str
        What its files can hold.
    reads : callable
        ``reads(path) -> bool``: whether this file or folder is of the format. Looks at the
        name and at a few bytes at most.
    read : callable
        ``read(path, options) -> list`` of `Image`, `Segmentation`, `Slide` or `Samples`.
    write : callable or None
        ``write(obj, path)``; the path is a temporary one, renamed when it is complete.
    writes : tuple of str
        Kinds it can write.
    loses : callable
        ``loses(obj) -> str``: what of an object its files cannot hold and which format can, as
        the end of "was saved without …"; ``""`` where nothing is lost.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    kinds: tuple[Kind, ...]
    reads: Callable[[Path], bool]
    read: Callable[[Path, ReadOptions], Sequence[Any]]
    write: Callable[[Any, Path], None] | None = None
    writes: tuple[Kind, ...] = ()
    loses: Callable[[Any], str] = _nothing

    def claims(self, path: Path) -> bool:
        """Whether the file name ends as this format's files do."""
        return path.name.lower().endswith(self.suffixes) if self.suffixes else False


FORMATS: Registry[Format] = Registry(
    "napari_radiogenomics.io.formats",
    attribute="FORMAT",
    noun="file format",
    group="napari_radiogenomics.formats",
)
