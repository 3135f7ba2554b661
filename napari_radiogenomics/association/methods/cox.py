"""Cox model of survival; sites are strata."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method, normal_interval
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.cox import fit_cox

__all__ = ["METHOD"]


def _run(block: Block) -> Estimates:
    from scipy.stats import norm

    if block.event is None:
        raise InputError("Survival needs times and events. Give both.")
    shape = (block.features.shape[1], 1)
    effect, error = np.full(shape, np.nan), np.full(shape, np.nan)
    endless = np.zeros(shape, bool)
    for at, feature in enumerate(block.features.T):
        columns = np.column_stack([block.confounders, feature])
        fit = fit_cox(block.outcomes[:, 0], block.event, columns, strata=block.site)
        endless[at] = not fit.converged
        if fit.converged:
            effect[at], error[at] = fit.coefficients[-1], fit.covariance[-1, -1] ** 0.5
    low, high = normal_interval(effect, error)
    statistic = effect / error
    p_value = 2 * norm.sf(np.abs(statistic))
    return Estimates(effect, low, high, statistic, p_value, {"endless": endless})


METHOD = Method(
    name="cox",
    title="Cox model",
    meaning="How the hazard changes with the feature, beside confounders, within sites.",
    effect="log hazard ratio",
    doi="10.1111/j.2517-6161.1972.tb00899.x",
    limits="Hazards in proportion over time; about ten events for each column.",
    run=_run,
    outcome="survival",
    site="strata",
)
