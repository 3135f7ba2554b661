"""Variance-stabilizing transformation, blind to groups, as DESeq2 does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.dispersion import Trend, blind_dispersions, fit_trend
from napari_radiogenomics.genomics.normalization import Normalization, Normalized
from napari_radiogenomics.genomics.size_factors import median_of_ratios

__all__ = ["NORMALIZATION"]

_BLOCK = 4096  # genes at once: temporaries stay small beside the matrix
_CONSTANT = (
    "No trend of the dispersion over the mean could be fitted; one dispersion ({0:.3g}) stands "
    "for all genes."
)


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    if not log or prior_count is not None:
        raise InputError(
            "The variance-stabilizing transformation is a logarithm of its own and takes no "
            'prior. Leave log=True and prior_count open, or choose method="median_of_ratios".'
        )
    if len(counts) < 2:
        raise InputError("One sample has no variance to stabilize. Give at least 2 samples.")
    factors = median_of_ratios(counts)
    trend = _trend(counts, factors)
    values = counts / factors[:, None]
    for row in values:
        row[:] = _stabilize(row, trend)
    notes = (_CONSTANT.format(trend.asymptotic),) if trend.is_constant else ()
    return Normalized(values, "VST (log2)", factors, notes)


def _trend(counts: NDArray[np.float64], factors: NDArray[np.float64]) -> Trend:
    there = np.flatnonzero(counts.any(axis=0))
    means, dispersions = np.empty(len(there)), np.empty(len(there))
    for start in range(0, len(there), _BLOCK):
        block = slice(start, start + _BLOCK)
        part = counts[:, there[block]]
        means[block] = (part / factors[:, None]).mean(axis=0)
        dispersions[block] = blind_dispersions(part, factors)
    return fit_trend(means, dispersions)


def _stabilize(q: NDArray[np.float64], trend: Trend) -> NDArray[np.float64]:
    """Integral of 1 / standard deviation over the mean, scaled to log2 of large counts."""
    a, e = trend.asymptotic, trend.extra
    if trend.is_constant:
        return (2 * np.arcsinh(np.sqrt(a * q)) - np.log(a) - np.log(4)) / np.log(2)
    root = np.sqrt(a * q * (1 + e + a * q))
    return np.log((1 + e + 2 * a * q + 2 * root) / (4 * a)) / np.log(2)


NORMALIZATION = Normalization(
    name="vst",
    title="Variance-stabilizing transformation, blind (DESeq2's vst)",
    meaning="A logarithm that bends at low counts: the variance no longer follows the mean.",
    doi="10.1186/s13059-014-0550-8",
    limits="All samples set the trend: values change with the cohort. Slow for many samples.",
    takes=("count",),
    normalize=_normalize,
)
