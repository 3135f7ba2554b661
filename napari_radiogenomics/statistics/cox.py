"""Proportional hazards: Cox regression of censored times, with ties as Efron and with strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["CoxFit", "fit_cox", "survival_inputs"]

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
_MOST_STEPS = 50
_TOLERANCE = 1e-10
# Log hazard ratio of one standard deviation beyond which the likelihood has no maximum.
_ENDLESS = 20.0


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A Cox regression.

    Attributes
    ----------
    coefficients : ndarray, shape (P,)
        Log hazard ratios of one unit.
    covariance : ndarray, shape (P, P)
        Inverse of the observed information.
    log_likelihood : float
        Partial, at the maximum.
    converged : bool
        False where the likelihood rises without end: a feature parts those with an event from
        all who were at risk, and no hazard ratio can be given.
    """

    coefficients: Reals
    covariance: Reals
    log_likelihood: float
    converged: bool


def survival_inputs(time: ArrayLike, event: ArrayLike) -> tuple[Reals, Flags]:
    """Times and events as arrays, checked.

    Raises
    ------
    InputError
        If a time is missing, not above 0, an event is neither 0 nor 1, or there is no event.
    """
    t, e = np.asarray(time, float), np.asarray(event, float)
    if t.shape != e.shape or t.ndim != 1:
        raise InputError(f"There are {t.size} times and {e.size} events. Give one for each case.")
    if not (np.isfinite(t).all() and (t > 0).all()):
        raise InputError("A survival time is missing or not above 0. Leave these cases out.")
    if not np.isin(e, (0.0, 1.0)).all():
        raise InputError("Events are 1 (happened) or 0 (censored); others were found.")
    if not e.any():
        raise InputError("No case has an event, so that nothing can be said of its time.")
    return t, e == 1.0


def fit_cox(
    time: ArrayLike, event: ArrayLike, columns: ArrayLike, *, strata: ArrayLike | None = None
) -> CoxFit:
    """Fit a Cox regression by Newton steps; ties as Efron.

    Parameters
    ----------
    time, event : array_like, shape (N,)
        Time to the event (1) or to the end of watching (0).
    columns : array_like, shape (N, P)
        Without a constant, none missing.
    strata : array_like, shape (N,), optional
        Groups with a baseline hazard of their own, such as sites.

    Returns
    -------
    CoxFit

    Raises
    ------
    InputError
        As `survival_inputs`.

    References
    ----------
    Cox 1972, https://doi.org/10.1111/j.2517-6161.1972.tb00899.x; Efron 1977,
    https://doi.org/10.1080/01621459.1977.10480613.

    Examples
    --------
    >>> fit = fit_cox([5, 3, 4, 1, 2], [1, 1, 0, 1, 1], [[1.0], [2], [1], [3], [5]])
    >>> bool(fit.coefficients[0] > 0)
    True
    """
    t, e = survival_inputs(time, event)
    x = np.asarray(columns, float).reshape(len(t), -1)
    groups = np.zeros(len(t)) if strata is None else np.unique(strata, return_inverse=True)[1]
    center, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (x - center) / scale
    parts = [
        _Sorted.of(t[groups == one], e[groups == one], z[groups == one])
        for one in np.unique(groups)
        if e[groups == one].any()
    ]
    beta, information, value, converged = _climb(parts, x.shape[1])
    covariance = np.linalg.pinv(information) / np.outer(scale, scale)
    return CoxFit(beta / scale, covariance, value, converged)


@dataclass(frozen=True, eq=False)
class _Sorted:
    """One stratum, latest first, with what Efron's sum over tied events needs.

    Attributes
    ----------
    x : ndarray, shape (N, P)
    last : ndarray, shape (D,)
        Of each event, the place of the last case at risk.
    share : ndarray, shape (D,)
        Of each event, how much of the tied ones has left already: 0, 1/d, 2/d, …
    first_tie : ndarray, shape (D,)
        Of each event, which event was the first at the same time.
    at : ndarray, shape (D,)
        Places of the events.
    """

    x: Reals
    last: NDArray[np.intp]
    share: Reals
    first_tie: NDArray[np.intp]
    at: NDArray[np.intp]

    @classmethod
    def of(cls, t: Reals, e: Flags, x: Reals) -> _Sorted:
        # Events come last among equal times, so that they stand together.
        order = np.lexsort((e, -t))
        t, e, x = t[order], e[order], x[order]
        at = np.flatnonzero(e)
        last = np.searchsorted(-t, -t[at], side="right") - 1
        _, first, count = np.unique(-t[at], return_index=True, return_counts=True)
        number = np.arange(len(at)) - np.repeat(first, count)
        share = number / np.repeat(count, count)
        return cls(x, last, share, np.repeat(first, count), at)

    def terms(self, beta: Reals) -> tuple[float, Reals, Reals]:
        """Log partial likelihood, its gradient and minus its second derivatives."""
        eta = self.x @ beta
        shift = eta.max()
        w = np.exp(eta - shift)
        wx = w[:, None] * self.x
        wxx = wx[:, :, None] * self.x[:, None, :]
        s0, s1, s2 = (self._at_risk(part) for part in (w, wx, wxx))
        mean = s1 / s0[:, None]
        value = float(eta[self.at].sum() - (np.log(s0) + shift).sum())
        gradient = self.x[self.at].sum(axis=0) - mean.sum(axis=0)
        information = (s2 / s0[:, None, None]).sum(axis=0) - mean.T @ mean
        return value, gradient, information

    def _at_risk(self, weighted: Reals) -> Reals:
        """Sums over those at risk at each event, less the tied ones that have left."""
        total = np.cumsum(weighted, axis=0)[self.last]
        if not self.share.any():
            return total
        events = np.cumsum(weighted[self.at], axis=0)
        ends = np.append(self.first_tie[1:] != self.first_tie[:-1], True)
        end_of = np.flatnonzero(ends)[np.cumsum(np.append(False, ends[:-1]))]
        before = np.where(self.first_tie > 0, self.first_tie - 1, 0)
        earlier = events[before]
        earlier[self.first_tie == 0] = 0
        tied = events[end_of] - earlier
        return total - self.share.reshape(-1, *[1] * (weighted.ndim - 1)) * tied


def _terms(parts: list[_Sorted], beta: Reals) -> tuple[float, Reals, Reals]:
    found = [part.terms(beta) for part in parts]
    return (
        sum(value for value, _, _ in found),
        np.sum([gradient for _, gradient, _ in found], axis=0),
        np.sum([information for _, _, information in found], axis=0),
    )


def _climb(parts: list[_Sorted], p: int) -> tuple[Reals, Reals, float, bool]:
    """Newton steps, halved where the likelihood would fall."""
    beta = np.zeros(p)
    value, gradient, information = _terms(parts, beta)
    for _ in range(_MOST_STEPS):
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        for _ in range(30):
            new = _terms(parts, beta + step)
            if np.isfinite(new[0]) and new[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta = beta + step
        gain = abs(new[0] - value)
        value, gradient, information = new
        if np.abs(beta).max(initial=0.0) > _ENDLESS:
            return beta, information, value, False
        if gain <= _TOLERANCE * (1 + abs(value)) and np.abs(step).max(initial=0.0) < 1e-7:
            return beta, information, value, True
    return beta, information, value, False
