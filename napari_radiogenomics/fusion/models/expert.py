"""An expert: views joined, one learner on them, its settings chosen in the inner folds.

Letters: N patients, C candidates, K columns that the learner sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.learner import LEARNERS, Candidates, Learner, settings_of
from napari_radiogenomics.fusion.models.bench import WHOLE, Bench
from napari_radiogenomics.fusion.models.calibration import Line, recalibration
from napari_radiogenomics.fusion.models.elastic_net import mean_loss
from napari_radiogenomics.fusion.models.joining import Maps, agreement_rows, applied
from napari_radiogenomics.fusion.models.predictor import Predictor
from napari_radiogenomics.fusion.models.views import FittedView
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables

__all__ = ["Expert", "Joiner", "Variant", "fit_expert"]

Reals = NDArray[np.float64]
Joiner = Callable[[Mapping[str, Reals], Outcome], Maps]


@dataclass(frozen=True)
class Variant:
    """One way to join views.

    Attributes
    ----------
    join : callable
        ``join(blocks, outcome) -> maps``, learned on training patients only.
    rho : float
        How strongly the views should agree; only some learners can.
    """

    join: Joiner
    rho: float = 0.0


@dataclass(frozen=True, eq=False)
class Expert:
    """One learner on some views.

    Attributes
    ----------
    views : dict of FittedView
        By name, in the order of their columns.
    maps : dict of ndarray
        How the features of each view become columns (`joining.Maps`).
    predictor : Predictor
        On those columns.
    line : Line
        Recalibration learned in the inner folds.
    """

    views: Mapping[str, FittedView]
    maps: Maps
    predictor: Predictor
    line: Line

    def held(self, tables: Tables) -> NDArray[np.bool_]:
        """Patients who have all views, shape (N,)."""
        there: NDArray[np.bool_] = np.logical_and.reduce(
            [fitted.held(tables) for fitted in self.views.values()]
        )
        return there

    def columns(self, tables: Tables) -> Reals:
        """What the predictor sees, shape (N, K); NaN for patients who lack a view."""
        return np.hstack(
            [applied(self.maps[name], view.matrix(tables)) for name, view in self.views.items()]
        )

    def link(self, tables: Tables) -> Reals:
        """Recalibrated prediction, shape (N,); NaN for patients who lack a view."""
        out = np.full(len(tables), np.nan)
        rows = np.flatnonzero(self.held(tables))
        if rows.size:
            out[rows] = self.line(self.predictor.link(self.columns(tables.take(rows))))
        return out


def fit_expert(
    bench: Bench,
    names: tuple[str, ...],
    variants: Sequence[Variant],
    *,
    learner: str,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Expert, Reals]:
    """Fit an expert on the patients who have all its views.

    Parameters
    ----------
    bench : Bench
        Training patients and inner folds.
    names : tuple of str
        Views.
    variants : sequence of Variant
        Ways to join them; the inner folds choose.
    learner : str
        Name of a learner.
    settings : mapping, optional
        Of the learner.

    Returns
    -------
    expert : Expert
    inner : ndarray, shape (N,)
        Recalibrated prediction of each training patient by the fit of the inner fold that did
        not see it; NaN for patients who lack a view.
    """
    entry = LEARNERS[learner]
    trials = [
        _Trial(bench, names, variant, entry, settings_of(entry, settings)) for variant in variants
    ]
    best = min(trials, key=lambda trial: trial.loss.min())
    return best.expert()


class _Trial:
    """One variant, tried in the inner folds."""

    def __init__(
        self,
        bench: Bench,
        names: tuple[str, ...],
        variant: Variant,
        entry: Learner,
        settings: Mapping[str, Any],
    ) -> None:
        self.bench, self.names, self.variant = bench, names, variant
        self.entry, self.settings = entry, settings
        self.there = bench.held(names)
        self.rows = bench.rows(WHOLE, self.there)
        self.fitted, self.maps, self.blocks = self._design(WHOLE)
        own = np.hstack([X[self.rows] for X in self.blocks.values()])
        self.grid = entry.grid(own, bench.outcome.take(self.rows), settings)
        self.inner, self.loss = self._try()

    def _design(self, split: int) -> tuple[dict[str, FittedView], Maps, dict[str, Reals]]:
        """Views, how they are joined, and their columns, learned without an inner fold."""
        parts = {name: self.bench.prepared(name, split) for name in self.names}
        rows = self.bench.rows(split, self.there)
        own = {name: X[rows] for name, (_, X) in parts.items()}
        maps = self.variant.join(own, self.bench.outcome.take(rows))
        blocks = {name: applied(maps[name], X) for name, (_, X) in parts.items()}
        return {name: fitted for name, (fitted, _) in parts.items()}, maps, blocks

    def _fit(self, split: int, blocks: Mapping[str, Reals]) -> Candidates:
        self.bench.check()
        rows = self.bench.rows(split, self.there)
        own = {name: X[rows] for name, X in blocks.items()}
        pull = agreement_rows(own, rho=self.variant.rho) if self.entry.agrees else None
        columns = np.hstack(list(own.values()))
        seed = self.bench.seed + 1000 * (split + 1)
        outcome = self.bench.outcome.take(rows)
        return self.entry.fit(columns, outcome, self.grid, self.settings, seed, pull)

    def _try(self) -> tuple[Reals, Reals]:
        """Predictions by fits that did not see the patient, and the loss of each candidate."""
        inner = np.full((len(self.there), len(self.grid)), np.nan)
        loss = np.zeros(len(self.grid))
        for split in range(self.bench.n_folds):
            blocks = self._design(split)[2]
            links = self._fit(split, blocks).links(np.hstack(list(blocks.values())))
            test = np.flatnonzero(self.there & (self.bench.numbers == split))
            inner[test] = links[test]
            train = self.bench.rows(split, self.there)
            loss += _held_out_loss(self.bench.outcome, links, train, test)
        return inner, np.where(np.isfinite(loss), loss, np.inf)

    def expert(self) -> tuple[Expert, Reals]:
        """Expert of the best candidate, and its recalibrated inner predictions."""
        best = int(np.argmin(self.loss))
        inner = self.inner[:, best]
        line = recalibration(self.bench.outcome.take(self.rows), inner[self.rows])
        predictor = self._fit(WHOLE, self.blocks).predictor(best)
        return Expert(self.fitted, self.maps, predictor, line), line(inner)


def _held_out_loss(
    outcome: Outcome, links: Reals, train: NDArray[np.intp], test: NDArray[np.intp]
) -> Reals:
    """Loss of each candidate on the patients left out, shape (C,).

    For survival it is what they add to the partial likelihood of all (Verweij 1993,
    https://doi.org/10.1002/sim.4780122407): few of them make risk sets of their own.
    """
    if outcome.kind != "survival":
        own = outcome.take(test)
        return np.array([mean_loss(own, link) * len(own) for link in links[test].T])
    both = np.concatenate([train, test])
    every, seen = outcome.take(both), outcome.take(train)
    return np.array(
        [
            mean_loss(every, link[both]) * len(every) - mean_loss(seen, link[train]) * len(seen)
            for link in links.T
        ]
    )
