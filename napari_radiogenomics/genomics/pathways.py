"""`score_pathways`: one number for each gene set and sample, and what it was made of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.gene_names import ALIASES
from napari_radiogenomics.data.gene_sets import GeneSet, GeneSets, gene_sets_of
from napari_radiogenomics.data.nature import Nature, require, settle_nature
from napari_radiogenomics.data.tests_made import remember_sets
from napari_radiogenomics.data.wording import counted
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.genomics.matrix import values_of
from napari_radiogenomics.genomics.normalize import StatedKind
from napari_radiogenomics.genomics.scorer import SCORERS, PlacedSets, Scorer
from napari_radiogenomics.io.gene_sets import curated_gene_sets, read_gene_sets
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_pathways"]


@dataclass
class _Placing:
    """Where the genes of the sets are in a table, and what became of the others."""

    names: list[str] = field(default_factory=list)
    places: list[NDArray[np.intp]] = field(default_factory=list)
    weights: list[NDArray[np.float64]] = field(default_factory=list)
    genes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


@verb
def score_pathways(
    expression: pd.DataFrame,
    gene_sets: str | Path | Mapping[str, Any] = "curated",
    *,
    method: Annotated[str, Setting(choices=SCORERS.meanings)] = "zscore_lee",
    min_genes: Annotated[int, Setting(unit="genes", minimum=1)] = 5,
    remove: Sequence[str] = (),
    remove_shared: bool = False,
    nature: Annotated[StatedKind, Setting(advanced=True)] = "auto",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Score gene sets in every sample.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        On a log scale for most methods (`normalize_counts` makes it so); genes not wanted in the
        background left out (`genomics.normalize.filter_genes`).
    gene_sets : str, Path, GeneSets or mapping
        File (GMT, JSON, table of weights), or name → genes, or name → gene → weight.
        ``"curated"`` means the hypoxia, VEGF and angiogenesis sets of the package.
    method : str, optional
        Name of a scorer: ``"mean"``, ``"interquartile_mean"``, ``"zscore_lee"``, ``"ssgsea"``,
        ``"ssgsea_raw"``, ``"gsva"``, ``"gsva_poisson"`` (counts), ``"singscore"``, ``"ulm"``,
        ``"mlm"``, ``"wsum"``, ``"plage"``, or one that another package adds.
    min_genes : int, optional
        A set of which the table has fewer genes is refused.
    remove : sequence of str, optional
        Genes that are taken out of every set, and names of gene sets whose genes are taken out
        of all others. For a score that is compared with VEGFA, remove VEGFA.
    remove_shared : bool, optional
        Take genes that occur in several of the sets out of all of them, so that a correlation
        between their scores does not come from shared genes.
    nature : str, optional
        What the values are, where they do not tell it themselves.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × S gene sets
        Without the sets that were refused; those are named in a `DataWarning` too. ``attrs``
        hold ``unit``, ``method``, ``doi``, ``limits``, ``notes``, the history, and ``genes``:
        for each set ``used``, ``missing``, ``removed``, and ``renamed`` (name in the set → name
        in the table).

    Raises
    ------
    InputError
        If no set keeps enough genes, or the values are not what the method takes.

    Notes
    -----
    Equal to GSVA 1.46 and decoupleR 2.4 (tests/reference). 50 sets × 20,000 genes × 200
    samples take seconds with every method.

    Examples
    --------
    >>> import pandas as pd
    >>> logs = pd.DataFrame({"VEGFA": [1.0, 2.0, 4.5], "CA9": [0.5, 1.5, 3.0]})
    >>> sets = {"hypoxia": ["VEGFA", "CA9", "ADM"]}
    >>> scores = score_pathways(logs, sets, method="mean", min_genes=2)
    >>> scores["hypoxia"].tolist(), scores.attrs["genes"]["hypoxia"]["missing"]
    ([0.75, 1.75, 3.75], ['ADM'])
    """
    values = values_of(expression)
    scorer, sets = SCORERS[method], _sets_of(gene_sets)
    unit = str(expression.attrs.get("unit", "")) if nature == "auto" else nature
    found, notes = settle_nature(values, unit, table=expression)
    _require(found, scorer, len(values))
    columns, constant = _usable(expression, values, scorer)
    taken, said = _taken_out(sets, remove, remove_shared)
    placing = _place(sets, columns, taken, max(min_genes, 1))
    _require_sets(placing, expression, sets, min_genes)
    kept = values if not constant else values[:, list(columns.values())]
    places = placing.places if not constant else _renumbered(placing.places, columns)
    placed = PlacedSets(tuple(placing.names), tuple(places), tuple(placing.weights), kept.shape[1])
    if scorer.has_background:
        _require_rest(placed)
    _require_differences(kept, expression, scorer)
    with np.errstate(divide="ignore", invalid="ignore"):  # checked by name below
        scores = scorer.score(kept, placed, progress)
    _require_numbers(scores, placed, expression, scorer)
    notes += (*sets.notes, *said, *_constant_note(constant), *_notes(placing, scorer, sets))
    if not _are_curated(gene_sets):  # nobody chose their genes by this table
        names = list(map(str, expression.columns))
        own = placing.places
        remember_sets(expression.index, scores, placing.names, values, names, own)
    return _table(scores, expression, scorer, placing, notes)


