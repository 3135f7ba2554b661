"""`HybridFusion`: a few components of each modality, one learner on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.expert import Variant
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import Components, components
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "HybridFusion"]


class HybridFusion(FusionModel):
    """A few components of each modality, joined, one learner on them.

    Parameters
    ----------
    learner, learner_settings, preparations, modalities, inner_folds, seed
        As for `EarlyFusion`.
    components : {"pca", "pls", "supervised", "mofa"}, optional
        Principal components, partial least squares, principal components of the features that
        go most with the outcome, or joint factors of all modalities (MOFA; needs the extra
        ``mofa``). Learned anew in each inner fold; new patients are projected.
    n_components : int, optional
        Components of a modality at most.

    Attributes
    ----------
    classes_, fitted_
        As for `EarlyFusion`; a patient who lacks a modality is treated as there.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(80, 40)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(80, 50)), ids)
    >>> model = HybridFusion(n_components=3, inner_folds=3)
    >>> model.fit({"imaging": imaging, "rna": rna}, y).fitted_.experts[0].predictor.used().size
    6
    """

    def __init__(
        self,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        components: Components = "pca",
        n_components: int = 10,
        modalities: Sequence[str] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.components = components
        self.n_components = n_components
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.seed = seed

    def _fit(self, bench: Bench) -> Fitted:
        if self.components not in get_args(Components):
            known = ", ".join(get_args(Components))
            raise InputError(
                f'There are no components "{self.components}". Choose one of: {known}.'
            )
        if self.n_components < 1:
            raise InputError(f"n_components is {self.n_components}; it must be 1 or more.")
        join = partial(components, method=self.components, count=self.n_components)
        return self._fit_patterns(bench, [Variant(join)])


STRATEGY = Strategy(
    name="hybrid",
    title="Hybrid fusion",
    meaning="Draws each modality together into a few components, joins these and learns once.",
    limits="What matters must be among the components.",
    doi="10.1109/TPAMI.2018.2798607",
    models=lambda views, **common: {"hybrid": HybridFusion(**common)},
)
