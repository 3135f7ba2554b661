"""`score_cohort`: a gene, a pathway or a mutation in every sample of a cohort, with its unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.precision import Precision
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.cohort_matrix import normalized_expression
from napari_radiogenomics.genomics.cohort_names import Named, closest_name, find_name
from napari_radiogenomics.genomics.pathways import score_pathways
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.io.cohort_genes import CohortBlanks, cohort_gene_sets
from napari_radiogenomics.io.cohort_variants import (
    WILDTYPE,
    clinical_mutations,
    mutation_table,
)
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScoreKind", "cohort_pathways", "has_genes", "score_cohort", "score_names"]

ScoreKind = Literal["auto", "gene", "pathway", "mutation"]
_NOUNS = {"auto": "gene, gene set or mutation", "gene": "gene", "pathway": "gene set",
          "mutation": "mutation"}  # fmt: skip


@verb
def score_cohort(
    cohort: Cohort,
    name: str,
    *,
    kind: ScoreKind = "auto",
    expression: str = "",
    method: Annotated[str, Setting(choices=SCORERS.meanings)] = "zscore_lee",
    min_genes: Annotated[int, Setting(unit="genes", minimum=1)] = 5,
    remove: Sequence[str] = (),
    standardize: bool = False,
    blanks: CohortBlanks = "as_stated",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Score a gene, a pathway or a mutation in every sample of a cohort.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    name : str
        Symbol of a gene, name of a gene set of the cohort or of the package, or gene of a
        mutation: as written, else but for case, else a former symbol or alias of a gene
        (``"VEGF"`` is VEGFA), else whole words of the name of a gene set (``"hypoxia"``). What was
        read otherwise than written is in the notes, with the other candidates.
    kind : {"auto", "gene", "pathway", "mutation"}, optional
        What the name means; ``"auto"`` looks for a gene, then a gene set, then a mutation;
        ``"EGFR mutation"`` is a mutation in any case.
    expression : str, optional
        Id of the expression table; the first where not given.
    method : str, optional
        Pathway score, as for `score_pathways`.
    min_genes : int, optional
        A gene set of which the table has fewer genes is refused.
    remove : sequence of str, optional
        Genes that are taken out of the gene set, such as those it is compared with.
    standardize : bool, optional
        Answer in standard deviations from the mean of the cohort's samples (z).
    blanks : str, optional
        Rule for blank cells of the expression: ``"keep"`` them as missing (a pathway is scored
        without their genes), read them as ``"zero"``, ``"drop_genes"``, or ``"refuse"``;
        ``"as_stated"`` is that of cohort.toml, ``"keep"`` where it has none.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, index ``sample_id``
        ``patient_id``, ``value``, ``precision`` of what the value may be claimed for, and
        ``text``, the class of a mutation. ``attrs``: ``name``, ``kind``, ``unit``, ``title``,
        ``notes``, ``others`` (gene sets that the name may mean too), and for pathways ``genes``
        (used and missing).

    Raises
    ------
    InputError
        If nothing has that name, or too few genes of the set are in the table.

    Notes
    -----
    Counts become log2 CPM, TPM and FPKM log2 (x + 1); logarithms, z and other units stay. A
    mutation is 1, wildtype 0, and untested samples are missing; it is of the tumor, never of a
    point. It speaks for a patient whether or not there is a sample: tested patients without one
    have a row too, called by their ``patient_id`` and of the patient.
    `normalized_expression` has the whole table.

    See Also
    --------
    napari_radiogenomics.data.region_scores.region_scores : Scores of regions.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> scores = score_cohort(open_cohort(sample_cohort()), "CA9")
    >>> scores.attrs["unit"], scores.loc["P001-bulk", "precision"]
    ('log2 CPM', 'tumour')
    """
    meant = _find(cohort, name, kind, expression, progress)
    table: pd.DataFrame
    if meant.kind == "mutation":
        table = _mutation(cohort, meant.name)
    elif meant.kind == "pathway":
        matrix = normalized_expression(
            cohort, expression=expression, blanks=blanks, progress=progress
        )
        table = _pathway(cohort, meant.name, matrix, method, min_genes, remove, progress)
    else:
        matrix = normalized_expression(
            cohort, expression=expression, blanks=blanks, progress=progress
        )
        table = _gene(meant.name, matrix)
    if standardize and meant.kind != "mutation":
        table = _standardized(table)
    notes = (*table.attrs["notes"], *([meant.note] if meant.note else ()))
    table.attrs.update(name=meant.name, kind=meant.kind, others=meant.others, notes=notes)
    return table


