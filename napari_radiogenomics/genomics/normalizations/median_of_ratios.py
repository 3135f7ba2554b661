"""Median of ratios: counts divided by DESeq2's size factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.genomics.normalization import Normalization, Normalized
from napari_radiogenomics.genomics.size_factors import median_of_ratios

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    factors = median_of_ratios(counts)
    values = counts / factors[:, None]
    if not log:
        return Normalized(values, "normalized count", factors)
    values += 1.0 if prior_count is None else prior_count
    np.log2(values, out=values)
    return Normalized(values, "log2 normalized count", factors)


NORMALIZATION = Normalization(
    name="median_of_ratios",
    title="Median of ratios (DESeq2's size factors)",
    meaning="Counts over the median ratio to the geometric mean sample; then log2(x + 1).",
    doi="10.1186/gb-2010-11-10-r106",
    limits="Needs genes with reads in every sample, and that most genes do not change.",
    takes=("count",),
    normalize=_normalize,
)
