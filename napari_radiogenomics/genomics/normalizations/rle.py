"""Relative log expression (edgeR's RLE), log2 counts per million."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.normalization import Normalization, Normalized, log_cpm
from napari_radiogenomics.genomics.size_factors import relative_log_expression

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    return log_cpm(counts, relative_log_expression(counts), log=log, prior_count=prior_count)


NORMALIZATION = Normalization(
    name="rle",
    title="Relative log expression (edgeR's RLE), log2 counts per million",
    meaning="Library sizes are corrected by the median ratio to the geometric mean sample.",
    doi="10.1186/gb-2010-11-10-r106",
    limits="Needs genes with reads in every sample, and that most genes do not change.",
    takes=("count", "expected count"),
    normalize=_normalize,
)
