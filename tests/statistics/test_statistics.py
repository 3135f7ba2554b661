"""Inference against what R's packages answer, and by its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics.agreement import intraclass_correlation
from napari_radiogenomics.statistics.meta import pool_effects
from napari_radiogenomics.statistics.mixture import mixture_tail
from napari_radiogenomics.statistics.multiplicity import adjust, null_share, stepdown_max_t
from napari_radiogenomics.statistics.roc import area_under_curve, areas_without_each, compare_areas

REFERENCE = Path(__file__).parents[1] / "reference"
INFERENCE = REFERENCE / "inference"


@pytest.fixture(scope="module")
def scalars() -> pd.Series:
    return pd.read_csv(INFERENCE / "ref_scalars.csv", index_col=0)["value"]


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    return pd.read_csv(INFERENCE / "data.csv")


@pytest.mark.parametrize(("correction", "column"), [("bh", "BH"), ("by", "BY"), ("holm", "holm")])
def test_adjusted_p_values_equal_r(correction: str, column: str) -> None:
    table = pd.read_csv(INFERENCE / "ref_multipletests.csv")
    found = adjust(table["p"], correction)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, table[column], rtol=1e-12)


def test_q_values_equal_qvalue() -> None:
    table = pd.read_csv(INFERENCE / "ref_multipletests.csv")
    share = null_share(table["p"], at=0.5)
    np.testing.assert_allclose(share * adjust(table["p"]), table["q_l05"], rtol=1e-10)
    # R's smooth.spline and SciPy's choose the penalty of three degrees of freedom differently.
    assert null_share(table["p"]) == pytest.approx(table["pi0"][0], rel=2e-3)


def test_missing_tests_are_not_of_the_family() -> None:
    found = adjust([0.01, np.nan, 0.04], "bonferroni")
    np.testing.assert_array_equal(found, [0.02, np.nan, 0.08])
    with pytest.raises(InputError, match="outside 0 to 1"):
        adjust([0.5, 1.2])
    with pytest.raises(InputError, match='Did you mean "bh"'):
        adjust([0.5], "bhh")  # type: ignore[arg-type]


@pytest.mark.parametrize("correction", ["bh", "by", "storey", "holm", "bonferroni"])
def test_adjusting_never_lowers_nor_reorders(correction: str) -> None:
    p = np.sort(np.random.default_rng(1).uniform(size=200)) ** 2
    found = adjust(p, correction)  # type: ignore[arg-type]
    assert (np.diff(found) >= 0).all()
    assert found.max() <= 1
    if correction != "storey":
        assert (found >= p).all()


@pytest.mark.parametrize("score", ["s1", "s2", "s1t"])
def test_area_equals_proc(cases: pd.DataFrame, scalars: pd.Series, score: str) -> None:
    found = area_under_curve(cases["y"], cases[score])
    wanted = [scalars[f"auc_{part}{score}"] for part in ("", "lo_", "hi_", "var_")]
    got = [found.value, found.low, found.high, found.variance]
    np.testing.assert_allclose(got, wanted, rtol=1e-10)


def test_paired_areas_equal_proc(cases: pd.DataFrame, scalars: pd.Series) -> None:
    found = compare_areas(cases["y"], cases["s1"], cases["s2"])
    wanted = (scalars["delong_paired_Z"], scalars["delong_paired_p"])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    assert compare_areas(cases["y"], cases["s1"], 2 * cases["s1"] + 1) == (0.0, 1.0)


def test_area_refuses_one_class_and_holes() -> None:
    with pytest.raises(InputError, match="1 class;"):
        area_under_curve([1, 1], [0.1, 0.2])
    with pytest.raises(InputError, match="missing"):
        area_under_curve([0, 1], [0.1, np.nan])


KINDS = {
    "1,1": "ICC1",
    "A,1": "ICC2",
    "C,1": "ICC3",
    "1,k": "ICC1k",
    "A,k": "ICC2k",
    "C,k": "ICC3k",
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_agreement_equals_psych(kind: str) -> None:
    table = pd.read_csv(INFERENCE / "ref_icc.csv").set_index("type").loc[KINDS[kind]]
    ratings = pd.read_csv(INFERENCE / "icc_input.csv")
    found = intraclass_correlation(ratings, kind)  # type: ignore[arg-type]
    got = [found.value, found.f, found.p_value, found.low, found.high]
    wanted = table[["ICC", "F", "p", "lower bound", "upper bound"]].to_numpy(float)
    np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_agreement_needs_subjects_and_whole_rows() -> None:
    with pytest.raises(InputError, match="at least two"):
        intraclass_correlation([[1.0, 2.0]])
    with pytest.raises(InputError, match="missing"):
        intraclass_correlation([[1.0, np.nan], [2.0, 3.0]])


def effects_by_site(cases: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Fisher's z of the correlation of x and g within each site, and its variance."""
    sites = [own for _, own in cases.groupby("site")]
    correlations = [float(np.corrcoef(own["x"], own["g"])[0, 1]) for own in sites]
    return list(np.arctanh(correlations)), [1 / (len(own) - 3) for own in sites]


