"""Elastic net: least squares, logistic or Cox regression with few features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.learner import Candidates, Learner, Lines
from napari_radiogenomics.fusion.models.elastic_net import elastic_net_path, penalties_of
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["LEARNER"]

Reals = NDArray[np.float64]


def _grid(X: Reals, outcome: Outcome, settings: Mapping[str, Any]) -> Reals:
    return penalties_of(X, outcome, l1_ratio=settings["l1_ratio"], count=settings["penalties"])


def _fit(
    X: Reals,
    outcome: Outcome,
    grid: Reals,
    settings: Mapping[str, Any],
    seed: int,
    agreement: Reals | None,
) -> Candidates:
    path = elastic_net_path(X, outcome, grid, l1_ratio=settings["l1_ratio"], agreement=agreement)
    return Lines(path.intercepts, path.coefficients)


LEARNER = Learner(
    name="linear",
    title="Elastic net",
    meaning="Least-squares, logistic or Cox regression that keeps few features; the penalty is "
    "chosen in the inner folds.",
    limits="Sees no interactions and no curves.",
    doi="10.18637/jss.v033.i01",
    defaults={"l1_ratio": 0.5, "penalties": 30},
    grid=_grid,
    fit=_fit,
    agrees=True,
)
