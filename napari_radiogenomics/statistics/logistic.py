"""Logistic regression of one outcome on many features, each beside the same confounders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogisticFits", "fit_logistic"]

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
_ROUNDS = 50
_TOLERANCE = 1e-10
# Log odds per standard deviation, or a predicted probability, that only separation brings about.
_ENDLESS = 12.0
_CERTAIN = 1e-7


@dataclass(frozen=True, eq=False)
class LogisticFits:
    """Coefficients of the features.

    Attributes
    ----------
    coefficient, error : ndarray, shape (P,)
        Log odds ratio of one unit and its standard error.
    p_value : ndarray, shape (P,)
        Wald's test; the penalized likelihood ratio where Firth's penalty was used.
    firth : ndarray of bool, shape (P,)
        Where a feature parts the classes (nearly) without error, so that the plain likelihood
        has no maximum.
    """

    coefficient: Reals
    error: Reals
    p_value: Reals
    firth: Flags


def fit_logistic(outcome: Reals, features: Reals, given: Reals) -> LogisticFits:
    """Fit the outcome on each feature beside what is given.

    Parameters
    ----------
    outcome : ndarray, shape (N,)
        0 or 1, both of them there.
    features : ndarray, shape (N, P)
        About one standard deviation wide.
    given : ndarray, shape (N, Q)
        Of full rank, the constant among them.

    References
    ----------
    Firth 1993, https://doi.org/10.1093/biomet/80.1.27; Heinze and Schemper 2002,
    https://doi.org/10.1002/sim.1047.

    Examples
    --------
    >>> y = np.array([0.0, 0, 0, 1, 1, 1])
    >>> x = np.array([-1.0, -0.5, -0.2, 0.3, 0.6, 1])
    >>> fits = fit_logistic(y, x[:, None], np.ones((6, 1)))
    >>> bool(fits.firth[0]), bool(np.isfinite(fits.coefficient[0]))
    (True, True)
    """
    from scipy.special import chdtrc
    from scipy.stats import norm

    designs = _designs(features, given)
    beta, covariance, sound = _fit(outcome, designs, firth=False)
    coefficient = beta[:, -1].copy()
    error = np.sqrt(covariance[:, -1, -1])
    p_value = 2 * norm.sf(np.abs(coefficient / error))
    bad = ~sound
    if bad.any():
        beta, covariance, _ = _fit(outcome, designs[bad], firth=True)
        without, _, _ = _fit(outcome, designs[bad], firth=True, fixed=True)
        coefficient[bad], error[bad] = beta[:, -1], np.sqrt(covariance[:, -1, -1])
        gain = _penalized(outcome, designs[bad], beta) - _penalized(outcome, designs[bad], without)
        p_value[bad] = chdtrc(1, 2 * np.maximum(gain, 0.0))
    return LogisticFits(coefficient, error, p_value, bad)


def _designs(features: Reals, given: Reals) -> Reals:
    """Design of each feature, the feature last, shape (P, N, Q + 1)."""
    n, p = features.shape
    shared = np.broadcast_to(given, (p, n, given.shape[1]))
    return np.concatenate([shared, features.T[:, :, None]], axis=2)


def _probability(designs: Reals, beta: Reals) -> Reals:
    from scipy.special import expit

    return np.asarray(expit(np.einsum("pnq,pq->pn", designs, beta)))


def _likelihood(y: Reals, designs: Reals, beta: Reals) -> Reals:
    eta = np.einsum("pnq,pq->pn", designs, beta)
    return np.asarray((y * eta - np.logaddexp(0.0, eta)).sum(axis=1))


def _information(designs: Reals, p: Reals) -> Reals:
    return np.asarray(np.einsum("pnq,pn,pnr->pqr", designs, p * (1 - p), designs, optimize=True))


def _penalized(y: Reals, designs: Reals, beta: Reals) -> Reals:
    """Log likelihood with Jeffreys' prior; the penalty is that of the whole design."""
    information = _information(designs, _probability(designs, beta))
    return np.asarray(_likelihood(y, designs, beta) + 0.5 * np.linalg.slogdet(information)[1])


def _fit(
    y: Reals, designs: Reals, *, firth: bool, fixed: bool = False
) -> tuple[Reals, Reals, Flags]:
    """Newton steps, halved where the likelihood would fall; ``fixed`` holds the feature at 0.

    Returns
    -------
    beta : ndarray, shape (P, Q + 1)
    covariance : ndarray, shape (P, Q + 1, Q + 1)
    sound : ndarray of bool, shape (P,)
        Where it came to rest, short of the ends of the scale.
    """
    objective = _penalized if firth else _likelihood
    beta = np.zeros((len(designs), designs.shape[2]))
    value = objective(y, designs, beta)
    resting = np.zeros(len(designs), bool)
    for _ in range(_ROUNDS):
        step = _step(y, designs, beta, firth, fixed)
        new = objective(y, designs, beta + step)
        for _ in range(25):
            worse = ~(new >= value - 1e-12 * np.abs(value))
            if not worse.any():
                break
            step[worse] /= 2
            new[worse] = objective(y, designs[worse], beta[worse] + step[worse])
        beta += step
        resting = np.abs(new - value) < _TOLERANCE * (1 + np.abs(value))
        value = new
        if (resting & (np.abs(step).max(axis=1) < 1e-6)).all():
            break
    p = _probability(designs, beta)
    sound = resting & (np.abs(beta[:, -1]) < _ENDLESS)
    sound &= (np.minimum(p, 1 - p) > _CERTAIN).all(axis=1)
    covariance = np.linalg.pinv(_information(designs, p), hermitian=True)
    return beta, np.asarray(covariance, np.float64), sound


def _step(y: Reals, designs: Reals, beta: Reals, firth: bool, fixed: bool) -> Reals:
    p = _probability(designs, beta)
    information = _information(designs, p)
    left = y - p
    if firth:
        inverse = np.linalg.pinv(information, hermitian=True)
        leverage = (
            p * (1 - p) * np.einsum("pnq,pqr,pnr->pn", designs, inverse, designs, optimize=True)
        )
        left = left + leverage * (0.5 - p)
    score = np.einsum("pnq,pn->pq", designs, left)
    if fixed:
        score[:, -1] = 0
        information[:, -1, :] = information[:, :, -1] = 0
        information[:, -1, -1] = 1
    inverse = np.linalg.pinv(information, hermitian=True)
    step = np.einsum("pqr,pr->pq", inverse, score)
    largest = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, 5.0 / np.maximum(largest, 1e-300)))
