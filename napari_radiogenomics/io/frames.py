"""Samples of one frame brought into another, by the transforms that the cohort has.

A transform is a file that `read_transform` reads: a matrix or a thin-plate spline that maps LPS mm
of ``from_frame`` to those of ``to_frame``. Several may lead from one frame to another, each in
either direction. Samples that none leads to a frame stay without a place, and a note says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.data.transformed import move_samples
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.transforms import TRANSFORM_SUFFIXES, read_transform

__all__ = ["in_frame", "in_frames", "way_between"]

_XYZ = ["x", "y", "z"]


def way_between(cohort: Cohort, first: str, second: str) -> Transform | None:
    """Find the shortest chain of transforms from one frame to another.

    Parameters
    ----------
    cohort : Cohort
        Its transforms.
    first, second : str
        Names of the frames.

    Returns
    -------
    Transform or None
        From points of the first frame to those of the second, its error that of the table; None
        where no transform leads there.

    Raises
    ------
    InputError
        If a file on the way cannot be read, or names other frames than the table.
    """
    ways = {first: Transform(from_frame=first, to_frame=first)}
    waiting = deque([first])
    while waiting:
        here = waiting.popleft()
        if here == second:
            return ways[here]
        for there, path, inverse, error in _steps(cohort, here):
            if there in ways:
                continue
            frames = (there, here) if inverse else (here, there)
            step = _read_step(cohort.file(path), *frames, error)
            ways[there] = ways[here].compose(step.inverse() if inverse else step)
            waiting.append(there)
    return None


def _steps(cohort: Cohort, frame: str) -> Iterator[tuple[str, str, bool, float]]:
    """Frames beside a frame: name, file, whether it is used backwards, and its error in mm."""
    table = cohort.transforms
    for ahead in (True, False):
        first, second = ("from_frame", "to_frame") if ahead else ("to_frame", "from_frame")
        found = table[table[first] == frame]
        rows = found[[second, "path", "error_mm"]].itertuples(index=False)
        for there, path, error in rows:
            if path and _is_known(str(path)):
                yield str(there), str(path), not ahead, float(np.nan_to_num(error))


def _is_known(path: str) -> bool:
    return path.lower().endswith(TRANSFORM_SUFFIXES)


def _read_step(path: Path, first: str, second: str, error_mm: float) -> Transform:
    """Transform of a row of the table; a file that names other frames is refused."""
    found = read_transform(path, from_frame=first, to_frame=second)
    if (found.from_frame, found.to_frame) != (first, second):
        raise InputError(
            f'{path} leads from "{found.from_frame}" to "{found.to_frame}"; transforms.csv says '
            f'from "{first}" to "{second}". Correct the table.'
        )
    return replace(found, error_mm=error_mm)


def in_frame(cohort: Cohort, samples: Samples, frame: str) -> Samples:
    """Samples in a frame: those of it, those without a place, and others by transforms.

    Parameters
    ----------
    cohort : Cohort
        Its transforms.
    samples : Samples
        Of one patient.
    frame : str
        Frame of a scan; all samples where it is empty.

    Returns
    -------
    Samples
        In LPS mm where a transform brought them, their uncertainty with its error; those that
        no transform brings are left out, and a note says why.

    Raises
    ------
    InputError
        If the file of a transform cannot be read.
    """
    table = samples.table
    located = table[_XYZ].notna().all(axis=1).to_numpy()
    frames = table["frame"].to_numpy()
    here = ~located | (frames == frame) | (frames == "") | (not frame)
    moved, notes = table.copy(), list(samples.notes)
    for other in dict.fromkeys(frames[~here]):
        way = way_between(cohort, str(other), frame)
        mask = (frames == other) & located
        if way is None or (table.loc[mask, "coord_system"] == "voxel").any():
            notes.append(_why_not(cohort, str(other), frame, int(mask.sum()), way))
            continue
        moved.loc[mask] = move_samples(samples.select(mask), way).table
        here = here | mask
    return replace(samples, table=moved[here], notes=tuple(dict.fromkeys(notes)))


def in_frames(cohort: Cohort, samples: Samples, frames: Sequence[str]) -> Samples:
    """Samples in any of some frames, others brought into the first that a transform leads to.

    Parameters
    ----------
    cohort : Cohort
        Its transforms.
    samples : Samples
        Of one patient, or of several in frames of their own.
    frames : sequence of str
        Frames of the scans on the screen.

    Returns
    -------
    Samples
        In their order; those that belong nowhere are left out.

    Raises
    ------
    InputError
        If the file of a transform cannot be read.
    """
    import pandas as pd

    own = samples.table["frame"].isin([*frames, ""]).to_numpy()
    parts, rest = [samples.table[own]], samples.select(~own).located
    for frame in dict.fromkeys(frame for frame in frames if frame):
        if not len(rest):
            break
        moved = in_frame(cohort, rest, frame).table
        parts.append(moved)
        rest = rest.select(~rest.table.index.isin(moved.index))
    if len(parts) == 1:
        return replace(samples, table=parts[0])
    table = pd.concat(parts)
    return replace(samples, table=table.loc[samples.table.index.intersection(table.index)])


def _why_not(cohort: Cohort, first: str, second: str, count: int, way: Transform | None) -> str:
    """Sentence on samples that stay without a place."""
    what = f'{count} samples of frame "{first}" have no place in "{second}": '
    if way is not None:
        return f"{what}voxel coordinates cannot be moved. Write them in mm."
    table = cohort.transforms
    touches = (table["from_frame"] == first) | (table["to_frame"] == first)
    files = [Path(path).name for path in table.loc[touches, "path"] if not _is_known(str(path))]
    if files:
        known = ", ".join(TRANSFORM_SUFFIXES)
        return f"{what}{', '.join(files[:3])} is no transform that is read ({known})."
    return f"{what}no transform leads there. Name one in transforms.csv."
