"""NIfTI volumes, through SimpleITK."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.io.volume.losses import lost_names_and_fractions
from napari_radiogenomics.io.volume.nifti_blanks import with_blanks
from napari_radiogenomics.io.volume.nifti_complete import require_complete
from napari_radiogenomics.io.volume.nifti_space import with_space
from napari_radiogenomics.io.volume.simpleitk import read_volume, write_volume

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["FORMAT"]

_SUFFIXES = (".nii", ".nii.gz")


def _reads(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


def _read(path: Path, options: ReadOptions) -> list[Image | Segmentation]:
    require_complete(path)
    found = read_volume(path, options, restored=with_blanks)
    return [with_space(obj, path) for obj in found]


FORMAT = Format(
    name="nifti",
    title="NIfTI",
    suffixes=_SUFFIXES,
    kinds=("image", "segmentation"),
    reads=_reads,
    read=_read,
    write=write_volume,
    writes=("image", "segmentation"),
    loses=lost_names_and_fractions,
)
