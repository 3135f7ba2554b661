"""Variance of areas and concordances of predictions that are tied.

A model that answers alike for everybody has an area of 0.5 in whatever patients: DeLong's variance
is 0, and says nothing of what the model would be worth. The pairs that it leaves undecided are
given the variance of an order drawn by chance. Without ties nothing is added.

Letters: N patients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["least_variance_of_area", "least_variance_of_pairs", "null_variance"]

Reals = NDArray[np.float64]


def least_variance_of_area(y: Reals, link: Reals) -> float:
    """Least variance of an area under the curve, by the pairs that are tied.

    Were their order drawn, the share s of tied pairs would add s² of the variance that the area
    has by chance, (n₁ + n₀ + 1) / (12 n₁ n₀) (Mann and Whitney 1947,
    https://doi.org/10.1214/aoms/1177730491).

    Parameters
    ----------
    y : ndarray, shape (N,)
        1 and 0.
    link : ndarray, shape (N,)
        Predictions.

    Examples
    --------
    >>> y = np.array([1.0, 1, 0, 0, 0])
    >>> round(least_variance_of_area(y, np.zeros(5)), 4)
    0.0833
    >>> least_variance_of_area(y, np.arange(5.0))
    0.0
    """
    levels, places = np.unique(link, return_inverse=True)
    cases = np.bincount(places, y, minlength=len(levels))
    controls = np.bincount(places, minlength=len(levels)) - cases
    n1, n0 = cases.sum(), controls.sum()
    share = float(cases @ controls / (n1 * n0))
    return float(share**2 * (n1 + n0 + 1) / (12 * n1 * n0))


def least_variance_of_pairs(before: Reals, link: Reals) -> float:
    """The same of a concordance.

    Parameters
    ----------
    before : ndarray, shape (N, N)
        Weight of each pair in which the first patient has the event before the second.
    link : ndarray, shape (N,)
        Predictions.
    """
    total = before.sum()
    if not total or len(np.unique(link)) == len(link):
        return 0.0
    share = float(before[link[:, None] == link].sum() / total)
    return share**2 * null_variance(before)


def null_variance(before: Reals) -> float:
    """Variance of a concordance whose predictions are in an order drawn by chance.

    Two pairs that share a patient agree in a third of the expectation of one with itself, so that
    the variance is (Σ w² + Σ d²) / (12 (Σ w)²), with the weights w of the pairs and the difference
    d of those in which a patient is first and second; for two classes that of Mann and Whitney.

    Parameters
    ----------
    before : ndarray, shape (N, N)
        As `least_variance_of_pairs`.
    """
    first = before.sum(axis=1) - before.sum(axis=0)
    return float((np.sum(before**2) + np.sum(first**2)) / (12 * before.sum() ** 2))
