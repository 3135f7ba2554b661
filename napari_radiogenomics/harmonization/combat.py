"""`ComBat`: the location and the scale that a site or scanner gives to features, taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.bayes import nonparametric, parametric, parametric_means
from napari_radiogenomics.harmonization.design import (
    FEWEST,
    BatchCode,
    CovariateCode,
    indicator,
    require_estimable,
)
from napari_radiogenomics.harmonization.inputs import as_table, harmonized_like, inputs_of
from napari_radiogenomics.harmonization.means import Smooth, pooled_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ComBat", "Shrinkage", "Unseen"]

Reals = NDArray[np.float64]
Shrinkage = Literal["parametric", "nonparametric", "none"]
Unseen = Literal["refuse", "standardize"]


class ComBat(TransformerMixin, BaseEstimator):
    """Batch effects estimated on training samples, taken out of them and of new ones.

    Parameters
    ----------
    shrinkage : {"parametric", "nonparametric", "none"}, optional
        How the batches' means and variances are drawn together over the features: by a normal
        and inverse gamma prior, by the features themselves, or not at all.
    mean_only : bool, optional
        Leave the variances of the batches as they are.
    reference : str, optional
        Batch to which the others are brought; it stays as it is. None brings all to their
        common mean and variance.
    smooth : sequence of str, optional
        The covariate whose effect is a smooth curve (ComBat-GAM); one at most.
    unseen : {"refuse", "standardize"}, optional
        What to do with batches that were not there at the fit: refuse, or estimate their
        location and scale from their own new samples.

    Attributes
    ----------
    batches_ : tuple of str, length B
        Batches at the fit.
    feature_names_in_ : ndarray of str, shape (P,)
        Features at the fit.
    gamma_, delta_ : ndarray, shape (B, P)
        Location and squared scale of each batch in units of the pooled standard deviation.
    n_samples_ : dict
        Samples of each batch.

    Notes
    -----
    Equal to sva 3.46 and ComBatFamily 0.2 (tests/reference). The outcome is never an input:
    what is to be predicted must not be among the covariates. Fit on the training part of each
    fold; `transform` uses nothing but what was learned there. A table that comes out says in its
    history that it was harmonized, and `fuse`, which does that in its own folds, refuses it.

    References
    ----------
    Johnson 2007, https://doi.org/10.1093/biostatistics/kxj037; Fortin 2018,
    https://doi.org/10.1016/j.neuroimage.2017.11.024; Pomponio 2020 (smooth terms),
    https://doi.org/10.1016/j.neuroimage.2019.116450.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(["A", "B"], 50)
    >>> X = rng.normal(size=(100, 30)) + 3.0 * (site == "B")[:, None]
    >>> Y = ComBat().fit_transform(X, batch=site)
    >>> bool(abs(Y[site == "A"].mean() - Y[site == "B"].mean()) < 0.01)
    True
    """

    def __init__(
        self,
        *,
        shrinkage: Shrinkage = "parametric",
        mean_only: bool = False,
        reference: str | None = None,
        smooth: Sequence[str] = (),
        unseen: Unseen = "refuse",
    ) -> None:
        self.shrinkage = shrinkage
        self.mean_only = mean_only
        self.reference = reference
        self.smooth = smooth
        self.unseen = unseen

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: object = None,
        *,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> ComBat:
        """Learn the batch effects.

        Parameters
        ----------
        X : array_like or DataFrame, shape (N, P)
            Samples × features; NaN where missing.
        y : object, optional
            Not used.
        batch : array_like, shape (N,)
            Site or scanner of each sample, in the order of X; a Series is joined by its index
            where X is a table.
        covariates : DataFrame, optional
            What is kept, by the same rule.

        Returns
        -------
        ComBat
            Itself.

        Raises
        ------
        InputError
            If a batch is alone or has one sample, a covariate follows from the batches, or a
            feature does not vary within a batch.
        """
        self._fit(X, batch, covariates)
        return self

    def _fit(
        self, given: Any, batch: ArrayLike, covariates: pd.DataFrame | None
    ) -> tuple[Reals, Reals, Reals, list[Any]]:
        """Learn; answer values, standardized values, columns of covariates and batches."""
        table = as_table(given)
        values, names, kept = inputs_of(table, batch, covariates)
        self._code = BatchCode.of(names)
        self._covariates = CovariateCode.of(kept)
        self.batches_ = self._code.levels
        self.feature_names_in_ = np.array([str(name) for name in table.columns], dtype=object)
        codes = self._code.encode(names)
        self.n_samples_ = {
            level: int((codes == at).sum()) for at, level in enumerate(self.batches_)
        }
        reference = self._reference()
        batches = indicator(codes, len(self.batches_))
        columns = self._covariates.encode(kept, len(values))
        require_estimable(batches, columns, self._covariates)
        self._require_spread(values, codes)
        self._smooth = self._smooth_term(kept)
        columns = self._columns(kept, len(values))
        self._mean = pooled_mean(values, batches, columns, reference, self._smooth)
        standard = self._mean.standardize(values, columns)
        self._learn(standard, codes, reference)
        return values, standard, columns, names

    def transform(
        self,
        X: ArrayLike | pd.DataFrame,
        *,
        batch: ArrayLike,
        covariates: pd.DataFrame | None = None,
    ) -> Any:
        """Take the batch effects that were learned out of samples.

        Parameters
        ----------
        X, batch, covariates
            As for `fit`: the same features and covariates.

        Returns
        -------
        DataFrame or ndarray, shape (N, P)
            As X; NaN stays where it is.

        Raises
        ------
        InputError
            If a batch or a level was not there at the fit, or the features are others.
        """
        check_is_fitted(self, "gamma_")
        values = self._adjusted(*self._prepared(X, batch, covariates))
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
        values = self._adjusted(*self._fit(X, batch, covariates))
        return harmonized_like(values, X, self, batch=batch, covariates=covariates)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:
        """Features of the result: those at the fit."""
        check_is_fitted(self, "gamma_")
        return self.feature_names_in_

    def _prepared(
        self, given: Any, batch: ArrayLike, covariates: pd.DataFrame | None
    ) -> tuple[Reals, Reals, Reals, list[Any]]:
        """Values, standardized values, columns of covariates and batches of new samples."""
        table = as_table(given)
        self._require_features(table)
        values, names, kept = inputs_of(table, batch, covariates)
        columns = self._columns(kept, len(values))
        return values, self._mean.standardize(values, columns), columns, names

    def _reference(self) -> int | None:
        if self.reference is None:
            return None
        return self._code.require(self.reference, "reference batch")

    def _smooth_term(self, kept: pd.DataFrame | None) -> Smooth | None:
        if not self.smooth:
            return None
        if len(self.smooth) > 1:
            raise InputError("One covariate at most can be smooth. Keep the others linear.")
        name = self.smooth[0]
        levels = dict(self._covariates.columns).get(name)
        if levels is None or kept is None:
            raise InputError(f'The smooth covariate "{name}" is not among the covariates. Add it.')
        if levels:
            raise InputError(f'"{name}" holds groups, over which there is no curve. Leave it out.')
        return Smooth.of(kept[name].to_numpy(float), name)

    def _columns(self, kept: pd.DataFrame | None, n_samples: int) -> Reals:
        """Columns of the covariates, those of a smooth curve last, shape (N, C)."""
        columns = self._covariates.encode(kept, n_samples)
        if self._smooth is None or kept is None:
            return columns
        name = self.smooth[0]
        place = 0
        for other, levels in self._covariates.columns:
            if other == name:
                break
            place += max(len(levels) - 1, 0) if levels else 1
        curve = self._smooth.columns(kept[name].to_numpy(float))
        return np.hstack([np.delete(columns, place, axis=1), curve])

    def _require_spread(self, values: Reals, codes: NDArray[np.intp]) -> None:
        """Refuse features that do not vary, or are not there, within a batch."""
        for at, level in enumerate(self.batches_):
            own = values[codes == at]
            count = np.isfinite(own).sum(axis=0)
            low, high = np.fmin.reduce(own), np.fmax.reduce(own)
            flat = count < 1 if self.mean_only else (count < FEWEST) | (low == high)
            if flat.any():
                raise InputError(_without_scale(self.feature_names_in_, count, flat, level, own))

    def _learn(self, standard: Reals, codes: NDArray[np.intp], reference: int | None) -> None:
        n_batches, n_features = len(self.batches_), standard.shape[1]
        gamma, delta = np.zeros((n_batches, n_features)), np.ones((n_batches, n_features))
        for at in range(n_batches):
            if at != reference:
                gamma[at], delta[at] = self._estimate(standard[codes == at])
        self.gamma_, self.delta_ = gamma, delta

    def _estimate(self, standard: Reals) -> tuple[Reals, Reals]:
        """Location and squared scale of one batch, shape (P,) each."""
        mean = np.nanmean(standard, axis=0)
        if self.mean_only:
            ones = np.ones_like(mean)
            if self.shrinkage == "parametric":
                return parametric_means(mean), ones
            if self.shrinkage == "nonparametric":
                return nonparametric(standard, mean, ones)[0], ones
            return mean, ones
        scale = np.nanvar(standard, axis=0, ddof=1)
        if self.shrinkage == "none" or len(mean) < 2:
            return mean, scale
        draw = parametric if self.shrinkage == "parametric" else nonparametric
        return draw(standard, mean, scale)

    def _adjusted(
        self, values: Reals, standard: Reals, columns: Reals, names: Sequence[Any]
    ) -> Reals:
        """Values without the batch effects, shape (N, P); ``standard`` is used up."""
        if self.unseen == "refuse":
            self._code.encode(names)
        batches = np.array([str(name) for name in names])
        for name in np.unique(batches):
            own = np.flatnonzero(batches == name)
            gamma, delta = self._effect(str(name), standard[own])
            standard[own] = (standard[own] - gamma) / np.sqrt(delta)
        adjusted = self._mean.restore(standard, columns)
        if self.reference is not None:
            own = np.flatnonzero(batches == self.reference)
            adjusted[own] = values[own]
        return adjusted

    def _effect(self, name: str, standard: Reals) -> tuple[Reals, Reals]:
        """Location and squared scale of a batch, from its own samples where it is unseen."""
        if name in self._code.levels:
            at = self._code.levels.index(name)
            return self.gamma_[at], self.delta_[at]
        if len(standard) < FEWEST:
            raise InputError(
                f"Batch {name} was not there at the fit and has one sample, from which its "
                "effect cannot be estimated. Leave it out."
            )
        return self._estimate(standard)

    def _require_features(self, table: pd.DataFrame) -> None:
        names = [str(name) for name in table.columns]
        if names == list(self.feature_names_in_):
            return
        lost = [name for name in self.feature_names_in_ if name not in names]
        what = f'"{lost[0]}" is missing' if lost else "they are others, or in another order"
        raise InputError(
            f"The model was fitted on {len(self.feature_names_in_)} features, these are "
            f"{len(names)}: {what}. Give table[model.feature_names_in_]."
        )


def _without_scale(
    names: NDArray[Any], count: NDArray[np.intp], flat: NDArray[np.bool_], level: str, own: Reals
) -> str:
    """Why the scale of features is unknown in a batch: no value first, then what does not vary."""
    empty = flat & (count == 0)
    found = names[empty if empty.any() else flat]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    where = f"in batch {level} ({len(own)} samples)"
    if empty.any():
        verb = "have" if more else "has"
        return (
            f'"{found[0]}"{more} {verb} no value {where}, so that what the batch does to them is '
            "unknown. Leave such features or this batch out."
        )
    one = count[flat][0] == 1
    what = "has one value only" if one else "does not vary"
    return (
        f'"{found[0]}"{more} {what} {where}, so that its scale there is unknown. Leave such '
        "features out, or choose mean_only."
    )
