"""Biopsies with what scans show around them: what a virtual biopsy learns from.

Letters: N biopsies of G patients, P features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.around import Recipe, Visit, open_scene, roles_of
from napari_radiogenomics.correspondence.biopsy_targets import in_company
from napari_radiogenomics.correspondence.within import centered
from napari_radiogenomics.correspondence.within_ridge import folds_of
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Lesson", "batch_of", "channels_of", "measure_biopsies", "with_channels"]

Reals = NDArray[np.float64]
Whole = NDArray[np.intp]
# Each patient is left out by itself up to this many; in groups beyond.
_ALONE = 40
_GROUPS = 10


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned from.

    Attributes
    ----------
    table : DataFrame, index ``sample_id``
        ``patient_id, timepoint, frame, x, y, z, score``; patients together, two biopsies or
        more of each.
    x : ndarray, shape (N, P)
        Features.
    features : tuple of str
        Their names.
    recipe : Recipe
        How they were measured.
    batch : ndarray of int, shape (N,)
        Batch of the patient; -1 where there is none.
    batches : tuple of str
        Their names.
    """

    table: pd.DataFrame
    x: Reals
    features: tuple[str, ...]
    recipe: Recipe
    batch: Whole
    batches: tuple[str, ...] = ()

    @property
    def y(self) -> Reals:
        """Scores, shape (N,)."""
        return self.table["score"].to_numpy(float)

    @property
    def samples(self) -> tuple[str, ...]:
        """Ids of the biopsies."""
        return tuple(map(str, self.table.index))

    @property
    def points(self) -> Reals:
        """Coordinates as samples.csv says them, shape (N, 3)."""
        return self.table[["x", "y", "z"]].to_numpy(float)

    @property
    def patients(self) -> tuple[str, ...]:
        """Ids of the patients, by their number."""
        return tuple(map(str, np.unique(self.table["patient_id"].to_numpy(str))))

    @property
    def patient(self) -> Whole:
        """Number of the patient of each biopsy."""
        return np.unique(self.table["patient_id"].to_numpy(str), return_inverse=True)[1]

    @property
    def folds(self) -> Whole:
        """Fold in which each biopsy is left out, with all of its patient."""
        return folds_of(self.patient, _ALONE if len(self.patients) <= _ALONE else _GROUPS)

    def with_batches(self, cohort: Cohort, column: str) -> Lesson:
        """Say of which batch each patient is.

        Raises
        ------
        InputError
            If there is no such column, or values are compared within tumors anyway.
        """
        if not column:
            return self
        if self.recipe.scope == "tumor":
            raise InputError(
                "Values are compared within each tumor, from which no batch can be taken away. "
                'Leave batch out, or choose scope="cohort".'
            )
        names = [batch_of(cohort, patient, column) for patient in self.table["patient_id"]]
        known = sorted(set(names) - {""})
        if len(known) < 2:
            raise InputError(f'"{column}" has {len(known)} value in the patients: no batches.')
        number = {name: at for at, name in enumerate(known)}
        batch = np.array([number.get(name, -1) for name in names], np.intp)
        return replace(self, batch=batch, batches=tuple(known))


