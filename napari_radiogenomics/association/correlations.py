"""Linear methods: correlations of values or ranks, alone or beside confounders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.association.method import LEVEL, Block, Estimates, Method
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.linear import basis_of, correlation_p, t_of, unit

__all__ = ["Correlated", "correlation_estimates", "described", "prepared", "ranked", "run_linear"]

Reals = NDArray[np.float64]


def ranked(values: Reals) -> Reals:
    """Ranks within each column; ties get their mean."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=0), float) if values.size else values


@dataclass(frozen=True, eq=False)
class Correlated:
    """Features and outcomes without what is given, each with a length of 1.

    Attributes
    ----------
    basis : ndarray, shape (N, Q)
        What is given.
    u, v : ndarray, shape (N, P) and (N, M)
        ``u.T @ v`` are the correlations; NaN where nothing is left of a column.
    x_size, y_size : ndarray, shape (P,) and (M,)
        Lengths before.
    freedom : int
        Of the test.
    """

    basis: Reals
    u: Reals
    v: Reals
    x_size: Reals
    y_size: Reals
    freedom: int


def prepared(block: Block, method: Method) -> Correlated:
    """Rank where the method ranks, and take out what it takes out."""
    x, y = block.features, block.outcomes
    if method.ranks:
        x, y = ranked(x), ranked(y)
    if not method.confounders:
        basis = np.full((block.n, 1), block.n**-0.5)
    elif method.ranks:
        basis = basis_of(np.hstack([np.ones((block.n, 1)), ranked(block.with_site)]))
    else:
        basis = block.given
    u, x_size = unit(basis, x)
    v, y_size = unit(basis, y)
    return Correlated(basis, u, v, x_size, y_size, block.n - basis.shape[1] - 1)


def run_linear(block: Block, method: Method) -> Estimates:
    """Test every pair of a block with a linear method."""
    ready = prepared(block, method)
    r = np.clip(ready.u.T @ ready.v, -1.0, 1.0)
    return described(method, r, ready.freedom, ready.x_size[:, None], ready.y_size)


def described(method: Method, r: Reals, freedom: int, x_size: Reals, y_size: Reals) -> Estimates:
    """Estimates of correlations, in the terms of a linear method."""
    if method.describe is None:
        raise InputError(f"{method.title} is not a linear method.")
    return method.describe(np.clip(r, -1.0, 1.0), freedom, x_size, y_size)


def correlation_estimates(r: Reals, freedom: int, *, ranks: bool) -> Estimates:
    """Correlations with Fisher's interval; of ranks with Bonett and Wright's."""
    from scipy.stats import norm

    spread = 1 + r**2 / 2 if ranks else np.ones_like(r)
    reach = float(norm.ppf((1 + LEVEL) / 2)) * np.sqrt(spread / max(freedom - 1, 1))
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    low, high = np.tanh(z - reach), np.tanh(z + reach)
    return Estimates(r, low, high, t_of(r, freedom), correlation_p(r, freedom))
