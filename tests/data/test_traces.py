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


def _known_and_made(n=200, columns=40):
    rng = np.random.default_rng(9)
    ids = [f"Q{number:03d}" for number in range(n)]
    before = pd.DataFrame(np.exp(rng.normal(3, 1, (n, columns))), ids).add_prefix("f")
    return before, before * np.where(np.arange(n) % 2, 1.3, 0.8)[:, None] + 1


def _one_gap_each(table):
    rows = np.random.default_rng(1).integers(0, len(table), table.shape[1])
    return table.mask(np.arange(len(table))[:, None] == rows)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.astype("f4"),
        lambda t: t.round(),
        lambda t: t.round().astype(int),
        lambda t: np.log(t).round(2),
        _one_gap_each,
        lambda t: _one_gap_each(t.round()),
        lambda t: _one_gap_each(_one_gap_each(np.log(t)).iloc[:, ::-1]).astype("f4"),
    ],
)
def test_copies_that_were_rounded_or_lost_a_value_are_known(change):
    before, after = _known_and_made()
    leave_trace("step", after.to_numpy(), before.to_numpy(), ids=before.index)
    assert set(traced(change(after)).values()) == {"step"}
    assert len(traced(change(after))) == 40
    # The same done to what was measured is nobody's.
    assert traced(change(before)) == {}


def test_whole_numbers_of_others_are_not_taken_for_copies():
    rng = np.random.default_rng(4)
    before, after = _known_and_made(columns=2000)
    leave_trace("step", after.to_numpy(), before.to_numpy(), ids=before.index)
    others = {"age": rng.integers(30, 90, (200, 2000)), "count": rng.poisson(6, (200, 2000)),
              "score": rng.integers(0, 5, (200, 2000))}  # fmt: skip
    for name, values in others.items():
        assert traced(pd.DataFrame(values, before.index).add_prefix(name)) == {}
    assert traced(pd.DataFrame(rng.normal(size=(200, 2000)), before.index)) == {}
