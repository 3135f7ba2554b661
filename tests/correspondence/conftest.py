"""Regions and smooth fields whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_radiogenomics import Geometry, Image, Segmentation


def smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma) -> np.ndarray:
    """White noise smoothed by a Gaussian, with nothing reflected at the border."""
    sigmas = [
        one if size > 1 else 0 for one, size in zip(np.broadcast_to(sigma, 3), shape, strict=True)
    ]
    around = [int(np.ceil(3 * one)) for one in sigmas]
    noise = rng.normal(size=[size + 2 * pad for size, pad in zip(shape, around, strict=True)])
    inside = tuple(slice(pad, pad + size) for size, pad in zip(shape, around, strict=True))
    return gaussian_filter(noise, sigmas, truncate=3)[inside]


def lumpy(shape: tuple[int, int, int], count: int, seed: int = 0) -> np.ndarray:
    """An irregular region of so many voxels."""
    rng = np.random.default_rng(seed)
    lumps = smooth(rng, shape, 3.0)
    axes = np.meshgrid(*(np.linspace(-1, 1, size) if size > 1 else [0.0] for size in shape),
                       indexing="ij")  # fmt: skip
    level = lumps / lumps.std() - 3 * sum(axis**2 for axis in axes)
    return level >= np.sort(level.ravel())[-count]


class Region:
    """A region, and maps on its grid."""

    def __init__(self, mask: np.ndarray, spacing=(1.0, 1.0, 1.0)) -> None:
        self.mask = mask
        self.grid = Geometry(mask.shape[::-1], spacing)
        self.tumor = Segmentation(mask.astype(np.uint8), self.grid, name="tumor")

    def image(self, values: np.ndarray, name: str = "") -> Image:
        return Image(np.asarray(values), self.grid, name=name)

    def noise(self, seed: int, sigma=2.0) -> np.ndarray:
        return smooth(np.random.default_rng(seed), self.mask.shape, sigma)

    def pairs(self, sigma, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Unrelated maps, as values in the region."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            a, b = (smooth(rng, self.mask.shape, sigma)[self.mask] for _ in "ab")
            yield a, b


@pytest.fixture(scope="session")
def flat() -> Region:
    """900 pixels of a slice, of irregular outline."""
    return Region(lumpy((1, 52, 52), 900))


@pytest.fixture(scope="session")
def small() -> Region:
    """220 pixels of a slice."""
    return Region(lumpy((1, 40, 40), 220))


@pytest.fixture(scope="session")
def solid() -> Region:
    """700 voxels in slices three times as thick as their pixels."""
    return Region(lumpy((10, 16, 16), 700), (1.0, 1.0, 3.0))
