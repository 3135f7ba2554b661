"""The scan as it is."""

from __future__ import annotations

from collections.abc import Iterator

from numpy.typing import NDArray

from napari_radiogenomics.radiomics.filter import Filter, Source

__all__ = ["FILTER"]


def _apply(source: Source) -> Iterator[tuple[str, NDArray]]:
    yield "original", source.array[source.box]


FILTER = Filter(
    "Original",
    "Original",
    "The scan as it is, without a filter.",
    "f(x) = x",
    _apply,
)
