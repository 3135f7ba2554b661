"""Histograms of pairs of gray levels around each voxel, compiled: for kernels of few cells.

Strategy: as in `glcm`, but with few pairs it is soonest to keep each sum as single pairs enter
and leave: histograms are never looked through.

Letters: A angles, V voxels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.glcm import (
    DIFFERENCE_ENTROPY,
    ID,
    IDM,
    IDMN,
    IDN,
    IMC1,
    IMC2,
    INVERSE_VARIANCE,
    JOINT_ENERGY,
    JOINT_ENTROPY,
    MAXIMUM_PROBABILITY,
    NO_INFORMATION,
    SUM_ENTROPY,
    difference_weights,
    fixed_point,
)

__all__ = ["few_pair_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True, error_model="numpy")
def few_pair_rows(
    levels: Levels,
    centers: Places,
    moving: tuple[Places, Places, Places, Places, Places],
    n_levels: int,
    out: Reals,
    angles: Reals,
) -> None:
    """Add what histograms of pairs say to the rows of each voxel.

    Where the next voxel lies beside the one before, only pairs that enter and leave the kernel
    are counted. All sums are whole numbers: nothing drifts.

    Parameters
    ----------
    levels, centers
        As for `moments.moment_rows`; a run of neighbors along x is fast.
    moving : tuple of ndarray of intp
        From a center to the first and to the second cell of each pair, no bounds checking;
        then, of shape (A + 1,), where the pairs of each angle start: all of them, those that
        are new when the kernel moves on by one voxel along x, those it leaves behind.
    n_levels : int
        Highest gray level.
    out : ndarray of float64, shape (len(ROWS), V)
        Sums over the angles that hold a pair.
    angles : ndarray of float64, shape (V,)
        Zeros; filled with the number of these angles.
    """
    top: Any  # whole numbers of the compiler's choice
    far: Any
    twins: Any
    squares: Any
    first, second, all_starts, entering, leaving = moving
    V = centers.size
    A = all_starts.size - 1
    most = 0
    for angle in range(A):
        most = max(most, all_starts[angle + 1] - all_starts[angle])
    logs, unit = fixed_point(2 * most)
    gain = np.zeros(2 * most + 1, np.int64)
    for k in range(2 * most):
        gain[k] = logs[k + 1] - logs[k]
    weights = difference_weights(n_levels)
    by_pair = np.zeros((n_levels + 1) * (n_levels + 2) // 2, np.int32)
    by_sum = np.zeros(2 * n_levels + 1, np.int32)
    by_difference = np.zeros(n_levels + 1, np.int32)
    by_level = np.zeros(n_levels + 1, np.int32)
    by_count = np.zeros(2 * most + 2, np.int32)  # how many entries have which count
    for angle in range(A):
        n = same = energy = top = 0
        log_pair = log_sum = log_level = far = 0
        for v in range(V + 1):
            beside = 0 < v < V and centers[v] == centers[v - 1] + 1
            for entry in range(2):  # pairs leave, then pairs enter
                sign = 2 * entry - 1
                less = 1 - entry
                if v - 1 + entry < 0 or v - 1 + entry >= V:
                    continue
                at = centers[v - 1 + entry]
                begin, end = all_starts[angle], all_starts[angle + 1]
                if beside:
                    moved = entering if entry else leaving
                    begin, end = moved[angle], moved[angle + 1]
                pairs = twins = squares = 0  # what this group changes, whichever its sign
                logs_p = logs_s = logs_l = 0
                for q in range(begin, end):
                    x = np.int64(levels[np.uint64(at + first[q])])
                    y = np.int64(levels[np.uint64(at + second[q])])
                    if x == 0 or y == 0:
                        continue
                    high = max(x, y)
                    d = np.uint64(abs(x - y))
                    equal = np.int64(x == y)
                    pairs += 1
                    twins += equal
                    cell = np.uint64(high * (high + 1) // 2 + min(x, y))
                    count = np.int64(by_pair[cell])
                    after = count + sign
                    by_pair[cell] = after
                    lower = min(count, after)
                    logs_p += gain[np.uint64(lower)]
                    squares += (2 * lower + 1) << equal
                    by_count[np.uint64(count << equal)] -= 1
                    by_count[np.uint64(after << equal)] += 1
                    top = max(top, after << equal)
                    cell = np.uint64(x + y)
                    count = np.int64(by_sum[cell])
                    by_sum[cell] = count + sign
                    logs_s += gain[np.uint64(count - less)]
                    by_difference[d] += sign
                    far = max(far, np.int64(d))
                    cell = np.uint64(x)
                    count = np.int64(by_level[cell])
                    by_level[cell] = count + sign
                    logs_l += gain[np.uint64(count - less)]
                    cell = np.uint64(y)
                    count = np.int64(by_level[cell])
                    by_level[cell] = count + sign
                    logs_l += gain[np.uint64(count - less)]
                n += sign * pairs
                same += sign * twins
                energy += sign * squares
                log_pair += sign * logs_p
                log_sum += sign * logs_s
                log_level += sign * logs_l
            if n == 0 or v == V:
                continue
            while top > 0 and by_count[top] == 0:
                top -= 1
            angles[v] += 1.0
            w = 1.0 / n
            scale = w * unit
            joint = (logs[n] - log_pair) * scale + (n - same) * w
            one = (logs[2 * n] - log_level) * (0.5 * scale)
            shared = 2.0 * one - joint
            out[JOINT_ENERGY, v] += 0.5 * energy * w * w
            out[MAXIMUM_PROBABILITY, v] += 0.5 * top * w
            out[JOINT_ENTROPY, v] += joint
            out[SUM_ENTROPY, v] += (logs[n] - log_sum) * scale
            if shared > NO_INFORMATION:
                out[IMC1, v] -= shared / one
                out[IMC2, v] += np.sqrt(1.0 - np.exp(-2.0 * shared))
            while far > 0 and by_difference[far] == 0:
                far -= 1
            log_difference = 0
            id1 = id2 = id3 = id4 = id5 = 0.0
            for k in range(far + 1):
                often = by_difference[k]
                log_difference += logs[often]
                id1 += weights[0, k] * often
                id2 += weights[1, k] * often
                id3 += weights[2, k] * often
                id4 += weights[3, k] * often
                id5 += weights[4, k] * often
            out[DIFFERENCE_ENTROPY, v] += (logs[n] - log_difference) * (w * unit)
            out[ID, v] += id1 * w
            out[IDM, v] += id2 * w
            out[IDN, v] += id3 * w
            out[IDMN, v] += id4 * w
            out[INVERSE_VARIANCE, v] += id5 * w