def batch_of(cohort: Cohort, patient: str, column: str) -> str:
    """Batch of a patient; empty where it is not known.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if column not in cohort.patients:
        hint = did_you_mean(column, [str(name) for name in cohort.patients])
        raise InputError(f'patients.csv has no column "{column}". {hint}')
    value = cohort.patients.loc[patient, column]
    return "" if value != value else str(value)


def channels_of(cohort: Cohort, table: pd.DataFrame, wanted: Sequence[str]) -> tuple[str, ...]:
    """Roles of the scans that are looked at.

    Raises
    ------
    InputError
        If no patient has a scan of that role, or no scan says its role.
    """
    patients = list(table["patient_id"].unique())
    roles = roles_of(cohort, patients)
    if not wanted and not roles:
        raise InputError(
            f"None of the {len(patients)} patients with biopsies has a scan with a role. Fill "
            "in the column role of scans.csv, with CT, T1c or T2."
        )
    own = cohort.scans[cohort.scans["patient_id"].isin(patients)]
    known = {str(role).casefold(): str(role) for role in own["role"] if role}
    for role in wanted:
        if role.casefold() not in known:
            hint = did_you_mean(role, list(known.values())) if known else "They have no roles."
            raise InputError(f'No patient with biopsies has a scan with the role "{role}". {hint}')
    return tuple(dict.fromkeys(known[role.casefold()] for role in wanted)) or roles


def with_channels(
    cohort: Cohort, table: pd.DataFrame, roles: Sequence[str], notes: list[str]
) -> pd.DataFrame:
    """Biopsies of patients who have a scan of every role; a note says who has not."""
    own = cohort.scans.groupby("patient_id")["role"].agg(set)
    has = table["patient_id"].map(lambda patient: set(roles) <= own.get(patient, set()))
    lacking = list(table.loc[~has, "patient_id"].unique())
    if lacking:
        notes.append(
            f"{counted(len(lacking), 'patient')} without a scan of the role "
            f"{' or '.join(roles)} left out, the first {lacking[0]}."
        )
    return table[has.to_numpy(bool)]


def measure_biopsies(
    cohort: Cohort,
    table: pd.DataFrame,
    recipe: Recipe,
    level: float,
    notes: list[str],
    progress: Progress,
) -> Lesson:
    """Measure what scans show around each biopsy; one patient after the other.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    table : DataFrame
        As `biopsies_of` chose.
    recipe : Recipe
        What is measured.
    level : float
        Of the intervals, for the number of patients that they need.
    notes : list of str
        What is left out is added.
    progress : Progress
        Reports patients; may cancel.

    Raises
    ------
    InputError
        If too few patients are left, or scores or features do not vary within them.
    """
    rows: list[Reals] = []
    names: tuple[str, ...] = ()
    lost: list[str] = []
    for patient in progress(list(table["patient_id"].unique()), "Patients"):
        own = table[table["patient_id"] == patient]
        try:
            values, names = _around(cohort, own, recipe, progress)
        except InputError as error:
            lost.append(f"{patient} is left out. {error}")
            values = np.full((len(own), 1), np.nan)
        rows.append(values)
    width = max(len(names), 1)
    x = np.concatenate([np.broadcast_to(part, (len(part), width)) for part in rows])
    known = np.isfinite(x).all(axis=1)
    nothing = int((~known).sum()) - int(sum(np.isnan(part).all() * len(part) for part in rows))
    if nothing:
        notes.append(
            f"{nothing} biopsies lie where the scans show no tumor within {recipe.radius_mm:g} mm: "
            "left out."
        )
    notes += lost[:1]
    if len(lost) > 1:
        notes.append(f"{len(lost) - 1} more patients are left out for such reasons.")
    try:
        kept = in_company(table[known], level, notes)
    except InputError as error:
        raise InputError(f"{error} {lost[0] if lost else ''}".strip()) from error
    x = x[table.index.get_indexer(kept.index)]
    lesson = Lesson(kept, x, names, recipe, np.full(len(x), -1, np.intp))
    _require_differences(lesson)
    return lesson


def _around(
    cohort: Cohort, own: pd.DataFrame, recipe: Recipe, progress: Progress
) -> tuple[Reals, tuple[str, ...]]:
    """Features of the biopsies of one patient, in the order of the rows."""
    first = own.iloc[0]
    visit = Visit(str(first["patient_id"]), str(first["timepoint"]), str(first["frame"]))
    scene, data = open_scene(cohort, visit, recipe, progress)
    if data.samples is None:
        raise InputError(f"the samples of {visit.patient_id} could not be read.")
    located = data.samples.located
    points = located.points_lps(scene.region.geometry)
    order = located.table.index.get_indexer(own.index)
    return scene.at(points[order]), tuple(scene.maps)


def _require_differences(lesson: Lesson) -> None:
    own, _ = centered(lesson.y, lesson.patient)
    if np.abs(own).max() <= 1e-12 * max(np.abs(lesson.y).max(), 1e-300):
        raise InputError(
            "The score is the same in all biopsies of a patient, in every patient: no place "
            "within a tumor differs from another. Choose a score that does."
        )
    features, _ = centered(lesson.x, lesson.patient)
    flat = np.abs(features).max(axis=0) <= 1e-12 * np.abs(lesson.x).max(axis=0)
    if flat.all():
        raise InputError(
            "No feature differs between the biopsies of a patient. Choose other channels or "
            "features, or check the coordinates."
        )
