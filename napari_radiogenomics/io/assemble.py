"""Check what a layout found, and make the cohort of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.conform import conform, read_free_columns
from napari_radiogenomics.data.problems import Level, Problem
from napari_radiogenomics.data.relate import relate
from napari_radiogenomics.data.samples import check_locations
from napari_radiogenomics.data.schema import TABLES, TableSpec
from napari_radiogenomics.data.table import Table, table_of
from napari_radiogenomics.io.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.io.layout import Draft

__all__ = ["assemble"]

# Tables whose rows are of no use without their file; a landmarks file is only good to have.
_NEEDED = {"scans", "segmentations", "slides", "transforms"}


def assemble(draft: Draft, layout: str) -> Cohort:
    """Conform every table, follow every key, look for every file.

    Parameters
    ----------
    draft : Draft
        What a layout found.
    layout : str
        Its name.

    Returns
    -------
    Cohort
        Usable, with all problems of its tables.
    """
    problems = list(draft.problems)
    tables: dict[str, Table] = {}
    for name, spec in TABLES.items():
        raw = draft.tables.get(name) or table_of([], spec.file, spec.names)
        table, found = conform(raw, spec)
        problems += found
        if name == "samples":
            table, found = check_locations(table)
            problems += found
        if spec.free:
            table, found = read_free_columns(table, spec)
            problems += found
        tables[name] = table
    tables, found = relate(tables, problems)
    problems += found
    tables["segmentations"] = _with_owner(tables["segmentations"], tables["scans"])
    problems += _same_file(tables["scans"])
    tree = Tree(draft.root, absolute=draft.absolute_paths, claimed=_paths(tables))
    for name, spec in TABLES.items():
        tables[name] = _look(tables[name], spec, tree, problems)
    tables["segmentations"] = tables["segmentations"].with_frame(
        tables["segmentations"].frame.drop(columns="patient_id")
    )
    frames = {name: _indexed(table.frame, TABLES[name]) for name, table in tables.items()}
    return Cohort(
        draft.root,
        draft.name,
        draft.description,
        layout,
        **frames,
        expression=tuple(draft.expression),
        gene_sets=tuple(draft.gene_sets),
        variants=tuple(draft.variants),
        features=tuple(draft.features),
        problems=tuple(dict.fromkeys(problems)),
        rows={name: _rows(table, TABLES[name]) for name, table in tables.items()},
        files={name: table.file for name, table in tables.items()},
    )


def _paths(tables: dict[str, Table]) -> frozenset[str]:
    """Every path that a row names: the file of one row is not what another row meant."""
    return frozenset(
        cell
        for name, spec in TABLES.items()
        for column in spec.columns
        if column.kind == "path"
        for cell in tables[name].texts(column.name)
    )


def _with_owner(segmentations: Table, scans: Table) -> Table:
    """Segmentations with the patient of their scan, so that their problems name it."""
    owner = dict(zip(scans.texts("scan_id"), scans.texts("patient_id"), strict=True))
    return segmentations.assign(
        {"patient_id": [owner[scan] for scan in segmentations.texts("scan_id")]}
    )


def _same_file(scans: Table) -> list[Problem]:
    """Rows that name the file of another row, as after copying a line."""
    columns = [name for name in ("path", "series_uid") if name in scans.frame]
    again = scans.frame.duplicated(columns, keep="first").to_numpy()
    again &= (scans.frame["path"] != "").to_numpy(bool)
    if not again.any():
        return []
    paths = scans.texts("path")
    first: dict[str, int] = {}
    for path, row in zip(paths, scans.rows.tolist(), strict=True):
        first.setdefault(path, row)
    remedy = "Correct the path if they are two scans."
    return [
        scans.problem(
            at,
            "path",
            f"{paths[at]} is also the file of row {first[paths[at]]}.",
            remedy,
            "warning",
        )
        for at in np.flatnonzero(again)
    ]


def _look(table: Table, spec: TableSpec, tree: Tree, problems: list[Problem]) -> Table:
    """Find the files of the path columns; what is not to be opened gets an empty path."""
    for column in spec.columns:
        if column.kind != "path" or not len(table):
            continue
        cells = table.texts(column.name)
        for at, cell in enumerate(cells):
            if cell and "\\" not in cell and cell[0] not in "./" and ".." not in cell:
                if tree.exists(cell):
                    continue
            elif not cell:
                continue
            finding = tree.find(cell)
            cells[at] = finding.path
            if finding.what:
                level: Level = "warning" if finding.usable else "error"
                problems.append(table.problem(at, column.name, finding.what, finding.remedy, level))
        empty = np.array([not cell for cell in table.texts(column.name)], bool)
        no_column = any(
            p.file == table.file and p.row == 1 and p.column == column.name and p.level == "error"
            for p in problems
        )
        if column.required and spec.name in _NEEDED and empty.any() and not no_column:
            problems += _nothing_at_hand(table, column.name, empty)
        table = table.assign({column.name: cells})
    return table


def _nothing_at_hand(table: Table, column: str, empty: np.ndarray) -> list[Problem]:
    """Rows without a path: errors, but for series that are known by their UID."""
    named = np.array([uid != "" and uid == uid for uid in table.texts("series_uid")], bool)
    problems = []
    away = int((empty & named).sum())
    if away and table.rows.any():
        what = f"{away} rows name a series that is not at hand; it cannot be opened."
        remedy = "Download it and fill in its path."
        problems.append(Problem(table.file, None, column, what, remedy, "note"))
    what = "The path is empty; there is nothing to open."
    problems += [
        table.problem(at, column, what, "Fill it in.")
        for at in np.flatnonzero(empty & ~named & (table.rows > 0))
    ]
    return problems


def _indexed(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    return frame.set_index(spec.key) if spec.key else frame.reset_index(drop=True)


def _rows(table: Table, spec: TableSpec) -> dict[str, int]:
    if not spec.key:
        return {}
    return dict(zip(table.texts(spec.key), table.rows.tolist(), strict=True))
