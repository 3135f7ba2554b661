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
from napari_radiogenomics.genomics.cohort_scores import cohort_pathways, score_cohort
from napari_radiogenomics.io.cohort_variants import WILDTYPE, mutation_table
from napari_radiogenomics.io.reviews import read_reviews, review_table
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    from napari_radiogenomics.extraction.result import CohortFeatures

__all__ = ["cohort_outcomes", "cohort_study", "volume_column"]

# Of the columns that tell the volume of a tumor, the first that is there.
_VOLUMES = ("original_shape_MeshVolume", "original_shape_VoxelVolume", "volume_ml", "volume")
_NOT_IMAGING = ("clinical", SHUFFLED.name)
_COARSE = ("tumour", "patient")


def cohort_outcomes(
    cohort: Cohort,
    names: Sequence[str] | None = None,
    *,
    gene_sets: str = "curated",
    mutations: bool = True,
) -> pd.DataFrame:
    """Outcomes of patients: pathway scores, genes, mutations, clinical columns.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    names : sequence of str, optional
        Genes, gene sets, mutated genes or columns of the table of patients. Without it all gene
        sets of a collection, and all mutations.
    gene_sets : str, optional
        The collection; ``"curated"`` is that of the package, and empty all of the cohort's.
    mutations : bool, optional
        Mutations too, where no names are given.

    Returns
    -------
    DataFrame, patients × outcomes
        ``attrs["kinds"]`` says of each what it is (gene, pathway, mutation, clinical),
        ``attrs["units"]`` in which unit.

    Raises
    ------
    InputError
        If a name is unknown, or the cohort has nothing to offer.

    Notes
    -----
    A patient's value is that of the bulk samples of the tumor, their mean where there are
    several; biopsies speak for their places and are used only where a patient has no bulk sample.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> table = cohort_outcomes(open_cohort(sample_cohort()), ["CA9", "EGFR mutation", "stage"])
    >>> table.attrs["kinds"]["CA9"], table.shape
    ('gene', (12, 3))
    """
    found: list[tuple[pd.Series, str, str]] = []
    if names is None:
        found = _everything(cohort, gene_sets, mutations)
    for name in names or ():
        found.append(_outcome(cohort, str(name)))
    if not found:
        raise InputError(f"{cohort.name} has neither expression nor mutations to go along with.")
    table = pd.concat([values for values, _, _ in found], axis=1)
    table = table.reindex(cohort.patients.index.astype(str))
    table.index.name = "patient_id"
    table.attrs["kinds"] = {str(values.name): kind for values, kind, _ in found}
    table.attrs["units"] = {str(values.name): unit for values, _, unit in found}
    return table


def _everything(
    cohort: Cohort, gene_sets: str, mutations: bool
) -> list[tuple[pd.Series, str, str]]:
    found: list[tuple[pd.Series, str, str]] = []
    if cohort.expression:
        scores = cohort_pathways(cohort, gene_sets=gene_sets)
        precision, patients = (pd.Series(scores.attrs[key]) for key in ("precision", "patients"))
        for name in scores.columns:
            values = _of_patients(scores[name], patients, precision)
            found.append((values.rename(str(name)), "pathway", str(scores.attrs["unit"])))
    if mutations:
        found += [_mutation(values, f"{name} mutation") for name, values in _mutations(cohort)]
    return found


def _mutations(cohort: Cohort) -> list[tuple[str, pd.Series]]:
    """Mutated genes, from variants or from clinical columns; none where there is none."""
    try:
        table = mutation_table(cohort)
    except InputError:
        return []
    return [(str(name), table[name]) for name in table.columns]


def _outcome(cohort: Cohort, name: str) -> tuple[pd.Series, str, str]:
    """One outcome by its name; a mutation says so, as two genes may be both."""
    gene = name.removesuffix(" mutation")
    if gene != name:
        table = mutation_table(cohort)
        if gene not in table:
            raise InputError(f'No mutation of "{gene}". {did_you_mean(gene, list(table))}')
        return _mutation(table[gene], name)
    if name in cohort.patients.columns:
        column = cohort.patients[name]
        numbers = pd.to_numeric(column.where(column != ""), errors="coerce")
        plain = numbers.notna().sum() >= (column.astype(str) != "").sum() > 0
        values = numbers if plain else column.where(column != "")
        return values.rename(name), "clinical", ""
    scores = score_cohort(cohort, name)
    values = _of_patients(scores["value"], scores["patient_id"], scores["precision"])
    return values.rename(name), str(scores.attrs["kind"]), str(scores.attrs["unit"])


def _mutation(classes: pd.Series, name: str) -> tuple[pd.Series, str, str]:
    mutated = (classes != WILDTYPE).astype(float).where(classes.notna())
    return mutated.rename(name), "mutation", "1 mutated, 0 wildtype"


def _of_patients(values: pd.Series, patients: pd.Series, precision: pd.Series) -> pd.Series:
    """Mean of the bulk samples of each patient; of the biopsies where there is no bulk."""
    table = pd.DataFrame({"value": values, "patient": patients, "precision": precision}).dropna()
    bulk = table["precision"].isin(_COARSE)
    means = table[bulk].groupby("patient")["value"].mean()
    others = table[~bulk].groupby("patient")["value"].mean()
    return means.combine_first(others)


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
