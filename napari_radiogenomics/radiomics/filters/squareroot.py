"""Square roots of values, scaled back to the range of the scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER"]


def _apply(source: Source) -> Iterator[tuple[str, NDArray]]:
    values = source.inner
    yield "squareroot", np.copysign(np.sqrt(np.abs(values) * source.peak), values)


FILTER = Filter(
    "SquareRoot",
    "Square root",
    "Differences among low values are widened, those among high ones narrowed.",
    "f(x) = sign(x) √(|x| max|x|), over the whole scan",
    _apply,
    whole=True,
)
