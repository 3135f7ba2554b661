"""Values are known again in other tables, and those of others are not taken for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

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
    assert sum(trace.size for trace in traces._traces) <= 2_000
    assert traced(tables[0]) == {}
    assert set(traced(tables[-1]).values()) == {"step 3"}


IDS = [f"P{n:03d}" for n in range(60)]


@pytest.mark.parametrize(
    "change",
    [np.exp, lambda t: 3 - 2 * t, lambda t: t.rank(), lambda t: t.round(5), lambda t: t.iloc[::3]],
)
def test_a_column_is_known_by_the_order_of_its_patients(change):
    rng = np.random.default_rng(3)
    before = pd.DataFrame(rng.normal(size=(60, 6)), IDS).add_prefix("f")
    after = before + np.where(np.arange(60) % 2, 0.4, -0.4)[:, None]
    leave_trace("step", after.to_numpy(), before.to_numpy(), ids=IDS)
    found = traced(change(after).sample(frac=1, random_state=0))
    assert len(found) >= 5
    assert set(found.values()) == {"step"}
    assert traced(change(before)) == {}
    # One of the two sites has been shifted as a whole: its order is that of what was measured.
    assert traced(np.exp(before.iloc[1::2])) == {}


def test_single_precision_is_known_without_the_patients():
    rng = np.random.default_rng(4)
    made = rng.normal(size=(60, 3))
    leave_trace("step", made)
    assert len(traced(pd.DataFrame(made.astype("float32").astype(float)))) == 3
    # Six digits of what hardly varies are everybody's.
    leave_trace("step", 1000 + made / 1000)
    assert traced(pd.DataFrame(1000 + rng.normal(size=(60, 3)) / 1000)) == {}


def test_columns_of_few_values_have_no_order():
    before = pd.DataFrame({"stage": np.arange(60.0) % 7}, IDS)
    leave_trace("step", before.to_numpy() * 2 + 0.1, before.to_numpy()[::-1], ids=IDS)
    assert traced(before * 3.0) == {}
