"""GSVA with a Gaussian kernel, for values on a log scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.genomics.scorers._gsva import score_odds
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]

# GSVA looks the normal distribution up in a table of this reach and resolution. The cut of the
# argument moves ranks, so that equal numbers need the same table.
_REACH, _RESOLUTION = 10.0, 10_000
_BLOCK = 256


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    from scipy.special import ndtr

    from napari_radiogenomics.genomics.walk import gaussian_left_tails

    table = ndtr(_REACH * np.arange(_RESOLUTION + 1) / _RESOLUTION)
    odds = np.empty_like(values, order="C")
    for start in progress(range(0, values.shape[1], _BLOCK), "Genes"):
        block = np.ascontiguousarray(values[:, start : start + _BLOCK].T)
        tails = np.empty_like(block)
        gaussian_left_tails(block, table, _REACH, tails)
        odds[:, start : start + _BLOCK] = tails.T
    return score_odds(odds, sets)


SCORER = Scorer(
    name="gsva",
    title="Gene set variation analysis (GSVA), Gaussian kernel",
    meaning="Genes are ranked by how far up their own distribution they are; a walk down the "
    "ranks, largest rise plus largest fall.",
    doi="10.1186/1471-2105-14-7",
    limits="The other samples set each gene's distribution: scores change with the cohort, and "
    "fewer than 10 samples say little.",
    unit="GSVA score",
    takes=LOG,
    score=_score,
    needs_variation=True,
    min_samples=2,
    has_background=True,
)
