"""A cohort, opened as a file is: its folder or its ``cohort.toml``."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.io.format import Format, ReadOptions

__all__ = ["FORMAT"]

_TOML = "cohort.toml"


def _reads(path: Path) -> bool:
    return path.name == _TOML if path.is_file() else (path / _TOML).is_file()


def _read(path: Path, options: ReadOptions) -> list[Cohort]:
    from napari_radiogenomics.io.cohort_open import open_cohort

    return [open_cohort(path)]


FORMAT = Format(
    name="cohort",
    title="Cohort folder",
    suffixes=(_TOML,),
    kinds=("cohort",),
    reads=_reads,
    read=_read,
)
