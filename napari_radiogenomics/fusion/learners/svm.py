"""Support vector machine with a linear kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.fusion.learner import Candidates, Learner, Lines
from napari_radiogenomics.fusion.outcome import Outcome

__all__ = ["LEARNER"]

Reals = NDArray[np.float64]


def _grid(X: Reals, outcome: Outcome, settings: Mapping[str, Any]) -> Reals:
    # The kernel of a sample with itself sets the unit of the costs.
    size = float(np.einsum("ij,ij->", X, X)) / len(X)
    return np.geomspace(settings["least"], settings["most"], settings["costs"]) / max(size, 1e-12)


def _fit(
    X: Reals,
    outcome: Outcome,
    grid: Reals,
    settings: Mapping[str, Any],
    seed: int,
    agreement: Reals | None,
) -> Candidates:
    from sklearn.svm import SVC, SVR

    kernel, y = X @ X.T, outcome.working()
    sure = outcome.kind == "classification"
    spread = float(y.std()) or 1.0
    intercepts, coefficients = [], []
    for cost in grid:
        if sure:
            machine = SVC(kernel="precomputed", C=cost).fit(kernel, y)
            unit = 1.0
        else:
            machine = SVR(kernel="precomputed", C=cost).fit(kernel, (y - y.mean()) / spread)
            unit = spread
        coefficients.append(unit * (machine.dual_coef_[0] @ X[machine.support_]))
        intercepts.append(unit * float(machine.intercept_[0]) + (0.0 if sure else y.mean()))
    return Lines(np.array(intercepts), np.array(coefficients))


LEARNER = Learner(
    name="svm",
    title="Linear support vector machine",
    meaning="The widest margin between the classes; for numbers and survival (martingale "
    "residuals) the flattest line. The cost is chosen in the inner folds.",
    limits="Its distances are no probabilities; they are made such in the inner folds.",
    doi="10.1007/BF00994018",
    defaults={"costs": 5, "least": 0.01, "most": 10.0},
    grid=_grid,
    fit=_fit,
)
