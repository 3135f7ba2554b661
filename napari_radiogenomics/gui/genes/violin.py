"""The outline of a violin: how dense the values of a column are, no farther than they reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST", "violin"]

FEWEST = 10
"""A violin of fewer values would draw a shape that they do not have."""
_FEWEST_DISTINCT, _POINTS = 6, 64
# A violin that is thinner than this between two parts that are not falls into pieces.
_ISLANDS = 0.02


def violin(values: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Density of values by a Gaussian kernel of Silverman's width, between lowest and highest.

    Parameters
    ----------
    values : sequence of float, length N
        Finite.

    Returns
    -------
    places, density : ndarray, shape (64,)
        From the lowest value to the highest; the density is 1 where it is largest. None for
        fewer than `FEWEST` values, where only a few differ, or where outliers lie apart from the
        others like islands: strips tell more then.

    Examples
    --------
    >>> places, density = violin(np.arange(20.0))
    >>> places[[0, -1]].tolist(), float(density.max())
    ([0.0, 19.0], 1.0)
    >>> violin([1.0, 2.0]) is None
    True
    """
    y = np.asarray(values, float)
    if len(y) < FEWEST or len(np.unique(y)) < _FEWEST_DISTINCT:
        return None
    low, high = np.percentile(y, [25, 75])
    spread = min(float(y.std(ddof=1)), float(high - low) / 1.349 or np.inf)
    width = 0.9 * spread * len(y) ** -0.2
    places = np.linspace(y.min(), y.max(), _POINTS)
    density = np.exp(-0.5 * ((places[:, None] - y) / width) ** 2).sum(axis=1)
    density /= density.max()
    wide = np.flatnonzero(density >= _ISLANDS)
    return (places, density) if len(wide) == np.ptp(wide) + 1 else None
