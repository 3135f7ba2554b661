"""Groups of the patients of a cohort: whom a dock looks at, and what a site is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtpy.QtWidgets import QComboBox

    from napari_radiogenomics.data.cohort import Cohort

__all__ = [
    "EVERYBODY", "Who", "batch_columns", "groups_and_numbers", "groups_of", "is_number",
    "offer_groups", "usual_batches",
]  # fmt: skip

EVERYBODY = "Everybody"
Who = tuple[str, str]
"""Column of the table of patients, and a value of it."""
_SPLITS = ("cohort", "split", "set")
_USUAL = ("site", "scanner", "center", "centre", "institution", "institute", "hospital", "clinic",
          "batch", "protocol")  # fmt: skip
_OF_A_NAME = re.compile(r"[ _.-]?(id|name|code|no|number)$")
_MOST_BATCHES = 30


def groups_of(cohort: Cohort | None) -> list[Who]:
    """Column and value of the groups of patients that may be looked at apart.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> groups_of(open_cohort(sample_cohort()))
    [('cohort', 'discovery'), ('cohort', 'validation')]
    """
    if cohort is None:
        return []
    columns = [name for name in _SPLITS if name in cohort.patients]
    return [
        (name, value)
        for name in columns[:1]
        for value in sorted({str(cell) for cell in cohort.patients[name] if str(cell)})
    ]


def batch_columns(cohort: Cohort | None) -> list[str]:
    """Columns that can be a batch: groups of the patients or of their scans, the usual first.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> batch_columns(open_cohort(sample_cohort()))[:2]
    ['site', 'scanner']
    """
    if cohort is None:
        return []
    found = [*cohort.patients.columns, *(x for x in cohort.scans.columns if _usual(str(x)))]
    names = [str(name) for name in dict.fromkeys(found)]
    few = [name for name in names if 1 < _levels(cohort, name) <= _MOST_BATCHES]
    usual = sorted((name for name in few if _usual(name)), key=lambda n: _USUAL.index(_usual(n)))
    return [*usual, *(name for name in few if name not in usual and not is_number(cohort, name))]


def usual_batches(cohort: Cohort | None) -> list[str]:
    """Those of `batch_columns` whose name says that they are a site, a scanner or a batch."""
    return [name for name in batch_columns(cohort) if _usual(name)]


def _usual(name: str) -> str:
    """Usual name of a batch that a column's name is; empty for any other.

    Examples
    --------
    >>> _usual("Center ID"), _usual("scanner"), _usual("er"), _usual("biopsy_site")
    ('center', 'scanner', '', '')
    """
    known = _OF_A_NAME.sub("", name.strip().lower())
    return known if known in _USUAL else ""


def _levels(cohort: Cohort, name: str) -> int:
    table = cohort.patients if name in cohort.patients else cohort.scans
    return int(table[name].astype(str).replace("", None).nunique())


def is_number(cohort: Cohort | None, name: str) -> bool:
    """Whether a column holds numbers, so that its values are no groups."""
    import pandas as pd

    if cohort is None:
        return False
    table = cohort.patients if name in cohort.patients else cohort.scans
    values = table[name].replace("", None).dropna()
    return bool(pd.to_numeric(values, errors="coerce").notna().all())


def groups_and_numbers(cohort: Cohort | None, without: str) -> list[str]:
    """Clinical columns that may be kept: numbers, and groups of a few."""
    if cohort is None:
        return []
    names = [str(name) for name in cohort.patients.columns if name != without]
    return [
        name
        for name in names
        if is_number(cohort, name) or 1 < _levels(cohort, name) <= _MOST_BATCHES
    ]


def offer_groups(cohort: Cohort | None, boxes: Sequence[tuple[QComboBox, str, int]]) -> None:
    """List the groups of a cohort in boxes of a dock.

    Parameters
    ----------
    cohort : Cohort or None
        As opened.
    boxes : sequence of (QComboBox, str, int)
        A box, its words for no group in particular, and the number of the group that it shows at
        first where there are so many: what was found in one half is confirmed in the other.
    """
    groups = groups_of(cohort)
    for box, words, place in boxes:
        box.clear()
        box.addItem(words, None)
        for column, value in groups:
            box.addItem(f"{column}: {value}", (column, value))
        box.setCurrentIndex(place if place <= len(groups) else 0)
