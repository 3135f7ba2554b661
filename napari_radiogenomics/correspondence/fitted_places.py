"""What a virtual biopsy has learned: a score from what is seen around a place, and how sure it is.

Letters: N biopsies of G patients in B batches, P features, F fits (each without some patients;
the last one with all), V places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.within import centered
from napari_radiogenomics.correspondence.within_ridge import fit_ridge

__all__ = ["FittedPlaces", "Known", "Predicted", "fit_places"]

Reals = NDArray[np.float64]
Whole = NDArray[np.intp]
# Share of the biopsies of patients left out that count as like the others.
_LIKE = 0.95


class Known(NamedTuple):
    """Biopsies of the patient whose places are predicted: features (n, P) and scores (n,)."""

    x: Reals
    y: Reals


class Predicted(NamedTuple):
    """Scores of V places, the ends of their intervals, and whether they are like no biopsy."""

    value: Reals
    low: Reals
    high: Reals
    unlike: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FittedPlaces:
    """Fits and what they missed; plain arrays, so that a file can hold them.

    Attributes
    ----------
    mean : ndarray, shape (F,)
        Of the patients' mean scores.
    center, scale, weights : ndarray, shape (F, P)
        Mean of the patients' means of the features, spread within patients, and change of the
        score for one spread.
    inverse : ndarray, shape (F, P, P)
        How uncertain the weights are.
    shift : ndarray, shape (F, B, P)
        Mean of the patients of a batch, less that of all: what harmonization takes away.
    near : ndarray, shape (F, P, P)
        Inverse covariance of the features of the biopsies around the center.
    limit : ndarray, shape (1,)
        Distance from the biopsies beyond which a place is like none of them.
    patient, fold : ndarray of int, shape (N,)
        Patient of each biopsy, and the fit that did not see it.
    missed, missed_anchored : ndarray, shape (N,)
        How far that fit was off, in its own spreads; and where the other biopsies of the
        patient were known.
    """

    mean: Reals
    center: Reals
    scale: Reals
    weights: Reals
    inverse: Reals
    shift: Reals
    near: Reals
    limit: Reals
    patient: Whole
    fold: Whole
    missed: Reals
    missed_anchored: Reals

    @property
    def arrays(self) -> dict[str, NDArray]:
        """All of it, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def n_features(self) -> int:
        """P."""
        return self.weights.shape[1]

    def problem(self) -> str:
        """What does not fit together, where arrays come from a file; empty where all does."""
        f, p, n = len(self.mean), self.weights.shape[-1], len(self.patient)
        batches = self.shift.shape[1] if self.shift.ndim == 3 else 0
        wanted = {
            "mean": (f,), "center": (f, p), "scale": (f, p), "weights": (f, p),
            "inverse": (f, p, p), "shift": (f, batches, p), "near": (f, p, p), "limit": (1,),
            "patient": (n,), "fold": (n,), "missed": (n,), "missed_anchored": (n,),
        }  # fmt: skip
        for name, shape in wanted.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype.kind not in "fi":
                return f"its {name} does not fit the rest"
            if not np.isfinite(array).all():
                return f"its {name} is not finite"
        if n == 0 or self.fold.min() < 0 or self.fold.max() >= f - 1 or not (self.scale > 0).all():
            return "its fits do not fit the biopsies"
        return ""

    def predict(
        self,
        x: Reals,
        *,
        level: float,
        left_out: int | None = None,
        known: Known | None = None,
        batch: int = -1,
    ) -> Predicted:
        """Score of places, with intervals that hold for patients the fits did not see.

        Parameters
        ----------
        x : ndarray, shape (V, P)
            Features.
        level : float
            Share of places whose score is to lie within.
        left_out : int, optional
            Number of the patient, where it was learned from: the fit without it is used.
        known : Known, optional
            Biopsies of the same patient, from whose mean the scores then start.
        batch : int, optional
            Of the patient; -1 where it is none of those learned from.
        """
        fit = len(self.mean) - 1 if left_out is None else int(self.fold[self._own(left_out)][0])
        rows = np.arange(len(self.patient)) if left_out is None else self._others(left_out)
        by = self.fold[rows] if left_out is None else np.full(len(rows), fit)
        missed = (self.missed if known is None else self.missed_anchored)[rows]
        usable = np.isfinite(missed)
        rows, by, missed = rows[usable], by[usable], missed[usable]
        weight = _weights(self.patient[rows])
        used = np.unique(by)
        value = np.empty((len(used), len(x)))
        spread = np.empty_like(value)
        for at, one in enumerate(used):
            value[at], spread[at] = self._said(one, x, known, batch)
        row = np.searchsorted(used, by)
        low, high = _ends(value, spread, row, missed, weight, level)
        best, _ = self._said(fit, x, known, batch)
        return Predicted(best, low, high, self.distance(x, fit, batch) > self.limit[0])

    def _own(self, patient: int) -> Whole:
        return np.flatnonzero(self.patient == patient)

    def _others(self, patient: int) -> Whole:
        return np.flatnonzero(self.patient != patient)

    def _said(self, fit: int, x: Reals, known: Known | None, batch: int) -> tuple[Reals, Reals]:
        """Score of places by one fit, and its spread in units of the error of a biopsy."""
        start, origin, extra = self.mean[fit], self._middle(fit, batch), 0.0
        if known is not None:
            start, origin, extra = known.y.mean(), known.x.mean(axis=0), 1 / len(known.y)
        z = (x - origin) / self.scale[fit]
        leverage = np.einsum("vp,pq,vq->v", z, self.inverse[fit], z)
        return start + z @ self.weights[fit], np.sqrt(1 + extra + leverage)

    def _middle(self, fit: int, batch: int) -> Reals:
        """Where the features of a patient of this batch are expected, shape (P,)."""
        moved = self.shift[fit, batch] if batch >= 0 else 0.0
        return np.asarray(self.center[fit] + moved)

    def distance(self, x: Reals, fit: int, batch: int = -1) -> Reals:
        """How far places are from the biopsies of a fit (Mahalanobis), shape (V,)."""
        away = x - self._middle(fit, batch)
        return np.sqrt(np.einsum("vp,pq,vq->v", away, self.near[fit], away))


