"""Columns that are a step-by-step function of other columns: copies that were rounded or rescaled.

A copy keeps the order of the patients through a change of scale, logarithms, ranks and single
precision; rounding makes some of them alike, and some values may get lost. What is left is still
in the order of the original, which by chance nothing is where enough patients differ.

Strategy: the patients above a cut near the middle of a copy are the first so many of its original,
whatever was rounded below and above. They are one whole number (a bit a patient), so that
candidates are found by one look into a sorted list, for 20,000 columns against 20,000 at once; only
these are compared value by value. A few missing values are tried on both sides of the cut.

Letters: R patients, C columns, K columns that they may come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_ORDERED", "Followers", "digits_of", "follows"]

Reals = NDArray[np.float64]
Places = NDArray[np.intp]
Bits = NDArray[np.uint64]
FEWEST_ORDERED = 12  # patients whose order is a signature
_LEVELS = 8  # different values of a column, at the least: stages and grades are shared by many
_DIGITS = 3.0  # 1 in a thousand tables has a column that follows another by chance
_GAPS = 4  # missing values of a column that are tried on both sides of the cut
_BASES = 6  # sets of patients who have what others lack
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class _Base:
    """Columns that all have (nearly) the same patients.

    Attributes
    ----------
    rows : ndarray of intp, shape (R,)
        Patients.
    keys : ndarray of uint64
        Patients above the cut of a column, rising.
    owner : ndarray of intp
        Column of each.
    """

    rows: Places
    keys: Bits
    owner: Places


class Followers:
    """Columns that may follow others.

    Parameters
    ----------
    columns : ndarray, shape (R, C)
        At most 64 patients; NaN where missing.

    Notes
    -----
    Not known are columns that were rounded to fewer than eight different values, or so that too few
    patients differ; that have more than four missing values where most others have none, unless
    many columns share these; and copies to which noise was added, or that were mixed with others.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(32, 3))
    >>> copy = np.round(-4 * x[:, [1]])
    >>> copy[5] = np.nan
    >>> Followers(copy).of(x).tolist()
    [[0, 1]]
    """

    def __init__(self, columns: Reals) -> None:
        self._columns = columns
        self._digits = digits_of(columns, levels=_LEVELS)
        self._bases = list(_bases(columns, np.flatnonzero(self._digits > _DIGITS)))

    def of(self, known: Reals, *, surely: bool = True) -> Places:
        """Which column follows which, shape (pairs, 2): place among C, place among K.

        Parameters
        ----------
        known : ndarray, shape (R, K)
            Of the same patients.
        surely : bool, optional
            Only where that is no chance among so many.
        """
        found = [np.zeros((0, 2), np.intp)]
        if not known.shape[1] or not self._columns.shape[1]:
            return found[0]
        chance = np.log10(2.0 * self._columns.shape[1] * known.shape[1])
        sure = self._digits >= _DIGITS + (chance if surely else 0.0)
        for base in self._bases:
            pairs = _candidates(base, known[base.rows])
            pairs = pairs[sure[pairs[:, 0]]]
            for start in range(0, len(pairs), _AT_ONCE):
                some = pairs[start : start + _AT_ONCE]
                found.append(some[follows(self._columns[:, some[:, 0]], known[:, some[:, 1]])])
        return np.unique(np.concatenate(found), axis=0)


def digits_of(columns: Reals, *, levels: int = 2) -> Reals:
    """How unlikely it is that chance puts patients in the order of each column: 1 in 10 to the.

    Parameters
    ----------
    columns : ndarray, shape (R, C)
        NaN where missing.
    levels : int, optional
        A column of fewer different values, or of fewer than 12 patients, has 0.

    Examples
    --------
    >>> x = np.arange(20.0)[:, None]
    >>> np.hstack([digits_of(x), digits_of(x > 9.5)]).round(1).tolist()
    [18.4, 5.3]
    """
    from scipy.special import gammaln

    known = np.isfinite(columns)
    values = np.sort(np.where(known, columns, np.inf), axis=0)
    n = known.sum(axis=0)
    places = np.arange(len(columns))[:, None]
    new = np.ones(columns.shape, bool)
    new[1:] = values[1:] != values[:-1]
    new &= places < n
    first = np.maximum.accumulate(np.where(new, places, 0), axis=0)
    alike = np.where(places < n, np.log(places - first + 1), 0.0).sum(axis=0)
    digits = (gammaln(n + 1) - alike) / np.log(10)
    few = (n < FEWEST_ORDERED) | (new.sum(axis=0) < levels)
    return np.where(few, 0.0, digits)


def _bases(columns: Reals, good: Places) -> Iterator[_Base]:
    """Sets of patients, and what columns that have nearly all of them put above their cut."""
    left, there = good, np.isfinite(columns)
    for _ in range(_BASES):
        if not left.size:
            return
        rows = _most_common(there[:, left])
        if not rows.all() and there[:, left].any(axis=1).all():
            whole = (~there[:, left]).sum(axis=0) <= _GAPS
            rows = rows | whole.any()
        gaps = (rows[:, None] & ~there[:, left]).sum(axis=0)
        own = left[(gaps <= _GAPS) & ~(~rows[:, None] & there[:, left]).any(axis=0)]
        places = np.flatnonzero(rows)
        yield _Base(places, *_above(columns[places], own))
        left = np.setdiff1d(left, own)


def _most_common(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Patients whom most columns have in common, shape (R,)."""
    patterns, counts = np.unique(np.packbits(there, axis=0), axis=1, return_counts=True)
    return np.unpackbits(patterns[:, counts.argmax()], count=len(there)).astype(bool)


