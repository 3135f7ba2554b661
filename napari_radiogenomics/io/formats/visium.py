"""A Visium section, read as its spots; `io.visium.read_visium` gives their counts too."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.io.expression_formats.tenx import is_visium
from napari_radiogenomics.io.format import Format, ReadOptions

__all__ = ["FORMAT"]


def _read(path: Path, options: ReadOptions) -> list[Samples]:
    from napari_radiogenomics.io.visium import visium_samples

    return [visium_samples(path)]


FORMAT = Format(
    name="visium",
    title="Visium section",
    suffixes=(),
    kinds=("samples",),
    reads=is_visium,
    read=_read,
)
