"""Width of an edge: the rise of the values across the border of a region.

Strategy: lines along one axis that cross the border nearly head-on are laid over each other by
their distance from the crossing, measured along the normal of the border, and one error function
is fitted through all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["edge_sigma"]

_REACH_MM = 6.0
# Cosine of the angle between line and normal, above which a crossing is head-on.
_HEAD_ON = 0.85
_SMOOTH_MM = 2.0
# A step below this part of the noise tells nothing.
_CLEAR = 3.0


def edge_sigma(
    values: NDArray[np.float64],
    inside: NDArray[np.bool_],
    spacing: Sequence[float],
    axis: int,
) -> tuple[float, int]:
    """Standard deviation (mm) of the Gaussian that blurs the border of a region.

    Parameters
    ----------
    values : ndarray, shape (Z, Y, X)
        Scan.
    inside : ndarray of bool
        Region.
    spacing : sequence of float
        mm along z, y, x.
    axis : int
        Array axis.

    Returns
    -------
    sigma : float
        NaN where no edge is clear.
    used : int
        Crossings that were used.
    """
    reach = max(2, round(_REACH_MM / spacing[axis]))
    profiles, cosines = _crossings(values, inside, spacing, axis, reach)
    if not len(profiles):
        return float("nan"), 0
    offsets = np.asarray((np.arange(2 * reach) - reach + 0.5) * spacing[axis], np.float64)
    outer, inner = profiles[:, :2].mean(axis=1), profiles[:, -2:].mean(axis=1)
    step = inner - outer
    noise = np.median(np.abs(np.diff(profiles[:, -2:], axis=1))) + 1e-12
    clear = np.abs(step) > max(_CLEAR * noise, 0.5 * float(np.median(np.abs(step))))
    if not clear.any():
        return float("nan"), 0
    scaled = (profiles[clear] - outer[clear, None]) / step[clear, None]
    place = _place(scaled, offsets)
    distance = (offsets[None] - place[:, None]) * cosines[clear, None]
    good = np.isfinite(distance)
    return _fitted(distance[good], scaled[good]), int(np.isfinite(place).sum())


def _crossings(
    values: NDArray[np.float64],
    inside: NDArray[np.bool_],
    spacing: Sequence[float],
    axis: int,
    reach: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values across the border from outside to inside, shape (C, 2 reach), and cosines (C,)."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    signed = distance_transform_edt(inside, sampling=spacing) - distance_transform_edt(
        ~inside, sampling=spacing
    )
    smooth = gaussian_filter(signed, [_SMOOTH_MM / step for step in spacing])
    slopes = np.stack(
        [np.gradient(smooth, step, axis=at) if n > 1 else np.zeros_like(smooth)
         for at, (step, n) in enumerate(zip(spacing, smooth.shape, strict=True))]
    )  # fmt: skip
    length = np.sqrt((slopes**2).sum(axis=0)) + 1e-12
    cosine = np.moveaxis(np.abs(slopes[axis]) / length, axis, -1)
    lines = np.moveaxis(values, axis, -1)
    region = np.moveaxis(inside, axis, -1)
    found, angles = [], []
    for way in (1, -1):  # entering the region along the axis, and against it
        data, mask, angle = lines[..., ::way], region[..., ::way], cosine[..., ::way]
        enters = ~mask[..., :-1] & mask[..., 1:] & (angle[..., 1:] > _HEAD_ON)
        *where, at = np.nonzero(enters)
        fits = (at + 1 >= reach) & (at + 1 + reach <= data.shape[-1])
        where, at = [w[fits] for w in where], at[fits]
        window = at[:, None] + 1 + np.arange(-reach, reach)
        rows = tuple(w[:, None] for w in where)
        clean = mask[(*rows, window)] == (np.arange(2 * reach) >= reach)  # one border, no other
        kept = clean.all(axis=1)
        found.append(data[(*rows, window)][kept])
        angles.append(angle[(*where, at + 1)][kept])
    return np.concatenate(found), np.concatenate(angles)


def _place(scaled: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each profile crosses one half, mm, shape (C,); NaN where it does not once."""
    above = scaled > 0.5
    rises = ~above[:, :-1] & above[:, 1:]
    once = rises.sum(axis=1) == 1
    at = np.argmax(rises, axis=1)
    rows = np.arange(len(scaled))
    low, high = scaled[rows, at], scaled[rows, at + 1]
    part = (0.5 - low) / np.where(once, high - low, 1.0)
    place: NDArray[np.float64] = np.where(
        once, offsets[at] + part * (offsets[at + 1] - offsets[at]), np.nan
    )
    return place


def _fitted(distance: NDArray[np.float64], scaled: NDArray[np.float64]) -> float:
    """Width of the error function through all points."""
    from scipy.optimize import least_squares
    from scipy.special import erf

    if not len(distance):
        return float("nan")

    def residual(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high, shift, sigma = parameters
        rise = 0.5 * (1 + erf((distance - shift) / (np.sqrt(2) * abs(sigma) + 1e-9)))
        rest: NDArray[np.float64] = low + (high - low) * rise - scaled
        return rest

    found = least_squares(residual, [0.0, 1.0, 0.0, 1.0], loss="soft_l1", f_scale=0.2)
    return float(abs(found.x[3]))
