"""Elastic net paths for least squares, logistic and Cox models, by proximal Newton steps.

Strategy: as glmnet (Friedman 2010, https://doi.org/10.18637/jss.v033.i01; Simon 2011,
https://doi.org/10.18637/jss.v039.i05). The loss is replaced by a quadratic one at the present
fit, coordinate descent solves that on the coefficients that are not zero, others enter where
their gradient exceeds the penalty, and each penalty starts from the solution of the one before.
Instead of a residual r the kernel keeps w·r, so that weights of zero need no division.

Letters: N samples, P features, L penalties, K rows that only pull the prediction towards zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Kind, Outcome

__all__ = ["Path", "elastic_net_path", "mean_loss", "newton_parts", "penalties_of"]

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
_FAMILY: dict[Kind, int] = {"regression": 0, "classification": 1, "survival": 2}
_NEWTON_STEPS, _SWEEPS = 100, 2000
_SATURATED = 0.95  # share of the deviance; beyond it the path does not change any more


@dataclass(frozen=True, eq=False)
class Path:
    """Coefficients along the penalties.

    Attributes
    ----------
    penalties : ndarray, shape (L,)
        From strong to weak.
    intercepts : ndarray, shape (L,)
        0 for survival, where there is none.
    coefficients : ndarray, shape (L, P)
        Of the features as they were given.
    """

    penalties: Reals
    intercepts: Reals
    coefficients: Reals


def penalties_of(
    X: Reals, outcome: Outcome, *, l1_ratio: float, count: int = 40, least: float | None = None
) -> Reals:
    """Penalties from the one that leaves no feature down to a share of it, shape (L,).

    Parameters
    ----------
    X : ndarray, shape (N, P)
        Features.
    outcome : Outcome
        Of the same patients.
    l1_ratio : float
        Share of the absolute penalty; below 0.01 it counts as 0.01.
    count : int, optional
        L.
    least : float, optional
        Share of the strongest penalty; by default 0.05 where there are more features than
        patients, else 0.01.
    """
    family, times = _sorted(outcome)
    order = times[0]
    y, event = outcome.values[order], outcome.event[order]
    start = y.mean() if family == 0 else np.log(y.mean() / (1 - y.mean())) if family == 1 else 0.0
    score, _ = _working(family, y, event, times[1], times[2], np.full(len(y), start))
    most = float(np.abs(X[order].T @ score).max()) / max(l1_ratio, 0.01)
    if least is None:
        least = 0.05 if X.shape[1] > len(X) else 0.01
    return np.geomspace(1, least, count) * max(most, 1e-12)


def elastic_net_path(
    X: Reals,
    outcome: Outcome,
    penalties: Reals,
    *,
    l1_ratio: float = 0.5,
    agreement: Reals | None = None,
    tolerance: float = 1e-4,
) -> Path:
    """Fit a penalized linear model for each penalty.

    The mean loss (half the squared error, the logistic loss, or the negative log partial
    likelihood with Breslow's ties over N) plus ``penalty`` times ``l1_ratio`` |β| +
    (1 − ``l1_ratio``)/2 β² is least.

    Parameters
    ----------
    X : ndarray, shape (N, P)
        Features, scaled as they should be penalized.
    outcome : Outcome
        Of the same patients.
    penalties : ndarray, shape (L,)
        From strong to weak.
    l1_ratio : float, optional
        Share of the absolute penalty.
    agreement : ndarray, shape (K, P), optional
        Rows a for which (a·β)²/2N is added to the loss: of views that should agree.
    tolerance : float, optional
        Largest step of a coefficient, in units of the prediction's standard deviation, at which
        the fit ends.
    """
    family, (order, first, last) = _sorted(outcome)
    rows = X[order]
    if agreement is not None:
        rows = np.vstack([rows, agreement])
    intercepts, coefficients = _path(
        np.asfortranarray(rows),
        family,
        outcome.values[order],
        outcome.event[order],
        first,
        last,
        np.asarray(penalties, float),
        float(l1_ratio),
        float(tolerance),
    )
    return Path(np.asarray(penalties, float), intercepts, coefficients)


def newton_parts(outcome: Outcome, link: Reals) -> tuple[Reals, Reals]:
    """Minus the gradient of the loss and its curvature at predictions, shape (N,) each.

    Parameters
    ----------
    outcome : Outcome
        Of N patients.
    link : ndarray, shape (N,)
        Number, log odds or log hazard.
    """
    family, (order, first, last) = _sorted(outcome)
    y, event = outcome.values[order], outcome.event[order]
    parts = _working(family, y, event, first, last, link[order])
    back = np.argsort(order)
    return parts[0][back] * len(link), parts[1][back] * len(link)


def mean_loss(outcome: Outcome, link: Reals) -> float:
    """Half the squared error, logistic loss, or negative log partial likelihood, over N.

    Parameters
    ----------
    outcome : Outcome
        Of N patients.
    link : ndarray, shape (N,)
        Number, log odds or log hazard.
    """
    family, (order, first, last) = _sorted(outcome)
    y, event = outcome.values[order], outcome.event[order]
    return float(_loss(family, y, event, first, last, np.ascontiguousarray(link[order])))


def _sorted(outcome: Outcome) -> tuple[int, tuple[NDArray[np.intp], ...]]:
    """Family, order of the patients, and for each the first and last place of its time."""
    family = _FAMILY[outcome.kind]
    if family != 2:
        order = np.arange(len(outcome), dtype=np.intp)
        return family, (order, order, order)
    order = np.argsort(outcome.values, kind="stable").astype(np.intp)
    times = outcome.values[order]
    first = np.searchsorted(times, times).astype(np.intp)
    last = (np.searchsorted(times, times, side="right") - 1).astype(np.intp)
    return family, (order, first, last)


@nb.njit(cache=True, nogil=True)
def _working(
    family: int, y: Reals, event: Flags, first: Places, last: Places, eta: Reals
) -> tuple[Reals, Reals]:
    """Minus the gradient of the mean loss, and its curvature, shape (N,) each."""
    n = y.size
    if family == 0:
        return (y - eta) / n, np.full(n, 1.0 / n)
    if family == 1:
        p = 1.0 / (1.0 + np.exp(-eta))
        return (y - p) / n, p * (1.0 - p) / n
    risk = np.exp(eta - eta.max())
    behind = np.cumsum(risk[::-1])[::-1]
    once, twice = np.empty(n), np.empty(n)
    a = b = 0.0
    for i in range(n):
        if event[i]:
            total = behind[first[i]]
            a += 1.0 / total
            b += 1.0 / total**2
        once[i], twice[i] = a, b
    once, twice = once[last], twice[last]
    return (event - risk * once) / n, (risk * once - risk**2 * twice) / n


@nb.njit(cache=True, nogil=True)
def _loss(family: int, y: Reals, event: Flags, first: Places, last: Places, eta: Reals) -> float:
    """Mean loss."""
    n = y.size
    if family == 0:
        return 0.5 * np.sum((y - eta) ** 2) / n
    if family == 1:
        return np.sum(np.maximum(eta, 0.0) - y * eta + np.log1p(np.exp(-np.abs(eta)))) / n
    top = eta.max()
    behind = np.cumsum(np.exp(eta - top)[::-1])[::-1]
    total = 0.0
    for i in range(n):
        if event[i]:
            total += np.log(behind[first[i]]) + top - eta[i]
    return total / n


# Sums may be taken in any order: the processor then adds several rows at a time.
@nb.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _sweep(
    X: Reals, n: int, score: Reals, weight: Reals, curvature: Reals, beta: Reals, intercept: float,
    active: Places, penalty: float, l1_ratio: float, fit_mean: bool,
) -> tuple[float, float]:  # fmt: skip
    """One round over the active coefficients; answers with the intercept and largest step."""
    largest = 0.0
    if fit_mean:
        total = np.sum(weight[:n])
        if total > 0:
            step = np.sum(score[:n]) / total
            intercept += step
            for i in range(n):
                score[i] -= weight[i] * step
            largest = total * step * step
    for j in active:
        v = curvature[j]
        old = beta[j]
        gradient = 0.0
        for i in range(X.shape[0]):
            gradient += X[i, j] * score[i]
        pull = gradient + v * old
        cut = max(abs(pull) - penalty * l1_ratio, 0.0)
        bottom = v + penalty * (1.0 - l1_ratio)
        new = np.sign(pull) * cut / bottom if bottom > 0 else old
        step = new - old
        if step != 0.0:
            beta[j] = new
            for i in range(X.shape[0]):
                score[i] -= weight[i] * X[i, j] * step
            largest = max(largest, v * step * step)
    return intercept, largest


@nb.njit(cache=True, nogil=True)
def _price(
    n: int, beta: Reals, eta: Reals, active: Places, penalty: float, l1_ratio: float, loss: float
) -> float:
    """Loss, agreement and penalty together."""
    total = loss + 0.5 * np.sum(eta[n:] ** 2) / n
    for j in active:
        total += penalty * (l1_ratio * abs(beta[j]) + 0.5 * (1.0 - l1_ratio) * beta[j] ** 2)
    return total


@nb.njit(cache=True, nogil=True)
def _predict(X: Reals, n: int, beta: Reals, intercept: float, active: Places) -> Reals:
    eta = np.zeros(X.shape[0])
    eta[:n] = intercept
    for j in active:
        if beta[j] != 0.0:
            eta += beta[j] * X[:, j]
    return eta


@nb.njit(cache=True, nogil=True)
def _newton(
    X: Reals, family: int, y: Reals, event: Flags, first: Places, last: Places,
    beta: Reals, intercept: float, active: Places, penalty: float, l1_ratio: float,
    tolerance: float,
) -> tuple[float, Reals, Reals]:  # fmt: skip
    """Solve one penalty on the active coefficients; answers with intercept, fit and score."""
    n = y.size
    size = X.shape[0]
    score, weight = np.empty(size), np.empty(size)
    curvature = np.zeros(X.shape[1])
    weight[n:] = 1.0 / n
    eta = _predict(X, n, beta, intercept, active)
    price = _price(
        n, beta, eta, active, penalty, l1_ratio, _loss(family, y, event, first, last, eta[:n])
    )
    for _ in range(_NEWTON_STEPS):
        score[:n], weight[:n] = _working(family, y, event, first, last, eta[:n])
        score[n:] = -eta[n:] / n
        for j in active:
            curvature[j] = np.sum(weight * X[:, j] ** 2)
        before, mean_before = beta.copy(), intercept
        for _ in range(_SWEEPS):
            intercept, largest = _sweep(
                X, n, score, weight, curvature, beta, intercept, active, penalty, l1_ratio,
                family != 2,
            )  # fmt: skip
            if largest < tolerance * tolerance:
                break
        moved = (intercept - mean_before) ** 2
        for j in active:
            moved = max(moved, curvature[j] * (beta[j] - before[j]) ** 2)
        for _ in range(30):  # halve a step that overshoots
            eta = _predict(X, n, beta, intercept, active)
            now = _price(
                n, beta, eta, active, penalty, l1_ratio,
                _loss(family, y, event, first, last, eta[:n]),
            )  # fmt: skip
            if now <= price + 1e-13 * (1.0 + abs(price)):
                break
            beta[:] = 0.5 * (beta + before)
            intercept = 0.5 * (intercept + mean_before)
        price = now
        if family == 0 or moved < tolerance * tolerance:
            break
    score[:n], weight[:n] = _working(family, y, event, first, last, eta[:n])
    score[n:] = -eta[n:] / n
    return intercept, eta, score


@nb.njit(cache=True, nogil=True)
def _path(
    X: Reals, family: int, y: Reals, event: Flags, first: Places, last: Places,
    penalties: Reals, l1_ratio: float, tolerance: float,
) -> tuple[Reals, Reals]:  # fmt: skip
    n, p = y.size, X.shape[1]
    intercepts, coefficients = np.zeros(penalties.size), np.zeros((penalties.size, p))
    beta, intercept = np.zeros(p), 0.0
    if family == 0:
        intercept = y.mean()
    elif family == 1:
        intercept = np.log(y.mean() / (1.0 - y.mean()))
    null = _loss(family, y, event, first, last, np.full(n, intercept))
    inside = np.zeros(p, np.bool_)
    done = False
    for k in range(penalties.size):
        if not done:
            while True:
                active = np.flatnonzero(inside)
                intercept, eta, score = _newton(
                    X, family, y, event, first, last, beta, intercept, active, penalties[k],
                    l1_ratio, tolerance,
                )  # fmt: skip
                gradient = np.abs(score @ X)
                limit = penalties[k] * l1_ratio
                added = False
                for j in range(p):
                    if not inside[j] and gradient[j] > limit * (1.0 + 1e-9):
                        inside[j] = True
                        added = True
                if not added:
                    break
            left = _loss(family, y, event, first, last, eta[:n])
            done = family != 0 and left < (1.0 - _SATURATED) * null
        intercepts[k] = intercept
        coefficients[k] = beta
    return intercepts, coefficients
