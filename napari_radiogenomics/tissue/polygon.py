"""A polygon drawn on a slide: is it one, and what lies in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["checked_polygon", "in_polygon"]

Reals = NDArray[np.float64]


def checked_polygon(corners: ArrayLike) -> Reals:
    """Corners of a polygon that bounds one area.

    Parameters
    ----------
    corners : array-like, shape (N, 2)
        x and y in mm, in order around it.

    Raises
    ------
    InputError
        If there are fewer than three, one has no place, or two sides cross: then nobody knows
        what is inside.

    Examples
    --------
    >>> checked_polygon([[0, 0], [2, 2], [2, 0], [0, 2]])
    Traceback (most recent call last):
    napari_radiogenomics.errors.InputError: Sides 1 and 3 of the polygon cross at x 1, y 1 mm, ...
    """
    found = np.asarray(corners, float)
    if found.ndim != 2 or found.shape[1] != 2 or len(found) < 3:
        raise InputError(
            f"A polygon has three corners or more, each x and y in mm; got shape {found.shape}."
        )
    if not np.isfinite(found).all():
        raise InputError("A corner of the polygon has no place. Give x and y of each in mm.")
    _require_simple(found)
    return found


def _require_simple(corners: Reals) -> None:
    ends = np.roll(corners, -1, axis=0)
    for at in range(len(corners) - 2):
        others = slice(at + 2, len(corners) - (at == 0))  # neighbors share a corner
        share = _crossing(corners[at], ends[at], corners[others], ends[others])
        if np.isfinite(share).any():
            first = int(np.flatnonzero(np.isfinite(share))[0])
            x, y = corners[at] + share[first] * (ends[at] - corners[at])
            raise InputError(
                f"Sides {at + 1} and {at + 3 + first} of the polygon cross at x {x:.3g}, y {y:.3g} "
                "mm, and what is inside is not clear. Draw once around the region."
            )


def _crossing(start: Reals, end: Reals, starts: Reals, ends: Reals) -> Reals:
    """How far along a side others cross it, from 0 to 1; NaN where they do not, or only touch."""
    own, theirs, between = end - start, ends - starts, starts - start
    area = own[0] * theirs[:, 1] - own[1] * theirs[:, 0]
    share = np.full(len(starts), np.nan)
    slanted = area != 0
    along, across = (
        (between[:, 0] * side[..., 1] - between[:, 1] * side[..., 0])[slanted] / area[slanted]
        for side in (theirs, own[None])
    )
    cross = (along > 0) & (along < 1) & (across > 0) & (across < 1)
    share[np.flatnonzero(slanted)[cross]] = along[cross]
    return share


def in_polygon(corners: Reals, x: Reals, y: Reals) -> NDArray[np.bool_]:
    """Even-odd rule, one row of pixels after the other.

    Parameters
    ----------
    corners : ndarray, shape (N, 2)
        x and y in mm.
    x, y : ndarray, shapes (X,) and (Y,)
        Places of columns and rows in mm.

    Returns
    -------
    ndarray of bool, shape (Y, X)
    """
    inside = np.zeros((len(y), len(x)), bool)
    following = np.roll(corners, -1, axis=0)
    for row, level in enumerate(y):
        crossed = (corners[:, 1] <= level) != (following[:, 1] <= level)
        if crossed.any():
            (x0, y0), (x1, y1) = corners[crossed].T, following[crossed].T
            cuts = np.sort(x0 + (level - y0) / (y1 - y0) * (x1 - x0))
            inside[row] = np.searchsorted(cuts, x, side="right") % 2 == 1
    return inside
