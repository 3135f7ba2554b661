"""Logarithm of relative abundances: for tables that come as TPM or FPKM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.normalization import Normalization, Normalized

__all__ = ["NORMALIZATION"]


def _normalize(values: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    prior = 1.0 if prior_count is None else prior_count
    if not log:
        raise InputError('method="log2" is a logarithm. Leave log=True.')
    if prior <= 0 and not values.all():
        raise InputError("Some values are 0, and 0 has no logarithm. Give prior_count, such as 1.")
    return Normalized(np.log2(values + prior), f"log2 (x + {prior:g})")


NORMALIZATION = Normalization(
    name="log2",
    title="log2 of relative abundance",
    meaning="log2(x + 1) of TPM, CPM or FPKM; samples are not made comparable any further.",
    doi="10.1007/s12064-012-0162-3",
    limits="Not for counts, whose library sizes differ. FPKM of two samples compare badly.",
    takes=("TPM", "FPKM"),
    normalize=_normalize,
    single_sample=True,
)
