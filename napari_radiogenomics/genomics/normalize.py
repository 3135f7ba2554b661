"""`normalize_counts` and `filter_genes`: make samples comparable, by a method that fits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.nature import Nature, require, settle_nature
from napari_radiogenomics.data.traces import leave_trace
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.matrix import table_like, values_of
from napari_radiogenomics.genomics.normalization import NORMALIZATIONS, Normalization
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import verb
from napari_radiogenomics.signature import Setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StatedKind", "filter_genes", "normalize_counts"]

StatedKind = Literal["auto", "count", "expected count", "TPM", "FPKM", "log", "z", "intensity"]


@verb
def normalize_counts(
    expression: pd.DataFrame,
    *,
    method: Annotated[str, Setting(choices=NORMALIZATIONS.meanings)] = "tmm",
    log: bool = True,
    prior_count: Annotated[float | None, Setting(minimum=0, advanced=True)] = None,
    nature: Annotated[StatedKind, Setting(advanced=True)] = "auto",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Make the samples of an expression table comparable.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        Counts; TPM or FPKM for the methods that take them.
    method : str, optional
        ``"tmm"``, ``"rle"``, ``"upper_quartile"`` or ``"log_cpm"`` (edgeR's log2 CPM),
        ``"median_of_ratios"`` or ``"vst"`` (DESeq2), ``"clr"`` for compositions, ``"log2"`` for
        TPM and FPKM, or one that another package adds.
    log : bool, optional
        Answer on a log scale.
    prior_count : float, optional
        Count added before the logarithm; by default that of the method (2 for CPM, 1 else).
    nature : str, optional
        What the values are, where they do not tell it themselves; ``"auto"`` looks at
        ``attrs["unit"]`` and at the values.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame, N samples × G genes
        ``attrs`` hold ``unit``, ``method``, ``size_factors`` and ``library_sizes`` (sample →
        number), ``notes`` and the history.

    Raises
    ------
    InputError
        If the values are not what the method takes, or it cannot be computed on them.

    See Also
    --------
    filter_genes : Leave out genes with too few reads first.

    Notes
    -----
    Equal to DESeq2 1.38 and edgeR 3.40 (tests/reference/rnaseq): size factors and log CPM to
    rounding, the VST too.

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"VEGFA": [90, 210], "CA9": [10, 20], "ACTB": [900, 1800]})
    >>> table = normalize_counts(counts, method="log_cpm")
    >>> table.attrs["unit"], table["ACTB"].round(2).tolist()
    ('log2 CPM', [19.78, 19.76])
    """
    values = values_of(expression)
    entry = NORMALIZATIONS[method]
    found, notes = _settled(expression, values, nature)
    _require(found, entry)
    _require_reads(expression, values)
    for step in progress([entry], entry.title):
        result = step.normalize(values, log=log, prior_count=prior_count)
    if not entry.single_sample:
        leave_trace("normalize_counts", result.values)
    facts: dict[str, object] = {
        "method": entry.title,
        "library_sizes": _by_sample(expression, values.sum(axis=1)),
        "notes": (*notes, *result.notes),
    }
    if result.factors is not None:
        facts["size_factors"] = _by_sample(expression, result.factors)
    return table_like(result.values, expression, result.unit, **facts)


def _settled(
    expression: pd.DataFrame, values: NDArray[np.float64], stated: str
) -> tuple[Nature, tuple[str, ...]]:
    unit = str(expression.attrs.get("unit", "")) if stated == "auto" else stated
    return settle_nature(values, unit, table=expression)


def _by_sample(expression: pd.DataFrame, numbers: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(map(str, expression.index), numbers.tolist(), strict=True))


def _require(found: Nature, entry: Normalization) -> None:
    linear = 'Use method="log2" for relative abundances, or give the counts.'
    remedies = {
        "count": 'Use method="tmm": it corrects for the library sizes.',
        "expected count": 'Round them first (expression.round()), or use method="tmm".',
        "TPM": linear,
        "FPKM": linear,
        "log": "They are normalized already; use them as they are, or give the counts.",
        "z": "They are normalized already; use them as they are, or give the counts.",
        "intensity": "Normalize them with the tools of their array, and give logarithms.",
    }
    require(found, entry.takes, f'method="{entry.name}"', remedies)


