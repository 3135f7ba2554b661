"""How much of the variance of each feature is the batch's, and whether its level differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.harmonization.design import CovariateCode
from napari_radiogenomics.statistics.linear import basis_of, residuals
from napari_radiogenomics.statistics.multiplicity import adjust
from napari_radiogenomics.statistics.patterns import patterns_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["batch_shares"]

Reals = NDArray[np.float64]


def batch_shares(
    numbers: pd.DataFrame, codes: NDArray[np.intp], columns: Reals, code: CovariateCode
) -> pd.DataFrame:
    """Shares of the variance and Kruskal and Wallis' test, one row a feature.

    Parameters
    ----------
    numbers : DataFrame, N samples × P features
        NaN where missing.
    codes : ndarray of int, shape (N,)
        Batch of each sample.
    columns : ndarray, shape (N, C)
        Covariates as coded by ``code``.
    code : CovariateCode
        Which columns are of which covariate.

    Returns
    -------
    DataFrame
        The most affected first, as `BatchEffects` says.
    """
    import pandas as pd

    values = numbers.to_numpy(float)
    owners = np.concatenate(
        [
            np.full(max(len(levels) - 1, 0) if levels else 1, at)
            for at, (_, levels) in enumerate(code.columns)
        ]
        or [np.empty(0)]
    )
    names = [f"{name}_share" for name, _ in code.columns]
    found: dict[str, Reals] = {
        name: np.full(values.shape[1], np.nan)
        for name in ("n", "batch_share", *names, "statistic", "p_value")
    }
    for rows, own in patterns_of(np.isfinite(values)):
        levels = np.unique(codes[rows])
        member = np.equal.outer(codes[rows], levels).astype(float)
        found["n"][own] = rows.sum()
        if len(levels) < 2 or rows.sum() <= len(levels) + columns.shape[1] + 1:
            continue
        y, given = values[np.ix_(rows, own)], columns[rows]
        constant = np.ones((len(y), 1))
        full = np.hstack([member, given])
        found["batch_share"][own] = _share(np.hstack([constant, given]), full, y)
        for at, name in enumerate(names):
            found[name][own] = _share(np.hstack([member, given[:, owners != at]]), full, y)
        # Residuals would tell equal values apart by rounding; without covariates none are needed.
        left = residuals(basis_of(np.hstack([constant, given])), y) if given.shape[1] else y
        found["statistic"][own], found["p_value"][own] = _kruskal(left, member)
    table = pd.DataFrame({"feature": list(map(str, numbers.columns))} | found)
    table["n"] = table["n"].astype(int)
    table["q_value"] = adjust(table["p_value"].to_numpy(float))
    return table.sort_values("batch_share", ascending=False, kind="stable", ignore_index=True)


def _share(without: Reals, full: Reals, y: Reals) -> Reals:
    """Share of the variance that a term explains beside the rest, less what chance gives (ω²)."""
    small, large = basis_of(without), basis_of(full)
    before = (residuals(small, y) ** 2).sum(axis=0)
    rest = (residuals(large, y) ** 2).sum(axis=0)
    error = rest / (len(y) - large.shape[1])
    whole = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    by_chance = (large.shape[1] - small.shape[1]) * error
    return np.asarray(np.clip((before - rest - by_chance) / (whole + error), 0.0, 1.0))


def _kruskal(values: Reals, member: Reals) -> tuple[Reals, Reals]:
    """Kruskal and Wallis' H, corrected for ties, and its p-value."""
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    between = ((member.T @ ranks) ** 2 / member.sum(axis=0)[:, None]).sum(axis=0)
    whole = (ranks**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        h = (len(values) - 1) * between / whole
    return h, np.asarray(chdtrc(member.shape[1] - 1, h))
