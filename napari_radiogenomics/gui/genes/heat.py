"""Patients × genes: z of expression, or classes of mutations, in an order that shows blocks.

No Qt; it reads expression once for each cohort, so it may run in a worker. G genes, P patients.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_names import ALIASES
from napari_radiogenomics.data.precision import Precision, allows
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import normalized_expression
from napari_radiogenomics.gui.genes.asked import find_asked
from napari_radiogenomics.io.cohort_genes import cohort_gene_sets
from napari_radiogenomics.io.cohort_variants import WILDTYPE, mutation_table
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

    from napari_radiogenomics.data.cohort import Cohort

__all__ = ["MUTATIONS", "Heat", "heat_of"]

MUTATIONS = "mutations"
"""Text that asks for the oncoprint."""
_MOST_GENES = 60
_VARIABLE = 30
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, eq=False)
class Heat:
    """Values of genes in patients.

    Attributes
    ----------
    kind : {"expression", "mutation"}
        Heat map or oncoprint.
    genes, patients : tuple of str
        Rows from the top, columns from the left.
    values : ndarray of float, shape (G, P)
        z over the patients; for mutations the number of the class: 0 wildtype, 1 the first of
        ``classes``, …. NaN where it was not measured.
    classes : tuple of str
        Of mutations.
    title : str
        What the genes are.
    notes : tuple of str
        What is left out.
    unit : str
        Of what z is taken: log2 CPM, or a unit on a linear scale; empty for mutations.
    """

    kind: Literal["expression", "mutation"]
    genes: tuple[str, ...]
    patients: tuple[str, ...]
    values: NDArray[np.float64]
    classes: tuple[str, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    unit: str = ""


def heat_of(cohort: Cohort, text: str = "", *, progress: Progress = quiet) -> Heat:
    """Make the heat map or oncoprint that a text asks for.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    text : str, optional
        Genes with commas or blanks between them, a pathway, or ``"mutations"``; the genes that
        vary most where empty.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Heat

    Raises
    ------
    InputError
        If the cohort has no genes, or none of those asked for.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> heat = heat_of(open_cohort(sample_cohort()), "CA9, VEGFA")
    >>> sorted(heat.genes), heat.values.shape
    (['CA9', 'VEGFA'], (2, 12))
    """
    if text.strip().casefold() == MUTATIONS or (not text.strip() and not cohort.expression):
        return _oncoprint(cohort)
    table = normalized_expression(cohort, progress=progress)
    genes, title, notes = _genes(cohort, table, text)
    of_patients, used = _by_patient(table.loc[:, genes], table)
    spread = of_patients.std(ddof=1)
    flat = [str(gene) for gene in genes if not spread[gene] > 0]
    if len(flat) == len(genes):
        raise InputError(
            f"{title}: the values are the same in all {len(of_patients)} patients, so that they "
            "have no z. Choose other genes."
        )
    kept = of_patients.drop(columns=flat)
    z = (kept - kept.mean()) / spread.drop(flat)
    if flat:
        notes = (*notes, f"Without spread: {', '.join(flat[:5])}.")
    absent = [str(one) for one in cohort.patients.index if one not in z.index]
    if absent:
        notes = (*notes, f"{len(absent)} patients have no expression.")
    return _arranged(z, title, (*notes, used), str(table.attrs["unit"]))


def _genes(
    cohort: Cohort, table: pd.DataFrame, text: str
) -> tuple[list[str], str, tuple[str, ...]]:
    """Columns that a text asks for, their title, and what was not found."""
    if not text.strip():
        top = table.var().nlargest(_VARIABLE).index
        return list(map(str, top)), f"The {len(top)} genes that vary most", ()
    names = [name for name in _SEPARATORS.split(text.strip()) if name]
    upper = {str(column).casefold(): str(column) for column in table.columns}
    found = {n: upper.get(n.casefold()) or ALIASES.other(n, table.columns) for n in names}
    genes = list(dict.fromkeys(gene for gene in found.values() if gene))
    lost = [name for name, gene in found.items() if not gene]
    if genes:
        notes = (f"Not in the table: {', '.join(lost[:5])}.",) if lost else ()
        return genes, counted(len(genes), "gene"), notes
    sets = cohort_gene_sets(cohort)
    asked = find_asked(text, {"gene": list(upper.values()), "pathway": list(sets)})
    wanted = [str(gene) for gene in sets[asked.name].genes]
    present = [gene for gene in wanted if gene in table]
    if not present:
        raise InputError(f"None of the {len(wanted)} genes of {asked.name} is in the table.")
    if len(present) > _MOST_GENES:
        by_spread = table.loc[:, present].var().nlargest(_MOST_GENES).index
        note = f"The {_MOST_GENES} that vary most of {len(present)} genes."
        return list(map(str, by_spread)), asked.title, (note,)
    return present, f"{asked.title}, {len(present)} of {len(wanted)} genes", ()


def _by_patient(values: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Mean for each patient: of its whole-tumor samples where it has any, else of all."""
    precision, patients = table.attrs["precision"], table.attrs["patients"]
    names = [str(name) for name in values.index]
    owners = np.array([patients[name] for name in names], object)
    bulk = np.array([not allows(precision[name], Precision.REGION) for name in names], bool)
    has_bulk = np.isin(owners, owners[bulk])
    used = bulk | ~has_bulk
    found = values[used].groupby(owners[used], sort=False).mean()
    note = "Whole-tumor samples; where there are none, the mean of all."
    return found, note


