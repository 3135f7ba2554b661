"""Walks down a ranked list of genes, compiled: the core of GSVA and ssGSEA.

Contracts: indices are within bounds and no set is empty; nothing is checked.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["deviations", "gaussian_left_tails", "poisson_left_tails"]

Reals = NDArray[np.float64]
Places = NDArray[np.intp]


@njit(cache=True, nogil=True, error_model="numpy")
def deviations(
    ranks: Reals, positions: Places, members: Places, starts: Places, out: Reals
) -> None:
    """Largest positive plus largest negative deviation of the walk of each set.

    Strategy: between two genes of a set the walk falls by a constant step, so that only the
    places of the set's own genes are visited: cost S × size instead of S × G.

    Parameters
    ----------
    ranks : ndarray, shape (G,)
        Weight of each gene, by gene.
    positions : ndarray of intp, shape (G,)
        Place of each gene in the descending order, from 0.
    members : ndarray of intp
        Genes of all sets, one set after the other.
    starts : ndarray of intp, shape (S + 1,)
        Where each set begins in ``members``.
    out : ndarray, shape (S,)
        Filled.
    """
    n_genes = len(ranks)
    for s in range(len(starts) - 1):
        genes = members[starts[s] : starts[s + 1]]
        n = len(genes)
        places = np.empty(n, np.intp)
        weights = np.empty(n)
        total = 0.0
        for k in range(n):
            places[k] = positions[genes[k]]
        order = np.argsort(places)
        for k in range(n):
            weights[k] = ranks[genes[order[k]]]
            total += weights[k]
        step = 1.0 / (n_genes - n)
        up = 0.0
        down = 0.0
        inside = 0.0
        for k in range(n):
            place = places[order[k]]
            before = inside - (place - k) * step
            inside += weights[k] / total
            down = min(down, before)
            up = max(up, inside - (place - k) * step)
        out[s] = up + down


@njit(cache=True, nogil=True, error_model="numpy")
def gaussian_left_tails(values: Reals, table: Reals, reach: float, out: Reals) -> None:
    """Kernel estimate of the cumulative distribution of each gene at each sample, as log odds.

    Parameters
    ----------
    values : ndarray, shape (genes, N)
        A gene a row.
    table : ndarray, shape (M + 1,)
        Standard normal distribution at 0 … ``reach``; the argument is cut to a place in it.
    reach : float
        Beyond it the distribution is 0 or 1.
    out : ndarray, shape (genes, N)
        Filled with ``-log((1 - F) / F)``.
    """
    n = values.shape[1]
    last = len(table) - 1
    for g in range(values.shape[0]):
        mean = 0.0
        for j in range(n):
            mean += values[g, j]
        mean /= n
        square = 0.0
        for j in range(n):
            square += (values[g, j] - mean) ** 2
        width = np.sqrt(square / (n - 1)) / 4.0
        if width == 0.0:
            width = 0.001
        for j in range(n):
            total = 0.0
            for k in range(n):
                v = (values[g, j] - values[g, k]) / width
                if v < -reach:
                    continue
                if v > reach:
                    total += 1.0
                else:
                    part = table[int(abs(v) / reach * last)]
                    total += 1.0 - part if v < 0 else part
            left = total / n
            out[g, j] = -1.0 * np.log((1.0 - left) / left)


@njit(cache=True, nogil=True, error_model="numpy")
def poisson_left_tails(counts: Reals, times: Places, out: Reals) -> None:
    """Sum of the Poisson distributions with means ``counts`` + 0.5 at each of ``counts``.

    Strategy: the probabilities around the mean follow one from another and are divided by their
    sum, so that no factorial is needed; what lies beyond 10 standard deviations is below 1e-18.
    One pass serves all counts, where the incomplete gamma function costs a call a pair.

    Parameters
    ----------
    counts : ndarray, shape (U,)
        Whole numbers that rise.
    times : ndarray of intp, shape (U,)
        How often each mean counts.
    out : ndarray, shape (U,)
        Added to.
    """
    for k in range(len(counts)):
        mean = counts[k] + 0.5
        reach = 10.0 * np.sqrt(mean) + 25.0
        low = max(0, int(mean - reach))
        high = int(mean + reach)
        mode = int(mean)
        terms = np.empty(high - low + 1)
        terms[mode - low] = 1.0
        for x in range(mode, low, -1):
            terms[x - 1 - low] = terms[x - low] * x / mean
        for x in range(mode + 1, high + 1):
            terms[x - low] = terms[x - 1 - low] * mean / x
        total = terms.sum()
        running = 0.0
        x = low
        for j in range(len(counts)):
            while x <= high and x <= counts[j]:
                running += terms[x - low]
                x += 1
            out[j] += times[k] * (1.0 if x > high else running / total)
