"""What the models of a validation share, and what those of one split say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.models.views import View
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.tables import Tables
from napari_radiogenomics.fusion.validation.splits import Split
from napari_radiogenomics.statistics.survival import Steps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Data", "SplitRun"]

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """What all models of a validation share.

    Attributes
    ----------
    tables : Tables
        All patients.
    outcome : Outcome
        Theirs.
    views : dict of View
        How modalities become features.
    inner_folds, seed : int
        Settings.
    raw : bool, optional
        Whether the views are those without harmonization.
    """

    tables: Tables
    outcome: Outcome
    views: Mapping[str, View]
    inner_folds: int
    seed: int
    raw: bool = False


@dataclass
class SplitRun:
    """What the models of one split say.

    Attributes
    ----------
    split : Split
        Which.
    links : dict of ndarray, shape (test patients,)
        By model.
    apparent : dict of ndarray, shape (training patients,)
        The same of the patients it was learned on.
    without : dict of ndarray, shape (test patients,)
        By model and modality, as if the test patients lacked it.
    weights : dict of DataFrame
        `feature_weights` by model.
    hazards : dict of Steps
        By model, for survival.
    sure : dict of ndarray, shape (test patients, 2)
        By model: conformal p-values of both classes, ends of the interval of 90 %, or the
        probability of survival with its interval.
    points : dict of mapping
        Operating points by model.
    shares : dict of (DataFrame, Series)
        `fold_shares` by model, in the first repeat.
    """

    split: Split
    links: dict[str, Reals] = field(default_factory=dict)
    apparent: dict[str, Reals] = field(default_factory=dict)
    without: dict[tuple[str, str], Reals] = field(default_factory=dict)
    weights: dict[str, pd.DataFrame] = field(default_factory=dict)
    hazards: dict[str, Steps | None] = field(default_factory=dict)
    sure: dict[str, Reals] = field(default_factory=dict)
    points: dict[str, Mapping[str, float]] = field(default_factory=dict)
    shares: dict[str, tuple[pd.DataFrame, pd.Series]] = field(default_factory=dict)
