"""Histograms of pairs of gray levels around each voxel, compiled: for kernels of few cells.

Strategy: `WIDE` voxels go through the same instructions. No histogram is made: each of the few
pairs of an angle is compared with all of them, and what finds c equals of itself stands for one
of the c in its entry. Sum over entries of c·log2 c is then the logarithm of the product of all
c; three of them are multiplied as whole numbers, the rest as real ones. What pairs say by
their difference alone is in `likeness`.

Letters: K cells of the kernel, A angles, Q pairs of an angle, V voxels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.few_links import gather_wide
from napari_radiogenomics.radiomics.kernels.glcm import (
    DIFFERENCE_ENTROPY,
    IMC1,
    IMC2,
    JOINT_ENERGY,
    JOINT_ENTROPY,
    MAXIMUM_PROBABILITY,
    NO_INFORMATION,
    SUM_ENTROPY,
)
from napari_radiogenomics.radiomics.kernels.logarithm import log2, power_of_two
from napari_radiogenomics.radiomics.kernels.machine import (
    fill,
    load,
    root,
    rows,
    store,
    where_positive,
)
from napari_radiogenomics.radiomics.kernels.whole import (
    WIDE,
    equal,
    first_half,
    larger,
    load_whole,
    second_half,
    store_whole,
    wholes,
)

__all__ = ["few_pair_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Vector = Any

FEATURES = (
    JOINT_ENERGY, MAXIMUM_PROBABILITY, JOINT_ENTROPY, SUM_ENTROPY, DIFFERENCE_ENTROPY, IMC1, IMC2
)  # fmt: skip
# Rows of logarithms, one for each half.
JOINT, ENDS, SUMS, DIFFERENCES = 0, 2, 4, 6
# Two to this power is e to the power of −2.
E_TO_MINUS_2 = -2.0 / np.log(2.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _list_pairs(
    tile: Levels, first: Places, second: Places, begin: int, end: int,
    total: Levels, apart: Levels, often: Levels,
) -> tuple[Vector, Vector]:  # fmt: skip
    """List sum and difference of each pair; a pair that is absent has a difference of its own.

    Counts in how many pairs each cell is; gives how many pairs there are, and of equals.
    """
    zero = wholes(0)
    n, same = zero, zero
    often[:] = 0
    for q in range(begin, end):
        x = load_whole(tile, first[q])
        y = load_whole(tile, second[q])
        absent = equal(x, zero) | equal(y, zero)
        present = equal(absent, zero)
        gap = larger(x - y, y - x)
        own = wholes(begin - q - 1)
        store_whole(total, q - begin, present & (x + y))
        store_whole(apart, q - begin, (absent & own) | (present & gap))
        store_whole(often, first[q], load_whole(often, first[q]) - present)
        store_whole(often, second[q], load_whole(often, second[q]) - present)
        n = n - present
        same = same - (equal(x, y) & present)
    return n, same


@njit(cache=True, nogil=True, error_model="numpy")
def _count_equals(
    Q: int, total: Levels, apart: Levels, joint: Levels, sums: Levels, differences: Levels
) -> tuple[Vector, Vector]:
    """How many pairs each is like: in both levels, in sum, in difference; 1 where it is absent.

    Gives the sum over the symmetrical matrix of counts squared, halved, and its largest count.
    """
    zero, one = wholes(0), wholes(1)
    energy, top = zero, zero
    for q in range(Q):
        s = load_whole(total, q)
        d = load_whole(apart, q)
        both, by_sum, by_difference = zero, zero, zero
        for other in range(Q):
            like = equal(s, load_whole(total, other))
            near = equal(d, load_whole(apart, other))
            by_sum = by_sum - like
            by_difference = by_difference - near
            both = both - (like & near)
        present = equal(larger(d, zero), d)
        store_whole(joint, q, both)
        store_whole(differences, q, by_difference)
        store_whole(sums, q, one - (present & (one - by_sum)))
        counts = (both - (equal(d, zero) & (zero - both))) & present
        energy = energy + counts
        top = larger(top, counts)
    return energy, top


@njit(cache=True, nogil=True, error_model="numpy")
def _count_levels(
    tile: Levels, first: Places, second: Places, cells: Places, apart: Levels, often: Levels,
    counts: Levels, found: Levels,
) -> None:  # fmt: skip
    """How often the level of each end of a pair occurs among all ends; 1 where it is absent.

    Sums over ends of one level are found once for each cell.
    """
    zero, one = wholes(0), wholes(1)
    for k in cells:
        level = load_whole(tile, k)
        count = zero
        for other in cells:
            count = count + (equal(level, load_whole(tile, other)) & load_whole(often, other))
        store_whole(counts, k, count - one)
    for q in range(first.size):
        d = load_whole(apart, q)
        present = equal(larger(d, zero), d)
        store_whole(found, 2 * q, (load_whole(counts, first[q]) & present) + one)
        store_whole(found, 2 * q + 1, (load_whole(counts, second[q]) & present) + one)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _add_logs(counts: Levels, n: int, logs: Reals, row: int) -> None:
    """Logarithms of the products of n rows, both halves, to two rows."""
    low = high = fill(1.0)
    one = wholes(1)
    for q in range(n, n + 2):
        store_whole(counts, q, one)
    for q in range(0, n, 3):
        three = load_whole(counts, q) * load_whole(counts, q + 1) * load_whole(counts, q + 2)
        low = low * first_half(three)
        high = high * second_half(three)
    store(logs, row, log2(low))
    store(logs, row + 1, log2(high))


@njit(cache=True, nogil=True, error_model="numpy")
def _gain(found: Reals, feature: int, half: int, counts: Vector, value: Vector) -> None:
    """Add what an angle that holds a pair says."""
    row = 2 * feature + half
    store(found, row, load(found, row) + where_positive(counts, value, fill(0.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def _known(x: Vector) -> Vector:
    """x, but 0 where rounding is all there is."""
    return where_positive(x - NO_INFORMATION, x, fill(0.0))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _add_angle(
    n: Vector, same: Vector, energy: Vector, top: Vector, logs: Reals, half: int, found: Reals
) -> None:
    """Add the features of one angle for half a tile."""
    w = fill(1.0) / n
    most = log2(n)
    joint = most - (load(logs, JOINT + half) - (n - same)) * w
    one = most + 1.0 - load(logs, ENDS + half) * w * 0.5
    shared = _known(one * 2.0 - joint)
    untold = fill(1.0) - power_of_two(shared * E_TO_MINUS_2)
    _gain(found, 0, half, n, energy * w * w * 0.5)
    _gain(found, 1, half, n, top * w * 0.5)
    _gain(found, 2, half, n, _known(joint))
    _gain(found, 3, half, n, _known(most - load(logs, SUMS + half) * w))
    _gain(found, 4, half, n, _known(most - load(logs, DIFFERENCES + half) * w))
    _gain(found, 5, half, n, where_positive(shared, fill(0.0) - shared / one, shared))
    _gain(found, 6, half, n, root(untold))
    _gain(found, 7, half, n, fill(1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _cells_of(first: Places, second: Places, starts: Places, K: int) -> tuple[Places, Places]:
    """Cells of the pairs of each angle, and where each angle starts."""
    cells = np.empty((starts.size - 1) * K, np.intp)
    begins = np.zeros(starts.size, np.intp)
    n = 0
    for angle in range(starts.size - 1):
        for k in range(K):
            for q in range(starts[angle], starts[angle + 1]):
                if k in (first[q], second[q]):
                    cells[n] = k
                    n += 1
                    break
        begins[angle + 1] = n
    return cells, begins


@njit(cache=True, nogil=True, error_model="numpy")
def few_pair_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    starts: Places,
    out: Reals,
    angles: Reals,
) -> None:
    """Add what histograms of pairs say to the rows of each voxel.

    Parameters
    ----------
    levels, centers
        As for `moments.moment_rows`.
    offsets : ndarray of intp, shape (K,)
        From a center to the cells of its kernel, no bounds checking; at most 27.
    first, second, starts : ndarray of intp
        As `lattice.Pairs` has them.
    out : ndarray of float64, shape (len(ROWS), V)
        Sums over the angles that hold a pair.
    angles : ndarray of float64, shape (V,)
        Zeros; filled with the number of these angles.
    """
    K = offsets.size
    most = 0
    for angle in range(starts.size - 1):
        most = max(most, starts[angle + 1] - starts[angle])
    cells, begins = _cells_of(first, second, starts, K)
    tile = np.zeros(K * WIDE, np.int16)
    often = np.zeros(K * WIDE, np.int16)
    by_cell = np.zeros(K * WIDE, np.int16)
    total = np.zeros(most * WIDE, np.int16)
    apart = np.zeros(most * WIDE, np.int16)
    joint = np.zeros((most + 2) * WIDE, np.int16)
    sums = np.zeros((most + 2) * WIDE, np.int16)
    differences = np.zeros((most + 2) * WIDE, np.int16)
    ends = np.zeros((2 * most + 2) * WIDE, np.int16)
    found = rows(2 * (len(FEATURES) + 1))
    logs = rows(8)
    for start in range(0, centers.size, WIDE):
        gather_wide(levels, centers, start, offsets, tile)
        found[:] = 0.0
        for angle in range(starts.size - 1):
            begin, end = starts[angle], starts[angle + 1]
            Q = end - begin
            n, same = _list_pairs(tile, first, second, begin, end, total, apart, often)
            energy, top = _count_equals(Q, total, apart, joint, sums, differences)
            held = cells[begins[angle] : begins[angle + 1]]
            _count_levels(
                tile, first[begin:end], second[begin:end], held, apart, often, by_cell, ends
            )
            _add_logs(joint, Q, logs, JOINT)
            _add_logs(ends, 2 * Q, logs, ENDS)
            _add_logs(sums, Q, logs, SUMS)
            _add_logs(differences, Q, logs, DIFFERENCES)
            _add_angle(first_half(n), first_half(same), first_half(energy), first_half(top), logs,
                       0, found)  # fmt: skip
            _add_angle(second_half(n), second_half(same), second_half(energy), second_half(top),
                       logs, 1, found)  # fmt: skip
        lanes = min(WIDE, centers.size - start)
        for f, feature in enumerate(FEATURES):
            for lane in range(lanes):
                out[feature, start + lane] += found[f * WIDE + lane]
        for lane in range(lanes):
            angles[start + lane] += found[len(FEATURES) * WIDE + lane]
