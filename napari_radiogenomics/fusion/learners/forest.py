"""Random forest; for survival, of martingale residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.learner import Candidates, Learner
from napari_radiogenomics.fusion.models.predictor import Trees
from napari_radiogenomics.fusion.models.typical import typical_rows
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["LEARNER"]

Reals = NDArray[np.float64]


def _grid(X: Reals, outcome: Outcome, settings: Mapping[str, Any]) -> list[int]:
    return [settings["trees"]]


def _fit(
    X: Reals,
    outcome: Outcome,
    grid: list[int],
    settings: Mapping[str, Any],
    seed: int,
    agreement: Reals | None,
) -> Candidates:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    sure = outcome.kind == "classification"
    forest = (RandomForestClassifier if sure else RandomForestRegressor)(
        n_estimators=grid[0],
        min_samples_leaf=settings["leaf"],
        max_features="sqrt",
        random_state=seed,
        n_jobs=1,
    )
    forest.fit(X, outcome.working())
    trees = [tree.tree_ for tree in forest.estimators_]
    values = [tree.value[:, 0, 1 if sure else 0] / len(trees) for tree in trees]
    scale: Literal["link", "share"] = "share" if sure else "link"
    return Candidates([Trees.of(trees, values, 0.0, scale, typical_rows(X))])


LEARNER = Learner(
    name="forest",
    title="Random forest",
    meaning="Averages many trees of drawn patients and features; for survival, trees of the "
    "martingale residuals.",
    limits="Few patients make it shy; its probabilities are drawn to the middle and are "
    "recalibrated.",
    doi="10.1023/A:1010933404324",
    defaults={"trees": 200, "leaf": 3},
    grid=_grid,
    fit=_fit,
    scaled=False,
)
