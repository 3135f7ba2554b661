"""Corrections of samples go back to the cohort: to its table in memory, and to ``samples.csv``."""

from __future__ import annotations

from dataclasses import replace

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.tables import read_table, write_table

__all__ = ["correct_samples"]

# What a correction may change; everything else in the file stays as it is written there.
_CHANGED = ("coord_system", "unit")


def correct_samples(cohort: Cohort, samples: Samples, *, save: bool = False) -> Cohort:
    """Take over corrected coordinate systems, as `flip_samples` makes them.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    samples : Samples
        Some of its samples, corrected.
    save : bool, optional
        Write them into the cohort's table of samples too; other cells stay as they are there.

    Returns
    -------
    Cohort
        With the corrected samples.

    Raises
    ------
    InputError
        If a sample is not of the cohort, or its table cannot be written: only a cohort folder
        (``cohort.toml``) has one.
    """
    lost = [str(name) for name in samples.table.index if name not in cohort.samples.index]
    if lost:
        raise InputError(f'Sample "{lost[0]}" is not in {cohort.name}. Open its own cohort.')
    if save:
        _save(cohort, samples)
    table = cohort.samples.copy()
    for column in _CHANGED:
        table.loc[samples.table.index, column] = samples.table[column]
    return replace(cohort, samples=table)


def _save(cohort: Cohort, samples: Samples) -> None:
    path = cohort.file(cohort.files.get("samples", "samples.csv"))
    if cohort.layout != "folder" or not path.is_file():
        raise InputError(
            f"{cohort.name} has no table of samples of its own (layout {cohort.layout}). Export "
            "it as a cohort folder first."
        )
    table, _ = read_table(path)
    frame = table.frame.copy()
    headers = {str(name).strip().lower(): name for name in frame}
    place = {name: at for at, name in enumerate(frame[headers["sample_id"]].str.strip())}
    elsewhere = [str(name) for name in samples.table.index if str(name) not in place]
    if elsewhere:
        raise InputError(
            f'Sample "{elsewhere[0]}" has no row in {path.name}: it comes from its Visium '
            "section. Correct the frame or the transform of its slide."
        )
    for column in _CHANGED:
        header = headers.get(column, column)
        cells = frame[header].tolist() if header in frame else [""] * len(frame)
        for name, value in samples.table[column].items():
            cells[place[str(name)]] = value
        frame[header] = cells
    write_table(frame, path, index=False, delimiter="\t" if path.suffix == ".tsv" else ",")
