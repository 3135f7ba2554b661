"""Stains of a slide, and how much of each lies at a pixel.

Light is absorbed by Beer and Lambert: a pixel of intensity I on glass of intensity I0 has the
optical density OD = -log10(I / I0), channel by channel, and the optical density of a mixture is
the sum over its stains of amount × vector. Amounts are what is left when that is solved.
DAB scatters light rather than absorbing it: its amount tells stained from unstained, and is no
concentration of the antigen.

Letters: S stains (2 or 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.registry import did_you_mean

__all__ = [
    "STAIN_SETS",
    "StainSet",
    "amount",
    "amounts",
    "find_stains",
    "optical_density",
    "stain_titles",
]

_RUIFROK = "Ruifrok and Johnston, Anal Quant Cytol Histol 2001;23:291-299"
_HEMATOXYLIN = (0.650, 0.704, 0.286)
_EOSIN = (0.072, 0.990, 0.105)
_DAB = (0.268, 0.570, 0.776)
_AEC = (0.2743, 0.6796, 0.6803)
_FAST_RED = (0.214, 0.851, 0.478)


@dataclass(frozen=True)
class StainSet:
    """Stains that lie on a slide together.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name a person knows.
    stains : tuple of str
        Their names; the first one is in the nuclei.
    vectors : tuple of tuple of float
        Optical density of each in red, green and blue; its length does not count.
    target : str
        The stain that marks what an antibody binds to; empty where none does.
    source : str
        Where the vectors are from.

    Examples
    --------
    >>> STAIN_SETS["h_dab"].matrix.round(2).tolist()
    [[0.65, 0.7, 0.29], [0.27, 0.57, 0.78]]
    """

    name: str
    title: str
    stains: tuple[str, ...]
    vectors: tuple[tuple[float, float, float], ...]
    target: str
    source: str = _RUIFROK

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Vectors of unit length, shape (S, 3)."""
        vectors = np.array(self.vectors, float)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


STAIN_SETS: Mapping[str, StainSet] = {
    found.name: found
    for found in (
        StainSet("h_dab", "hematoxylin, DAB", ("hematoxylin", "DAB"), (_HEMATOXYLIN, _DAB), "DAB"),
        StainSet("h_e", "hematoxylin, eosin", ("hematoxylin", "eosin"), (_HEMATOXYLIN, _EOSIN), ""),
        StainSet(
            "h_e_dab", "hematoxylin, eosin, DAB", ("hematoxylin", "eosin", "DAB"),
            (_HEMATOXYLIN, _EOSIN, _DAB), "DAB",
        ),
        StainSet("h_aec", "hematoxylin, AEC", ("hematoxylin", "AEC"), (_HEMATOXYLIN, _AEC), "AEC"),
        StainSet(
            "h_fast_red", "hematoxylin, fast red", ("hematoxylin", "fast red"),
            (_HEMATOXYLIN, _FAST_RED), "fast red",
        ),
    )
}  # fmt: skip


def stain_titles() -> dict[str, str]:
    """Names of the stain sets, each with its title."""
    titles = {name: found.title for name, found in STAIN_SETS.items()}
    return {"auto": "hematoxylin and eosin for H&E, else hematoxylin and DAB", **titles}


def find_stains(name: str, stain: str) -> StainSet:
    """Stain set by name; ``"auto"`` goes by what the slide is stained for.

    Raises
    ------
    InputError
        If there is no such set.
    """
    if name == "auto":
        return STAIN_SETS["h_e" if stain.strip().upper() in ("H&E", "HE") else "h_dab"]
    if name not in STAIN_SETS:
        known = ["auto", *STAIN_SETS]
        raise InputError(f'Unknown stains "{name}". {did_you_mean(name, known)}')
    return STAIN_SETS[name]


def optical_density(pixels: ArrayLike, white: ArrayLike) -> NDArray[np.float32]:
    """Optical density of pixels, channel by channel.

    Parameters
    ----------
    pixels : array_like, shape (..., 3)
        Red, green and blue from 0 to 255. Below 1 they count as 1.
    white : array_like, shape (3,)
        Intensity of glass.

    Returns
    -------
    ndarray of float32, shape (..., 3)
        ``-log10(pixels / white)``; slightly negative where a pixel is brighter than glass.

    Examples
    --------
    >>> optical_density([[240, 24, 2.4]], [240, 240, 240]).round(3).tolist()
    [[0.0, 1.0, 2.0]]
    """
    pixels, glass = np.asarray(pixels), np.asarray(white, np.float32)
    if pixels.dtype == np.uint8:  # a table of 256 is five times as fast
        known = optical_density(np.arange(256.0)[:, None], glass)
        channels = [known[:, channel].take(pixels[..., channel]) for channel in range(3)]
        return np.stack(channels, axis=-1)
    return np.log10(glass) - np.log10(np.maximum(pixels.astype(np.float32), np.float32(1)))


def amounts(density: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Amount of each stain: optical density along its vector of unit length.

    Parameters
    ----------
    density : ndarray, shape (..., 3)
        From `optical_density`.
    matrix : ndarray, shape (S, 3)
        Vectors of unit length. What two stains do not explain is left out (least squares).

    Returns
    -------
    ndarray of float32, shape (..., S)
        Negative where a pixel has a color that no mixture has.

    Examples
    --------
    >>> hdab = STAIN_SETS["h_dab"].matrix
    >>> mixed = (0.5 * hdab[0] + 0.2 * hdab[1]).astype(np.float32)
    >>> amounts(mixed, hdab).astype(float).round(3).tolist()
    [0.5, 0.2]
    """
    found = [amount(density, matrix, stain) for stain in range(len(matrix))]
    return np.stack(found, axis=-1)


def amount(
    density: NDArray[np.float32], matrix: NDArray[np.float64], stain: int
) -> NDArray[np.float32]:
    """Amount of one of the stains, as `amounts` has it, shape (...)."""
    inverse = np.linalg.pinv(matrix)[:, stain].astype(np.float32)
    # One channel after the other: a sum of fixed order, whatever the shape of the block.
    red, green, blue = (density[..., channel] * inverse[channel] for channel in range(3))
    found: NDArray[np.float32] = red + green + blue
    return found
