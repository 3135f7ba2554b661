"""Which biopsies a virtual biopsy learns from: a score, a place fine enough, and company.

Only samples that are located as points count: of a sample that stands for a region or a tumor
nobody knows what the image looks like where it was taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.precision import allows
from napari_radiogenomics.data.schema import TABLES
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_scores import ScoreKind, has_genes, score_cohort
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Target", "TooFewPatients", "biopsies_of", "find_target", "in_company", "least_patients",
    "number_columns",
]  # fmt: skip

# Fewer patients say nothing of others, whatever the interval.
_LEAST = 6
# Of a biopsy that says neither how large it is nor how well it is located.
_USUAL_MM = 3.0


@dataclass(frozen=True, eq=False)
class Target:
    """A score of samples.

    Attributes
    ----------
    name, title, unit : str
        What it is.
    table : DataFrame, index ``sample_id``
        ``value`` and ``precision``.
    notes : tuple of str
        How it was read.
    """

    name: str
    title: str
    unit: str
    table: pd.DataFrame
    notes: tuple[str, ...] = ()


def number_columns(cohort: Cohort) -> list[str]:
    """Columns of numbers that somebody added to the table of samples."""
    known = TABLES["samples"].names
    free = cohort.samples.drop(columns=[name for name in known if name in cohort.samples])
    return [str(name) for name in free if free[name].dtype.kind in "fiu"]


def find_target(
    cohort: Cohort, name: str, kind: ScoreKind, expression: str, method: str, progress: Progress
) -> Target:
    """Find a column of the samples, or score a gene or a gene set.

    Raises
    ------
    InputError
        If nothing has that name.
    """
    columns = number_columns(cohort)
    if not name.strip():
        raise InputError("The target is empty. Name a gene, a gene set or a column of samples.csv.")
    if kind == "auto" and name in columns:
        table = cohort.samples[[name, "precision"]].rename(columns={name: "value"})
        return Target(name, name, "", table)
    if kind == "auto" and name in cohort.samples:
        raise InputError(
            f'"{name}" of samples.csv holds no score. {did_you_mean(name, columns)}'
            if columns
            else f'"{name}" of samples.csv holds no score. Name a gene or a gene set.'
        )
    if not has_genes(cohort):
        hint = did_you_mean(name, columns) if columns else "It has no genes and no scores either."
        raise InputError(f'samples.csv has no column of numbers "{name}". {hint}')
    try:
        table = score_cohort(
            cohort, name, kind=kind, expression=expression, method=method, progress=progress
        )
    except InputError as error:
        if not columns:
            raise
        raise InputError(f"{error} Columns of samples.csv: {', '.join(columns)}.") from error
    facts = table.attrs
    return Target(facts["name"], facts["title"], facts["unit"], table, tuple(facts["notes"]))


def least_patients(level: float) -> int:
    """Patients that an interval of this level needs, one of them left out.

    Examples
    --------
    >>> least_patients(0.9), least_patients(0.8)
    (10, 6)
    """
    return max(_LEAST, math.ceil(1 / (1 - level) - 1e-9))


def biopsies_of(
    cohort: Cohort, target: Target, timepoint: str, radius_mm: float | None, notes: list[str]
) -> tuple[pd.DataFrame, float]:
    """Choose the biopsies that can teach.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    target : Target
        The score.
    timepoint : str
        Only of this one; of the one with the most biopsies of each patient where empty.
    radius_mm : float or None
        Of the ball; what covers every biopsy where None.
    notes : list of str
        What is left out is added.

    Returns
    -------
    table : DataFrame, index ``sample_id``
        ``patient_id, timepoint, frame, x, y, z, score``, patients together.
    radius_mm : float
        Of the ball.
    """
    samples = cohort.samples
    located = np.isfinite(samples[["x", "y", "z"]].to_numpy(float)).all(axis=1)
    fine = located & [allows(text, "point") for text in samples["precision"]]
    if not fine.any():
        raise InputError(
            f"{cohort.name} has {counted(len(samples), 'sample')}, none of them located as a "
            'point. A map needs biopsies with x, y, z and the precision "point" in samples.csv.'
        )
    scored = target.table["value"].reindex(samples.index)
    score = scored.to_numpy(float)
    precision = target.table["precision"].reindex(samples.index)
    coarse = np.array([not allows(text, "point") for text in precision.fillna("point")])
    if (fine & np.isfinite(score) & coarse).any():
        raise InputError(
            f"{target.title} is known of whole tumors only, so that no place within one has a "
            "value of its own. Choose a gene, a gene set or a score measured in each biopsy."
        )
    _tell(notes, int((fine & ~np.isfinite(score)).sum()), "have no score")
    table = samples[["patient_id", "timepoint", "frame", "x", "y", "z"]].assign(score=score)
    size = samples[["radius_mm", "uncertainty_mm"]].fillna(0.0).sum(axis=1).to_numpy(float)
    table = table.assign(size=np.where(size > 0, size, _USUAL_MM))[fine & np.isfinite(score)]
    if timepoint:
        table = table[table["timepoint"].isin([timepoint, ""])]
    table = _one_visit(table, notes)
    if radius_mm is None:
        radius_mm = float(table["size"].max()) if len(table) else _USUAL_MM
    wide = table["size"] > radius_mm * (1 + 1e-9)
    _tell(notes, int(wide.sum()), f"are not known to within {radius_mm:g} mm")
    table = table[~wide].sort_values("patient_id", kind="stable")
    return table.drop(columns="size"), radius_mm


class TooFewPatients(InputError):
    """Too few patients have two biopsies or more.

    Parameters
    ----------
    message : str
        Fact, limit, remedy.
    level : float or None
        Highest level of the intervals that they are enough for; None where they are for none.
    """

    def __init__(self, message: str, level: float | None) -> None:
        super().__init__(message)
        self.level = level


def in_company(table: pd.DataFrame, level: float, notes: list[str]) -> pd.DataFrame:
    """The biopsies of patients who have two or more.

    Raises
    ------
    TooFewPatients
        If too few patients have.
    """
    counts = table["patient_id"].value_counts()
    alone = table["patient_id"].map(counts).to_numpy() < 2
    least, found = least_patients(level), int((counts > 1).sum())
    if found < least:
        enough = math.floor(100 * (found - 1) / found) / 100 if found >= _LEAST else None
        remedy = "Add biopsies" + ("" if enough is None else f", or choose a level of {enough:g}")
        raise TooFewPatients(
            f"{counted(found, 'patient')} {'has' if found == 1 else 'have'} two located and scored "
            f"biopsies or more; {least} are needed for intervals of {level:.0%}, as what differs "
            f"within patients is learned from several biopsies in each. {remedy}.",
            enough,
        )
    _tell(notes, int(alone.sum()), "are the only one of their patient")
    return table[~alone]


def _one_visit(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Of each patient the timepoint and frame with the most biopsies."""
    keys = ["patient_id", "timepoint", "frame"]
    sizes = table.groupby(keys, sort=False)["score"].transform("size")
    best = sizes.groupby(table["patient_id"]).transform("max")
    first = table[sizes == best].drop_duplicates("patient_id")[keys]
    kept = table.reset_index().merge(first, on=keys).set_index("sample_id")
    _tell(notes, len(table) - len(kept), "are of another timepoint or frame of their patient")
    return kept


def _tell(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count} biopsies {what}: left out.")
