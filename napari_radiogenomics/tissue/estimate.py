"""Stain vectors estimated from the slide itself, after Macenko and others 2009.

The two stains of a slide are the two extreme directions of its optical densities, in the plane
in which these vary most. A slide with one stain has no second direction: then nothing is
estimated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.tissue.stains import StainSet

__all__ = ["estimate_vectors"]

# Optical density over all three colors: fainter pixels have no direction to speak of. (Each
# color by itself would leave out pure eosin, which hardly absorbs red and blue.)
_FAINT = 0.3
_LEAST_PIXELS = 500
# Percentiles of the directions, instead of the extremes, which are noise.
_PERCENT = 1.0
# Hematoxylin and DAB, or eosin, are 37 to 39 degrees apart. Nearer than this is one stain.
_ONE_STAIN = 15.0
# Farther from its printed vector is another stain, or a fold, pen or pigment.
_OTHER_STAIN = 25.0


def estimate_vectors(density: NDArray[np.float32], stains: StainSet) -> NDArray[np.float64]:
    """Estimate the vectors of two stains.

    Parameters
    ----------
    density : ndarray, shape (N, 3)
        Optical densities of pixels of tissue.
    stains : StainSet
        Which two stains there should be.

    Returns
    -------
    ndarray, shape (2, 3)
        Vectors of unit length in the order of the set.

    Raises
    ------
    InputError
        If the set has not two stains, too few pixels are stained, there is one stain only, or
        the directions are those of other stains.

    References
    ----------
    Macenko et al., ISBI 2009, doi:10.1109/ISBI.2009.5193250.

    Examples
    --------
    >>> from napari_radiogenomics.tissue.stains import STAIN_SETS
    >>> rng = np.random.default_rng(0)
    >>> he = STAIN_SETS["h_e"]
    >>> mixed = rng.uniform(0, 1, (2000, 2)) @ he.matrix
    >>> found = estimate_vectors(mixed.astype(np.float32), he)
    >>> bool((found * he.matrix).sum(axis=1).min() > 0.999)
    True
    """
    if len(stains.stains) != 2:
        raise InputError(
            f"Vectors are estimated for two stains; {stains.title} are {len(stains.stains)}. "
            "Choose two, or vectors that are fixed."
        )
    strong = density[np.linalg.norm(density, axis=1) > _FAINT].astype(float)
    if len(strong) < _LEAST_PIXELS:
        raise InputError(
            f"{len(strong)} pixels are stained well, and {_LEAST_PIXELS} are "
            "needed to estimate the stains. Take vectors that are fixed."
        )
    extremes = _extremes(strong)
    apart = _degrees(extremes[0], extremes[1])
    if apart < _ONE_STAIN:
        raise InputError(
            f"There is one stain only, or next to nothing of the second: the colors of the slide "
            f"span {apart:.0f}° where {stains.title} are {_degrees(*stains.matrix):.0f}° apart. "
            "Take vectors that are fixed."
        )
    return _in_order(extremes, stains)


def _extremes(strong: NDArray[np.float64]) -> NDArray[np.float64]:
    """The two extreme directions in the plane of the two largest components, shape (2, 3)."""
    # About zero, not about the mean: mixtures of two stains lie in a plane through zero.
    _, axes = np.linalg.eigh(strong.T @ strong)
    plane = axes[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    x, y = (strong @ plane).T
    # Angles around the middle one, so that none is cut at 180 degrees.
    middle = np.arctan2(y.mean(), x.mean())
    angles = np.angle(np.exp(1j * (np.arctan2(y, x) - middle))) + middle
    ends = np.percentile(angles, [_PERCENT, 100 - _PERCENT])
    found = np.stack([np.cos(ends), np.sin(ends)], axis=1) @ plane.T
    found *= np.where(found.sum(axis=1, keepdims=True) < 0, -1, 1)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _in_order(extremes: NDArray[np.float64], stains: StainSet) -> NDArray[np.float64]:
    """Give each extreme to the stain that it is nearest to; refuse what is near to none."""
    known = stains.matrix
    likeness = extremes @ known.T
    swapped = likeness[0, 1] + likeness[1, 0] > likeness[0, 0] + likeness[1, 1]
    ordered = extremes[::-1] if swapped else extremes
    for name, found, printed in zip(stains.stains, ordered, known, strict=True):
        away = _degrees(found, printed)
        if away > _OTHER_STAIN:
            raise InputError(
                f"What should be {name} lies {away:.0f}° from its known color: the slide has "
                f"other stains than {stains.title}, or pen, folds or pigment. Choose the stains, "
                "or vectors that are fixed."
            )
    return ordered


def _degrees(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(first @ second, -1, 1))))