def fit_places(
    x: Reals, y: Reals, patient: Whole, folds: Whole, batch: Whole | None = None
) -> FittedPlaces:
    """Fit with all patients and without those of each fold.

    Parameters
    ----------
    x : ndarray, shape (N, P)
        Features of biopsies.
    y : ndarray, shape (N,)
        Scores.
    patient, folds : ndarray of int, shape (N,)
        Patients from 0, each of two biopsies or more; and folds.
    batch : ndarray of int, shape (N,), optional
        Batches from 0, whose means are taken away in each fit.
    """
    batch = np.full(len(y), -1) if batch is None else batch
    kept = [*(folds != fold for fold in range(int(folds.max()) + 1)), np.ones(len(folds), bool)]
    n_batches = int(batch.max()) + 1
    parts = [_fit(x[keep], y[keep], patient[keep], batch[keep], n_batches) for keep in kept]
    stacked = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    nothing = np.zeros(len(y))
    found = FittedPlaces(
        **stacked, limit=np.zeros(1), patient=patient, fold=folds, missed=nothing,
        missed_anchored=nothing,
    )  # fmt: skip
    missed, anchored, away = np.empty(len(y)), np.empty(len(y)), np.empty(len(y))
    for at in range(len(y)):
        own = np.flatnonzero(patient == patient[at])
        others = own[own != at]
        place = x[at : at + 1]
        value, spread = found._said(folds[at], place, None, batch[at])
        missed[at] = abs(y[at] - value[0]) / spread[0]
        value, spread = found._said(folds[at], place, Known(x[others], y[others]), batch[at])
        anchored[at] = abs(y[at] - value[0]) / spread[0]
        away[at] = found.distance(place, folds[at], batch[at])[0]
    limit = _quantile(away, _weights(patient), _LIKE)
    return FittedPlaces(
        **stacked,
        limit=np.array([limit if np.isfinite(limit) else away.max()]),
        patient=patient,
        fold=folds,
        missed=missed,
        missed_anchored=anchored,
    )


def _fit(x: Reals, y: Reals, patient: Whole, batch: Whole, n_batches: int) -> Mapping[str, NDArray]:
    """One fit: within patients for the weights, patients alike for the rest."""
    _, number = np.unique(patient, return_inverse=True)
    own_x, _ = centered(x, number)
    own_y, _ = centered(y[:, None], number)
    ridge = fit_ridge(own_x, own_y, number)
    member = np.equal.outer(np.arange(number.max() + 1), number)
    share = member / member.sum(axis=1)[:, None]
    means = share @ x
    center = means.mean(axis=0)
    shift = np.zeros((n_batches, x.shape[1]))
    of_patient = batch[member.argmax(axis=1)]
    for one in np.unique(of_patient[of_patient >= 0]):
        shift[one] = means[of_patient == one].mean(axis=0) - center
    moved = x - center - np.where((batch >= 0)[:, None], _taken(shift, batch), 0.0)
    return {
        "mean": np.asarray((share @ y).mean()),
        "center": center,
        "scale": ridge.scale,
        "weights": ridge.weights[:, 0],
        "inverse": ridge.inverse,
        "shift": shift,
        "near": _inverse_covariance(moved),
    }


def _taken(shift: Reals, batch: Whole) -> Reals:
    return shift[batch] if len(shift) else np.zeros((len(batch), shift.shape[1]))


def _inverse_covariance(away: Reals) -> Reals:
    """Of the features, shrunk (Ledoit-Wolf), so that few biopsies and many features can do."""
    from sklearn.covariance import ledoit_wolf

    scale = np.sqrt((away**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    covariance, _ = ledoit_wolf(away / scale, assume_centered=True)
    return np.asarray(np.linalg.inv(covariance) / np.outer(scale, scale))


def _weights(patient: Whole) -> Reals:
    """Of rows, so that each patient has the same say and a new patient one too."""
    _, number, counts = np.unique(patient, return_inverse=True, return_counts=True)
    return np.asarray(1 / (counts[number] * (len(counts) + 1)))


def _quantile(values: Reals, weight: Reals, level: float) -> float:
    """Smallest value below which lies the level; infinite where the weights do not reach it."""
    order = np.argsort(values)
    reached = np.cumsum(weight[order]) >= level - 1e-9
    return float(values[order][reached.argmax()]) if reached.any() else np.inf


def _ends(
    value: Reals, spread: Reals, row: Whole, missed: Reals, weight: Reals, level: float
) -> tuple[Reals, Reals]:
    """Ends of the intervals of V places: jackknife+ with patients as the unit."""
    if len(value) == 1:  # one fit: the same multiple of its spread everywhere
        reach = _quantile(missed, weight, level) * spread[0]
        return value[0] - reach, value[0] + reach
    reach = missed[:, None] * spread[row]  # (N, V)
    ends = []
    for sign in (-1.0, 1.0):
        candidates = sign * value[row] + reach
        order = np.argsort(candidates, axis=0)
        reached = np.cumsum(weight[order], axis=0) >= level - 1e-9
        at = np.where(reached.any(axis=0), reached.argmax(axis=0), 0)
        chosen = np.take_along_axis(candidates, order, axis=0)[at, np.arange(candidates.shape[1])]
        ends.append(sign * np.where(reached.any(axis=0), chosen, np.inf))
    return ends[0], ends[1]
