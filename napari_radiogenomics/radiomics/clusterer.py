"""What a way of clustering voxels is: one module in ``clusterers/`` that defines ``CLUSTERER``.

Letters: V voxels, P maps, K clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.registry import Registry

__all__ = ["CLUSTERERS", "Arrays", "Clusterer"]

Arrays = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Clusterer:
    """One way of clustering.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    meaning : str
        How it sees a habitat, in plain words.
    fit : callable
        ``fit(points, n, seed) -> arrays``: what the clusters of standardized points, shape
        (V, P), look like. Each array has K rows, and ``"means"`` of shape (K, P) is one of
        them. The same points and seed give the same arrays.
    assign : callable
        ``assign(points, arrays) -> ndarray of intp, shape (V,)``: row of each point's cluster.
    score : callable
        ``score(points, arrays, seed) -> float``: how well that number of clusters fits, higher
        is better.
    criterion : str
        Name of the score.
    fewest : int
        Lowest number that the score can judge.
    doi : str
        Where it is described.
    limits : str
        When not to trust it.
    """

    name: str
    title: str
    meaning: str
    fit: Callable[[NDArray[np.float64], int, int], Arrays]
    assign: Callable[[NDArray[np.float64], Arrays], NDArray[np.intp]]
    score: Callable[[NDArray[np.float64], Arrays, int], float]
    criterion: str
    fewest: int = 2
    doi: str = ""
    limits: str = ""


CLUSTERERS: Registry[Clusterer] = Registry(
    "napari_radiogenomics.radiomics.clusterers",
    attribute="CLUSTERER",
    noun="clustering method",
    group="napari_radiogenomics.clusterers",
)
