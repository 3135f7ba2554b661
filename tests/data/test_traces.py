"""Values are known again in other tables, and those of others are not taken for them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_radiogenomics.data import traces
from napari_radiogenomics.data.traces import leave_trace, traced


def test_tables_that_have_nothing_to_do_with_each_other_are_told_apart():
    rng = np.random.default_rng(0)
    for _ in range(5):
        leave_trace("some step", rng.normal(size=(60, 400)))
    assert traced(pd.DataFrame(rng.normal(size=(60, 400)))) == {}
    short = pd.DataFrame(rng.integers(0, 9999, (60, 20)) / 100)
    leave_trace("some step", short.to_numpy())
    assert traced(short) == {}  # ages, counts and the like are everybody's


def test_values_that_a_step_left_as_they_were_are_not_its_own():
    rng = np.random.default_rng(1)
    before = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc"))
    after = before.assign(b=before["b"] * 1.7)
    leave_trace("step", after.to_numpy(), before.to_numpy())
    assert traced(before) == {}
    assert traced(after.iloc[::-1, ::-1]) == {"b": "step"}
    after.iloc[3] = np.nan
    assert traced(after) == {"b": "step"}


def test_the_oldest_are_forgotten_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(traces, "_MOST", 2_000)
    rng = np.random.default_rng(2)
    tables = [pd.DataFrame(rng.normal(size=(40, 30)), columns=range(30)) for _ in range(4)]
    for number, table in enumerate(tables):
        leave_trace(f"step {number}", table.to_numpy())
    assert sum(len(keys) for _, keys in traces._traces) <= 2_000
    assert traced(tables[0]) == {}
    assert set(traced(tables[-1]).values()) == {"step 3"}
