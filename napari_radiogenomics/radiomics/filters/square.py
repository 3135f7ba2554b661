"""Squared values, scaled back to the range of the scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER"]


def _apply(source: Source) -> Iterator[tuple[str, NDArray]]:
    yield "square", (1 / np.sqrt(source.peak) * source.inner) ** 2


FILTER = Filter(
    "Square",
    "Square",
    "Differences among high values are widened, those among low ones narrowed.",
    "f(x) = x² / max|x|, over the whole scan",
    _apply,
    whole=True,
    limits="Signs are lost: −100 and 100 HU become the same.",
)
