"""Counts per million of the library size, with no further correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.normalization import Normalization, Normalized, log_cpm

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    return log_cpm(counts, np.ones(len(counts)), log=log, prior_count=prior_count)


NORMALIZATION = Normalization(
    name="log_cpm",
    title="Counts per million of the library size (edgeR's cpm)",
    meaning="Counts are divided by the library size in millions; then log2 with a scaled prior.",
    doi="10.1093/bioinformatics/btp616",
    limits="A few very abundant genes that change push all others the other way; TMM corrects it.",
    takes=("count", "expected count"),
    normalize=_normalize,
    single_sample=True,
)
