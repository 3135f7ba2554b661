"""Values made by a step that learned from all patients, known again without their history.

A join, a `concat` or a rename drops what a table says of itself; its numbers stay. A number with
a dozen digits is as good as a signature, and so are several of six digits in one column, so that
some of each column are kept for the session. Where the patients are named, the order in which a
column puts them is a signature too: it outlives a change of scale, logarithms, ranks, rounding (to
whole numbers, where these are many) and single values that got lost; see `data.orders` for what it
does not outlive. A column that follows what the step was given as well as what it made, as a coarse
rounding of both does, is taken for what was given. That holds for what is measured on a continuous
scale; scores of ranks repeat in other tables.

Letters: N samples, P columns, R samples that are kept.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.orders import FEWEST_ORDERED, Followers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leave_trace", "traced"]

_ROWS = 32  # of a table, spread over it: enough where a part of the rows is taken
_FEWEST_ROWS = 4
_MOST, _MOST_TRACES = 2_000_000, 256  # values of all traces, 16 MB; the oldest go first
_ALIKE, _ALIKE_ROUNDED = 3, 5  # values of a column that are known again
_DECIMALS = 4  # what is as short as that (ages, counts, zeros) is nobody's signature
_TAIL, _ROUNDED_TAIL = 12, 32  # bits that a text file, or single precision, may have changed
_SPREAD = 0.05  # of a column's size; six digits of what varies less are everybody's
_LIKE = 0.8  # rank correlation of a column that a made one may follow

_HASH = 24  # bits, 16 MB
_AT_ONCE = 2048

Keys = NDArray[np.uint64]
Places = NDArray[np.intp]
Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Trace:
    """Some values that a step made.

    Attributes
    ----------
    step : str
        Its name.
    values : ndarray, shape (R, P)
        What it made.
    own : ndarray of bool, shape (R, P)
        Which of them it has changed.
    ids : ndarray of str, shape (R,), or None
        Of the patients, where they are named.
    before : ndarray, shape (R, B)
        Columns that it was made of, whose orders are not its own.
    """

    step: str
    values: Reals
    own: NDArray[np.bool_]
    ids: NDArray[Any] | None
    before: Reals

    @property
    def size(self) -> int:
        return self.values.size + self.before.size

    def same_as(self, other: _Trace) -> bool:
        return self.step == other.step and np.array_equal(self.values, other.values, True)


_traces: deque[_Trace] = deque()
_lock = threading.Lock()


def leave_trace(
    step: str,
    values: NDArray[Any],
    before: NDArray[Any] | None = None,
    *,
    ids: Sequence[Any] | None = None,
) -> None:
    """Remember values that a step made.

    Parameters
    ----------
    step : str
        Its name, as the history has it.
    values : ndarray, shape (N, P)
        What it made.
    before : ndarray, shape (N, B), optional
        What it was made of; values that stayed as they were are not its own.
    ids : sequence of length N, optional
        Patients. With them, and with ``before``, columns are known by their order too.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"a": np.sqrt([2.0, 3, 5, 7])}, list("wxyz"))
    >>> leave_trace("example", table.to_numpy())
    >>> traced(table.join(pd.DataFrame({"b": [1.5]}, ["x"])).rename(columns={"a": "c"}))
    {'c': 'example'}
    """
    made = np.asarray(values, float)
    if not made.size:
        return
    count = int(np.clip(_MOST // max(made.shape[1], 1), _FEWEST_ROWS, _ROWS))
    rows = np.unique(np.linspace(0, len(made) - 1, min(count, len(made))).astype(int))
    chosen, old = made[rows], np.empty((len(rows), 0))
    own = _telling(chosen)
    if before is not None:
        given = np.asarray(before, float)[rows]
        if given.shape == chosen.shape:
            own &= chosen != given
        old = given if given.shape == chosen.shape else _followed(chosen, given)
    named = ids is not None and before is not None
    names = np.asarray(list(map(str, ids)), object)[rows] if named and ids is not None else None
    trace = _Trace(step, chosen, own, names, old if named else old[:, :0])
    with _lock:
        if any(trace.same_as(known) for known in _traces):
            return
        _traces.append(trace)
        while len(_traces) > 1 and (
            len(_traces) > _MOST_TRACES or sum(known.size for known in _traces) > _MOST
        ):
            _traces.popleft()


def _followed(made: Reals, given: Reals) -> Reals:
    """Columns that the made ones may follow step by step, shape (R, B)."""
    from scipy.stats import rankdata

    gaps = np.isnan(given)
    ranks = [np.asarray(rankdata(part, axis=0, nan_policy="omit"), float) for part in (made, given)]
    counts = [np.maximum(np.isfinite(part).sum(axis=0), 1) for part in ranks]
    means = [np.nansum(part, axis=0) / n for part, n in zip(ranks, counts, strict=True)]
    one, other = (np.nan_to_num(part - mean) for part, mean in zip(ranks, means, strict=True))
    size = np.outer(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    # Gaps count as the mean, which takes the more of the correlation the more there are.
    least = np.where(gaps.any(axis=0), _LIKE / 2, _LIKE)
    alike = np.abs(one.T @ other) >= least * np.maximum(size, 1e-12)
    return given[:, alike.any(axis=0)]


def traced(table: pd.DataFrame) -> dict[str, str]:
    """Columns of a table that hold values of such a step, and the step.

    Parameters
    ----------
    table : DataFrame
        In any order of rows and columns, under any names.
    """
    with _lock:
        traces = list(_traces)
    numbers = table.loc[:, [kind.kind in "iuf" for kind in table.dtypes]]
    if not traces or not numbers.size:
        return {}
    values = numbers.to_numpy(float)
    found = _by_order(values, numbers.index, traces)
    telling = _telling(values)
    found |= _by_value(values, telling, traces, _ROUNDED_TAIL, _ALIKE_ROUNDED)
    found |= _by_value(values, telling, traces, _TAIL, _ALIKE)
    return {str(numbers.columns[at]): found[at] for at in sorted(found)}


def _by_value(
    values: Reals, telling: NDArray[np.bool_], traces: Sequence[_Trace], tail: int, alike: int
) -> dict[int, str]:
    """Columns of which so many values are those of one traced column."""
    keys, columns, steps, total = [], [], [], 0
    for trace in traces:
        kept = trace.own & _varied(trace.values) if tail > _TAIL else trace.own
        keys.append(_keys(trace.values[kept], tail))
        columns.append(total + np.nonzero(kept)[1])
        total += trace.values.shape[1]
        steps += [trace.step] * trace.values.shape[1]
    known, owner = np.concatenate(keys), np.concatenate(columns)
    order = np.argsort(known, kind="stable")
    known, owner = known[order], owner[order]
    place, key = _shared(values, telling, known, tail)
    low, high = (np.searchsorted(known, key, side=side) for side in ("left", "right"))
    found: dict[int, str] = {}
    # Some columns at a time, as values that many columns share are counted for each of these.
    for start in range(0, values.shape[1], _AT_ONCE):
        first, last = np.searchsorted(place, (start, start + _AT_ONCE))
        counts = (high - low)[first:last]
        before = np.repeat(low[first:last] - np.append(0, np.cumsum(counts))[:-1], counts)
        whose = owner[before + np.arange(counts.sum())]
        pairs = np.repeat(place[first:last], counts) * total + whose
        pairs, times = np.unique(pairs, return_counts=True)
        # Of several the last is the newest.
        found |= {int(pair // total): steps[int(pair % total)] for pair in pairs[times >= alike]}
    return found


def _shared(
    values: Reals, telling: NDArray[np.bool_], known: Keys, tail: int
) -> tuple[Places, Keys]:
    """Column and key of the values that are among the known ones, each once in a column.

    A table of bits that keys are hashed to leaves out nearly all others at the cost of one look.
    """
    rows, columns = np.nonzero(telling)
    keys = _keys(values[rows, columns], tail)
    there = np.zeros(1 << _HASH, bool)
    there[_hashed(known)] = True
    likely = there[_hashed(keys)]
    keys, columns = keys[likely], columns[likely]
    at = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
    same = known[at] == keys if len(known) else np.zeros(0, bool)
    keys, columns = keys[same], columns[same]
    order = np.lexsort((keys, columns))
    keys, columns = keys[order], columns[order]
    new = np.ones(len(keys), bool)
    new[1:] = (np.diff(columns) != 0) | (keys[1:] != keys[:-1])
    return columns[new], keys[new]


def _hashed(keys: Keys) -> Keys:
    return np.asarray((keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _HASH), np.uint64)


def _by_order(values: Reals, index: pd.Index, traces: Sequence[_Trace]) -> dict[int, str]:
    """Columns that put patients in the order of a traced column, and of none that it came from."""
    names = index.astype(str)
    found: dict[int, str] = {}
    if not names.is_unique:
        return {}
    seen: dict[bytes, Followers] = {}  # many steps are of the same patients
    for trace in traces:
        if trace.ids is None:
            continue
        places = names.get_indexer(trace.ids)
        rows = places >= 0
        if rows.sum() < FEWEST_ORDERED:
            continue
        key = places.tobytes()
        if key not in seen:
            seen[key] = Followers(values[places[rows]])
        own = np.unique(seen[key].of(trace.values[rows])[:, 0])
        old = Followers(values[places[rows]][:, own]).of(trace.before[rows], surely=False)
        found |= dict.fromkeys(np.delete(own, np.unique(old[:, 0])).tolist(), trace.step)
    return found


def _telling(values: Reals) -> NDArray[np.bool_]:
    """Which values have digits enough to be known again."""
    return np.isfinite(values) & (np.round(values, _DECIMALS) != values)


def _varied(values: Reals) -> NDArray[np.bool_]:
    """Columns that vary enough for six digits to tell their values apart, shape (P,)."""
    known = np.nan_to_num(values)
    return np.asarray(known.std(axis=0) > _SPREAD * np.abs(known).mean(axis=0), bool)


def _keys(values: Reals, tail: int) -> Keys:
    """Values to 12 digits, or to six, as whole numbers."""
    bits, cut = np.ascontiguousarray(values).view(np.uint64), np.uint64(tail)
    return (bits + (np.uint64(1) << (cut - np.uint64(1)))) >> cut
