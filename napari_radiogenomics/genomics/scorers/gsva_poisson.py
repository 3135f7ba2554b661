"""GSVA with a Poisson kernel, for counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import PlacedSets, Scorer
from napari_radiogenomics.genomics.scorers._gsva import score_odds
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]

_BLOCK = 64


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    odds = np.empty_like(values, order="C")
    for start in progress(range(0, values.shape[1], _BLOCK), "Genes"):
        for gene in range(start, min(start + _BLOCK, values.shape[1])):
            odds[:, gene] = _log_odds(values[:, gene])
    return score_odds(odds, sets)


def _log_odds(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds of the kernel estimate of the distribution, shape (N,); equal counts once."""
    from napari_radiogenomics.genomics.walk import poisson_left_tails

    found, inverse, times = np.unique(counts, return_inverse=True, return_counts=True)
    left = np.zeros(len(found))
    poisson_left_tails(found, times, left)
    left /= len(counts)
    with np.errstate(divide="ignore"):
        odds = -np.log((1 - left) / left)
    return odds[inverse]


SCORER = Scorer(
    name="gsva_poisson",
    title="Gene set variation analysis (GSVA), Poisson kernel",
    meaning="As GSVA, with a Poisson kernel of the counts for each gene's distribution.",
    doi="10.1186/1471-2105-14-7",
    limits="Library sizes are not corrected for: samples of very different depth are compared "
    "better by GSVA on log CPM.",
    unit="GSVA score",
    takes=("count",),
    score=_score,
    needs_variation=True,
    min_samples=2,
    has_background=True,
)
