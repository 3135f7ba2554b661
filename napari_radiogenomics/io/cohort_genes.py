"""Genes of a cohort: expression, gene sets and variants, read when asked for and joined by id.

Each table is read once for each opened cohort and kept, as long as its file does not change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from weakref import WeakKeyDictionary

from napari_radiogenomics.data.cohort import Cohort, ExpressionRef, GeneSetsRef, VariantsRef
from napari_radiogenomics.data.gene_sets import GeneSets
from napari_radiogenomics.data.ids import is_tcga, tcga_sample_type
from napari_radiogenomics.data.precision import Precision
from napari_radiogenomics.data.sample_ids import join_samples
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.expression import Blanks, Duplicates, layout_of, read_expression
from napari_radiogenomics.io.gene_sets import curated_gene_sets, read_gene_sets
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.registry import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CURATED",
    "CohortBlanks",
    "cohort_expression",
    "cohort_gene_sets",
    "kept",
    "known_samples",
]

CURATED = "curated"
"""Id of the gene sets that come with the package."""
GENE_IDS = "gene_ids.csv"
"""Table of the identifiers of genes in a cohort's folder, used where its genes are no symbols."""

CohortBlanks = Literal["as_stated", "keep", "zero", "drop_genes", "refuse"]
"""Rules for blank cells, and that of the cohort."""

T = TypeVar("T")
Ref = TypeVar("Ref", ExpressionRef, GeneSetsRef, VariantsRef)

_tables: WeakKeyDictionary[Cohort, dict[Hashable, Any]] = WeakKeyDictionary()
_lock = threading.Lock()


def kept(cohort: Cohort, key: tuple[Hashable, ...], path: Path, make: Callable[[], T]) -> T:
    """What was made before of a file of a cohort, or make it now.

    Parameters
    ----------
    cohort : Cohort
        It is kept as long as this object lives.
    key : tuple
        What it is, with all settings.
    path : Path
        File that it is made of; if it changes, it is made again.
    make : callable
        Makes it.
    """
    state = path.stat()
    whole = (*key, path, state.st_mtime_ns, state.st_size)
    with _lock:
        store = _tables.setdefault(cohort, {})
    if whole not in store:
        found = make()
        with _lock:
            store[whole] = found
    return store[whole]


def chosen(cohort: Cohort, kind: str, references: Sequence[Ref], identity: str) -> Ref:
    """Reference of an id; the first where none is given.

    Raises
    ------
    InputError
        If there is none, or none of that id.
    """
    if not references:
        raise InputError(
            f"{cohort.name} has no {kind} table. Name one in cohort.toml under "
            f"[[{kind.replace(' ', '_')}]]."
        )
    by_id = {reference.id: reference for reference in references}
    if identity and identity not in by_id:
        raise InputError(f'No {kind} "{identity}". {did_you_mean(identity, list(by_id))}')
    return by_id[identity] if identity else references[0]


