"""Writing that leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path"]


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it when the block succeeds.

    Parameters
    ----------
    path : str or Path
        Final place. The temporary name keeps all its suffixes, so that writers which choose
        the format by the name still do.

    Yields
    ------
    Path
        Where to write.

    Examples
    --------
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("a,b")
    >>> target.read_text()
    'a,b'
    """
    path = Path(path)
    target = path.resolve() if path.is_symlink() else path  # a link goes on pointing where it did
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".writing-") as folder:
        temporary = Path(folder) / path.name
        yield temporary
        companions = [file for file in Path(folder).iterdir() if file != temporary]
        for file in [*companions, temporary]:  # a header last, when what it names is there
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
            file.replace(target if file == temporary else target.with_name(file.name))
