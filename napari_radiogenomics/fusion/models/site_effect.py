"""ComBat inside a fold, kept as one line for each site and feature.

Without covariates ComBat is x → slope·(x − center) + offset in each site. These three are read
off the fitted estimator, so that a model file holds numbers only.

Letters: N patients, P features, B sites.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.harmonization.combat import ComBat

__all__ = ["learn_sites", "unharmonized", "without_sites"]

Reals = NDArray[np.float64]
FEWEST = 5  # patients of a site, to learn its effect
FEWEST_NEW = 10  # patients of a new site, to estimate its effect from themselves


def learn_sites(values: Reals, sites: NDArray[Any] | None) -> dict[str, Any] | None:
    """Learn the effects of sites.

    Parameters
    ----------
    values : ndarray, shape (N, P)
        Features of the training patients.
    sites : ndarray of str, shape (N,), or None
        Where they come from.

    Returns
    -------
    dict or None
        None where there are not two sites of at least 5 patients.
    """
    if sites is None:
        return None
    names, counts = np.unique(sites.astype(str), return_counts=True)
    names = names[counts >= FEWEST]
    if len(names) < 2:
        return None
    rows = np.isin(sites.astype(str), names)
    own, where = values[rows], sites[rows].astype(str)
    varies = np.all([np.ptp(own[where == name], axis=0) > 0 for name in names], axis=0)
    center, spread = own.mean(axis=0), own.std(axis=0)
    slope = np.ones((len(names), values.shape[1]))
    offset = np.tile(center, (len(names), 1))
    if varies.any():
        model = ComBat().fit(own[:, varies], batch=where)
        for at, name in enumerate(names):
            ends = np.array([center[varies], center[varies] + spread[varies]])
            low, high = model.transform(ends, batch=[name, name])
            offset[at, varies], slope[at, varies] = low, (high - low) / spread[varies]
    effect = {
        "sites": names.tolist(),
        "center": center,
        "slope": slope,
        "offset": offset,
        "varies": varies,
    }
    done = without_sites(effect, own, where)
    return {**effect, "mean": done.mean(axis=0), "spread": done.std(axis=0)}


def without_sites(effect: Mapping[str, Any] | None, values: Reals, sites: Any) -> Reals:
    """Take the effects out of new patients, shape (N, P).

    A site that was not there at the fit is brought to the common mean and spread by its own
    patients where there are at least 10 (their features, never their outcome); fewer stay as
    they are, which `unharmonized` tells.
    """
    if effect is None:
        return values
    out = values.copy()
    if sites is None:
        return out
    names = sites.astype(str)
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        if name in effect["sites"]:
            at = list(effect["sites"]).index(name)
            out[rows] = effect["slope"][at] * (values[rows] - effect["center"])
            out[rows] += effect["offset"][at]
        elif len(rows) >= FEWEST_NEW:
            out[rows] = _by_itself(effect, values[rows])
    return out


def _by_itself(effect: Mapping[str, Any], values: Reals) -> Reals:
    spread = values.std(axis=0)
    usable = effect["varies"] & (spread > 0)
    scale = np.where(usable, effect["spread"] / np.where(spread > 0, spread, 1), 1.0)
    center = np.where(usable, values.mean(axis=0), effect["mean"])
    return scale * (values - center) + effect["mean"]


def unharmonized(effect: Mapping[str, Any] | None, sites: NDArray[Any] | None) -> str:
    """Say whose site effects stay in; nothing where none do.

    Parameters
    ----------
    effect : mapping or None
        What `learn_sites` answered.
    sites : ndarray of str, shape (N,), or None
        Of new patients.
    """
    if effect is None:
        return ""
    if sites is None:
        return "The model harmonizes sites, and no sites are given: scanner effects stay in."
    names, counts = np.unique(sites.astype(str), return_counts=True)
    few = [
        f"{name} ({count})"
        for name, count in zip(names, counts, strict=True)
        if name not in effect["sites"] and count < FEWEST_NEW
    ]
    if not few:
        return ""
    return (
        f"New sites with fewer than {FEWEST_NEW} patients could not be harmonized, so that "
        f"scanner effects stay in: {', '.join(few)}."
    )
