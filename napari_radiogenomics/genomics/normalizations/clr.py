"""Centered log ratio of compositions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.genomics.normalization import Normalization, Normalized

__all__ = ["NORMALIZATION"]


def _normalize(counts: NDArray[np.float64], *, log: bool, prior_count: float | None) -> Normalized:
    if not log:
        raise InputError("A centered log ratio is a logarithm. Leave log=True.")
    prior = (0.0 if counts.all() else 0.5) if prior_count is None else prior_count
    values = counts + prior
    if not values.all():
        zeros = int((values == 0).sum())
        raise InputError(
            f"{zeros} values are 0, and 0 has no logarithm. Give prior_count, for example 0.5."
        )
    np.log(values, out=values)
    values -= values.mean(axis=1, keepdims=True)
    notes = (f"{prior:g} was added to every value because some are 0.",) if prior else ()
    return Normalized(values, "CLR (ln)", None, notes)


NORMALIZATION = Normalization(
    name="clr",
    title="Centered log ratio",
    meaning="Natural logarithm minus its mean in the sample: parts of a whole, freed of the whole.",
    doi="10.1111/j.2517-6161.1982.tb01195.x",
    limits="What is added to zeros matters where many are 0. Says nothing of absolute amounts.",
    takes=("count", "expected count", "TPM", "FPKM"),
    normalize=_normalize,
    single_sample=True,
)
