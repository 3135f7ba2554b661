"""Co-occurrence of gray levels around each voxel, compiled: one way only, or angles joined.

Strategy: the plain one. The levels of a kernel are renumbered, and a small matrix is filled and
walked. What is symmetrical and by angle has a faster way in `glcm`.

Letters: K cells of the kernel, A angles, V voxels; M levels of a kernel.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.glcm import (
    AUTOCORRELATION,
    CONTRAST,
    CORRELATION,
    DIFFERENCE_AVERAGE,
    DIFFERENCE_ENTROPY,
    DIFFERENCE_VARIANCE,
    ID,
    IMC1,
    IMC2,
    JOINT_AVERAGE,
    JOINT_ENERGY,
    JOINT_ENTROPY,
    MAXIMUM_PROBABILITY,
    MCC,
    NO_INFORMATION,
    PROMINENCE,
    SHADE,
    SUM_AVERAGE,
    SUM_ENTROPY,
    SUM_SQUARES,
    TENDENCY,
    difference_weights,
)  # fmt: skip

__all__ = ["any_glcm_rows", "glcm_measures"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True, error_model="numpy")
def _entropy(p: Reals, n: int) -> float:
    total = 0.0
    for k in range(n):
        if p[k] > 0.0:
            total -= p[k] * np.log2(p[k])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _third_moment(P: Reals, level: Places, m: int, total: float) -> float:
    """Third central moment of sums of two levels, from counts: 0 where it is, not a rounding.

    It cancels. Powers of whole numbers near the mean are added, and divided at the end.
    """
    first = 0.0
    for a in range(m):
        for b in range(m):
            first += P[a, b] * (level[a] + level[b])
    middle = np.rint(first / total)
    unit = min(total, 1.0)  # weights may be so small that their cubes vanish
    n = total / unit
    u1 = u2 = u3 = 0.0
    for a in range(m):
        for b in range(m):
            count = P[a, b] / unit
            t = level[a] + level[b] - middle
            u1 += count * t
            u2 += count * t * t
            u3 += count * t * t * t
    return ((u3 * n - 3.0 * u1 * u2) * n + 2.0 * u1 * u1 * u1) / (n * n * n)


@njit(cache=True, nogil=True, error_model="numpy")
def _make_shares(P: Reals, m: int, total: float) -> float:
    """Divide counts by their sum; gives the highest share."""
    highest = 0.0
    for a in range(m):
        for b in range(m):
            P[a, b] /= total
            highest = max(highest, P[a, b])
    return highest


@njit(cache=True, nogil=True, error_model="numpy")
def _add_measures(
    P: Reals, total: float, level: Places, m: int, weights: Reals, by_sum: Reals,
    by_difference: Reals, px: Reals, py: Reals, out: Reals, v: int,
) -> None:  # fmt: skip
    """Add the measures of one matrix of counts, which become shares."""
    out[SHADE, v] += _third_moment(P, level, m, total)
    out[MAXIMUM_PROBABILITY, v] += _make_shares(P, m, total)
    mean_x = mean_y = 0.0
    rows = columns = 0
    for a in range(m):
        px[a] = py[a] = 0.0
        for b in range(m):
            px[a] += P[a, b]
            py[a] += P[b, a]
        mean_x += level[a] * px[a]
        mean_y += level[a] * py[a]
        rows += px[a] > 0.0
        columns += py[a] > 0.0
    var_x = var_y = covariance = joint = 0.0
    top = 0
    for a in range(m):
        i = level[a]
        x = i - mean_x
        y = i - mean_y
        var_x += px[a] * x * x
        var_y += py[a] * y * y
        top = max(top, i)
        for b in range(m):
            p = P[a, b]
            if p == 0.0:
                continue
            j = level[b]
            d = abs(i - j)
            z = x + (j - mean_y)
            covariance += p * x * (j - mean_y)
            joint -= p * np.log2(p)
            by_sum[i + j] += p
            by_difference[d] += p
            out[AUTOCORRELATION, v] += p * i * j
            out[TENDENCY, v] += p * z * z
            out[PROMINENCE, v] += p * z * z * z * z
            out[JOINT_ENERGY, v] += p * p
            for k in range(5):
                out[ID + k, v] += p * weights[k, d]
    out[JOINT_AVERAGE, v] += mean_x
    out[SUM_AVERAGE, v] += mean_x + mean_y
    out[SUM_SQUARES, v] += var_x
    one_level = rows == 1 or columns == 1
    out[CORRELATION, v] += 1.0 if one_level else covariance / np.sqrt(var_x * var_y)
    average = contrast = 0.0
    for d in range(top):
        average += d * by_difference[d]
        contrast += float(d) * d * by_difference[d]
    out[DIFFERENCE_AVERAGE, v] += average
    out[CONTRAST, v] += contrast
    for d in range(top):
        out[DIFFERENCE_VARIANCE, v] += by_difference[d] * (d - average) ** 2
    out[DIFFERENCE_ENTROPY, v] += _entropy(by_difference, top)
    out[SUM_ENTROPY, v] += _entropy(by_sum, 2 * top + 1)
    by_difference[:top] = 0.0
    by_sum[: 2 * top + 1] = 0.0
    out[JOINT_ENTROPY, v] += joint
    one, two = _entropy(px, m), _entropy(py, m)
    shared = one + two - joint
    if shared > NO_INFORMATION:
        out[IMC1, v] -= shared / max(one, two)
        out[IMC2, v] += np.sqrt(1.0 - np.exp(-2.0 * shared))


@njit(cache=True, nogil=True, error_model="numpy")
def any_glcm_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    starts: Places,
    n_levels: int,
    symmetrical: bool,
    joined: bool,
    angle_weights: Reals,
    out: Reals,
) -> None:
    """Fill the measures for each voxel; not MCC.

    Parameters
    ----------
    levels, centers, offsets, first, second, starts, n_levels, out
        As for `glcm.glcm_rows`.
    symmetrical : bool
        Whether a pair is counted both ways.
    joined : bool
        Whether the matrices of all angles are added first.
    angle_weights : ndarray of float64, shape (A,)
        Weight of each angle in the sum.
    """
    K = offsets.size
    A = starts.size - 1
    M = min(K, n_levels)
    P = np.zeros((M, M))
    level = np.zeros(K + 1, np.intp)
    cell = np.zeros(K, np.intp)
    node_of = np.full(n_levels + 1, -1, np.intp)
    weights = difference_weights(n_levels)
    by_sum = np.zeros(2 * n_levels + 1)
    by_difference = np.zeros(n_levels + 1)
    px = np.zeros(M)
    py = np.zeros(M)
    for v in range(centers.size):
        m = 0
        for k in range(K):
            i = levels[centers[v] + offsets[k]]
            if i > 0 and node_of[i] < 0:
                node_of[i] = m
                level[m] = i
                m += 1
            cell[k] = node_of[i] if i > 0 else -1
        for a in range(m):
            node_of[level[a]] = -1
        angles = 0
        total = 0.0
        for angle in range(A):
            w = angle_weights[angle] if joined else 1.0
            for q in range(starts[angle], starts[angle + 1]):
                a = cell[first[q]]
                b = cell[second[q]]
                if a >= 0 and b >= 0:
                    P[a, b] += w
                    total += w
                    if symmetrical:
                        P[b, a] += w
                        total += w
            if total == 0.0 or (joined and angle < A - 1):
                continue
            _add_measures(P, total, level, m, weights, by_sum, by_difference, px, py, out, v)
            angles += 1
            total = 0.0
            P[:m, :m] = 0.0
        for row in range(MCC):
            out[row, v] = out[row, v] / angles if angles > 0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def glcm_measures(P: Reals, level: Places, n_levels: int, out: Reals) -> None:
    """Fill the measures of matrices of counts, which become shares; not MCC.

    Parameters
    ----------
    P : ndarray of float64, shape (A, M, M)
        Counts of pairs; divided by their sum.
    level : ndarray of intp, shape (M,)
        Level of each row and column.
    n_levels : int
        Highest gray level of the region.
    out : ndarray of float64, shape (len(ROWS), A)
        Zeros; filled, NaN where a matrix is empty.
    """
    m = level.size
    weights = difference_weights(n_levels)
    by_sum = np.zeros(2 * n_levels + 1)
    by_difference = np.zeros(n_levels + 1)
    px = np.zeros(m)
    py = np.zeros(m)
    for angle in range(P.shape[0]):
        total = P[angle].sum()
        if total == 0.0:
            for row in range(out.shape[0]):
                out[row, angle] = np.nan
            continue
        of_angle = P[angle]
        _add_measures(of_angle, total, level, m, weights, by_sum, by_difference, px, py, out, angle)
