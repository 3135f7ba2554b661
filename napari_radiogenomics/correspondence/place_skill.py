"""Whether differences within patients are predicted, in patients that were left out.

The predictor to beat is the patient's own mean, which no place within the patient differs from:
only who knows where in a tumor a score is high is better. Letters: N biopsies, B shuffles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.within import centered
from napari_radiogenomics.correspondence.within_ridge import left_out
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["LARGEST_P", "Skill", "skill_of"]

Reals = NDArray[np.float64]
Whole = NDArray[np.intp]
LARGEST_P = 0.05
"""Chance of a skill so large without any link, above which no map is drawn."""
_DRAWS = 2000
_SHARE = 50


@dataclass(frozen=True, eq=False)
class Skill:
    """Part of the variance within patients that is predicted in patients left out.

    Attributes
    ----------
    value : float
        0 is no better than the patient's mean, below 0 is worse, 1 is perfect.
    low, high : float
        95 % interval over draws of patients.
    p_value : float
        How often biopsies that changed places within their patients did as well.
    score, predicted : ndarray, shape (N,)
        Differences from the mean of the patient: measured and predicted.
    """

    value: float
    low: float
    high: float
    p_value: float
    score: Reals
    predicted: Reals

    @property
    def refusal(self) -> str:
        """Why no map may be drawn; empty where it may."""
        if self.value <= 0:
            return "In patients left out it is no better than saying the patient's mean everywhere."
        if self.p_value > LARGEST_P:
            return (
                f"Biopsies that changed places within their patients did as well in "
                f"{self.p_value:.0%} of the shuffles; {LARGEST_P:.0%} at most are allowed."
            )
        if self.low <= 0:
            return (
                "With other patients of the same kind it may be no better than saying the "
                "patient's mean everywhere: the interval of the skill reaches below 0."
            )
        return ""


def skill_of(
    x: Reals,
    y: Reals,
    patient: Whole,
    folds: Whole,
    *,
    permutations: int,
    seed: int,
    progress: Progress = quiet,
) -> Skill:
    """Predict each patient by fits without it, and compare with the mean of the patient.

    Parameters
    ----------
    x : ndarray, shape (N, P)
        Features.
    y : ndarray, shape (N,)
        Scores.
    patient, folds : ndarray of int, shape (N,)
        Patients from 0, those of a patient together; and folds.
    permutations : int
        Shuffles within patients; each goes through folds and choice of the penalty anew.
    seed : int
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    own_x, _ = centered(x, patient)
    own_y, _ = centered(y[:, None], patient)
    predicted = _within(left_out(own_x, own_y, patient, folds), patient)
    value = float(_skills(own_y, predicted)[0])
    as_good, done = 0, 0
    for start in progress(range(0, permutations, _SHARE), "Shuffles within patients"):
        count = min(_SHARE, permutations - start)
        keys = patient[:, None] + rng.random((len(y), count))
        shuffled = own_y[np.argsort(keys, axis=0), 0]
        chance = _within(left_out(own_x, shuffled, patient, folds), patient)
        as_good += int((_skills(shuffled, chance) >= value - 1e-12).sum())
        done += count
    low, high = _bounds(own_y[:, 0], predicted[:, 0], patient, rng)
    p_value = (1 + as_good) / (1 + done)
    return Skill(value, low, high, p_value, own_y[:, 0], predicted[:, 0])


def _within(values: Reals, patient: Whole) -> Reals:
    return centered(values, patient)[0]


def _skills(score: Reals, predicted: Reals) -> Reals:
    return np.asarray(1 - ((score - predicted) ** 2).sum(axis=0) / (score**2).sum(axis=0))


def _bounds(
    score: Reals, predicted: Reals, patient: Whole, rng: np.random.Generator
) -> tuple[float, float]:
    """95 % interval of the skill: patients are drawn with replacement (percentiles)."""
    wrong = np.bincount(patient, (score - predicted) ** 2)
    whole = np.bincount(patient, score**2)
    drawn = rng.integers(len(wrong), size=(_DRAWS, len(wrong)))
    total = whole[drawn].sum(axis=1)
    skills = 1 - wrong[drawn].sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.percentile(skills, [2.5, 97.5])
    return float(low), float(high)