def _above(columns: Reals, own: Places) -> tuple[Bits, Places]:
    """Patients above the cut of some columns, with each choice of those who are missing."""
    values = columns[:, own]
    known = np.isfinite(values)
    order = np.sort(np.where(known, values, np.inf), axis=0)
    n = known.sum(axis=0)
    at = np.arange(len(own))
    # The values at which a column steps up; the step that is next to the middle is the cut.
    places = np.arange(1, len(order))[:, None]
    steps = (order[1:] != order[:-1]) & (places < n)
    far = np.where(steps, np.abs(places - n / 2), np.inf)
    cut = order[1:][far.argmin(axis=0), at] if len(own) else np.zeros(0)
    bits = np.uint64(1) << np.arange(len(columns), dtype=np.uint64)[:, None]
    keys = np.where(known & (values >= cut), bits, np.uint64(0)).sum(axis=0, dtype=np.uint64)
    made, owner = [keys], [own]
    gaps = (~known).sum(axis=0)
    for column in np.flatnonzero(gaps):
        lost = bits[~known[:, column], 0]
        some = [sum(chosen) for size in range(1, len(lost) + 1)
                for chosen in combinations(lost.tolist(), size)]  # fmt: skip
        made.append(keys[column] + np.array(some, np.uint64))
        owner.append(np.full(len(some), own[column]))
    joined, whose = np.concatenate(made), np.concatenate(owner)
    rising = np.argsort(joined, kind="stable")
    return joined[rising], whose[rising]


def _candidates(base: _Base, known: Reals) -> Places:
    """Columns, and those that have the same patients at an end, shape (pairs, 2)."""
    if not base.keys.size:
        return np.zeros((0, 2), np.intp)
    sizes = np.unique(np.bitwise_count(base.keys)).astype(int)
    there = np.isfinite(known)
    count = there.sum(axis=0)
    order = np.argsort(np.where(there, known, np.inf), axis=0, kind="stable")
    bits = np.uint64(1) << order.astype(np.uint64)
    first = np.cumsum(bits, axis=0, dtype=np.uint64)  # the least of each column, so many of them
    first = np.vstack([np.zeros((1, known.shape[1]), np.uint64), first])
    everyone = first[count, np.arange(known.shape[1])]
    found = []
    for size in sizes:
        fits = np.flatnonzero(count >= size)
        for ends in (first[size, fits], everyone[fits] - first[count[fits] - size, fits]):
            low, high = (np.searchsorted(base.keys, ends, side=s) for s in ("left", "right"))
            hits = high - low
            some = np.repeat(low - np.append(0, np.cumsum(hits)[:-1]), hits)
            places = some + np.arange(hits.sum())
            found.append(np.column_stack([base.owner[places], np.repeat(fits, hits)]))
    return np.unique(np.concatenate(found), axis=0)


def follows(columns: Reals, known: Reals) -> NDArray[np.bool_]:
    """Whether each column goes up, or down, step by step with the known one beside it.

    Parameters
    ----------
    columns, known : ndarray, shape (R, C) each
        Patients who are missing in a column may be known in the other, but not the other way.
    """
    order = np.argsort(known, axis=0, kind="stable")  # NaN comes last
    own, base = (np.take_along_axis(part, order, axis=0) for part in (columns, known))
    there = np.isfinite(own)
    good = ~(there & ~np.isfinite(base)).any(axis=0)
    alike = there[1:] & there[:-1] & (base[1:] == base[:-1])
    good &= ~(alike & (own[1:] != own[:-1])).any(axis=0)
    up, down = (
        (~there | (side * own >= np.maximum.accumulate(np.where(there, side * own, -np.inf)))).all(
            0
        )
        for side in (1.0, -1.0)
    )
    return np.asarray(good & (up | down), bool)
