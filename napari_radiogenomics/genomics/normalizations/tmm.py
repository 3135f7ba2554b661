"""Trimmed mean of M values (edgeR's TMM), log2 counts per million."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.normalization import Normalization, Normalized, log_cpm
from napari_radiogenomics.genomics.size_factors import trimmed_mean_of_m

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    return log_cpm(counts, trimmed_mean_of_m(counts), log=log, prior_count=prior_count)


NORMALIZATION = Normalization(
    name="tmm",
    title="Trimmed mean of M values (edgeR's TMM), log2 counts per million",
    meaning="Library sizes are corrected by the weighted mean of the log ratios to a reference "
    "sample, the extremes left out.",
    doi="10.1186/gb-2010-11-3-r25",
    limits="Assumes that most genes do not change, and up as often as down.",
    takes=("count", "expected count"),
    normalize=_normalize,
)
