"""Structure maps as tables: ``structures.csv`` of a cohort, which a person may edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_radiogenomics.data.structures import DEFAULT_STRUCTURES, StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import read_table, write_table

if TYPE_CHECKING:
    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["STRUCTURES_FILE", "cohort_structures", "read_structures", "write_structures"]

STRUCTURES_FILE = "structures.csv"
"""Name of the table in a cohort's folder."""
_COLUMNS = ("structure", "region")


def read_structures(path: str | Path) -> StructureMap:
    """Read which regions stand for which structures.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``structure, region`` and, if wanted, ``note``; several regions of
        a structure stand on several rows, or in one cell with ``;`` between them.

    Returns
    -------
    StructureMap

    Raises
    ------
    InputError
        If a column is missing, or a structure has no region.

    Examples
    --------
    >>> import tempfile
    >>> path = write_structures(DEFAULT_STRUCTURES, Path(tempfile.mkdtemp()) / "structures.csv")
    >>> read_structures(path).regions == DEFAULT_STRUCTURES.regions
    True
    """
    path = Path(path)
    table, _ = read_table(path)
    absent = [name for name in _COLUMNS if name not in table.frame]
    if absent:
        raise InputError(
            f"{path} has no column {' and '.join(absent)}; it has "
            f"{', '.join(map(str, table.frame.columns))}. Write structure, region, note."
        )
    regions: dict[str, tuple[str, ...]] = {}
    notes: dict[str, str] = {}
    cells = zip(
        table.rows.tolist(), table.texts("structure"), table.texts("region"),
        table.texts("note") or [""] * len(table), strict=True,
    )  # fmt: skip
    for row, structure, region, note in cells:
        names = tuple(name.strip() for name in region.split(";") if name.strip())
        if not structure.strip() or not names:
            what = "structure" if not structure.strip() else "region"
            raise InputError(f"{path}, row {row}: the {what} is empty. Fill it in, or delete it.")
        regions[structure.strip()] = (*regions.get(structure.strip(), ()), *names)
        if note.strip():
            notes[structure.strip()] = note.strip()
    return StructureMap(regions, notes)


def write_structures(structures: StructureMap, path: str | Path) -> Path:
    """Write a structure map as CSV, all or nothing.

    Parameters
    ----------
    structures : StructureMap
        What to write.
    path : str or Path
        Where; an existing file is replaced.

    Returns
    -------
    Path
        The written file.
    """
    import pandas as pd

    rows = [
        {"structure": name, "region": "; ".join(regions), "note": structures.notes.get(name, "")}
        for name, regions in structures.regions.items()
    ]
    frame = pd.DataFrame(rows, columns=["structure", "region", "note"])
    return write_table(frame, path, index=False)


def cohort_structures(cohort: Cohort) -> StructureMap:
    """Structure map of a cohort: its ``structures.csv``, or that of the Ivy atlas without one.

    Raises
    ------
    InputError
        If the table is there and cannot be read.
    """
    path = cohort.root / STRUCTURES_FILE
    return read_structures(path) if path.is_file() else DEFAULT_STRUCTURES
