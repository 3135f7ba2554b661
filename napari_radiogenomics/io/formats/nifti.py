"""NIfTI volumes, through SimpleITK."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.io.formats._nifti_complete import require_complete
from napari_radiogenomics.io.formats._volume import read_volume, write_volume

if TYPE_CHECKING:
    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["FORMAT"]

_SUFFIXES = (".nii", ".nii.gz")


def _reads(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


def _read(path: Path, options: ReadOptions) -> list[Image | Segmentation]:
    require_complete(path)
    return read_volume(path, options)


def _read(path: Path, options: ReadOptions) -> list[Image | Segmentation]:
    return [_with_blanks(obj, path) for obj in read_volume(path, options)]


def _with_blanks(obj: Image | Segmentation, path: Path) -> Image | Segmentation:
    """Put back NaN and infinities: the NIfTI library under SimpleITK reads them as zeros.

    A map is NaN outside its region, and 0 there would be taken for a measurement.
    """
    if not isinstance(obj, Image) or obj.array.dtype.kind != "f":
        return obj
    stored = _stored_reals(path, obj.array.size)
    blank = np.zeros(0, bool) if stored is None else ~np.isfinite(stored)
    if stored is None or not blank.any():
        return obj
    array = obj.array.copy()
    array[blank.reshape(array.shape)] = stored[blank]
    return replace(obj, array=array)


def _stored_reals(path: Path, count: int) -> NDArray[np.floating] | None:
    """Values as they lie in the file, in the order of the array; None where they are whole."""
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rb") as file:
        header = file.read(544)
        order = "<" if header[:2] in (b"\x5c\x01", b"\x1c\x02") else ">"  # 348 or 540 bytes
        second = b"\x02\x1c" in (header[:2], header[2:4]) or header[:2] == b"\x1c\x02"
        kind, offset = (12, 168) if second else (70, 108)
        code = int(np.frombuffer(header, order + "i2", 1, kind)[0])
        start = int(np.frombuffer(header, order + ("i8" if second else "f4"), 1, offset)[0])
        width = {16: 4, 64: 8}.get(code)
        if width is None:
            return None
        file.seek(start)
        data = file.read(count * width)
    return np.frombuffer(data, f"{order}f{width}") if len(data) == count * width else None


FORMAT = Format(
    name="nifti",
    title="NIfTI",
    suffixes=_SUFFIXES,
    kinds=("image", "segmentation"),
    reads=_reads,
    read=_read,
    write=write_volume,
    writes=("image", "segmentation"),
)
