"""How good predictions are, as plain numbers; intervals are in `intervals`.

Letters: N patients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Outcome

__all__ = [
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "column_concordance",
    "column_order",
    "net_benefit",
    "r_squared",
    "wilson",
]

Reals = NDArray[np.float64]


def average_precision(y: Reals, score: Reals) -> float:
    """Area under the precision-recall curve, as the sum of its steps.

    Parameters
    ----------
    y : ndarray, shape (N,)
        1 and 0.
    score : ndarray, shape (N,)
        Greater where 1 is more likely; tied patients are one step.

    Examples
    --------
    >>> round(average_precision(np.array([0, 0, 1, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])), 4)
    0.8333
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(y[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    precision = hits[last] / (last + 1)
    recall = hits[last] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def balanced_accuracy(y: Reals, p: Reals, *, threshold: float = 0.5) -> float:
    """Mean of sensitivity and specificity where a probability above the threshold means 1."""
    called = p > threshold
    return float((called[y == 1].mean() + (~called[y == 0]).mean()) / 2)


def brier_score(y: Reals, p: Reals) -> float:
    """Mean squared distance of probability and outcome; that of a coin is 0.25."""
    return float(np.mean((y - p) ** 2))


def net_benefit(y: Reals, p: Reals, thresholds: Reals) -> Reals:
    """Net benefit of treating those above each threshold, shape of ``thresholds``.

    True positives less false positives at the odds of the threshold, in patients (Vickers 2006,
    https://doi.org/10.1177/0272989X06295361).

    Examples
    --------
    >>> net_benefit(np.array([0.0, 1.0]), np.array([0.2, 0.9]), np.array([0.5])).tolist()
    [0.5]
    """
    called = p[:, None] >= thresholds
    hit = (called & (y == 1)[:, None]).mean(axis=0)
    false = (called & (y == 0)[:, None]).mean(axis=0)
    return np.asarray(hit - false * thresholds / (1 - thresholds), float)


def r_squared(y: Reals, predicted: Reals, *, mean: float | Reals) -> float:
    """Share of the squared distance from a mean known in training that the prediction takes."""
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - mean) ** 2))


def column_concordance(values: Reals, outcome: Outcome) -> float:
    """How well one column orders an outcome, in either direction: 0.5 is chance, 1 is all.

    The area under the curve of classes, half of one plus the rank correlation of numbers, or
    Harrell's concordance of times.
    """
    area = column_order(values, outcome)
    return max(area, 1 - area)


def column_order(values: Reals, outcome: Outcome) -> float:
    """`column_concordance` where great values go with the event, numbers or an early event."""
    from scipy.stats import rankdata

    y = outcome.values
    if outcome.kind == "survival":
        early = (y[:, None] < y[None, :]) & outcome.event[:, None]
        total = early.sum()
        ahead = (values[:, None] > values[None, :]) + 0.5 * (values[:, None] == values[None, :])
        area = float(ahead[early].sum() / total) if total else 0.5
    elif outcome.kind == "regression":
        ranks, others = rankdata(values), rankdata(y)
        spread = ranks.std() * others.std()
        area = 0.5 + 0.5 * float(np.mean((ranks - ranks.mean()) * (others - others.mean()))) / (
            spread or 1.0
        )
    else:
        m = int(y.sum())
        if m in (0, len(y)):
            return 0.5
        area = float((rankdata(values)[y == 1].sum() - m * (m + 1) / 2) / (m * (len(y) - m)))
    return area


def wilson(share: float, n: float) -> tuple[float, float]:
    """Interval of 95 % of a share of n patients (Wilson 1927).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0.5, 10)]
    [0.237, 0.763]
    """
    z2 = 1.96**2 / n
    middle = (share + z2 / 2) / (1 + z2)
    reach = 1.96 * np.sqrt(share * (1 - share) / n + z2 / (4 * n)) / (1 + z2)
    return float(middle - reach), float(middle + reach)
