"""`CovBat`: ComBat, then the same for how features vary together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.combat import ComBat, Shrinkage, Unseen
from napari_radiogenomics.harmonization.inputs import harmonized_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["CovBat"]

Reals = NDArray[np.float64]


class CovBat(ComBat):
    """Batch effects on means, variances and covariances.

    Parameters
    ----------
    variance : float, optional
        Part of the variance whose principal components are harmonized.
    shrinkage, mean_only, reference, smooth, unseen
        As for `ComBat`.

    Attributes
    ----------
    n_components_ : int
        Principal components that are harmonized.

    Notes
    -----
    Equal to ComBatFamily 0.2 (tests/reference).

    References
    ----------
    Chen 2022, https://doi.org/10.1002/hbm.25688.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(["A", "B"], 60)
    >>> X = rng.normal(size=(120, 5))
    >>> X[site == "B", 1] += 2 * X[site == "B", 0]
    >>> Y = CovBat().fit_transform(X, batch=site)
    >>> def apart(Z):
    ...     return abs(np.corrcoef(Z[:60].T)[0, 1] - np.corrcoef(Z[60:].T)[0, 1])
    >>> bool(apart(Y) < apart(X) / 2)
    True
    """

    def __init__(
        self,
        *,
        variance: float = 0.95,
        shrinkage: Shrinkage = "parametric",
        mean_only: bool = False,
        reference: str | None = None,
        smooth: Sequence[str] = (),
        unseen: Unseen = "refuse",
    ) -> None:
        super().__init__(
            shrinkage=shrinkage,
            mean_only=mean_only,
            reference=reference,
            smooth=smooth,
            unseen=unseen,
        )
        self.variance = variance

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: object = None,
        *,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> CovBat:
        """Learn the batch effects; parameters as `ComBat.fit`."""
        self._fit_all(X, batch, covariates)
        return self

    def transform(
        self,
        X: ArrayLike | pd.DataFrame,
        *,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> Any:
        """Take the batch effects that were learned out of samples; see `ComBat.transform`."""
        check_is_fitted(self, "gamma_")
        values, standard, columns, names = self._prepared(X, batch, covariates)
        adjusted = self._adjusted(values, standard, columns, names)
        values = self._rotated(adjusted, columns, names)
        return harmonized_like(values, X, self, batch=batch, covariates=covariates)

    def fit_transform(
        self,
        X: ArrayLike | pd.DataFrame,
        y: object = None,
        *,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> Any:
        """Fit, and take the effects out of the same samples; parameters as `fit`."""
        values = self._rotated(*self._fit_all(X, batch, covariates))
        return harmonized_like(values, X, self, batch=batch, covariates=covariates)

    def _fit_all(
        self, given: Any, batch: ArrayLike, covariates: pd.DataFrame | None
    ) -> tuple[Reals, Reals, list[Any]]:
        if not 0 < self.variance <= 1:
            raise InputError(f"variance is {self.variance:g}; give a part of 1, such as 0.95.")
        values, standard, columns, names = self._fit(given, batch, covariates)
        if not np.isfinite(values).all():
            raise InputError(
                "CovBat needs features without missing values: a covariance needs all of them. "
                "Leave out or impute the features that have some, or choose ComBat."
            )
        adjusted = self._adjusted(values, standard, columns, names)
        rest = adjusted - self._mean.predict(columns)
        self._center, self._scale = rest.mean(axis=0), rest.std(axis=0, ddof=1)
        _, sizes, rotation = np.linalg.svd((rest - self._center) / self._scale, full_matrices=False)
        part = np.cumsum(sizes**2) / np.sum(sizes**2)
        self.n_components_ = int(np.searchsorted(part, self.variance, side="right")) + 1
        self.n_components_ = min(self.n_components_, len(sizes))
        self._rotation = rotation
        scores = self._scores(adjusted, columns)[:, : self.n_components_]
        self._of_scores = ComBat(
            shrinkage="none", reference=self.reference, unseen=self.unseen
        ).fit(scores, batch=names)
        return adjusted, columns, names

    def _scores(self, adjusted: Reals, columns: Reals) -> Reals:
        rest = adjusted - self._mean.predict(columns)
        return np.asarray(((rest - self._center) / self._scale) @ self._rotation.T)

    def _rotated(self, adjusted: Reals, columns: Reals, names: list[Any]) -> Reals:
        """Harmonize the scores of the first components, and go back to the features."""
        scores = self._scores(adjusted, columns)
        kept = slice(0, self.n_components_)
        change = self._of_scores.transform(scores[:, kept], batch=names) - scores[:, kept]
        # Only the change is rotated back: what the components leave out stays as it is.
        return np.asarray(adjusted + (change @ self._rotation[kept]) * self._scale)
