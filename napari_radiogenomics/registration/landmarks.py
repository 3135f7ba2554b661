"""Pairs of landmarks: the same place marked in two frames.

A table has a row a pair: ``name``, ``fixed_x, fixed_y, fixed_z``, ``moving_x, moving_y,
moving_z``, and where they are known ``weight``, ``unit`` (mm where it is not said),
``fixed_frame`` and ``moving_frame``. A slide has no z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Landmarks", "read_landmarks", "write_landmarks"]

Reals = NDArray[np.float64]

_TO_MM = {"mm": 1.0, "cm": 10.0, "um": 1e-3, "µm": 1e-3, "": 1.0}
_SIDES = ("fixed", "moving")
# Points nearer than this part of the spread of all are one point clicked twice.
_SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Checked pairs.

    Attributes
    ----------
    names : tuple of str, length N
        As a person reads them.
    fixed, moving : ndarray, shape (N, 3)
        mm in the frame of each; z is 0 on a slide.
    weights : ndarray, shape (N,)
        How much each counts.
    frames : tuple of str
        Of the fixed and the moving side, where the table says them.

    Raises
    ------
    InputError
        If two pairs have a name or a place in common, or a number is missing.
    """

    names: tuple[str, ...]
    fixed: Reals
    moving: Reals
    weights: Reals
    frames: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise InputError(f'Two landmarks are called "{min(twice)}". Rename one.')
        for side in _SIDES:
            self._check(side, getattr(self, side))
        wrong = np.flatnonzero(~(np.isfinite(self.weights) & (self.weights > 0)))
        if len(wrong):
            at = int(wrong[0])
            raise InputError(
                f'The weight of landmark "{self.names[at]}" is {self.weights[at]:g}. Give a number '
                "above 0, or leave the landmark out."
            )

    def __len__(self) -> int:
        return len(self.names)

    def _check(self, side: str, points: Reals) -> None:
        lost = np.flatnonzero(~np.isfinite(points).all(axis=1))
        if len(lost):
            raise InputError(
                f'Landmark "{self.names[lost[0]]}" has no place on the {side} side. Place it, or '
                "delete the pair."
            )
        spread = np.ptp(points, axis=0).max() if len(points) else 0.0
        for first in range(len(points)):
            away = np.linalg.norm(points[first + 1 :] - points[first], axis=1)
            same = np.flatnonzero(away <= _SAME * spread)
            if len(same):
                other = self.names[first + 1 + int(same[0])]
                raise InputError(
                    f'Landmarks "{self.names[first]}" and "{other}" lie on the same place on the '
                    f"{side} side. Delete one of them."
                )

    @classmethod
    def from_table(cls, table: pd.DataFrame, *, file: str = "The table of landmarks") -> Landmarks:
        """Read a table, converted to mm.

        Raises
        ------
        InputError
            If a column is missing or a cell is no number; row and column are named.
        """
        table = table.rename(columns=lambda name: str(name).strip().lower())
        count = len(table)
        scale = np.array(list(_scales(table, file)), float)
        sides = [_points(table, side, file) * scale[:, None] for side in _SIDES]
        names = (
            table["name"].astype(str) if "name" in table else [f"L{n + 1}" for n in range(count)]
        )
        weights = _numbers(table, "weight", file) if "weight" in table else np.ones(count)
        frames = tuple(_frame(table, f"{side}_frame", file) for side in _SIDES)
        return cls(tuple(names), sides[0], sides[1], weights, (frames[0], frames[1]))

    def table(self) -> pd.DataFrame:
        """The pairs as a table, with their unit and frames."""
        import pandas as pd

        columns: dict[str, object] = {"name": list(self.names)}
        for side in _SIDES:
            points = getattr(self, side)
            columns |= {f"{side}_{axis}": points[:, n] for n, axis in enumerate("xyz")}
        columns |= {"weight": self.weights, "unit": "mm"}
        columns |= {f"{side}_frame": name for side, name in zip(_SIDES, self.frames, strict=True)}
        return pd.DataFrame(columns)


def read_landmarks(path: str | Path) -> Landmarks:
    """Read pairs of landmarks from a CSV or TSV file.

    Parameters
    ----------
    path : str or Path
        Table with a row a pair.

    Returns
    -------
    Landmarks
        In mm.

    Raises
    ------
    InputError
        If a column is missing or a cell is no number; row and column are named.
    """
    from napari_radiogenomics.io.tables import read_table

    table, problems = read_table(path)
    bad = [problem for problem in problems if problem.level == "error"]
    if bad:
        raise InputError(str(bad[0]))
    return Landmarks.from_table(table.frame, file=Path(path).name)


def write_landmarks(landmarks: Landmarks, path: str | Path) -> Path:
    """Write pairs of landmarks as CSV, all or nothing.

    Parameters
    ----------
    landmarks : Landmarks
        What to write, in mm.
    path : str or Path
        Where.

    Returns
    -------
    Path
        The written file.
    """
    from napari_radiogenomics.io.tables_write import write_table

    return write_table(landmarks.table(), path, index=False)


def _scales(table: pd.DataFrame, file: str) -> Iterator[float]:
    units = table["unit"].astype(str).str.strip() if "unit" in table else [""] * len(table)
    for row, unit in enumerate(units):
        if unit not in _TO_MM:
            raise InputError(
                f'{file}, row {row + 2}, column unit: "{unit}" is no length. Known: '
                f"{', '.join(filter(None, _TO_MM))}."
            )
        yield _TO_MM[unit]


def _points(table: pd.DataFrame, side: str, file: str) -> Reals:
    absent = [f"{side}_{axis}" for axis in "xy" if f"{side}_{axis}" not in table]
    if absent:
        raise InputError(
            f"{file} has no column {' and '.join(absent)}. A row holds name, fixed_x, fixed_y, "
            "fixed_z, moving_x, moving_y, moving_z in mm."
        )
    columns = [_numbers(table, f"{side}_{axis}", file) for axis in "xy"]
    depth = f"{side}_z"
    columns.append(_numbers(table, depth, file, 0.0) if depth in table else np.zeros(len(table)))
    return np.column_stack(columns)


def _numbers(
    table: pd.DataFrame, column: str, file: str, empty: float | None = None
) -> NDArray[np.float64]:
    values = np.empty(len(table))
    for row, cell in enumerate(table[column]):
        text = "" if cell is None or cell != cell else str(cell).strip()
        if not text and empty is not None:
            values[row] = empty
            continue
        try:
            values[row] = float(text)
        except ValueError:
            said = f'"{text}"' if text else "an empty cell"
            raise InputError(
                f"{file}, row {row + 2}, column {column}: {said} is no number. Write mm."
            ) from None
    return values


def _frame(table: pd.DataFrame, column: str, file: str) -> str:
    if column not in table:
        return ""
    names = sorted({str(cell).strip() for cell in table[column].dropna()} - {""})
    if len(names) > 1:
        raise InputError(
            f'{file}, column {column}: landmarks of "{names[0]}" and "{names[1]}" are mixed. Make '
            "one table for each pair of frames."
        )
    return names[0] if names else ""
