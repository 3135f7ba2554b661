"""Logarithms of values, scaled back to the range of the scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER"]


def _apply(source: Source) -> Iterator[tuple[str, NDArray]]:
    values = source.inner
    scale = source.peak / np.log(source.peak + 1)
    yield "logarithm", np.copysign(np.log(np.abs(values) + 1), values) * scale


FILTER = Filter(
    "Logarithm",
    "Logarithm",
    "Differences among low values are widened strongly, those among high ones narrowed.",
    "f(x) = sign(x) log(|x| + 1) max|x| / log(max|x| + 1), over the whole scan",
    _apply,
    whole=True,
)
