"""Travel costs through a volume: the cheapest path from seeds to every voxel (Dijkstra).

Strategy: the voxels that wait are kept in a binary heap that knows each voxel's place, so that
a cheaper path moves it up and the heap never holds a voxel twice. It lives in plain arrays
between calls of the kernel: the work can be shown and stopped.

Letters: V voxels of the padded volume, N neighbours of a voxel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress, quiet

__all__ = ["travel_costs"]

_TURN = 50_000  # voxels settled in one call, about a tenth of a second


@njit(cache=True, nogil=True)
def _rise(
    heap: NDArray[np.int32], places: NDArray[np.int32], keys: NDArray[np.float64], place: int
) -> None:  # pragma: no cover - compiled
    """Move a voxel of the heap up to where its key belongs."""
    voxel = heap[place]
    key = keys[voxel]
    while place > 0:
        parent = (place - 1) >> 1
        above = heap[parent]
        if keys[above] <= key:
            break
        heap[place] = above
        places[above] = place
        place = parent
    heap[place] = voxel
    places[voxel] = place


@njit(cache=True, nogil=True)
def _sink(
    heap: NDArray[np.int32], places: NDArray[np.int32], keys: NDArray[np.float64], size: int
) -> None:  # pragma: no cover - compiled
    """Move the voxel on top of the heap down to where its key belongs."""
    place = 0
    voxel = heap[0]
    key = keys[voxel]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and keys[heap[child + 1]] < keys[heap[child]]:
            child += 1
        below = heap[child]
        if keys[below] >= key:
            break
        heap[place] = below
        places[below] = place
        place = child
    heap[place] = voxel
    places[voxel] = place


@njit(cache=True, nogil=True)
def _spread(
    costs: NDArray[np.float64],
    values: NDArray[np.float64],
    offsets: NDArray[np.intp],
    lengths: NDArray[np.float64],
    edge: float,
    reached: NDArray[np.float64],
    heap: NDArray[np.int32],
    places: NDArray[np.int32],
    size: int,
    most: int,
) -> int:  # pragma: no cover - compiled
    """Settle up to ``most`` voxels of the heap; gives its new size.

    ``reached`` (V,) holds the cost of the cheapest path so far. No bounds checking: voxels at
    the border of the padded volume have infinite costs.
    """
    while size > 0 and most > 0:
        most -= 1
        voxel = heap[0]
        places[voxel] = -1
        size -= 1
        if size > 0:
            heap[0] = heap[size]
            _sink(heap, places, reached, size)
        so_far, cost, value = reached[voxel], costs[voxel], values[voxel]
        for n in range(offsets.size):
            other = voxel + offsets[n]
            total = (
                so_far
                + lengths[n] * 0.5 * (cost + costs[other])
                + edge * abs(value - values[other])
            )
            if total < reached[other]:
                reached[other] = total
                if places[other] < 0:
                    heap[size] = other
                    places[other] = size
                    size += 1
                _rise(heap, places, reached, places[other])
    return size


def travel_costs(
    seeds: NDArray[np.bool_],
    costs: NDArray[np.floating],
    values: NDArray[np.floating],
    spacing: Sequence[float],
    *,
    edge: float,
    progress: Progress = quiet,
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
    progress : Progress, optional
        Reports parts of the work, may cancel.

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
    padded = np.pad(np.asarray(values, float), 1).reshape(-1)
    reached = np.where(np.pad(seeds, 1), 0.0, np.inf)
    steps = np.argwhere(np.ones((3, 3, 3))) - 1
    steps = steps[np.any(steps != 0, axis=1)]  # (N, 3)
    lengths = np.linalg.norm(steps * np.asarray(spacing), axis=1)
    along = np.array([walls.shape[1] * walls.shape[2], walls.shape[2], 1])
    offsets = (steps @ along).astype(np.intp)
    flat = reached.reshape(-1)
    start = np.flatnonzero(flat == 0).astype(np.int32)
    heap, places = np.zeros(flat.size, np.int32), np.full(flat.size, -1, np.int32)
    heap[: start.size], places[start] = start, np.arange(start.size)
    ways = (walls.reshape(-1), padded, offsets, lengths, float(edge), flat, heap, places)

    def turns() -> Iterator[int]:
        size = start.size
        while size:
            size = _spread(*ways, size, _TURN)
            yield size

    for _ in progress(turns(), "Voxels"):
        pass
    return reached[1:-1, 1:-1, 1:-1]
