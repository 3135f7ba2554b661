"""Columns of a cohort's tables that no specification knows: kept, and told."""

from __future__ import annotations

import difflib
import re

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.problems import Problem
from napari_radiogenomics.data.schema import CLINICAL, TABLES, TableSpec

__all__ = ["further_columns"]

# From this likeness on a header was rather meant as a known one.
_ALIKE = 0.8
# Their further columns are what they are for: clinical facts, and facts of a visit.
_OPEN = ("patients", "timepoints")


def further_columns(cohort: Cohort) -> list[Problem]:
    """Tell of the columns that nothing but a person's choice reads.

    Parameters
    ----------
    cohort : Cohort
        Of our own folder format; the columns of other layouts are theirs.

    Returns
    -------
    list of Problem
        A warning for each column whose name is nearly that of a known one; one note for the
        others of a table. Clinical columns are expected and only told where they are nearly
        known.
    """
    if cohort.layout != "folder":
        return []
    told = {(problem.file, problem.column) for problem in cohort.problems}
    found = []
    for spec in TABLES.values():
        file = cohort.files.get(spec.name, "")
        headers = [str(name) for name in getattr(cohort, spec.name).columns]
        more = [h for h in headers if h not in _known(spec) and (file, h) not in told]
        if spec.free and file and more:
            found += _of_table(spec, file, more)
    return found


def _known(spec: TableSpec) -> list[str]:
    clinical = [column.name for column in CLINICAL if spec.name == "patients"]
    series = ["series_uid"] if spec.name in ("scans", "segmentations") else []
    return [*spec.names, *clinical, *series]


def _of_table(spec: TableSpec, file: str, headers: list[str]) -> list[Problem]:
    found, rest = [], []
    for header in headers:
        plain = re.sub(r"\W+", "_", header.strip().lower())
        close = difflib.get_close_matches(plain, _known(spec), n=1, cutoff=_ALIKE)
        if not close:
            rest.append(header)
            continue
        what = f'"{header}" is no known column of {spec.name}; it is kept, and nothing reads it.'
        remedy = f'Did you mean "{close[0]}"? Rename it then, or leave it as it is.'
        found.append(Problem(file, 1, header, what, remedy, "warning"))
    if rest and spec.name not in _OPEN:
        names = ", ".join(rest)
        what = f"Columns that {spec.name} need not have, kept to be chosen by name: {names}."
        remedy = f"Rename one that was meant as a known one: {', '.join(_known(spec))}."
        found.append(Problem(file, 1, rest[0] if len(rest) == 1 else "", what, remedy, "note"))
    return found
