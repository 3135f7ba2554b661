"""Links of a chain across patients: scan, tissue and gene, one number a patient each.

Letters: n patients, Q columns of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.correspondence.patients import LEAST_PATIENTS
from napari_radiogenomics.data.wording import counted, p_said
from napari_radiogenomics.statistics.linear import basis_of, correlation_p, unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["links_of", "patients_of", "told"]

Reals = NDArray[np.float64]
_NORMAL = 1.959963984540054


def links_of(table: pd.DataFrame, groups: pd.Series | None = None) -> pd.DataFrame:
    """Rank correlations of the columns of a table with each other.

    Parameters
    ----------
    table : DataFrame, patients × two or three columns
        In the order of the chain; rows may miss one of them.
    groups : Series, optional
        Site of each patient, whose means are taken out: scanners have their own zero.

    Returns
    -------
    DataFrame
        A row a link: ``first, second, given`` (the middle of the chain, for its two ends; empty
        else), ``rho`` with ``low`` and ``high``, ``p_value``, ``n``, ``n_counted``: patients of
        groups of two or more; one that is alone in its group says nothing once the mean of the
        group is taken out. Interval and p-value are NaN where fewer than six count.

    Examples
    --------
    >>> import pandas as pd
    >>> scan = np.arange(12.0)
    >>> links = links_of(pd.DataFrame({"scan": scan, "tissue": scan**2, "gene": -scan}))
    >>> links[["first", "second", "rho"]].round(2).values.tolist()[:2]
    [['scan', 'tissue', 1.0], ['tissue', 'gene', -1.0]]
    """
    import pandas as pd

    names = [str(name) for name in table.columns]
    pairs: list[tuple[str, str, str]] = list(zip(names, names[1:], [""] * 2, strict=False))
    if len(names) > 2:
        pairs += [(names[0], names[2], ""), (names[0], names[2], names[1])]
    rows = [_link(table, groups, *pair) for pair in pairs]
    return pd.DataFrame(rows)


def _link(
    table: pd.DataFrame, groups: pd.Series | None, first: str, second: str, given: str
) -> dict[str, object]:
    columns = [first, second, *([given] if given else [])]
    rows = table[columns].dropna()
    held = _held_fixed(rows, groups, given)
    telling = _in_company(rows, groups)
    rho, low, high, p_value = (float("nan"),) * 4
    if len(rows) - held.shape[1] > 2:
        both, _ = unit(held, _ranks(rows[[first, second]].to_numpy(float)))
        rho = float(np.clip(both[:, 0] @ both[:, 1], -1, 1))
        if telling >= LEAST_PATIENTS:
            low, high, p_value = _interval(rho, len(rows), held.shape[1])
    return {
        "first": first, "second": second, "given": given, "rho": rho, "low": low, "high": high,
        "p_value": p_value, "n": len(rows), "n_counted": telling,
    }  # fmt: skip


def _held_fixed(rows: pd.DataFrame, groups: pd.Series | None, given: str) -> Reals:
    """Orthonormal columns of what is taken out, shape (n, Q), the constant among them."""
    parts: list[Reals] = [np.ones((len(rows), 1))]
    if groups is not None:
        own = groups.reindex(rows.index).fillna("").astype(str).to_numpy()
        parts.append(np.equal.outer(own, np.unique(own)).astype(float))
    if given:
        parts.append(_ranks(rows[[given]].to_numpy(float)))
    return basis_of(np.hstack(parts))


def _in_company(rows: pd.DataFrame, groups: pd.Series | None) -> int:
    """Patients whose group has another one."""
    if groups is None:
        return len(rows)
    own = groups.reindex(rows.index).fillna("").astype(str)
    return int((own.groupby(own).transform("size") > 1).sum())


def _ranks(values: Reals) -> Reals:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=0), float)


def _interval(rho: float, n: int, held: int) -> tuple[float, float, float]:
    """Fisher's z with the variance of ranks (Bonett and Wright 2000), and the t-test."""
    freedom = n - held - 1
    if freedom < 1 or not np.isfinite(rho):
        return (float("nan"),) * 3
    p_value = float(correlation_p(np.array(rho), freedom))
    if freedom < 2:
        return float("nan"), float("nan"), p_value
    reach = _NORMAL * np.sqrt((1 + rho**2 / 2) / (freedom - 1))
    z = np.arctanh(np.clip(rho, -1 + 1e-15, 1 - 1e-15))
    return float(np.tanh(z - reach)), float(np.tanh(z + reach)), p_value


def told(links: pd.DataFrame, titles: Sequence[str] = ()) -> list[str]:
    """Links in words, one sentence each."""
    names = dict(zip(dict.fromkeys([*links["first"], *links["second"]]), titles, strict=False))
    sentences = []
    for _, row in links.iterrows():
        ends = " ~ ".join(names.get(row[end], row[end]) for end in ("first", "second"))
        beside = f" beside {names.get(row['given'], row['given'])}" if row["given"] else ""
        said = f"ρ {row['rho']:.2f}" if np.isfinite(row["rho"]) else "no ρ"
        if np.isfinite(row["p_value"]):
            said += f" ({row['low']:.2f} to {row['high']:.2f}, {p_said(row['p_value'])})"
        sentences.append(f"{ends}{beside}: {said}, {patients_of(row)}")
    return sentences


def patients_of(row: pd.Series) -> str:
    """How many patients a link is of, and how many of them say anything about it.

    Examples
    --------
    >>> import pandas as pd
    >>> patients_of(pd.Series({"n": 12, "n_counted": 10}))
    '10 patients (2 more are alone in their group and say nothing)'
    """
    alone = int(row["n"] - row["n_counted"])
    said = counted(int(row["n_counted"]), "patient")
    if not alone:
        return said
    one = alone == 1
    more = "is alone in its group and says" if one else "are alone in their group and say"
    return f"{said} ({alone} more {more} nothing)"
