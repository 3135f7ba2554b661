"""Kernels compiled ahead, by other processes: the work can be cancelled, and the screen lives.

Compiling takes half a minute of computing, once after an installation. It cannot be stopped
from within its process, and holds up every other thread there. So two processes of their own
compile on a small scan and leave the result on disk, where the kernels are loaded from.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.radiomics.family import FAMILIES, Family, Feature, MatrixSettings

__all__ = ["Compiled", "compile_now", "needed_for", "prepare"]

WHAT = "Preparing the computation (once after installation)"
_LOOK_EVERY_S = 0.05
_PROCESSES = min(2, os.cpu_count() or 1)
_PROGRAM = "import napari_radiogenomics.radiomics.compiling as p, sys; p.compile_now(sys.argv[1])"
# Seconds of compiling, to share them out evenly.
_SECONDS = {"glrlm": 7, "MCC": 6, "glcm": 5, "firstorder": 3, "gldm": 3}
_ready: set[Compiled] = set()


class Compiled(NamedTuple):
    """What is compiled together.

    Attributes
    ----------
    family : str
        Name of a family.
    part : str
        "MCC", which has a kernel of its own, or empty for the rest of the family.
    symmetrical, joined : bool
        Whether pairs count both ways, and whether angles are joined: other kernels.
    """

    family: str
    part: str = ""
    symmetrical: bool = True
    joined: bool = False

    @property
    def stamp(self) -> Path:
        """File that says it is on disk."""
        from napari_radiogenomics.radiomics.kernels import made_of, made_where

        flags = f"{int(self.symmetrical)}{int(self.joined)}"
        return made_where() / f"{self.family}{self.part}{flags}.{made_of()[:16]}.prepared"


def needed_for(
    wanted: Mapping[Family, Sequence[Feature]], matrix: MatrixSettings
) -> list[Compiled]:
    """List what features of this package's own families need.

    Parameters
    ----------
    wanted : mapping of Family to sequence of Feature
        Features to measure.
    matrix : MatrixSettings
        How.
    """
    found = []
    for family, features in wanted.items():
        if not family.measure.__module__.startswith(f"{__package__}."):
            continue
        parts = {"MCC" if feature.name == "MCC" else "" for feature in features}
        how = (matrix.symmetrical, matrix.weighting_norm is not None)
        found += [Compiled(family.name, part, *how) for part in sorted(parts)]
    return found


def prepare(
    wanted: Mapping[Family, Sequence[Feature]], matrix: MatrixSettings, progress: Progress
) -> None:
    """Have everything compiled that features need.

    Parameters
    ----------
    wanted, matrix
        As for `needed_for`.
    progress : Progress
        May cancel at any time while it compiles.

    Raises
    ------
    Cancelled
        If ``progress`` says so; the next call begins again.
    """
    missing = [one for one in needed_for(wanted, matrix) if one not in _ready]
    unmade = [one for one in missing if not one.stamp.is_file()]
    if unmade:
        _compile_elsewhere(unmade, progress)
    _ready.update(missing)


def _compile_elsewhere(kernels: list[Compiled], progress: Progress) -> None:
    """Compile in processes of their own; what fails there is compiled here on first use."""
    shares = [share for share in _shares(kernels) if share]
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_process(share)) for share in shares]
        for _ in progress(_until_done(processes), WHAT):
            pass
        for share, process in zip(shares, processes, strict=True):
            if process.returncode == 0:
                _stamp(share)


def _shares(kernels: list[Compiled]) -> list[list[Compiled]]:
    """Give the longest first, each to the process with the least to do."""
    shares: list[list[Compiled]] = [[] for _ in range(_PROCESSES)]
    load = [0] * _PROCESSES
    cost = {one: _SECONDS.get(one.part or one.family, 2) for one in kernels}
    for one in sorted(kernels, key=lambda kernel: -cost[kernel]):
        least = load.index(min(load))
        shares[least].append(one)
        load[least] += cost[one]
    return shares


@contextlib.contextmanager
def _process(kernels: list[Compiled]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a compiling process; it is over when the work is, however that ends."""
    paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(kernels)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _until_done(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    while any(process.poll() is None for process in processes):
        yield
        time.sleep(_LOOK_EVERY_S)


def _stamp(kernels: list[Compiled]) -> None:
    with contextlib.suppress(OSError):  # then it is asked for again in the next session
        for one in kernels:
            for old in one.stamp.parent.glob(f"{one.stamp.name.partition('.')[0]}.*.prepared"):
                old.unlink(missing_ok=True)
            one.stamp.touch()


def compile_now(kernels: str) -> None:
    """Compile in this process, on a scan of a few voxels.

    Parameters
    ----------
    kernels : str
        JSON list of the fields of `Compiled`.
    """
    for fields in json.loads(kernels):
        kernel = Compiled(*fields)
        for radius in (1, 2) if kernel.family == "glcm" else (1,):  # one for few cells, for many
            _measure_something(kernel, radius)


def _measure_something(kernel: Compiled, radius: int) -> None:
    from napari_radiogenomics.data.geometry import Geometry
    from napari_radiogenomics.data.image import Image
    from napari_radiogenomics.radiomics.surroundings import make_neighborhoods

    family = FAMILIES[kernel.family]
    names = tuple(x.name for x in family.features if (x.name == "MCC") == (kernel.part == "MCC"))
    array = np.arange(27, dtype=np.int16).reshape(3, 3, 3) % 5
    around, centers = make_neighborhoods(
        Image(array, Geometry((3, 3, 3))),
        np.ones(array.shape, bool),
        radius=radius,
        masked=True,
        thin_axis=None,
        matrix=MatrixSettings((1,), kernel.symmetrical, "infinity" if kernel.joined else None),
        binning={"bin_width": 1.0, "bin_count": None},
        needs_matrix=family.needs_matrix,
    )
    family.measure(around, centers, names)
