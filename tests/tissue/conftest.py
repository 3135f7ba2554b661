"""Slides drawn of known objects: brown discs and blue nuclei on pale tissue on glass."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.tissue.stains import STAIN_SETS

GLASS = 240.0
BLUE, BROWN = STAIN_SETS["h_dab"].matrix


def draw(amounts: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Beer and Lambert, written out once more."""
    return np.rint(GLASS * 10 ** -(amounts @ vectors)).astype(np.uint8)


def paint(
    places: Sequence[tuple[float, float]],
    radius: float,
    *,
    shape: tuple[int, int] = (1200, 1600),
    margin: int = 80,
    stain: int = 1,
    haze: float = 0.2,
    depth: float = 0.8,
) -> tuple[np.ndarray, np.ndarray]:
    """Picture of discs (row, column), and the mask of the discs."""
    amounts = np.zeros((*shape, 2))
    tissue = (slice(margin, shape[0] - margin), slice(margin, shape[1] - margin))
    amounts[tissue][..., 0] = haze
    mask = np.zeros(shape, bool)
    for row, column in places:
        reach = int(radius) + 1
        part = (
            slice(int(row) - reach, int(row) + reach + 1),
            slice(int(column) - reach, int(column) + reach + 1),
        )
        y, x = np.mgrid[part]
        mask[part] |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    amounts[mask, stain] = depth
    return draw(amounts, np.stack([BLUE, BROWN])), mask


def grid(shape: tuple[int, int], step: int, start: int) -> list[tuple[int, int]]:
    """Centers on a regular grid, away from the border."""
    rows = range(start, shape[0] - start, step)
    return [(row, column) for row in rows for column in range(start, shape[1] - start, step)]


def slide_of(pixels: np.ndarray, um: float | None = 1.0, stain: str = "CD31", **more) -> Slide:
    size = None if um is None else (um, um)
    return Slide((pixels,), size, stain=stain, name="S1", frame="S1-frame", **more)


@pytest.fixture(scope="session")
def art() -> SimpleNamespace:
    """The functions above, for tests."""
    return SimpleNamespace(draw=draw, paint=paint, grid=grid, slide=slide_of)


@pytest.fixture(scope="session")
def spots() -> tuple[np.ndarray, np.ndarray]:
    """150 vessels of 8 µm radius on 1.04 × 1.44 mm of tissue, at 1 µm a pixel."""
    return paint(grid((1200, 1600), 97, 120), 8.0)
