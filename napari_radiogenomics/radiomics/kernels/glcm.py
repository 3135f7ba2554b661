"""Co-occurrence of gray levels around each voxel, compiled: symmetrical, one matrix an angle.

Strategy: no matrix is made. Powers of the sum and of the difference of two levels are added
for a tile of voxels at once (`moments`); four histograms of each voxel and angle (pairs, sums,
differences, levels) give the entropies as integer sums of n·log2 n in fixed point, so that
they do not depend on any order and are exactly 0 where they should be; features that weigh a
pair by its difference alone come from one histogram of differences for all angles.

Letters: K cells of the kernel, Q pairs of cells, A angles, V voxels.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.kernels.sizes import LANES, gather

__all__ = ["ROWS", "difference_weights", "fixed_point", "glcm_rows"]

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Whole = NDArray[np.int64]

ROWS = (
    "Autocorrelation", "JointAverage", "ClusterProminence", "ClusterShade", "ClusterTendency",
    "Contrast", "Correlation", "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance",
    "JointEnergy", "JointEntropy", "Imc1", "Imc2", "MaximumProbability", "SumAverage",
    "SumEntropy", "SumSquares", "Id", "Idm", "Idn", "Idmn", "InverseVariance", "MCC",
)  # fmt: skip
(
    AUTOCORRELATION, JOINT_AVERAGE, PROMINENCE, SHADE, TENDENCY,
    CONTRAST, CORRELATION, DIFFERENCE_AVERAGE, DIFFERENCE_ENTROPY, DIFFERENCE_VARIANCE,
    JOINT_ENERGY, JOINT_ENTROPY, IMC1, IMC2, MAXIMUM_PROBABILITY, SUM_AVERAGE,
    SUM_ENTROPY, SUM_SQUARES, ID, IDM, IDN, IDMN, INVERSE_VARIANCE, MCC,
) = range(len(ROWS))  # fmt: skip

# Bits of mutual information that are rounding of the table of n·log2 n.
NO_INFORMATION = 1e-11


@njit(cache=True, nogil=True, error_model="numpy")
def fixed_point(n: int) -> tuple[Whole, float]:
    """k·log2 k for k up to n as whole numbers, and what one of them is worth."""
    most = max(n, 2) * np.log2(max(n, 2))
    unit = 2.0 ** np.floor(61.0 - np.log2(most))
    table = np.zeros(n + 1, np.int64)
    for k in range(2, n + 1):
        table[k] = np.int64(k * np.log2(k) * unit)
    return table, 1.0 / unit


@njit(cache=True, nogil=True, error_model="numpy")
def difference_weights(n_levels: int) -> Reals:
    """What a pair adds to Id, Idm, Idn, Idmn, InverseVariance; shape (n_levels, 5)."""
    weights = np.zeros((n_levels, 5))
    for d in range(n_levels):
        square = float(d) * d
        weights[d, 0] = 1.0 / (1.0 + d)
        weights[d, 1] = 1.0 / (1.0 + square)
        weights[d, 2] = 1.0 / (1.0 + d / n_levels)
        weights[d, 3] = 1.0 / (1.0 + square / (float(n_levels) * n_levels))
        if d > 0:
            weights[d, 4] = 1.0 / square
    return weights


@njit(cache=True, nogil=True, error_model="numpy")
def _moments(
    tile: Levels, middle: int, first: Places, second: Places, begin: int, end: int, to: Reals
) -> None:
    """Number of pairs, powers 1-4 of their sum from that of the center, 1-2 of the difference."""
    to[:] = 0.0
    for q in range(begin, end):
        a = first[q]
        b = second[q]
        for lane in range(LANES):
            x = np.int32(tile[a, lane])
            y = np.int32(tile[b, lane])
            c = np.int32(tile[middle, lane])
            both = np.int32((x > 0) & (y > 0))
            s = np.float64((x + y - c - c) * both)
            d = np.float64(abs(x - y) * both)
            square = s * s
            to[0, lane] += both
            to[1, lane] += s
            to[2, lane] += square
            to[3, lane] += square * s
            to[4, lane] += square * square
            to[5, lane] += d
            to[6, lane] += d * d


@njit(cache=True, nogil=True, error_model="numpy")
def _add_moments(
    moments: Reals, lane: int, center: float, out: Reals, v: int
) -> None:
    """Features of the sums and differences of levels."""
    w = 1.0 / moments[0, lane]
    mean = moments[1, lane] * w
    s2 = moments[2, lane] * w
    s3 = moments[3, lane] * w
    s4 = moments[4, lane] * w
    average = moments[5, lane] * w
    contrast = moments[6, lane] * w
    square = mean * mean
    tendency = s2 - square
    out[AUTOCORRELATION, v] += 0.25 * (s2 - contrast) + center * (mean + center)
    out[JOINT_AVERAGE, v] += 0.5 * mean + center
    out[SHADE, v] += s3 - mean * (3.0 * s2 - 2.0 * square)
    out[PROMINENCE, v] += s4 - mean * (4.0 * s3 - mean * (6.0 * s2 - 3.0 * square))
    out[TENDENCY, v] += tendency
    out[CONTRAST, v] += contrast
    out[DIFFERENCE_AVERAGE, v] += average
    out[DIFFERENCE_VARIANCE, v] += contrast - average * average
    out[SUM_SQUARES, v] += 0.25 * (tendency + contrast)
    spread = tendency + contrast  # both are 0 or more: 0 only where all levels are one
    out[CORRELATION, v] += (tendency - contrast) / spread if spread > 0.0 else 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def glcm_rows(
    levels: Levels,
    centers: Places,
    offsets: Places,
    first: Places,
    second: Places,
    starts: Places,
    n_levels: int,
    stages: tuple[bool, bool],
    out: Reals,
) -> None:
    """Fill the measures for each voxel, the mean over the angles that hold a pair; not MCC.

    Parameters
    ----------
    levels : ndarray of int16
        Flat and padded; 1 to ``n_levels`` where a voxel counts, else 0. Every center counts.
    centers : ndarray of intp, shape (V,)
        Flat positions; no bounds checking.
    offsets : ndarray of intp, shape (K,)
        From a center to the cells of its kernel; the center is the middle one.
    first, second, starts : ndarray of intp
        Pairs of cells, angle after angle, as in `lattice.Pairs`.
    n_levels : int
        Highest gray level.
    stages : tuple of bool
        Whether moments, and whether histograms are needed.
    out : ndarray of float64, shape (len(ROWS), V)
        Zeros; filled. NaN where no angle holds a pair.
    """
    by_moments, by_histograms = stages
    K = offsets.size
    tile = np.empty((K, LANES), np.int16)
    moments = np.zeros((7, LANES))
    counted = np.zeros(LANES)
    cell = np.zeros(K, np.int64)
    high = np.zeros(K + 1, np.int64)
    low = np.zeros(K + 1, np.int64)
    logs, unit = fixed_point(2 * K)
    gain = np.zeros(2 * K, np.int64)
    for k in range(2 * K):
        gain[k] = logs[k + 1] - logs[k]
    by_pair = np.zeros((n_levels + 1) * (n_levels + 2) // 2, np.int16)
    by_sum = np.zeros(2 * n_levels + 1, np.int32)
    by_difference = np.zeros(n_levels + 1, np.int32)
    by_level = np.zeros(n_levels + 1, np.int32)
    weights = difference_weights(n_levels)
    pooled = np.zeros(n_levels + 1)
    for start in range(0, centers.size, LANES):
        lanes = gather(levels, centers, start, offsets, tile)
        counted[:] = 0.0
        if by_moments:
            for angle in range(starts.size - 1):
                _moments(tile, K // 2, first, second, starts[angle], starts[angle + 1], moments)
                for lane in range(lanes):
                    if moments[0, lane] > 0.0:
                        counted[lane] += 1.0
                        center = float(tile[K // 2, lane])
                        _add_moments(moments, lane, center, out, start + lane)
        if by_histograms:
            for lane in range(lanes):
                v = start + lane
                for k in range(K):
                    cell[k] = tile[k, lane]
                angles = 0
                far = 0
                for angle in range(starts.size - 1):
                    n = 0
                    for q in range(starts[angle], starts[angle + 1]):
                        x = cell[first[q]]
                        y = cell[second[q]]
                        high[n] = max(x, y)
                        low[n] = min(x, y)
                        n += (x > 0) & (y > 0)
                    if n == 0:
                        continue
                    angles += 1
                    w = 1.0 / n
                    energy = most = same = 0
                    log_pair = log_sum = log_difference = log_level = 0
                    for q in range(n):
                        x = high[q]
                        y = low[q]
                        d = x - y
                        far = max(far, d)
                        pooled[d] += w
                        at = x * (x + 1) // 2 + y
                        twice = 1 + (d == 0)
                        same += d == 0
                        count = by_pair[at]
                        by_pair[at] = count + 1
                        log_pair += gain[count]
                        energy += (2 * count + 1) * twice
                        most = max(most, (count + 1) * twice)
                        count = by_sum[x + y]
                        by_sum[x + y] = count + 1
                        log_sum += gain[count]
                        count = by_difference[d]
                        by_difference[d] = count + 1
                        log_difference += gain[count]
                        count = by_level[x]
                        by_level[x] = count + 1
                        log_level += gain[count]
                        count = by_level[y]
                        by_level[y] = count + 1
                        log_level += gain[count]
                    for q in range(n):
                        x = high[q]
                        y = low[q]
                        by_pair[x * (x + 1) // 2 + y] = 0
                        by_sum[x + y] = 0
                        by_difference[x - y] = 0
                        by_level[x] = 0
                        by_level[y] = 0
                    scale = w * unit
                    joint = (logs[n] - log_pair) * scale + (n - same) * w
                    one = (logs[2 * n] - log_level) * (0.5 * scale)
                    shared = 2.0 * one - joint
                    if shared < NO_INFORMATION:
                        shared = 0.0
                    out[JOINT_ENERGY, v] += 0.5 * energy * w * w
                    out[MAXIMUM_PROBABILITY, v] += 0.5 * most * w
                    out[JOINT_ENTROPY, v] += joint
                    out[SUM_ENTROPY, v] += (logs[n] - log_sum) * scale
                    out[DIFFERENCE_ENTROPY, v] += (logs[n] - log_difference) * scale
                    if shared > 0.0:
                        out[IMC1, v] -= shared / one
                        out[IMC2, v] += np.sqrt(1.0 - np.exp(-2.0 * shared))
                counted[lane] = angles
                for d in range(far + 1):
                    w = pooled[d]
                    if w > 0.0:
                        pooled[d] = 0.0
                        out[ID, v] += w * weights[d, 0]
                        out[IDM, v] += w * weights[d, 1]
                        out[IDN, v] += w * weights[d, 2]
                        out[IDMN, v] += w * weights[d, 3]
                        out[INVERSE_VARIANCE, v] += w * weights[d, 4]
        for lane in range(lanes):
            v = start + lane
            w = 1.0 / counted[lane] if counted[lane] > 0.0 else np.nan
            for row in range(MCC):
                out[row, v] *= w
            out[SUM_AVERAGE, v] = 2.0 * out[JOINT_AVERAGE, v]
