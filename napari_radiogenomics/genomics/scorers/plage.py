"""PLAGE: the first singular vector of the standardized genes of a set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer, standardized
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    z = standardized(values)
    out = np.empty((len(values), len(sets.names)))
    for at in progress(range(len(sets.names)), "Gene sets"):
        out[:, at] = _first_vector(z[:, sets.places[at]])
    return out


def _first_vector(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """First left singular vector, its sign such that it rises with the mean of the genes."""
    from scipy.linalg import eigh

    wide = z.shape[1] > z.shape[0]
    gram = z @ z.T if wide else z.T @ z  # the smaller of the two products is enough
    last = len(gram) - 1
    _, vectors = eigh(gram, subset_by_index=(last, last))
    vector = vectors[:, 0] if wide else z @ vectors[:, 0]
    vector = vector / np.linalg.norm(vector)
    return -vector if vector @ z.mean(axis=1) < 0 else vector


SCORER = Scorer(
    name="plage",
    title="Pathway level analysis of gene expression (PLAGE)",
    meaning="First singular vector of the standardized genes of the set over the samples.",
    doi="10.1186/1471-2105-6-225",
    limits="Its sign is arbitrary; here it rises with the mean of the genes. Genes that fall "
    "together count as those that rise. All samples set the vector.",
    unit="PLAGE score",
    takes=LOG,
    score=_score,
    needs_variation=True,
    min_samples=3,
)
