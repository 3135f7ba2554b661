"""Partial correlation of ranks beside confounders and sites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.correlations import correlation_estimates, run_linear
from napari_radiogenomics.association.method import Block, Estimates, Method

__all__ = ["METHOD"]

Reals = NDArray[np.float64]


def _run(block: Block) -> Estimates:
    return run_linear(block, METHOD)


def _describe(r: Reals, freedom: int, x_size: Reals, y_size: Reals) -> Estimates:
    return correlation_estimates(r, freedom, ranks=True)


METHOD = Method(
    name="partial_spearman",
    title="Partial rank correlation",
    meaning="Correlation of what the ranks of confounders and the sites leave of the ranks.",
    effect="partial rank correlation",
    doi="10.1016/j.csda.2006.12.004",
    limits="Ranks of confounders act along straight lines.",
    run=_run,
    confounders=True,
    site="fixed",
    slope=False,
    describe=_describe,
    ranks=True,
)
