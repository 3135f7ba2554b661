"""Penalized models against R's multiview and survival, scikit-learn, and their own optimality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import ElasticNet, LogisticRegression

from napari_radiogenomics.fusion.models.elastic_net import (
    elastic_net_path,
    mean_loss,
    newton_parts,
    penalties_of,
)
from napari_radiogenomics.fusion.models.joining import agreement_rows
from napari_radiogenomics.fusion.outcome import Outcome, outcome_of

REFERENCE = Path(__file__).parents[1] / "reference"


def outcome(kind: str, values: np.ndarray, event: np.ndarray | None = None) -> Outcome:
    events = np.ones(len(values), bool) if event is None else event
    return Outcome(kind, np.asarray(values, float), events)


@pytest.fixture(scope="module")
def views() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    read = [pd.read_csv(REFERENCE / "fusion" / f"{name}.csv").to_numpy(float) for name in "XZy"]
    return read[0], read[1], read[2][:, 0]


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("penalty", "column"), [(0.5, "b05"), (0.2, "b02")])
def test_cooperative_learning_is_multiview(views, rho, penalty, column):
    X, Z, y = views
    table = pd.read_csv(REFERENCE / "fusion" / "ref_multiview_coef.csv")
    reference = table.loc[table["rho"] == rho, column].to_numpy()
    blocks = {"x": X - X.mean(axis=0), "z": Z - Z.mean(axis=0)}
    # multiview divides by the rows of the augmented problem, twice as many where rho > 0.
    path = elastic_net_path(
        np.hstack(list(blocks.values())),
        outcome("regression", y),
        np.array([penalty * (2 if rho else 1)]),
        l1_ratio=1.0,
        agreement=agreement_rows(blocks, rho=rho),
        tolerance=1e-11,
    )
    np.testing.assert_allclose(path.coefficients[0], reference[1:], rtol=0, atol=1e-6)
    means = np.concatenate([X.mean(axis=0), Z.mean(axis=0)])
    intercept = path.intercepts[0] - path.coefficients[0] @ means
    assert intercept == pytest.approx(reference[0], abs=1e-6)


def test_cox_without_penalty_is_coxph():
    table = pd.read_csv(REFERENCE / "inference" / "data.csv")
    scalars = pd.read_csv(REFERENCE / "inference" / "ref_scalars.csv", index_col=0)["value"]
    found, _ = outcome_of(table[["time", "event"]])
    X = table[["s1", "vol"]].to_numpy(float)
    path = elastic_net_path(X - X.mean(axis=0), found, np.array([0.0]), tolerance=1e-11)
    assert path.coefficients[0, 0] == pytest.approx(scalars["cox_s1_beta"], abs=1e-8)


def test_least_squares_and_logistic_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 40))
    y = X[:, 0] - X[:, 1] + rng.normal(size=90)
    penalty, share = 0.08, 0.4
    ours = elastic_net_path(
        X, outcome("regression", y), np.array([penalty]), l1_ratio=share, tolerance=1e-11
    )
    theirs = ElasticNet(alpha=penalty, l1_ratio=share, tol=1e-13, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(ours.coefficients[0], theirs.coef_, atol=1e-8)
    assert ours.intercepts[0] == pytest.approx(theirs.intercept_, abs=1e-8)
    classes = (y > 0).astype(float)
    ours = elastic_net_path(
        X, outcome("classification", classes), np.array([penalty]), l1_ratio=share, tolerance=1e-11
    )
    logistic = LogisticRegression(
        solver="saga", l1_ratio=share, C=1 / (90 * penalty), tol=1e-12, max_iter=100_000
    )
    logistic.fit(X, classes)
    np.testing.assert_allclose(ours.coefficients[0], logistic.coef_[0], atol=1e-8)


@pytest.mark.parametrize("kind", ["classification", "regression", "survival"])
def test_each_solution_of_a_path_is_optimal(kind):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 100))
    signal = X[:, :3].sum(axis=1)
    values = {
        "classification": (signal + rng.normal(size=60) > 0).astype(float),
        "regression": signal + rng.normal(size=60),
        # Whole days, so that there are ties.
        "survival": np.ceil(5 * rng.exponential(np.exp(-signal))),
    }[kind]
    target = outcome(kind, values, rng.random(60) < 0.7 if kind == "survival" else None)
    share = 0.5
    penalties = penalties_of(X, target, l1_ratio=share, count=8, least=0.2)
    path = elastic_net_path(X, target, penalties, l1_ratio=share, tolerance=1e-9)
    assert not path.coefficients[0].any()
    assert path.coefficients[-1].any()
    for penalty, intercept, beta in zip(penalties, path.intercepts, path.coefficients, strict=True):
        gradient, _ = newton_parts(target, intercept + X @ beta)
        pull = X.T @ gradient / 60 - penalty * (1 - share) * beta
        there = beta != 0
        np.testing.assert_allclose(
            pull[there], penalty * share * np.sign(beta[there]), atol=1e-6 * penalties[0]
        )
        assert (np.abs(pull[~there]) <= penalty * share * (1 + 1e-6)).all()


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(2)
    target = outcome("survival", np.ceil(9 * rng.random(25)), rng.random(25) < 0.6)
    link, step = rng.normal(size=25), 1e-6
    gradient, curvature = newton_parts(target, link)
    for at in range(25):
        moved = np.eye(25)[at] * step
        up, down = mean_loss(target, link + moved), mean_loss(target, link - moved)
        assert -gradient[at] == pytest.approx(25 * (up - down) / (2 * step), abs=1e-6)
        bend = 25 * (up - 2 * mean_loss(target, link) + down) / step**2
        assert curvature[at] == pytest.approx(bend, abs=0.02)
