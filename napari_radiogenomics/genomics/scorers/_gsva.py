"""What the two kernels of GSVA share: from log odds of each gene to the scores of the sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import PlacedSets

__all__ = ["score_odds"]


def score_odds(odds: NDArray[np.float64], sets: PlacedSets) -> NDArray[np.float64]:
    """Scores of all sets from the odds of each gene.

    Parameters
    ----------
    odds : ndarray, shape (N, G)
        How far up its own distribution each gene is in each sample.
    sets : PlacedSets
        S sets.

    Returns
    -------
    ndarray, shape (N, S)
    """
    from napari_radiogenomics.genomics.walk import deviations

    n_genes = odds.shape[1]
    members = np.concatenate(sets.places)
    starts = np.concatenate([[0], np.cumsum(sets.sizes)]).astype(np.intp)
    weight_at = np.abs(np.arange(n_genes, 0, -1) - n_genes / 2)
    positions, ranks = np.empty(n_genes, np.intp), np.empty(n_genes)
    out = np.empty((len(odds), len(sets.names)))
    for row, scores in zip(odds, out, strict=True):
        order = np.argsort(-row, kind="stable")
        positions[order] = np.arange(n_genes)
        ranks[order] = weight_at
        deviations(ranks, positions, members, starts, scores)
    return out
