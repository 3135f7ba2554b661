"""How tortuous a curve is, in numbers: Bullitt's metrics, curvature and torsion.

Letters: P points of a centerline, evenly sampled, in mm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["METRICS", "Metric", "Shape", "local_distance_metric", "moving_mean", "shape_of"]

Points = NDArray[np.float64]
# Where a curve bends less than this part of its mean it has no plane that could be trusted: near
# an inflection the smallest noise turns it.
_BENT = 0.25
_MOST_LOCAL = 10.0
# In wavelengths of the smoothing: how far a free end is straightened, and what torsion is averaged
# over. As a third derivative it is mostly noise at each point, and over a short vessel it is not.
_ENDS, _TORSION_WAVELENGTHS = 0.375, 2.0


@dataclass(frozen=True)
class Metric:
    """One measure of a vessel.

    Attributes
    ----------
    title : str
        Name a person knows.
    unit : str
        Its unit; empty for a ratio.
    meaning : str
        In plain words.
    """

    title: str
    unit: str
    meaning: str


METRICS: Mapping[str, Metric] = {
    "distance_metric": Metric(
        "Distance metric", "", "path length over distance of the ends: 1 is straight"
    ),
    "local_distance_metric": Metric(
        "Winding of pieces",
        "",
        "local distance metric, path length over distance of the ends of pieces of one length: no "
        "higher where vessels join to a long one",
    ),
    "sum_of_angles": Metric(
        "Sum of angles",
        "rad/mm",
        "how much a vessel turns and twists a millimeter: finds tight corkscrews",
    ),
    "inflection_count": Metric(
        "Inflection count metric", "", "distance metric times one more than the changes of side"
    ),
    "curvature": Metric("Curvature", "1/mm", "one over the radius of the circle it follows"),
    "torsion": Metric("Torsion", "1/mm", "how fast it leaves its plane"),
    "radius_mm": Metric("Radius", "mm", "half its width at half of its brightness"),
}
"""Measures of a vessel by the name of their column."""


@dataclass(frozen=True)
class Shape:
    """The shape of one centerline.

    Attributes
    ----------
    length, chord : float
        Along the curve, and between its ends, in mm.
    curvature, torsion, turning : ndarray, shape (P,)
        At each point, in 1/mm; ``turning`` is the root of the sum of their squares, whose mean
        is the sum of angles metric. Torsion has no sign here.
    inflections : int
        How often it changes the side to which it bows out.
    """

    length: float
    chord: float
    curvature: NDArray[np.float64]
    torsion: NDArray[np.float64]
    turning: NDArray[np.float64]
    inflections: int

    @property
    def distance_metric(self) -> float:
        """Length over chord; NaN for a loop."""
        return self.length / self.chord if self.chord > 0 else float("nan")

    def metrics(self) -> dict[str, float]:
        """Measures by the names of `METRICS`, but for the radius and what pieces have."""
        return {
            "distance_metric": self.distance_metric,
            "sum_of_angles": _mean_along(self.turning),
            "inflection_count": self.distance_metric * (self.inflections + 1),
            "curvature": _mean_along(self.curvature),
            "torsion": _mean_along(self.torsion),
        }


def _mean_along(values: NDArray[np.float64]) -> float:
    """Mean along evenly sampled points; the ends stand for half a step."""
    return float(np.trapezoid(values) / (len(values) - 1))


def shape_of(
    points: Points,
    *,
    closed: bool = False,
    least_curvature: float = 1e-6,
    least_bow_mm: float = 0.0,
    smoothing_mm: float = 0.0,
) -> Shape:
    """Measure a smooth curve.

    Parameters
    ----------
    points : ndarray, shape (P, 3) or (P, 2)
        Evenly sampled, two points or more, in mm.
    closed : bool, optional
        The curve ends where it begins, and has no chord.
    least_curvature : float, optional
        Where a curve bends less than this, in 1/mm, it has no plane, and so neither torsion nor
        a side: what noise does to a straight vessel is no twisting.
    least_bow_mm : float, optional
        How far a curve bows out of a piece of two of ``smoothing_mm`` to have a side there: what
        is less may be straight.
    smoothing_mm : float, optional
        Wavelength by which a measured curve was smoothed. Torsion is averaged over twice of it,
        right and left with their signs, so that noise, which twists both ways, cancels; and three
        eighths of it at each free end, which smoothing straightens, are as what lies next to them.

    Returns
    -------
    Shape

    Notes
    -----
    Torsion is the angle between successive osculating planes a millimeter, folded to 90°: a
    plane curve that changes its side has inflections, and no torsion. Planes are known only
    where the curve bends at least a quarter as much as on average. An average of torsion weighs
    each point by its curvature: the more it bends, the better its plane is known.

    A point has a side where it lies ``least_bow_mm`` or more off the middle between the two points
    of the curve that are ``smoothing_mm`` away from it, and an inflection is where one that has a
    side follows one that has the opposite side. A sine of the amplitude A and the wavelength L
    does that by A (1 - cos(2π ``smoothing_mm`` / L)) at its crests, where it is not steep. By the
    bend from sample to sample a straight curve would have as many as its noise; so it is done
    without ``smoothing_mm`` only.

    References
    ----------
    Bullitt et al., IEEE TMI 2003, doi:10.1109/TMI.2003.816964.

    Examples
    --------
    >>> turn = np.linspace(0, 6 * np.pi, 2000)
    >>> helix = np.stack([3 * np.cos(turn), 3 * np.sin(turn), 4 * turn], axis=1)
    >>> found = shape_of(helix).metrics()
    >>> {name: round(found[name], 3) for name in ("distance_metric", "sum_of_angles")}
    {'distance_metric': 1.25, 'sum_of_angles': 0.2}
    """
    points = np.column_stack([points, np.zeros((len(points), 3 - points.shape[1]))])
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    length = float(lengths.sum())
    chord = 0.0 if closed else float(np.linalg.norm(points[-1] - points[0]))
    zero = np.zeros(len(points))
    if len(points) < 4 or length == 0:
        return Shape(length, chord, zero, zero, zero, 0)
    step = length / len(steps)
    units = steps / np.maximum(lengths, 1e-12)[:, None]
    normals = np.cross(units[:-1], units[1:])  # (P - 2, 3)
    sines = np.linalg.norm(normals, axis=1)
    turn = np.arctan2(sines, (units[:-1] * units[1:]).sum(axis=1)) / step
    ends = 0 if closed else max(min(round(_ENDS * smoothing_mm / step), len(turn) // 2 - 2), 0)
    inner = slice(ends, len(turn) - ends)
    curvature = _spread(turn[inner], len(points))
    bent = turn > max(least_curvature, _BENT * float(turn[inner].mean()))
    planes = normals / np.maximum(sines, 1e-12)[:, None]
    known = np.minimum(turn[:-1], turn[1:]) * (bent[:-1] & bent[1:])  # (P - 3,)
    inner = slice(ends, len(known) - ends)
    twist = _twist(planes, units[1:-1])[inner] / step
    window = _TORSION_WAVELENGTHS * smoothing_mm / step
    torsion = _spread(_averaged(twist, known[inner], window), len(points))
    turning = np.hypot(curvature, torsion)
    bows = _bows(points, round(smoothing_mm / step)) if smoothing_mm > 0 else _bows(points, 1)[bent]
    inflections = _inflections(bows, least_bow_mm)
    return Shape(length, chord, curvature, torsion, turning, inflections)


def _twist(planes: Points, along: Points) -> NDArray[np.float64]:
    """Angle between successive planes, folded to 90°; positive where they turn to the right."""
    facing = (planes[:-1] * planes[1:]).sum(axis=1)
    turned = (np.cross(planes[:-1], planes[1:]) * along).sum(axis=1)
    return np.arctan2(turned * np.where(facing < 0, -1, 1), np.abs(facing))


def _averaged(
    twist: NDArray[np.float64], weight: NDArray[np.float64], count: float
) -> NDArray[np.float64]:
    """Size of the weighted mean of ``count`` values around each; 0 where one has no weight."""
    ones = np.ones(min(max(round(count), 1), len(twist)))
    total = np.convolve(weight, ones, mode="same")
    held = weight > 0
    mean = np.zeros(len(twist))
    mean[held] = np.abs(np.convolve(twist * weight, ones, mode="same"))[held] / total[held]
    return mean


def _spread(inner: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values known between points, at all of them."""
    missing = count - len(inner)
    at = np.arange(len(inner)) + missing / 2
    return np.interp(np.arange(count), at, inner)


