"""Values of a feature in patients that were held out: harmonized by what the others taught.

The harmonizer learns from the training part of each fold alone, and so does the direction in
which the feature is read. Nothing of the patients measured on enters what they are measured by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.association.effect import Effect, effect_of
from napari_radiogenomics.association.study import Pair, Study
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.harmonization.combat import ComBat
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["HeldOut", "folds_of", "held_out_effects"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """What the feature is worth in patients that were held out.

    Attributes
    ----------
    harmonized : Effect
        Of the harmonized values; the direction is that of the feature.
    predicted : Effect
        Of the values turned to the direction that the training part showed.
    spread : float
        Standard deviation of the effect over the repeats.
    folds, repeats : int
        How it was done.
    harmonized_sites : bool
        Whether there were sites to harmonize.
    """

    harmonized: Effect
    predicted: Effect
    spread: float
    folds: int
    repeats: int
    harmonized_sites: bool


def folds_of(strata: NDArray, folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal the members of each stratum out to folds, so that each fold has its share.

    Examples
    --------
    >>> found = folds_of(np.array(["a"] * 4 + ["b"] * 4), 2, np.random.default_rng(0))
    >>> [int((found[:4] == fold).sum()) for fold in (0, 1)]
    [2, 2]
    """
    fold = np.empty(len(strata), np.intp)
    at = 0
    for name in np.unique(strata):
        own = rng.permutation(np.flatnonzero(strata == name))
        fold[own] = (at + np.arange(len(own))) % folds
        at += len(own)
    return fold


def held_out_effects(
    study: Study,
    feature: str,
    pair: Pair,
    *,
    folds: int,
    repeats: int,
    seed: int,
    progress: Progress = quiet,
) -> HeldOut:
    """Measure the effect in held-out patients, harmonized within the folds.

    Parameters
    ----------
    study : Study
        All its features help to harmonize one.
    feature : str
        Which.
    pair : Pair
        Its patients.
    folds, repeats : int
        Repeated, stratified by site and class.
    seed : int
        Of the folds.
    progress : Progress, optional
        Reports; may cancel.

    Raises
    ------
    InputError
        If the sites cannot be harmonized, with the reason.
    """
    sites = study.sites_of(pair.patients)
    patients = pair.patients if sites is None else sites.index
    place = pair.patients.get_indexer(patients)
    x, y = pair.feature[place], pair.outcome[place]
    if len(y) < 2 * folds:
        raise InputError(f"{len(y)} patients are too few for {folds} folds.")
    table = _table(study, feature, patients, sites)
    strata = _strata(sites, y, pair.measure)
    rng = np.random.default_rng(seed)
    harmonized, predicted, values = np.zeros(len(y)), np.zeros(len(y)), []
    for _ in progress(range(repeats), "Repeats"):
        even, turned = np.empty(len(y)), np.empty(len(y))
        fold = folds_of(strata, folds, rng)
        for test in _each(fold):
            train = ~test
            low, high = _harmonized(table, sites, train, test, feature)
            even[test] = high
            turned[test] = high * _direction(low, y[train])
        values.append(effect_of(turned, y, measure=pair.measure).value)
        harmonized += even / repeats
        predicted += turned / repeats
    if sites is None:
        harmonized = x
    spread = float(np.std(values, ddof=1)) if repeats > 1 else 0.0
    return HeldOut(
        effect_of(harmonized, y, measure=pair.measure),
        effect_of(predicted, y, measure=pair.measure),
        spread, folds, repeats, sites is not None,
    )  # fmt: skip


def _each(fold: NDArray[np.intp]) -> Iterator[NDArray[np.bool_]]:
    for number in np.unique(fold):
        yield fold == number


def _strata(sites: pd.Series | None, outcome: Reals, measure: str) -> NDArray:
    names = np.full(len(outcome), "") if sites is None else sites.to_numpy(str)
    classes = outcome if measure == "auc" else np.zeros(len(outcome))
    return np.array([f"{name}|{value:g}" for name, value in zip(names, classes, strict=True)])


def _table(study: Study, feature: str, patients: pd.Index, sites: pd.Series | None) -> pd.DataFrame:
    """Features that can be harmonized together: numbers that vary in every site."""
    numbers = study.features.select_dtypes("number").loc[patients].astype(float)
    numbers = numbers.replace([np.inf, -np.inf], np.nan)
    if feature not in numbers:
        numbers[feature] = pd.to_numeric(study.features.loc[patients, feature], errors="coerce")
    if sites is None:
        return numbers[[feature]]
    varies = (numbers.groupby(sites.to_numpy()).nunique() > 2).all()
    enough = numbers.notna().groupby(sites.to_numpy()).mean().min() > HALF_KNOWN
    good = varies & enough
    good[feature] = True
    return numbers.loc[:, good]


HALF_KNOWN = 0.5
"""Share of a site's patients that must have a feature for it to help to harmonize."""


def _harmonized(
    table: pd.DataFrame,
    sites: pd.Series | None,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    feature: str,
) -> tuple[Reals, Reals]:
    """Values of training and test patients, by what the training patients taught."""
    if sites is None:
        values = table[feature].to_numpy(float)
        return values[train], values[test]
    model = ComBat().fit(table[train], batch=sites[train])
    even = [model.transform(table[part], batch=sites[part])[feature] for part in (train, test)]
    return even[0].to_numpy(float), even[1].to_numpy(float)


def _direction(feature: Reals, outcome: Reals) -> float:
    """The sign of the rank correlation in the training part."""
    from scipy.stats import rankdata

    ranks = rankdata(feature)
    sign = np.sign((ranks - ranks.mean()) @ (outcome - outcome.mean()))
    return float(sign) if sign else 1.0
