"""`export_cohort`: the tables of any opened cohort, in our own folder format."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.tables import write_table
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["export_cohort"]


def export_cohort(
    cohort: Cohort, folder: str | Path | None = None, *, progress: Progress = quiet
) -> Path:
    """Write ``cohort.toml`` and the tables; images stay where they are.

    Parameters
    ----------
    cohort : Cohort
        Opened with any layout.
    folder : str or Path, optional
        The folder that holds the files, or one above it: paths in the tables lead down from
        it. The cohort's own folder where not given.
    progress : Progress, optional
        Reports the tables.

    Returns
    -------
    Path
        The written ``cohort.toml``.

    Raises
    ------
    InputError
        If files lie outside the folder, or a ``cohort.toml`` of another cohort is there.
    """
    root = Path(folder) if folder is not None else cohort.root
    if not root.is_dir():
        raise InputError(f"The folder {root} does not exist. Create it, then export again.")
    _refuse_to_replace(cohort, root)
    frames = {name: _moved(getattr(cohort, name), name, cohort, root) for name in TABLES}
    text = _toml(cohort, root)
    for name, frame in progress(frames.items(), "Tables"):
        if len(frame) or name in ("patients", "scans"):
            write_table(frame, root / TABLES[name].file, index=bool(TABLES[name].key))
    with atomic_path(root / "cohort.toml") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return root / "cohort.toml"


def _refuse_to_replace(cohort: Cohort, root: Path) -> None:
    """Nothing that another cohort or another program wrote is replaced."""
    if cohort.layout == "folder" and root.resolve() == cohort.root.resolve():
        return
    names = ["cohort.toml", *(spec.file for spec in TABLES.values())]
    there = [name for name in names if (root / name).exists()]
    if there:
        raise InputError(f"{root} holds {', '.join(there)} already. Choose another folder.")


def _moved(frame: pd.DataFrame, name: str, cohort: Cohort, root: Path) -> pd.DataFrame:
    """Paths relative to the new folder."""
    for column in TABLES[name].columns:
        if column.kind == "path" and root.resolve() != cohort.root.resolve():
            paths = [_below(cohort.file(cell), root) if cell else "" for cell in frame[column.name]]
            frame = frame.assign(**{column.name: paths})
    return frame


def _below(path: Path, root: Path) -> str:
    relative = os.path.relpath(path.resolve(), root.resolve()).replace(os.sep, "/")
    if relative.startswith("../") or os.path.isabs(relative):
        raise InputError(
            f"{path} lies outside {root}, and the paths of a cohort lead down from its folder. "
            "Export to a folder that holds all files."
        )
    return relative


def _toml(cohort: Cohort, root: Path) -> str:
    # A JSON string is a valid TOML string.
    lines = ["format = 1", f"name = {_quoted(cohort.name)}"]
    if cohort.description:
        lines.append(f"description = {_quoted(cohort.description)}")
    for kind in ("expression", "gene_sets", "variants"):
        for reference in getattr(cohort, kind):
            lines += ["", f"[[{kind}]]", f"id = {_quoted(reference.id)}"]
            lines.append(f"path = {_quoted(_below(reference.path, root))}")
            if kind == "expression":
                lines += [
                    f"{key} = {_quoted(getattr(reference, key))}"
                    for key in ("unit", "gene_id", "rows")
                ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
