"""How large the rings of landmarks are, so that they stay apart. No Qt here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ring_mm"]

# Of the distance to the nearest other landmark: room is left between the rings.
_PART = 0.75


def ring_mm(places: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Diameters of rings that do not touch each other, in mm.

    Parameters
    ----------
    places : ndarray, shape (N, 2)
        As they are seen on the screen, in mm.
    most : float
        Diameter of a ring that has no other near it.

    Returns
    -------
    ndarray, shape (N,)
        A part of the distance to the nearest other one; of two the radii are less than what lies
        between them.

    Examples
    --------
    >>> ring_mm(np.array([(0.0, 0.0), (3.0, 4.0), (3.0, 12.0)]), 30.0).tolist()
    [3.75, 3.75, 6.0]
    >>> ring_mm(np.zeros((2, 2)), 30.0).tolist()
    [30.0, 30.0]
    """
    apart = np.linalg.norm(places[:, np.newaxis] - places[np.newaxis], axis=-1)  # (N, N)
    apart[apart == 0] = np.inf  # itself, or one behind the other: no ring keeps those apart
    return np.minimum(_PART * apart.min(axis=1, initial=np.inf), most)
