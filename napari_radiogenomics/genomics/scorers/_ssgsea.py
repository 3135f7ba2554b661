"""Single-sample GSEA without its last step, the normalization over the cohort."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import PlacedSets
from napari_radiogenomics.progress import Progress

__all__ = ["raw_scores"]

_ALPHA = 0.25


def raw_scores(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    """Sum over the walk of the distribution inside minus outside each set, shape (N, S).

    Strategy: a gene at place p from the top adds its share to all the steps from p on, so that
    the sum of the walk is a weighted sum over the genes, and all sets are one sparse product.
    """
    from scipy.stats import rankdata

    n_genes = values.shape[1]
    member = sets.matrix(weighted=False)
    out = np.empty((len(values), len(sets.names)))
    steps_left = np.empty(n_genes)
    for at in progress(range(len(values)), "Samples"):
        rank = np.floor(rankdata(values[at]))  # GSVA cuts the mean ranks of ties to integers
        steps_left[np.argsort(-rank, kind="stable")] = np.arange(n_genes, 0, -1)
        share = rank**_ALPHA
        inside = (share * steps_left) @ member / (share @ member)
        outside = (steps_left.sum() - steps_left @ member) / (n_genes - sets.sizes)
        out[at] = inside - outside
    return out
