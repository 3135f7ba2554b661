"""How strongly a feature goes with an outcome: one number, its interval, and a scale to join it.

A number is measured by Spearman's correlation, two classes by the area under the ROC curve.
Each has a scale on which it is about normal (Fisher's z, the logit), where effects of sites and
cohorts are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.meta import Pooled, pool_effects
from napari_radiogenomics.statistics.roc import area_under_curve

__all__ = ["FEWEST", "Effect", "Measure", "effect_of", "joined", "measure_for"]

Reals = NDArray[np.float64]
Measure = Literal["rho", "auc"]
FEWEST = 6
"""Patients below which no effect is claimed."""
_NULL: dict[Measure, float] = {"rho": 0.0, "auc": 0.5}
_LEVEL = 0.95
_Z = 1.959963984540054
# Resamples for an area that is adjusted: its spread has no formula.
_RESAMPLES = 300


@dataclass(frozen=True)
class Effect:
    """An effect with its interval.

    Attributes
    ----------
    value, low, high : float
        Effect and 95 % interval.
    n : int
        Patients.
    measure : {"rho", "auc"}
        Spearman's correlation, or area under the ROC curve.
    z, variance : float
        The effect on the scale where it is about normal, and its variance there.
    """

    value: float
    low: float
    high: float
    n: int
    measure: Measure
    z: float
    variance: float

    @property
    def null(self) -> float:
        """The value that means nothing."""
        return _NULL[self.measure]

    @property
    def size(self) -> float:
        """Distance from the null, with its sign."""
        return self.value - self.null

    @property
    def excludes_null(self) -> bool:
        """Whether the interval lies on one side of the null."""
        return self.low > self.null or self.high < self.null


def measure_for(outcome: ArrayLike) -> Measure:
    """Choose the measure by the outcome: two classes, or a number.

    Raises
    ------
    InputError
        If the outcome holds text that is not two classes, or one value only.

    Examples
    --------
    >>> measure_for([0, 1, 1, 0]), measure_for([0.2, 1.5, 3.1])
    ('auc', 'rho')
    """
    values = np.asarray(outcome)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    found = np.unique(values)
    if len(found) < 2:
        raise InputError(
            f"The outcome has {len(found)} value{'s' if len(found) != 1 else ''}, so that nothing "
            "can go with it. Choose another outcome or other patients."
        )
    if len(found) == 2:
        return "auc"
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"The outcome has {len(found)} classes. Give two classes, or a number; join classes "
            "or choose one against the rest."
        )
    return "rho"


def effect_of(
    feature: Reals,
    outcome: Reals,
    *,
    measure: Measure,
    covariates: Reals | None = None,
    strata: Sequence[object] | None = None,
    seed: int = 0,
) -> Effect:
    """Measure an effect, freed of covariates where there are any.

    Parameters
    ----------
    feature, outcome : ndarray, shape (N,)
        Without missing values; classes are 0 and 1.
    measure : {"rho", "auc"}
        What to measure.
    covariates : ndarray, shape (N, C), optional
        Columns to be freed of, the constant not among them: partial Spearman correlation, or
        the area of what the feature has beyond its expectation in the controls.
    strata : sequence, length N, optional
        Resamples of an adjusted area keep the number of patients in each.
    seed : int, optional
        Of the resamples.

    Raises
    ------
    InputError
        If there are too few patients, or the covariates leave nothing.

    References
    ----------
    Bonett and Wright 2000, https://doi.org/10.1007/BF02294183 (interval of Spearman's
    correlation); Janes and Pepe 2009, https://doi.org/10.1093/biomet/asp002 (adjusted area);
    Newcombe 2006, https://doi.org/10.1002/sim.2324 (area of classes that are wholly apart).
    """
    if covariates is not None and covariates.shape[1] == 0:
        covariates = None
    if len(feature) < FEWEST:
        raise InputError(f"{len(feature)} patients have both; {FEWEST} are needed at least.")
    if np.ptp(feature) == 0:
        raise InputError("The feature is the same in all patients.")
    if np.ptp(outcome) == 0:
        raise InputError("The outcome is the same in all patients.")
    if measure == "rho":
        return _correlation(feature, outcome, covariates)
    if covariates is None:
        return _area(feature, outcome)
    return _adjusted_area(feature, outcome, covariates, strata, seed)


def _correlation(feature: Reals, outcome: Reals, covariates: Reals | None) -> Effect:
    from scipy.stats import rankdata

    x, y = rankdata(feature), rankdata(outcome)
    free, taken = len(x) - 3, 0
    if covariates is not None:
        design = np.column_stack([np.ones(len(x)), covariates])
        taken = int(np.linalg.matrix_rank(design)) - 1
        x, y = _beyond(x, design), _beyond(y, design)
    free -= taken
    spread = np.sqrt((x @ x) * (y @ y)) if taken else float(x.std() * y.std() * len(x))
    if free < 1 or spread <= 1e-9 * len(x):
        raise InputError("The covariates leave nothing of the feature or of the outcome.")
    rho = float(np.clip(((x - x.mean()) @ (y - y.mean())) / spread, -1 + 1e-9, 1 - 1e-9))
    return _on_scale(float(np.arctanh(rho)), (1 + rho**2 / 2) / free, len(x), "rho")


def _beyond(values: Reals, design: Reals) -> Reals:
    residual: Reals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return residual


def _area(feature: Reals, outcome: Reals) -> Effect:
    found = area_under_curve(outcome, feature)
    if 0 < found.value < 1 and found.variance > 0:
        bent = found.value * (1 - found.value)
        z, variance = np.log(found.value / (1 - found.value)), found.variance / bent**2
        return _on_scale(float(z), float(variance), len(feature), "auc")
    return _area_at_the_end(found.value, found.n_positive, found.n_negative)


def _area_at_the_end(area: float, m: int, n: int) -> Effect:
    """Effect of classes that are wholly apart: its interval is that of Newcombe's score method."""
    from scipy.optimize import brentq

    def beyond(at: float) -> float:
        spread = (1 - at) / (2 - at) + at / (1 + at)
        variance = at * (1 - at) * (1 + ((m + n) / 2 - 1) * spread) / (m * n)
        return float(1 - at - _Z * np.sqrt(variance))

    farthest = brentq(beyond, 1e-6, 1 - 1e-6)
    inner = (m * n + 0.5) / (m * n + 1)  # half a pair is counted the other way
    z, end = np.log(inner / (1 - inner)), np.log(farthest / (1 - farthest))
    sign = 1 if area > 1 / 2 else -1
    return _on_scale(sign * float(z), float(((z - end) / _Z) ** 2), m + n, "auc")


