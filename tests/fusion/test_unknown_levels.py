"""Groups of new patients that the training did not know are told, and what they count as."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import predict_patients
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import EarlyFusion, fuse, load_model, save_model

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["early"]}


def _tables(seed, start):
    rng = np.random.default_rng(seed)
    ids = [f"{start}{n:03d}" for n in range(80)]
    sex = pd.Series(np.where(rng.random(80) < 0.5, "F", "M"), ids)
    y = pd.Series(np.where((sex == "F") ^ (rng.random(80) < 0.1), "a", "b"), ids, name="y")
    stage = rng.choice(["I", "II", "III"], 80)
    clinical = pd.DataFrame({"age": rng.normal(60, 9, 80), "sex": sex, "stage": stage}, ids)
    imaging = pd.DataFrame(rng.normal(size=(80, 4)), ids).add_prefix("f")
    return {"clinical": clinical, "imaging": imaging}, y


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    tables, y = _tables(0, "A")
    fitted = EarlyFusion(inner_folds=3).fit(tables, y)
    return load_model(save_model(fitted, tmp_path_factory.mktemp("m") / "early.npz"))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("sex", "male", r'sex is "male" in 80 patients, which no training .*\(F, M\): .* as F\.'),
        ("sex", None, "sex is not known of 80 patients, .* they count as F"),
        ("sex", " ", "sex is not known of 80 patients"),
        ("stage", "IV", r'stage is "IV" .*\(I, II, III\): they count as none of them'),
    ],
)
def test_groups_that_the_training_did_not_know_are_told(model, column, value, told):
    tables, _ = _tables(1, "B")
    tables["clinical"][column] = value
    with pytest.warns(DataWarning, match=told):
        predict_patients(model, tables)


def test_known_groups_are_not_told_and_another_spelling_of_a_second_cohort_is(model):
    tables, y = _tables(1, "B")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        predict_patients(model, tables)
    spelled = tables["clinical"].replace({"sex": {"F": "female", "M": "male"}})
    first, target = _tables(0, "A")
    with pytest.warns(DataWarning, match='sex is "male", "female" in|sex is "female", "male" in'):
        found = fuse(first, target, external=({**tables, "clinical": spelled}, y), **QUICK)
    assert any("no training patient had (F, M)" in text for text in found.warnings)


def test_blank_events_are_not_taken_for_patients_who_are_not_there():
    tables, _ = _tables(0, "A")
    rng = np.random.default_rng(3)
    ids = tables["imaging"].index
    event = pd.Series(np.where(rng.random(80) < 0.6, 1.0, np.nan), ids)
    times = pd.DataFrame({"time": rng.exponential(10, 80), "event": event}, ids)
    with pytest.raises(InputError, match="have a time and no event, and nobody is censored.*Write"):
        fuse(tables, times, **QUICK)
    assert len(fuse(tables, times.fillna({"event": 0.0}), **QUICK).patients()) == 80
