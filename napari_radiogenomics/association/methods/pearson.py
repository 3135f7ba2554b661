"""Pearson correlation of values."""

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
    name="pearson",
    title="Pearson correlation",
    meaning="How well a straight line joins the two, from -1 to 1.",
    effect="correlation",
    doi="10.1098/rspl.1895.0041",
    limits="Knows no confounders; one outlier can make it.",
    run=_run,
    confounders=False,
    site="",
    slope=False,
    describe=_describe,
    ranks=False,
)
