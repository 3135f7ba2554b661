"""Centerlines: from voxels of a skeleton to smooth curves, at the place of the ridge.

A path from voxel to voxel turns by 45° where a vessel does not turn at all. First each voxel
moves onto the ridge of brightness beside it, then a smoothing spline leaves out what is finer
than a given wavelength, and the curve is sampled evenly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["inside_radius", "on_ridge", "smooth_path"]

Points = NDArray[np.float64]

# A skeleton voxel lies at most this far from its ridge, in steps of the lattice; what would move
# farther follows another structure and stays.
_FARTHEST = 3.0
_CLIMBS = 4
# Bends are told by windings from this many wavelengths of the smoothing on.
_BEND_WAVELENGTHS = 1.5
_RAYS = 12


def on_ridge(points: NDArray, smooth: NDArray[np.float32], *, bright: bool) -> Points:
    """Move points onto the ridge of a smoothed image, across the vessel only.

    Parameters
    ----------
    points : ndarray, shape (N, D)
        Of a skeleton.
    smooth : ndarray of float32
        Smoothed image on the lattice.
    bright : bool
        Vessels are brighter than what surrounds them.

    Returns
    -------
    ndarray, shape (N, D)
        In steps of the lattice. A point whose ridge is too far off stays where it is.

    References
    ----------
    Steger, IEEE TPAMI 1998, doi:10.1109/34.659930.
    """
    image = smooth if bright else -smooth
    moved = points.astype(float)
    for _ in range(_CLIMBS):
        near = np.clip(np.rint(moved).astype(np.intp), 0, np.array(image.shape) - 1)
        shift = _to_ridge(near, image)
        size = np.linalg.norm(shift, axis=1, keepdims=True)
        moved = near + shift / np.maximum(size, 1)
    stray = np.linalg.norm(moved - points, axis=1) > _FARTHEST
    moved[stray] = points[stray]
    return moved


def _to_ridge(points: NDArray[np.intp], image: NDArray[np.float32]) -> Points:
    """Shift from voxels to where the image is highest across the vessel, to second order."""
    dimensions = points.shape[1]
    padded = np.pad(image, 1, mode="edge")
    flat, strides = padded.reshape(-1), np.array(padded.strides) // padded.itemsize
    start = (points + 1) @ strides

    def at(step: NDArray) -> NDArray[np.float64]:
        return flat[start + int(step @ strides)].astype(float)

    unit = np.eye(dimensions, dtype=int)
    middle = at(0 * unit[0])
    slope = np.stack([(at(u) - at(-u)) / 2 for u in unit], axis=1)
    second = np.empty((len(points), dimensions, dimensions))
    for a in range(dimensions):
        second[:, a, a] = at(unit[a]) + at(-unit[a]) - 2 * middle
        for b in range(a):
            one, two = unit[a] + unit[b], unit[a] - unit[b]
            second[:, a, b] = second[:, b, a] = (at(one) + at(-one) - at(two) - at(-two)) / 4
    values, vectors = np.linalg.eigh(second)  # the most negative first: across the vessel
    across, curved = vectors[:, :, :-1], values[:, :-1]
    along = np.einsum("nd,nda->na", slope, across)
    steps = np.where(curved < 0, -along / np.where(curved < 0, curved, -1), 0)
    return np.einsum("na,nda->nd", steps, across)


def smooth_path(
    points: Points,
    *,
    step: float,
    wavelength: float,
    closed: bool = False,
    ridge_sigma: float = 0.0,
) -> Points:
    """Smooth a path by a spline and sample it evenly.

    Parameters
    ----------
    points : ndarray, shape (N, D)
        The path, in mm.
    step : float
        Distance of the samples, in mm.
    wavelength : float
        A winding of this wavelength keeps half of its amplitude, one of twice the wavelength
        94 %, one of three times 99 %. With 0 the points are joined as they are.
    closed : bool, optional
        Whether the path ends where it begins.
    ridge_sigma : float, optional
        Standard deviation of the Gaussian, in mm, under which the points are ridges. It moves
        the ridge of a bent line inwards by σ² / 2 times the curvature, and windings shrink: the
        curve is moved back by that.

    Returns
    -------
    ndarray, shape (P, D)
    """
    from scipy.interpolate import make_smoothing_spline

    along = _arc_length(points)
    kept = np.concatenate([[True], np.diff(along) > 1e-9])
    points, along = points[kept], along[kept]
    if wavelength <= 0 or len(points) < 5:
        return _sampled(points, step)
    # The spline minimizes the mean squared distance, a point standing for its share of the
    # length, plus lam times the integral of the squared second derivative: a filter with the
    # response 1 / (1 + lam ω⁴).
    weights = np.gradient(along)
    if closed:
        count = len(points)
        points = np.concatenate([points[:-1], points, points[1:]])
        along = np.concatenate([along[:-1] - along[-1], along, along[1:] + along[-1]])
        weights = np.gradient(along)
    start, end = (along[count - 1], along[2 * count - 2]) if closed else (along[0], along[-1])
    fine = np.linspace(start, end, max(int((end - start) / step * 4), 8))
    lam = (wavelength / (2 * np.pi)) ** 4
    curve = np.stack(
        [make_smoothing_spline(along, x, w=weights, lam=lam)(fine) for x in points.T], axis=1
    )
    if ridge_sigma <= 0:
        return _sampled(curve, step)
    # The bend by a smoother spline: what noise is left of a ridge must not grow.
    wide = [
        make_smoothing_spline(along, x, w=weights, lam=lam * _BEND_WAVELENGTHS**4) for x in points.T
    ]
    slope, bend = (
        np.stack([one.derivative(order)(fine) for one in wide], axis=1) for order in (1, 2)
    )
    speed = (slope**2).sum(axis=1, keepdims=True)  # the stairs of a path are longer than its curve
    inwards = ridge_sigma**2 / 2 * bend / np.maximum(speed, 1e-12)
    return _sampled(curve - inwards, step)


def _arc_length(points: Points) -> NDArray[np.float64]:
    return np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def _sampled(points: Points, step: float) -> Points:
    """Points at even distances along a polyline, its ends among them."""
    along = _arc_length(points)
    count = max(int(np.rint(along[-1] / step)) + 1, 2)
    even = np.linspace(0, along[-1], count)
    return np.stack([np.interp(even, along, column) for column in points.T], axis=1)


def inside_radius(
    points: Points, smooth: NDArray[np.float32], *, farthest: float, bright: bool
) -> NDArray[np.float64]:
    """Radius of a vessel: where its brightness has fallen to half of what it stands out.

    Parameters
    ----------
    points : ndarray, shape (P, D)
        Centerline, in steps of the lattice.
    smooth : ndarray of float32
        Image on the lattice.
    farthest : float
        How far to look, in steps of the lattice.
    bright : bool
        As for `on_ridge`.

    Returns
    -------
    ndarray, shape (P,)
        Median over directions across the vessel, in steps; NaN where it does not fall.
    """
    from scipy.ndimage import map_coordinates

    image = smooth if bright else -smooth
    out = np.arange(0, farthest + 0.25, 0.25)  # (R,)
    rays = _rays(points)  # (P, A, D)
    places = points[:, None, None] + rays[:, :, None] * out[:, None]
    profile = map_coordinates(image, np.moveaxis(places, -1, 0), order=1, mode="nearest")
    top, floor = profile[..., :1], np.minimum.accumulate(profile, axis=-1)[..., -1:]
    below = profile <= (top + floor) / 2
    first = below.argmax(axis=-1)  # (P, A); 0 where it never falls
    before = np.take_along_axis(profile, np.maximum(first - 1, 0)[..., None], -1)[..., 0]
    after = np.take_along_axis(profile, first[..., None], -1)[..., 0]
    half = ((top + floor) / 2)[..., 0]
    drop = before - after
    part = np.where(drop > 0, (before - half) / np.where(drop > 0, drop, 1), 0)
    radius = np.where((first > 0) & (drop > 0), (first - 1 + part) * 0.25, np.nan)
    return _median(radius)


def _median(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.isfinite(radius).any(axis=1)
    median = np.full(len(radius), np.nan)
    median[found] = np.nanmedian(radius[found], axis=1)
    return median


def _rays(points: Points) -> NDArray[np.float64]:
    """Unit vectors across the line at each point, shape (P, A, D)."""
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    if points.shape[1] == 2:
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        return np.stack([normal, -normal], axis=1)
    helper = np.eye(3)[np.abs(tangent).argmin(axis=1)]
    first = np.cross(tangent, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angles: Sequence[float] = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False).tolist()
    return np.stack([np.cos(a) * first + np.sin(a) * second for a in angles], axis=1)
