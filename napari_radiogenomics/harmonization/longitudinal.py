"""`LongitudinalComBat`: batch effects where a patient was scanned more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.bayes import parametric_rounds
from napari_radiogenomics.harmonization.design import (
    BatchCode,
    CovariateCode,
    indicator,
    require_estimable,
)
from napari_radiogenomics.harmonization.inputs import (
    as_table,
    harmonized_like,
    inputs_of,
    same_samples,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LongitudinalComBat"]

Reals = NDArray[np.float64]
# longCombat's number of rounds.
_ROUNDS = 30
_RATIOS = np.concatenate([[0.0], np.logspace(-3, 3, 100)])


class LongitudinalComBat(BaseEstimator):
    """Batch effects beside a level of each patient (random intercept, REML).

    The level of a patient is estimated from all scans of that patient, so there is no way to
    learn it on some patients and use it on others: this describes a whole longitudinal table.
    For prediction, harmonize with `ComBat` inside the folds.

    Attributes
    ----------
    batches_ : tuple of str, length B
        Batches at the fit.
    gamma_, delta_ : ndarray, shape (B, P)
        Location and squared scale of each batch, standardized.

    Notes
    -----
    Equal to longCombat (tests/reference) within the tolerance of lme4.

    References
    ----------
    Beer 2020, https://doi.org/10.1016/j.neuroimage.2020.117129.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> patient = np.repeat(np.arange(40), 2)
    >>> site = np.where(rng.random(80) < 0.5, "A", "B")
    >>> X = rng.normal(size=(40, 6))[patient] + 0.3 * rng.normal(size=(80, 6))
    >>> X[site == "B"] += 1.0
    >>> Y = LongitudinalComBat().fit_transform(X, batch=site, patient=patient)
    >>> bool(abs(Y[site == "A"].mean() - Y[site == "B"].mean()) < 0.3)
    True
    """

    def fit_transform(
        self,
        X: ArrayLike | pd.DataFrame,
        y: object = None,
        *,
        batch: ArrayLike,
        patient: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> Any:
        """Take the batch effects out of a longitudinal table.

        Parameters
        ----------
        X : array_like or DataFrame, shape (N, P)
            Scans × features, without missing values.
        y : object, optional
            Not used.
        batch, patient : array_like, shape (N,)
            Scanner and patient of each scan; a Series is joined by its index.
        covariates : DataFrame, optional
            What is kept: time, age, ….

        Returns
        -------
        DataFrame or ndarray, shape (N, P)
            As X.

        Raises
        ------
        InputError
            If no patient was scanned twice, a value is missing, or as for `ComBat.fit`.
        """
        table = as_table(X)
        values, names, kept = inputs_of(table, batch, covariates)
        if not np.isfinite(values).all():
            raise InputError("Longitudinal ComBat needs features without missing values.")
        code, covariate_code = BatchCode.of(names), CovariateCode.of(kept)
        self.batches_ = code.levels
        codes = code.encode(names)
        batches = indicator(codes, len(code.levels))
        columns = covariate_code.encode(kept, len(values))
        require_estimable(batches, columns, covariate_code)
        patients = _patients(same_samples(table, patient, "patient"))
        means = [_fit_mixed(np.hstack([batches, columns]), y, patients) for y in values.T]
        slopes = np.array([mean.slopes for mean in means]).T  # (B + C, P)
        spread = np.array([mean.spread for mean in means])
        own = slopes[: len(code.levels)] - batches.mean(axis=0) @ slopes[: len(code.levels)]
        level = np.array([mean.fitted for mean in means]).T - own[codes]
        standard = (values - level) / spread
        self._learn(standard, codes)
        standard = (standard - self.gamma_[codes]) / np.sqrt(self.delta_[codes])
        told = {"batch": batch, "patient": patient, "covariates": covariates}
        return harmonized_like(standard * spread + level, X, self, **told)

    def _learn(self, standard: Reals, codes: NDArray[np.intp]) -> None:
        effects = [parametric_rounds(standard[codes == at], _ROUNDS) for at in np.unique(codes)]
        self.gamma_ = np.array([gamma for gamma, _ in effects])
        self.delta_ = np.array([delta for _, delta in effects])


@dataclass(frozen=True, eq=False)
class _Mixed:
    """Fixed effects (K,), residual standard deviation and fitted values (N,)."""

    slopes: Reals
    spread: float
    fitted: Reals


def _patients(names: Any) -> NDArray[np.intp]:
    import pandas as pd

    codes, _ = pd.factorize(np.asarray(names, dtype=object))
    if (codes < 0).any():
        raise InputError("Some scans have no patient. Fill it in, or leave these scans out.")
    if len(np.unique(codes)) == len(codes):
        raise InputError("No patient was scanned twice. Use ComBat, which needs no patients.")
    return np.asarray(codes, np.intp)


def _fit_mixed(design: Reals, values: Reals, patients: NDArray[np.intp]) -> _Mixed:
    """Random intercept by REML, with the likelihood profiled to the ratio of the deviations."""
    from scipy.optimize import minimize_scalar

    counts = np.bincount(patients).astype(float)
    sums = np.zeros((len(counts), design.shape[1]))
    np.add.at(sums, patients, design)
    totals = np.bincount(patients, values)
    cross, right = design.T @ design, design.T @ values
    free = len(values) - design.shape[1]

    def solve(ratio: float) -> tuple[Reals, Reals, float, Reals]:
        weight = ratio**2 / (1 + counts * ratio**2)
        normal = cross - (sums * weight[:, np.newaxis]).T @ sums
        moment = right - sums.T @ (weight * totals)
        slopes = np.asarray(np.linalg.solve(normal, moment), np.float64)
        rest = float(values @ values - (weight * totals**2).sum() - slopes @ moment)
        return normal, slopes, rest, weight

    def deviance(ratio: float) -> float:
        normal, _, rest, _ = solve(ratio)
        return float(
            np.log1p(counts * ratio**2).sum() + np.linalg.slogdet(normal)[1] + free * np.log(rest)
        )

    best = int(np.argmin([deviance(ratio) for ratio in _RATIOS]))
    low, high = _RATIOS[max(best - 1, 0)], _RATIOS[min(best + 1, len(_RATIOS) - 1)]
    found = minimize_scalar(
        deviance, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    ratio = float(found.x) if found.fun < deviance(0.0) else 0.0
    _, slopes, rest, weight = solve(ratio)
    levels = weight * (totals - sums @ slopes)
    return _Mixed(slopes, float(np.sqrt(rest / free)), design @ slopes + levels[patients])
