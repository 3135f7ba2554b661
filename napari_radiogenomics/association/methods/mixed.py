"""Linear mixed model: site as a random intercept, Satterthwaite's test."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method, t_estimates
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import unit
from napari_radiogenomics.statistics.mixed import fit_mixed

__all__ = ["METHOD"]

_PAIRS_AT_ONCE = 5000


def _run(block: Block) -> Estimates:
    if block.site is None:
        raise InputError("A mixed model needs the sites. Give groups=….")
    groups = np.unique(block.site, return_inverse=True)[1]
    given = block.given_without_site * np.sqrt(block.n)
    moves = np.isfinite(unit(block.given_without_site, block.features)[1])
    p, m = block.features.shape[1], block.outcomes.shape[1]
    columns = {name: np.full((p, m), np.nan) for name in ("effect", "error", "freedom", "share")}
    rows, cols = (index.ravel() for index in np.meshgrid(np.flatnonzero(moves), np.arange(m)))
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        own = slice(start, start + _PAIRS_AT_ONCE)
        at = rows[own], cols[own]
        fits = fit_mixed(block.outcomes[:, at[1]], block.features[:, at[0]], given, groups)
        columns["effect"][at], columns["error"][at] = fits.coefficient, fits.error
        columns["freedom"][at] = fits.freedom
        columns["share"][at] = fits.between / (fits.between + fits.within)
    extra = {"freedom": columns["freedom"], "site_share": columns["share"]}
    return t_estimates(columns["effect"], columns["error"], columns["freedom"], extra)


METHOD = Method(
    name="mixed",
    title="Linear mixed model",
    meaning="Change of the outcome with the feature, where sites differ at random in level.",
    effect="change of the outcome",
    doi="10.18637/jss.v082.i13",
    limits="Five sites at least tell how sites vary; all sites share one slope.",
    run=_run,
    site="random",
)
