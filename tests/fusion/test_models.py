"""Fusion models: what they learn, and what they do where a modality is missing."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import (
    Baseline,
    CooperativeFusion,
    EarlyFusion,
    HybridFusion,
    LateFusion,
    SingleModality,
)
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.preparation import PREPARATIONS
from napari_radiogenomics.fusion.strategy import STRATEGIES
from napari_radiogenomics.statistics.survival import concordance

MODELS = {
    "early": EarlyFusion(inner_folds=3),
    "late": LateFusion(inner_folds=3),
    "stacked": LateFusion(inner_folds=3, combine="stack"),
    "pca": HybridFusion(inner_folds=3, n_components=5),
    "pls": HybridFusion(inner_folds=3, components="pls", n_components=2),
    "supervised": HybridFusion(inner_folds=3, components="supervised", n_components=2),
    "cooperative": CooperativeFusion(inner_folds=3),
}


@pytest.fixture(scope="module")
def halves(cohort):
    """Patients to learn from, and others."""
    first = cohort.target.index[:80]
    learn = {name: frame.loc[first] for name, frame in cohort.modalities.items()}
    test = {name: frame.drop(first) for name, frame in cohort.modalities.items()}
    return learn, cohort.target.loc[first], test, cohort.target.drop(first)


@pytest.mark.parametrize("name", MODELS)
def test_every_fusion_finds_the_planted_story(name, halves):
    learn, y, test, truth = halves
    model = clone(MODELS[name]).fit(learn, y)
    p = model.predict_proba(test)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert roc_auc_score(truth == "mutated", p[:, 1]) > 0.75
    assert set(model.predict(test)) <= {"mutated", "wildtype"}


@pytest.mark.parametrize("learner", LEARNERS.names())
@pytest.mark.parametrize("kind", ["classification", "regression", "survival"])
def test_every_learner_predicts_every_kind(learner, kind, draw):
    cohort = draw(1, kind=kind, n=130)
    first = cohort.target.index[:90]
    rna = {"rna": cohort.modalities["rna"].loc[first]}
    settings = {"trees": 30} if learner in ("forest", "boosting") else None
    model = SingleModality("rna", learner=learner, learner_settings=settings, inner_folds=3)
    model.fit(rna, cohort.target.loc[first])
    truth = cohort.target.drop(first)
    link = model.decision_function({"rna": cohort.modalities["rna"].drop(first)})
    if kind == "survival":
        assert concordance(truth["time"], truth["event"], link).value > 0.6
    elif kind == "regression":
        assert np.corrcoef(truth, link)[0, 1] > 0.4
    else:
        assert roc_auc_score(truth == "mutated", link) > 0.65


def test_late_fusion_answers_from_whatever_there_is(halves):
    learn, y, test, _ = halves
    sparse = {**learn, "rna": learn["rna"].iloc[:50]}
    model = LateFusion(inner_folds=3).fit(sparse, y)
    whole, half = model.predict_proba(test), {"imaging": test["imaging"]}
    with pytest.warns(DataWarning, match='There is no "rna"'):
        alone = model.predict_proba(half)
    assert np.isfinite(whole).all()
    assert np.isfinite(alone).all()
    assert not np.allclose(whole, alone)


def test_early_fusion_learns_each_pattern_and_invents_nothing(halves):
    learn, y, test, _ = halves
    model = EarlyFusion(inner_folds=3, modalities=("imaging", "rna"))
    complete = model.fit(learn, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        lone = {"imaging": test["imaging"]}
        assert np.isnan(complete.decision_function(lone)).all()
        with pytest.raises(InputError, match="nothing that the model can use"):
            complete.predict(lone)
        sparse = model.fit({**learn, "rna": learn["rna"].iloc[:50]}, y)
        assert [list(e.views) for e in sparse.fitted_.experts] == [["imaging", "rna"], ["imaging"]]
        found = sparse.decision_function(lone)
    assert np.isfinite(found).all()
    # The answer is that of the model without the modality, not of its mean.
    single = SingleModality("imaging", inner_folds=3).fit(learn, y)
    np.testing.assert_allclose(found, single.decision_function(lone), rtol=1e-6)


def test_a_row_without_values_is_a_missing_modality(halves):
    learn, y, test, _ = halves
    model = LateFusion(inner_folds=3).fit(learn, y)
    gone = test["rna"].copy()
    gone.iloc[0] = np.nan
    blank, left = {**test, "rna": gone}, {**test, "rna": test["rna"].iloc[1:]}
    first = model.decision_function(blank)[0]
    names = list(model.patients_in(left))
    assert first == model.decision_function(left)[names.index(test["rna"].index[0])]


def test_missing_columns_are_named_with_what_they_cost(halves):
    learn, y, test, _ = halves
    model = SingleModality("rna", inner_folds=3).fit(learn, y)
    with pytest.warns(DataWarning, match=r"1 of 30 columns .*\(g0\).* \d+% of what the model"):
        model.predict_proba({"rna": test["rna"].drop(columns="g0")})
    with pytest.warns(DataWarning, match="counts as not there"):
        few = model.decision_function({"rna": test["rna"].iloc[:, :5]})
    assert np.isnan(few).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        more = test["rna"].assign(unknown=1.0)[["unknown", *test["rna"].columns[::-1]]]
        np.testing.assert_array_equal(
            model.predict_proba({"rna": more}), model.predict_proba({"rna": test["rna"]})
        )


def test_the_baseline_is_clinical_facts_and_volume(cohort):
    model = Baseline(inner_folds=3).fit(cohort.modalities, cohort.target)
    (expert,) = model.fitted_.experts
    assert list(expert.views) == ["clinical", "volume"]
    assert expert.views["clinical"].names == ["age", "sex=M"]


def test_sites_are_harmonized_inside(cohort):
    shifted = cohort.modalities["imaging"].copy()
    shifted.loc[cohort.sites == "B"] += 20.0
    tables = {"imaging": shifted}
    still = SingleModality("imaging", inner_folds=3)
    model = still.fit(tables, cohort.target, cohort.sites)
    view = model.fitted_.experts[0].views["imaging"]
    from napari_radiogenomics.fusion.models.model import new_tables

    matrix = view.matrix(new_tables(tables, cohort.sites))
    means = [matrix[(cohort.sites == site).to_numpy()].mean(axis=0) for site in "ABC"]
    assert np.ptp(means, axis=0).max() < 0.35
    # Alone, a patient of a known site gets the same answer as among others.
    lone = {"imaging": shifted.iloc[:1]}
    many = model.decision_function(tables, cohort.sites)[0]
    assert model.decision_function(lone, cohort.sites)[0] == pytest.approx(many, rel=1e-12)
    with pytest.warns(DataWarning, match="could not be harmonized"):
        model.decision_function(lone, cohort.sites.replace({"A": "Z", "B": "Z", "C": "Z"}))


def test_counts_are_prepared_by_frozen_factors():
    rng = np.random.default_rng(0)
    ids = [f"P{n}" for n in range(60)]
    depth = rng.uniform(0.3, 3, 60)
    y = pd.Series(rng.integers(0, 2, 60), ids)
    mean = rng.uniform(20, 400, 40) * np.exp(np.where(np.arange(40) < 6, y.to_numpy()[:, None], 0))
    counts = pd.DataFrame(rng.poisson(mean * depth[:, None]), ids).add_prefix("G")
    model = SingleModality("rna", inner_folds=3).fit({"rna": counts}, y)
    deep = model.decision_function({"rna": counts * 7})
    np.testing.assert_allclose(deep, model.decision_function({"rna": counts}), atol=0.15)
    sets = {"up": [f"G{n}" for n in range(6)], "rest": [f"G{n}" for n in range(20, 30)]}
    rna = {"rna": {"method": "expression", "gene_sets": sets}}
    scored = SingleModality("rna", inner_folds=3, preparations=rna).fit({"rna": counts}, y)
    assert scored.fitted_.experts[0].views["rna"].names == ["up", "rest"]
    assert roc_auc_score(y, scored.decision_function({"rna": counts})) > 0.9


def test_unstable_and_repeated_features_are_left_out(cohort):
    imaging = cohort.modalities["imaging"].assign(twin=lambda table: table["f7"] * 3 + 1)
    wish = {"method": "imaging", "icc": {"f0": 0.2, "f1": 0.9}, "min_icc": 0.75}
    model = SingleModality("imaging", inner_folds=3, preparations={"imaging": wish})
    view = model.fit({"imaging": imaging}, cohort.target).fitted_.experts[0].views["imaging"]
    assert "f0" not in view.names
    assert "f1" in view.names
    assert ("twin" in view.names) != ("f7" in view.names)


def test_clinical_facts_keep_their_levels_and_tell_what_is_missing(cohort):
    clinical = cohort.modalities["clinical"].copy()
    clinical["stage"] = pd.Series(["I", "II", "III"] * 40, clinical.index)
    clinical.iloc[:30, clinical.columns.get_loc("age")] = np.nan
    clinical["note"] = [f"text {n}" for n in range(120)]
    model = SingleModality("clinical", inner_folds=3).fit({"clinical": clinical}, cohort.target)
    names = model.fitted_.experts[0].views["clinical"].names
    assert names == ["age", "age_missing", "sex=M", "stage=I", "stage=II", "stage=III"]
    new = clinical.assign(stage="IV").iloc[:3]
    with pytest.warns(DataWarning, match='stage is "IV" in 3 patients'):
        assert np.isfinite(model.decision_function({"clinical": new})).all()


@pytest.mark.parametrize("registry", [LEARNERS, PREPARATIONS, STRATEGIES])
def test_every_entry_says_what_it_is(registry):
    for entry in registry:
        assert entry.title
        assert entry.meaning.endswith(".")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (EarlyFusion(learner="forrest"), 'Did you mean "forest"'),
        (EarlyFusion(learner_settings={"l1_ration": 1}), 'Did you mean "l1_ratio"'),
        (EarlyFusion(block_scaling="equl"), 'Did you mean "equal"'),
        (EarlyFusion(preparations={"rna": "expresion"}), 'Did you mean "expression"'),
        (EarlyFusion(preparations={"mrna": "expression"}), 'no modality "mrna"'),
        (EarlyFusion(modalities=("imagin",)), 'Did you mean "imaging"'),
        (LateFusion(combine="vote"), '"mean" or "stack"'),
        (HybridFusion(components="ica"), "pca, pls, supervised, mofa"),
        (HybridFusion(n_components=0), "1 or more"),
        (CooperativeFusion(learner="svm"), 'Use learner="linear"'),
        (CooperativeFusion(rho=-1), "0 or more"),
        (SingleModality("genes"), 'no modality "genes"'),
        (EarlyFusion(inner_folds=1), "at least 2 folds"),
    ],
)
def test_wrong_settings_are_refused(model, words, cohort):
    with pytest.raises(InputError, match=words):
        model.fit(cohort.modalities, cohort.target)


def test_unfitted_models_say_so(cohort):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        LateFusion().predict_proba(cohort.modalities)
