"""A fitted fusion model: experts, and how their answers become one.

Letters: N patients, E experts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.calibration import Line
from napari_radiogenomics.fusion.models.expert import Expert
from napari_radiogenomics.fusion.outcome import Kind
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.statistics.survival import Steps

__all__ = ["Fitted", "Rule", "combined"]

Reals = NDArray[np.float64]
Rule = Literal["first", "mean"]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Experts that answer together.

    Attributes
    ----------
    kind : {"classification", "regression", "survival"}
        Of the outcome.
    target : str
        Name of the outcome.
    classes : tuple
        The two classes; empty for the other kinds.
    rule : {"first", "mean"}
        Each patient is answered by the first expert whose views they all have, or by the
        weighted mean of all experts who can.
    experts : tuple of Expert, length E
        In order.
    weights : ndarray, shape (E,)
        For the mean.
    line : Line
        Recalibration of the mean.
    scores : dict of ndarray
        What the inner folds tell of new patients (`conformal.conformal_scores`).
    points : mapping of str to float
        Operating points: probabilities above which a patient is called (`operating_points`).
    facts : mapping
        Summary of the training patients; no values of any of them.
    """

    kind: Kind
    target: str
    classes: tuple[Any, ...]
    rule: Rule
    experts: tuple[Expert, ...]
    weights: Reals
    line: Line
    scores: Mapping[str, Reals]
    points: Mapping[str, float]
    facts: Mapping[str, Any]

    def links(self, tables: Tables) -> Reals:
        """Answer of each expert, shape (N, E); NaN where the expert lacks something."""
        return np.column_stack([expert.link(tables) for expert in self.experts])

    def link(self, tables: Tables) -> Reals:
        """Log odds, number or log hazard, shape (N,); NaN where no expert can answer."""
        return self.line(combined(self.links(tables), self.rule, self.weights))

    def hazard(self) -> Steps | None:
        """Cumulative hazard at a link of 0, for survival."""
        if self.kind != "survival":
            return None
        return Steps(self.scores["times"], self.scores["hazard"], 0.0)

    def shares(self, tables: Tables) -> Reals:
        """How much the answer of each expert counts for each patient, shape (N, E)."""
        there = np.column_stack([expert.held(tables) for expert in self.experts])
        return _shares(there, self.rule, self.weights)


def combined(links: Reals, rule: Rule, weights: Reals) -> Reals:
    """One answer of several, shape (N,).

    Parameters
    ----------
    links : ndarray, shape (N, E)
        NaN where an expert cannot answer.
    rule : {"first", "mean"}
        As `Fitted`.
    weights : ndarray, shape (E,)
        For the mean; those of the experts who can answer count, and are made to sum to what all
        sum to.
    """
    there = np.isfinite(links)
    shares = _shares(there, rule, weights)
    total = np.where(there, links, 0.0) * shares
    return np.where(there.any(axis=1), total.sum(axis=1), np.nan)


def _shares(there: NDArray[np.bool_], rule: Rule, weights: Reals) -> Reals:
    if rule == "first":
        first = np.zeros(there.shape)
        first[np.arange(len(there)), there.argmax(axis=1)] = 1.0
        return first * there
    counted = there * weights
    known = counted.sum(axis=1, keepdims=True)
    # Where only experts without weight can answer, they count alike.
    counted = np.where(known > 0, counted, there)
    known = np.maximum(counted.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(counted / known * weights.sum(), float)
