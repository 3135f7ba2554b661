"""Differences of two models on the same patients, with what folds and patients leave open.

Letters: N patients, K folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.intervals import Gain, Held, corrected_t, fold_mean
from napari_radiogenomics.fusion.validation.measures import main_of
from napari_radiogenomics.statistics.roc import areas_without_each

__all__ = ["Paired", "on_both"]

Reals = NDArray[np.float64]


def on_both(one: Sequence[Held], other: Sequence[Held]) -> tuple[list[Held], list[Held]]:
    """The same folds of two models, with the patients alone that both of them answered."""
    pairs = []
    for first, second in zip(one, other, strict=True):
        both = np.isfinite(first.link) & np.isfinite(second.link)
        pairs.append((_some(first, both), _some(second, both)))
    return [first for first, _ in pairs], [second for _, second in pairs]


def _some(fold: Held, chosen: NDArray[np.bool_]) -> Held:
    return Held(fold.repeat, fold.rows[chosen], fold.link[chosen], fold.hazard)


@dataclass(frozen=True, eq=False)
class Paired:
    """Compares models by the main measure on patients that both answered.

    A few folds may agree by chance, and the t-test over folds then promises too much; what other
    patients would have changed is told by leaving each out (for the area this is DeLong's
    variance). The wider of the two intervals counts.

    Attributes
    ----------
    outcome : Outcome
        Of N patients.
    test_share : float
        Test patients over training patients.
    """

    outcome: Outcome
    test_share: float
    _known: dict[bytes, tuple[Reals, Reals]] = field(default_factory=dict)

    def __call__(self, one: Sequence[Held], other: Sequence[Held]) -> Gain:
        """First less second: mean over folds, its interval of 95 %, and p-value.

        Parameters
        ----------
        one, other : sequence of Held, length K
            The same folds of two models; patients that one of them leaves out do not count.
        """
        from scipy.stats import norm

        parts = [self._left_out(folds) for folds in on_both(one, other)]
        mean, low, high, p = corrected_t(parts[0][0] - parts[1][0], test_share=self.test_share)
        gap = parts[0][1] - parts[1][1]
        gap = gap[np.isfinite(gap)]
        if not np.isfinite(mean) or gap.size < 2:
            return mean, low, high, p
        # Jackknife over patients; Efron and Stein 1981, https://doi.org/10.1214/aos/1176345462.
        error = float(np.sqrt((gap.size - 1) / gap.size * np.sum((gap - gap.mean()) ** 2)))
        reach = float(np.fmax(high - mean, norm.ppf(0.975) * error))
        by_patients = 1.0 if error == 0 else float(2 * norm.sf(abs(mean) / error))
        p = by_patients if high == low else float(np.fmax(p, by_patients))  # folds that are one
        return mean, mean - reach, mean + reach, p

    def _left_out(self, folds: Sequence[Held]) -> tuple[Reals, Reals]:
        """Measure in each fold, and mean without each patient, shape (K,) and (N,)."""
        key = b"".join(part for f in folds for part in (f.rows.tobytes(), f.link.tobytes()))
        if key not in self._known:
            self._known[key] = self._measured(folds)
        return self._known[key]

    def _measured(self, folds: Sequence[Held]) -> tuple[Reals, Reals]:
        measure = main_of(self.outcome.kind)
        values = fold_mean(self.outcome, folds, measure)[1]
        count = int(np.isfinite(values).sum())
        if not count:
            return values, np.full(len(self.outcome), np.nan)
        without = np.full(len(self.outcome), np.nan)
        for fold, value in zip(folds, values, strict=True):
            if np.isfinite(value):
                change = np.nan_to_num(self._without_each(fold) - value) / count
                without[fold.rows] = np.nan_to_num(without[fold.rows]) + change
        return values, without + np.nanmean(values)

    def _without_each(self, fold: Held) -> Reals:
        """Measure of a fold without each of its patients; NaN where that tells nothing."""
        outcome, measure = self.outcome.take(fold.rows), main_of(self.outcome.kind)
        if self.outcome.kind == "classification":
            return areas_without_each(outcome.values, fold.link)
        everyone = np.arange(len(fold.rows))
        found = (
            measure(outcome.take(np.delete(everyone, at)), np.delete(fold.link, at))
            for at in everyone
        )
        return np.array([np.nan if one is None else one[0] for one in found])
