"""`CooperativeFusion`: one elastic net whose views are drawn to agree (Ding 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.expert import Variant
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import BlockScaling, block_powers, scaled_blocks
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "CooperativeFusion"]


class CooperativeFusion(FusionModel):
    """One elastic net whose views are drawn to agree.

    Parameters
    ----------
    learner, learner_settings, preparations, modalities, inner_folds, seed
        As for `EarlyFusion`; the learner must be ``"linear"``.
    rho : float, optional
        How much a disagreement costs: 0 is early fusion, large values come near late fusion.
    block_scaling : bool, optional
        As for `EarlyFusion`.

    Attributes
    ----------
    classes_, fitted_
        As for `EarlyFusion`; a patient who lacks a modality is treated as there.

    Notes
    -----
    The mean loss gains ρ/2N ‖X₁β₁ − X₂β₂‖² for each two views. With least squares it is R's
    multiview (tests/reference/fusion), whose penalty is half of ours where ρ > 0, for it divides
    by the rows of the augmented problem.

    References
    ----------
    Ding 2022, https://doi.org/10.1073/pnas.2202113119.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(80, 5)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(80, 5)) + y.to_numpy()[:, None], ids)
    >>> model = CooperativeFusion(inner_folds=3).fit({"imaging": imaging, "rna": rna}, y)
    >>> list(model.fitted_.experts[0].views)
    ['imaging', 'rna']
    """

    def __init__(
        self,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        rho: float = 0.5,
        block_scaling: BlockScaling = "tuned",
        modalities: Sequence[str] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.rho = rho
        self.block_scaling = block_scaling
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.seed = seed

    def _fit(self, bench: Bench) -> Fitted:
        if not LEARNERS[self.learner].agrees:
            raise InputError(
                f'Cooperative learning cannot use "{self.learner}", which knows no agreement. Use '
                'learner="linear".'
            )
        if not self.rho >= 0:
            raise InputError(f"rho is {self.rho}; it must be 0 or more.")
        powers = block_powers(self.block_scaling)
        return self._fit_patterns(
            bench, [Variant(partial(scaled_blocks, power=power), self.rho) for power in powers]
        )


def _models(views: Mapping[str, Any], **common: Any) -> dict[str, FusionModel]:
    if not LEARNERS[common["learner"]].agrees:
        return {}
    return {"cooperative": CooperativeFusion(**common)}


STRATEGY = Strategy(
    name="cooperative",
    title="Cooperative learning",
    meaning="Joins all modalities in one elastic net and draws their predictions together.",
    limits="Helps where modalities tell the same story, and costs where they tell different ones.",
    doi="10.1073/pnas.2202113119",
    models=_models,
)
