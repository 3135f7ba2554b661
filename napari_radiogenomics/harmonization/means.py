"""Models of the mean of each feature: batch and covariates, smooth terms, repeated measures.

Each answers the fitted mean with and without the batch. Letters: N samples, P features,
B batches, C columns of covariates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["PooledMean", "Smooth", "least_squares", "penalized", "pooled_mean"]

Reals = NDArray[np.float64]
# Size of the basis of a smooth term, as mgcv's default.
_BASIS = 10
# Eigenvalues of a penalty below this part of the largest are rounding.
_ROUNDING = 1e-10
_LOG_LAMBDAS = np.linspace(-25.0, 40.0, 400)


def least_squares(design: Reals, values: Reals) -> Reals:
    """Coefficients of each feature from the samples that it has.

    Parameters
    ----------
    design : ndarray, shape (N, K)
        Full rank.
    values : ndarray, shape (N, P)
        NaN where missing.

    Returns
    -------
    ndarray, shape (K, P)

    Raises
    ------
    InputError
        If the samples of a feature cannot tell the coefficients apart.
    """
    there = np.isfinite(values)
    whole = there.all(axis=0)
    out = np.empty((design.shape[1], values.shape[1]))
    q, r = np.linalg.qr(design)
    out[:, whole] = np.linalg.solve(r, q.T @ (values if whole.all() else values[:, whole]))
    for at in np.flatnonzero(~whole):
        own = design[there[:, at]]
        out[:, at], _, rank, _ = np.linalg.lstsq(own, values[there[:, at], at], rcond=None)
        if rank < design.shape[1]:
            raise InputError(
                f"Feature number {at + 1} is missing in so many samples that its batches and "
                "covariates cannot be told apart. Leave the feature or the covariates out."
            )
    return out


@dataclass(frozen=True, eq=False)
class Smooth:
    """A smooth curve over one number: a thin plate regression spline, as mgcv's ``s(x)``.

    Attributes
    ----------
    knots : ndarray, shape (U,)
        Different values at the fit.
    weights : ndarray, shape (U, K)
        Coefficients of the radial functions for each column.
    line : ndarray, shape (2, K)
        Coefficients of the constant and of ``x − center``.
    center : float
        Mean at the fit.
    penalty : ndarray, shape (K, K)
        Of the bending.

    References
    ----------
    Wood 2003, https://doi.org/10.1111/1467-9868.00374.
    """

    knots: Reals
    weights: Reals
    line: Reals
    center: float
    penalty: Reals

    @classmethod
    def of(cls, x: Reals, name: str = "x") -> Smooth:
        """Learn the basis from a number, shape (N,).

        Raises
        ------
        InputError
            If it has fewer different values than the basis has columns.
        """
        knots = np.unique(x)
        if len(knots) < _BASIS:
            raise InputError(
                f'"{name}" has {len(knots)} different values; a smooth curve over it needs '
                f"{_BASIS}. Keep it as a linear covariate."
            )
        center = float(x.mean())
        values, vectors = np.linalg.eigh(_radial(knots, knots))
        first = np.argsort(-np.abs(values))[:_BASIS]
        values, vectors = values[first], vectors[:, first]
        line = np.column_stack([np.ones(len(knots)), knots - center])
        free = np.linalg.qr(vectors.T @ line, mode="complete")[0][:, 2:]  # (K, K − 2)
        penalty = np.zeros((_BASIS, _BASIS))
        penalty[:-2, :-2] = free.T @ (values[:, np.newaxis] * free)
        weights = np.hstack([vectors @ free, np.zeros((len(knots), 2))])
        straight = np.hstack([np.zeros((2, _BASIS - 2)), np.eye(2)])
        raw = cls(knots, weights, straight, center, penalty)
        # The constant belongs to the batches: columns that sum to 0 over the samples.
        sums = raw.columns(x).sum(axis=0)[:, np.newaxis]
        centered = np.linalg.qr(sums, mode="complete")[0][:, 1:]
        return cls(
            knots,
            weights @ centered,
            straight @ centered,
            center,
            centered.T @ penalty @ centered,
        )

    def columns(self, x: Reals) -> Reals:
        """Columns for numbers x, shape (N, K)."""
        line = np.column_stack([np.ones(len(x)), x - self.center])
        return _radial(x, self.knots) @ self.weights + line @ self.line


def _radial(x: Reals, knots: Reals) -> Reals:
    return np.asarray(np.abs(x[:, np.newaxis] - knots) ** 3 / 12)


def penalized(design: Reals, smooth: Sequence[Smooth], values: Reals) -> Reals:
    """Coefficients with the smoothness chosen by generalized cross-validation for each feature.

    Parameters
    ----------
    design : ndarray, shape (N, K)
        Columns of the smooth term last.
    smooth : sequence of Smooth
        One.
    values : ndarray, shape (N, P)
        Without missing values.

    Returns
    -------
    ndarray, shape (K, P)
        Equal to mgcv's within its own tolerance.
    """
    (term,) = smooth
    width = term.penalty.shape[0]
    penalty = np.zeros((design.shape[1],) * 2)
    penalty[-width:, -width:] = term.penalty
    q, r = np.linalg.qr(design)
    inverse = np.linalg.inv(r)
    bend, vectors = np.linalg.eigh(inverse.T @ penalty @ inverse)
    bend = np.where(bend < _ROUNDING * bend.max(), 0, bend)
    projected = vectors.T @ (q.T @ values)  # (K, P)
    rest = (values**2).sum(axis=0) - (projected**2).sum(axis=0)
    columns = zip(projected.T, rest, strict=True)
    kept = np.array([_shrink(f, float(r0), bend, len(values)) for f, r0 in columns]).T
    return np.asarray(inverse @ vectors @ (kept * projected))


def _shrink(projected: Reals, rest: float, bend: Reals, n: int) -> Reals:
    """Part of each direction that is kept at the best smoothness, shape (K,)."""
    from scipy.optimize import minimize_scalar

    def score(log_lambda: float) -> float:
        kept = 1 / (1 + np.exp(log_lambda) * bend)
        residual = rest + (((1 - kept) * projected) ** 2).sum()
        return float(n * residual / (n - kept.sum()) ** 2)

    best = int(np.argmin([score(value) for value in _LOG_LAMBDAS]))
    low, high = _LOG_LAMBDAS[max(best - 1, 0)], _LOG_LAMBDAS[min(best + 1, len(_LOG_LAMBDAS) - 1)]
    found = minimize_scalar(score, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return np.asarray(1 / (1 + np.exp(found.x) * bend))


@dataclass(frozen=True, eq=False)
class PooledMean:
    """Mean without the batches, and pooled standard deviation.

    Attributes
    ----------
    level : ndarray, shape (P,)
        Mean over the batches, or of the reference.
    slopes : ndarray, shape (C, P)
        Of the covariates.
    spread : ndarray, shape (P,)
        Pooled standard deviation.
    """

    level: Reals
    slopes: Reals
    spread: Reals

    def standardize(self, values: Reals, columns: Reals) -> Reals:
        """Values in units of the spread around the mean, shape (N, P)."""
        standard = values - self.level
        if columns.shape[1]:
            standard -= columns @ self.slopes
        standard /= self.spread
        return standard

    def predict(self, columns: Reals) -> Reals:
        """Mean without the batches, shape (N, P)."""
        return np.asarray(self.level + columns @ self.slopes)

    def restore(self, standard: Reals, columns: Reals) -> Reals:
        """Undo `standardize`; ``standard`` is used up."""
        standard *= self.spread
        standard += self.level
        if columns.shape[1]:
            standard += columns @ self.slopes
        return standard


def pooled_mean(
    values: Reals, batches: Reals, columns: Reals, reference: int | None, smooth: Smooth | None
) -> PooledMean:
    """Fit batches and covariates together; the batches are left out of the mean.

    Parameters
    ----------
    values : ndarray, shape (N, P)
        NaN where missing.
    batches : ndarray, shape (N, B)
        1 where a sample is of a batch.
    columns : ndarray, shape (N, C)
        Of the covariates; those of a smooth curve last.
    reference : int or None
        Batch whose level and spread count; None for the average batch.
    smooth : Smooth or None
        The curve.

    Raises
    ------
    InputError
        If a curve is to be fitted to features with missing values, or too much is missing.
    """
    n_batches = batches.shape[1]
    design = np.hstack([batches, columns])
    if smooth is None:
        slopes = least_squares(design, values)
    elif np.isfinite(values).all():
        slopes = penalized(design, [smooth], values)
    else:
        raise InputError(
            "A smooth covariate needs features without missing values. Leave out or impute the "
            "features that have some, inside each fold."
        )
    share = batches.mean(axis=0) if reference is None else np.eye(n_batches)[reference]
    rest = design @ slopes
    np.subtract(values, rest, out=rest)
    if reference is not None:
        rest = rest[batches[:, reference] > 0]
    # sva divides by n, but by n − 1 where something is missing.
    whole = np.isfinite(values).all()
    variance = (
        np.einsum("np,np->p", rest, rest) / len(rest) if whole else np.nanvar(rest, axis=0, ddof=1)
    )
    return PooledMean(share @ slopes[:n_batches], slopes[n_batches:], np.sqrt(variance))
