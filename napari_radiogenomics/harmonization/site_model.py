"""Can a model tell the batch? Cross-validated, with everything that is learned inside the folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.progress import Progress
from napari_radiogenomics.statistics.roc import Area, macro_area

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_IN_FOLDS", "batch_area"]

Reals = NDArray[np.float64]
FEWEST_IN_FOLDS = 4
"""Samples of a batch below which it cannot be learned and tested in folds."""
_MOST_FOLDS = 5


def batch_area(
    features: pd.DataFrame,
    batch: pd.Series,
    *,
    model: Callable[[], Any] | None,
    covariates: pd.DataFrame | None,
    patient: pd.Series,
    seed: int,
    progress: Progress,
) -> Area:
    """Area under the ROC curve of telling the batch, the mean of each batch against the rest.

    Parameters
    ----------
    features : DataFrame, N samples × P features
        NaN where missing: set to the median of the training part.
    batch : Series
        Of the same samples, `FEWEST_IN_FOLDS` of each batch at least.
    model : callable or None
        Makes a harmonizer with ``fit`` and ``transform``, fitted in each fold on its training
        part; None leaves the features as they are.
    covariates : DataFrame or None
        What the harmonizer keeps.
    patient : Series
        Of each sample; no patient is in the training and the test part of a fold.
    seed : int
        Of the folds.
    progress : Progress
        One step a fold.

    Returns
    -------
    Area
        0.5 or less: the batch cannot be told.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    names, codes = np.unique(batch.astype(str).to_numpy(str), return_inverse=True)
    n_folds = min(_MOST_FOLDS, int(np.bincount(codes).min()))
    if patient.is_unique:
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(codes, codes)
    else:
        grouped = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        folds = grouped.split(codes, codes, patient.to_numpy())
    parts = list(folds)
    scores = np.zeros((len(codes), len(names)))
    for train, test in progress(parts, "Can a model tell the batch?"):
        ready = _ready(features, batch, codes, train, test, model, covariates)
        scores[test] = _predicted(*ready, codes[train])
    return macro_area(codes, scores)


def _ready(
    features: pd.DataFrame,
    batch: pd.Series,
    codes: NDArray[np.intp],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    model: Callable[[], Any] | None,
    covariates: pd.DataFrame | None,
) -> tuple[Reals, Reals]:
    """Training and test part, harmonized, filled and standardized by the training part."""
    if model is not None:
        features = features.loc[:, _moving(features.to_numpy(float)[train], codes[train])]
        parts = []
        fitted = model()
        for at, fit in ((train, True), (test, False)):
            given = {
                "batch": batch.iloc[at],
                "covariates": None if covariates is None else covariates.iloc[at],
            }
            part = features.iloc[at]
            if fit:
                fitted.fit(part, **given)
            parts.append(np.asarray(fitted.transform(part, **given), float))
        first, second = parts
    else:
        values = features.to_numpy(float)
        first, second = values[train], values[test]
    known = np.isfinite(first).any(axis=0)
    first, second = first[:, known], second[:, known]
    middle = np.nanmedian(first, axis=0)
    first, second = (np.where(np.isfinite(part), part, middle) for part in (first, second))
    center, scale = first.mean(axis=0), first.std(axis=0)
    moves = scale > 0
    center, scale = center[moves], scale[moves]
    return (first[:, moves] - center) / scale, (second[:, moves] - center) / scale


def _moving(values: Reals, codes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Features that vary within every batch of the training part."""
    moves = np.ones(values.shape[1], bool)
    for one in np.unique(codes):
        own = values[codes == one]
        moves &= np.fmin.reduce(own) < np.fmax.reduce(own)
    return moves


def _predicted(first: Reals, second: Reals, codes: NDArray[np.intp]) -> Reals:
    """Probability of each batch by a logistic model with a ridge, its strength fixed by P."""
    from sklearn.linear_model import LogisticRegression

    n_features = max(first.shape[1], 1)
    model = LogisticRegression(C=1.0 / n_features, max_iter=500)
    found = np.asarray(model.fit(first, codes).predict_proba(second), float)
    return found if found.shape[1] > 1 else np.hstack([1 - found, found])
