"""Who is learned from and who is tested: folds by patient, balanced over outcome and site."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = [
    "Scheme",
    "Split",
    "bootstrap_splits",
    "fold_numbers",
    "fold_splits",
    "halved",
    "joint_strata",
    "require_folds",
    "require_seed",
    "site_splits",
]

Places = NDArray[np.intp]
Scheme = Literal["kfold", "leave_site_out", "bootstrap632"]


@dataclass(frozen=True, eq=False)
class Split:
    """One division of the patients.

    Attributes
    ----------
    repeat, fold : int
        Which one.
    train, test : ndarray of intp
        Places of the patients; ``train`` may name one several times (bootstrap).
    title : str
        As a person reads it.
    """

    repeat: int
    fold: int
    train: Places
    test: Places
    title: str


def fold_numbers(strata: Places, folds: int, rng: np.random.Generator) -> Places:
    """Fold of each patient, so that every stratum is spread evenly, shape (N,).

    Parameters
    ----------
    strata : ndarray of intp, shape (N,)
        Groups to spread.
    folds : int
        Number of folds.
    rng : Generator
        Draws the order within each stratum.
    """
    numbers = np.empty(len(strata), np.intp)
    begin = 0  # goes round, so that the folds have the same size too
    for stratum in np.unique(strata):
        own = rng.permutation(np.flatnonzero(strata == stratum))
        numbers[own] = (begin + np.arange(len(own))) % folds
        begin += len(own)
    return numbers


def fold_splits(
    outcome: Outcome, sites: NDArray | None, *, folds: int, repeats: int, seed: int
) -> list[Split]:
    """Repeated folds, stratified by outcome and site.

    Raises
    ------
    InputError
        If there are fewer patients or events than folds.
    """
    require_folds(outcome, folds)
    strata = outcome.strata()
    both = strata if sites is None else joint_strata(strata, sites)
    splits = []
    for repeat in range(repeats):
        numbers = fold_numbers(both, folds, np.random.default_rng([seed, 11, repeat]))
        for fold in range(folds):
            title = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" * (repeats > 1))
            train, test = np.flatnonzero(numbers != fold), np.flatnonzero(numbers == fold)
            splits.append(Split(repeat, fold, train, test, title))
    return splits


def require_folds(outcome: Outcome, folds: int) -> None:
    """Refuse fewer than two folds, and folds for which there are too few patients or events."""
    if folds < 2:
        raise InputError(f"There must be at least 2 folds, not {folds}.")
    if len(outcome) < folds:
        raise InputError(f"{len(outcome)} patients cannot fill {folds} folds. Use fewer folds.")
    if outcome.n_events < folds:
        noun = "events" if outcome.kind == "survival" else "cases of the rarer class"
        raise InputError(
            f"{outcome.n_events} {noun} cannot fill {folds} folds. Use fewer folds, or give more "
            "patients."
        )


def require_seed(seed: Any) -> None:
    """Refuse what no numbers can be drawn from."""
    if not isinstance(seed, Integral) or not 0 <= int(seed) < 2**32:
        raise InputError(f"seed is {seed!r}; it must be a whole number from 0 to {2**32 - 1}.")


def site_splits(sites: NDArray | None) -> list[Split]:
    """Each site is tested once, on what was learned at all others."""
    names: list[str] = [] if sites is None else np.unique(sites.astype(str)).tolist()
    if sites is None or len(names) < 2:
        raise InputError(
            f"Leaving one site out needs at least two sites, here {'is' if len(names) else 'are'} "
            f"{len(names) or 'none'}. Give the site of each patient as groups."
        )
    splits = []
    for at, name in enumerate(names):
        test = sites.astype(str) == name
        splits.append(Split(0, at, np.flatnonzero(~test), np.flatnonzero(test), f"site {name}"))
    return splits


def bootstrap_splits(strata: Places, *, repeats: int, seed: int) -> list[Split]:
    """Patients drawn with replacement within each stratum, tested on those not drawn."""
    splits = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, 13, repeat])
        groups = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
        train = np.sort(np.concatenate([rng.choice(own, len(own)) for own in groups]))
        test = np.setdiff1d(np.arange(len(strata)), train)
        title = f"bootstrap {repeat + 1} of {repeats}"
        splits.append(Split(repeat, 0, train, test, title))
    return splits


def joint_strata(strata: Places, sites: NDArray) -> Places:
    """Outcome within site."""
    codes = np.unique(sites, return_inverse=True)[1]
    joint: Places = np.unique(codes * (strata.max() + 1) + strata, return_inverse=True)[1]
    return joint


def halved(split: Split, strata: Places, seed: int) -> list[Split]:
    """The same test patients, and each half of the training patients; the halves share nobody.

    Parameters
    ----------
    split : Split
        Which names each training patient once.
    strata : ndarray of intp, shape (N,)
        Groups of all patients that both halves should hold alike.
    seed : int
        Of who comes into which half.
    """
    rng = np.random.default_rng([seed, 41, split.repeat, split.fold])
    half = fold_numbers(strata[split.train], 2, rng)
    return [
        Split(split.repeat, 2 * split.fold + own, split.train[half == own], split.test,
              f"{split.title}, half {own + 1}")
        for own in (0, 1)
    ]  # fmt: skip