@pytest.mark.parametrize(("model", "name"), [("reml", "REML"), ("dl", "DL"), ("fixed", "FE")])
def test_pooled_effects_equal_metafor(
    cases: pd.DataFrame, scalars: pd.Series, model: str, name: str
) -> None:
    found = pool_effects(*effects_by_site(cases), model=model)  # type: ignore[arg-type]
    wanted = [scalars[f"meta_{name}_{part}"] for part in ("est", "se", "tau2")]
    np.testing.assert_allclose([found.effect, found.error, found.tau2], wanted, rtol=1e-5)
    assert found.i2 == pytest.approx(scalars[f"meta_{name}_I2"], rel=1e-5)


def test_knapp_hartung_equals_metafor(cases: pd.DataFrame, scalars: pd.Series) -> None:
    found = pool_effects(*effects_by_site(cases), knapp_hartung=True, modified=False)
    assert found.p_value == pytest.approx(scalars["meta_REML_HK_p"], rel=1e-5)


@settings(max_examples=60)
@given(
    effects=st.lists(st.floats(-2, 2), min_size=2, max_size=8),
    sizes=st.lists(st.integers(8, 200), min_size=8, max_size=8),
)
def test_the_joint_interval_is_never_narrower_than_that_of_a_common_effect(
    effects: list[float], sizes: list[int]
) -> None:
    variances = [1 / (n - 3) for n in sizes[: len(effects)]]
    common = pool_effects(effects, variances, model="fixed")
    found = pool_effects(effects, variances, knapp_hartung=True)
    assert found.high - found.low >= (common.high - common.low) * (1 - 1e-12)
    plain = pool_effects(effects, variances, knapp_hartung=True, modified=False)
    assert found.effect == plain.effect
    assert found.high >= plain.high
    assert found.p_value >= plain.p_value


def test_sites_that_agree_by_chance_are_no_more_sure_than_their_patients() -> None:
    variances = [1 / 19, 1 / 20, 1 / 17]  # three sites, 65 patients
    found = pool_effects([0.51, 0.50, 0.52], variances, knapp_hartung=True)
    assert found.error == pytest.approx((19 + 20 + 17) ** -0.5)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * found.error)


WEIGHTS = {"a": [6.0, 3.0, 1.0]}


@pytest.mark.parametrize("q", [5.0, 10.0, 20.0, 40.0, 80.0, 120.0])
def test_mixture_equals_farebrother(q: float) -> None:
    table = pd.read_csv(REFERENCE / "skat" / "ref_mixture_chi2.csv")
    row = table[(table["lambda"] == "a") & (table["q"] == q)].iloc[0]
    assert mixture_tail(q, WEIGHTS["a"]) == pytest.approx(row["farebrother"], abs=1e-14, rel=1e-9)


@pytest.mark.parametrize("count", [2, 4, 30])
@pytest.mark.parametrize("q", [0.1, 3.0, 40.0, 200.0, 600.0])
def test_equal_weights_are_a_chi_square(count: int, q: float) -> None:
    found = mixture_tail(q, [0.5] * count)
    assert found == pytest.approx(chi2.sf(2 * q, count), rel=1e-7)


