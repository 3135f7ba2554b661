"""Freedman-Lane permutation within sites, and step-down maxT over a family of tests."""

from __future__ import annotations

from collections.abc import Iterator
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.correlations import prepared
from napari_radiogenomics.association.method import Block, Method
from napari_radiogenomics.progress import Progress
from napari_radiogenomics.statistics.linear import residuals
from napari_radiogenomics.statistics.multiplicity import StepDown

__all__ = ["few_orders", "permuted_p_values"]

Reals = NDArray[np.float64]


def permuted_p_values(
    block: Block,
    method: Method,
    families: NDArray[np.intp],
    *,
    n_permutations: int,
    seed: int,
    progress: Progress,
) -> tuple[Reals, Reals]:
    """Raw and family-wise p-values of every pair.

    Residuals of the outcomes beside the confounders change places within each site, all
    outcomes of a patient together; what the confounders explain stays where it is.

    Parameters
    ----------
    block : Block
        All patients, nothing missing.
    method : Method
        Linear.
    families : ndarray of int, shape (P, M)
        Family of each pair.

    Returns
    -------
    raw, adjusted : ndarray, shape (P, M)

    References
    ----------
    Freedman and Lane 1983, https://doi.org/10.1080/07350015.1983.10509354; Winkler 2014,
    https://doi.org/10.1016/j.neuroimage.2014.01.060.
    """
    ready = prepared(block, method)
    observed = ready.u.T @ ready.v
    counters = {one: StepDown(observed[families == one]) for one in np.unique(families)}
    for order in progress(_Orders(block.site, block.n, n_permutations, seed), "Permutations"):
        moved = residuals(ready.basis, ready.v[order])
        size = np.sqrt((moved**2).sum(axis=0))
        r = ready.u.T @ (moved / np.where(size > 0, size, np.nan))
        for one, counter in counters.items():
            counter.add(np.nan_to_num(r[families == one])[None])
    raw, adjusted = np.full(observed.shape, np.nan), np.full(observed.shape, np.nan)
    for one, counter in counters.items():
        raw[families == one], adjusted[families == one] = counter.p_values()
    return raw, adjusted


class _Orders:
    """The observed order first, then random ones that keep every patient in their site."""

    def __init__(self, site: NDArray[np.intp] | None, n: int, count: int, seed: int) -> None:
        self.site = np.zeros(n, np.intp) if site is None else site
        self.count, self.seed = count, seed

    def __len__(self) -> int:
        return self.count + 1

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        rng = np.random.default_rng(self.seed)
        places = [np.flatnonzero(self.site == one) for one in np.unique(self.site)]
        yield np.arange(len(self.site))
        for _ in range(self.count):
            order = np.empty(len(self.site), np.intp)
            for own in places:
                order[own] = rng.permutation(own)
            yield order


def few_orders(site: NDArray[np.intp] | None, n: int, n_permutations: int) -> str:
    """Say where there are fewer orders within the sites than permutations; empty else."""
    sizes = [n] if site is None else np.bincount(site)
    log_orders = sum(lgamma(size + 1) for size in sizes)
    if log_orders >= np.log(max(n_permutations, 1)):
        return ""
    return (
        f"There are {np.exp(log_orders):.0f} orders of the patients within their sites, fewer than "
        f"{n_permutations} permutations: the smallest p-value is {np.exp(-log_orders):.2g}."
    )