def _adjusted_area(
    feature: Reals,
    outcome: Reals,
    covariates: Reals,
    strata: Sequence[object] | None,
    seed: int,
) -> Effect:
    """Area of the feature beyond its expectation in the controls; spread by resampling."""
    value = _area_beyond(feature, outcome, covariates)
    rng = np.random.default_rng(seed)
    groups = _groups(outcome, strata)
    drawn = []
    for _ in range(_RESAMPLES):
        take = np.concatenate([rng.choice(group, len(group)) for group in groups])
        drawn.append(_area_beyond(feature[take], outcome[take], covariates[take]))
    logits = _logit(np.array(drawn))
    return _on_scale(float(_logit(value)), float(logits.var(ddof=1)), len(feature), "auc")


def _area_beyond(feature: Reals, outcome: Reals, covariates: Reals) -> float:
    design = np.column_stack([np.ones(len(feature)), covariates])
    controls = outcome == outcome.min()
    expected = np.linalg.lstsq(design[controls], feature[controls], rcond=None)[0]
    return area_under_curve(outcome, feature - design @ expected).value


def _logit(area: ArrayLike) -> Reals:
    inner = np.clip(np.asarray(area, float), 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inner / (1 - inner)))


def _groups(outcome: Reals, strata: Sequence[object] | None) -> list[NDArray[np.intp]]:
    names = [""] * len(outcome) if strata is None else [str(name) for name in strata]
    keys = np.array([f"{y}|{name}" for y, name in zip(outcome, names, strict=True)])
    return [np.flatnonzero(keys == key) for key in np.unique(keys)]


def _back(measure: Measure) -> Callable[[float], float]:
    return np.tanh if measure == "rho" else lambda z: 1 / (1 + np.exp(-z))


def _on_scale(z: float, variance: float, n: int, measure: Measure) -> Effect:
    back, reach = _back(measure), _Z * np.sqrt(variance)
    value, low, high = (float(back(at)) for at in (z, z - reach, z + reach))
    return Effect(value, low, high, n, measure, z, variance)


def joined(effects: Sequence[Effect]) -> tuple[Effect, Pooled]:
    """Join effects of sites or cohorts by a random-effects model.

    Parameters
    ----------
    effects : sequence of Effect
        Two or more, of one measure.

    Returns
    -------
    Effect, Pooled
        The joint effect, and how the single ones differ (I², τ²).
    """
    pooled = pool_effects(
        [effect.z for effect in effects],
        [effect.variance for effect in effects],
        knapp_hartung=len(effects) > 2,
    )
    measure, back = effects[0].measure, _back(effects[0].measure)
    value, low, high = (float(back(at)) for at in (pooled.effect, pooled.low, pooled.high))
    n = sum(effect.n for effect in effects)
    return Effect(value, low, high, n, measure, pooled.effect, pooled.error**2), pooled
