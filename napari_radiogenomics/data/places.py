"""Where a point lies in a segmentation: how much of its ball is in each region, and how far.

Letters: N places, L labels, M points that stand for a ball.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.segmentation import Segmentation

__all__ = ["ball_fractions", "distances", "inside_or_near"]

# A sample without a radius or an uncertainty may still lie this far outside the mask: the
# partial volume of its surface voxels.
_TOLERANCE_VOXELS = 1.0
# Points of the cube around a ball; half of them lie in the ball, and each counts with its mirror
# image, so that a ball cut in halves is counted in halves.
_POINTS = 2000
# Balls that are looked up at once: 25 MB of places.
_BLOCK = 500


def inside_or_near(
    points: NDArray[np.float64], slack: NDArray[np.float64], segmentation: Segmentation
) -> NDArray[np.bool_]:
    """Whether points lie in a labelled voxel, or nearer to one than a slack or one voxel.

    Parameters
    ----------
    points : ndarray, shape (N, 3)
        LPS mm.
    slack : ndarray, shape (N,)
        Distance that still counts, in mm.
    segmentation : Segmentation
        Where; all points are inside of an empty one, which says nothing.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    mask = np.logical_or.reduce([layer > 0 for layer in segmentation.layers()])
    if not mask.any():
        return np.ones(len(points), bool)
    distance = _distance(points, mask, segmentation)
    edge = _TOLERANCE_VOXELS * max(segmentation.geometry.spacing)
    return np.asarray(distance <= np.maximum(slack, edge))


def distances(
    points: NDArray[np.float64], segmentation: Segmentation, labels: tuple[int, ...]
) -> NDArray[np.float64]:
    """Distance of points to the center of the nearest voxel of each label.

    Parameters
    ----------
    points : ndarray, shape (N, 3)
        LPS mm.
    segmentation : Segmentation
        Where.
    labels : tuple of int, length L
        Values that occur.

    Returns
    -------
    ndarray, shape (N, L)
        mm; 0 for a point in a voxel of the label.
    """
    columns = [_distance(points, segmentation.mask(label), segmentation) for label in labels]
    return np.stack(columns, axis=1) if columns else np.empty((len(points), 0))


def _distance(
    points: NDArray[np.float64], mask: NDArray[np.bool_], segmentation: Segmentation
) -> NDArray[np.float64]:
    """Distance of points (N, 3) to a mask that is not empty, shape (N,)."""
    from scipy.ndimage import binary_erosion
    from scipy.spatial import cKDTree

    geometry = segmentation.geometry
    index = np.rint(geometry.world_to_index(points)).astype(int)
    within = np.all((index >= 0) & (index < geometry.size), axis=1)
    i, j, k = np.where(within[:, np.newaxis], index, 0).T
    inside = within & mask[k, j, i]
    if inside.all():
        return np.zeros(len(points))
    # Outside points are nearest to a voxel of the surface; the inner ones need no tree.
    box = _box(mask)
    part = mask[box]
    corner = [side.start for side in box]
    surface = (np.argwhere(part & ~binary_erosion(part)) + corner)[:, ::-1]  # (S, 3): i, j, k
    found, _ = cKDTree(geometry.index_to_world(surface)).query(points)
    return np.where(inside, 0.0, found)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        there = np.flatnonzero(mask.any(axis=others))
        sides.append(slice(int(there[0]), int(there[-1]) + 1))
    return sides[0], sides[1], sides[2]


def ball_fractions(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    segmentation: Segmentation,
    labels: tuple[int, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much of the ball around each point lies in each label.

    Parameters
    ----------
    points : ndarray, shape (N, 3)
        LPS mm.
    radii : ndarray, shape (N,)
        mm; 0 asks for the voxel of the point alone.
    segmentation : Segmentation
        Where.
    labels : tuple of int, length L
        Values that count as tumor.

    Returns
    -------
    fractions : ndarray, shape (N, L)
        0 to 1, to about 0.01; regions that overlap may add up to more than 1.
    labelled : ndarray, shape (N,)
        Fraction of the ball in any of the labels.

    Examples
    --------
    >>> from napari_radiogenomics.data.geometry import Geometry
    >>> labels = np.zeros((20, 20, 20), np.uint8); labels[:, :, :10] = 1; labels[:, :, 10:] = 2
    >>> halves = Segmentation(labels, Geometry((20, 20, 20)))
    >>> here, there = np.array([[9.5, 10.0, 10.0]]), np.array([4.0])
    >>> ball_fractions(here, there, halves, (1, 2))[0].round(1).tolist()
    [[0.5, 0.5]]
    """
    if len(points) > _BLOCK:
        cuts = range(_BLOCK, len(points), _BLOCK)
        pairs = zip(np.split(points, cuts), np.split(radii, cuts), strict=True)
        parts = [ball_fractions(p, r, segmentation, labels) for p, r in pairs]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    offsets = _spread()  # (M, 3)
    balls = points[:, np.newaxis] + radii[:, np.newaxis, np.newaxis] * offsets  # (N, M, 3)
    index = np.rint(segmentation.geometry.world_to_index(balls)).astype(int)
    within = np.all((index >= 0) & (index < segmentation.geometry.size), axis=-1)
    i, j, k = np.moveaxis(np.where(within[..., np.newaxis], index, 0), -1, 0)
    inside = np.zeros((len(labels), *within.shape), bool)  # (L, N, M)
    for layer in segmentation.layers():
        values = np.where(within, layer[k, j, i], 0)
        inside |= values == np.reshape(labels, (-1, 1, 1))
    return inside.mean(axis=2).T, inside.any(axis=0).mean(axis=1)


@cache
def _spread() -> NDArray[np.float64]:
    """Points that fill the unit ball evenly, shape (M, 3), M about 2,100.

    The additive sequence of the root of g⁴ = g + 1 (Roberts 2018): any cut by a plane is
    counted to 0.01, where a lattice of as many points errs by 0.03.
    """
    root = 1.2207440846057596
    steps = np.array([1 / root, 1 / root**2, 1 / root**3])
    cube = 2 * np.mod(0.5 + np.outer(np.arange(1, _POINTS + 1), steps), 1) - 1
    half = cube[(cube**2).sum(axis=1) <= 1]
    return np.concatenate([half, -half])
