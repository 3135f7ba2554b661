"""Many linear models at once: columns of features against columns of outcomes, given others.

Letters: N cases, P features, M outcomes, Q columns that are given (the constant among them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLAT", "Pairs", "basis_of", "correlate", "correlation_p", "residuals", "t_of", "unit"]

Reals = NDArray[np.float64]
# Share of its sum of squares below which a column is a sum of those that are given.
FLAT = 1e-10


@dataclass(frozen=True, eq=False)
class Pairs:
    """Partial correlations of all pairs.

    Attributes
    ----------
    r : ndarray, shape (P, M)
        NaN where a column does not vary beside those that are given.
    freedom : int
        Degrees of freedom of the test.
    x_size, y_size : ndarray, shape (P,) and (M,)
        Root of the sums of squares of the residuals.
    """

    r: Reals
    freedom: int
    x_size: Reals
    y_size: Reals


def basis_of(columns: Reals) -> Reals:
    """Orthonormal basis of what columns span.

    Parameters
    ----------
    columns : ndarray, shape (N, Q)
        May depend on each other.

    Returns
    -------
    ndarray, shape (N, rank)
    """
    from scipy.linalg import qr

    size = np.sqrt((columns**2).sum(axis=0))
    scaled = columns[:, size > 0] / size[size > 0]
    if not scaled.shape[1]:
        return np.empty((len(columns), 0))
    q, r, _ = qr(scaled, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(r)) > FLAT**0.75 * abs(r[0, 0])).sum())
    return np.asarray(q[:, :rank])


def residuals(basis: Reals, values: Reals) -> Reals:
    """What an orthonormal basis leaves of values, shape (N, …)."""
    left = values - basis @ (basis.T @ values)
    return np.asarray(left - basis @ (basis.T @ left))  # again: digits of nearly given columns


def unit(basis: Reals, values: Reals) -> tuple[Reals, Reals]:
    """Residuals with a length of 1, and their lengths; NaN where nothing is left.

    Returns
    -------
    residuals : ndarray, shape (N, P)
    size : ndarray, shape (P,)
    """
    centered = values - values.mean(axis=0)
    whole = np.sqrt((centered**2).sum(axis=0))
    left = residuals(basis, centered)
    size = np.sqrt((left**2).sum(axis=0))
    flat = size <= FLAT**0.5 * np.maximum(whole, 1e-10 * np.abs(values).max(axis=0, initial=0))
    size = np.where(flat, np.nan, size)
    return left / size, size


def correlate(basis: Reals, x: Reals, y: Reals) -> Pairs:
    """Partial correlations of all pairs of columns.

    Parameters
    ----------
    basis : ndarray, shape (N, Q)
        Orthonormal; what is given.
    x, y : ndarray, shape (N, P) and (N, M)
        Features and outcomes.
    """
    u, x_size = unit(basis, x)
    v, y_size = unit(basis, y)
    r = np.clip(u.T @ v, -1.0, 1.0)
    return Pairs(r, len(x) - basis.shape[1] - 1, x_size, y_size)


def t_of(r: Reals, freedom: float) -> Reals:
    """Statistic of a correlation; infinite where it is 1 or -1."""
    with np.errstate(divide="ignore"):
        return np.asarray(r * np.sqrt(freedom / np.maximum((1 - r) * (1 + r), 0.0)))


def correlation_p(r: Reals, freedom: float) -> Reals:
    """Two-sided p-values of correlations, right in the far tail."""
    from scipy.special import stdtr

    return np.asarray(np.minimum(2 * stdtr(freedom, -np.abs(t_of(r, freedom))), 1.0))