def _are_curated(gene_sets: str | Path | Mapping[str, Any]) -> bool:
    return isinstance(gene_sets, str) and gene_sets == "curated"


def _sets_of(gene_sets: str | Path | Mapping[str, Any]) -> GeneSets:
    if _are_curated(gene_sets):
        return curated_gene_sets()
    if isinstance(gene_sets, str | Path):
        return read_gene_sets(gene_sets)
    return gene_sets_of(gene_sets)


def _require(found: Nature, scorer: Scorer, n_samples: int) -> None:
    if n_samples < scorer.min_samples:
        raise InputError(
            f"{scorer.title} needs {scorer.min_samples} samples, the table has {n_samples}. Use "
            'method="singscore" or "ssgsea_raw", which look at one sample at a time.'
        )
    if scorer.takes == ("count",):
        logs = 'Use method="gsva", which takes log values.'
        remedies = dict.fromkeys(("log", "z", "TPM", "FPKM", "expected count"), logs)
    else:
        linear = 'Make logarithms of it first: normalize_counts(expression, method="log2").'
        counts = "Correct for the library sizes first: normalize_counts(expression)."
        ranks = 'Give logarithms, or use method="singscore" or "ssgsea", which look at ranks.'
        remedies = {"count": counts, "expected count": counts, "TPM": linear, "FPKM": linear,
                    "intensity": ranks}  # fmt: skip
    require(found, scorer.takes, scorer.title, remedies)


def _usable(
    expression: pd.DataFrame, values: NDArray[np.float64], scorer: Scorer
) -> tuple[dict[str, int], list[str]]:
    """Place of each gene in the columns; genes that do not vary apart where they must be."""
    columns = {str(name): at for at, name in enumerate(expression.columns)}
    if not scorer.needs_variation:
        return columns, []
    spread = values.std(axis=0, ddof=1)
    constant = {str(expression.columns[at]) for at in np.flatnonzero(spread < 1e-10)}
    kept = {name: at for name, at in columns.items() if name not in constant}
    return kept, sorted(constant)


def _renumbered(places: list[NDArray[np.intp]], columns: dict[str, int]) -> list[NDArray[np.intp]]:
    kept = np.fromiter(columns.values(), np.intp, len(columns))
    return [np.searchsorted(kept, one) for one in places]


def _taken_out(
    sets: GeneSets, remove: Sequence[str], remove_shared: bool
) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """Genes to take out of each set, and the sentences that say so."""
    if isinstance(remove, str):
        remove = (remove,)
    single = {name for name in remove if name not in sets}
    shared = set(sets.shared()) if remove_shared else set()
    taken: dict[str, set[str]] = {}
    said = []
    for name in sets:
        others = {
            g for other in remove if other in sets and other != name for g in sets[other].genes
        }
        gone = sorted((single | shared | others) & set(sets[name].genes))
        taken[name] = set(gone)
        if gone:
            said.append(f"{name} is scored without {', '.join(gone)}, removed as asked.")
    inside = {gene for name in sets for gene in sets[name].genes}
    if single - inside:
        raise InputError(
            f"{', '.join(sorted(single - inside))} should be removed, but no gene set has it and "
            "none is called so. Check the spelling."
        )
    return taken, tuple(said)


def _place(
    sets: GeneSets, columns: dict[str, int], taken: dict[str, set[str]], min_genes: int
) -> _Placing:
    placing = _Placing()
    for name in sets:
        found, record = _find(sets[name], columns, taken[name])
        placing.genes[name] = record
        if len(found) < min_genes:
            placing.refused.append(
                f"{name} ({len(found)} of {len(sets[name])} genes; missing "
                f"{', '.join(record['missing'][:5]) or 'none'}"
                f"{' …' if len(record['missing']) > 5 else ''})"
            )
            continue
        placing.names.append(name)
        placing.places.append(np.array([columns[gene] for gene in found], np.intp))
        placing.weights.append(np.array(list(found.values())))
    return placing


