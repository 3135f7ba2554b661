"""Clinical columns as numbers: frozen at the fit, imputed inside folds, never silently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from napari_radiogenomics import ClinicalEncoder
from napari_radiogenomics.errors import DataWarning, InputError


def table() -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": [f"P{i}" for i in range(8)],
        "age": ["50", "60", "n/a", "70", "80", "-9", "60", "65"],
        "stage": ["I", "II", "III", "II", "unknown", "I", "II", "III"],
        "smoking": ["never", "never", "current", "former", "never", "", "current", "never"],
        "side": ["left", "right", "right", "left", "right", "right", "?", "right"],
        "scan": ["2024-01-01", "2024-01-11", "2024-01-21", "", "2024-02-01", "2024-01-01",
                 "2024-01-11", "2024-01-21"],
        "note": ["seen in clinic with his wife today"] * 8,
    })  # fmt: skip


def test_every_kind_becomes_numbers() -> None:
    encoder = ClinicalEncoder()
    found = encoder.fit_transform(table())
    assert list(found.columns) == list(encoder.get_feature_names_out())
    assert list(found.columns) == [
        "age", "age_missing", "stage", "stage_missing", "smoking", "smoking_missing",
        "side=right", "side_missing", "scan_days", "scan_missing",
    ]  # fmt: skip
    assert found["age"].tolist() == [50, 60, 62.5, 70, 80, 62.5, 60, 65]
    assert found["age_missing"].tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert found["stage"].tolist() == [0, 1, 2, 1, 1, 0, 1, 2]
    assert found["side=right"].tolist() == [0, 1, 1, 0, 1, 1, 1, 1]  # the commonest is filled in
    assert found["scan_days"].tolist() == [0, 10, 20, 10, 31, 0, 10, 20]
    assert encoder.left_out_ == ("patient_id", "note")
    plain = ClinicalEncoder(impute="none", indicators=False, drop_first=False)
    raw = plain.fit_transform(table())
    assert {"side=left", "side=right"} <= set(raw)
    assert raw["age"].isna().tolist() == [False, False, True, False, False, True, False, False]
    assert raw["side=left"].isna().tolist() == [False] * 6 + [True, False]


def test_what_is_learned_comes_from_the_training_patients_alone() -> None:
    train, test = table().head(6), table().tail(2).copy()
    encoder = ClinicalEncoder().fit(train)
    before = encoder.transform(train)
    test["age"], test["side"] = ["n/a", "1000"], "left"
    one = encoder.transform(test)
    assert one["age"].tolist() == [65, 1000]  # the median of 50, 60, 70, 80
    pd.testing.assert_frame_equal(encoder.transform(train), before)
    single = encoder.transform(test.head(1))  # nothing hangs on who else is asked
    pd.testing.assert_frame_equal(single, one.head(1))
    code = table().head(1).assign(age="-9")  # a code of the fit is one for a single patient too
    assert encoder.transform(code)["age_missing"].tolist() == [1]


def test_new_levels_are_refused_or_missing_as_asked() -> None:
    train = table()
    new = table().head(2).assign(stage=["IV", "I"])
    with pytest.raises(InputError, match=r'"stage" has the level "IV", which did not occur'):
        ClinicalEncoder().fit(train).transform(new)
    found = ClinicalEncoder(unseen="missing").fit(train).transform(new)
    assert found["stage_missing"].tolist() == [1, 0]
    frozen = ClinicalEncoder(types={"stage": ["I", "II", "III", "IV"]}).fit(train)
    assert frozen.transform(new)["stage"].tolist() == [3, 0]


def test_a_gap_that_the_training_did_not_have_is_said() -> None:
    train = table().assign(age=range(40, 48))
    encoder = ClinicalEncoder().fit(train)
    with pytest.warns(DataWarning, match='"age" is missing in 1 new patients'):
        encoder.transform(table().head(3).assign(age=["40", "41", "n/a"]))


def test_dates_are_read_as_at_the_fit() -> None:
    train = pd.DataFrame({"scan": ["13/1/2024", "1/2/2024", "3/2/2024"]})
    encoder = ClinicalEncoder().fit(train)  # day before month, as the first one tells
    assert encoder.transform(pd.DataFrame({"scan": ["2/2/2024"]})).iloc[0, 0] == 20
    assert encoder.transform(pd.DataFrame({"scan": ["1/3/2024"]})).iloc[0, 0] == 48


def test_it_works_in_folds_without_leaking() -> None:
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame({
        "age": np.where(rng.random(n) < 0.3, "n/a", rng.integers(40, 80, n).astype(str)),
        "stage": rng.choice(["I", "II", "III"], n),
        "side": rng.choice(["left", "right"], n),
    })  # fmt: skip
    outcome = rng.integers(0, 2, n)
    model = make_pipeline(ClinicalEncoder(), LogisticRegression(max_iter=500))
    scores = cross_val_score(model, frame, outcome, cv=5, scoring="roc_auc")
    assert np.isfinite(scores).all()
    assert abs(scores.mean() - 0.5) < 0.2
    encoder = ClinicalEncoder(impute="none", types={"side": "nominal"})
    assert clone(encoder).get_params() == encoder.get_params()
    with pytest.raises(Exception, match="not fitted"):
        encoder.transform(frame)


@pytest.mark.parametrize(
    ("settings", "frame", "message"),
    [
        ({"impute": "mean"}, table(), 'impute is "median" or "none"'),
        ({"unseen": "ignore"}, table(), 'unseen is "refuse" or "missing"'),
        ({}, table()[["patient_id", "note"]], "nothing to encode"),
        ({}, table().assign(crp=None), '"crp" holds nothing in the 8 training patients'),
    ],
)
def test_wrong_settings_are_refused(settings: dict, frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ClinicalEncoder(**settings).fit(frame)


def test_a_lost_column_is_named() -> None:
    encoder = ClinicalEncoder().fit(table())
    with pytest.raises(InputError, match='"age" of the fit is missing'):
        encoder.transform(table().drop(columns="age"))
