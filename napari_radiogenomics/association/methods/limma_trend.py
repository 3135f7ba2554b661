"""limma-trend: linear models whose variances are drawn together over the genes."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method, t_estimates
from napari_radiogenomics.statistics.linear import correlate
from napari_radiogenomics.statistics.moderated import moderate

__all__ = ["METHOD"]


def _run(block: Block) -> Estimates:
    pairs = correlate(block.given, block.features, block.outcomes)
    there = np.isfinite(pairs.y_size)
    effect = pairs.r * pairs.y_size / pairs.x_size[:, None]
    error = np.full_like(effect, np.nan)
    fits = np.isfinite(pairs.x_size)
    variance = np.maximum(1 - pairs.r**2, 0.0) * pairs.y_size**2 / pairs.freedom
    means = block.outcomes[:, there].mean(axis=0)
    found = moderate(variance[np.ix_(fits, there)], pairs.freedom, means)
    error[np.ix_(fits, there)] = np.sqrt(found.variance) / pairs.x_size[fits, None]
    freedom = np.full((len(effect), 1), np.nan)
    freedom[fits, 0] = found.freedom
    wide = np.broadcast_to(freedom, effect.shape)
    return t_estimates(effect, error, freedom, {"freedom": wide})


METHOD = Method(
    name="limma_trend",
    title="limma-trend (moderated t)",
    meaning="Change of log expression with the feature; variances of the genes inform each other.",
    effect="change of log expression",
    doi="10.1093/nar/gkv007",
    limits="Log expression of many genes (30 at least); never raw counts.",
    run=_run,
    outcome="log",
    joint=True,
)
