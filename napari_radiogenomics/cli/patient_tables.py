"""Tables with one row a patient, and columns of them by name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_clinical_argument", "columns_of", "read_patients"]


def add_clinical_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--clinical``."""
    parser.add_argument(
        "--clinical",
        type=Path,
        default=None,
        metavar="PATH",
        help="Table (CSV) with site and covariates, by patient; without it they are columns of "
        "the features.",
    )


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
    from napari_radiogenomics.io.tables import read_table

    table, problems = read_table(path)
    for problem in problems:
        if problem.level == "error":
            raise InputError(f"{path}, row {problem.row}: {problem.what} {problem.remedy}")
    columns = {}
    for name in table.frame.columns[1:]:
        cells = table.frame[name]
        numbers, bad = parse_numbers(cells.tolist())
        columns[name] = cells.where(cells != "", None).astype(object) if bad.any() else numbers
    index = pd.Index(table.frame.iloc[:, 0].astype(str), name=table.frame.columns[0])
    return pd.DataFrame({name: list(values) for name, values in columns.items()}, index=index)


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
