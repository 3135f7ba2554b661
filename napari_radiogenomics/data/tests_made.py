"""Columns that were tested against an outcome, known again where they are to predict it.

Who looks for the columns that go with an outcome in all patients, and then validates a model of
those columns in the same patients, has seen the answers. What was tested is therefore kept for
the session: a few values of each column and outcome, by patient, and the p-values.

Letters: N patients, P features, Q outcomes, T tests.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.orders import Followers, digits_of, follows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Chosen", "chosen_of", "remember_tests"]

_ROWS, _FEWEST = 32, 12
_MOST_OF_OUTCOMES = 1_000_000
_MOST, _MOST_CALLS = 8_000_000, 16  # numbers of all calls; the oldest go first
_FEWEST_OF_FAMILY = 3
_SURE = 6.0  # of an outcome that was made of a tested one, by chance 1 in 10 to the
_SMALL = 0.05  # greatest p-value that is kept of very many

Reals = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Call:
    """What one call has tested: values by patient, and tests one a row."""

    rows: tuple[NDArray[Any], NDArray[Any]]  # ids of the rows below
    values: tuple[Reals, Reals]  # features and outcomes
    names: tuple[str, ...]
    feature: Places
    outcome: Places
    p_value: Reals

    @property
    def size(self) -> int:
        return sum(part.size for part in self.values) + 3 * self.p_value.size


@dataclass(frozen=True)
class Chosen:
    """A part of the columns that were tested against an outcome.

    Attributes
    ----------
    names : tuple of str
        Columns that are given now.
    n_tested : int
        How many were tested.
    ahead : float
        How often a column that is given had a smaller p-value than one that is not: 0.5 where
        the choice has nothing to do with the outcome, 1 where it took the smallest.
    p_value : float
        Of a choice without regard to the outcome.
    family : str
        How all tested columns that are given, and no others that were tested, begin: with the
        name of a family, up to its underscore. Empty where they are no such family.
    """

    names: tuple[str, ...]
    n_tested: int
    ahead: float
    p_value: float
    family: str = ""


_calls: deque[_Call] = deque()
_lock = threading.Lock()


def remember_tests(
    patients: Sequence[str],
    features: Reals,
    outcomes: Reals,
    names: Sequence[str],
    tests: tuple[Places, Places, Reals],
) -> None:
    """Remember which features were tested against which outcomes.

    Parameters
    ----------
    patients : sequence of str, length N
        Ids.
    features, outcomes : ndarray, shape (N, P) and (N, Q)
        NaN where missing.
    names : sequence of str, length P
        Features.
    tests : tuple of ndarray, shape (T,) each
        Place of the feature, place of the outcome, p-value.
    """
    few = np.unique(np.linspace(0, len(patients) - 1, min(_ROWS, len(patients))).astype(int))
    rows = few if outcomes.size > _MOST_OF_OUTCOMES else np.arange(len(patients))
    ids = np.asarray(patients, object).astype(str)
    feature, outcome, p_value = tests
    if p_value.size > _MOST_OF_OUTCOMES:
        small = p_value <= _SMALL
        feature, outcome, p_value = feature[small], outcome[small], p_value[small]
    values = (features[few].copy(), outcomes[rows].copy())
    call = _Call((ids[few], ids[rows]), values, tuple(names), feature, outcome, p_value)
    with _lock:
        _calls.append(call)
        while len(_calls) > 1 and (
            len(_calls) > _MOST_CALLS or sum(known.size for known in _calls) > _MOST
        ):
            _calls.popleft()


def chosen_of(table: pd.DataFrame, outcome: Reals) -> list[Chosen]:
    """For each call that tested the columns of a table against its outcome: which are given.

    Nothing for calls of which all columns are given, or of other patients.

    Parameters
    ----------
    table : DataFrame, N patients
        By patient id.
    outcome : ndarray, shape (N,)
        Of the same patients.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> ids, x = [f"P{n}" for n in range(40)], rng.normal(size=(40, 3))
    >>> y = rng.normal(size=(40, 1))
    >>> at = np.arange(3)
    >>> remember_tests(ids, x, y, ["a", "b", "c"], (at, at * 0, np.array([0.9, 0.001, 0.5])))
    >>> [found] = chosen_of(pd.DataFrame({"other": x[:, 1]}, ids), y[:, 0])
    >>> found.names, found.n_tested, found.ahead
    (('other',), 3, 1.0)
    """
    with _lock:
        calls = list(_calls)
    ids = table.index.astype(str)
    if not calls or not ids.is_unique:
        return []
    values, found = None, []
    for call in calls:
        places = ids.get_indexer(call.rows[1])
        tested = _alike(call.values[1][places >= 0], outcome[places[places >= 0]])
        places = ids.get_indexer(call.rows[0])
        shared = places >= 0
        if not tested.size or shared.sum() < _FEWEST:
            continue
        values = _numbers(table) if values is None else values
        at = _columns_of(call, shared, values[places[shared]], list(map(str, table.columns)))
        least = np.ones(len(call.names))
        own = np.isin(call.outcome, tested)
        np.minimum.at(least, call.feature[own], np.nan_to_num(call.p_value[own], nan=1.0))
        if 0 < len(at) < len(least):
            found.append(_enriched(least, at, call.names))
    return found


def _alike(known: Reals, outcome: Reals) -> Places:
    """Outcomes of a call that are this one, under any coding that keeps or turns the order.

    An outcome that was made of a tested one (its upper half, or rounded) is that one too.
    """
    if len(outcome) < _FEWEST or np.ptp(outcome) == 0:
        return np.zeros(0, np.intp)
    own = outcome[:, None]
    made = digits_of(own)[0] >= _SURE + np.log10(2.0 * known.shape[1])
    there = np.isfinite(known)
    hits = [
        at
        for at in range(known.shape[1])
        if there[:, at].sum() >= max(_FEWEST, len(outcome) / 2)
        and (
            _order(known[there[:, at], at]) == _order(outcome[there[:, at]])
            or (made and follows(own[there[:, at]], known[there[:, at], at : at + 1])[0])
        )
    ]
    return np.array(hits, np.intp)


def _order(values: Reals) -> bytes:
    """Order of the rows, up or down, ties and gaps included; empty where all are alike."""
    _, ranks = np.unique(np.where(np.isnan(values), -np.inf, values), return_inverse=True)
    if not len(ranks) or ranks.max() == 0:
        return b""
    turned = ranks.max() - ranks
    return min(ranks.astype(np.uint16).tobytes(), turned.astype(np.uint16).tobytes())


def _columns_of(
    call: _Call, shared: NDArray[np.bool_], values: Reals, columns: Sequence[str]
) -> dict[int, str]:
    """Place among the features of a call → column of a table that is the same feature.

    A column of the same name has to follow the feature; one of another name in so many patients
    that this is no chance (`data.orders`).
    """
    known = call.values[0][shared]
    places = {name: at for at, name in enumerate(call.names)}
    named = [(at, places[name]) for at, name in enumerate(columns) if name in places]
    pairs = np.array(named, np.intp).reshape(-1, 2)
    mine = values[:, pairs[:, 0]]
    enough = np.isfinite(mine).sum(axis=0) >= _FEWEST  # a patient may lack a modality
    varied = np.nanmax(mine, axis=0, initial=-np.inf) > np.nanmin(mine, axis=0, initial=np.inf)
    same = pairs[enough & varied & follows(mine, known[:, pairs[:, 1]])]
    given = set(same[:, 0].tolist())
    found = {int(at): columns[own] for own, at in same}
    for own, at in Followers(values).of(known):
        if own not in given:
            given.add(own)
            found[int(at)] = columns[own]
    return found


def _numbers(table: pd.DataFrame) -> Reals:
    """Numbers as they are, words as codes, shape (N, P)."""
    import pandas as pd

    parts = [
        column if column.dtype.kind in "iufb" else pd.Series(column.factorize(sort=True)[0])
        for _, column in table.items()
    ]
    return np.column_stack([np.asarray(part, float) for part in parts])


def _family(names: Sequence[str], at: Collection[int]) -> str:
    """How all of these places' names begin, and no others, up to an underscore."""
    given = [names[place] for place in at]
    low, high = min(given), max(given)
    alike = next((k for k in range(len(low)) if low[k] != high[k : k + 1]), len(low))
    start, mark, _ = low[:alike].rpartition("_")
    own = [name for name in names if name.startswith(start + mark)]
    return start + mark if mark and len(own) == len(given) >= _FEWEST_OF_FAMILY else ""


def _enriched(p_value: Reals, at: dict[int, str], names: Sequence[str]) -> Chosen:
    from scipy.stats import mannwhitneyu

    given = np.isin(np.arange(len(p_value)), list(at))
    one, other = p_value[given], p_value[~given]
    test = mannwhitneyu(one, other, alternative="less")
    ahead = 1 - float(test.statistic) / (len(one) * len(other))
    chance = float(test.pvalue)
    if ahead == 1:  # one of all choices of so many
        chance = min(chance, 1 / comb(len(p_value), len(one)))
    return Chosen(tuple(at.values()), len(p_value), ahead, chance, _family(names, at))
