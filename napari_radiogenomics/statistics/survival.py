"""How good a prediction of survival is: concordance, Uno's C, Brier score, areas at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.cox import survival_inputs

__all__ = [
    "Concordance",
    "Steps",
    "area_at",
    "baseline_hazard",
    "brier_score",
    "censoring_weights",
    "concordance",
    "kaplan_meier",
    "predicted_survival",
    "survival_with_ends",
    "uno_concordance",
]

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Steps:
    """A function of time that changes at some times only.

    Attributes
    ----------
    times : ndarray, shape (K,)
        When it changes, rising.
    values : ndarray, shape (K,)
        From each time on.
    start : float
        Before the first.
    """

    times: Reals
    values: Reals
    start: float

    def __call__(self, at: ArrayLike, *, before: bool = False) -> Reals:
        """Values at some times, or just before them."""
        where = np.asarray(at, float)
        place = np.searchsorted(self.times, where, side="left" if before else "right")
        return np.asarray(np.append(self.start, self.values)[place])


@dataclass(frozen=True)
class Concordance:
    """How often the case with the greater risk comes first.

    Attributes
    ----------
    value : float
        0.5 is chance.
    low, high : float
        Interval, cut off at 0 and 1.
    variance : float
        Infinitesimal jackknife.
    n, n_events : int
        What it rests on.
    """

    value: float
    low: float
    high: float
    variance: float
    n: int
    n_events: int


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> Steps:
    """Probability of no event by each time.

    Parameters
    ----------
    time, event : array_like, shape (N,)
        Time to the event (1) or to the end of watching (0).

    Returns
    -------
    Steps

    References
    ----------
    Kaplan and Meier 1958, https://doi.org/10.1080/01621459.1958.10501452.

    Examples
    --------
    >>> kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1])([0, 1, 3]).tolist()
    [1.0, 0.75, 0.375]
    """
    t, e = survival_inputs(time, event)
    return _product_limit(t, e)


def _product_limit(t: Reals, e: Flags) -> Steps:
    times, deaths = np.unique(t[e], return_counts=True)
    at_risk = len(t) - np.searchsorted(np.sort(t), times, side="left")
    return Steps(times, np.asarray(np.cumprod(1 - deaths / at_risk), np.float64), 1.0)


def survival_with_ends(
    time: ArrayLike, event: ArrayLike, at: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Probability of no event by a time, and its interval (Greenwood, on the scale of log(-log)).

    Parameters
    ----------
    time, event : array_like, shape (N,)
        As for `kaplan_meier`.
    at : float
        Time.
    level : float, optional
        Of the interval.

    Returns
    -------
    value, low, high : float
        NaN where nobody was watched so long and some might have lived on. Where nobody or
        everybody had the event, the interval is the exact one of as many who were watched.

    References
    ----------
    Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 1.4,
    https://doi.org/10.1002/9781118032985.

    Examples
    --------
    >>> [round(end, 3) for end in survival_with_ends([1, 2, 3, 4], [1, 0, 1, 1], 3)]
    [0.375, 0.011, 0.808]
    """
    from scipy.stats import norm

    t, e = survival_inputs(time, event)
    value = float(_product_limit(t, e)(at))
    tail = (1 - level) / 2
    if value == 0:
        return 0.0, 0.0, 1 - tail ** (1 / len(t))
    if t.max() < at:
        return np.nan, np.nan, np.nan
    if value == 1:
        return 1.0, tail ** (1 / int((t >= at).sum())), 1.0
    times, deaths = np.unique(t[e & (t <= at)], return_counts=True)
    at_risk = len(t) - np.searchsorted(np.sort(t), times, side="left")
    variance = float(np.sum(deaths / (at_risk * (at_risk - deaths))))
    reach = float(np.exp(norm.ppf(1 - tail) * variance**0.5 / abs(np.log(value))))
    return value, value**reach, value ** (1 / reach)


def _censoring(t: Reals, e: Flags) -> Steps:
    """Probability of not being censored by each time."""
    return _product_limit(t, ~e)


def baseline_hazard(time: ArrayLike, event: ArrayLike, risk: ArrayLike) -> Steps:
    """Cumulative hazard of a case whose log hazard ratio is 0 (Breslow, ties as Efron).

    Parameters
    ----------
    time, event : array_like, shape (N,)
        As for `kaplan_meier`.
    risk : array_like, shape (N,)
        Log hazard ratio of each case.
    """
    t, e = survival_inputs(time, event)
    hazard = np.exp(np.asarray(risk, float))
    times = np.unique(t[e])
    jumps = np.zeros(len(times))
    for place, now in enumerate(times):
        dying = hazard[(t == now) & e]
        share = np.arange(len(dying)) / len(dying)
        jumps[place] = (1 / (hazard[t >= now].sum() - share * dying.sum())).sum()
    return Steps(times, np.cumsum(jumps), 0.0)


def predicted_survival(baseline: Steps, risk: ArrayLike, at: float) -> Reals:
    """Probability of no event by a time, shape (N,), from log hazard ratios."""
    return np.asarray(np.exp(-baseline(at) * np.exp(np.asarray(risk, float))))