def _find(
    one: GeneSet, columns: dict[str, int], taken: set[str]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Genes of a set that a table has, with weights, and what became of each."""
    found: dict[str, float] = {}
    record: dict[str, Any] = {"used": 0, "missing": [], "removed": sorted(taken), "renamed": {}}
    weights = one.weights or (1.0,) * len(one)
    for gene, weight in zip(one.genes, weights, strict=True):
        if gene in taken:
            continue
        name = gene if gene in columns else ALIASES.other(gene, columns)
        if not name or name in found:
            record["missing"].append(gene)
            continue
        found[name] = weight
        if name != gene:
            record["renamed"][gene] = name
    record["used"] = len(found)
    return found, record


def _require_sets(
    placing: _Placing, expression: pd.DataFrame, sets: GeneSets, min_genes: int
) -> None:
    if not placing.refused:
        if not len(sets):
            raise InputError("There are no gene sets. Give at least one.")
        return
    what = (
        f"{len(placing.refused)} of {len(sets)} gene sets keep fewer than {min_genes} genes and "
        f"are not scored: {'; '.join(placing.refused[:5])}"
        f"{' …' if len(placing.refused) > 5 else ''}."
    )
    some = ", ".join(map(str, expression.columns[:3]))
    if not placing.names:
        raise InputError(
            f"{what} The table's genes look like {some}. Check that both use the same "
            "identifiers (symbols, Ensembl, Entrez), or lower min_genes."
        )
    warnings.warn(f"{what} Lower min_genes to score them.", DataWarning, stacklevel=4)


def _require_rest(sets: PlacedSets) -> None:
    sizes = zip(sets.names, sets.sizes, strict=True)
    whole = [name for name, size in sizes if size == sets.n_genes]
    if whole:
        raise InputError(
            f"Gene set {whole[0]} holds all {sets.n_genes} genes of the table, so that there is "
            "nothing to compare it with. Give the whole table, not the genes of the set."
        )


def _require_differences(
    values: NDArray[np.float64], expression: pd.DataFrame, scorer: Scorer
) -> None:
    flat = np.flatnonzero(values.max(axis=1) == values.min(axis=1))
    if flat.size and scorer.has_background:
        raise InputError(
            f"All genes of sample {expression.index[flat[0]]} have the same value, so that no set "
            f"differs from the rest ({flat.size} such samples). Leave it out."
        )


def _require_numbers(
    scores: NDArray[np.float64], sets: PlacedSets, expression: pd.DataFrame, scorer: Scorer
) -> None:
    finite = np.isfinite(scores)
    if not finite.all():
        row, column = (int(at) for at in np.argwhere(~finite)[0])
        raise InputError(
            f"{scorer.title} has no answer for {sets.names[column]} in sample "
            f"{expression.index[row]} ({int((~finite).sum())} such scores): do its genes have any "
            "differences? Leave out the sample or the set, or choose another method."
        )


def _constant_note(constant: list[str]) -> tuple[str, ...]:
    if not constant:
        return ()
    some = ", ".join(constant[:3])
    return (f"{counted(len(constant), 'gene')} without variation left out ({some}).",)


def _notes(placing: _Placing, scorer: Scorer, sets: GeneSets) -> tuple[str, ...]:
    notes = []
    for name in placing.names:
        record = placing.genes[name]
        if record["missing"]:
            lost = record["missing"]
            notes.append(
                f"{name}: {record['used']} of {len(sets[name])} genes; the table lacks "
                f"{', '.join(lost[:10])}{' …' if len(lost) > 10 else ''}."
            )
        for gene, other in record["renamed"].items():
            notes.append(f"{name}: {gene} is called {other} in the table.")
    weighted = [name for name in placing.names if sets[name].weights]
    if weighted and not scorer.weighted:
        notes.append(f"{scorer.title} does not use the weights of {len(weighted)} gene sets.")
    if placing.refused:
        notes.append(f"Not scored: {'; '.join(placing.refused)}.")
    return tuple(notes)


def _table(
    scores: NDArray[np.float64],
    expression: pd.DataFrame,
    scorer: Scorer,
    placing: _Placing,
    notes: tuple[str, ...],
) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(scores, index=expression.index, columns=placing.names)
    table.attrs.update(
        unit=scorer.unit,
        method=scorer.title,
        doi=scorer.doi,
        limits=scorer.limits,
        genes=placing.genes,
        notes=(*expression.attrs.get("notes", ()), *notes),
        history=expression.attrs.get("history", ()),
    )
    return table
