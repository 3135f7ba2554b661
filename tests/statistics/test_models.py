"""Many models at once: logistic with Firth, negative binomial, step-down maxT in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2, norm

from napari_radiogenomics.genomics.nb_test import wald
from napari_radiogenomics.statistics.linear import basis_of, correlation_p
from napari_radiogenomics.statistics.logistic import fit_logistic
from napari_radiogenomics.statistics.mixture import mixture_tail
from napari_radiogenomics.statistics.multiplicity import StepDown, stepdown_max_t
from napari_radiogenomics.statistics.patterns import patterns_of

RNASEQ = Path(__file__).parents[1] / "reference" / "rnaseq"


@pytest.fixture(scope="module")
def classes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    y = (x[:, 0] + rng.logistic(size=80) > 0).astype(float)
    x[:, 1] = np.where(y > 0, 1, -1) * (np.abs(x[:, 1]) + 0.1)
    return y, x, np.column_stack([np.ones(80), rng.normal(size=80)])


def likelihood(beta: np.ndarray, y: np.ndarray, design: np.ndarray, firth: bool) -> float:
    eta = design @ beta
    value = (y * eta - np.logaddexp(0, eta)).sum()
    if firth:
        p = 1 / (1 + np.exp(-eta))
        value += 0.5 * np.linalg.slogdet((design.T * (p * (1 - p))) @ design)[1]
    return -value


def test_logistic_is_the_greatest_likelihood(classes) -> None:
    y, x, given = classes
    fits = fit_logistic(y, x, given)
    assert fits.firth.tolist() == [False, True, False]
    for at in (0, 2):
        design = np.column_stack([given, x[:, at]])
        best = minimize(likelihood, np.zeros(3), args=(y, design, False), tol=1e-10)
        assert fits.coefficient[at] == pytest.approx(best.x[-1], abs=1e-5)
        p = 1 / (1 + np.exp(-design @ best.x))
        error = np.linalg.inv((design.T * (p * (1 - p))) @ design)[-1, -1] ** 0.5
        assert fits.p_value[at] == pytest.approx(2 * norm.sf(abs(best.x[-1] / error)), rel=1e-4)


def test_firth_is_the_greatest_penalized_likelihood(classes) -> None:
    y, x, given = classes
    fits = fit_logistic(y, x, given)
    design = np.column_stack([given, x[:, 1]])
    best = minimize(likelihood, np.zeros(3), args=(y, design, True), tol=1e-12)
    null = minimize(lambda b: likelihood(np.append(b, 0), y, design, True), np.zeros(2), tol=1e-12)
    assert fits.coefficient[1] == pytest.approx(best.x[-1], rel=1e-4)
    assert fits.p_value[1] == pytest.approx(chi2.sf(2 * (null.fun - best.fun), 1), rel=1e-4)


def test_the_negative_binomial_model_equals_deseq2_given_its_dispersions() -> None:
    counts = pd.read_csv(RNASEQ / "counts.csv", index_col=0)
    samples = pd.read_csv(RNASEQ / "meta.csv", index_col=0)
    reference = pd.read_csv(RNASEQ / "ref_deseq2_feat.csv", index_col=0).loc[counts.columns]
    factors = pd.read_csv(RNASEQ / "ref_deseq2_sizefactors.csv", index_col=0)["sizeFactor"]
    site = pd.get_dummies(samples["site"], drop_first=True).astype(float)
    design = np.column_stack([np.ones(40), samples["vol"], site, samples["feat"]])
    dispersion = reference["dispersion"].to_numpy()
    found = wald(counts.to_numpy(float), design, factors.to_numpy(), dispersion)
    # DESeq2 stops where the deviance changes by 1e-8 of itself.
    np.testing.assert_allclose(found.coefficient, reference["log2FoldChange"], atol=1e-4)
    np.testing.assert_allclose(found.error, reference["lfcSE"], rtol=1e-5)
    np.testing.assert_allclose(np.log(found.p_value), np.log(reference["pvalue"]), atol=2e-3)


def test_max_t_in_parts_is_max_t() -> None:
    rng = np.random.default_rng(0)
    observed, permuted = rng.normal(size=9), rng.normal(size=(50, 9))
    whole = stepdown_max_t(observed, permuted)
    parts = StepDown(observed)
    for part in np.split(permuted, [7, 20]):
        parts.add(part)
    np.testing.assert_array_equal(parts.p_values(), whole)


def test_max_t_leaves_out_what_was_not_tested() -> None:
    rng = np.random.default_rng(0)
    observed, permuted = rng.normal(size=5), rng.normal(size=(50, 5))
    kept = stepdown_max_t(observed[1:], permuted[:, 1:])
    observed[0] = np.nan
    for found, expected in zip(stepdown_max_t(observed, permuted), kept, strict=True):
        assert np.isnan(found[0])
        np.testing.assert_array_equal(found[1:], expected)


def test_equal_weights_of_a_mixture_count_each() -> None:
    assert mixture_tail(9.0, np.full(5, 1.5)) == pytest.approx(chi2.sf(6.0, 5), rel=1e-12)
    mixed = mixture_tail(0.0, np.append(np.full(60, -0.1), [3.0, 3.0, 1.0]))
    rng = np.random.default_rng(0)
    drawn = rng.chisquare(1, (200_000, 3)) @ [3.0, 3.0, 1.0] > 0.1 * rng.chisquare(60, 200_000)
    assert mixed == pytest.approx(drawn.mean(), abs=0.005)


def test_p_values_of_correlations_are_right_in_the_far_tail() -> None:
    from scipy.special import betainc

    r = np.array([0.0, 0.3, -0.9, 0.9999, 1.0])
    expected = betainc(98 / 2, 0.5, 1 - r**2)
    np.testing.assert_allclose(correlation_p(r, 98), expected, rtol=1e-9)


def test_a_basis_spans_what_depends_on_itself_once() -> None:
    columns = np.random.default_rng(0).normal(size=(20, 3))
    twice = np.hstack([columns, columns @ [[1.0], [2], [3]], 1e9 * columns[:, :1]])
    basis = basis_of(twice)
    assert basis.shape == (20, 3)
    np.testing.assert_allclose(basis @ (basis.T @ columns), columns, atol=1e-12)


def test_patterns_hold_every_column_once() -> None:
    known = np.random.default_rng(0).random((30, 40)) > 0.05
    known[:, :10] = True
    found = patterns_of(known)
    assert sorted(np.concatenate([own for _, own in found])) == list(range(40))
    for rows, own in found:
        assert (known[:, own] == rows[:, None]).all()
