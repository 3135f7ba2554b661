"""What a learner is: one module in ``learners/`` that defines ``LEARNER``.

A learner is asked for several candidates at once (penalties, numbers of trees), because they
often come at the price of one. Which of them is used is decided in the inner folds.

Letters: N patients, P features, C candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.predictor import Linear, Predictor
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.registry import Registry, did_you_mean

__all__ = ["LEARNERS", "Candidates", "Learner", "Lines", "settings_of"]

Reals = NDArray[np.float64]


class Candidates:
    """Fitted predictors, one for each candidate.

    Parameters
    ----------
    predictors : sequence of Predictor, length C
        In the order of the grid.
    """

    def __init__(self, predictors: Sequence[Predictor]) -> None:
        self.predictors = predictors

    def links(self, X: Reals) -> Reals:
        """Predictions of all candidates, shape (N, C)."""
        return np.column_stack([predictor.link(X) for predictor in self.predictors])

    def predictor(self, at: int) -> Predictor:
        """One of them."""
        return self.predictors[at]


class Lines(Candidates):
    """Lines along a path: all are asked in one product.

    Parameters
    ----------
    intercepts : ndarray, shape (C,)
        One a candidate.
    coefficients : ndarray, shape (C, P)
        The same.
    """

    def __init__(self, intercepts: Reals, coefficients: Reals) -> None:
        self.intercepts, self.coefficients = intercepts, coefficients

    def links(self, X: Reals) -> Reals:
        """Predictions of all candidates, shape (N, C)."""
        used = np.flatnonzero(self.coefficients.any(axis=0))
        return self.intercepts + X[:, used] @ self.coefficients[:, used].T

    def predictor(self, at: int) -> Predictor:
        """One of them."""
        return Linear(float(self.intercepts[at]), self.coefficients[at].copy())


@dataclass(frozen=True)
class Learner:
    """One way to learn from features.

    Attributes
    ----------
    name : str
        Short lower-case name.
    title : str
        Name in full.
    meaning : str
        What it does, in one sentence.
    limits : str
        When it fails.
    doi : str
        Where it is defined.
    defaults : mapping
        Settings and their values.
    grid : callable
        ``grid(X, outcome, settings) -> sequence`` of the candidates, from the whole training set.
    fit : callable
        ``fit(X, outcome, grid, settings, seed, agreement) -> Candidates``; ``agreement`` is None
        or rows that pull views together (`elastic_net_path`).
    agrees : bool
        Whether it can use ``agreement``.
    scaled : bool
        Whether the scale of a feature matters to it.
    """

    name: str
    title: str
    meaning: str
    limits: str
    doi: str
    defaults: Mapping[str, Any]
    grid: Callable[[Reals, Outcome, Mapping[str, Any]], Any] = field(repr=False)
    fit: Callable[..., Candidates] = field(repr=False)
    agrees: bool = False
    scaled: bool = True


LEARNERS: Registry[Learner] = Registry(
    "napari_radiogenomics.fusion.learners",
    attribute="LEARNER",
    noun="learner",
    group="napari_radiogenomics.learners",
)


def settings_of(entry: Any, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings of a learner or preparation: what was given over its defaults.

    Raises
    ------
    InputError
        If it has no such setting.
    """
    given = dict(given or {})
    for name in given:
        if name not in entry.defaults:
            hint = did_you_mean(name, list(entry.defaults))
            raise InputError(f'{entry.title} has no setting "{name}". {hint}')
    return {**entry.defaults, **given}
