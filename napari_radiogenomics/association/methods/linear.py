"""Linear model by least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.correlations import run_linear
from napari_radiogenomics.association.method import Block, Estimates, Method, t_estimates

__all__ = ["METHOD"]

Reals = NDArray[np.float64]


def _run(block: Block) -> Estimates:
    return run_linear(block, METHOD)


def _describe(r: Reals, freedom: int, x_size: Reals, y_size: Reals) -> Estimates:
    scale = y_size / x_size
    return t_estimates(r * scale, np.sqrt((1 - r) * (1 + r) / freedom) * scale, freedom)


METHOD = Method(
    name="linear",
    title="Linear model",
    meaning="How much the outcome changes with the feature, beside confounders and sites.",
    effect="change of the outcome",
    doi="10.1214/aoms/1177728718",
    limits="Errors of equal spread; never raw counts.",
    run=_run,
    describe=_describe,
)
