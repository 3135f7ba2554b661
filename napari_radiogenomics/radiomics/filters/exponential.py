"""Exponentials of values, scaled back to the range of the scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER"]


def _apply(source: Source) -> Iterator[tuple[str, NDArray]]:
    rate = np.log(source.peak) / source.peak
    yield "exponential", np.exp(rate * source.inner)


FILTER = Filter(
    "Exponential",
    "Exponential",
    "Differences among the highest values are widened strongly, all others narrowed.",
    "f(x) = exp(x log(max|x|) / max|x|), over the whole scan",
    _apply,
    whole=True,
)
