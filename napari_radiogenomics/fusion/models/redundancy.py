"""Features that repeat each other, or do not hold still when a contour moves, left out.

Letters: N patients, P features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["distinct", "stable"]

Reals = NDArray[np.float64]


def distinct(values: Reals, *, most: float = 0.9) -> NDArray[np.intp]:
    """One feature of each cluster of features that all correlate, in order.

    Parameters
    ----------
    values : ndarray, shape (N, P)
        Features that vary.
    most : float, optional
        Absolute correlation (Pearson) from which features count as one; 1 keeps all. Complete
        linkage, so that it holds for each pair of a cluster. The one that is most like the rest
        of its cluster stays.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    n_features = values.shape[1]
    if most >= 1 or n_features < 3:
        return np.arange(n_features)
    z = values - values.mean(axis=0)
    z /= np.sqrt(np.einsum("ij,ij->j", z, z))
    alike = np.abs(z.T @ z)
    distance = 1 - alike[np.triu_indices(n_features, 1)]
    labels = fcluster(linkage(np.maximum(distance, 0), "complete"), 1 - most, "distance")
    kept = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        kept.append(own[np.argmax(alike[np.ix_(own, own)].sum(axis=1).round(12))])
    return np.sort(np.array(kept, np.intp))


def stable(names: Sequence[str], icc: Mapping[str, float] | None, least: float) -> list[int]:
    """Places of features whose intraclass correlation reaches a limit; unknown ones stay.

    Parameters
    ----------
    names : sequence of str
        Features.
    icc : mapping of str to float, or None
        Intraclass correlation of each feature, as `feature_stability` measures it.
    least : float
        Limit.

    Raises
    ------
    InputError
        If none reaches it.
    """
    if icc is None:
        return list(range(len(names)))
    known = {str(name): float(value) for name, value in dict(icc).items()}
    kept = [at for at, name in enumerate(names) if not known.get(name, 1.0) < least]
    if not kept:
        raise InputError(
            f"None of the {len(names)} features reaches an intraclass correlation of {least:g}. "
            "Lower min_icc, or check that the list is of these features."
        )
    return kept
