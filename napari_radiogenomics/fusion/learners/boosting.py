"""Gradient boosting: small trees, each of what the ones before it left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.learner import Candidates, Learner
from napari_radiogenomics.fusion.models.elastic_net import newton_parts
from napari_radiogenomics.fusion.models.predictor import Trees, logit
from napari_radiogenomics.fusion.models.typical import typical_rows
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["LEARNER"]

Reals = NDArray[np.float64]
_LEAST_CURVATURE = 1e-6


def _grid(X: Reals, outcome: Outcome, settings: Mapping[str, Any]) -> list[int]:
    most = settings["trees"]
    return sorted({max(1, round(most * share)) for share in (0.05, 0.1, 0.2, 0.4, 0.7, 1)})


def _fit(
    X: Reals,
    outcome: Outcome,
    grid: list[int],
    settings: Mapping[str, Any],
    seed: int,
    agreement: Reals | None,
) -> Candidates:
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(seed)
    rows = np.ascontiguousarray(X, np.float32)
    base = _start(outcome)
    link = np.full(len(X), base)
    trees: list[Any] = []
    values: list[Reals] = []
    for at in range(grid[-1]):
        gradient, curvature = newton_parts(outcome, link)
        drawn = rng.permutation(len(X))[: max(2, round(settings["share"] * len(X)))]
        tree = DecisionTreeRegressor(
            max_depth=settings["depth"],
            min_samples_leaf=settings["leaf"],
            max_features="sqrt",
            random_state=int(rng.integers(2**31)) + at,
        )
        tree.fit(rows[drawn], gradient[drawn])
        answers = _answers(tree.tree_, rows, drawn, gradient, curvature) * settings["rate"]
        link += answers[tree.tree_.apply(rows)]
        trees.append(tree.tree_)
        values.append(answers)
    background = typical_rows(X)
    return Candidates([Trees.of(trees[:n], values[:n], base, "link", background) for n in grid])


def _start(outcome: Outcome) -> float:
    if outcome.kind == "survival":
        return 0.0
    mean = float(outcome.values.mean())
    return float(logit(mean)) if outcome.kind == "classification" else mean


def _answers(
    tree: Any, rows: NDArray[np.float32], drawn: NDArray, gradient: Reals, curvature: Reals
) -> Reals:
    """Newton step of each leaf, from the drawn patients in it, shape (D,)."""
    leaves = tree.apply(rows[drawn])
    up = np.bincount(leaves, gradient[drawn], tree.node_count)
    down = np.bincount(leaves, curvature[drawn], tree.node_count)
    return up / (down + _LEAST_CURVATURE)


LEARNER = Learner(
    name="boosting",
    title="Gradient boosting",
    meaning="Adds small trees, each of what those before it left over; their number is chosen in "
    "the inner folds.",
    limits="Learns noise quickly where patients are few.",
    doi="10.1214/aos/1013203451",
    defaults={"trees": 120, "rate": 0.08, "depth": 2, "leaf": 5, "share": 0.7},
    grid=_grid,
    fit=_fit,
    scaled=False,
)
