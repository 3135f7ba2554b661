"""Messages as a notification has room for: names of files first, their whole paths last."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["by_name"]


def by_name(message: str, paths: Iterable[str | Path]) -> str:
    """Say names for the paths in a message; the whole path of each follows below.

    Parameters
    ----------
    message : str
        What went wrong, as the core says it.
    paths : iterable of str or Path
        Files and folders it may be about.

    Returns
    -------
    str
        The message as it was where it has none of the paths.

    Examples
    --------
    >>> print(by_name("/data/2024/P1/ct.nii is empty. Copy it again.", ["/data/2024/P1/ct.nii"]))
    ct.nii is empty. Copy it again.
    File: /data/2024/P1/ct.nii
    """
    meant = []
    for path in dict.fromkeys(map(str, paths)):
        if path in message and Path(path).name != path:
            meant.append(path)
    told = message
    for path in meant:
        folder = f"{Path(path).parent}".removesuffix(os.sep) + os.sep
        told = told.replace(folder, "")
    where = (f"{'Folder' if Path(path).is_dir() else 'File'}: {path}" for path in meant)
    return "\n".join((told, *where))
