"""Whether a NIfTI file is whole: ITK reads one that was cut off, and fills up with zeros."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from napari_radiogenomics.errors import InputError

__all__ = ["require_complete"]

_HEADER = 348
_BLOCK = 1 << 22


def require_complete(path: Path) -> None:
    """Refuse a NIfTI file that holds fewer bytes than its header announces, or NIfTI-2.

    Of a compressed file the size that gzip keeps in the last four bytes is compared; only where
    it differs is the file decompressed to count.

    Raises
    ------
    InputError
        If voxels are missing, or the file is NIfTI-2, which ITK does not read.
    """
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    if not compressed:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        _compare(path, path.stat().st_size, _announced(path, header))
        return
    with path.open("rb") as raw:
        raw.seek(-4, 2)
        kept = struct.unpack("<I", raw.read(4))[0]
    try:
        with gzip.open(path) as file:
            announced = _announced(path, file.read(_HEADER))
            if kept != announced % (1 << 32):
                file.seek(0)
                _compare(path, _count(file), announced)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is cut off or damaged inside ({error}). Copy or export it again."
        ) from error


def _announced(path: Path, header: bytes) -> int:
    """Bytes a whole file has: offset of the voxels, and voxels × bytes a voxel."""
    for order in "<>":
        kind = struct.unpack_from(f"{order}i", header)[0] if len(header) >= 4 else 0
        if kind == 348 and len(header) >= 348:
            dim = struct.unpack_from(f"{order}8h", header, 40)
            bits = struct.unpack_from(f"{order}h", header, 72)[0]
            offset = int(struct.unpack_from(f"{order}f", header, 108)[0])
            voxels = math.prod(max(count, 1) for count in dim[1 : 1 + max(0, min(dim[0], 7))])
            return offset + voxels * bits // 8
        if kind == 540:
            raise InputError(
                f"{path} is NIfTI-2, which cannot be read here. Convert it to NIfTI-1 first, for "
                "example with nibabel: Nifti1Image.from_image(nibabel.load(path))."
            )
    return 0  # no header that is known here: the reader itself says what is wrong


def _count(file: gzip.GzipFile | BinaryIO) -> int:
    total = 0
    while block := file.read(_BLOCK):
        total += len(block)
    return total


def _compare(path: Path, found: int, announced: int) -> None:
    if found < announced:
        raise InputError(
            f"{path} is cut off: its header announces {announced:,} bytes, {found:,} are there. "
            "Copy or export it again."
        )
