"""A comparison as files: its tables, its advice, its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.io.atomic import atomic_path
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.provenance import write_history

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.fusion.result import FusionResult

__all__ = ["write_result"]


def write_result(
    result: FusionResult,
    folder: Path,
    *,
    told: Sequence[str] = (),
    more: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write all tables of a comparison as CSV, ``advice.txt``, and the history.

    Parameters
    ----------
    result : FusionResult
        What `fuse` answered.
    folder : Path
        An existing folder.
    told : sequence of str, optional
        Lines of the advice; without them those of the result.
    more : mapping of str to DataFrame, optional
        Further tables by their names.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    for name, table in {**result.tables(), **(more or {})}.items():
        write_table(table, folder / f"{name}.csv", index=table.index.name is not None)
    with atomic_path(folder / "advice.txt") as path:
        path.write_text("\n".join(told or result.told) + "\n", encoding="utf-8")
    write_history(result, folder / "table.csv")
