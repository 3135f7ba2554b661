"""Models that answer alike for almost everybody are as unsure as their patients are few."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.intervals import Held
from napari_radiogenomics.fusion.validation.measures import main_measure
from napari_radiogenomics.fusion.validation.tied import (
    least_variance_of_area,
    least_variance_of_pairs,
    null_variance,
)
from napari_radiogenomics.statistics.roc import area_under_curve
from napari_radiogenomics.statistics.survival import concordance


def _classes(y):
    return Outcome("classification", y.astype(float), np.ones(len(y), bool))


def _before(time, event):
    return (event[:, None] & (time[:, None] < time)).astype(float)


def test_a_constant_prediction_has_the_interval_of_an_order_by_chance():
    y = np.repeat([1.0, 0], [12, 18])
    found = main_measure(_classes(y), [Held(0, np.arange(30), np.zeros(30))])
    reach = norm.ppf(0.975) * np.sqrt(31 / (12 * 12 * 18))
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - reach, 0.5 + reach))


def test_the_variance_of_a_concordance_by_chance_is_that_of_permutations():
    rng = np.random.default_rng(3)
    time, event = rng.exponential(size=25), rng.random(25) < 0.6
    drawn = [concordance(time, event, rng.permutation(25)).value for _ in range(4000)]
    assert null_variance(_before(time, event)) == pytest.approx(np.var(drawn), rel=0.08)
    y = rng.integers(0, 2, 25).astype(float)
    pairs = y[:, None] * (1 - y)
    expected = least_variance_of_area(y, np.zeros(25))
    assert null_variance(pairs) == pytest.approx(expected)
    assert least_variance_of_pairs(pairs, np.zeros(25)) == pytest.approx(expected)


def test_constant_risks_have_no_sure_concordance():
    rng = np.random.default_rng(4)
    time, event = rng.exponential(size=30), rng.random(30) < 0.6
    found = main_measure(Outcome("survival", time, event), [Held(0, np.arange(30), np.ones(30))])
    assert found.value == 0.5
    reach = norm.ppf(0.975) * np.sqrt(null_variance(_before(time, event)))
    assert found.high - found.value == pytest.approx(reach)


@pytest.mark.parametrize("levels", [2, 30])
def test_nothing_is_added_to_predictions_that_are_apart(levels):
    rng = np.random.default_rng(5)
    y = np.repeat([1.0, 0], [30, 30])
    link = y + rng.normal(size=60) if levels > 2 else np.r_[np.arange(30) < 20, np.arange(30) < 8]
    found = main_measure(_classes(y), [Held(0, np.arange(60), link.astype(float))])
    area = area_under_curve(y, link)
    assert (found.low, found.high) == pytest.approx((area.low, area.high))


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("share", [0.1, 0.2])
def test_intervals_of_models_that_are_constant_in_most_folds_hold_the_truth(share, strength):
    """A signal that is found in a few folds alone: DeLong's interval holds it in 27 to 58 %."""
    rng = np.random.default_rng(1)
    truth = 0.5 + share * (norm.cdf(strength / 2**0.5) - 0.5)
    held = 0
    for _ in range(200):
        y = (rng.permutation(90) < 36).astype(float)
        folds = []
        for rows in np.array_split(rng.permutation(90), 5):
            link = strength * y[rows] + rng.normal(size=len(rows))
            folds.append(Held(0, rows, link if rng.random() < share else np.zeros(len(rows))))
        found = main_measure(_classes(y), folds)
        held += found.low <= truth <= found.high
    assert held >= 200 * 0.9