def _inflections(bows: Points, least: float) -> int:
    """How often the side changes to which a curve bows out, where it does so at all."""
    out = bows[np.linalg.norm(bows, axis=1) >= least]
    return int(((out[:-1] * out[1:]).sum(axis=1) < 0).sum())


def _bows(points: Points, reach: int) -> Points:
    """How far a curve lies off the middle between its points ``reach`` samples to both sides."""
    reach = max(min(reach, (len(points) - 1) // 2), 1)
    return points[reach:-reach] - (points[: -2 * reach] + points[2 * reach :]) / 2


def moving_mean(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Mean over ``count`` points around each, shape (P,); at the ends over those that are there."""
    ones = np.ones(min(max(count, 1), len(values)))
    total = np.convolve(values, ones, mode="same")
    mean: NDArray[np.float64] = total / np.convolve(np.ones(len(values)), ones, mode="same")
    return mean


def local_distance_metric(points: Points, window_mm: float) -> NDArray[np.float64]:
    """Distance metric of the piece around each point, shape (P,).

    Parameters
    ----------
    points : ndarray, shape (P, D)
        Evenly sampled, in mm.
    window_mm : float
        Length of the piece; at the ends of the curve it is moved inwards, and a shorter curve
        is one piece.

    Returns
    -------
    ndarray, shape (P,)
        10 at most: a piece that closes a circle would have no bound.
    """
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    window = min(window_mm, along[-1])
    start = np.clip(along - window / 2, 0, along[-1] - window)
    ends = [
        np.stack([np.interp(place, along, column) for column in points.T], axis=1)
        for place in (start, start + window)
    ]
    chord = np.linalg.norm(ends[1] - ends[0], axis=1)
    result: NDArray[np.float64] = window / np.maximum(chord, window / _MOST_LOCAL)
    return result