def _arranged(z: pd.DataFrame, title: str, notes: tuple[str, ...], unit: str) -> Heat:
    """Genes that go together beside each other; patients from low to high."""
    genes = [str(gene) for gene in z.columns]
    rows = _together(z.T.to_numpy(float))
    genes = [genes[row] for row in rows]
    # Genes that fall where the others rise would cancel out in a plain mean.
    values = z.T.to_numpy(float)[rows]
    order = np.argsort(_main_direction(values), kind="stable")
    patients = tuple(str(z.index[column]) for column in order)
    shown = values[:, order]
    return Heat("expression", tuple(genes), patients, shown, (), title, notes, unit)


def _together(values: NDArray[np.float64]) -> list[int]:
    """Order of rows by hierarchical clustering of their correlations."""
    if len(values) < 3:
        return list(range(len(values)))
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import pdist

    filled = np.nan_to_num(values)
    apart = np.clip(np.nan_to_num(pdist(filled, "correlation"), nan=1.0), 0, 2)
    return list(leaves_list(optimal_leaf_ordering(linkage(apart, "average"), apart)))


def _main_direction(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score of each patient along the first principal component, up with most genes."""
    filled = np.nan_to_num(values)
    left, _, right = np.linalg.svd(filled, full_matrices=False)
    sign = 1.0 if left[:, 0].sum() >= 0 else -1.0
    return np.asarray(sign * right[0])


def _oncoprint(cohort: Cohort) -> Heat:
    """Classes of mutations, the most frequent gene on top, patients sorted by them."""
    table = mutation_table(cohort)
    altered = table.notna() & (table != WILDTYPE)
    genes = [str(gene) for gene in altered.sum().sort_values(ascending=False).index[:_MOST_GENES]]
    found = [str(table.at[p, g]) for g in genes for p in table.index if altered.at[p, g]]
    classes = tuple(sorted(set(found), key=lambda name: (-found.count(name), name)))
    numbers = {WILDTYPE: 0.0} | {name: n + 1.0 for n, name in enumerate(classes)}
    values = np.array([[numbers.get(table.at[p, g], np.nan) for p in table.index] for g in genes])
    keys: Sequence[NDArray] = [-(np.nan_to_num(row, nan=-1.0) > 0).astype(int) for row in values]
    order = np.lexsort(list(reversed(keys))) if genes else np.arange(len(table))
    patients = tuple(str(table.index[column]) for column in order)
    title = f"Mutations of {counted(len(genes), 'gene')}"
    return Heat("mutation", tuple(genes), patients, values[:, order], classes, title,
                tuple(table.attrs["notes"]))  # fmt: skip