def concordance(time: ArrayLike, event: ArrayLike, risk: ArrayLike) -> Concordance:
    """Harrell's concordance of risks with survival, as R's ``survival::concordance``.

    Parameters
    ----------
    time, event : array_like, shape (N,)
        As for `kaplan_meier`.
    risk : array_like, shape (N,)
        Greater where the event is expected sooner.

    Returns
    -------
    Concordance

    Raises
    ------
    InputError
        If no two cases can be compared, or a value is missing.

    References
    ----------
    Harrell 1982, https://doi.org/10.1001/jama.1982.03320430047030.

    Examples
    --------
    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [4, 3, 2, 1]).value
    1.0
    """
    t, e = survival_inputs(time, event)
    return _concordance(t, e, _scores(risk, t), np.ones(len(t)))


def uno_concordance(
    time: ArrayLike, event: ArrayLike, risk: ArrayLike, *, until: float | None = None
) -> Concordance:
    """Uno's concordance: each pair is weighted so that censoring does not bend the answer.

    Parameters
    ----------
    time, event, risk : array_like, shape (N,)
        As for `concordance`.
    until : float, optional
        Events after this time do not count; None counts all.

    Notes
    -----
    The distribution of censoring is the Kaplan-Meier estimate of the cases given here, those who
    are judged; scikit-survival's ``concordance_index_ipcw`` takes it from training cases, so that
    the two agree where both are given the same.

    References
    ----------
    Uno 2011, https://doi.org/10.1002/sim.4154.
    """
    t, e = survival_inputs(time, event)
    kept = e if until is None else e & (t < until)
    if not kept.any():
        raise InputError(f"No event lies before {until:g}. Choose a later time.")
    weight = np.zeros(len(t))
    weight[kept] = _censoring(t, e)(t[kept], before=True) ** -2
    return _concordance(t, kept, _scores(risk, t), weight)


def _scores(risk: ArrayLike, t: Reals) -> Reals:
    score = np.asarray(risk, float)
    if score.shape != t.shape or not np.isfinite(score).all():
        raise InputError("A risk is missing. Give one number for each case.")
    return score


def _concordance(t: Reals, e: Flags, score: Reals, weight: Reals) -> Concordance:
    from scipy.stats import norm

    agree, pairs = np.zeros(len(t)), np.zeros(len(t))
    for at in np.flatnonzero(e):
        later = (t > t[at]) | ((t == t[at]) & ~e)
        right = weight[at] * ((score[at] > score) + 0.5 * (score[at] == score)) * later
        agree += right
        pairs += weight[at] * later
        agree[at] += right.sum()
        pairs[at] += weight[at] * later.sum()
    total = pairs.sum() / 2
    if total == 0:
        raise InputError("No two cases can be compared: nobody outlived an event.")
    value = float(agree.sum() / 2 / total)
    variance = float((((agree - value * pairs) / total) ** 2).sum())
    reach = float(norm.ppf(0.975)) * variance**0.5
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Concordance(value, low, high, variance, len(t), int(e.sum()))


def censoring_weights(time: ArrayLike, event: ArrayLike, at: float) -> Reals:
    """Inverse probability of not being censored: of events by a time, and of those beyond it.

    Parameters
    ----------
    time, event : array_like, shape (N,)
        As for `kaplan_meier`.
    at : float
        Time.

    Returns
    -------
    ndarray, shape (N,)
        0 for those who were censored before.
    """
    return _weights(*survival_inputs(time, event), at)


def _weights(t: Reals, e: Flags, at: float) -> Reals:
    censoring = _censoring(t, e)
    if not censoring(at) > 0:
        raise InputError(f"Nobody was watched beyond {at:g}. Choose an earlier time.")
    weight = np.zeros(len(t))
    early = (t <= at) & e
    weight[early] = 1 / censoring(t[early], before=True)
    weight[t > at] = 1 / censoring(at)
    return weight


def brier_score(time: ArrayLike, event: ArrayLike, survival: ArrayLike, at: float) -> float:
    """Mean squared error of predicted survival at a time, weighted against censoring.

    Parameters
    ----------
    time, event : array_like, shape (N,)
        As for `kaplan_meier`.
    survival : array_like, shape (N,)
        Predicted probability of no event by ``at``.
    at : float
        Time.

    References
    ----------
    Graf 1999, https://doi.org/10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    t, e = survival_inputs(time, event)
    weight = _weights(t, e, at)
    return float((weight * ((t > at) - _scores(survival, t)) ** 2).mean())


def area_at(time: ArrayLike, event: ArrayLike, risk: ArrayLike, at: float) -> float:
    """Area under the ROC curve of an event by a time, weighted against censoring.

    Parameters
    ----------
    time, event, risk : array_like, shape (N,)
        As for `concordance`.
    at : float
        Cases are the events until then, controls those who were watched beyond.

    Raises
    ------
    InputError
        If there are no cases or no controls.

    References
    ----------
    Uno 2007, https://doi.org/10.1198/016214507000000149; Blanche 2013,
    https://doi.org/10.1002/sim.5958.
    """
    t, e = survival_inputs(time, event)
    weight, score = _weights(t, e, at), _scores(risk, t)
    case, control = (t <= at) & e, t > at
    if not case.any() or not control.any():
        raise InputError(f"At {at:g} there are no cases or no controls. Choose another time.")
    above = score[case][:, None] - score[control]
    right = ((above > 0) + 0.5 * (above == 0)).mean(axis=1)
    return float((weight[case] * right).sum() / weight[case].sum())
