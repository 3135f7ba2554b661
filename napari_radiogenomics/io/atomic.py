"""Writing that leaves the old file or the new one, never half of one."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path", "remove_rests"]

_PREFIX = ".writing-"
# Whether the process of another machine lives is not known here: its rests go after a day.
_STALE_S = 86_400


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
    remove_rests(target.parent)
    begun = f"{_PREFIX}{_machine()}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=begun) as folder:
        temporary = Path(folder) / path.name
        yield temporary
        companions = [file for file in Path(folder).iterdir() if file != temporary]
        for file in [*companions, temporary]:  # a header last, when what it names is there
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
            file.replace(target if file == temporary else target.with_name(file.name))


def remove_rests(folder: Path) -> None:
    """Remove what processes that were killed while they wrote left in a folder.

    Parameters
    ----------
    folder : Path
        Where files are written. What a process that lives is writing stays; so does, for a day,
        what another machine began or Windows, where processes cannot be asked.
    """
    for rest in folder.glob(f"{_PREFIX}*"):
        try:
            if _is_left(rest):
                shutil.rmtree(rest)
        except OSError:
            continue  # another process is at it, or it is not ours to remove


def _is_left(rest: Path) -> bool:
    machine, _, number = rest.name.removeprefix(_PREFIX).partition("-")
    process = number.partition("-")[0]
    known = machine == _machine() and process.isdigit() and os.name == "posix"
    if known and not _is_alive(int(process)):
        return True
    return time.time() - os.stat(rest).st_mtime > _STALE_S


def _is_alive(process: int) -> bool:
    """Whether a process of this machine is there; asking is safe on POSIX only."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another person
    return True


def _machine() -> str:
    """Short text for this machine, without its name."""
    return hashlib.blake2b(platform.node().encode(), digest_size=4).hexdigest()
