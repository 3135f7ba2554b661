"""Weighted sum of the genes of a set, as decoupleR's ``wsum``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    for weights in progress([sets.matrix(weighted=True)], "Gene sets"):
        scores = values @ weights
    return scores


SCORER = Scorer(
    name="wsum",
    title="Weighted sum (decoupleR's wsum)",
    meaning="Sum of the values of the set's genes, each times its weight.",
    doi="10.1093/bioadv/vbac016",
    limits="Grows with the number of genes and the size of the weights: compare samples, not sets.",
    unit="weighted sum of the values",
    takes=LOG,
    score=_score,
    weighted=True,
    single_sample=True,
)
