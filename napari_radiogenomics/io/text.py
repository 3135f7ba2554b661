"""Bytes of a text file: unpack, decode, and say where that fails."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.errors import InputError

__all__ = ["decode", "delimiter_of", "first_lines", "read_bytes"]

_DELIMITERS = (",", "\t", ";", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS = {
    b"PK\x03\x04": "an Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"SQLite format": "a database",
}
# Control characters that no text has; Windows-1252 leaves five more bytes without a meaning.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")


def read_bytes(path: Path) -> bytes:
    """Bytes of a file, unpacked where its name ends with ``.gz``.

    Raises
    ------
    InputError
        If it is missing, empty, damaged or no text.
    """
    if not path.is_file():
        raise InputError(
            f"{path} does not exist. Check the spelling; looked in {path.parent.resolve()}."
        )
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is cut off or damaged ({error}). Copy it again.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path} cannot be read: {reason}. Check its permissions.") from error
    if not data.strip():
        raise InputError(f"{path} is empty ({len(data)} bytes). Copy or export it again.")
    for magic, kind in _OTHER_KINDS.items():
        if data.startswith(magic):
            raise InputError(f'{path} is {kind}, not a table in text. Save it as "CSV UTF-8".')
    return data


def decode(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """Decode a table; what is not UTF-8 is read as Windows-1252 where that makes sense.

    Parameters
    ----------
    data : bytes
        Content of the file.
    file : str
        For messages.

    Returns
    -------
    text : str
        Without a byte-order mark.
    problems : list of Problem
        One where the encoding had to be guessed.

    Raises
    ------
    InputError
        If it is no text in any of the encodings.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return _without_zeros(data.decode(encoding).removeprefix("\ufeff"), file), []
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{file} begins as {encoding}, but byte {error.start} is not. Save it again "
                    'as "CSV UTF-8".'
                ) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guess(data, file, error)
    return _without_zeros(text, file), []


def _without_zeros(text: str, file: str) -> str:
    if "\x00" in text:
        place = text.index("\x00")
        raise InputError(
            f'{file} is no text (a zero byte at character {place}). Save it as "CSV UTF-8".'
        )
    return text


def _guess(data: bytes, file: str, error: UnicodeDecodeError) -> tuple[str, list[Problem]]:
    row = data.count(b"\n", 0, error.start) + 1
    place = f"byte 0x{data[error.start]:02X} at offset {error.start}, row {row}"
    text = data.decode("cp1252", errors="replace")
    if "\ufffd" in text or _CONTROL.search(text):
        raise InputError(
            f"{file} is not UTF-8 ({place}) and no other text encoding fits. "
            'Save it as "CSV UTF-8".'
        )
    word = re.findall(r"[^\s,;\t|\"]*$", data[: error.start].decode("cp1252"))[0]
    word += re.findall(r"^[^\s,;\t|\"]*", data[error.start :].decode("cp1252"))[0]
    what = f'The file is not UTF-8 ({place}). It was read as Windows-1252, there "{word[:40]}".'
    remedy = 'If the accents are right, save it as "CSV UTF-8"; if not, export it again.'
    return text, [Problem(file, row, "", what, remedy, "warning")]


def delimiter_of(text: str) -> str:
    """Delimiter of a table: the one that occurs most in its header, quotes apart.

    Examples
    --------
    >>> delimiter_of('a;"b,c,d,e";f' + chr(10))
    ';'
    """
    line = text.lstrip("\r\n").split("\n", 1)[0]
    declared = re.fullmatch(r"sep=(.)\r?", line)
    if declared:
        return declared[1]
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_DELIMITERS, key=bare.count)


def first_lines(path: Path, count: int | None = None) -> Iterator[bytes]:
    """Lines of a file one by one, unpacked where gzipped.

    Raises
    ------
    InputError
        If the file cannot be read to that point.
    """
    try:
        with path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rb") as handle:
            for number, line in enumerate(handle):
                if count is not None and number >= count:
                    return
                yield line
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}. Copy it again.") from error
