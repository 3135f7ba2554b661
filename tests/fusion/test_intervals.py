"""Intervals hold what they are of, within their bounds, and are as wide as the patients say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.fusion import fuse
from napari_radiogenomics.fusion.advice import _more_patients
from napari_radiogenomics.fusion.models.calibration import calibration_line
from napari_radiogenomics.fusion.outcome import Outcome, outcome_of
from napari_radiogenomics.fusion.validation import drawn_times
from napari_radiogenomics.fusion.validation.final import _moved
from napari_radiogenomics.fusion.validation.intervals import Held
from napari_radiogenomics.fusion.validation.measures import main_measure, measures
from napari_radiogenomics.fusion.validation.paired import Paired
from napari_radiogenomics.statistics.cox import fit_cox
from napari_radiogenomics.statistics.roc import compare_areas
from napari_radiogenomics.statistics.survival import (
    Steps,
    area_at,
    brier_score,
    predicted_survival,
)

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


def _two_models(rng, n=90):
    y = rng.integers(0, 2, n).astype(float)
    good, weak = (strength * y + rng.normal(size=n) for strength in (1.0, 0.4))
    numbers = rng.permutation(np.arange(n) % 3)
    folds = [np.flatnonzero(numbers == fold) for fold in range(3)]
    held = [[Held(0, rows, link[rows]) for rows in folds] for link in (good, weak)]
    return Outcome("classification", y, np.ones(n, bool)), held, (good, weak)


def test_in_one_fold_the_interval_is_delongs():
    outcome, _, (good, weak) = _two_models(np.random.default_rng(0))
    rows = np.arange(90)
    halves = [[Held(0, rows, link), Held(1, rows, link)] for link in (good, weak)]
    mean, low, high, p = Paired(outcome, 0.5)(*halves)
    z, expected = compare_areas(outcome.values, good, weak)
    assert (high - low) / 2 / 1.959964 == pytest.approx(mean / z, rel=0.03)
    assert p == pytest.approx(expected, rel=0.1)


def test_differences_of_few_folds_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    expected = 0.7602 - 0.6114  # normal areas of 1 and 0.4 standard deviations
    held = 0
    for _ in range(150):
        outcome, folds, _ = _two_models(rng)
        _, low, high, _ = Paired(outcome, 0.5)(*folds)
        held += low <= expected <= high
    assert held >= 150 * 0.92


def test_the_intervals_of_r_squared_hold_it_below_zero_too():
    rng = np.random.default_rng(2)
    y = rng.normal(size=60)
    outcome = Outcome("regression", y, np.ones(60, bool))
    for scale in (0.0, 1.0, 3.0):
        found = main_measure(outcome, [Held(0, np.arange(60), scale * rng.normal(size=60))])
        assert found.low <= found.value <= found.high <= 1
    assert found.value < -1


@pytest.mark.parametrize(("value", "low", "high", "to"), [(0.85, 0.7, 1, 0.93), (0.99, 0.95, 1, 1)])
def test_corrected_areas_stay_below_one(value, low, high, to):
    ends = _moved("classification", value, pd.Series([low, high]), to)
    assert 0 <= ends[0] < to <= ends[1] <= 1
    assert ends[0] > 0.7


def test_bootstrap_intervals_lie_within_zero_and_one(draw):
    cohort = draw(4, n=80, strength=2.5)
    found = fuse(cohort.modalities, cohort.target, scheme="bootstrap632", strategies=["early"],
                 **{**QUICK, "repeats": 4})  # fmt: skip
    row = found.table.loc["early"]
    assert 0 <= row["auc_low"] <= row["auc"] <= row["auc_high"] <= 1


@pytest.mark.parametrize(
    ("last", "gain", "word"),
    [
        ((0.52, 0.41), (-0.05, 0.2), "nothing above chance"),
        ((0.75, 0.65), (-0.02, 0.12), "cannot be told"),
        ((0.75, 0.65), (-0.02, 0.01), "help little"),
        ((0.75, 0.65), (0.01, 0.09), "more patients would help"),
    ],
)
def test_more_patients_are_advised_where_that_is_sure(last, gain, word):
    rows = [(45, 0.70, 0.6, 0.8, 0.05, *gain), (60, *last, 0.9, np.nan, np.nan, np.nan)]
    columns = ["patients", "value", "low", "high", "gain", "gain_low", "gain_high"]
    [said] = _more_patients("classification", "auc", pd.DataFrame(rows, columns=columns))
    assert word in said


def test_the_other_class_as_the_event_deals_the_same_folds_and_has_the_same_area(draw):
    cohort = draw(9, n=70)
    found = [
        fuse(cohort.modalities, cohort.target, event=event, strategies=["early", "late"], **QUICK)
        for event in ("mutated", "wildtype")
    ]
    one, other = (part.predictions.set_index("strategy") for part in found)
    assert (one["patient_id"] == other["patient_id"]).all()
    assert (one["fold"] == other["fold"]).all()
    np.testing.assert_allclose(found[0].table["auc"], found[1].table["auc"], atol=1e-9)


def test_strata_do_not_hang_on_the_coding():
    y = pd.Series(list("abba"), list("wxyz"))
    y = pd.concat([y.add_prefix(f"{k}") for k in range(5)])
    strata = [outcome_of(y, event=event)[0].strata().tolist() for event in "ab"]
    assert strata[0] == strata[1]


_GRID = np.linspace(0.005, 20, 4000)
HAZARD = Steps(_GRID, _GRID, 0.0)
OF_TIMES = ("auc_at_median", "integrated_brier", "calibration_slope")


def _times(rng, n=90, folds=3):
    """Exponential times whose log hazard is 0.9 of the prediction, a third of them censored."""
    link = rng.normal(size=n)
    time, last = rng.exponential(np.exp(-0.9 * link)), rng.exponential(2.0, n)
    outcome = Outcome("survival", np.minimum(time, last) + 1e-4, time <= last)
    numbers = rng.permutation(np.arange(n) % folds)
    places = [np.flatnonzero(numbers == fold) for fold in range(folds)]
    return outcome, [Held(0, rows, link[rows], HAZARD) for rows in places], link


def test_all_draws_at_once_are_each_draw_by_itself():
    rng = np.random.default_rng(3)
    outcome, folds, link = _times(rng, 60, 1)
    fold = drawn_times._sorted(outcome, folds[0])
    counts = np.vstack([np.ones(60), rng.multinomial(60, np.full(60, 1 / 60), 20)])
    found = drawn_times._in_draws([(0, fold)], counts, 0.5)
    grid = np.linspace(0, np.quantile(outcome.values, 0.8), 26)[1:]
    for at, drawn in enumerate(counts.astype(int)):
        rows = np.repeat(np.arange(60), drawn)
        own = outcome.take(rows)
        area = area_at(own.values, own.event, link[rows], 0.5)
        alive = [predicted_survival(HAZARD, link[rows], t) for t in grid]
        brier = np.mean([brier_score(own.values, own.event, s, t)
                         for s, t in zip(alive, grid, strict=True)])  # fmt: skip
        slope = calibration_line(own, link[rows]).slope
        told = [found[name][0][at] for name in OF_TIMES]
        assert told == pytest.approx([area, brier, slope], rel=1e-6)


def test_the_slope_of_a_repeat_is_that_of_a_cox_regression_with_folds_as_strata():
    outcome, folds, link = _times(np.random.default_rng(4))
    strata = np.zeros(90)
    for number, fold in enumerate(folds):
        strata[fold.rows] = number
    expected = fit_cox(outcome.values, outcome.event, link[:, None], strata=strata).coefficients[0]
    found = measures(outcome, folds, seed=0)["calibration_slope"]
    assert found.value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("folds", [3, 1])
def test_intervals_of_survival_hold_the_truth_as_often_as_they_say(folds):
    """150 cohorts of 90 patients; one fold is an external cohort.

    The slope is 0.9 by the making, and the others are what they are on average.
    """
    rng = np.random.default_rng(5)
    rows = [measures(*_times(rng, 90, folds)[:2], seed=0) for _ in range(150)]
    for name in OF_TIMES:
        value, low, high = np.array([(r[name].value, r[name].low, r[name].high) for r in rows]).T
        truth = 0.9 if name == "calibration_slope" else value.mean()
        assert 0.9 <= ((low <= truth) & (truth <= high)).mean() <= 0.99, name
        # No wider than what the values themselves vary by.
        assert np.mean(high - low) < 1.25 * 2 * 1.96 * value.std(), name


def test_a_measure_over_time_that_cannot_be_told_is_told_as_that():
    outcome, folds, _ = _times(np.random.default_rng(6), 40, 1)
    flat = [Held(0, folds[0].rows, np.zeros(40))]
    found = measures(outcome, flat, seed=0)
    assert np.isnan([found["integrated_brier"].value, found["calibration_slope"].value]).all()
    assert found["auc_at_median"].value == found["auc_at_median"].low == 0.5
    nobody = [Held(0, folds[0].rows, np.full(40, np.nan))]
    assert all(np.isnan(measures(outcome, nobody, seed=0)[name].value) for name in OF_TIMES)
