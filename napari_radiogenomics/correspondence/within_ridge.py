"""Ridge regression of differences within patients, its penalty chosen by patients left out.

What differs between patients cannot teach it anything: values and scores are taken from the
means of their patient first. Everything is linear in the scores, so that the whole procedure,
folds and choice of the penalty included, is repeated at once for many shuffled scores.

Letters: N biopsies, P features, B versions of the scores, L penalties, F folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PENALTIES", "folds_of", "fit_ridge", "left_out", "solve"]

Reals = NDArray[np.float64]
Whole = NDArray[np.intp]
PENALTIES = np.logspace(-2.0, 2.0, 9)
"""Penalties that are tried, for each biopsy and standardized feature."""
_INNER = 5


def folds_of(patient: Whole, most: int) -> Whole:
    """Fold of each biopsy, shape (N,): patients stay whole, one each or ``most`` groups.

    Examples
    --------
    >>> folds_of(np.array([0, 0, 1, 2, 2]), 2).tolist()
    [0, 0, 1, 0, 0]
    """
    return np.asarray(patient % min(most, int(patient.max()) + 1))


@dataclass(frozen=True, eq=False)
class Ridge:
    """What was learned.

    Attributes
    ----------
    scale : ndarray, shape (P,)
        Spread of each feature within patients.
    weights : ndarray, shape (P, B)
        Change of the score for one spread.
    penalty : ndarray, shape (B,)
        Chosen, times the number of biopsies.
    inverse : ndarray, shape (P, P)
        Of the penalized cross-products, for the first version.
    """

    scale: Reals
    weights: Reals
    penalty: Reals
    inverse: Reals


def solve(x: Reals, y: Reals, penalties: Reals) -> Reals:
    """Weights of each penalty, shape (L, P, B), for x of shape (N, P) and y of shape (N, B)."""
    roots, vectors = np.linalg.eigh(x.T @ x)
    turned = vectors.T @ (x.T @ y)  # (P, B)
    shrunk = turned / (np.maximum(roots, 0.0)[:, None] + penalties[:, None, None])
    return np.asarray(vectors @ shrunk)


def fit_ridge(x: Reals, y: Reals, patient: Whole) -> Ridge:
    """Fit, the penalty chosen by inner folds of patients for each version of the scores.

    Parameters
    ----------
    x, y : ndarray, shapes (N, P) and (N, B)
        Differences from the mean of their patient.
    patient : ndarray of int, shape (N,)
        Whose.
    """
    scale = np.sqrt((x**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    z = x / scale
    folds = folds_of(np.unique(patient, return_inverse=True)[1], _INNER)
    errors = np.zeros((len(PENALTIES), y.shape[1]))
    for fold in range(int(folds.max()) + 1):
        test = folds == fold
        weights = solve(z[~test], y[~test], PENALTIES * (~test).sum())
        errors += ((y[test] - z[test] @ weights) ** 2).sum(axis=1)
    best = len(PENALTIES) - 1 - errors[::-1].argmin(axis=0)  # the strongest of equals
    every = solve(z, y, PENALTIES * len(z))
    weights = every[best, :, np.arange(y.shape[1])].T
    penalty = PENALTIES[best] * len(z)
    inverse = np.linalg.inv(z.T @ z + penalty[0] * np.eye(z.shape[1]))
    return Ridge(scale, weights, penalty, inverse)


def left_out(x: Reals, y: Reals, patient: Whole, folds: Whole) -> Reals:
    """Differences that are predicted by fits that did not see the patient, shape (N, B).

    Parameters
    ----------
    x, y : ndarray, shapes (N, P) and (N, B)
        Differences from the mean of their patient.
    patient, folds : ndarray of int, shape (N,)
        Patients, and the fold each is left out in.
    """
    predicted = np.empty_like(y)
    for fold in range(int(folds.max()) + 1):
        test = folds == fold
        found = fit_ridge(x[~test], y[~test], patient[~test])
        predicted[test] = (x[test] / found.scale) @ found.weights
    return predicted
