"""Mean of the genes of a set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    for member in progress([sets.matrix(weighted=False)], "Gene sets"):
        scores = (values @ member) / sets.sizes
    return scores


SCORER = Scorer(
    name="mean",
    title="Mean of the genes",
    meaning="Arithmetic mean of the values of the set's genes in a sample.",
    doi="10.1038/sj.bjc.6605450",
    limits="Genes with large values decide; sets with other genes cannot be compared. The "
    "score of choice for Buffa's hypoxia signature.",
    unit="mean of the values",
    takes=LOG,
    score=_score,
    single_sample=True,
)