def cohort_expression(
    cohort: Cohort,
    *,
    expression: str = "",
    duplicates: Duplicates = "highest_mean",
    blanks: CohortBlanks = "as_stated",
    repair_dates: bool = False,
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Read an expression table of a cohort and join it with samples and patients, by id.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    expression : str, optional
        Id of the table; the first where not given.
    duplicates, blanks, repair_dates
        As for `read_expression`; ``blanks="as_stated"`` is the rule of cohort.toml, ``"keep"``
        where it has none.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × G genes
        Index ``sample_id``, kept for the next call: copy it before changing it. ``attrs`` hold
        ``unit``, ``gene_id``, ``notes``; ``patients`` and ``precision`` (sample → patient,
        sample → precision); ``unmatched``, the rows of the table that are of nobody, and
        ``without``, the samples that name a row that is not there.

    Raises
    ------
    InputError
        If there is no table, it cannot be read, or nothing in it is of the cohort.

    Notes
    -----
    A row is a sample by ``expression_column``, by its ``sample_id``, or of a patient by name
    (`join_samples`); then its precision is the tumor, and the patient for normal tissue.
    A table ``gene_ids.csv`` in the cohort's folder turns other identifiers into symbols.
    """
    reference = chosen(cohort, "expression", cohort.expression, expression)
    repair_dates = repair_dates or reference.repair_dates
    rule: Blanks = reference.blanks if blanks == "as_stated" else blanks  # type: ignore[assignment]
    settings = (duplicates, rule, repair_dates)

    def make() -> pd.DataFrame:
        names = cohort.root / GENE_IDS
        table = read_expression(
            reference.path,
            # What a container says of itself is surer than the default of cohort.toml.
            rows=reference.rows if layout_of(reference.path) == "table" else "auto",  # type: ignore[arg-type]
            unit=reference.unit,
            duplicates=duplicates,
            blanks=rule,
            repair_dates=repair_dates,
            names=names if names.is_file() else None,
            known_samples=known_samples(cohort),
            progress=progress,
        )
        return _joined(cohort, table, reference)

    return kept(cohort, ("expression", reference.id, *settings), reference.path, make)


def known_samples(cohort: Cohort) -> list[str]:
    """Names by which an expression table may call the samples of a cohort."""
    samples, aliases = cohort.samples, cohort.aliases
    names = (samples.index, samples["expression_column"], cohort.patients.index, aliases["alias"])
    return [name for name in dict.fromkeys(str(name) for some in names for name in some) if name]


def _joined(cohort: Cohort, table: pd.DataFrame, reference: ExpressionRef) -> pd.DataFrame:
    """Table with the names of the cohort's samples, and who they are."""
    samples = _of_table(cohort.samples, reference.id)
    named = {c: s for s, c in samples["expression_column"].items() if c} | {
        s: s for s in samples.index if not samples.at[s, "expression_column"]
    }
    rows = [str(name) for name in table.index]
    ours = {row: str(named[row]) for row in rows if row in named}
    patients = {s: str(samples.at[s, "patient_id"]) for s in ours.values()}
    precision = {s: str(samples.at[s, "precision"]) for s in ours.values()}
    notes = [f"{counted(len(ours), 'row')} joined samples by name."] if ours else []
    rest = [row for row in rows if row not in ours]
    unmatched: tuple[str, ...] = ()
    if rest:
        unmatched = _by_patient(cohort, table, rest, ours, patients, precision, notes)
    without = tuple(s for c, s in named.items() if c not in ours and _says_expression(cohort, s))
    if without:
        some = ", ".join(without[:5]) + (" …" if len(without) > 5 else "")
        lacking = counted(len(without), "sample", "has", "have")
        notes.append(f"{lacking} no row in {reference.path.name}: {some}.")
    facts = {ours[row]: fact for row, fact in table.attrs.get("sample_facts", {}).items()
             if row in ours}  # fmt: skip
    classes = {ours[row]: one for row, one in table.attrs["classes"].items() if row in ours}
    attrs = {
        **table.attrs, "notes": (*table.attrs["notes"], *notes), "patients": patients,
        "classes": classes, "precision": precision, "unmatched": unmatched, "without": without,
        "sample_facts": facts, "id": reference.id,
    }  # fmt: skip
    table = table if not unmatched else table[table.index.isin(list(ours))]
    table = table.set_axis([ours[str(name)] for name in table.index], axis=0)
    table.index.name = "sample_id"
    table.attrs = attrs
    return table


def _of_table(samples: pd.DataFrame, identity: str) -> pd.DataFrame:
    """Samples that may be in a table: spots of a Visium section are in its own alone."""
    if "expression" not in samples:
        return samples
    said = samples["expression"].fillna("").astype(str)
    return samples[said.isin(["", identity])]


def _says_expression(cohort: Cohort, sample: str) -> bool:
    """Whether a sample says that it has expression."""
    return bool(cohort.samples.at[sample, "expression_column"])


def _by_patient(
    cohort: Cohort,
    table: pd.DataFrame,
    rest: list[str],
    ours: dict[str, str],
    patients: dict[str, str],
    precision: dict[str, str],
    notes: list[str],
) -> tuple[str, ...]:
    """Join rows that are no listed sample with patients; answer those that are of nobody."""
    facts = table.attrs.get("sample_facts", {})
    said = {row: str(facts.get(row, {}).get("patient_id") or row) for row in rest}
    aliases = dict(zip(cohort.aliases["alias"], cohort.aliases["patient_id"], strict=True))
    try:
        joined = join_samples(list(said.values()), list(cohort.patients.index), aliases=aliases)
    except InputError as error:
        if not ours:
            raise InputError(f"{table.attrs['source']}: {error} {_other_side(table)}") from error
        notes.append(
            f"{counted(len(rest), 'row', 'is', 'are')} of no sample and no patient of the cohort."
        )
        return tuple(rest)
    notes.extend(joined.notes)
    for row, name in said.items():
        if name not in joined.patients:
            continue
        ours[row], patients[row] = row, joined.patients[name]
        precision[row] = _precision(row, facts.get(row, {}))
    return tuple(row for row in rest if row not in ours)


def _other_side(table: pd.DataFrame) -> str:
    """How the rows of a table of nobody were taken, and how to say it otherwise."""
    said = table.attrs["notes"][0]
    other = "genes" if said.startswith("Rows are samples") else "samples"
    return f'{said} If they are {other}, write rows = "{other}" in cohort.toml.'


def _precision(row: str, facts: dict[str, Any]) -> str:
    """How finely a row is located that no table of samples describes."""
    kind = tcga_sample_type(row) if is_tcga(row) else ""
    if kind and kind not in ("primary", "recurrent"):
        return Precision.PATIENT.value  # a metastasis or normal tissue is not this tumor
    by_place = facts.get("structure") and facts.get("selected_by") != "expression"
    return Precision.REGION.value if by_place else Precision.TUMOUR.value


def cohort_gene_sets(cohort: Cohort, *, gene_sets: str = "") -> GeneSets:
    """Read the gene sets of a cohort.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    gene_sets : str, optional
        Id of a collection, or ``"curated"`` for the hypoxia, VEGF and angiogenesis sets of the
        package. All of them where not given, those of the cohort first.

    Returns
    -------
    GeneSets
        A set whose name an earlier collection has is left out with a note. So are faulty rows
        and files where all are asked for: ``left_out`` names them.

    Raises
    ------
    InputError
        If there is none of that id, or its file cannot be read.
    """
    if gene_sets == CURATED:
        return curated_gene_sets()

    def read(reference: GeneSetsRef) -> GeneSets:
        def make() -> GeneSets:
            return read_gene_sets(reference.path, faulty="leave_out")

        return kept(cohort, ("gene sets", reference.id), reference.path, make)

    if gene_sets:
        return read(chosen(cohort, "gene sets", cohort.gene_sets, gene_sets))
    found: dict[str, Any] = {}
    notes: list[str] = []
    left_out: list[str] = []
    collections: list[GeneSets] = []
    for reference in cohort.gene_sets:
        try:
            collections.append(read(reference))
        except (InputError, OSError) as error:
            left_out.append(f"{error} Its gene sets were left out.")
    notes += left_out
    for collection in (*collections, curated_gene_sets()):
        notes += collection.notes
        left_out += collection.left_out
        for one in collection.sets:
            if found.setdefault(one.name, one) is not one:
                notes.append(f"{one.name} of {collection.name} is left out: the name is taken.")
    name = f"{cohort.name} and curated"
    return GeneSets(tuple(found.values()), name, tuple(notes), tuple(left_out))
