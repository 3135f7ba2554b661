"""Interquartile mean of the genes of a set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.scorer import LOG, PlacedSets, Scorer
from napari_radiogenomics.progress import Progress

__all__ = ["SCORER"]


def _score(
    values: NDArray[np.float64], sets: PlacedSets, progress: Progress
) -> NDArray[np.float64]:
    out = np.empty((len(values), len(sets.names)))
    for at in progress(range(len(sets.names)), "Gene sets"):
        out[:, at] = np.sort(values[:, sets.places[at]], axis=1) @ _shares(len(sets.places[at]))
    return out


def _shares(size: int) -> NDArray[np.float64]:
    """Share of each of the sorted values: a quarter of them is cut at either end.

    Where a quarter is no whole number the value at the edge counts by the part that is left.
    """
    edges = np.arange(size + 1) / size
    inside = np.clip(edges[1:], 0.25, 0.75) - np.clip(edges[:-1], 0.25, 0.75)
    return inside / 0.5


SCORER = Scorer(
    name="interquartile_mean",
    title="Interquartile mean of the genes",
    meaning="Mean of the middle half of the values of the set's genes in a sample.",
    doi="10.1016/j.xgen.2025.100764",
    limits="Half of the genes do not count. The score of choice for Ragnum's hypoxia signature.",
    unit="mean of the values",
    takes=LOG,
    score=_score,
    single_sample=True,
)
