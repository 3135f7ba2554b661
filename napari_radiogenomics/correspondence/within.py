"""Biopsies within their patients: what is left when patients may differ in any way.

Letters: N biopsies, G patients, C columns of covariates.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.statistics.linear import basis_of, residuals
from napari_radiogenomics.statistics.mixed import MixedFits, fit_mixed

__all__ = ["Slope", "Within", "centered"]

Reals = NDArray[np.float64]
# All sign changes are tried up to this many patients.
_ALL_SIGNS = 12


def centered(values: Reals, patient: NDArray[np.intp]) -> tuple[Reals, Reals]:
    """Parts of values, shape (N, …), within and between patients."""
    member = np.equal.outer(np.arange(patient.max() + 1), patient).astype(float)
    means = (member @ values.reshape(len(values), -1)) / member.sum(axis=1)[:, None]
    between = means[patient].reshape(values.shape)
    return values - between, between


@dataclass(frozen=True)
class Slope:
    """Change of the score for each unit of the map."""

    effect: float
    error: float
    low: float
    high: float
    p_value: float
    freedom: float


@dataclass(frozen=True, eq=False)
class Within:
    """Scores against a map at the same biopsies, split within and between patients.

    Attributes
    ----------
    y, x : ndarray, shape (N,)
        Scores, and values of the map.
    patient : ndarray of int, shape (N,)
        From 0, in order: biopsies of a patient stand together.
    covariates : ndarray, shape (N, C)
        Within patients.
    """

    y: Reals
    x: Reals
    patient: NDArray[np.intp]
    covariates: Reals

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Biopsies of each patient."""
        return np.bincount(self.patient)

    def _parts(self) -> tuple[Reals, Reals]:
        """Map and scores within patients, beside the covariates."""
        basis = basis_of(self.covariates)
        x, y = (centered(values, self.patient)[0] for values in (self.x, self.y))
        return residuals(basis, x), residuals(basis, y)

    @property
    def r(self) -> float:
        """Correlation within patients."""
        x, y = self._parts()
        return float(x @ y / np.sqrt((x @ x) * (y @ y)))

    def slope(self) -> Slope:
        """Of the map within patients: mixed model with a random intercept (REML)."""
        within, between = centered(self.x, self.patient)
        return _slope(self._fit(within[:, None], [between, *self.covariates.T]))

    def slope_between(self) -> Slope:
        """Of the patients' means of the map, in the same model."""
        within, between = centered(self.x, self.patient)
        return _slope(self._fit(between[:, None], [within, *self.covariates.T]))

    def slopes_of(self, maps: Reals) -> MixedFits:
        """Slopes within patients of several versions of the map, shape (N, B)."""
        return self._fit(centered(maps, self.patient)[0], list(self.covariates.T))

    def _fit(self, features: Reals, others: list[Reals]) -> MixedFits:
        given = np.column_stack([np.ones(len(self.y)), *(one for one in others if np.ptp(one) > 0)])
        outcomes = np.repeat(self.y[:, None], features.shape[1], axis=1)
        return fit_mixed(outcomes, features, given, self.patient)

    def shuffled_p(self, count: int, rng: np.random.Generator) -> float:
        """P-value of biopsies that change places within their patient."""
        x, y = self._parts()
        keys = self.patient[:, None] + rng.random((len(y), count))
        chance = x @ y[np.argsort(keys, axis=0)]
        return float((1 + (np.abs(chance) >= abs(x @ y) * (1 - 1e-12)).sum()) / (1 + count))

    def flipped_p(self, count: int, rng: np.random.Generator) -> float:
        """P-value of patients whose link changes its sign, each as a whole."""
        x, y = self._parts()
        each = np.bincount(self.patient, x * y)[self.sizes > 1]
        if len(each) <= _ALL_SIGNS:
            numbers = np.arange(2 ** len(each))
            signs = 1 - 2 * ((numbers[:, None] >> np.arange(len(each))) & 1)
            return float((np.abs(signs @ each) >= abs(each.sum()) * (1 - 1e-12)).mean())
        signs = rng.choice([-1.0, 1.0], (count, len(each)))
        larger = (np.abs(signs @ each) >= abs(each.sum()) * (1 - 1e-12)).sum()
        return float((1 + larger) / (1 + count))

    @property
    def log_orders(self) -> float:
        """Logarithm of the number of orders of biopsies within their patients."""
        return sum(lgamma(size + 1) for size in self.sizes)

    def left_out(self) -> tuple[Reals, Reals, Reals]:
        """Predict each patient by a model of the others; of the map alone, without covariates.

        Returns
        -------
        deviation, score, reference : ndarray, shape (N,)
            Predicted difference from the patient's mean, predicted score, and the mean of the
            other patients.
        """
        within, between = centered(self.x, self.patient)
        own, _ = centered(self.y, self.patient)
        deviation, score, reference = (np.empty(len(self.y)) for _ in range(3))
        for one in range(len(self.sizes)):
            here, rest = self.patient == one, self.patient != one
            spread = within[rest] @ within[rest]
            slope = within[rest] @ own[rest] / spread if spread > 0 else 0.0
            deviation[here] = slope * within[here]
            design = np.column_stack([np.ones(rest.sum()), between[rest]])
            fitted = np.linalg.lstsq(design, self.y[rest], rcond=None)[0]
            score[here] = fitted[0] + fitted[1] * between[here] + deviation[here]
            reference[here] = self.y[rest].mean()
        return deviation, score, reference


def _slope(fit: MixedFits, level: float = 0.95) -> Slope:
    from scipy.stats import t

    effect, error, freedom = float(fit.coefficient[0]), float(fit.error[0]), float(fit.freedom[0])
    reach = float(t(freedom).ppf((1 + level) / 2)) * error
    p_value = float(2 * t(freedom).sf(abs(effect) / error)) if error > 0 else 0.0
    return Slope(effect, error, effect - reach, effect + reach, p_value, freedom)
