"""Samples of one frame brought into another, by the transforms that the cohort has.

A transform is a JSON file with a 4×4 ``matrix``, which maps LPS mm of ``from_frame`` to those of
``to_frame`` (rigid or affine). Several may lead from one frame to another, each in either
direction. Thin-plate splines and other files are no matrices: samples that need one stay without
a place, and a note says why.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import InputError

__all__ = ["Way", "in_frame", "in_frames", "way_between"]

_XYZ = ["x", "y", "z"]


@dataclass(frozen=True, eq=False)
class Way:
    """What leads from one frame to another.

    Attributes
    ----------
    matrix : ndarray, shape (4, 4)
        LPS mm of the first frame to those of the second.
    error_mm : float
        Target registration errors of its transforms, added in squares.
    """

    matrix: NDArray[np.float64]
    error_mm: float = 0.0


def way_between(cohort: Cohort, moving: str, fixed: str) -> Way | None:
    """Find the shortest chain of transforms from one frame to another.

    Parameters
    ----------
    cohort : Cohort
        Its transforms.
    moving, fixed : str
        Names of the frames.

    Returns
    -------
    Way or None
        None where no transform that is supported leads there.

    Raises
    ------
    InputError
        If a file on the way cannot be read, or its matrix is not invertible.
    """
    ways = {moving: Way(np.eye(4))}
    waiting = deque([moving])
    while waiting:
        here = waiting.popleft()
        if here == fixed:
            return ways[here]
        for there, path, inverse, error in _steps(cohort, here):
            if there in ways:
                continue
            step = _read_matrix(cohort.file(path))
            step = np.asarray(np.linalg.inv(step), float) if inverse else step
            total = float(np.hypot(ways[here].error_mm, error))
            ways[there] = Way(step @ ways[here].matrix, total)
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
            if path and _is_matrix(str(path)):
                yield str(there), str(path), not ahead, float(np.nan_to_num(error))


def _is_matrix(path: str) -> bool:
    return path.lower().endswith(".json")


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
        points = samples.select(mask).points_lps()  # (N, 3)
        moved.loc[mask, _XYZ] = points @ way.matrix[:3, :3].T + way.matrix[:3, 3]
        moved.loc[mask, ["coord_system", "unit", "frame"]] = ["LPS", "mm", frame]
        own = moved.loc[mask, "uncertainty_mm"]
        if way.error_mm:
            moved.loc[mask, "uncertainty_mm"] = np.hypot(own.fillna(0.0), way.error_mm)
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


def _why_not(cohort: Cohort, moving: str, fixed: str, count: int, way: Way | None) -> str:
    """Sentence on samples that stay without a place."""
    what = f'{count} samples of frame "{moving}" have no place in "{fixed}": '
    if way is not None:
        return f"{what}voxel coordinates cannot be moved. Write them in mm."
    table = cohort.transforms
    touches = (table["from_frame"] == moving) | (table["to_frame"] == moving)
    kinds = [
        f"{Path(path).name} ({method})" if method else Path(path).name
        for path, method in zip(table.loc[touches, "path"], table.loc[touches, "method"],
                                strict=True)
        if not _is_matrix(str(path))
    ]  # fmt: skip
    if kinds:
        return (
            f"{what}{', '.join(kinds[:3])} is no rigid or affine matrix, the only kind that is "
            "applied to samples. Save it as a JSON with a 4×4 matrix."
        )
    return f"{what}no transform leads there. Name one in transforms.csv."


def _read_matrix(path: Path) -> NDArray[np.float64]:
    try:
        matrix = np.array(json.loads(path.read_text("utf-8"))["matrix"], float)
        usable = matrix.shape == (4, 4) and abs(np.linalg.det(matrix)) > 1e-12
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds no transform ({error}). Write a JSON with a 4×4 matrix."
        ) from error
    if not usable:
        raise InputError(f"The matrix of {path} is no invertible 4×4 matrix. Mend it.")
    return matrix
