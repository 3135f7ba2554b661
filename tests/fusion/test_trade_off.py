"""Bias against variance: the definition on known truths, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.fusion import fuse
from napari_radiogenomics.fusion.validation.splits import Split, halved
from napari_radiogenomics.fusion.validation.trade_off import ERRORS, split_error
from napari_radiogenomics.statistics.survival import brier_score, censoring_weights


@pytest.fixture(scope="module")
def found(draw):
    cohort = draw(12, n=120)
    return fuse(cohort.modalities, cohort.target, strategies=["baseline", "early", "late"],
                folds=3, inner_folds=3, repeats=1)  # fmt: skip


def test_the_parts_are_those_of_a_known_estimator():
    # The mean of n draws, shrunk: bias (1 - c) m, variance c² s² / n, and noise s² are known.
    rng = np.random.default_rng(0)
    n, shrunk, mean, spread, times = 8, 0.7, 2.0, 1.5, 200_000
    one, other = (shrunk * rng.normal(mean, spread / n**0.5, times) for _ in range(2))
    truth = rng.normal(mean, spread, times)
    bias, variance = split_error(one, other, truth, np.ones(times))
    assert bias.mean() == pytest.approx((0.3 * mean) ** 2 + spread**2, rel=0.01)
    assert variance.mean() == pytest.approx(shrunk**2 * spread**2 / n, rel=0.01)
    both = ((one - truth) ** 2 + (other - truth) ** 2).mean() / 2
    assert (bias + variance).mean() == pytest.approx(both, rel=1e-12)


def test_halves_share_nobody_and_are_alike():
    rng = np.random.default_rng(1)
    strata = rng.integers(0, 4, 90)
    split = Split(0, 2, np.arange(30, 90), np.arange(30), "fold")
    first, second = halved(split, strata, seed=3)
    assert not set(first.train) & set(second.train)
    assert sorted([*first.train, *second.train]) == list(range(30, 90))
    for half in (first, second):
        np.testing.assert_array_equal(half.test, split.test)
        for stratum in range(4):
            whole = (strata[split.train] == stratum).sum()
            assert abs((strata[half.train] == stratum).sum() - whole / 2) <= 0.5


def test_a_constant_has_no_variance_and_a_flexible_model_has_most(found):
    table = found.trade_off.set_index(["strategy", "without"])
    whole = table.xs("", level="without")
    # Clinical facts and volume tell nothing: their error is what tells the classes' share.
    assert whole.loc["baseline", "variance"] < whole.loc["early", "variance"]
    assert whole.loc["early", "bias"] < whole.loc["baseline", "bias"] - 0.03
    assert whole["error"].to_numpy() == pytest.approx(
        (whole["bias"] + whole["variance"]).to_numpy()
    )
    assert whole["above_least"].min() == 0
    assert whole.loc["baseline", "above_least"] == pytest.approx(
        whole.loc["baseline", "bias"] - whole["bias"].min()
    )
    assert (whole["learned"] == 40).all()
    assert (whole["bias_low"] < whole["bias"]).all()


def test_without_a_modality_late_fusion_pays_and_early_fusion_is_silent(found):
    table = found.trade_off.set_index(["strategy", "without"])
    assert table.loc[("late", "rna"), "error"] > table.loc[("late", ""), "error"]
    assert table.loc[("early", "rna"), "answered"] == 0
    assert np.isnan(table.loc[("early", "rna"), "error"])
    words = " ".join(found.advice)
    assert "is variance, which other training patients would have changed" in words
    assert ERRORS["classification"] in words


def test_more_patients_take_variance_away(draw):
    def variance(n: int) -> float:
        cohort = draw(3, n=n, kind="regression")
        rna = {"rna": cohort.modalities["rna"]}
        table = fuse(rna, cohort.target, strategies=["single"], folds=3, inner_folds=3,
                     repeats=1).trade_off  # fmt: skip
        return float(table.loc[table["without"] == "", "variance"].iloc[0])

    assert variance(360) < 0.5 * variance(90)


def test_times_are_weighed_by_who_was_watched():
    rng = np.random.default_rng(2)
    time, event = rng.exponential(size=200) + 0.01, rng.random(200) < 0.6
    middle = float(np.median(time[event]))
    weight = censoring_weights(time, event, middle)
    one, other = rng.random(200), rng.random(200)
    bias, variance = split_error(one, other, (time > middle).astype(float), weight)
    expected = np.mean([brier_score(time, event, p, middle) for p in (one, other)])
    assert (bias + variance).mean() == pytest.approx(expected, rel=1e-12)


def test_where_half_of_the_patients_are_too_few_it_is_left_out(draw):
    cohort = draw(7, n=36)
    found = fuse(cohort.modalities, cohort.target, strategies=["early", "late"], folds=3,
                 inner_folds=3, repeats=1)  # fmt: skip
    assert "early" not in set(found.trade_off["strategy"])
    assert isinstance(found.trade_off, pd.DataFrame)
