"""k-means: habitats of about the same spread, each voxel with the nearest center."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.clusterer import Arrays, Clusterer

__all__ = ["CLUSTERER"]

# The silhouette compares all pairs of voxels: 3,000 of them tell the mean to a percent.
_JUDGED = 3000
_STARTS = 10


def _fit(points: NDArray[np.float64], n: int, seed: int) -> Arrays:
    from sklearn.cluster import KMeans

    found = KMeans(n, n_init=_STARTS, random_state=seed).fit(points)
    return {"means": np.asarray(found.cluster_centers_, float)}


def _assign(points: NDArray[np.float64], arrays: Arrays) -> NDArray[np.intp]:
    means = arrays["means"]
    # |x - m|² without |x|², which is the same for all clusters.
    far = (means**2).sum(axis=1) - 2 * points @ means.T
    return np.argmin(far, axis=1)


def _score(points: NDArray[np.float64], arrays: Arrays, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    if len(points) > _JUDGED:
        chosen = np.random.default_rng(seed).choice(len(points), _JUDGED, replace=False)
        points = points[np.sort(chosen)]
    labels = _assign(points, arrays)
    if not 1 < len(np.unique(labels)) < len(points):
        return -1.0
    return float(silhouette_score(points, labels))


CLUSTERER = Clusterer(
    "kmeans",
    "k-means",
    "Habitats are compact and of about the same spread.",
    _fit,
    _assign,
    _score,
    criterion="mean silhouette",
    doi="10.1016/0377-0427(87)90125-7",
    limits="It always finds as many habitats as asked; one number cannot be judged against none.",
)
