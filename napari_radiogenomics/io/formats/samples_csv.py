"""Tables of tissue samples with their places: ``samples.csv``."""

from __future__ import annotations

from pathlib import Path

from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.format import Format, ReadOptions
from napari_radiogenomics.io.tables import read_header, read_table, write_table

__all__ = ["FORMAT"]

_SUFFIXES = (".csv", ".tsv", ".csv.gz")
# A table with these columns is one of samples, whatever it is called.
_NEEDED = {"sample_id", "patient_id"}


def _reads(path: Path) -> bool:
    if not (path.is_file() and path.name.lower().endswith(_SUFFIXES)):
        return False
    try:
        header = {cell.strip().lower() for cell in read_header(path)}
    except InputError:
        return False
    return header >= _NEEDED and "slide_id" not in header


def _read(path: Path, options: ReadOptions) -> list[Samples]:
    table, problems = read_table(path)
    samples = Samples.from_table(table, name=path.name.split(".")[0])
    found = (*problems, *samples.problems)
    notes = tuple(str(problem) for problem in found if problem.level != "note")
    metadata = {**samples.metadata, "path": str(path)}
    return [Samples(samples.table, samples.name, problems=found, notes=notes, metadata=metadata)]


def _write(samples: Samples, path: Path) -> None:
    write_table(samples.table, path)


FORMAT = Format(
    name="samples-csv",
    title="Table of samples",
    suffixes=_SUFFIXES,
    kinds=("samples",),
    reads=_reads,
    read=_read,
    write=_write,
    writes=("samples",),
)
