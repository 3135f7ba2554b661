"""A trained model as a file: a zip of plain arrays and one JSON text.

Nothing in it is run on loading. What the text says of the arrays is for the model to check
before they are used; a file that is damaged, too large or of another kind is refused here.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path

__all__ = ["ModelArchive"]

_ABOUT = "about"
_MOST_BYTES = 1 << 30  # unpacked
# What numpy, zipfile and json raise at files that are no such archive, or a broken one.
_BROKEN = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_PACKAGES = ("napari-radiogenomics", "numpy", "scikit-learn")


@dataclass(frozen=True)
class ModelArchive:
    """How one kind of model is written and read.

    Attributes
    ----------
    kind : str
        What the file holds: ``"pixel classifier"``.
    noun : str
        A word for it in messages: ``"classifier"``.
    remedy : str
        What to do about a file that cannot be used.
    version : int
        Raised when older files can no longer be read.
    """

    kind: str
    noun: str
    remedy: str
    version: int = 1

    @property
    def _schema(self) -> str:
        return f"napari-radiogenomics {self.kind}"

    def header(self) -> dict[str, Any]:
        """Schema, versions of packages, and the time, for the JSON text."""
        return {
            "schema": self._schema,
            "version": self.version,
            "versions": {package: version(package) for package in _PACKAGES},
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def write(
        self,
        path: Path,
        about: Mapping[str, Any],
        arrays: Mapping[str, NDArray],
        *,
        beside: Mapping[str, str] | None = None,
    ) -> Path:
        """Write a model, all or nothing.

        Parameters
        ----------
        path : Path
            File, ending with ``.npz``.
        about : Mapping
            JSON, with what `header` says.
        arrays : Mapping of str to ndarray
            Plain arrays.
        beside : Mapping of str to str, optional
            Ending → text of files of the same name, such as a model card.

        Raises
        ------
        InputError
            If the name does not end with ``.npz``, the folder is missing, or it cannot be written.
        """
        if path.suffix != ".npz":
            raise InputError(f'"{path.name}" is no name for a {self.noun}. End it with .npz.')
        if not path.parent.is_dir():
            raise InputError(
                f"The folder {path.parent} does not exist. Create it, then save again."
            )
        text = np.frombuffer(json.dumps(about).encode(), np.uint8)
        try:
            with atomic_path(path) as temporary:
                np.savez_compressed(temporary, **{_ABOUT: text}, **arrays)  # type: ignore[arg-type]
            for ending, words in (beside or {}).items():
                with atomic_path(path.with_suffix(ending)) as temporary:
                    temporary.write_text(words, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{path} could not be saved: {error.strerror or error}. Check the permissions and "
                "the free space, or save it elsewhere."
            ) from error
        return path

    @contextmanager
    def opened(self, path: Path) -> Iterator[tuple[dict[str, Any], dict[str, NDArray]]]:
        """Give the JSON text and the arrays; what goes wrong in the block is told of the file.

        Parameters
        ----------
        path : Path
            File.

        Raises
        ------
        InputError
            If the file is not there, damaged, too large, or of another schema or version; and
            with what the block itself finds wrong.
        """
        if path.is_dir():
            raise InputError(f"{path} is a folder. Name the file of the {self.noun} in it (.npz).")
        if not path.is_file():
            raise InputError(
                f"{path} does not exist. Check the spelling; looked in {path.parent.resolve()}."
            )
        unusable = f"{path} is no {self.noun} that can be used"
        try:
            arrays = self._arrays(path)
            about = json.loads(bytes(arrays.pop(_ABOUT)))
            self._require_schema(about)
            yield about, arrays
        except InputError as error:
            raise InputError(f"{unusable}: {error}. {self.remedy}") from error
        except _BROKEN as error:
            raise InputError(
                f"{unusable}: it is damaged, or another kind of file ({type(error).__name__}). "
                f"{self.remedy}"
            ) from error

    def _arrays(self, path: Path) -> dict[str, NDArray]:
        """Arrays of the file; members that are too large or hold objects are refused."""
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _MOST_BYTES:
            raise InputError(f"it unpacks to {size / 1e9:.1f} GB, more than any {self.noun} needs")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def _require_schema(self, about: Any) -> None:
        if not isinstance(about, dict) or about.get("schema") != self._schema:
            raise InputError(f"it says nothing of a {self.kind}")
        found = about.get("version")
        if found == self.version:
            return
        if isinstance(found, int) and found < self.version:
            raise InputError(
                f"an older napari-radiogenomics wrote it (version {found} of the file, and version "
                f"{self.version} can be read); it must be made again"
            )
        raise InputError(
            f"it is of version {found}, and version {self.version} can be read; update "
            "napari-radiogenomics"
        )
