"""Values made by a step that learned from all patients, known again without their history.

A join, a `concat` or a rename drops what a table says of itself; its numbers stay. A number with
a dozen digits is as good as a signature, so that some of each column are kept for the session.
That holds for what is measured on a continuous scale; scores of ranks repeat in other tables.

Letters: N samples, P columns.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leave_trace", "traced"]

_ROWS = 32  # of a table, spread over it: enough where a part of the rows is taken
_FEWEST_ROWS = 4
_MOST = 2_000_000  # values of all traces, 16 MB; the oldest are forgotten first
_ALIKE = 3  # values of a column that are known again
_DECIMALS = 4  # what is as short as that (ages, counts, zeros) is nobody's signature
_TAIL = np.uint64(12)  # bits that a text file may have changed

Keys = NDArray[np.uint64]
_traces: deque[tuple[str, Keys]] = deque()
_lock = threading.Lock()


def leave_trace(step: str, values: NDArray[Any], before: NDArray[Any] | None = None) -> None:
    """Remember values that a step made.

    Parameters
    ----------
    step : str
        Its name, as the history has it.
    values : ndarray, shape (N, P)
        What it made.
    before : ndarray, shape (N, P), optional
        What it was made of; values that stayed as they were are not its own.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"a": np.sqrt([2.0, 3, 5, 7])}, list("wxyz"))
    >>> leave_trace("example", table.to_numpy())
    >>> traced(table.join(pd.DataFrame({"b": [1.5]}, ["x"])).rename(columns={"a": "c"}))
    {'c': 'example'}
    """
    made = np.asarray(values, float)
    count = int(np.clip(_MOST // max(made.shape[1], 1), _FEWEST_ROWS, _ROWS))
    rows = np.unique(np.linspace(0, len(made) - 1, min(count, len(made))).astype(int))
    chosen = made[rows]
    own = _telling(chosen)
    if before is not None:
        own &= chosen != np.asarray(before, float)[rows]
    keys = np.unique(_keys(chosen[own]))
    with _lock:
        _traces.append((step, keys))
        while len(_traces) > 1 and sum(len(known) for _, known in _traces) > _MOST:
            _traces.popleft()


def traced(table: pd.DataFrame) -> dict[str, str]:
    """Columns of a table that hold values of such a step, and the step.

    Parameters
    ----------
    table : DataFrame
        In any order of rows and columns, under any names.
    """
    with _lock:
        traces = list(_traces)
    numbers = table.loc[:, [kind.kind == "f" for kind in table.dtypes]]
    if not traces or not numbers.size:
        return {}
    known = np.concatenate([keys for _, keys in traces])
    steps = np.repeat(np.arange(len(traces)), [len(keys) for _, keys in traces])
    order = np.argsort(known, kind="stable")
    known, steps = known[order], steps[order]
    found: dict[str, str] = {}
    for at, name in enumerate(numbers.columns):
        values = numbers.iloc[:, at].to_numpy(float)
        keys = np.unique(_keys(values[_telling(values)]))
        # The last of equal keys is the newest step.
        place = np.searchsorted(known, keys, side="right") - 1
        hits = (place >= 0) & (known[place] == keys) if len(known) else np.zeros(0, bool)
        if hits.sum() >= _ALIKE:
            found[str(name)] = traces[int(np.median(steps[place[hits]]))][0]
    return found


def _telling(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values have digits enough to be known again."""
    return np.isfinite(values) & (np.round(values, _DECIMALS) != values)


def _keys(values: NDArray[np.float64]) -> Keys:
    """Values to 12 digits, as whole numbers."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    return (bits + (np.uint64(1) << (_TAIL - np.uint64(1)))) >> _TAIL
