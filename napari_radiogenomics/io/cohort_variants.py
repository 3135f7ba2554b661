"""Variants of a cohort, joined with its patients by id: rows as they are, and patients × genes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_radiogenomics.data.cohort import Cohort, VariantsRef
from napari_radiogenomics.data.sample_ids import join_samples
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.cohort_genes import chosen, kept
from napari_radiogenomics.io.variants import read_variants
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WILDTYPE", "clinical_mutations", "cohort_variants", "mutation_table"]

WILDTYPE = "wildtype"
"""Class of a gene that was tested and is not altered."""
_WILD = re.compile(r"wild[\s_-]?type|wt|none|negative|not mutated|unaltered", re.IGNORECASE)
# Clinical columns that tell of a gene: its symbol, alone or before "mutation", "status", ….
_GENE_COLUMN = re.compile(r"([A-Z][A-Z0-9]{1,8})([\s_](mutation|status|mutation status))?")


def cohort_variants(
    cohort: Cohort, *, variants: str = "", progress: Progress = quiet
) -> pd.DataFrame:
    """Read the variants of a cohort and join them with its patients, by id.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    variants : str, optional
        Id of the table; the first where not given.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        As `read_variants` answers, with ``patient_id`` as first column, kept for the next call:
        copy it before changing it. ``attrs["unmatched"]`` are names of nobody in the cohort.

    Raises
    ------
    InputError
        If there is no table, it cannot be read, or nothing in it is of the cohort.
    """
    reference: VariantsRef = chosen(cohort, "variants", cohort.variants, variants)

    def make() -> pd.DataFrame:
        table = read_variants(reference.path, progress=progress)
        return _joined(cohort, table)

    return kept(cohort, ("variants", reference.id), reference.path, make)


def _joined(cohort: Cohort, table: pd.DataFrame) -> pd.DataFrame:
    names = list(dict.fromkeys(table["sample_id"]))
    samples = cohort.samples["patient_id"]
    columns = cohort.samples.set_index("expression_column")["patient_id"]
    others = {str(alias): str(patient) for alias, patient in (
        *columns[columns.index != ""].items(), *samples.items(),
        *zip(cohort.aliases["alias"], cohort.aliases["patient_id"], strict=True),
    )}  # fmt: skip
    found = join_samples(names, list(cohort.patients.index), aliases=others)
    attrs = {**table.attrs, "unmatched": found.unmatched,
             "notes": (*table.attrs["notes"], *found.notes)}  # fmt: skip
    owner = table["sample_id"].map(dict(found.patients))
    joined = table.assign(patient_id=owner)[owner.notna()].reset_index(drop=True)
    joined = joined[["patient_id", *table.columns]]
    joined.attrs = attrs
    return joined


def mutation_table(cohort: Cohort, *, variants: str = "") -> pd.DataFrame:
    """Classes of alteration, patients × genes: what an oncoprint draws.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    variants : str, optional
        Id of the table of variants; the first where not given.

    Returns
    -------
    DataFrame, index ``patient_id``, a column for each gene
        ``"wildtype"``, the class or classes (joined by ``"; "``), or missing where the gene was
        not tested. Clinical columns of mutations (EGFR, KRAS, …) are added for genes that the
        variants do not have. ``attrs["notes"]`` say where each comes from.

    Raises
    ------
    InputError
        If the cohort tells of no mutation.

    Notes
    -----
    A table without any wildtype row, such as a MAF, lists what was found only: then a patient
    who occurs in it was tested for all of its genes.
    """
    import pandas as pd

    notes: list[str] = []
    wide = pd.DataFrame(index=cohort.patients.index)
    if cohort.variants:
        table = cohort_variants(cohort, variants=variants)
        notes += table.attrs["notes"]
        wide = _wide(table, notes).reindex(cohort.patients.index)
    clinical = [(gene, column) for gene, column in clinical_mutations(cohort).items()
                if gene not in wide]  # fmt: skip
    for gene, column in clinical:
        wide[gene] = _classes(cohort.patients[column])
        notes.append(f'{gene} is taken from the clinical column "{column}".')
    if not len(wide.columns):
        raise InputError(
            f"{cohort.name} tells of no mutation: it has no table of variants and no clinical "
            "column of a gene. Name a table in cohort.toml under [[variants]]."
        )
    wide.attrs["notes"] = tuple(notes)
    return wide


def _wide(table: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Patients × genes of rows; what a list of findings does not name is wildtype."""
    classes = table["class"].where(table["class"] != "", "altered")
    wild = classes.str.fullmatch(_WILD.pattern, case=False)
    classes = classes.where(~wild, WILDTYPE)

    def joined(found: pd.Series) -> str:
        altered = [text for text in dict.fromkeys(found) if text != WILDTYPE]
        return "; ".join(altered) or WILDTYPE

    wide = classes.groupby([table["patient_id"], table["gene"]]).agg(joined).unstack()
    if not wild.any():
        notes.append(
            f"The variants list findings only: the {len(wide)} patients in them count as tested "
            "for all of their genes."
        )
        wide = wide.fillna(WILDTYPE)
    return wide


def clinical_mutations(cohort: Cohort) -> dict[str, str]:
    """Genes whose mutation a clinical column tells, with the name of the column.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    """
    found: dict[str, str] = {}
    for column in cohort.patients:
        match = _GENE_COLUMN.fullmatch(str(column))
        cells = cohort.patients[column]
        if match and cells.dtype.kind == "O" and _classes(cells).eq(WILDTYPE).any():
            found[match[1]] = str(column)
    return found


def _classes(cells: pd.Series) -> pd.Series:
    """Classes of a clinical column; missing stays missing."""
    known = cells.notna() & (cells.astype(str).str.strip() != "")
    texts = cells.astype(object).where(known, None)
    wild = known & cells.astype(str).str.strip().str.fullmatch(_WILD.pattern, case=False)
    return texts.where(~wild, WILDTYPE)
