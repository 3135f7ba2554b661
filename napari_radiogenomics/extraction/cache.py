"""What was measured is kept by content: the same files and settings are never measured twice."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import napari_radiogenomics
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.case import Case, input_files, slide_files
from napari_radiogenomics.extraction.measure import Block, Measure
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.provenance import content_hash

__all__ = ["Cache", "cache_folder", "hash_inputs"]

# Rooms whose sources decide a number; a change in them makes what is kept old.
_ROOMS = ("data", "io", "imaging", "radiomics", "vessels", "tissue", "statistics", "extraction")


def cache_folder(given: str | Path | None) -> Path:
    """Folder that was asked for, or the person's cache folder; made where it is missing.

    Parameters
    ----------
    given : str, Path or None
        As for `extract_cohort`.

    Raises
    ------
    InputError
        If it cannot be written to.
    """
    if given is None:
        from platformdirs import user_cache_path

        given = user_cache_path("napari-radiogenomics", appauthor=False) / "extraction"
    folder = Path(given).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The cache folder {folder} cannot be made ({error.strerror}). Choose another."
        ) from error
    return folder


@functools.cache
def _code() -> str:
    """Hash of the sources that decide a number."""
    digest = hashlib.blake2b(napari_radiogenomics.__version__.encode(), digest_size=16)
    package = Path(napari_radiogenomics.__file__).parent
    for room in _ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()


def hash_inputs(case: Case) -> dict[str, str]:
    """Hash the bytes of the files of a case.

    Parameters
    ----------
    case : Case
        Which.

    Returns
    -------
    dict
        Id of each scan and segmentation → hash of its file, or of all files in its folder.

    Raises
    ------
    InputError
        If a file is not there.
    """
    return {name: _hash(case.cohort.file(path), name) for name, path in input_files(case)}


def _hash_slides(case: Case) -> list[list[str]]:
    """Hash the files of the slides, and what the table says of each."""
    slides = case.cohort.slides
    said = [column for column in ("stain", "um_per_pixel") if column in slides]
    return [
        [name, _hash(case.cohort.file(path), name), *slides.loc[name, said].astype(str)]
        for name, path in slide_files(case)
    ]


def _hash(path: Path, name: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    try:
        for file in files:
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, hashlib.blake2b).digest())
    except OSError as error:
        raise InputError(
            f"{name} cannot be read: {file} ({error.strerror}). Correct its path in the table."
        ) from error
    return digest.hexdigest()


class Cache:
    """Blocks of columns on disk, one small file each, written all or nothing.

    Parameters
    ----------
    folder : Path
        Where; it exists.

    Examples
    --------
    >>> import tempfile
    >>> cache = Cache(Path(tempfile.mkdtemp()))
    >>> cache.write("ab12", Block({1: {"volume": 2.5}}))
    >>> cache.read("ab12").rows, cache.read("cd34")
    ({1: {'volume': 2.5}}, None)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def key(
        self, case: Case, inputs: Mapping[str, str], measure: Measure, settings: Mapping[str, Any]
    ) -> str:
        """Name of a block: everything that its numbers depend on, hashed.

        Parameters
        ----------
        case : Case
            What is measured.
        inputs : Mapping of str to str
            From `hash_inputs`.
        measure : Measure
            What measures.
        settings : Mapping
            How.
        """
        scans = case.cohort.scans
        chosen = [column for column in ("unit", "series_uid") if column in scans]
        return content_hash(
            {
                "measure": (measure.name, measure.version, _code()),
                "inputs": [inputs[case.scan_id], inputs[case.segmentation_id]],
                "rows": scans.loc[[case.scan_id], chosen].astype(str).to_numpy().tolist(),
                "regions": (case.labels, case.regions),
                "slides": _hash_slides(case) if measure.slides else [],
                "settings": dict(_by_content(settings)),
            }
        )

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def read(self, key: str) -> Block | None:
        """Read a block; None where it is not there, or damaged.

        Parameters
        ----------
        key : str
            From `key`.
        """
        try:
            return Block.from_dict(json.loads(self._path(key).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, key: str, block: Block) -> None:
        """Write a block.

        Parameters
        ----------
        key : str
            From `key`.
        block : Block
            What was measured.
        """
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(block.to_dict(), allow_nan=False), encoding="utf-8")


def _by_content(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings in the order of their names; a file counts by what it holds."""
    for name, value in sorted(settings.items()):
        if isinstance(value, str | Path) and os.path.isfile(value):
            value = _hash(Path(value), name)
        elif isinstance(value, Mapping):
            value = dict(_by_content(value))
        yield name, value
