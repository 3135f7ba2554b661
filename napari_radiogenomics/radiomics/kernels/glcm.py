"""Co-occurrence of gray levels around each voxel, compiled: symmetrical, one matrix an angle.

Strategy: for a run of voxels side by side along x, the pairs of each plane across x are counted
once, in histograms of levels, differences and sums; a voxel has those of its planes. The counts
of pairs of levels, one triangle, slide along x: pairs enter and leave, and MCC takes its matrix
from it (see `mcc`). n·log2 n is added in fixed point, so a value does not depend on where a run
began, and entropies are exactly 0 where they should be.

Letters: A angles, V voxels, S rows of cells along x in a kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ROWS", "difference_weights", "histogram_rows"]

from napari_radiogenomics.radiomics.kernels.machine import LANES
from napari_radiogenomics.radiomics.kernels.mcc import (
    MOST_NODES,
    make_queues,
    queue_size,
    solve,
    solve_rest,
)

Reals = NDArray[np.float64]
Levels = NDArray[np.int16]
Places = NDArray[np.intp]
Whole = NDArray[np.int64]
Counts = NDArray[np.int32]

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
# Voxels of a run that are worked on at once.
LONGEST = 32
MOST = 1 << 15
ONE = np.uint64(1)


@njit(cache=True, nogil=True, error_model="numpy")
def fixed_point(n: int) -> tuple[Whole, float]:
    """k·log2 k for k up to n as multiples of k, and what 1 is worth."""
    most = max(n, 2) * np.log2(max(n, 2))
    unit = 2.0 ** np.floor(61.0 - np.log2(most))
    table = np.zeros(n + 1, np.int64)
    for k in range(2, n + 1):
        table[k] = k * np.int64(np.log2(k) * unit)
    return table, 1.0 / unit


@njit(cache=True, nogil=True, error_model="numpy")
def difference_weights(n_levels: int) -> Reals:
    """What a pair adds to Id, Idm, Idn, Idmn, InverseVariance; shape (5, n_levels)."""
    weights = np.zeros((5, n_levels))
    for d in range(n_levels):
        square = float(d) * d
        weights[0, d] = 1.0 / (1.0 + d)
        weights[1, d] = 1.0 / (1.0 + square)
        weights[2, d] = 1.0 / (1.0 + d / n_levels)
        weights[3, d] = 1.0 / (1.0 + square / (float(n_levels) * n_levels))
        if d > 0:
            weights[4, d] = 1.0 / square
    return weights


@njit(cache=True, nogil=True, error_model="numpy")
def copy_run(levels: Levels, at: int, strands: Places, width: int, tile: Levels, step: int) -> int:
    """Copy the levels around a run of voxels, from 1 on; gives the highest."""
    low: Any = np.int64(MOST)
    high: Any = np.int64(0)
    for s in range(strands.size):
        for x in range(width):
            level = np.int64(levels[np.uint64(at + strands[s] + x)])
            high = max(high, level)
            low = min(low, level if level > 0 else MOST)
    for s in range(strands.size):
        for x in range(width):
            level = np.int64(levels[np.uint64(at + strands[s] + x)])
            tile[s * step + x] = max(level - low + 1, 0)
    return high - low + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _count_planes(
    tile: Levels, first: Places, second: Places, begin: int, end: int, n: int,
    span: int, cells: Counts, held: Counts, by_plane: Counts,
) -> int:  # fmt: skip
    """List the pairs of each plane, and fill its histograms; gives the largest difference."""
    stride = _stride(span)
    far: Any = np.int64(0)
    for p in range(n):
        here: Any = np.uint64(p * (end - begin))
        levels_at = p * stride
        differences_at = levels_at + span + 1
        sums_at = differences_at + span
        for k in range(levels_at, levels_at + stride):
            by_plane[k] = 0
        listed: Any = here
        for q in range(begin, end):
            x = np.int64(tile[np.uint64(first[np.uint64(q)] + p)])
            y = np.int64(tile[np.uint64(second[np.uint64(q)] + p)])
            if x == 0 or y == 0:
                continue
            high = max(x, y)
            d = abs(x - y)
            far = max(far, d)
            by_plane[np.uint64(levels_at + x)] += 1
            by_plane[np.uint64(levels_at + y)] += 1
            by_plane[np.uint64(differences_at + d)] += 1
            by_plane[np.uint64(sums_at + x + y)] += 1
            unlike = span + ((high - 1) * (high - 2) >> 1) + min(x, y)
            cells[listed] = x if d == 0 else unlike
            listed += ONE
        held[p] = listed - here
    return far


@njit(cache=True, nogil=True, error_model="numpy")
def _stride(span: int) -> int:
    """Length of the histograms of levels, differences and sums together: whole vectors."""
    return (4 * span + 2 + 31) // 32 * 32


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _enter(
    cells: Counts, begin: int, n: int, by_pair: Counts, span: int, gain: Whole
) -> tuple[int, int]:
    """Let pairs of a plane enter: what sums of n·log2 n and of squares win."""
    logs: Any = np.int64(0)
    squares: Any = np.int64(0)
    for e in range(n):
        cell = np.uint64(cells[np.uint64(begin + e)])
        count = np.int64(by_pair[cell])
        by_pair[cell] = count + 1
        logs += gain[np.uint64(count)]
        squares += (2 * count + 1) << np.int64(cell <= np.uint64(span))
    return logs, squares


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _leave(
    cells: Counts, begin: int, n: int, by_pair: Counts, span: int, gain: Whole
) -> tuple[int, int]:
    """Let pairs of a plane leave: what the sums lose."""
    logs: Any = np.int64(0)
    squares: Any = np.int64(0)
    for e in range(n):
        cell = np.uint64(cells[np.uint64(begin + e)])
        count = np.int64(by_pair[cell]) - 1
        by_pair[cell] = count
        logs += gain[np.uint64(count)]
        squares += (2 * count + 1) << np.int64(cell <= np.uint64(span))
    return logs, squares


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _highest(
    by_pair: Counts, cells: Counts, held: Counts, begin: int, end: int, each: int, span: int,
    n: int,
) -> int:  # fmt: skip
    """Count of the most common pair, twice that of equal levels: of all cells, or of those held."""
    alike: Any = np.int32(0)
    unlike: Any = np.int32(0)
    if span * span < 32 * n:
        for k in range(1, span + 1):
            alike = max(alike, by_pair[np.uint64(k)])
        for k in range(span + 1, span + 1 + span * (span - 1) // 2):
            unlike = max(unlike, by_pair[np.uint64(k)])
        return max(2 * alike, unlike)
    for p in range(begin, end):
        for e in range(p * each, p * each + held[p]):
            cell = np.uint64(cells[np.uint64(e)])
            if cell <= np.uint64(span):
                alike = max(alike, by_pair[cell])
            else:
                unlike = max(unlike, by_pair[cell])
    return max(2 * alike, unlike)


@njit(cache=True, nogil=True, error_model="numpy")
def histogram_rows(
    levels: Levels,
    centers: Places,
    strands: Places,
    planes_of: tuple[Places, Places, Places, Places, Places],
    reach: int,
    n_levels: int,
    wanted: tuple[bool, bool],
    out: Reals,
    angles: Reals,
    answer: Reals,
) -> None:
    """Add what histograms of pairs say to the rows of each voxel.

    Parameters
    ----------
    levels, centers, strands, planes_of, reach, n_levels
        As for `moments.moment_rows`.
    wanted : tuple of bool
        Whether rows are filled; whether coefficients are.
    out : ndarray of float64, shape (len(ROWS), V)
        Sums over the angles that hold a pair.
    angles : ndarray of float64, shape (V,)
        Zeros; filled with the number of these angles.
    answer : ndarray of float64, shape (V, A)
        Filled with the maximal correlation coefficient of each angle: NaN where it holds no
        pair, 0 where it holds one level, infinite where it holds more than `MOST_NODES`.
    """
    filled, solved = wanted
    first_strand, second_strand, x_steps, starts, n_planes = planes_of
    A = starts.size - 1
    margin = 2 * reach
    width = LONGEST + margin
    tile = np.zeros(strands.size * width, np.int16)
    first = np.empty(first_strand.size, np.intp)
    second = np.empty(first_strand.size, np.intp)
    most = 0
    for angle in range(A):
        most = max(most, starts[angle + 1] - starts[angle])
        for q in range(starts[angle], starts[angle + 1]):
            first[q] = first_strand[q] * width + max(-x_steps[angle], 0)
            second[q] = second_strand[q] * width + max(x_steps[angle], 0)
    log_of, unit = fixed_point(2 * most * (margin + 1))
    gain = log_of[1:] - log_of[:-1]
    cells = np.empty(width * most, np.int32)
    held = np.empty(width, np.int32)
    by_plane = np.empty(width * _stride(n_levels), np.int32)
    window = np.empty(_stride(n_levels), np.int32)
    by_pair = np.zeros(n_levels * (n_levels + 1) // 2 + 1, np.int32)
    listed = np.zeros(n_levels + 1, np.intp)
    weights = difference_weights(n_levels)
    differences = np.zeros((LONGEST, n_levels))
    queues = make_queues(queue_size(min(n_levels, MOST_NODES)) if solved else 1)
    place, counts, target, waiting, _, _ = queues
    start: Any = np.int64(0)
    while start < centers.size:
        length: Any = np.int64(1)
        while (
            length < LONGEST
            and start + length < centers.size
            and centers[start + length] == centers[start] + length
        ):
            length += 1
        span = copy_run(levels, centers[start], strands, length + margin, tile, width)
        stride = _stride(span)
        widest = 0
        for angle in range(A):
            begin, end = starts[angle], starts[angle + 1]
            if n_planes[angle] < 1:
                if solved:
                    for v in range(start, start + length):
                        answer[v, angle] = np.nan
                continue
            each = end - begin
            last = length + n_planes[angle] - 1
            far = _count_planes(tile, first, second, begin, end, last, span, cells, held, by_plane)
            widest = max(widest, far)
            window[:stride] = 0
            n: Any = np.int64(0)
            log_pair: Any = np.int64(0)
            energy: Any = np.int64(0)
            for p in range(last):
                gone = p - n_planes[angle]
                if gone >= 0:
                    logs, squares = _leave(cells, gone * each, held[gone], by_pair, span, gain)
                    log_pair -= logs
                    energy -= squares
                    n -= held[gone]
                    for k in range(stride):
                        won = by_plane[np.uint64(p * stride + k)]
                        window[np.uint64(k)] += won - by_plane[np.uint64(gone * stride + k)]
                else:
                    for k in range(stride):
                        window[np.uint64(k)] += by_plane[np.uint64(p * stride + k)]
                logs, squares = _enter(cells, p * each, held[p], by_pair, span, gain)
                log_pair += logs
                energy += squares
                n += held[p]
                if gone < -1:
                    continue
                v = start + gone + 1
                if n == 0:
                    if solved:
                        answer[v, angle] = np.nan
                    continue
                m: Any = np.int64(0)
                log_level: Any = np.int64(0)
                for k in range(1, span + 1):
                    count = window[np.uint64(k)]
                    log_level += log_of[np.uint64(count)]
                    listed[np.uint64(m)] = k
                    m += count > 0
                if solved:
                    if m == 1 or m > MOST_NODES:
                        answer[v, angle] = 0.0 if m == 1 else np.inf
                    else:
                        size = queue_size(m)
                        row: Any = np.uint64(place[size] * LANES + waiting[size])
                        for i in range(m):
                            i_level = listed[np.uint64(i)]
                            base = span + ((i_level - 1) * (i_level - 2) >> 1)
                            for j in range(i):
                                counts[row] = by_pair[np.uint64(base + listed[np.uint64(j)])]
                                row += np.uint64(LANES)
                            counts[row] = 2 * by_pair[np.uint64(i_level)]
                            row += np.uint64(LANES)
                        for _ in range((size * (size + 1) - m * (m + 1)) // 2):
                            counts[row] = 0
                            row += np.uint64(LANES)
                        target[size, waiting[size]] = v * A + angle
                        waiting[size] += 1
                        if waiting[size] == LANES:
                            solve(queues, size, answer)
                if not filled:
                    continue
                top = _highest(by_pair, cells, held, gone + 1, p + 1, each, span, n)
                angles[v] += 1.0
                w = 1.0 / n
                scale = w * unit
                same = window[span + 1]
                joint = (log_of[n] - log_pair) * scale + (n - same) * w
                one = (log_of[2 * n] - log_level) * (0.5 * scale)
                shared = 2.0 * one - joint
                out[JOINT_ENERGY, v] += 0.5 * energy * w * w
                out[MAXIMUM_PROBABILITY, v] += 0.5 * top * w
                out[JOINT_ENTROPY, v] += joint
                if shared > NO_INFORMATION:
                    out[IMC1, v] -= shared / one
                    out[IMC2, v] += np.sqrt(1.0 - np.exp(-2.0 * shared))
                log_difference: Any = np.int64(0)
                for k in range(far + 1):
                    often = window[np.uint64(span + 1 + k)]
                    log_difference += log_of[np.uint64(often)]
                    differences[gone + 1, k] += often * w
                log_sum: Any = np.int64(0)
                for k in range(2 * span + 3, 4 * span + 2):
                    log_sum += log_of[np.uint64(window[np.uint64(k)])]
                out[DIFFERENCE_ENTROPY, v] += (log_of[n] - log_difference) * scale
                out[SUM_ENTROPY, v] += (log_of[n] - log_sum) * scale
            for p in range(max(last - n_planes[angle], 0), last):
                _leave(cells, p * each, held[p], by_pair, span, gain)
        if filled:
            for v in range(length):
                for k in range(widest + 1):
                    share = differences[v, k]
                    differences[v, k] = 0.0
                    out[ID, start + v] += weights[0, k] * share
                    out[IDM, start + v] += weights[1, k] * share
                    out[IDN, start + v] += weights[2, k] * share
                    out[IDMN, start + v] += weights[3, k] * share
                    out[INVERSE_VARIANCE, start + v] += weights[4, k] * share
        start += length
    if solved:
        solve_rest(queues, answer)
