"""Columns that follow others: all of them found, none by chance, whatever was rounded or lost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from napari_radiogenomics.data.orders import Followers, digits_of, follows


def _by_hand(columns, known):
    """Every pair, value by value."""
    found = []
    for c, column in enumerate(columns.T):
        for k, other in enumerate(known.T):
            rows = np.isfinite(column)
            if not np.isfinite(other[rows]).all():
                continue
            x, y = column[rows], other[rows]
            gap_x, gap_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
            split = (gap_y == 0) & (gap_x != 0)
            if not split.any() and any((side * gap_x * gap_y >= 0).all() for side in (1, -1)):
                found.append([c, k])
    return found


def test_those_that_follow_are_found_as_by_hand():
    rng = np.random.default_rng(0)
    known = np.round(rng.normal(size=(30, 25)), 3)
    known[:3, 4], known[::7, 5] = np.nan, np.nan
    columns = np.column_stack([np.round(rng.choice([-9, 9], 25) * known), np.exp(known),
                               rng.normal(size=(30, 25))])  # fmt: skip
    columns[rng.random(columns.shape) < 0.04] = np.nan
    columns[:12, 30:35] = np.nan
    own = columns[:, digits_of(columns, levels=8) > 7]
    own = own[:, (~np.isfinite(own)).sum(axis=0) <= 4]
    found = Followers(own).of(known).tolist()
    assert found == _by_hand(own, known)
    assert len(found) >= 35


def test_blocks_that_lack_the_same_patients_are_found():
    x = np.random.default_rng(1).normal(size=(32, 10))
    columns = np.column_stack([x[:, :5], np.where(np.arange(32)[:, None] < 15, np.nan, x)])
    found = dict(Followers(columns).of(x).tolist())
    assert found == {**{n: n for n in range(5)}, **{5 + n: n for n in range(10)}}


@pytest.mark.parametrize("levels", [7, 30, 1000])
def test_nothing_follows_by_chance(levels):
    rng = np.random.default_rng(2)
    for n in (12, 20, 32):
        columns = rng.integers(0, levels, (n, 3000)).astype(float)
        assert len(Followers(columns).of(rng.normal(size=(n, 3000)))) == 0


def test_the_digits_of_chance_are_counted_orders():
    rng = np.random.default_rng(3)
    column = np.repeat([0.0, 1, 2], [6, 4, 2])[:, None]
    expected = np.log10(479001600 / (720 * 24 * 2))
    assert digits_of(column)[0] == pytest.approx(expected)
    assert digits_of(column, levels=4)[0] == 0
    # Twelve patients in 3 levels: of so many random orders one in 10^digits is sorted.
    small = np.array([0.0, 0, 1, 1, 2, 2])
    shuffled = np.stack([rng.permutation(small) for _ in range(20_000)], axis=1)
    up = (np.diff(shuffled, axis=0) >= 0).all(axis=0).mean()
    assert up == pytest.approx(1 / 90, rel=0.2)


def test_ties_of_the_known_column_must_be_ties_of_the_copy():
    known = np.array([[1.0, 1, 2, 3]]).T
    assert follows(np.array([[0.0, 1, 2, 3]]).T, known).tolist() == [False]
    assert follows(np.array([[5.0, 5, 2, np.nan]]).T, known).tolist() == [True]
    ranks = rankdata(known)[:, None]
    assert follows(ranks, known).tolist() == [True]
    assert follows(known, np.array([[1.0, 1, np.nan, 3]]).T).tolist() == [False]
