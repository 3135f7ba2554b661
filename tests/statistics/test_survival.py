"""Survival against R's survival, survC1 and timeROC's answers, and by its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.cox import fit_cox
from napari_radiogenomics.statistics.survival import (
    area_at,
    baseline_hazard,
    brier_score,
    concordance,
    kaplan_meier,
    predicted_survival,
    uno_concordance,
)

INFERENCE = Path(__file__).parents[1] / "reference" / "inference"


@pytest.fixture(scope="module")
def scalars() -> pd.Series:
    return pd.read_csv(INFERENCE / "ref_scalars.csv", index_col=0)["value"]


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    return pd.read_csv(INFERENCE / "data.csv")


@pytest.fixture(scope="module")
def risk(cases):
    fit = fit_cox(cases["time"], cases["event"], cases[["s1", "vol"]])
    return cases[["s1", "vol"]].to_numpy() @ fit.coefficients


def test_cox_equals_coxph(cases, scalars) -> None:
    fit = fit_cox(cases["time"], cases["event"], cases[["s1", "vol"]])
    # coxph stops at a relative change of 1e-9 of the likelihood.
    assert fit.coefficients[0] == pytest.approx(scalars["cox_s1_beta"], abs=1e-9)
    assert fit.covariance[0, 0] ** 0.5 == pytest.approx(scalars["cox_s1_se"], abs=1e-9)
    assert fit.converged


def test_metrics_equal_r(cases, risk, scalars) -> None:
    time, event = cases["time"], cases["event"]
    found = concordance(time, event, risk)
    assert found.value == pytest.approx(scalars["cox_C"], rel=1e-12)
    assert found.variance == pytest.approx(scalars["cox_C_var"], rel=1e-10)
    uno = uno_concordance(time, event, cases["s1"])
    assert uno.value == pytest.approx(scalars["uno_C_s1"], rel=1e-12)
    baseline = baseline_hazard(time, event, risk)
    for at in (5, 10):
        survival = predicted_survival(baseline, risk, at)
        # Brier's score takes coxph's coefficients, which stop at 1e-9.
        assert brier_score(time, event, survival, at) == pytest.approx(
            scalars[f"brier_t{at}"], abs=1e-9
        )
        assert area_at(time, event, risk, at) == pytest.approx(scalars[f"tdauc_t{at}"], rel=1e-12)


def test_ties_are_efrons_and_strata_have_their_own_baseline() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    time = np.ceil(rng.exponential(np.exp(-x[:, 0]), 80) * 3)
    event, site = rng.integers(0, 2, 80), rng.integers(0, 3, 80)

    def loss(beta: np.ndarray) -> float:
        total = 0.0
        for one in range(3):
            t, e, z = (part[site == one] for part in (time, event, x @ beta))
            for now in np.unique(t[e == 1]):
                dying = (t == now) & (e == 1)
                for rank in range(dying.sum()):
                    weight = (t >= now) - rank / dying.sum() * dying
                    total += np.log((weight * np.exp(z)).sum())
                total -= z[dying].sum()
        return total

    fit = fit_cox(time, event, x, strata=site)
    expected = minimize(loss, np.zeros(2), tol=1e-10)
    np.testing.assert_allclose(fit.coefficients, expected.x, atol=1e-5)
    assert fit.log_likelihood == pytest.approx(-expected.fun, abs=1e-8)


def test_scaling_and_shifting_a_column_changes_nothing_else(cases) -> None:
    x = cases[["s1"]].to_numpy()
    one = fit_cox(cases["time"], cases["event"], x)
    other = fit_cox(cases["time"], cases["event"], 1e6 * x + 5e6)
    assert other.coefficients[0] * 1e6 == pytest.approx(one.coefficients[0], rel=1e-6)


def test_without_an_end_it_does_not_converge() -> None:
    fit = fit_cox([1, 2, 3, 4], [1, 1, 1, 1], [[4.0], [3], [2], [1]])
    assert not fit.converged


def test_without_censoring_weights_are_1(cases) -> None:
    rng = np.random.default_rng(0)
    time, risk = rng.exponential(size=60), rng.normal(size=60)
    event = np.ones(60)
    plain, uno = concordance(time, event, risk), uno_concordance(time, event, risk)
    assert uno.value == pytest.approx(plain.value, rel=1e-12)
    at = float(np.median(time))
    assert brier_score(time, event, np.full(60, 0.5), at) == pytest.approx(0.25)
    above = risk[time <= at][:, None] > risk[time > at]
    assert area_at(time, event, risk, at) == pytest.approx(above.mean(), rel=1e-12)
    assert kaplan_meier(time, event)(at) == pytest.approx((time > at).mean())


def test_bad_input_says_what_to_do() -> None:
    with pytest.raises(InputError, match="not above 0"):
        fit_cox([0, 1], [1, 1], [[1], [2]])
    with pytest.raises(InputError, match="others were found"):
        concordance([1, 2], [1, 2], [1, 2])
    with pytest.raises(InputError, match="No case has an event"):
        kaplan_meier([1, 2], [0, 0])
    with pytest.raises(InputError, match="nobody outlived"):
        concordance([1, 1], [1, 1], [1, 2])
    with pytest.raises(InputError, match="A risk is missing"):
        concordance([1, 2], [1, 1], [np.nan, 2])
    with pytest.raises(InputError, match="no cases or no controls"):
        area_at([1, 2], [1, 1], [1, 2], 0.5)
    with pytest.raises(InputError, match="Nobody was watched beyond"):
        brier_score([1, 2, 3], [1, 1, 0], [0.5, 0.5, 0.5], 3)
    with pytest.raises(InputError, match="No event lies before"):
        uno_concordance([1, 2], [1, 1], [1, 2], until=0.5)
