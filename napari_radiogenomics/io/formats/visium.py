"""A Visium section, read as its spots, or as the picture of its slide where that is asked for.

`io.visium.read_visium` gives the counts of the spots too.
"""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.io.expression_formats.tenx import is_visium
from napari_radiogenomics.io.format import Format, ReadOptions

__all__ = ["FORMAT"]


def _read(path: Path, options: ReadOptions) -> list[Samples] | list[Slide]:
    from napari_radiogenomics.io.visium import visium_samples, visium_slide

    return [visium_slide(path)] if options.kind == "slide" else [visium_samples(path)]


FORMAT = Format(
    name="visium",
    title="Visium section",
    suffixes=(),
    kinds=("samples", "slide"),
    reads=is_visium,
    read=_read,
)
