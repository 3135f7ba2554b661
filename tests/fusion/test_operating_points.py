"""Operating points: chosen in the inner folds, measured in patients left out, carried in files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import (
    LateFusion,
    fuse,
    load_model,
    model_card,
    predict_patients,
    save_model,
)
from napari_radiogenomics.fusion.models.model_file import _digest
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.metrics import wilson
from napari_radiogenomics.fusion.validation.operating_points import POINTS, points_of

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["late"]}


@pytest.fixture(scope="module")
def found(cohort, draw):
    other = draw(9)
    second = ({n: t.rename("X{}".format) for n, t in other.modalities.items()},
              other.target.rename("X{}".format))  # fmt: skip
    return second, fuse(cohort.modalities, cohort.target, external=second, **QUICK)


def test_points_are_those_of_the_roc_curve():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80).astype(float)
    link = np.round(1.2 * y + rng.normal(size=80), 1)
    found = points_of(Outcome("classification", y, np.ones(80, bool)), link)
    false, hit, _ = roc_curve(y, link, drop_intermediate=False)
    at = {name: (sigmoid(link) > value) for name, value in found.items()}
    sensitivity = {name: called[y == 1].mean() for name, called in at.items()}
    specificity = {name: (~called)[y == 0].mean() for name, called in at.items()}
    assert sensitivity["youden"] + specificity["youden"] - 1 == pytest.approx((hit - false).max())
    assert specificity["sensitive"] == pytest.approx(1 - false[hit >= 0.9].min())
    assert sensitivity["specific"] == pytest.approx(hit[1 - false >= 0.9].max())


def test_points_are_measured_in_patients_left_out(found):
    result = found[1]
    row = result.points[result.points["cohort"] == "left out"].set_index("point")
    assert list(row.index) == list(POINTS)
    # By hand: the thresholds hang on the fold, so that only their order can be held against all.
    assert row.loc["sensitive", "sensitivity"] >= row.loc["youden", "sensitivity"]
    assert row.loc["specific", "specificity"] >= row.loc["youden", "specificity"]
    assert 0.75 < row.loc["sensitive", "sensitivity"] < 1
    assert row.loc["youden", "sensitivity_low"] < row.loc["youden", "sensitivity"]


def test_the_external_cohort_is_called_by_the_final_threshold(found):
    (modalities, target), result = found
    row = result.points[result.points["cohort"] == "external"].set_index("point").loc["youden"]
    said = result.model("late").predict(modalities, threshold="youden")
    truth = target.reindex(result.model("late").patients_in(modalities)).to_numpy()
    event = truth == "mutated"
    called = said == "mutated"
    assert row["sensitivity"] == pytest.approx(called[event].mean())
    assert row["specificity"] == pytest.approx((~called)[~event].mean())
    assert row["ppv"] == pytest.approx(event[called].mean())
    low, high = wilson(row["sensitivity"], int(event.sum()))
    assert (row["sensitivity_low"], row["sensitivity_high"]) == pytest.approx((low, high))
    assert row["threshold"] == result.model("late").fitted_.points["youden"]


def test_a_file_carries_the_points_and_predicts_by_them(found, tmp_path):
    (modalities, _), result = found
    model = result.model("late")
    back = load_model(save_model(model, tmp_path / "m.npz"))
    assert back.fitted_.points == model.fitted_.points
    for point in (*POINTS, 0.3):
        np.testing.assert_array_equal(
            back.predict(modalities, threshold=point), model.predict(modalities, threshold=point)
        )
    table = predict_patients(back, modalities, threshold="specific")
    assert list(table["class"]) == list(back.predict(modalities, threshold="specific"))
    assert table.attrs["threshold"] == model.fitted_.points["specific"]
    card = (tmp_path / "m.md").read_text(encoding="utf-8")
    assert card == model_card(back)
    assert f"youden: called above {model.fitted_.points['youden']:.3f}" in card
    assert "- youden (left out): sensitivity" in card
    assert "- specific (external): sensitivity" in card


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points.update(youden=1.2),
        lambda points: points.update(youden=float("nan")),
        lambda points: points.pop("specific"),
        lambda points: points.update(mine=0.4),
    ],
)
def test_a_file_with_other_points_is_refused(found, tmp_path, change):
    path = save_model(found[1].model("late"), tmp_path / "m.npz")
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(bytes(arrays.pop("about")))
    change(about["model"]["map"]["points"]["map"])
    about["digest"] = _digest(about, arrays)
    np.savez(path, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    with pytest.raises(InputError, match="its thresholds are not those of its outcome"):
        load_model(path)


def test_thresholds_that_there_are_not_are_refused(found, draw):
    (modalities, _), result = found
    model = result.model("late")
    with pytest.raises(InputError, match='Did you mean "youden"'):
        model.predict(modalities, threshold="youdn")
    with pytest.raises(InputError, match="between 0 and 1"):
        predict_patients(model, modalities, threshold=1.0)
    numbers = draw(8, kind="regression")
    other = LateFusion(inner_folds=3).fit(numbers.modalities, numbers.target)
    assert other.fitted_.points == {}
    assert "class" not in predict_patients(other, numbers.modalities)


def test_predict_and_predict_patients_call_alike_unless_told_otherwise(draw):
    own = draw(3)
    rare = own.target.copy()
    rare[rare.index[rare == "mutated"][20:]] = "wildtype"
    tables = {"rna": own.modalities["rna"]}
    model = LateFusion(inner_folds=3).fit(tables, rare, event="mutated")
    said = model.predict(tables)
    assert list(said) == list(predict_patients(model, tables)["class"])
    assert list(said) == list(model.predict(tables, threshold=model.fitted_.points["youden"]))
    assert (said != model.predict(tables, threshold=0.5)).any()
