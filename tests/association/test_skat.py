"""SKAT, burden and SKAT-O against R's SKAT, by simulation, and where they must say no."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import quad

from napari_radiogenomics import skat
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.statistics import skat_optimal
from napari_radiogenomics.statistics.mixture import mixture_tail
from napari_radiogenomics.statistics.skat_optimal import optimal
from napari_radiogenomics.statistics.variance_component import NullModel, SetKernel, kernel_test

REFERENCE = Path(__file__).parents[1] / "reference" / "skat"


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "pheno.csv").set_axis([f"P{k}" for k in range(150)])


@pytest.fixture(scope="module")
def genotypes(facts) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "G.csv").set_axis(facts.index)


@pytest.fixture(scope="module")
def expression(facts) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "E.csv").set_axis(facts.index)


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "ref_skat.csv", index_col=0)


@pytest.mark.parametrize(
    ("table", "outcome", "method", "weights", "name"),
    [
        ("genotypes", "y", "skat", "auto", "C linear.weighted davies"),
        ("genotypes", "y", "skat", "equal", "C linear davies"),
        ("genotypes", "y", "burden", "beta", "C burden w"),
        ("genotypes", "yb", "skat", "auto", "D linear.weighted davies"),
        ("genotypes", "yb", "skat", "equal", "D linear davies"),
        ("expression", "ye", "skat", "auto", "E linear kernel matrix"),
        ("expression", "ye", "burden", "auto", "E burden"),
    ],
)
def test_large_sample_answers_equal_r(
    table, outcome, method, weights, name, facts, answers, request
) -> None:
    members = request.getfixturevalue(table)
    found = skat(
        members,
        facts[outcome],
        method=method,
        covariates=facts[["vol", "age"]],
        weights=weights,
        small_sample=False,
    ).table.iloc[0]
    # Davies' algorithm was asked for 1e-6 in R, and answers to that.
    assert found["p_value"] == pytest.approx(answers.loc[name, "p"], abs=1e-6)
    assert found["statistic"] == pytest.approx(answers.loc[name, "Q"], rel=1e-9)


@pytest.fixture(scope="module")
def kernels(facts, genotypes, expression) -> dict[str, SetKernel]:
    given = np.column_stack([np.ones(150), facts[["vol", "age"]]])
    weighted = genotypes.to_numpy(float) * 25 * (1 - genotypes.mean().to_numpy() / 2) ** 24
    continuous = NullModel.continuous(facts["y"].to_numpy(), given)
    binary = NullModel.of_classes(facts["yb"].to_numpy(float), given)
    other = NullModel.continuous(facts["ye"].to_numpy(), given)
    return {
        "C": SetKernel.of(weighted, continuous),
        "D": SetKernel.of(weighted, binary),
        "E": SetKernel.of(expression.to_numpy(), other),
    }


@pytest.mark.parametrize(
    ("name", "row"), [("C", "C SKATO w"), ("D", "D SKATO w"), ("E", "E SKATO")]
)
def test_skat_o_equals_r_to_the_precision_of_its_integral(kernels, answers, name, row) -> None:
    # R integrates with a relative tolerance of eps^(1/4) = 1.2e-4 and subtracts from 1.
    found, _, _ = optimal(kernels[name], matched=True)
    assert found == pytest.approx(answers.loc[row, "p"], abs=1.2e-4)


@pytest.mark.parametrize("name", ["C", "E"])
def test_skat_o_is_nearer_to_draws_under_the_null_than_the_limits_of_r_are(kernels, name) -> None:
    """The probability that any test is beyond its limit, by drawing scores: no formula of ours."""
    kernel = kernels[name]
    projected = skat_optimal.compact(kernel.projected)
    ours, _, least = optimal(kernel)
    matched, _, _ = optimal(kernel, matched=True)
    limits = [
        skat_optimal._quantile(least, skat_optimal.correlated(projected, rho))
        for rho in skat_optimal.RHO
    ]
    rng = np.random.default_rng(0)
    beyond, n, rounds = 0, 50_000, 16
    for _ in range(rounds):
        scores = rng.normal(size=(n, len(projected))) @ projected
        squares, total = (scores**2).sum(axis=1), scores.sum(axis=1) ** 2
        beyond += np.any(
            [
                (1 - rho) * squares + rho * total > limit
                for rho, limit in zip(skat_optimal.RHO, limits, strict=True)
            ],
            axis=0,
        ).sum()
    drawn = beyond / (n * rounds)
    error = np.sqrt(drawn * (1 - drawn) / (n * rounds))
    assert abs(ours - drawn) < 3 * error
    assert abs(matched - drawn) > 3 * error


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5])
def test_correlated_kernels_equal_r(kernels, answers, rho) -> None:
    kernel = kernels["C"]
    scores = kernel.members.T @ kernel.null.residual
    q = (1 - rho) * scores @ scores + rho * scores.sum() ** 2
    weights = skat_optimal.correlated(kernel.projected, rho)
    row = answers.loc[f"C rcorr {rho:g}"]
    assert q / 2 == pytest.approx(row["Q"], rel=1e-9)
    assert mixture_tail(q, weights) == pytest.approx(row["p"], abs=1e-6)


def test_the_integral_of_skat_o_equals_plain_quadrature() -> None:
    """The polynomial of the tail and the pieces between kinks change nothing."""
    rng = np.random.default_rng(0)
    null = NullModel.continuous(rng.normal(size=80), np.ones((80, 1)))
    kernel = SetKernel.of(rng.normal(size=(80, 8)) + rng.normal(size=(80, 1)), null)
    limits = np.array(
        [
            skat_optimal._quantile(0.02, skat_optimal.correlated(kernel.projected, rho))
            for rho in skat_optimal.RHO
        ]
    )
    mean = kernel.projected.mean(axis=1)
    size = mean @ mean
    slope = mean @ kernel.projected / size
    rest = kernel.projected - np.outer(mean, slope)
    weights = np.linalg.svd(rest, compute_uv=False) ** 2
    weights = weights[weights > 1e-9 * weights.max()]
    rho = np.array(skat_optimal.RHO)
    tau = (kernel.projected.shape[1] ** 2 * rho + slope @ slope * (1 - rho)) * size
    shared = 4 * (np.outer(slope, slope) * size * (rest.T @ rest)).sum()
    own = 2 * (weights**2).sum()
    shrink = np.sqrt(own / (own + shared))

    def integrand(root: float) -> float:
        limit = ((limits - tau * root**2) / (1 - rho)).min()
        shrunk = (limit - weights.sum()) * shrink + weights.sum()
        return mixture_tail(shrunk, weights, precision=1e-8) * 2 * stats.norm.pdf(root)

    expected = quad(integrand, 0, 9, epsrel=1e-5, limit=30)[0]
    found = skat_optimal._combined(kernel.projected, limits)
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_exact_test_keeps_its_level_where_the_large_sample_test_does_not() -> None:
    rng = np.random.default_rng(0)
    members, ones = rng.normal(size=(40, 50)), np.ones((40, 1))
    p = np.empty((150, 2))
    for row in p:
        kernel = SetKernel.of(members, NullModel.continuous(rng.normal(size=40), ones))
        row[:] = kernel_test(kernel, exact=True), kernel_test(kernel, exact=False)
    exact, large = p.T
    assert stats.kstest(exact, "uniform").pvalue > 0.01
    assert 0.01 < (exact < 0.05).mean() < 0.1
    assert (large < 0.05).mean() < 0.045


def test_the_exact_test_of_one_member_is_the_t_test() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 30))
    found = skat(pd.DataFrame({"x": x}), pd.Series(y))
    burden = skat(pd.DataFrame({"x": x}), pd.Series(y), method="burden")
    expected = stats.pearsonr(x, y).pvalue
    assert found.p_kind == "exact"
    assert found.table["p_value"][0] == pytest.approx(expected, rel=1e-9)
    assert burden.table["p_value"][0] == pytest.approx(expected, rel=1e-9)


def test_classes_are_adjusted_for_small_samples(facts, genotypes, answers) -> None:
    found = skat(genotypes, facts["yb"], covariates=facts[["vol", "age"]])
    assert found.p_kind == "adjusted for the small sample"
    # SKAT, too, draws the kurtosis at random.
    reference = answers.loc["D linear.weighted smalladj", "p"]
    assert found.table["p_value"][0] == pytest.approx(reference, abs=0.01)
    again = skat(genotypes, facts["yb"], covariates=facts[["vol", "age"]])
    assert again.table.equals(found.table)


def test_the_small_sample_test_of_classes_keeps_its_level() -> None:
    rng = np.random.default_rng(2)
    members, ones = rng.binomial(2, 0.05, (60, 15)).astype(float), np.ones((60, 1))
    p = []
    for _ in range(60):
        outcome = (rng.random(60) < 0.25).astype(float)
        kernel = SetKernel.of(members, NullModel.of_classes(outcome, ones))
        p.append(kernel_test(kernel, exact=True))
    assert (np.array(p) < 0.05).mean() < 0.13
    assert 0.38 < np.mean(p) < 0.62


@pytest.mark.parametrize("method", ["skat", "burden", "skat-o"])
def test_trap_13_p_values_are_right_in_the_far_tail_and_never_above_1(method) -> None:
    rng = np.random.default_rng(3)
    members = pd.DataFrame(rng.normal(size=(200, 12)))
    strong = pd.Series(members.sum(axis=1) * 3 + rng.normal(size=200))
    none = pd.Series(rng.normal(size=200))
    for small in (True, False):
        far = skat(members, strong, method=method, small_sample=small).table["p_value"][0]
        near = skat(members, none, method=method, small_sample=small).table["p_value"][0]
        assert 0 < far < 1e-12
        assert 1e-4 < near <= 1


def test_skat_finds_effects_in_both_directions_and_burden_one() -> None:
    rng = np.random.default_rng(4)
    members = pd.DataFrame(rng.normal(size=(120, 6))).add_prefix("g")
    signs = np.array([1, -1, 1, -1, 1, -1])
    mixed = pd.Series(0.4 * members @ signs + rng.normal(size=120))
    same = pd.Series(0.25 * members.sum(axis=1) + rng.normal(size=120))
    p = {
        (name, method): skat(members, y, method=method).table["p_value"][0]
        for name, y in (("mixed", mixed), ("same", same))
        for method in ("skat", "burden", "skat-o")
    }
    assert p["mixed", "skat"] < 1e-4 < p["mixed", "burden"]
    assert p["same", "burden"] < p["same", "skat"]
    assert p["mixed", "skat-o"] < 1e-3
    assert p["same", "skat-o"] < 1e-2
    optimal_one = skat(members, mixed, method="skat-o")
    assert optimal_one.table["rho"][0] == 0
    assert optimal_one.p_kind.startswith("large sample")
    assert any("SKAT-O of numbers and 120 patients" in note for note in optimal_one.warnings)


def test_sets_are_one_family_and_what_is_absent_is_told() -> None:
    rng = np.random.default_rng(5)
    members = pd.DataFrame(rng.normal(size=(50, 6)), columns=list("abcdef")).assign(flat=1.0)
    members.iloc[3, 0] = np.nan
    y = pd.Series(members["b"] * 2 + rng.normal(size=50))
    sets = {"one": ["a", "b", "zz"], "two": {"c": 2.0, "d": 1.0}, "none": ["zz", "flat"]}
    found = skat(members, y, sets)
    assert found.table["set"].tolist()[0] == "one"
    assert found.table.set_index("set")["members"].to_dict() == {"one": 2, "two": 2}
    assert "2 gene sets adjusted together (bh)" in found.family
    said = " ".join(found.warnings)
    assert '"none" has no member in the table that varies' in said
    assert '1 member ("a") misses 1 value, set to the mean.' in said
    assert '1 member ("zz") of 2 sets is not in the table and left out' in said


def test_a_set_among_others_is_tested_as_if_it_were_alone() -> None:
    rng = np.random.default_rng(8)
    members = pd.DataFrame(rng.normal(size=(60, 90))).add_prefix("g")
    age = pd.DataFrame({"age": rng.normal(60, 9, 60)})
    y = pd.Series(members["g1"] + rng.normal(size=60))
    sets = {"small": ["g1", "g2"], "weighed": {"g3": 2.0, "g1": 0.5}, "wide": list(members)[5:85]}
    for method in ("skat", "burden", "skat-o"):
        found = skat(members, y, sets, method=method, covariates=age).table.set_index("set")
        for name, genes in sets.items():
            own = skat(members[list(genes)], y, {name: genes}, method=method, covariates=age).table
            assert found.loc[name, "p_value"] == pytest.approx(own["p_value"][0], rel=1e-8)


def test_patients_without_an_outcome_are_told_as_such() -> None:
    rng = np.random.default_rng(9)
    members = pd.DataFrame(rng.normal(size=(40, 3)), [f"P{k}" for k in range(40)])
    y = pd.Series(rng.normal(size=40), members.index)
    y.iloc[[3, 5]] = np.nan
    found = skat(members, y)
    assert found.table["n"][0] == 38
    assert found.warnings == ('2 patients ("P3", "P5") without a value of the outcome: left out.',)
    with pytest.raises(InputError, match="has no value for any patient"):
        skat(members, y * np.nan)


def test_sets_together_take_less_time_than_one_by_one() -> None:
    """What no set changes is worked out once. A ratio, best of three, of processor time."""
    rng = np.random.default_rng(10)
    members = pd.DataFrame(rng.normal(size=(200, 5000))).add_prefix("g")
    y = pd.Series(rng.normal(size=200))
    names = np.array(members.columns)
    sets = {f"s{k}": list(rng.choice(names, 30, replace=False)) for k in range(200)}
    few = list(sets)[:20]

    def seconds(work) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    def one_by_one() -> None:
        for name in few:
            skat(members[sets[name]], y, {name: sets[name]})

    one_by_one()  # loads what it needs
    together = min(seconds(lambda: skat(members, y, sets)) for _ in range(3)) / len(sets)
    alone = min(seconds(one_by_one) for _ in range(3)) / len(few)
    assert together < alone / 2


def test_weights_of_a_set_count() -> None:
    rng = np.random.default_rng(6)
    members = pd.DataFrame(rng.normal(size=(50, 2)), columns=list("ab"))
    y = pd.Series(rng.normal(size=50))
    heavy = skat(members, y, {"s": {"a": 1e6, "b": 1.0}}).table["p_value"][0]
    alone = skat(members, y, {"s": ["a"]}).table["p_value"][0]
    assert heavy == pytest.approx(alone, rel=1e-4)


def test_common_alleles_are_turned() -> None:
    rng = np.random.default_rng(7)
    rare = pd.DataFrame(rng.binomial(2, 0.1, (80, 5)))
    y = pd.Series(rng.normal(size=80))
    found, turned = skat(rare, y), skat(2 - rare, y)
    assert turned.table["p_value"][0] == pytest.approx(found.table["p_value"][0], rel=1e-9)
    assert any(
        "count the common allele: turned to the rare one" in note for note in turned.warnings
    )


def test_bad_input_says_what_to_do(facts, genotypes) -> None:
    y = facts["y"]
    with pytest.raises(InputError, match="more than once"):
        skat(pd.concat([genotypes, genotypes]), y)
    with pytest.raises(InputError, match="share no patient"):
        skat(genotypes.add_prefix("Q", axis=0), y)
    with pytest.raises(InputError, match="same for all patients"):
        skat(genotypes, y * 0)
    with pytest.raises(InputError, match="No set has a member"):
        skat(genotypes, y, {"s": ["zz"]})
    with pytest.raises(InputError, match="follow from each other"):
        skat(genotypes, y, covariates=facts[["vol"]].assign(twice=2 * facts["vol"]))
    with pytest.raises(InputError, match="follows from the covariates"):
        skat(genotypes, y, covariates=facts[["y"]])
    with pytest.raises(InputError, match="part the two classes"):
        skat(genotypes, facts["yb"], covariates=facts[["yb"]] * 2.0)
    with pytest.raises(InputError, match='Did you mean "skat"'):
        skat(genotypes, y, method="scat")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="holds 2.5, and genotypes are 0, 1, 2 or between"):
        skat(genotypes + 0.5, y, weights="beta")


def test_dosages_are_weighed_as_genotypes_and_told() -> None:
    rng = np.random.default_rng(8)
    rare = pd.DataFrame(rng.binomial(2, 0.1, (80, 5)).astype(float), columns=list("abcde"))
    y = pd.Series(rng.normal(size=80))
    dosage = rare.copy()
    dosage.iloc[int(np.argmax(rare["a"] == 0)), 0] = 1e-6
    found, exact, alike = skat(dosage, y), skat(rare, y), skat(rare, y, weights="equal")
    assert found.table["p_value"][0] == pytest.approx(exact.table["p_value"][0], rel=1e-4)
    assert found.table["p_value"][0] != pytest.approx(alike.table["p_value"][0], rel=1e-2)
    assert any(
        "0.25 % of the values lie between 0, 1 and 2: taken for dosages" in n
        for n in found.warnings
    )
    unsure = pd.DataFrame(rng.uniform(0, 2, (80, 3)), columns=list("abc"))
    assert any("few are 0, 1 or 2: weighed alike" in n for n in skat(unsure, y).warnings)
    assert any("taken for dosages" in n for n in skat(unsure, y, weights="beta").warnings)


@pytest.mark.parametrize("value", [5.0, -9.0])
def test_values_that_no_genotype_has_are_refused(value) -> None:
    rng = np.random.default_rng(8)
    rare = pd.DataFrame(rng.binomial(2, 0.1, (80, 5)).astype(float), columns=list("abcde"))
    rare.iloc[3, 2] = value
    y = pd.Series(rng.normal(size=80))
    with pytest.raises(InputError, match=f'"c" holds {value:g}, and genotypes are 0, 1, 2'):
        skat(rare, y)
    assert 0 < skat(rare, y, weights="equal").table["p_value"][0] <= 1


def test_skat_o_tells_its_statistic() -> None:
    rng = np.random.default_rng(8)
    members, y = pd.DataFrame(rng.normal(size=(60, 4))), pd.Series(rng.normal(size=60))
    found = skat(members, y, method="skat-o").table.iloc[0]
    assert 0 < found["statistic"] <= found["p_value"] <= 8 * found["statistic"]
    ends = [
        skat(members, y, method=m, small_sample=False).table["p_value"][0]
        for m in ("skat", "burden")
    ]
    assert found["statistic"] <= min(ends) * (1 + 1e-3)
