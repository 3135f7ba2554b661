"""Gaussian mixture: habitats of any size and slant, each voxel with the likeliest."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.radiomics.clusterer import Arrays, Clusterer

__all__ = ["CLUSTERER"]

_STARTS = 3
# Added to variances, so that a habitat of equal voxels stays a habitat.
_FLOOR = 1e-4


def _fit(points: NDArray[np.float64], n: int, seed: int) -> Arrays:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        n, n_init=_STARTS, random_state=seed, reg_covar=_FLOOR, max_iter=300, tol=1e-4
    )
    with warnings.catch_warnings():
        # After 300 rounds the habitats no longer move by a voxel; the score judges what is left.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points)
    return {
        "means": np.asarray(model.means_, float),
        "covariances": np.asarray(model.covariances_, float),
        "weights": np.asarray(model.weights_, float),
    }


def _log_shares(points: NDArray[np.float64], arrays: Arrays) -> NDArray[np.float64]:
    """Logarithm of weight times density, shape (V, K)."""
    from scipy.linalg import solve_triangular

    parts = []
    for mean, covariance, weight in zip(
        arrays["means"], arrays["covariances"], arrays["weights"], strict=True
    ):
        root = np.linalg.cholesky(covariance)
        away = solve_triangular(root, (points - mean).T, lower=True)  # (P, V)
        size = 2 * np.log(np.diag(root)).sum() + len(mean) * np.log(2 * np.pi)
        parts.append(np.log(weight) - 0.5 * ((away**2).sum(axis=0) + size))
    return np.stack(parts, axis=1)


def _assign(points: NDArray[np.float64], arrays: Arrays) -> NDArray[np.intp]:
    return np.argmax(_log_shares(points, arrays), axis=1)


def _score(points: NDArray[np.float64], arrays: Arrays, seed: int) -> float:
    """Return the Bayesian information criterion, its sign turned."""
    from scipy.special import logsumexp

    n, p = arrays["means"].shape
    free = n * (p + p * (p + 1) / 2) + n - 1
    likelihood = logsumexp(_log_shares(points, arrays), axis=1).sum()
    return float(2 * likelihood - free * np.log(len(points)))


CLUSTERER = Clusterer(
    "gaussian_mixture",
    "Gaussian mixture",
    "Habitats are clouds of any size and slant, and may overlap.",
    _fit,
    _assign,
    _score,
    criterion="−BIC",
    fewest=1,
    doi="10.1214/aos/1176344136",
    limits="Neighboring voxels are alike, which BIC does not know: it asks for too many habitats "
    "rather than too few.",
)