@verb
def cohort_pathways(
    cohort: Cohort,
    *,
    gene_sets: str = "",
    expression: str = "",
    method: Annotated[str, Setting(choices=SCORERS.meanings)] = "zscore_lee",
    min_genes: Annotated[int, Setting(unit="genes", minimum=1)] = 5,
    remove: Sequence[str] = (),
    remove_shared: bool = False,
    blanks: CohortBlanks = "as_stated",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Score all gene sets of a collection in every sample of a cohort.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    gene_sets : str, optional
        Id of a collection, or ``"curated"`` for that of the package; all of them if empty.
    expression : str, optional
        Id of the expression table; the first where not given.
    method, min_genes, remove, remove_shared
        As for `score_pathways`.
    blanks : str, optional
        As for `score_cohort`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × S gene sets
        For `region_scores`: ``attrs`` as of `score_pathways`, with ``patients`` and
        ``precision`` of the samples.

    Raises
    ------
    InputError
        If there is no expression, or no set keeps enough genes.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> cohort_pathways(open_cohort(sample_cohort()), gene_sets="programs").shape
    (66, 20)
    """
    sets = cohort_gene_sets(cohort, gene_sets=gene_sets)
    table, notes = _complete(normalized_expression(cohort, expression=expression, blanks=blanks))
    scores = score_pathways(
        table,
        sets,
        method=method,
        min_genes=min_genes,
        remove=remove,
        remove_shared=remove_shared,
        progress=progress,
    )
    scores.attrs["notes"] = (*scores.attrs["notes"], *notes)
    unit = scores.attrs["unit"].replace("the values", str(table.attrs["unit"]))
    scores.attrs.update({key: table.attrs[key] for key in ("patients", "precision")}, unit=unit)
    return scores


def _complete(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Genes without a blank cell, and the sentence that says how many have one."""
    blank = table.isna().any()
    if not blank.any():
        return table, ()
    if blank.all():
        raise InputError(
            f"Every one of the {len(blank)} genes has a blank cell in some sample, and a pathway "
            "is scored from genes that all samples have. Search its genes one by one, or choose "
            'another rule for blanks: blanks="zero" in Python, --blanks zero on the command line, '
            'blanks = "zero" of the [[expression]] in cohort.toml.'
        )
    note = f"{counted(int(blank.sum()), 'gene')} with blank cells left out of the scoring."
    return table.loc[:, ~blank], (note,)


def score_names(cohort: Cohort, *, expression: str = "") -> dict[str, list[str]]:
    """Names that `score_cohort` understands: what a search completes.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    expression : str, optional
        Id of the expression table.

    Returns
    -------
    dict
        ``"gene"``, ``"pathway"`` and ``"mutation"`` → names; empty lists where there is none.
    """
    genes: list[str] = []
    sets: list[str] = []
    if cohort.expression:
        genes = sorted(map(str, normalized_expression(cohort, expression=expression).columns))
        sets = list(cohort_gene_sets(cohort))
    return {"gene": genes, "pathway": sets, "mutation": _mutated(cohort)}


def has_genes(cohort: Cohort) -> bool:
    """Whether `score_names` has any name; no table but that of the patients is read.

    Parameters
    ----------
    cohort : Cohort
        As opened.

    Examples
    --------
    >>> from napari_radiogenomics import open_cohort
    >>> from napari_radiogenomics.simulate.sample import sample_cohort
    >>> has_genes(open_cohort(sample_cohort()))
    True
    """
    return bool(cohort.expression or cohort.variants or clinical_mutations(cohort))


def _mutated(cohort: Cohort) -> list[str]:
    try:
        return sorted(map(str, mutation_table(cohort).columns))
    except InputError:
        return []


def _find(cohort: Cohort, name: str, kind: ScoreKind, expression: str, progress: Progress) -> Named:
    """What a name means."""
    if kind in ("gene", "pathway"):
        normalized_expression(cohort, expression=expression, progress=progress)
    known = score_names(cohort, expression=expression)
    found = find_name(name, known, kind=kind)
    if found is not None:
        return found
    left_out = cohort_gene_sets(cohort).left_out[:1] if cohort.expression else ()
    noun = _NOUNS[kind]
    said = f'{cohort.name} has no {noun} called "{name}".'
    wanted = {key: names for key, names in known.items() if kind in ("auto", key)}
    if kind == "gene":
        table = normalized_expression(cohort, expression=expression)
        left_out = (f"Its genes are called by {table.attrs.get('gene_id', 'symbol')}.",)
    raise InputError(" ".join((said, closest_name(name, wanted), *left_out)))


def _gene(name: str, table: pd.DataFrame) -> pd.DataFrame:
    if name not in table:  # the rule for blank cells left it out
        raise InputError(
            f"{name} has blank cells, and its rule leaves such genes out. Choose another rule "
            "for blanks."
        )
    notes = tuple(table.attrs["notes"])
    return _table(table[name], table, f"{name} ({table.attrs['unit']})", notes)


def _pathway(
    cohort: Cohort,
    name: str,
    table: pd.DataFrame,
    method: str,
    min_genes: int,
    remove: Sequence[str],
    progress: Progress,
) -> pd.DataFrame:
    one = cohort_gene_sets(cohort)[name]
    complete, notes = _complete(table)
    scored = score_pathways(
        complete,
        {name: one},
        method=method,
        min_genes=min_genes,
        remove=remove,
        progress=progress,
    )
    title = f"{name} ({scored.attrs['method']})"
    out = _table(scored[name], table, title, (*scored.attrs["notes"], *notes))
    unit = scored.attrs["unit"].replace("the values", str(table.attrs["unit"]))
    out.attrs.update(unit=unit, genes=scored.attrs["genes"][name])
    return out


def _table(
    values: pd.Series, matrix: pd.DataFrame, title: str, notes: tuple[str, ...]
) -> pd.DataFrame:
    """Scores of the samples that have one, with patient and precision."""
    import pandas as pd

    index = [str(sample) for sample in matrix.index]
    table = pd.DataFrame(
        {
            "patient_id": [matrix.attrs["patients"][sample] for sample in index],
            "value": values.to_numpy(float),
            "precision": [matrix.attrs["precision"][sample] for sample in index],
            "text": "",
        },
        index=pd.Index(index, name="sample_id", dtype=object),
    )
    table.attrs.update(unit=matrix.attrs["unit"], title=title, notes=notes)
    return table


def _mutation(cohort: Cohort, name: str) -> pd.DataFrame:
    """Class of a gene in the tumor of every sample's patient, and of patients without samples."""
    import pandas as pd

    found = mutation_table(cohort)
    patients = cohort.samples["patient_id"]
    text = patients.map(found[name])
    value = np.where(text.isna(), np.nan, (text != WILDTYPE).astype(float))
    # What is known of the tumor is said of the tumor, also where the sample is a point.
    precision = [
        max(Precision.parse(own), Precision.TUMOUR).value for own in cohort.samples["precision"]
    ]
    table = pd.DataFrame({"patient_id": patients, "value": value, "precision": precision,
                          "text": text.fillna("")}, index=cohort.samples.index)  # fmt: skip
    alone = found[name].drop(index=list(patients), errors="ignore").dropna()
    notes = found.attrs["notes"]
    if len(alone):
        table = pd.concat([table, _of_patients(alone)])
        table.index.name = "sample_id"
        notes = (*notes, f"{len(alone)} patients without samples are named by their id.")
    table.attrs.update(unit="1 mutated, 0 wildtype", title=f"{name} mutation", notes=notes)
    return table


def _of_patients(classes: pd.Series) -> pd.DataFrame:
    """Rows of tested patients without samples: a mutation speaks for the tumor all the same."""
    import pandas as pd

    value = (classes != WILDTYPE).astype(float)
    return pd.DataFrame({"patient_id": classes.index, "value": value,
                         "precision": Precision.PATIENT.value, "text": classes})  # fmt: skip


def _standardized(table: pd.DataFrame) -> pd.DataFrame:
    values = table["value"]
    spread = values.std(ddof=1)
    if not spread > 0:
        raise InputError(
            f"The scores of all {int(values.notna().sum())} samples are the same, so that they "
            "have no z. Leave standardize out."
        )
    out = table.assign(value=(values - values.mean()) / spread)
    unit: Any = table.attrs["unit"]
    note = f"z over {counted(int(values.notna().sum()), 'sample')} of the cohort, of {unit}."
    out.attrs = {**table.attrs, "unit": "z", "notes": (*table.attrs["notes"], note)}
    return out
