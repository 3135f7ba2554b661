"""Partial correlation beside confounders and sites."""

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
    return correlation_estimates(r, freedom, ranks=False)


METHOD = Method(
    name="partial",
    title="Partial correlation",
    meaning="Correlation of what confounders and sites leave of the two.",
    effect="partial correlation",
    doi="10.1098/rspa.1907.0028",
    limits="Confounders act along straight lines; one outlier can make it.",
    run=_run,
    confounders=True,
    site="fixed",
    slope=False,
    describe=_describe,
    ranks=False,
)
