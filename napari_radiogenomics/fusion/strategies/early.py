"""`EarlyFusion`: the features of all modalities side by side, one learner on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.models.bench import Bench
from napari_radiogenomics.fusion.models.expert import Variant
from napari_radiogenomics.fusion.models.fitted import Fitted
from napari_radiogenomics.fusion.models.joining import BlockScaling, block_powers, scaled_blocks
from napari_radiogenomics.fusion.models.model import FusionModel
from napari_radiogenomics.fusion.strategy import Strategy

__all__ = ["STRATEGY", "EarlyFusion"]


class EarlyFusion(FusionModel):
    """Features of all modalities side by side, one learner on them.

    Parameters
    ----------
    learner : str, optional
        ``"linear"`` (elastic net), ``"forest"``, ``"boosting"``, ``"svm"``, or one that another
        package adds.
    learner_settings : mapping, optional
        Of the learner.
    preparations : mapping, optional
        Modality → ``"imaging"``, ``"expression"``, ``"clinical"`` or ``"numeric"``, or
        ``{"method": name, **settings}``. Chosen by the name of the modality without it.
    block_scaling : {"tuned", "equal", "none"}, optional
        Whether features of large modalities are made smaller, so that these do not win by their
        number: as the inner folds like it best, to the same total variance, or not. It changes
        nothing for trees.
    modalities : sequence of str, optional
        Which to use; all without it. ``"volume"`` is the volume that the imaging features hold.
    inner_folds : int, optional
        Folds in which settings are chosen and predictions recalibrated.
    seed : int, optional
        Of everything that is drawn.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        Classes, for classification.
    fitted_ : Fitted
        What was learned.

    Notes
    -----
    A patient who lacks a modality is not given its mean. For each pattern of modalities that
    training patients have, a learner of its own is fitted on all who have at least these
    (Saar-Tsechansky and Provost 2007, https://www.jmlr.org/papers/v8/saar-tsechansky07a.html);
    a pattern that was never seen is answered by the largest one within it, or by NaN.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids = [f"P{n}" for n in range(80)]
    >>> y = pd.Series(rng.integers(0, 2, 80), ids)
    >>> imaging = pd.DataFrame(rng.normal(size=(80, 5)) + y.to_numpy()[:, None], ids)
    >>> rna = pd.DataFrame(rng.normal(size=(80, 8)), ids)
    >>> model = EarlyFusion(inner_folds=3).fit({"imaging": imaging, "rna": rna}, y)
    >>> bool(model.predict_proba({"imaging": imaging, "rna": rna})[y == 1, 1].mean() > 0.7)
    True
    """

    def __init__(
        self,
        *,
        learner: str = "linear",
        learner_settings: Mapping[str, Any] | None = None,
        preparations: Mapping[str, Any] | None = None,
        block_scaling: BlockScaling = "tuned",
        modalities: Sequence[str] | None = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.learner_settings = learner_settings
        self.preparations = preparations
        self.block_scaling = block_scaling
        self.modalities = modalities
        self.inner_folds = inner_folds
        self.seed = seed

    def _fit(self, bench: Bench) -> Fitted:
        powers = block_powers(self.block_scaling, scaled=LEARNERS[self.learner].scaled)
        return self._fit_patterns(
            bench, [Variant(partial(scaled_blocks, power=power)) for power in powers]
        )


STRATEGY = Strategy(
    name="early",
    title="Early fusion",
    meaning="Joins the features of all modalities, scaled block by block, and learns once.",
    limits="Needs complete patients; many features against few patients make it vary.",
    doi="10.1109/TPAMI.2018.2798607",
    models=lambda views, **common: {"early": EarlyFusion(**common)},
)
