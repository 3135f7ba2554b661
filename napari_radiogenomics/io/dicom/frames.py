"""Single frames of DICOM files, read and decoded when they are looked at.

A slide has up to a million frames in one file. Where each one lies is found once: by its number
where frames are stored as they are, by the table of offsets or the fragments where they are
compressed. Reading one is then a seek.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom.headers import quiet_pydicom
from napari_radiogenomics.io.dicom.pixels import decoder_of

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Frames"]

_PIXELS, _ITEM, _END = (0x7FE0, 0x0010), (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_UNDEFINED = 0xFFFFFFFF


class Frames:
    """The frames of one file.

    Parameters
    ----------
    path : Path
        File.
    header : Dataset
        What it says before its pixels.

    Raises
    ------
    InputError
        If the file holds no pixels, is cut off, or its frames cannot be told apart.
    MissingDependency
        If its compression needs a decoder that is not installed.
    """

    def __init__(self, path: Path, header: Dataset) -> None:
        self.path, self._header = path, header
        self._decoder = decoder_of(header.file_meta.TransferSyntaxUID, path)
        with path.open("rb") as file:
            start, length = _pixels(file, path)
            self._compressed = length == _UNDEFINED
            self._spans = self._found(file, start)
        missing = max((end for _, end in self._spans), default=0) - path.stat().st_size
        if missing > 0:
            raise InputError(
                f"{path} is cut off: at least {missing} bytes of its frames are missing. Copy or "
                "export it again."
            )

    def __len__(self) -> int:
        return len(self._spans)

    def _found(self, file: BinaryIO, start: int) -> list[tuple[int, int]]:
        """First byte of each frame and the byte behind it."""
        count = int(self._header.get("NumberOfFrames") or 1)
        if self._compressed:
            starts = _starts(file, start, self._header, count, self.path)
            return [*pairwise(starts)]
        pixels = int(self._header.Rows) * int(self._header.Columns)
        half = self._header.PhotometricInterpretation == "YBR_FULL_422"
        each = pixels * (2 if half else int(self._header.SamplesPerPixel))
        return [(start + n * each, start + (n + 1) * each) for n in range(count)]

    def read(self, number: int) -> NDArray[np.uint8]:
        """Decode one frame, shape (Y, X) or (Y, X, 3)."""
        from pydicom.encaps import encapsulate
        from pydicom.pixels.utils import as_pixel_options

        first, last = self._spans[number]
        with self.path.open("rb") as file:
            file.seek(first)
            data = file.read(last - first)
        if self._compressed:
            data = encapsulate([b"".join(_fragments(data))])
        with quiet_pydicom():
            options = as_pixel_options(self._header, number_of_frames=1, pixel_keyword="PixelData")
            options.pop("extended_offsets", None)
            found: NDArray[np.uint8] = self._decoder.as_array(data, **options)[0]
        return found


def _pixels(file: BinaryIO, path: Path) -> tuple[int, int]:
    """Where the pixels of a file begin, and how many bytes they say they take."""
    import pydicom

    with quiet_pydicom():
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
    head = file.read(12)
    implicit, little = header.original_encoding
    if len(head) < 12 or not little or struct.unpack("<HH", head[:4]) != _PIXELS:
        raise InputError(f"{path} holds no pixels that can be read. Copy or export it again.")
    length = struct.unpack("<I", head[4:8] if implicit else head[8:])[0]
    return file.tell() - (4 if implicit else 0), length


def _starts(file: BinaryIO, start: int, header: Dataset, count: int, path: Path) -> list[int]:
    """First byte of the first fragment of each compressed frame, and the end of the last."""
    file.seek(start)
    _, length = _item(file)
    table = file.read(length)
    base = file.tell()
    extended = header.get("ExtendedOffsetTable")
    if extended:
        offsets = list(struct.unpack(f"<{count}Q", extended))
    elif length:
        offsets = list(struct.unpack(f"<{length // 4}I", table))
    else:
        offsets = _walk(file)[:-1]
    if len(offsets) != count:
        raise InputError(
            f"{path} announces {count} frames and holds {len(offsets)} pieces, and nothing tells "
            "which belong together. Export it again with an offset table."
        )
    last = base + offsets[-1]
    file.seek(last)
    return [*(base + offset for offset in offsets), last + _walk(file)[-1]]


def _item(file: BinaryIO) -> tuple[tuple[int, int], int]:
    """Tag and length at the place where a file is read; the end where it breaks off."""
    head = file.read(8)
    if len(head) < 8:
        return _END, 0
    group, element, length = struct.unpack("<HHI", head)
    return (group, element), length


def _walk(file: BinaryIO) -> list[int]:
    """Where fragments begin from here on, and where the last ends, counted from here."""
    base = file.tell()
    found = [0]
    while True:
        tag, length = _item(file)
        if tag != _ITEM:
            return found
        file.seek(length, 1)
        found.append(file.tell() - base)


def _fragments(data: bytes) -> list[bytes]:
    """Contents of the items that lie in some bytes."""
    place, found = 0, []
    while place + 8 <= len(data):
        group, element, length = struct.unpack("<HHI", data[place : place + 8])
        if (group, element) != _ITEM:
            break
        found.append(data[place + 8 : place + 8 + length])
        place += 8 + length
    return found
