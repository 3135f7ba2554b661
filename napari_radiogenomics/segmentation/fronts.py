"""Travel costs through a volume: the cheapest path from seeds to every voxel (Dijkstra).

Letters: V voxels of the padded volume, N neighbours of a voxel.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["travel_costs"]


@njit(cache=True, nogil=True)
def _spread(
    costs: NDArray[np.float64],
    values: NDArray[np.float64],
    offsets: NDArray[np.intp],
    lengths: NDArray[np.float64],
    edge: float,
    reached: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Lower ``reached`` (V,), 0 at the seeds, to the cost of the cheapest path.

    No bounds checking: voxels at the border of the padded volume have infinite costs.
    """
    heap = [(0.0, 0)]
    heap.pop()
    for voxel in range(reached.size):
        if reached[voxel] == 0.0:
            heap.append((0.0, voxel))
    while heap:
        so_far, voxel = heapq.heappop(heap)
        if so_far > reached[voxel]:
            continue
        cost, value = costs[voxel], values[voxel]
        for n in range(offsets.size):
            other = voxel + offsets[n]
            total = (
                so_far
                + lengths[n] * 0.5 * (cost + costs[other])
                + edge * abs(value - values[other])
            )
            if total < reached[other]:
                reached[other] = total
                heapq.heappush(heap, (total, other))


def travel_costs(
    seeds: NDArray[np.bool_],
    costs: NDArray[np.floating],
    values: NDArray[np.floating],
    spacing: Sequence[float],
    *,
    edge: float,
) -> NDArray[np.float64]:
    """Cost of the cheapest path from the nearest seed to each voxel, over 26 neighbours.

    A step costs its length in mm times the mean cost of its two voxels, and ``edge`` times the
    difference of their values.

    Parameters
    ----------
    seeds : ndarray of bool, shape (Z, Y, X)
        Where paths start.
    costs : ndarray, shape (Z, Y, X)
        Cost of a mm in each voxel; infinite where no path goes.
    values : ndarray, shape (Z, Y, X)
        Finite values.
    spacing : sequence of float
        Along z, y, x in mm.
    edge : float
        Price of a difference of one in the values.

    Returns
    -------
    ndarray of float64, shape (Z, Y, X)
        0 at the seeds; infinite where no path leads.

    Examples
    --------
    >>> seeds = np.array([[[True, False, False]]])
    >>> flat = np.zeros((1, 1, 3))
    >>> travel_costs(seeds, flat + 1, flat, (5.0, 1.0, 2.0), edge=1.0).tolist()
    [[[0.0, 2.0, 4.0]]]
    """
    walls: NDArray[np.float64] = np.pad(np.asarray(costs, float), 1, constant_values=np.inf)
    padded = np.pad(np.asarray(values, float), 1)
    reached = np.where(np.pad(seeds, 1), 0.0, np.inf)
    steps = np.argwhere(np.ones((3, 3, 3))) - 1
    steps = steps[np.any(steps != 0, axis=1)]  # (N, 3)
    lengths = np.linalg.norm(steps * np.asarray(spacing), axis=1)
    along = np.array([walls.shape[1] * walls.shape[2], walls.shape[2], 1])
    offsets = (steps @ along).astype(np.intp)
    flat = reached.reshape(-1)
    _spread(walls.reshape(-1), padded.reshape(-1), offsets, lengths, float(edge), flat)
    return reached[1:-1, 1:-1, 1:-1]
