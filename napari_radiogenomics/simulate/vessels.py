"""Vessels as tortuous tubes: centrelines, how tortuous they are, and drawing them.

Measures follow Bullitt et al. 2003 (https://doi.org/10.1109/TMI.2003.816964): the distance
metric (path length over distance of the ends) and the sum of angles metric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.simulate.fields import Tumor, sample_at
from napari_radiogenomics.simulate.randomness import stream

__all__ = ["Tube", "corkscrews", "distance_metric", "draw", "keep_outside", "sum_of_angles", "tree"]

Points = NDArray[np.float64]
Tube = tuple[Points, NDArray[np.float64]]
"""Centreline (N, 3) in LPS mm, and its radius at each point in mm."""

STEP_MM = 0.5
_THIN_MM = 1.6


def distance_metric(points: Points) -> float:
    """Path length over distance of the ends.

    Examples
    --------
    >>> distance_metric(np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]])).__round__(3)
    1.414
    """
    length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    return float(length / np.linalg.norm(points[-1] - points[0]))


def sum_of_angles(points: Points) -> float:
    """In-plane angles along a centreline, in radians per mm of its length."""
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    units = steps / lengths[:, None]
    cosine = np.clip((units[1:] * units[:-1]).sum(axis=1), -1, 1)
    return float(np.arccos(cosine).sum() / lengths.sum())


def _perpendicular(direction: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    helper = rng.standard_normal(3)
    first = helper - direction * (helper @ direction)
    first /= np.linalg.norm(first)
    (a, b, c), (d, e, f) = direction, first
    return first, np.array([b * f - c * e, c * d - a * f, a * e - b * d])


def corkscrews(
    seed: int, patient: str, tumor: Tumor, *, distance: float, room: float, count: int = 14
) -> list[Tube]:
    """Vessels that run past a tumour, each wound as tightly as the distance metric asks.

    Parameters
    ----------
    seed, patient
        Name of the random stream.
    tumor : Tumor
        What they run around.
    distance : float
        Mean distance metric of the vessels, above 1.
    room : float
        How far from the tumour's surface they may run, in mm.
    count : int, optional
        How many.

    Returns
    -------
    list of Tube
    """
    rng = stream(seed, patient, "vessels")
    radius = (3 * tumor.volume_ml * 1000 / (4 * np.pi)) ** (1 / 3)
    tubes = []
    for number in range(count):
        tube = _corkscrew(rng, number, count, tumor.center, radius, distance, room)
        tubes.append(tube)
    return tubes


def _corkscrew(
    rng: np.random.Generator,
    number: int,
    count: int,
    center: NDArray,
    radius: float,
    distance: float,
    room: float,
) -> Tube:
    """One vessel: a straight course tangential to a sphere around the tumour, wound."""
    # Directions spread over the sphere (golden spiral), so that vessels do not cross.
    z = 1 - 2 * (number + 0.5) / count
    turn = np.pi * (3 - np.sqrt(5)) * number + rng.uniform(-0.2, 0.2)
    outward = np.array([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z])
    first, second = _perpendicular(outward, rng)
    height = radius + 5.0 + (room - 8.0) * rng.uniform(0.2, 0.8)
    chord = rng.uniform(20.0, 30.0)
    along = np.arange(-chord / 2, chord / 2, STEP_MM / 2)
    # A winding of amplitude a and wave length w has a distance metric of sqrt(1+(2πa/w)²).
    wanted = max(1.01, 1 + (distance - 1) * np.exp(rng.normal(0, 0.20)))
    wave = rng.uniform(10.0, 13.0)
    amplitude = np.sqrt(wanted**2 - 1) * wave / (2 * np.pi)
    phase = rng.uniform(0, 2 * np.pi)
    window = np.clip((chord / 2 - np.abs(along)) / 3.0, 0, 1)
    angle = 2 * np.pi * along / wave + phase
    points = (
        center
        + outward * (height + amplitude * window * np.cos(angle))[:, None]
        + first * along[:, None]
        + second * (amplitude * window * np.sin(angle))[:, None]
    )
    return points, np.full(len(points), rng.uniform(1.1, 1.5))


def tree(
    rng: np.random.Generator,
    root: NDArray,
    direction: NDArray,
    *,
    length: float,
    radius: float,
    levels: int,
) -> list[Tube]:
    """A branching normal vessel: gentle curves that halve as they go."""
    direction = direction / np.linalg.norm(direction)
    first, _ = _perpendicular(direction, rng)
    along = np.arange(0, length, 1.5 * STEP_MM)
    bend = 0.12 * length * np.sin(np.pi * along / length)
    points = root + direction * along[:, None] + first * bend[:, None]
    tubes: list[Tube] = [(points, np.linspace(radius, 0.75 * radius, len(points)))]
    if levels > 0:
        for side in (-1.0, 1.0):
            normal, _ = _perpendicular(direction, rng)
            turned = direction + side * rng.uniform(0.35, 0.7) * normal
            tubes += tree(
                rng,
                points[-1],
                turned,
                length=0.78 * length,
                radius=0.72 * radius,
                levels=levels - 1,
            )
    return tubes


def draw(tubes: list[Tube], geometry: Geometry) -> NDArray[np.float32]:
    """Fraction of each voxel that is vessel, shape (Z, Y, X)."""
    if not tubes:
        return np.zeros(geometry.shape, np.float32)
    points = np.concatenate([tube[0] for tube in tubes])
    radii = np.concatenate([tube[1] for tube in tubes])
    spacing = np.asarray(geometry.spacing[::-1])
    margin = 2 * _reach(radii, spacing)  # makes every stamp fall inside the array
    padded = np.zeros(np.asarray(geometry.shape) + 2 * margin, np.float32)
    index = geometry.world_to_index(points)[:, ::-1] + margin  # z, y, x
    thin = radii <= _THIN_MM  # most are, and small stamps are quick
    for part in (thin, ~thin):
        if part.any():
            _stamp(padded, index[part], radii[part], spacing)
    return padded[(slice(margin, -margin),) * 3]


def _reach(radii: NDArray[np.float64], spacing: NDArray[np.float64]) -> int:
    """How many voxels away the thickest vessel touches."""
    return int(np.ceil(radii.max() / spacing.min() + 1))


def _stamp(
    padded: NDArray[np.float32],
    index: NDArray[np.float64],
    radii: NDArray[np.float64],
    spacing: NDArray[np.float64],
) -> None:
    """Stamp a soft ball at every point, keeping the larger fraction."""
    reach = _reach(radii, spacing)
    near = ((index > reach) & (index < np.asarray(padded.shape) - 1 - reach)).all(axis=1)
    index, radii = index[near], radii[near]
    nearest = np.round(index).astype(int)
    rest = nearest - index
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    places, flat = nearest @ strides, padded.reshape(-1)
    offsets = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), axis=-1)
    for offset in offsets.reshape(-1, 3):
        away = np.sqrt((((rest + offset) * spacing) ** 2) @ np.ones(3))
        part = np.clip((radii - away) / spacing.mean() + 0.5, 0, 1).astype(np.float32)
        use = part > 0
        np.maximum.at(flat, places[use] + offset @ strides, part[use])


def keep_outside(tubes: list[Tube], tumor: Tumor, margin: float) -> list[Tube]:
    """Drop the points that come closer to the tumour's surface than ``margin`` mm."""
    if not tubes:
        return []
    points = np.concatenate([tube[0] for tube in tubes])
    far = sample_at(tumor.depth, tumor.geometry, points) < -margin
    ends = np.cumsum([len(tube[0]) for tube in tubes])[:-1]
    kept = zip(tubes, np.split(far, ends), strict=True)
    return [(line[part], radii[part]) for (line, radii), part in kept if part.any()]
