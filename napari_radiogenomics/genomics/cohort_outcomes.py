"""Outcomes of the patients of a cohort: pathway scores, genes, mutations, clinical columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_scores import cohort_pathways, score_cohort
from napari_radiogenomics.io.cohort_variants import WILDTYPE, mutation_table
from napari_radiogenomics.registry import did_you_mean

__all__ = ["cohort_outcomes"]

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
