"""singscore: mean rank of the genes of a set, between its least and its largest value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import ANY, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    member = sets.matrix(weighted=False)
    means = np.empty((len(values), len(sets.names)))
    for at in progress(range(len(values)), "Samples"):
        means[at] = (rankdata(values[at], method="min") @ member) / sets.sizes
    lowest = (sets.sizes + 1) / 2
    highest = sets.n_genes - (sets.sizes - 1) / 2
    return (means - lowest) / (highest - lowest) - 0.5


SCORER = Scorer(
    name="singscore",
    title="singscore, up-regulated sets, centered",
    meaning="Mean rank of the set's genes in a sample, from -0.5 (all at the bottom) to 0.5.",
    doi="10.1186/s12859-018-2435-4",
    limits="Depends on which other genes the table has. Ties get the lowest rank, as in singscore.",
    unit="singscore",
    takes=ANY,
    score=_score,
    single_sample=True,
    has_background=True,
)
