"""Closed contours to voxels.

The rule
--------
A voxel belongs to a region when its centre lies inside the contour, by the even-odd rule over
all contours of one plane: a contour within another is a hole, and so is a keyhole. On the
outline itself the lower side counts as inside and the upper side as outside, so that regions
which share an outline neither overlap nor leave a seam.

Contours in planes of voxels are filled line by line. Contours in other planes are tested in
their own plane: a voxel belongs to the nearest contour plane, if that is no farther than half
the distance of the planes, and its centre is projected onto it. No shape is interpolated
between planes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Slab", "fill_rows", "inside", "plane_of", "slabs"]

# Vertices are rounded to this part of a voxel, so that noise does not decide over an outline.
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Slab:
    """Contours that lie in one plane.

    Attributes
    ----------
    depth : float
        Place of the plane along the normal.
    contours : tuple of ndarray, shape (V, 3)
        Vertices.
    """

    depth: float
    contours: tuple[NDArray[np.float64], ...]


def plane_of(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Normal of a closed contour and how far its points leave the plane, in mm.

    Parameters
    ----------
    points : ndarray, shape (V, 3)
        Vertices in order.

    Returns
    -------
    normal : ndarray, shape (3,)
        Unit vector; its largest component is positive.
    bend : float
        Largest distance of a point from the plane.
    """
    centered = points - points.mean(axis=0)
    normal = np.linalg.svd(centered, full_matrices=False)[2][2]
    largest = int(np.abs(normal).argmax())
    normal = normal * np.sign(normal[largest])
    return normal, float(np.abs(centered @ normal).max())


def slabs(
    contours: Sequence[NDArray[np.float64]], normal: NDArray[np.float64], tolerance: float
) -> list[Slab]:
    """Group parallel contours by plane, in ascending depth along ``normal``."""
    depths = [float(np.mean(points @ normal)) for points in contours]
    groups: list[list[int]] = []
    for n in np.argsort(depths, kind="stable"):
        if groups and depths[n] - depths[groups[-1][0]] <= tolerance:
            groups[-1].append(int(n))
        else:
            groups.append([int(n)])
    return [
        Slab(float(np.mean([depths[n] for n in group])), tuple(contours[n] for n in group))
        for group in groups
    ]


def fill_rows(contours: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill contours on a grid of pixels whose centres are the whole numbers.

    Parameters
    ----------
    contours : sequence of ndarray, shape (V, 2)
        Vertices as (x, y) in pixels.
    shape : tuple of int
        (Y, X) of the grid.

    Returns
    -------
    ndarray of bool, shape (Y, X)

    Examples
    --------
    >>> square = np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]])
    >>> int(fill_rows([square], (4, 4)).sum())
    4
    """
    height, width = shape
    turns = np.zeros((height, width + 1), np.int32)
    for points in contours:
        points = np.round(points, _DIGITS)
        x0, y0 = points.T
        x1, y1 = np.roll(points, -1, axis=0).T
        low, high = np.ceil(np.minimum(y0, y1)), np.ceil(np.maximum(y0, y1))  # rows low <= y < high
        low, high = (np.clip(end, 0, height).astype(int) for end in (low, high))
        counts = high - low
        edge = np.repeat(np.arange(len(points)), counts)
        row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + low[edge]
        cross = x0[edge] + (row - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
        column = np.clip(np.ceil(np.round(cross, _DIGITS)), 0, width).astype(int)
        np.add.at(turns, (row, column), 1)
    return (np.cumsum(turns[:, :width], axis=1) & 1).astype(bool)


def inside(
    contours: Sequence[NDArray[np.float64]], points: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether points lie inside contours of one plane, by the rule of this module.

    Parameters
    ----------
    contours : sequence of ndarray, shape (V, 2)
        Vertices in the plane.
    points : ndarray, shape (P, 2)
        Points in the plane.
    """
    odd = np.zeros(len(points), bool)
    for contour in contours:
        x1, y1 = np.roll(contour, -1, axis=0).T
        step = max(1, 4_000_000 // len(contour))  # bounds the memory of points × edges
        for start in range(0, len(points), step):
            x, y = points[start : start + step].T[..., None]  # (P, 1)
            x0, y0 = contour.T
            spans = (np.minimum(y0, y1) <= y) & (y < np.maximum(y0, y1))  # (P, V)
            with np.errstate(divide="ignore", invalid="ignore"):
                cross = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            odd[start : start + step] ^= ((spans & (cross <= x)).sum(axis=1) & 1).astype(bool)
    return odd
