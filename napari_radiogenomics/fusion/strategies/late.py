"""`LateFusion`: an expert for each modality, their calibrated answers averaged or weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.calibration import recalibration
from napari_radiogenomics.fusion.models.elastic_net import elastic_net_path
from napari_radiogenomics.fusion.models.expert import Variant, fit_expert
from napari_radiogenomics.fusion.models.fitted import Fitted, combined
from napari_radiogenomics.fusion.models.joining import scaled_blocks
from napari_radiogenomics.fusion.models.model import FusionModel, enough_for, finished, too_few
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "LateFusion"]

Reals = NDArray[np.float64]
Combine = Literal["mean", "stack"]
_FEWEST_PATIENTS = 20
_RIDGE = 0.1


class LateFusion(FusionModel):
    """An expert for each modality; their calibrated answers become one.

    Parameters
    ----------
    learner, learner_settings, preparations, modalities, inner_folds, seed
        As for `EarlyFusion`; each expert uses the learner.
    combine : {"mean", "stack"}, optional
        Mean of the calibrated log odds, or weights learned on predictions of the inner folds
        (ridge, none below zero).

    Attributes
    ----------
    classes_, fitted_
        As for `EarlyFusion`.

    Notes
    -----
    Each expert learns from all patients who have its modality, and a patient is answered by the
    experts of whatever they have. A modality that fewer than 20 training patients have gets no
    expert.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(80, 5)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(60, 8)), ids[:60])
    >>> model = LateFusion(inner_folds=3).fit({"imaging": imaging, "rna": rna}, y)
    >>> bool(np.isfinite(model.predict_proba({"imaging": imaging, "rna": rna})).all())
    True
    """

    def __init__(
        self,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        combine: Combine = "mean",
        modalities: Sequence[str] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.combine = combine
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.seed = seed

    def _fit(self, bench: Bench) -> Fitted:
        if self.combine not in ("mean", "stack"):
            raise InputError(f'combine is "{self.combine}". Choose "mean" or "stack".')
        experts, answers = [], []
        names = self._views(bench)
        able = [name for name in names if enough_for(bench, (name,))]
        if not able:
            raise too_few(names, "Give more")
        for name in able:
            expert, inner = fit_expert(
                bench,
                (name,),
                [Variant(scaled_blocks)],
                learner=self.learner,
                settings=self.learner_settings,
            )
            experts.append(expert)
            answers.append(inner)
        links = np.column_stack(answers)
        weights = np.full(len(experts), 1 / len(experts))
        if self.combine == "stack":
            weights = _stacked(bench.outcome, links, weights)
        mean = combined(links, "mean", weights)
        known = np.flatnonzero(np.isfinite(mean))
        line = recalibration(bench.outcome.take(known), mean[known])
        return finished(bench, "mean", experts, weights, line, line(mean))


def _stacked(outcome: Outcome, links: Reals, equal: Reals) -> Reals:
    """Weights of the experts, from patients who have all of them."""
    rows = np.flatnonzero(np.isfinite(links).all(axis=1))
    if len(rows) < _FEWEST_PATIENTS or outcome.take(rows).n_events < 5:
        return equal
    own = links[rows] - links[rows].mean(axis=0)
    size = own.std() or 1.0
    path = elastic_net_path(own / size, outcome.take(rows), np.array([_RIDGE]), l1_ratio=0.0)
    weights = np.maximum(path.coefficients[0], 0)
    return weights / weights.sum() if weights.sum() > 0 else equal


STRATEGY = Strategy(
    name="late",
    title="Late fusion",
    meaning="Lets an expert judge each modality and averages their calibrated log odds.",
    limits="Sees nothing that only two modalities together show.",
    doi="10.1109/34.667881",
    models=lambda views, **common: {"late": LateFusion(**common)},
)