def _require_reads(expression: pd.DataFrame, values: NDArray[np.float64]) -> None:
    empty = np.flatnonzero(values.sum(axis=1) == 0)
    if empty.size:
        names = ", ".join(map(str, expression.index[empty[:5]]))
        raise InputError(
            f"{empty.size} samples have no reads at all: {names}. Leave them out "
            "(expression[expression.sum(axis=1) > 0])."
        )


@verb
def filter_genes(
    expression: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    min_count: Annotated[float, Setting(minimum=0)] = 10.0,
    min_total_count: Annotated[float, Setting(minimum=0)] = 15.0,
    min_proportion: Annotated[float, Setting(minimum=0, maximum=1, advanced=True)] = 0.7,
    nature: Annotated[StatedKind, Setting(advanced=True)] = "auto",
    progress: Progress = quiet,
) -> pd.DataFrame:
    """Keep the genes that are expressed in enough samples, as edgeR's ``filterByExpr``.

    A gene is kept if its counts per million reach ``min_count`` in a library of median size, in
    as many samples as the smallest group has (of groups above 10: 10 and ``min_proportion`` of
    the rest), and its total reaches ``min_total_count``.

    Parameters
    ----------
    expression : DataFrame, N samples × G genes
        Counts.
    groups : Series, optional
        Group of each sample, by the index of ``expression``; all are one group without it.
    min_count : float, optional
        Count that says "expressed", in a library of median size.
    min_total_count : float, optional
        Least total over all samples.
    min_proportion : float, optional
        Fraction of the samples of a group beyond its first 10 in which a gene must be expressed.
    nature : str, optional
        As for `normalize_counts`.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    DataFrame
        The kept genes; ``attrs["notes"]`` say how many were left out.

    Raises
    ------
    InputError
        If the values are no counts, a sample has no group, or no gene is left.

    References
    ----------
    Chen, Lun and Smyth 2016, https://doi.org/10.12688/f1000research.8987.2.

    Examples
    --------
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"VEGFA": [900, 800, 950], "OR4F5": [0, 1, 0], "CA9": [50, 60, 70]})
    >>> list(filter_genes(counts))
    ['VEGFA', 'CA9']
    """
    values = values_of(expression)
    found, notes = _settled(expression, values, nature)
    require(found, ("count", "expected count"), "filter_genes", {})
    _require_reads(expression, values)
    for _ in progress([None], "Genes"):
        library = values.sum(axis=1)
        needed = _needed_samples(expression, groups, min_proportion)
        cutoff = min_count / np.median(library)
        reach = np.zeros(values.shape[1], np.int64)
        for row, size in zip(values, library, strict=True):
            reach += row / size >= cutoff
        kept = (reach >= needed - 1e-14) & (values.sum(axis=0) >= min_total_count - 1e-14)
    if not kept.any():
        raise InputError(
            f"None of the {kept.size} genes reaches {min_count:g} reads in {needed:g} samples. "
            "Lower min_count, or check that the table holds counts."
        )
    note = f"{int((~kept).sum())} of {kept.size} genes with too few reads were left out."
    table = expression.loc[:, kept].copy()
    table.attrs = expression.attrs | {
        "notes": (*expression.attrs.get("notes", ()), *notes, note),
        "unit": expression.attrs.get("unit", found.kind),
    }
    return table


def _needed_samples(
    expression: pd.DataFrame, groups: pd.Series | None, min_proportion: float
) -> float:
    smallest = len(expression)
    if groups is not None:
        found = groups.reindex(expression.index)
        if found.isna().any():
            lost = expression.index[found.isna()]
            raise InputError(
                f"{len(lost)} samples have no group, the first is {lost[0]}. Give groups an "
                "index with all samples of the table."
            )
        smallest = int(found.value_counts().min())
    return smallest if smallest <= 10 else 10 + (smallest - 10) * min_proportion
