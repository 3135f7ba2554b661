"""Models that travel: the same answers, no code run, and no changed file is believed."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import (
    EarlyFusion,
    HybridFusion,
    LateFusion,
    SingleModality,
    explain,
    fuse,
    load_model,
    model_card,
    predict_patients,
    save_model,
)
from napari_radiogenomics.fusion.models.model_file import _digest


@pytest.fixture(scope="module")
def saved(cohort, tmp_path_factory):
    model = LateFusion(inner_folds=3).fit(cohort.modalities, cohort.target, cohort.sites)
    return model, save_model(model, tmp_path_factory.mktemp("model") / "late.npz")


@pytest.mark.parametrize(
    "model",
    [
        EarlyFusion(inner_folds=3),
        HybridFusion(inner_folds=3, components="pls", n_components=2),
        LateFusion(inner_folds=3, learner="forest", learner_settings={"trees": 10}),
        SingleModality("volume", inner_folds=3, learner="boosting", learner_settings={"trees": 9}),
    ],
)
@pytest.mark.parametrize("kind", ["classification", "survival"])
def test_a_model_answers_the_same_after_a_journey(model, kind, draw, tmp_path):
    cohort = draw(3, kind=kind)
    model.fit(cohort.modalities, cohort.target, cohort.sites)
    back = load_model(save_model(model, tmp_path / "model.npz"))
    for answer in (
        lambda m: m.decision_function(cohort.modalities, cohort.sites),
        lambda m: explain(m, cohort.modalities, cohort.sites)["contribution"],
        lambda m: predict_patients(m, cohort.modalities, cohort.sites)["link"],
    ):
        np.testing.assert_array_equal(answer(model), answer(back))
    if kind == "classification":
        assert list(back.predict(cohort.modalities, cohort.sites)) == list(
            model.predict(cohort.modalities, cohort.sites)
        )


def test_the_file_holds_no_code_and_no_patient(saved, cohort):
    _, path = saved
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(bytes(file["about"]))
        assert all(not file[name].dtype.hasobject for name in file.files)
    text = json.dumps(about)
    assert about["versions"]["scikit-learn"]
    assert not [name for name in cohort.target.index if name in text]


def test_the_card_says_what_the_model_is(saved, cohort):
    card = saved[1].with_suffix(".md").read_text()
    for words in ("120 patients", "site A", "EGFR", "No validation was given", "late"):
        assert words.lower() in card.lower()
    found = fuse(
        cohort.modalities, cohort.target, strategies=["late"], folds=3, inner_folds=3, repeats=1,
        thorough=False,
    )  # fmt: skip
    assert f"AUC {found.table.loc['late', 'auc']:.3f}" in model_card(found.model(), found)


def _rewrite(path, target, change):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(bytes(arrays.pop("about")))
    change(about, arrays)
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(target, about=text, **arrays)
    return target


def _signed(change):
    """A change by somebody who makes the digest anew."""

    def both(about, arrays):
        change(about, arrays)
        about["digest"] = _digest(about, arrays)

    return both


def _first_expert(about):
    return about["model"]["map"]["experts"][0]["map"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about, arrays: arrays.update(a0=arrays["a0"] + 1), "it was changed or cut off"),
        (lambda about, arrays: about.update(strategy="x"), "it was changed or cut off"),
        (lambda about, arrays: about.update(schema="pixel classifier"), "nothing of a fusion"),
        (lambda about, arrays: about.update(version=99), "of version 99, and version 2 can be"),
        (lambda about, arrays: about.update(version=1), "an older napari-radiogenomics wrote it"),
        (_signed(lambda about, arrays: about.pop("model")), "damaged"),
        (_signed(lambda about, arrays: about["model"]["map"].update(experts=[])), "fit together"),
        (_signed(lambda about, arrays: about["model"]["map"].update(kind="x")), "is not known"),
        (
            _signed(
                lambda about, arrays: _first_expert(about)["views"][0]["map"].update(
                    preparation="pickle"
                )
            ),
            "Unknown preparation",
        ),
        (
            _signed(
                lambda about, arrays: _first_expert(about)["predictor"]["map"].update(
                    coefficients=[1.0]
                )
            ),
            "do not fit",
        ),
    ],
)
def test_changed_files_are_refused(saved, tmp_path, change, words):
    path = _rewrite(saved[1], tmp_path / "changed.npz", change)
    with pytest.raises(InputError, match=words):
        load_model(path)


def test_files_that_are_no_models_are_refused(saved, tmp_path):
    (tmp_path / "text.npz").write_text("no model")
    (tmp_path / "cut.npz").write_bytes(saved[1].read_bytes()[:900])
    np.savez(tmp_path / "other.npz", values=np.arange(3))
    objects = np.array([{"a": 1}], object)
    np.savez(tmp_path / "pickle.npz", about=objects)
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    for name in ("text", "cut", "other", "pickle", "empty", "absent"):
        with pytest.raises(InputError, match="no model that can be used|does not exist"):
            load_model(tmp_path / f"{name}.npz")
    with pytest.raises(InputError, match="is a folder. Name the file of the model in it"):
        load_model(tmp_path)


def test_trees_that_lead_nowhere_are_refused(cohort, tmp_path):
    model = SingleModality("rna", learner="forest", learner_settings={"trees": 5}, inner_folds=3)
    path = save_model(model.fit(cohort.modalities, cohort.target), tmp_path / "a.npz")

    def loop(about, arrays):
        left = _first_expert(about)["predictor"]["map"]["left"]["array"]
        arrays[left] = np.zeros_like(arrays[left])

    with pytest.raises(InputError, match="trees do not fit together"):
        load_model(_rewrite(path, tmp_path / "b.npz", _signed(loop)))


def test_a_model_from_a_file_is_not_fitted_again(saved, cohort):
    with pytest.raises(InputError, match="not fitted again"):
        load_model(saved[1]).fit(cohort.modalities, cohort.target)


def test_wrong_names_are_refused(saved, tmp_path):
    with pytest.raises(InputError, match=r"End it with \.npz"):
        save_model(saved[0], tmp_path / "model.pkl")
    with pytest.raises(InputError, match="does not exist"):
        save_model(saved[0], tmp_path / "no" / "model.npz")
