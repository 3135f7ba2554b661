"""`Baseline`: clinical facts and tumor volume, which everybody has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.expert import Variant
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import scaled_blocks
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.models.views import VOLUME, View
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "Baseline", "simple_views"]


class Baseline(FusionModel):
    """Clinical facts and tumor volume: what a new measurement has to add something to.

    Parameters
    ----------
    learner, learner_settings, preparations, inner_folds, seed
        As for `EarlyFusion`.

    Attributes
    ----------
    classes_, fitted_
        As for `EarlyFusion`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> clinical = pd.DataFrame({"age": rng.normal(60, 9, 80), "sex": ["F", "M"] * 40}, ids)
    >>> model = Baseline(inner_folds=3).fit({"clinical": clinical}, y)
    >>> model.fitted_.experts[0].views["clinical"].names
    ['age', 'sex=M']
    """

    def __init__(
        self,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.inner_folds = inner_folds
        self.seed = seed

    def _views(self, bench: Bench) -> tuple[str, ...]:
        names = simple_views(bench.views)
        if not names:
            raise InputError(
                "There are no clinical facts and no volume among the modalities. Give a table "
                '"clinical", or imaging features that hold the volume.'
            )
        return names

    def _fit(self, bench: Bench) -> Fitted:
        return self._fit_patterns(bench, [Variant(scaled_blocks)])


def simple_views(views: Mapping[str, View]) -> tuple[str, ...]:
    """Views that the baseline reads: clinical facts, and the volume where it is known."""
    clinical = tuple(name for name, view in views.items() if view.preparation == "clinical")
    return clinical + (VOLUME,) * (VOLUME in views)


def _models(views: Mapping[str, Any], **common: Any) -> dict[str, FusionModel]:
    return {"baseline": Baseline(**common)} if simple_views(views) else {}


STRATEGY = Strategy(
    name="baseline",
    title="Clinical facts and volume",
    meaning="Learns from what everybody has: clinical facts and the volume of the tumor.",
    limits="What imaging and genes have to add to.",
    doi="10.1016/j.radonc.2018.10.027",
    models=_models,
)
