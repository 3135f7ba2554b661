"""The graph of a skeleton: branches between branch points and ends, without spurs.

Letters: N voxels of the skeleton, E edges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Branch", "branches_of", "prune"]

# A branch that ends within this many radii of the vessel it leaves is roughness of its surface.
_SPUR_RADII = 1.5


@dataclass(frozen=True)
class Branch:
    """A path of skeleton voxels between two nodes.

    Attributes
    ----------
    first, last : int
        Nodes at its ends: branch points and free ends; the same one where it is a loop.
    path : ndarray of int, shape (N,)
        Voxels, by their row in the coordinates.
    """

    first: int
    last: int
    path: NDArray[np.intp]

    def length(self, coordinates: NDArray) -> float:
        """Length in the unit of the coordinates."""
        steps = np.diff(coordinates[self.path], axis=0)
        return float(np.linalg.norm(steps, axis=1).sum())


def _edges(skeleton: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Neighbors that touch, shape (E, 2).

    Where three voxels touch each other, the longest edge says nothing new and is left out: it
    would make branch points where a path only turns.
    """
    padded = np.pad(skeleton, 1)
    rows = np.full(padded.shape, -1, np.intp)
    at = np.flatnonzero(padded)
    flat = rows.reshape(-1)
    flat[at] = np.arange(len(at))
    strides = np.array(padded.strides) // padded.itemsize
    pairs, lengths = [], []
    for step in product((-1, 0, 1), repeat=skeleton.ndim):
        if step > (0,) * skeleton.ndim:
            other = flat[at + int(np.dot(step, strides))]
            found = np.flatnonzero(other >= 0)
            pairs.append(np.stack([found, other[found]], axis=1))
            lengths.append(np.full(len(found), sum(map(abs, step))))
    edges, squared = np.concatenate(pairs), np.concatenate(lengths)
    return _without_triangles(edges, squared, len(at))


def _without_triangles(
    edges: NDArray[np.intp], squared: NDArray[np.intp], count: int
) -> NDArray[np.intp]:
    neighbors: list[dict[int, int]] = [{} for _ in range(count)]
    for (a, b), length in zip(edges.tolist(), squared.tolist(), strict=True):
        neighbors[a][b] = neighbors[b][a] = length
    kept = np.ones(len(edges), bool)
    for row in np.flatnonzero(squared > 1).tolist():
        a, b = edges[row].tolist()
        length = neighbors[a][b]
        shared = neighbors[a].keys() & neighbors[b].keys()
        # Ties are broken by number, so that one edge of the three goes and no more.
        kept[row] = not any(
            max((neighbors[a][c], min(a, c), max(a, c)), (neighbors[b][c], min(b, c), max(b, c)))
            < (length, min(a, b), max(a, b))
            for c in shared
        )
    return edges[kept]


def branches_of(skeleton: NDArray[np.bool_]) -> tuple[NDArray[np.intp], list[Branch]]:
    """Trace the branches of a skeleton.

    Parameters
    ----------
    skeleton : ndarray of bool, shape (Z, Y, X) or (Y, X)
        One voxel thin.

    Returns
    -------
    coordinates : ndarray of int, shape (N, D)
        Of its voxels.
    branches : list of Branch
        Touching voxels with three neighbors or more are one branch point. A branch begins and
        ends with a voxel of its nodes.

    Examples
    --------
    >>> cross = np.zeros((5, 5), bool); cross[2], cross[:, 2] = True, True
    >>> len(branches_of(cross)[1])
    4
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    coordinates = np.argwhere(skeleton)
    count = len(coordinates)
    edges = _edges(skeleton) if count else np.empty((0, 2), np.intp)
    degree = np.bincount(edges.reshape(-1), minlength=count)
    crossing = degree > 2
    inner = edges[crossing[edges].all(axis=1)]
    graph = coo_matrix((np.ones(len(inner)), inner.T), shape=(count, count))
    _, node = connected_components(graph, directed=False)
    neighbors: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges.tolist():
        if not (crossing[a] and crossing[b]):
            neighbors[a].append(b)
            neighbors[b].append(a)
    return coordinates, list(_trace(neighbors, node, degree))


def _trace(
    neighbors: list[list[int]], node: NDArray[np.intp], degree: NDArray[np.intp]
) -> Iterator[Branch]:
    """Walk from every end and branch point, then around what is left: loops."""
    used: set[tuple[int, int]] = set()
    ends = np.flatnonzero((degree != 2) & (degree > 0)).tolist()
    loops = np.flatnonzero(degree == 2).tolist()
    for start in [*ends, *loops]:
        if degree[start] == 2 and any((start, n) in used for n in neighbors[start]):
            continue
        for step in neighbors[start]:
            if (start, step) in used:
                continue
            path = [start, step]
            while degree[path[-1]] == 2 and path[-1] != start:
                a, b = neighbors[path[-1]]
                path.append(b if a == path[-2] else a)
            for a, b in pairwise(path):
                used |= {(a, b), (b, a)}
            yield Branch(int(node[path[0]]), int(node[path[-1]]), np.array(path, np.intp))


def prune(
    branches: list[Branch], coordinates: NDArray, radii: NDArray[np.floating]
) -> list[Branch]:
    """Take away spurs, and join what they had divided.

    Parameters
    ----------
    branches : list of Branch
        As from `branches_of`.
    coordinates : ndarray, shape (N, D)
        Of the voxels of the skeleton.
    radii : ndarray, shape (N,)
        Of the vessel at each of them, in the unit of the coordinates.
    """
    kept = list(branches)
    while True:
        spurs = _spurs(kept, coordinates, radii)
        if not spurs:
            return kept
        kept = _join([branch for i, branch in enumerate(kept) if i not in spurs])


def _at_nodes(branches: list[Branch]) -> dict[int, list[int]]:
    """Branches that meet in each node; a loop meets its node twice."""
    found: dict[int, list[int]] = defaultdict(list)
    for i, branch in enumerate(branches):
        found[branch.first].append(i)
        found[branch.last].append(i)
    return found


def _spurs(branches: list[Branch], coordinates: NDArray, radii: NDArray[np.floating]) -> set[int]:
    """Spurs to be taken away: at a branch point the shortest only, for the rest may go on."""
    meeting = _at_nodes(branches)
    shortest: dict[int, tuple[float, int]] = {}
    for i, branch in enumerate(branches):
        for free, root, voxel in (
            (branch.first, branch.last, branch.path[-1]),
            (branch.last, branch.first, branch.path[0]),
        ):
            if len(meeting[free]) == 1 and len(meeting[root]) > 2:
                length = branch.length(coordinates)
                short = length < _SPUR_RADII * radii[voxel]
                if short and (length, i) < shortest.get(root, (np.inf, -1)):
                    shortest[root] = (length, i)
    return {i for _, i in shortest.values()}


def _join(branches: list[Branch]) -> list[Branch]:
    """Join the two branches of each node that has no third any more."""
    kept: dict[int, Branch] = dict(enumerate(branches))
    meeting = _at_nodes(branches)
    for node, members in meeting.items():
        if len(members) != 2 or members[0] == members[1]:
            continue
        one, two = kept.pop(members[0]), kept.pop(members[1])
        first = one.path if one.last == node else one.path[::-1]
        second = two.path if two.first == node else two.path[::-1]
        start = one.first if one.last == node else one.last
        end = two.last if two.first == node else two.first
        joined = Branch(start, end, np.concatenate([first, second]))
        kept[members[0]] = joined
        far = meeting[end]
        far[far.index(members[1])] = members[0]
    return list(kept.values())
