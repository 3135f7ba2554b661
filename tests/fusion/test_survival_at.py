"""Survival of one patient by a time: calibrated, with an interval that holds the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import load_model, save_model
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import EarlyFusion, fuse, predict_patients
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.survival_at import follow_up, hazard_scores, survival_at
from napari_radiogenomics.statistics.survival import baseline_hazard

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


def test_intervals_hold_the_true_survival_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        link = rng.normal(size=120)
        own, censored = rng.exponential(np.exp(-link)), rng.exponential(2.0, 120)
        outcome = Outcome("survival", np.minimum(own, censored), own <= censored)
        hazard = baseline_hazard(outcome.values, outcome.event, link)
        said = survival_at(hazard_scores(outcome, link, hazard), np.array([0.0]), 0.7, level=0.9)
        assert said[0, 1] < said[0, 0] < said[0, 2]
        held.append(said[0, 1] <= np.exp(-0.7) <= said[0, 2])
    assert 0.84 <= np.mean(held) <= 0.96


def test_the_median_follow_up_is_that_of_the_censored():
    time = np.arange(1.0, 41.0)
    assert follow_up(Outcome("survival", time, np.ones(40, bool))) == 20.5
    event = np.arange(40) % 2 == 0
    # By hand: the times until censoring, with events as what cuts them off.
    free = np.cumprod([1 - (not e) / (40 - k) for k, e in enumerate(event)])
    assert follow_up(Outcome("survival", time, event)) == time[np.argmax(free <= 0.5)]


def test_each_patient_has_a_probability_at_a_time(draw, tmp_path):
    cohort = draw(2, n=90, kind="survival")
    found = fuse(cohort.modalities, cohort.target, strategies=["early"], **QUICK)
    table = found.patients("early")
    at = table.attrs["at"]
    time, event = (cohort.target[name].to_numpy() for name in ("time", "event"))
    assert at == follow_up(Outcome("survival", time, event))
    assert (table["survival_low"] <= table["survival"]).all()
    assert (table["survival"] <= table["survival_high"]).all()
    order = table[["link", "survival"]].corr("spearman").iloc[0, 1]
    assert order < -0.9
    model = EarlyFusion(inner_folds=3).fit(cohort.modalities, cohort.target)
    early, late = (predict_patients(model, cohort.modalities, at=t) for t in (at / 4, at))
    assert (early["survival"] > late["survival"]).all()
    assert early.attrs["at"] == at / 4
    save_model(model, tmp_path / "m.npz")
    again = predict_patients(load_model(tmp_path / "m.npz"), cohort.modalities, at=at)
    pd.testing.assert_frame_equal(again[["survival", "survival_low"]],
                                  late[["survival", "survival_low"]])  # fmt: skip
    with pytest.raises(InputError, match="at is 1e\\+09; it must lie above 0 and up to"):
        predict_patients(model, cohort.modalities, at=1e9)
