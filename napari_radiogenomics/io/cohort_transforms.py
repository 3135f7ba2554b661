"""A transform becomes part of a cohort: its file, its landmarks, and its row of the table."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import read_table
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.io.transforms import write_transform

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["save_transform", "saved_between"]

_FOLDER = "transforms"
_COLUMNS = ("from_frame", "to_frame", "path", "landmarks", "method", "error_mm")


def saved_between(cohort: Cohort, frames: tuple[str, str]) -> str:
    """File of the transform that a cohort has between two frames, either way; empty without.

    Parameters
    ----------
    cohort : Cohort
        Any.
    frames : tuple of str
        The two, in either order.
    """
    table = cohort.transforms
    pairs = zip(table["from_frame"], table["to_frame"], strict=True)
    found = table[[{first, second} == set(frames) for first, second in pairs]]
    return str(found["path"].iloc[-1]) if len(found) else ""


def save_transform(
    cohort: Cohort,
    transform: Transform,
    *,
    landmarks: pd.DataFrame | None = None,
    method: str = "",
) -> Cohort:
    """Write a transform into a cohort, in place of the one that was there between its frames.

    Parameters
    ----------
    cohort : Cohort
        A cohort folder.
    transform : Transform
        Between two named frames. Samples are brought from one to the other through it.
    landmarks : DataFrame, optional
        Pairs that it was learned from, written beside it.
    method : str, optional
        In words.

    Returns
    -------
    Cohort
        With the transform. Its file, then its row, are written, each all or nothing; a row the
        other way round between the same frames goes, its file stays.

    Raises
    ------
    InputError
        If a frame has no name, or the cohort is no folder with ``cohort.toml``.
    """
    frames = (transform.from_frame, transform.to_frame)
    if not all(frames):
        raise InputError(
            "A transform of a cohort leads between two named frames; one has no name. Name the "
            "frame of the scan in scans.csv, of the slide in slides.csv."
        )
    if cohort.layout != "folder":
        raise InputError(
            f"{cohort.name} has no table of transforms of its own (layout {cohort.layout}). Export "
            "it as a cohort folder first, or save the transform as a file."
        )
    folder = cohort.root / _FOLDER
    folder.mkdir(exist_ok=True)
    stem = "_to_".join(re.sub(r"[^\w.-]+", "_", frame) for frame in frames)
    path = write_transform(transform, folder / f"{stem}.json")
    pairs = ""
    if landmarks is not None and len(landmarks):
        pairs = f"{_FOLDER}/{stem}-landmarks.csv"
        write_table(landmarks, cohort.root / pairs, index=False)
    row = {
        "from_frame": frames[0], "to_frame": frames[1], "path": f"{_FOLDER}/{path.name}",
        "landmarks": pairs, "method": method, "error_mm": round(transform.error_mm, 4),
    }  # fmt: skip
    _write_row(cohort, row)
    return replace(cohort, transforms=_with_row(cohort.transforms, row))


def _with_row(table: pd.DataFrame, row: dict[str, object]) -> pd.DataFrame:
    """The table without what led between the two frames, and with the new row."""
    import pandas as pd

    frames = {row["from_frame"], row["to_frame"]}
    pairs = zip(table["from_frame"], table["to_frame"], strict=True)
    kept = table[[{first, second} != frames for first, second in pairs]]
    if not len(kept):
        return pd.DataFrame([row]).reindex(columns=table.columns.union(list(row), sort=False))
    return pd.concat([kept, pd.DataFrame([row])], ignore_index=True)


def _write_row(cohort: Cohort, row: dict[str, object]) -> None:
    import pandas as pd

    path = Path(cohort.file(cohort.files.get("transforms", "transforms.csv")))
    if not path.is_file():
        path = cohort.root / "transforms.csv"
        frame = pd.DataFrame(columns=list(_COLUMNS))
    else:
        frame = read_table(path)[0].frame.copy()
        frame.columns = [str(name).strip().lower() for name in frame.columns]
    whole = _with_row(frame, {name: value for name, value in row.items()})
    write_table(whole, path, index=False, delimiter="\t" if path.suffix == ".tsv" else ",")
