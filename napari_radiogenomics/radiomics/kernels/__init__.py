"""Compiled loops over voxels, one module a family.

The compiler keeps on disk what it has made, and notices a change only of the module of a kernel
itself, by its date and size. So what was made of other sources than these is removed when the
package is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import llvmlite
import numba

__all__ = ["made_of", "made_where"]

_STAMP = "sources.sha256"


@numba.njit(cache=True)
def _anchor() -> int:
    """Do nothing, but know where the compiler keeps what it makes of this folder."""
    return 0


def made_of() -> str:
    """Tell apart compiled kernels: by their sources, the compiler and the processor."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    found.update(f"{numba.__version__} {llvmlite.__version__}".encode())
    found.update(llvmlite.binding.get_host_cpu_name().encode())
    return found.hexdigest()


def made_where() -> Path:
    """Folder where the compiler keeps them."""
    return Path(str(_anchor.stats.cache_path))


def _forget_others() -> None:
    """Remove what was made of other sources."""
    folder, now = made_where(), made_of()
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == now:
        return
    for path in folder.glob("*.nb[ic]"):
        path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    stamp.write_text(now, encoding="ascii")


with contextlib.suppress(OSError):  # a folder that cannot be written to keeps what it has
    _forget_others()
