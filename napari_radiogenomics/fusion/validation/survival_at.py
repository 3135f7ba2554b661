"""Probability of no event by a time, of one patient, with an interval.

The interval is one of the model: how well the training patients fix the hazard (Breslow) and the
slope of their predictions (Cox), both by inner folds, on the scale of log(-log). It does not say
when a patient's event comes; a single time cannot be foreseen so closely.

Letters: N patients, K times of events.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.statistics.survival import Steps, kaplan_meier, predicted_survival

__all__ = ["SURVIVAL", "follow_up", "hazard_scores", "survival_at", "time_of"]

Reals = NDArray[np.float64]
SURVIVAL = ("survival", "survival_low", "survival_high")
"""Columns of the probability and its interval."""


def hazard_scores(outcome: Outcome, link: Reals, hazard: Steps) -> dict[str, Reals]:
    """What fixes the probabilities, as plain arrays.

    Parameters
    ----------
    outcome : Outcome
        Of N training patients.
    link : ndarray, shape (N,)
        Their predictions by fits that did not see them.
    hazard : Steps
        Cumulative, at a link of 0.
    """
    time, event = outcome.values, outcome.event
    risk, center = np.exp(link), float(link.mean())
    steps, information = np.zeros(len(hazard.times)), 0.0
    for place, now in enumerate(hazard.times):
        at_risk, dying = time >= now, int(((time == now) & event).sum())
        weight = risk[at_risk] / risk[at_risk].sum()
        steps[place] = dying / risk[at_risk].sum() ** 2
        mean = float(weight @ link[at_risk])
        information += dying * float(weight @ (link[at_risk] - mean) ** 2)
    return {
        "times": hazard.times,
        "hazard": hazard.values,
        "hazard_variance": np.cumsum(steps),
        "slope": np.array([center, information]),
        "follow_up": np.array([follow_up(outcome)]),
    }


def follow_up(outcome: Outcome) -> float:
    """Median follow-up: of the times until censoring (Schemper 1996), but within the events."""
    time, event = outcome.values, outcome.event
    middle = float(np.median(time))
    if not event.all():
        curve = kaplan_meier(time, ~event)
        below = curve.times[curve.values <= 0.5]
        middle = float(below[0]) if below.size else middle
    return min(middle, float(time[event].max()))


def time_of(scores: Mapping[str, Reals], at: float | None) -> float:
    """Time that is asked for; the median follow-up of the training patients without one.

    Raises
    ------
    InputError
        If it is no time, or nobody was followed so long.
    """
    last = float(scores["times"][-1])
    if at is None:
        return float(scores.get("follow_up", np.median(scores["times"], keepdims=True))[0])
    if not 0 < at <= last:
        raise InputError(
            f"at is {at:g}; it must lie above 0 and up to {last:g}, the last event of the training "
            "patients, in the unit of their times."
        )
    return float(at)


def survival_at(scores: Mapping[str, Reals], link: Reals, at: float, *, level: float) -> Reals:
    """Probability of no event by a time and the ends of its interval, shape (N, 3).

    Parameters
    ----------
    scores : mapping
        Of the model; of a file that does not hold how sure they are, the ends are NaN.
    link : ndarray, shape (N,)
        Log hazard.
    at : float
        Time.
    level : float
        Of the interval.

    References
    ----------
    Tsiatis 1981, https://doi.org/10.1214/aos/1176345335.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> time = rng.exponential(10, 200)
    >>> outcome = Outcome("survival", time, np.ones(200, bool))
    >>> flat = np.zeros(200)
    >>> from napari_radiogenomics.statistics.survival import baseline_hazard
    >>> scores = hazard_scores(outcome, flat, baseline_hazard(time, outcome.event, flat))
    >>> survival_at(scores, np.zeros(1), 10.0, level=0.95).round(2).tolist()
    [[0.42, 0.35, 0.48]]
    """
    from scipy.stats import norm

    middle = predicted_survival(Steps(scores["times"], scores["hazard"], 0.0), link, at)
    if "slope" not in scores:
        return np.column_stack([middle, np.full((len(link), 2), np.nan)])
    place = int(np.searchsorted(scores["times"], at, side="right")) - 1
    total = scores["hazard"][place] if place >= 0 else 0.0
    own = scores["hazard_variance"][place] / total**2 if total else 0.0
    center, information = scores["slope"]
    spread = own + ((link - center) ** 2 / information if information > 0 else 0.0)
    factor = np.exp(norm.ppf((1 + level) / 2) * np.sqrt(spread))
    return np.column_stack([middle, middle**factor, middle ** (1 / factor)])
