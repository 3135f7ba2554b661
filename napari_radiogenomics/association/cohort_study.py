"""From a cohort to a `Study`: outcomes of patients, sites, volumes, all joined by patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_radiogenomics.association.study import Study
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.extraction.measures.shuffled import MEASURE as SHUFFLED
from napari_radiogenomics.extraction.measures.shuffled import PREFIX
from napari_radiogenomics.genomics.cohort_outcomes import cohort_outcomes
from napari_radiogenomics.io.reviews import read_reviews, review_table
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = ["cohort_study", "volume_column"]

# Of the columns that tell the volume of a tumor, the first that is there.
_VOLUMES = ("original_shape_MeshVolume", "original_shape_VoxelVolume", "volume_ml", "volume")
_NOT_IMAGING = ("clinical", SHUFFLED.name)


def volume_column(features: CohortFeatures) -> str:
    """Name of the column that tells the volume of the tumor; empty where there is none."""
    return next((name for name in _VOLUMES if name in features.table.columns), "")


def cohort_study(
    features: CohortFeatures,
    cohort: Cohort,
    outcomes: pd.DataFrame | Sequence[str] | None = None,
    *,
    site: str = "site",
    volume: str = "",
    confounders: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    shuffled: pd.DataFrame | None = None,
    stability: pd.DataFrame | None = None,
    tissue: pd.DataFrame | None = None,
    reviews: pd.DataFrame | Sequence[str] | None = None,
    name: str = "",
) -> Study:
    """Join what was measured of a cohort with its outcomes, sites and volumes.

    Parameters
    ----------
    features : CohortFeatures
        What `extract_cohort` measured, a row a patient.
    cohort : Cohort
        The same cohort.
    outcomes : DataFrame or sequence of str, optional
        Patients × outcomes, or their names as for `cohort_outcomes`.
    site : str, optional
        Column of the table of patients with site or scanner; empty for none.
    volume : str, optional
        Column of the features with the volume; the mesh volume where it is there.
    confounders : sequence of str, optional
        Columns of the table of patients, such as ``["age", "stage"]``.
    where : Mapping, optional
        Which patients: ``{"cohort": "discovery"}`` takes those with that cell.
    shuffled, stability, tissue, reviews
        As for `Study`. Features of shuffled voxels are taken from the table where they were
        measured, and reviews from the cohort where they are not given.
    name : str, optional
        Of the study; the values of ``where``, else the name of the cohort.

    Raises
    ------
    InputError
        If a column is unknown, no patient fits, or the table has a row a region.

    Examples
    --------
    >>> import tempfile
    >>> from napari_radiogenomics import extract_cohort, open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort = open_cohort(sample_cohort())
    >>> measured = extract_cohort(cohort, measures=["shape"], patients=["P001", "P002", "P003"],
    ...     cache=tempfile.mkdtemp())
    >>> study = cohort_study(measured, cohort, ["CA9"], where={"cohort": "discovery"})
    >>> len(study), study.volume.name
    (3, 'original_shape_MeshVolume')
    """
    if features.table.index.nlevels > 1:
        raise InputError(
            "The table has a row for each region; the patient is the unit. Extract it with "
            'regions="whole", or take one region of each patient.'
        )
    patients = _chosen(cohort, where or {})
    table = features.table.loc[features.table.index.astype(str).isin(patients)]
    if table.empty:
        raise InputError("No patient of the table is among those chosen. Are the ids the same?")
    numeric = [
        column
        for column in table.select_dtypes("number").columns
        if features.blocks.get(str(column)) not in _NOT_IMAGING
    ]
    given = outcomes if isinstance(outcomes, pd.DataFrame) else cohort_outcomes(cohort, outcomes)
    clinical = cohort.patients.loc[cohort.patients.index.isin(table.index)]
    size = volume or volume_column(features)
    if size and size not in table:
        raise InputError(f'The table has no column "{size}". {did_you_mean(size, list(table))}')
    imaging = table[numeric]
    imaging.attrs["history"] = tuple(features.history)
    return Study(
        imaging,
        given.loc[given.index.isin(table.index)],
        site=_clinical(clinical, site) if site else None,
        volume=table[size] if size else None,
        confounders=_confounders(clinical, confounders),
        shuffled=_shuffled(features, table) if shuffled is None else shuffled,
        stability=stability,
        tissue=tissue,
        reviews=review_table(read_reviews(cohort)) if reviews is None else reviews,
        name=name or ", ".join((where or {}).values()) or cohort.name,
    )


def _shuffled(features: CohortFeatures, table: pd.DataFrame) -> pd.DataFrame | None:
    """Features of shuffled voxels, under the names of the features that they control."""
    own = [name for name in table.columns if features.blocks.get(str(name)) == SHUFFLED.name]
    return table[own].rename(columns=lambda name: name.removeprefix(PREFIX)) if own else None


def _chosen(cohort: Cohort, where: Mapping[str, str]) -> set[str]:
    table = cohort.patients
    for column, value in where.items():
        own = _clinical(table, column)
        if value not in set(own.astype(str)):
            known = sorted(set(own.astype(str)))
            raise InputError(f'No patient has "{value}" in {column}. {did_you_mean(value, known)}')
        table = table[own.astype(str) == value]
    return set(table.index.astype(str))


def _clinical(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        raise InputError(
            f'The table of patients has no column "{column}". {did_you_mean(column, list(table))}'
        )
    values: pd.Series = table[column]
    return values.where(values.astype(str) != "")


def _confounders(clinical: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame | None:
    columns: dict[str, Any] = {}
    for name in names:
        values = _clinical(clinical, name)
        numbers = pd.to_numeric(values, errors="coerce")
        columns[name] = numbers if numbers.notna().sum() == values.notna().sum() else values
    return pd.DataFrame(columns, index=clinical.index) if columns else None
