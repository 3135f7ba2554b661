"""Each site by itself, then joined: random-effects meta-analysis of partial correlations."""

from __future__ import annotations

import numpy as np

from napari_radiogenomics.association.method import Block, Estimates, Method
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import basis_of, correlate
from napari_radiogenomics.statistics.meta import pool_effects

__all__ = ["METHOD"]


def _run(block: Block) -> Estimates:
    if block.site is None:
        raise InputError("A meta-analysis of sites needs the sites. Give groups=….")
    z, variance = _by_site(block, block.site)
    shape = z.shape[1:]
    names = ("effect", "low", "high", "statistic", "p_value", "tau2", "i2", "n_sites")
    out = {name: np.full(shape, np.nan) for name in names}
    for at in np.ndindex(shape):
        there = np.isfinite(z[(slice(None), *at)])
        out["n_sites"][at] = there.sum()
        if there.sum() < 2:
            continue
        pooled = pool_effects(z[(there, *at)], variance[there], knapp_hartung=True)
        for name, value in (("effect", pooled.effect), ("low", pooled.low), ("high", pooled.high)):
            out[name][at] = np.tanh(value)
        out["statistic"][at] = pooled.effect / pooled.error if pooled.error else 0.0
        out["p_value"][at], out["tau2"][at], out["i2"][at] = pooled.p_value, pooled.tau2, pooled.i2
    extra = {name: out[name] for name in ("tau2", "i2", "n_sites")}
    return Estimates(
        out["effect"], out["low"], out["high"], out["statistic"], out["p_value"], extra
    )


def _by_site(block: Block, site: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fisher's z of each site, shape (S, P, M), and their variances, shape (S,)."""
    found, variances = [], []
    for one in np.unique(site):
        own = site == one
        basis = basis_of(np.hstack([np.ones((own.sum(), 1)), block.confounders[own]]))
        freedom = int(own.sum()) - basis.shape[1] - 2  # n − C − 3
        variances.append(1 / max(freedom, 1))
        if freedom < 1:
            shape = (block.features.shape[1], block.outcomes.shape[1])
            found.append(np.full(shape, np.nan))
            continue
        r = correlate(basis, block.features[own], block.outcomes[own]).r
        found.append(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)))
    return np.array(found), np.array(variances)


METHOD = Method(
    name="site_meta",
    title="Meta-analysis of the sites",
    meaning="Partial correlation in each site, joined by random effects (Knapp-Hartung, modified).",
    effect="partial correlation",
    doi="10.1002/sim.1482",
    limits="Few sites give wide intervals; sites of fewer than confounders + 4 patients drop out.",
    run=_run,
    site="studies",
    slope=False,
)
