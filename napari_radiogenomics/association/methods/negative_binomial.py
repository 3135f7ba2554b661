"""Negative binomial model of counts, as DESeq2."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method, normal_interval
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.nb_test import fit_counts

__all__ = ["METHOD"]


def _run(block: Block) -> Estimates:
    if block.size_factors is None:
        raise InputError("Counts need their library sizes. Give library_sizes=….")
    read = block.outcomes.any(axis=0)
    shape = (block.features.shape[1], block.outcomes.shape[1])
    effect, error, p_value = (np.full(shape, np.nan) for _ in range(3))
    given = block.given * np.sqrt(block.n)
    for at, feature in enumerate(block.features.T):
        design = np.column_stack([given, feature])
        fit = fit_counts(block.outcomes[:, read], design, block.size_factors)
        effect[at, read], error[at, read] = fit.coefficient, fit.error
        p_value[at, read] = fit.p_value
    low, high = normal_interval(effect, error)
    return Estimates(effect, low, high, effect / error, p_value)


METHOD = Method(
    name="negative_binomial",
    title="Negative binomial model (as DESeq2)",
    meaning="Fold change of counts with the feature; the library size is an offset.",
    effect="log2 fold change",
    doi="10.1186/s13059-014-0550-8",
    limits="Whole counts of many genes, not harmonized; about a minute a feature for 20,000 genes.",
    run=_run,
    outcome="count",
    joint=True,
)
