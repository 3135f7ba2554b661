"""Cells of a kernel, and pairs of cells that lie in one direction: tables made once and kept.

Letters: K cells of a kernel, A angles (directions), Q pairs of cells. A cell is numbered in
scan order; of two opposite directions only one is kept.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "Planes", "cells", "directions", "far_pairs", "pairs", "planes"]

Table = NDArray[np.intp]


class Pairs(NamedTuple):
    """Pairs of cells, angle after angle, each angle in scan order.

    Attributes
    ----------
    first, second : ndarray of intp, shape (Q,)
        Numbers of the cells; ``second`` lies ``steps[angle]`` after ``first``.
    starts : ndarray of intp, shape (A + 1,)
        Angle ``a`` owns the pairs ``starts[a]`` to ``starts[a + 1]``.
    steps : ndarray of intp, shape (A, 3)
        Direction (dz, dy, dx) of each angle.
    """

    first: Table
    second: Table
    starts: Table
    steps: Table


class Planes(NamedTuple):
    """Pairs of a kernel whose first cell lies in one plane across x, angle after angle.

    Attributes
    ----------
    first, second : ndarray of intp, shape (Q,)
        Rows of the cells: numbers of rows along x, in scan order.
    x_steps : ndarray of intp, shape (A,)
        How far along x the second cell lies beyond the first.
    starts : ndarray of intp, shape (A + 1,)
        Angle ``a`` owns the pairs ``starts[a]`` to ``starts[a + 1]``.
    n_planes : ndarray of intp, shape (A,)
        How many such planes the kernel holds side by side.
    """

    first: Table
    second: Table
    x_steps: Table
    starts: Table
    n_planes: Table


@lru_cache(maxsize=16)
def cells(radius: int, thin_axis: int | None = None) -> Table:
    """Places (dz, dy, dx) of the cells around the center, in scan order.

    Parameters
    ----------
    radius : int
        The kernel is a cube of 2·radius + 1 cells a side.
    thin_axis : int, optional
        Axis (0 = z) along which the kernel is one cell thick.

    Returns
    -------
    ndarray of intp, shape (K, 3)

    Examples
    --------
    >>> cells(1, thin_axis=0)[:4].tolist()
    [[0, -1, -1], [0, -1, 0], [0, -1, 1], [0, 0, -1]]
    """
    return _fixed(list(product(*_reaches(radius, thin_axis))))


@lru_cache(maxsize=16)
def directions(
    distances: tuple[int, ...] = (1,),
    thin_axis: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> Table:
    """Half of the directions whose longest component is one of the distances.

    Parameters
    ----------
    distances : tuple of int, optional
        In voxels, by the infinity norm.
    thin_axis : int, optional
        Axis that no direction follows.
    shape : tuple of int, optional
        Voxels of a box along z, y, x: directions that join no two of them are left out.

    Returns
    -------
    ndarray of intp, shape (A, 3)
        (dz, dy, dx), the first component that is not 0 positive.

    Examples
    --------
    >>> len(directions()), len(directions((1, 2))), len(directions((1,), 0))
    (13, 62, 4)
    >>> directions((1000, 2), shape=(1, 1, 9)).tolist()
    [[0, 0, 2]]
    """
    found = [np.empty((0, 3), np.intp)]
    for distance in distances:
        reaches = [
            0 if axis == thin_axis else min(distance, shape[axis] - 1 if shape else distance)
            for axis in range(3)
        ]
        for axis in (axis for axis, reach in enumerate(reaches) if reach == distance):
            ranges = [np.arange(-reach, reach + 1) for reach in reaches]
            ranges[axis] = ranges[axis][[0, -1]]  # two sides of the shell
            found.append(np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3))
    steps = np.unique(np.concatenate(found), axis=0)
    return _fixed(steps[_leads(steps)])


def _leads(steps: Table) -> NDArray[np.bool_]:
    """Whether the first component that is not 0 is positive."""
    dz, dy, dx = steps.T
    leads: NDArray[np.bool_] = (dz > 0) | ((dz == 0) & ((dy > 0) | ((dy == 0) & (dx > 0))))
    return leads


@lru_cache(maxsize=16)
def pairs(radius: int, thin_axis: int | None = None, distances: tuple[int, ...] = (1,)) -> Pairs:
    """Pairs of cells of the kernel, one direction apart.

    Parameters
    ----------
    radius, thin_axis
        As for `cells`.
    distances : tuple of int, optional
        As for `directions`.

    Examples
    --------
    >>> found = pairs(1)
    >>> len(found.first), int(np.diff(found.starts).max())
    (158, 18)
    """
    steps = directions(distances, thin_axis)
    return _table(radius, thin_axis, [[step] for step in steps], steps)


@lru_cache(maxsize=16)
def planes(radius: int, thin_axis: int | None = None, distances: tuple[int, ...] = (1,)) -> Planes:
    """Pairs of cells of the kernel, one direction apart, in one plane of each angle.

    Parameters
    ----------
    radius, thin_axis, distances
        As for `pairs`.

    Examples
    --------
    >>> found = planes(1)
    >>> int((np.diff(found.starts) * found.n_planes).sum())
    158
    """
    every = pairs(radius, thin_axis, distances)
    x = cells(radius, thin_axis)[:, 2]
    side = int(x[-1] - x[0]) + 1
    x_steps = every.steps[:, 2]
    angle = np.repeat(np.arange(len(x_steps)), np.diff(every.starts))
    in_plane = x[every.first] - x[0] == np.maximum(-x_steps, 0)[angle]
    ends = np.cumsum(np.bincount(angle[in_plane], minlength=len(x_steps)))
    return Planes(
        first=_fixed(every.first[in_plane] // side),
        second=_fixed(every.second[in_plane] // side),
        x_steps=_fixed(x_steps),
        starts=_fixed([0, *ends]),
        n_planes=_fixed(np.maximum(side - abs(x_steps), 0)),
    )


@lru_cache(maxsize=16)
def far_pairs(radius: int, thin_axis: int | None = None) -> Pairs:
    """Pairs on one line of the kernel, two cells apart or more.

    Parameters
    ----------
    radius, thin_axis
        As for `cells`.
    """
    steps = directions((1,), thin_axis)
    multiples = range(2, 2 * radius + 1)
    return _table(radius, thin_axis, [[m * step for m in multiples] for step in steps], steps)


def _reaches(radius: int, thin_axis: int | None) -> list[range]:
    reach = range(-radius, radius + 1)
    return [range(1) if axis == thin_axis else reach for axis in range(3)]


def _table(radius: int, thin_axis: int | None, groups: list[list[Table]], steps: Table) -> Pairs:
    """Pairs that are one of the steps of their group apart."""
    places = cells(radius, thin_axis)
    sides = np.array([len(reach) for reach in _reaches(radius, thin_axis)])
    low = places[0]
    first, second, starts = [], [], [0]
    for group in groups:
        for step in group:
            ends = places - low + step
            inside = ((ends >= 0) & (ends < sides)).all(axis=1)
            first.append(np.flatnonzero(inside))
            second.append(np.ravel_multi_index(tuple(ends[inside].T), tuple(sides)))
        starts.append(sum(map(len, first)))
    return Pairs(_joined(first), _joined(second), _fixed(starts), steps)


def _joined(parts: list[Table]) -> Table:
    return _fixed(np.concatenate(parts) if parts else [])


def _fixed(values: object) -> Table:
    """Array that nobody changes: it is shared."""
    array = np.array(values, dtype=np.intp)
    array.flags.writeable = False
    return array
