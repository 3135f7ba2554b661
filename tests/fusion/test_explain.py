"""Shapley values against brute force over all coalitions; conformal coverage; drivers by name."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.fusion import (
    EarlyFusion,
    HybridFusion,
    LateFusion,
    SingleModality,
    explain,
    predict_patients,
)
from napari_radiogenomics.fusion.explaining.tree_shap import tree_shap
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.outcome import Outcome


def brute_force(predict, x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Interventional Shapley values from their definition."""
    n = len(x)

    def worth(coalition: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(coalition)] = x[list(coalition)]
        return float(predict(mixed).mean())

    values = np.zeros(n)
    for j in range(n):
        others = [k for k in range(n) if k != j]
        for size in range(n):
            for some in combinations(others, size):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                values[j] += weight * (worth((*some, j)) - worth(some))
    return values


@pytest.mark.parametrize("learner", ["forest", "boosting"])
def test_tree_values_are_those_of_brute_force(learner):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(float)
    outcome = Outcome("classification", y, np.ones(80, bool))
    entry = LEARNERS[learner]
    settings = {**entry.defaults, "trees": 12, **({"depth": 4} if learner == "boosting" else {})}
    grid = entry.grid(X, outcome, settings)
    trees = entry.fit(X, outcome, grid, settings, 0, None).predictor(-1)
    values, base = tree_shap(trees, X[:3])
    np.testing.assert_allclose(base + values.sum(axis=1), trees.total(X[:3]), atol=1e-12)
    for row in range(3):
        expected = brute_force(trees.total, X[row], trees.background)
        np.testing.assert_allclose(values[row], expected, atol=1e-12)


@pytest.mark.parametrize("learner", ["forest", "boosting"])
def test_trees_as_arrays_answer_as_scikit_learn(learner):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 7))
    y = X[:, 0] + rng.normal(size=60)
    entry = LEARNERS["forest"]
    settings = {"trees": 9, "leaf": 3}
    kind = "classification" if learner == "forest" else "regression"
    target = (y > 0).astype(float) if kind == "classification" else y
    outcome = Outcome(kind, target, np.ones(60, bool))
    ours = entry.fit(X, outcome, [9], settings, 5, None).predictor(0).total(X)
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    maker = RandomForestClassifier if kind == "classification" else RandomForestRegressor
    theirs = maker(9, min_samples_leaf=3, max_features="sqrt", random_state=5).fit(X, target)
    expected = theirs.predict_proba(X)[:, 1] if kind == "classification" else theirs.predict(X)
    np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        LateFusion(inner_folds=3),
        LateFusion(inner_folds=3, learner="boosting", learner_settings={"trees": 20}),
        EarlyFusion(inner_folds=3),
        HybridFusion(inner_folds=3, n_components=4),
        HybridFusion(
            inner_folds=3, n_components=2, learner="boosting", learner_settings={"trees": 20}
        ),
    ],
)
def test_the_values_of_a_patient_add_up_to_the_prediction(model, cohort):
    sparse = {**cohort.modalities, "rna": cohort.modalities["rna"].iloc[:90]}
    model.fit(sparse, cohort.target)
    shares = explain(model, sparse)
    link = pd.Series(model.decision_function(sparse), list(model.patients_in(sparse)))
    total = shares.groupby("patient_id")["contribution"].sum().reindex(link.index, fill_value=0)
    base = pd.Series(shares.attrs["base"]).reindex(link.index)
    np.testing.assert_allclose(base + total, link, atol=1e-9)
    late = link.index[link.index > "P090"]
    there = set(shares.loc[shares["patient_id"].isin(late), "modality"])
    assert "rna" not in there


def test_the_drivers_of_a_patient_have_the_names_of_their_columns(cohort):
    model = EarlyFusion(inner_folds=3).fit(cohort.modalities, cohort.target)
    table = predict_patients(model, cohort.modalities)
    shares = explain(model, cohort.modalities)
    own = shares[shares["patient_id"] == "P007"].set_index("feature")["contribution"]
    top = own.abs().sort_values(ascending=False).index[:3].tolist()
    assert table.loc["P007", ["driver_1", "driver_2", "driver_3"]].tolist() == top
    for number in (1, 2, 3):
        modality = table.loc["P007", f"driver_{number}_modality"]
        assert table.loc["P007", f"driver_{number}_column"] in cohort.modalities[modality]
    assert set(table["set"]) <= {"mutated", "wildtype", "wildtype, mutated", "none"}


def test_conformal_sets_and_intervals_cover(draw):
    hits = {"classification": [], "regression": []}
    for seed in range(6):
        for kind, found in hits.items():
            cohort = draw(50 + seed, kind=kind, n=200)
            first = cohort.target.index[:100]
            learn = {"rna": cohort.modalities["rna"].loc[first]}
            test = {"rna": cohort.modalities["rna"].drop(first)}
            model = SingleModality("rna", inner_folds=4).fit(learn, cohort.target.loc[first])
            table = predict_patients(model, test, level=0.8)
            truth = cohort.target.drop(first)
            if kind == "regression":
                found.append(((table["low"] <= truth) & (truth <= table["high"])).mean())
            else:
                found.append(np.mean([t in s for t, s in zip(truth, table["set"], strict=True)]))
    for found in hits.values():
        assert 0.74 < np.mean(found) < 0.9
    with pytest.raises(InputError, match="between 0 and 1"):
        predict_patients(model, test, level=90)
