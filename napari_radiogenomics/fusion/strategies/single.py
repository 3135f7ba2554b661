"""`SingleModality`: one modality by itself, what fusion has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.expert import Variant
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import scaled_blocks
from napari_radiogenomics.fusion.models.model import FusionModel, modalities_of, require_view
from napari_radiogenomics.fusion.models.views import VOLUME
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "SingleModality"]


class SingleModality(FusionModel):
    """One modality by itself.

    Parameters
    ----------
    modality : str
        Which; ``"volume"`` is the volume that the imaging features hold.
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
    >>> rna = pd.DataFrame(rng.normal(size=(80, 5)) + y.to_numpy()[:, None], ids)
    >>> SingleModality("rna", inner_folds=3).fit({"rna": rna}, y).classes_
    array([0, 1])
    """

    def __init__(
        self,
        modality: str,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.modality = modality
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.inner_folds = inner_folds
        self.seed = seed

    def _views(self, bench: Bench) -> tuple[str, ...]:
        require_view(bench.views, self.modality)
        return (self.modality,)

    def _fit(self, bench: Bench) -> Fitted:
        return self._fit_patterns(bench, [Variant(scaled_blocks)])


def _models(views: Mapping[str, Any], **common: Any) -> dict[str, FusionModel]:
    names = [name for name in (VOLUME, *modalities_of(views)) if name in views]
    return {f"{name} alone": SingleModality(name, **common) for name in dict.fromkeys(names)}


STRATEGY = Strategy(
    name="single",
    title="Single modalities",
    meaning="Learns each modality, and the volume, by itself.",
    limits="What fusion has to beat.",
    doi="",
    models=_models,
)
