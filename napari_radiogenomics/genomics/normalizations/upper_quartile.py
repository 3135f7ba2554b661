"""Upper quartile, log2 counts per million."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.normalization import Normalization, Normalized, log_cpm
from napari_radiogenomics.genomics.size_factors import upper_quartile

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    return log_cpm(counts, upper_quartile(counts), log=log, prior_count=prior_count)


NORMALIZATION = Normalization(
    name="upper_quartile",
    title="Upper quartile, log2 counts per million",
    meaning="Library sizes are corrected by the 75th percentile of the counts of each sample.",
    doi="10.1186/1471-2105-11-94",
    limits="Fails where three quarters of the genes have no reads; filter genes first.",
    takes=("count", "expected count"),
    normalize=_normalize,
)
