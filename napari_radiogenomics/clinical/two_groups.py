"""Patients who miss a value compared with those who have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compared", "compare", "percent"]

_SMALL = 5  # expected counts below which χ² is not trusted
_PERMUTATIONS = 9999


@dataclass(frozen=True)
class Compared:
    """One comparison.

    Attributes
    ----------
    test : str
        Its name.
    n : int
        Patients compared.
    effect : str
        How those who miss the value differ, in words.
    p_value : float
        Two-sided.
    """

    test: str
    n: int
    effect: str
    p_value: float


def compare(
    gone: NDArray[np.bool_], values: NDArray[np.float64], levels: Sequence[str] = ()
) -> Compared:
    """Compare who misses a value with who has it.

    Parameters
    ----------
    gone : ndarray of bool, shape (N,)
        Who misses it; both kinds occur.
    values : ndarray, shape (N,)
        The other column, finite: numbers or codes of levels.
    levels : sequence of str, optional
        Levels by code where they have no order.

    Examples
    --------
    >>> compare(np.array([True] * 6 + [False] * 6), np.arange(12.0)).effect
    'lower where missing (AUC 0.00)'
    """
    if levels:
        return _shares(gone, values.astype(int), levels)
    from scipy.stats import mannwhitneyu

    found = mannwhitneyu(values[gone], values[~gone])
    auc = float(found.statistic) / (gone.sum() * (~gone).sum())
    way = "lower" if auc < 0.5 else "higher"
    return Compared(
        "Mann-Whitney", len(gone), f"{way} where missing (AUC {auc:.2f})", float(found.pvalue)
    )


def _shares(gone: NDArray[np.bool_], codes: NDArray[np.intp], levels: Sequence[str]) -> Compared:
    from scipy.stats import chi2

    totals = np.bincount(codes, minlength=len(levels))
    names = [level for level, total in zip(levels, totals, strict=True) if total]
    counts = np.bincount(codes[gone], minlength=len(levels))[totals > 0]
    totals = totals[totals > 0]
    expected = totals * gone.mean()
    statistic = float(_chi2(counts[None], totals, expected)[0])
    name, p_value = "χ²", float(chi2.sf(statistic, len(totals) - 1))
    if min(expected.min(), (totals - expected).min()) < _SMALL:
        name = "χ² by permutation"
        rng = np.random.default_rng(0)
        drawn = rng.multivariate_hypergeometric(totals, int(gone.sum()), size=_PERMUTATIONS)
        as_far = _chi2(drawn, totals, expected) >= statistic - 1e-9
        p_value = (1 + int(as_far.sum())) / (1 + _PERMUTATIONS)
    return Compared(name, len(gone), _uneven(counts / totals, names), p_value)


def _chi2(
    counts: NDArray[np.integer], totals: NDArray[np.integer], expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """χ² of who misses it (counts of shape (R, L)) and who has it, by level; shape (R,)."""
    apart = (counts - expected) ** 2
    found: NDArray[np.float64] = (apart / expected + apart / (totals - expected)).sum(axis=1)
    return found


def _uneven(shares: NDArray[np.float64], names: Sequence[str]) -> str:
    most, least = int(np.argmax(shares)), int(np.argmin(shares))
    if shares[most] == shares[least]:
        return f"equal: missing in {percent(shares[most])} of each"
    return (
        f"uneven: missing in {percent(shares[most])} of {names[most]}, "
        f"{percent(shares[least])} of {names[least]}"
    )


def percent(share: float) -> str:
    """Share in percent, for people; what is not nothing is never 0 %.

    Parameters
    ----------
    share : float
        0 to 1.

    Examples
    --------
    >>> percent(0.283), percent(0.002)
    ('28 %', '0.2 %')
    """
    return f"{100 * share:.1f} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
