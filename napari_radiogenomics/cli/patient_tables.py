"""Tables with one row a patient, and columns of them by name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "add_clinical_argument",
    "add_patient_argument",
    "clinical_beside",
    "column_of",
    "columns_of",
    "owner_of",
    "read_cells",
    "read_features",
    "read_patients",
]


_LISTED = 8


def add_clinical_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--clinical``."""
    parser.add_argument(
        "--clinical",
        type=Path,
        default=None,
        metavar="PATH",
        help="Table (CSV) with site and covariates, by patient; without it they are columns of "
        "the table of features.",
    )


def add_patient_argument(parser: argparse.ArgumentParser, use: str) -> None:
    """Add ``--patient``, with what it is for."""
    parser.add_argument(
        "--patient",
        default="",
        metavar="NAME",
        help=f"Column with the patient of each row, where rows repeat one: {use}.",
    )


def owner_of(table: pd.DataFrame, clinical: pd.DataFrame, name: str) -> pd.Series:
    """Patient of each row: the first column of the table by its name, or another column.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if name == table.index.name:
        return table.index.to_series()
    return column_of(table if name in table else clinical, name, "--patient")


def clinical_beside(table: pd.DataFrame, path: Path | None) -> pd.DataFrame:
    """Return the table that ``--clinical`` names, or the one that holds all columns."""
    return table if path is None else read_patients(path)


def read_patients(path: Path) -> pd.DataFrame:
    """Read a table whose first column holds the patients' ids; numbers where all cells are.

    Parameters
    ----------
    path : Path
        CSV or TSV.

    Raises
    ------
    InputError
        If it cannot be read, or a row is damaged.
    """
    import pandas as pd

    from napari_radiogenomics.data.table import parse_numbers

    frame = read_cells(path)
    columns = {}
    for name in frame.columns:
        cells = frame[name]
        numbers, bad = parse_numbers(cells.tolist())
        columns[name] = cells.where(cells != "", None).astype(object) if bad.any() else numbers
    parsed = {name: list(values) for name, values in columns.items()}
    return pd.DataFrame(parsed, index=frame.index)


def read_cells(path: Path) -> pd.DataFrame:
    """Read a table whose first column holds the patients' ids; all other cells as they are written.

    Parameters
    ----------
    path : Path
        CSV or TSV.

    Raises
    ------
    InputError
        If it cannot be read, or a row is damaged.
    """
    import pandas as pd

    from napari_radiogenomics.io.tables import read_table

    table, problems = read_table(path)
    for problem in problems:
        if problem.level == "error":
            raise InputError(f"{path}, row {problem.row}: {problem.what} {problem.remedy}")
    index = pd.Index(table.frame.iloc[:, 0].astype(str), name=table.frame.columns[0])
    return table.frame.iloc[:, 1:].set_axis(index)


def read_features(path: Path, *, named: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """Read a table of features, and say which of its columns are features and no clinical facts.

    Parameters
    ----------
    path : Path
        CSV or TSV. Where `CohortFeatures.save` wrote it, the facts beside it tell its blocks;
        else columns with text are no features, which is said.
    named : bool, optional
        Whether the features are chosen by name, so that nothing need be said.

    Returns
    -------
    table : DataFrame
        All columns, by patient.
    names : list of str
        Those that are features.
    """
    from napari_radiogenomics.extraction.result import CohortFeatures

    if path.with_name(path.name + ".facts.json").is_file():
        cohort = CohortFeatures.load(path)
        table, names = cohort.table, [n for n, of in cohort.blocks.items() if of != "clinical"]
        regions = [name for name in table.index.names if name != "patient_id"]
        table = table.reset_index(regions)
        names = [name for name in names if name in table]
    else:
        table = read_patients(path)
        names = list(map(str, table.columns))
    text = [name for name in names if table[name].dtype.kind not in "fiub"]
    if text and not named:
        listed = ", ".join(text[:_LISTED]) + (", …" if len(text) > _LISTED else "")
        sys.stderr.write(f"note: columns with text are no features and left out: {listed}.\n")
    return table, [name for name in names if name not in text]


def columns_of(table: pd.DataFrame, names: Sequence[str], what: str) -> pd.DataFrame:
    """Choose columns by name.

    Raises
    ------
    InputError
        If there is no such column.
    """
    for name in names:
        if name not in table:
            hint = did_you_mean(name, [str(column) for column in table.columns])
            raise InputError(f'No column "{name}" for {what}. {hint}')
    return table[list(names)]


def column_of(table: pd.DataFrame, name: str, what: str) -> pd.Series:
    """Choose one column by name.

    Raises
    ------
    InputError
        If there is no such column.
    """
    return columns_of(table, [name], what).iloc[:, 0]
