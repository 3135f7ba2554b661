"""What the cohort dock says about patients, in words; no Qt.

A missing value is "not recorded": an empty cell is never shown as nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_radiogenomics.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.problems import Problem

__all__ = [
    "MISSING",
    "Filters",
    "card",
    "flag_marks",
    "flag_words",
    "matching",
    "mutations",
    "problem_text",
]

MISSING = "not recorded"
_FIRST = ("age", "sex", "stage", "grade", "smoking")
_TITLES = {
    "os_days": "overall survival (days)",
    "os_event": "died",
    "smoking": "smoking",
}
_WILD = ("wildtype", "wild type", "wild-type", "wt")
# More than this many problems are counted, not listed.
_MOST_PROBLEMS = 200


@dataclass(frozen=True)
class Filters:
    """What the table is narrowed to; everything where nothing is asked.

    Attributes
    ----------
    search : str
        Words that all occur in the patient's id, aliases, site or clinical text.
    site : str
        One site.
    rna, biopsies, slides, flagged : bool
        Only patients that have it; flagged are those with problems or unsaved edits.
    """

    search: str = ""
    site: str = ""
    rna: bool = False
    biopsies: bool = False
    slides: bool = False
    flagged: bool = False


def search_text(cohort: Cohort) -> np.ndarray:
    """Lower-case text of every patient in which the search looks; shape (N,)."""
    table = cohort.patients
    text = np.array(table.index, dtype=object)
    for column in table.columns:
        if table[column].dtype.kind not in "fiub":
            text = text + " " + table[column].fillna("").astype(str).to_numpy(object)
    if len(cohort.aliases):
        names = cohort.aliases.groupby("patient_id")["alias"].agg(" ".join)
        text = text + " " + names.reindex(table.index).fillna("").to_numpy(object)
    return np.array([entry.lower() for entry in text], dtype=object)


def matching(
    overview: pd.DataFrame,
    texts: np.ndarray,
    filters: Filters,
    *,
    flagged: Collection[str] = (),
) -> np.ndarray:
    """Find the patients that pass the filters.

    Parameters
    ----------
    overview : DataFrame
        From ``Cohort.overview``.
    texts : ndarray of str, shape (N,)
        From `search_text`.
    filters : Filters
        What is asked.
    flagged : collection of str, optional
        Patients with unsaved edits.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    passes = np.ones(len(overview), bool)
    for word in filters.search.lower().split():
        passes &= np.fromiter((word in text for text in texts), bool, len(texts))
    if filters.site:
        passes &= (overview["site"] == filters.site).to_numpy()
    if filters.rna:
        passes &= overview["expression"].to_numpy(bool)
    if filters.biopsies:
        passes &= overview["biopsies"].to_numpy() > 0
    if filters.slides:
        passes &= overview["slides"].to_numpy() > 0
    if filters.flagged:
        passes &= (overview["problems"].to_numpy() > 0) | overview.index.isin(list(flagged))
    return passes


def flag_marks(row: Any, *, edited: bool = False) -> str:
    """Short marks of what a patient has, for a narrow column.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> row = SimpleNamespace(expression=True, biopsies=3, slides=0, timepoints=1, problems=0)
    >>> flag_marks(row, edited=True)
    '● ◎3 ✎'
    """
    marks = [
        "●" if row.expression else "",
        f"◎{row.biopsies}" if row.biopsies else "",
        "▤" if row.slides else "",
        f"×{row.timepoints}" if row.timepoints > 1 else "",
        "✎" if edited else "",
        "⚠" if row.problems else "",
    ]
    return " ".join(mark for mark in marks if mark)


def flag_words(row: Any, *, edited: bool = False) -> str:
    """Say the same in words, for a tooltip and for screen readers."""
    words = [
        "RNA" if row.expression else "no RNA",
        _count(row.biopsies, "located biopsy", "located biopsies"),
        _count(row.slides, "slide", "slides"),
        _count(row.timepoints, "timepoint", "timepoints"),
        "unsaved edits" if edited else "",
        _count(row.problems, "problem", "problems"),
    ]
    return ", ".join(word for word in words if word)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def mutations(cohort: Cohort) -> dict[str, list[tuple[str, str]]]:
    """Gene and class of each listed variant, by patient; tables that cannot be read are left."""
    from napari_radiogenomics.io.tables import read_table

    found: dict[str, list[tuple[str, str]]] = {}
    for reference in cohort.variants:
        try:
            table, _ = read_table(reference.path)
        except InputError:  # opening the cohort has said so already
            continue
        frame = table.frame
        if not {"patient_id", "gene", "class"} <= set(frame.columns):
            continue
        columns = (frame["patient_id"], frame["gene"], frame["class"])
        for patient, gene, kind in zip(*columns, strict=True):
            found.setdefault(patient, []).append((gene, kind))
    return found


def card(
    cohort: Cohort, patient_id: str, variants: Collection[tuple[str, str]] = ()
) -> list[tuple[str, str]]:
    """Facts of a patient as (name, value), the usual ones first.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patient_id : str
        One of its patients.
    variants : collection of tuple
        Gene and class, from `mutations`.

    Returns
    -------
    list of tuple of str
        A missing value reads "not recorded".
    """
    row = cohort.patients.loc[patient_id]
    facts = [("site", _text(row.get("site")))]
    clinical = [name for name in row.index if name not in ("site", "cohort")]
    ordered = [name for name in _FIRST if name in clinical]
    ordered += [name for name in clinical if name not in ordered]
    facts += [(_title(name), _value(name, row[name])) for name in ordered]
    facts.insert(len([n for n in _FIRST if n in clinical]) + 1, ("mutations", _variants(variants)))
    facts.append(("samples", _samples(cohort.samples_of(patient_id))))
    return facts


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").strip())


def _value(name: str, value: Any) -> str:
    if name == "os_event" and _text(value) != MISSING:
        return "yes" if float(value) else "no"
    return _text(value)


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return MISSING
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value).strip() or MISSING


def _variants(variants: Collection[tuple[str, str]]) -> str:
    if not variants:
        return MISSING
    mutated = [f"{gene} {kind}" for gene, kind in variants if kind.lower() not in _WILD]
    wild = [gene for gene, kind in variants if kind.lower() in _WILD]
    parts = [", ".join(mutated)] if mutated else []
    parts += [f"wild type: {', '.join(wild)}"] if wild else []
    return "; ".join(parts)


def _samples(samples: pd.DataFrame) -> str:
    if not len(samples):
        return "none"
    groups = samples.groupby(["kind", "precision"], sort=False).size()
    return ", ".join(
        f"{count} {kind or 'sample'} ({precision})" for (kind, precision), count in groups.items()
    )


def problem_text(problems: Iterable[Problem]) -> str:
    """Problems one a line, errors first; what is beyond a long list is counted."""
    order = {"error": 0, "warning": 1, "note": 2}
    listed = sorted(problems, key=lambda problem: order[problem.level])
    lines = [str(problem) for problem in listed[:_MOST_PROBLEMS]]
    if len(listed) > _MOST_PROBLEMS:
        lines.append(
            f"… and {len(listed) - _MOST_PROBLEMS} more: napari-radiogenomics validate lists all."
        )
    return "\n".join(lines)