def test_mixed_signs_are_an_f_ratio() -> None:
    """P(χ²₄ > c χ²₁₀) is a tail of F."""
    from scipy.stats import f

    for ratio in (0.2, 1.0, 4.0, 12.0):
        weights = [1.0] * 4 + [-ratio * 0.4] * 10
        assert mixture_tail(0.0, weights) == pytest.approx(f.sf(ratio, 4, 10), rel=1e-6)


def test_the_upper_tail_below_0_is_that_of_a_difference_of_exponentials() -> None:
    """P(X − bY > q) = 1 − b / (1 + b) exp(q / 2b) for two χ²₂."""
    for b, q in ((30.0, -1.0), (1000.0, -10.0), (1e5, -300.0)):
        expected = 1 / (1 + b) - b / (1 + b) * np.expm1(q / (2 * b))
        assert mixture_tail(q, [1.0, 1.0, -b, -b]) == pytest.approx(expected, rel=1e-6)
    rng = np.random.default_rng(0)
    weights = np.append(rng.exponential(size=12), np.full(80, -0.5))
    drawn = rng.chisquare(1, (100_000, 92)) @ weights
    for q in np.quantile(drawn, [0.5, 0.9, 0.99]):
        assert mixture_tail(q, weights) == pytest.approx((drawn > q).mean(), rel=0.1)


def test_a_tail_is_a_probability() -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        weights = rng.exponential(size=12) ** 3
        tails = [mixture_tail(q, weights) for q in np.linspace(0.01, 8, 9) * weights.sum()]
        assert all(0 <= tail <= 1 for tail in tails)
        assert (np.diff(tails) <= 1e-12).all()
    assert mixture_tail(-1.0, [1.0, 2.0]) == 1.0
    with pytest.raises(InputError, match="all 0"):
        mixture_tail(1.0, [0.0, 0.0])


def test_stepdown_max_t_equals_multtest() -> None:
    """All 184,756 ways to put 10 of 20 samples into a group."""
    from itertools import combinations

    x = pd.read_csv(INFERENCE / "maxT_input.csv").to_numpy()
    wanted = pd.read_csv(INFERENCE / "ref_maxT_complete.csv").sort_values("index")
    chosen = np.array(list(combinations(range(20), 10)))
    member = np.zeros((len(chosen), 20))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    statistics = welch(x, member)
    observed = welch(x, np.repeat([0.0, 1.0], 10)[np.newaxis])[0]
    np.testing.assert_allclose(np.abs(observed), np.abs(wanted["teststat"]), rtol=1e-9)
    raw, adjusted = stepdown_max_t(observed, statistics)
    np.testing.assert_allclose(raw, wanted["rawp"], atol=1e-12)
    np.testing.assert_allclose(adjusted, wanted["adjp"], atol=1e-12)


def welch(x: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Welch's t of each row of x for each grouping, shape (R, M)."""
    one, two = member, 1 - member
    n1, n2 = one.sum(axis=1)[:, None], two.sum(axis=1)[:, None]
    mean1, mean2 = one @ x.T / n1, two @ x.T / n2
    var1 = (one @ (x.T**2) - n1 * mean1**2) / (n1 - 1)
    var2 = (two @ (x.T**2) - n2 * mean2**2) / (n2 - 1)
    return np.asarray((mean2 - mean1) / np.sqrt(var1 / n1 + var2 / n2))


@pytest.mark.parametrize("ties", [False, True])
def test_areas_without_each_case_are_those_of_the_others(ties):
    rng = np.random.default_rng(4)
    outcome = rng.permutation(np.repeat([0, 1], [17, 9]))
    score = rng.normal(size=26) + outcome
    score = np.round(score) if ties else score
    found = areas_without_each(outcome, score)
    for at in range(26):
        rest = np.delete(outcome, at), np.delete(score, at)
        assert found[at] == pytest.approx(area_under_curve(*rest).value, abs=1e-14)
    assert np.isnan(areas_without_each([0, 0, 1], [1.0, 2.0, 3.0])).tolist() == [False, False, True]
