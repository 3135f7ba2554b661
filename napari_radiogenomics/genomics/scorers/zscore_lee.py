"""Combined z-score of Lee et al., which GSVA calls ``zscore``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer, standardized
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    for step in progress([standardized], "z-scores"):
        z = step(values)
    return (z @ sets.matrix(weighted=False)) / np.sqrt(sets.sizes)


SCORER = Scorer(
    name="zscore_lee",
    title="Combined z-score (Lee; GSVA's zscore)",
    meaning="Sum of the genes' z-scores over the cohort, divided by the root of their number.",
    doi="10.1371/journal.pcbi.1000217",
    limits="Not decoupler's zscore (r = 0.21). z-scores are of the cohort: scores change with it. "
    "Correlated genes make it vary more than a standard normal.",
    unit="combined z",
    takes=LOG,
    score=_score,
    needs_variation=True,
    min_samples=3,
)
