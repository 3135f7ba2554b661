"""Spearman correlation of ranks."""

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
    name="spearman",
    title="Spearman rank correlation",
    meaning="Whether the one rises with the other, straight or not, from -1 to 1.",
    effect="rank correlation",
    doi="10.2307/1412159",
    limits="Knows no confounders; its test is that of a t with the ranks.",
    run=_run,
    confounders=False,
    site="",
    slope=False,
    describe=_describe,
    ranks=True,
)
