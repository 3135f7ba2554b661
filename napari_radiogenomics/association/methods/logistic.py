"""Logistic model, with Firth's penalty where a feature parts the classes."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method, normal_interval
from napari_radiogenomics.statistics.logistic import fit_logistic

__all__ = ["METHOD"]


def _run(block: Block) -> Estimates:
    given = block.given * np.sqrt(block.n)
    fits = [fit_logistic(y, block.features, given) for y in block.outcomes.T]
    effect, error, p_value, firth = (
        np.column_stack([getattr(fit, name) for fit in fits])
        for name in ("coefficient", "error", "p_value", "firth")
    )
    low, high = normal_interval(effect, error)
    return Estimates(effect, low, high, effect / error, p_value, {"firth": firth})


METHOD = Method(
    name="logistic",
    title="Logistic model",
    meaning="How the odds of the greater class change with the feature, beside confounders.",
    effect="log odds ratio",
    doi="10.1093/biomet/80.1.27",
    limits="Where a feature parts the classes, Firth's penalty gives the answer, and says so.",
    run=_run,
    outcome="classes",
)
