"""How far to trust one prediction: sets and intervals with a known coverage.

The scores come from the inner folds, whose fits did not see the patient (cross-conformal,
Vovk 2015, https://doi.org/10.1007/s10472-013-9368-4), and for classes from the patients of that
class alone, so that the coverage holds in both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.survival_at import hazard_scores
from napari_radiogenomics.statistics.survival import baseline_hazard

__all__ = ["conformal_interval", "conformal_p", "conformal_scores", "conformal_set"]

Reals = NDArray[np.float64]


def conformal_scores(outcome: Outcome, inner: Reals) -> dict[str, Reals]:
    """Sorted scores: how unlike its own class, or how far off, each training patient was.

    For survival it is the cumulative hazard at a link of 0, which makes probabilities of links,
    and how sure it is.

    Parameters
    ----------
    outcome : Outcome
        Of N training patients.
    inner : ndarray, shape (N,)
        Their predictions by fits that did not see them; NaN where there is none.
    """
    known = np.isfinite(inner)
    if outcome.kind == "survival":
        own = outcome.take(np.flatnonzero(known))
        hazard = baseline_hazard(own.values, own.event, inner[known])
        return hazard_scores(own, inner[known], hazard)
    if outcome.kind == "regression":
        return {"error": np.sort(np.abs(outcome.values - inner)[known])}
    p = sigmoid(inner)
    return {
        "0": np.sort(p[known & (outcome.values == 0)]),
        "1": np.sort(1 - p[known & (outcome.values == 1)]),
    }


def conformal_set(scores: Mapping[str, Reals], link: Reals, *, level: float) -> NDArray[np.bool_]:
    """Which of the two classes cannot be excluded, shape (N, 2).

    Both: the model does not know. Neither: the patient is like no one it has seen.

    Parameters
    ----------
    scores : mapping
        Of the model.
    link : ndarray, shape (N,)
        Log odds.
    level : float
        Share of patients whose class is to be in their set.
    """
    p = sigmoid(link)
    found = np.column_stack([p <= _limit(scores["0"], level), 1 - p <= _limit(scores["1"], level)])
    return found | ~np.isfinite(link)[:, None]


def conformal_p(scores: Mapping[str, Reals], link: Reals) -> Reals:
    """How well each class fits, shape (N, 2): the share of its patients that are no more typical.

    A class is in the set of a level where it exceeds 1 - level.

    Parameters
    ----------
    scores : mapping
        Of the model.
    link : ndarray, shape (N,)
        Log odds; a patient without one fits both classes.

    Examples
    --------
    >>> scores = {"0": np.array([0.1, 0.2, 0.3]), "1": np.array([0.2, 0.4, 0.6])}
    >>> conformal_p(scores, np.array([-1.5, 1.5])).tolist()
    [[0.75, 0.25], [0.25, 1.0]]
    """
    p = sigmoid(link)
    found = np.column_stack([_typical(scores["0"], p), _typical(scores["1"], 1 - p)])
    return np.where(np.isfinite(link)[:, None], found, 1.0)


def _typical(scores: Reals, own: Reals) -> Reals:
    """Share of the scores that are as great as those of new patients, themselves counted."""
    above = len(scores) - np.searchsorted(scores, own, side="left")
    return np.asarray((above + 1) / (len(scores) + 1), float)


def conformal_interval(scores: Mapping[str, Reals], link: Reals, *, level: float) -> Reals:
    """Interval in which the number lies, shape (N, 2)."""
    reach = _limit(scores["error"], level)
    return np.column_stack([link - reach, link + reach])


def _limit(scores: Reals, level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level is {level}; it must be between 0 and 1, such as 0.9.")
    at = int(np.ceil((len(scores) + 1) * level)) - 1
    return float(scores[at]) if at < len(scores) else np.inf
