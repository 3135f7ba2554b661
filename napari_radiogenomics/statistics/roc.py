"""Areas under ROC curves with DeLong's variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError

__all__ = ["Area", "area_under_curve", "areas_without_each", "compare_areas", "macro_area"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Area:
    """An area under a ROC curve.

    Attributes
    ----------
    value : float
        0.5 is chance.
    low, high : float
        Confidence interval, cut off at 0 and 1.
    variance : float
        DeLong's.
    n_positive, n_negative : int
        Cases.
    """

    value: float
    low: float
    high: float
    variance: float
    n_positive: int
    n_negative: int


def _split(outcome: ArrayLike, *scores: ArrayLike) -> tuple[NDArray[np.bool_], list[Reals]]:
    y = np.asarray(outcome)
    values = [np.asarray(score, float) for score in scores]
    if any(score.shape != y.shape for score in values):
        raise InputError("Outcome and scores have different lengths. Give one score a case.")
    if not all(np.isfinite(score).all() for score in values):
        raise InputError("Some scores are missing. Leave these cases out of both.")
    classes = np.unique(y)
    if len(classes) != 2:
        raise InputError(
            f"The outcome has {len(classes)} class{'es' if len(classes) != 1 else ''}; a ROC "
            "curve needs two. Choose another outcome or other patients."
        )
    return y == classes[1], values


def _placements(positive: NDArray[np.bool_], score: Reals) -> tuple[float, Reals, Reals]:
    """Area, and the share of the other class that each case beats (midranks; Sun and Xu 2014)."""
    from scipy.stats import rankdata

    case, control = score[positive], score[~positive]
    m, n = len(case), len(control)
    ranks = rankdata(np.concatenate([case, control]))
    above = (ranks[:m] - rankdata(case)) / n
    below = 1 - (ranks[m:] - rankdata(control)) / m
    return float(above.mean()), above, below


def area_under_curve(outcome: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> Area:
    """Area under the ROC curve with DeLong's interval.

    Parameters
    ----------
    outcome : array_like, shape (N,)
        Two classes; the greater one counts as positive.
    score : array_like, shape (N,)
        Greater where positive is more likely.
    level : float, optional
        Of the interval.

    Returns
    -------
    Area

    Raises
    ------
    InputError
        If there are not two classes, or scores are missing.

    References
    ----------
    DeLong 1988, https://doi.org/10.2307/2531595.

    Examples
    --------
    >>> area_under_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    from scipy.stats import norm

    positive, (values,) = _split(outcome, score)
    value, above, below = _placements(positive, values)
    m, n = len(above), len(below)
    spread = [part.var(ddof=1) / len(part) if len(part) > 1 else np.nan for part in (above, below)]
    variance = float(sum(spread))
    reach = float(norm.ppf((1 + level) / 2)) * np.sqrt(variance)
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Area(value, float(low), float(high), variance, m, n)


def areas_without_each(outcome: ArrayLike, score: ArrayLike) -> NDArray[np.float64]:
    """Area under the ROC curve of all cases but one, for each of them, shape (N,).

    Parameters
    ----------
    outcome, score
        As for `area_under_curve`.

    Returns
    -------
    ndarray
        NaN for a case that is the only one of its class.

    Examples
    --------
    >>> areas_without_each([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).tolist()
    [0.5, 1.0, 1.0, 0.5]
    """
    positive, (values,) = _split(outcome, score)
    area, above, below = _placements(positive, values)
    found = np.full(len(values), np.nan)
    for chosen, own in ((positive, above), (~positive, below)):
        if len(own) > 1:
            found[chosen] = (len(own) * area - own) / (len(own) - 1)
    return found


def compare_areas(outcome: ArrayLike, first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Z and two-sided p-value for the difference of two areas of the same cases (DeLong).

    Parameters
    ----------
    outcome, first, second : array_like, shape (N,)
        Outcome and two scores.

    Raises
    ------
    InputError
        As `area_under_curve`.
    """
    from scipy.stats import norm

    positive, scores = _split(outcome, first, second)
    (a, above_a, below_a), (b, above_b, below_b) = (_placements(positive, s) for s in scores)
    cases, controls = np.cov(above_a - above_b), np.cov(below_a - below_b)
    error = np.sqrt(cases / len(above_a) + controls / len(below_a))
    if error == 0:
        return 0.0, 1.0
    z = float((a - b) / error)
    return z, float(2 * norm.sf(abs(z)))


def macro_area(classes: ArrayLike, scores: ArrayLike, *, level: float = 0.95) -> Area:
    """Mean over the classes of the area of each class against the rest, with its interval.

    Parameters
    ----------
    classes : array_like, shape (N,)
        Class of each case.
    scores : array_like, shape (N, K)
        Score of each class, the classes in order.
    level : float, optional
        Of the interval.

    Returns
    -------
    Area
        ``n_positive`` are the cases of the smallest class.

    References
    ----------
    Hand and Till 2001, https://doi.org/10.1023/A:1010920819831; its variance is DeLong's, of the
    sum of what each case adds.

    Examples
    --------
    >>> macro_area([0, 0, 1, 1, 2, 2], np.repeat(np.eye(3), 2, axis=0)).value
    1.0
    """
    from scipy.stats import norm

    y, values = np.unique(classes, return_inverse=True)[1], np.asarray(scores, float)
    areas, influence = [], np.zeros(len(y))
    for one in np.unique(y):
        positive, (score,) = _split(y == one, values[:, one])
        area, above, below = _placements(positive, score)
        areas.append(area)
        influence[positive] += (above - area) / len(above)
        influence[~positive] += (below - area) / len(below)
    value = float(np.mean(areas))
    variance = float((influence**2).sum()) / len(areas) ** 2
    reach = float(norm.ppf((1 + level) / 2)) * variance**0.5
    smallest = int(np.unique(y, return_counts=True)[1].min())
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Area(value, low, high, variance, smallest, len(y) - smallest)
