"""Where a result goes: looked at before the work, not after it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from napari_radiogenomics.errors import InputError

__all__ = ["require_file_place", "require_folder_place"]


def require_folder_place(folder: Path, files: Collection[str] = ()) -> list[str]:
    """Refuse a folder that cannot be made or written to.

    Parameters
    ----------
    folder : Path
        Where results go; it may not be there yet.
    files : collection of str, optional
        Names of the files that are written into it.

    Returns
    -------
    list of str
        Those of the names that are there already.

    Raises
    ------
    InputError
        If it is a file, lies in one, or may not be written to.
    """
    at = folder.absolute()
    while not at.exists() and at != at.parent:
        at = at.parent
    if not at.is_dir():
        raise InputError(f"{at} is a file. Give a folder as --output.")
    _require_writable(at, folder)
    there = [name for name in files if (folder / name).exists()]
    for name in there:
        if (folder / name).is_dir():
            raise InputError(
                f"{folder / name} is a folder, where a file is to be written. Move it."
            )
        _require_writable(folder / name, folder)
    return there


def require_file_place(path: Path) -> None:
    """Refuse a file that cannot be written.

    Parameters
    ----------
    path : Path
        The file; its folder must be there.

    Raises
    ------
    InputError
        If it is a folder, its folder is missing, or it may not be written.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give a file as --output.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"The folder {folder} does not exist. Create it first.")
    _require_writable(path if path.exists() else folder, path)


def _require_writable(place: Path, output: Path) -> None:
    if not os.access(place, os.W_OK):
        raise InputError(f"{place} may not be written to. Choose another place than {output}.")
