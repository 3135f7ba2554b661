"""Univariate linear model: one regression for each set, as decoupleR's ``run_ulm``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    """Slope over its error is a function of the correlation, so that all fits are one product."""
    for weights in progress([sets.matrix(weighted=True)], "Gene sets"):
        n = sets.n_genes
        centers = np.asarray(weights.mean(axis=0)).ravel()
        spread = np.asarray(weights.multiply(weights).sum(axis=0)).ravel() - n * centers**2
        totals = values.sum(axis=1, keepdims=True)
        shared = values @ weights - totals * centers
        own = np.einsum("ij,ij->i", values, values)[:, None] - totals**2 / n
        left = own * spread - shared**2
    return shared * np.sqrt((n - 2) / left)


SCORER = Scorer(
    name="ulm",
    title="Univariate linear model (decoupleR's ulm)",
    meaning="t of the slope when the genes of a sample are regressed on the weights of one set, "
    "all other genes having weight 0.",
    doi="10.1093/bioadv/vbac016",
    limits="Made for values centered on each gene, as differences are; on plain log values it "
    "mostly says how high the genes are in general. Sets that share genes share the score.",
    unit="t",
    takes=LOG,
    score=_score,
    weighted=True,
    single_sample=True,
    has_background=True,
)
