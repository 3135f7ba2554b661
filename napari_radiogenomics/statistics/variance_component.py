"""Does a set of columns, taken together, vary with an outcome? SKAT and burden.

Strategy: what depends on the set and the covariates alone (the columns without the covariates,
the eigenvalues of their kernel) is computed once in `SetKernel`; a test of an outcome is then a
product and the tail of a χ² mixture. Letters: N cases, K members of the set, Q covariates with
the constant.

References
----------
Wu 2011, https://doi.org/10.1016/j.ajhg.2011.05.029; Lee 2012,
https://doi.org/10.1016/j.ajhg.2012.06.007; Chen 2016 (exact test),
https://doi.org/10.1002/gepi.21939.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import basis_of, residuals
from napari_radiogenomics.statistics.mixture import mixture_tail

__all__ = [
    "NullModel", "SetKernel", "adjusted_tail", "burden", "kernel_test", "liu", "sound",
    "squared_singular",
]  # fmt: skip

Reals = NDArray[np.float64]
_SMALLEST = 1e-5
_ROUNDS = 100
_DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class NullModel:
    """An outcome explained by the covariates alone.

    Attributes
    ----------
    residual : ndarray, shape (N,)
        Outcome less what the covariates explain; in standard deviations where continuous.
    weight : ndarray, shape (N,)
        Root of the variance of each case: ones, or √(μ(1 − μ)) of a binary outcome.
    basis : ndarray, shape (N, Q)
        Orthonormal, of the weighted covariates.
    binary : bool
        Whether the outcome has two values.
    """

    residual: Reals
    weight: Reals
    basis: Reals
    binary: bool

    @property
    def freedom(self) -> int:
        """Cases less covariates."""
        return len(self.residual) - self.basis.shape[1]

    @cached_property
    def draws(self) -> Reals:
        """Residuals of a binary outcome drawn anew from its probabilities, shape (R, N)."""
        outcome = self.residual > 0
        probability = outcome - self.residual
        rng = np.random.default_rng(0)
        return (rng.random((_DRAWS, len(outcome))) < probability) - probability

    @classmethod
    def continuous(cls, outcome: Reals, given: Reals) -> NullModel:
        """Linear model.

        Parameters
        ----------
        outcome : ndarray, shape (N,)
        given : ndarray, shape (N, Q)
            The constant among them.
        """
        basis = basis_of(given)
        left = residuals(basis, outcome)
        sigma = np.sqrt(left @ left / (len(left) - basis.shape[1]))
        if not sigma > 1e-10 * np.abs(outcome).max(initial=0.0):
            raise InputError("The outcome follows from the covariates; nothing is left to test.")
        return cls(left / sigma, np.ones(len(left)), basis, False)

    @classmethod
    def of_classes(cls, outcome: Reals, given: Reals) -> NullModel:
        """Logistic model of an outcome of 0 and 1."""
        basis = basis_of(given)
        beta = np.zeros(basis.shape[1])
        mu = np.full(len(outcome), 0.5)
        for _ in range(_ROUNDS):
            variance = mu * (1 - mu)
            step = np.linalg.solve((basis.T * variance) @ basis, basis.T @ (outcome - mu))
            beta = beta + step
            mu = 1 / (1 + np.exp(-np.clip(basis @ beta, -500, 500)))
            if np.abs(mu * (1 - mu)).min() < 1e-9:
                raise InputError(
                    "The covariates part the two classes without error, so that nothing is left "
                    "to test. Leave a covariate out."
                )
            if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
                break
        weight = np.sqrt(mu * (1 - mu))
        return cls(outcome - mu, weight, basis_of(basis * weight[:, None]), True)


@dataclass(frozen=True, eq=False)
class SetKernel:
    """A set beside the covariates.

    Attributes
    ----------
    members : ndarray, shape (N, K)
        Columns times their weights.
    projected : ndarray, shape (N, K)
        The same in units of the cases' variance, without the covariates.
    null : NullModel
    """

    members: Reals
    projected: Reals
    null: NullModel

    @classmethod
    def of(cls, members: Reals, null: NullModel) -> SetKernel:
        """Project the members; for a kernel matrix give its root (`kernel_root`)."""
        return cls(members, residuals(null.basis, members * null.weight[:, None]), null)

    def part(self, columns: Sequence[int], weights: Reals) -> SetKernel:
        """Some of the members, each times a weight; what was projected is used again.

        Parameters
        ----------
        columns : sequence of int, length K'
            Which.
        weights : ndarray, shape (K',)
            Of each.
        """
        at = np.asarray(columns, np.intp)
        return SetKernel(self.members[:, at] * weights, self.projected[:, at] * weights, self.null)

    @cached_property
    def eigenvalues(self) -> Reals:
        """Weights of the χ² mixture, those near 0 left out."""
        return sound(squared_singular(self.projected))

    @property
    def q(self) -> float:
        """Statistic in the units of the residuals: Σ (member · residual)²."""
        scores = self.members.T @ self.null.residual
        return float(scores @ scores)


def squared_singular(matrix: Reals) -> Reals:
    """Squares of the singular values, right to rounding beside the largest."""
    wide = matrix.shape[1] > matrix.shape[0]
    return np.asarray(np.linalg.eigvalsh(matrix @ matrix.T if wide else matrix.T @ matrix))


def sound(values: Any) -> Reals:
    """Eigenvalues without those that are 0 but for rounding, by R's SKAT's rule."""
    positive = values[values >= 0]
    kept = values[values > positive.mean() * _SMALLEST] if positive.size else values[:0]
    if not kept.size:
        raise InputError("The members do not vary beside the covariates; nothing can be tested.")
    return np.asarray(kept)


def kernel_test(kernel: SetKernel, *, exact: bool) -> float:
    """P-value of SKAT.

    Parameters
    ----------
    kernel : SetKernel
        Set and outcome.
    exact : bool
        Of a continuous outcome: the exact test of the ratio, which holds in small samples.
        Of a binary one: mean and variance of the statistic as they are in small samples
        (`adjusted_tail`). False gives the large-sample answer.
    """
    if not exact:
        return mixture_tail(kernel.q, kernel.eigenvalues)
    if kernel.null.binary:
        return adjusted_tail(kernel.q, kernel.projected, kernel.null)
    return _ratio_tail(kernel.q, kernel.eigenvalues, kernel.null.freedom)


def _ratio_tail(q: float, eigenvalues: Reals, freedom: int) -> float:
    """P(r'(K − (q / f) I)r > 0) with f = N − Q: the estimated variance is part of the test."""
    line = q / freedom
    weights = np.full(freedom, -line)
    weights[: len(eigenvalues)] += eigenvalues
    if weights.max() <= 0:
        return 0.0
    return mixture_tail(0.0, weights) if line > 0 else 1.0


def burden(kernel: SetKernel, *, exact: bool) -> float:
    """P-value of the burden test: the sum of the members."""
    from scipy.special import chdtrc, stdtr

    total = kernel.members.sum(axis=1)
    size = float((kernel.projected.sum(axis=1) ** 2).sum())
    if size <= 1e-10 * float((total**2).sum()):
        raise InputError("The sum of the members follows from the covariates.")
    z2 = float(total @ kernel.null.residual) ** 2 / size
    freedom = kernel.null.freedom
    if not exact or kernel.null.binary:
        return float(chdtrc(1, z2))
    # r² = z² / f; the t of it has one degree of freedom less.
    t = np.sqrt((freedom - 1) * z2 / max(freedom - z2, 1e-300))
    return float(min(1.0, 2 * stdtr(freedom - 1, -t)))


def adjusted_tail(q: float, projected: Reals, null: NullModel) -> float:
    """Tail of a binary outcome's statistic with its small-sample mean and variance.

    Parameters
    ----------
    q : float
        Statistic.
    projected : ndarray, shape (N, K)
        Members in units of the cases' variance, without the covariates.
    null : NullModel
        Of the binary outcome.

    Notes
    -----
    A scaled χ²: mean and variance are those of the sum over independent cases with their
    probabilities, the degrees of freedom give it the kurtosis of `NullModel.draws`. The same
    draws are made every time, so that the answer repeats.

    References
    ----------
    Lee 2012, https://doi.org/10.1016/j.ajhg.2012.06.007.
    """
    from scipy.special import chdtrc

    u, singular, _ = np.linalg.svd(projected, full_matrices=False)
    kept = singular**2 >= sound(singular**2).min()
    u, eigenvalues = u[:, kept], singular[kept] ** 2
    variance = null.weight**2
    fourth = (1 - 3 * variance) / variance  # of a centered 0/1 variable over its variance squared
    squares, products = u**2, u.T @ u
    moments = (squares.T * fourth) @ squares + np.outer(np.diag(products), np.diag(products))
    moments += 2 * products**2 - 3 * squares.T @ squares
    mean = float(eigenvalues.sum())
    spread = float(eigenvalues @ moments @ eigenvalues - mean**2)
    drawn = ((null.draws @ (projected / null.weight[:, None])) ** 2).sum(axis=1)
    kurtosis = float(((drawn - drawn.mean()) ** 4).mean() / drawn.var() ** 2 - 3)
    freedom = 12 / kurtosis if kurtosis > 0 else liu(eigenvalues)[2]
    at = (q - mean) / np.sqrt(spread) * np.sqrt(2 * freedom) + freedom
    return float(chdtrc(freedom, max(at, 0.0)))


def liu(weights: Reals) -> tuple[float, float, float]:
    """Mean, variance and degrees of freedom of the scaled χ² with the mixture's kurtosis."""
    c1, c2, c3, c4 = ((weights**k).sum() for k in (1, 2, 3, 4))
    s1, s2 = c3 / c2**1.5, c4 / c2**2
    if s1**2 > s2:
        a = 1 / (s1 - np.sqrt(s1**2 - s2))
        freedom = a**2 - 2 * (s1 * a**3 - a**2)
    else:
        freedom = 1 / s2
    return float(c1), float(2 * c2), float(freedom)
