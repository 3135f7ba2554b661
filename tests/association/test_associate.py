"""`associate` against R, by planted truth, under the null, and where it must say no."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_radiogenomics import associate, harmonize, normalize_counts
from napari_radiogenomics.association.method import METHODS
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of

REFERENCE = Path(__file__).parents[1] / "reference"
INFERENCE, RNASEQ = REFERENCE / "inference", REFERENCE / "rnaseq"


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    table = pd.read_csv(INFERENCE / "data.csv")
    return table.assign(log_vol=np.log(table["vol"])).set_axis([f"P{k}" for k in range(len(table))])


@pytest.fixture(scope="module")
def scalars() -> pd.Series:
    return pd.read_csv(INFERENCE / "ref_scalars.csv", index_col=0)["value"]


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return pd.read_csv(RNASEQ / "meta.csv", index_col=0)


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return pd.read_csv(RNASEQ / "counts.csv", index_col=0)


def patients(n: int) -> list[str]:
    return [f"P{k:03}" for k in range(n)]


def noise(n: int, p: int, prefix: str, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, p)), patients(n)).add_prefix(prefix)


def only(result) -> pd.Series:
    (row,) = result.table.to_dict("records")
    return pd.Series(row)


# against R --------------------------------------------------------------------------------------


def test_partial_correlations_equal_r(cases, scalars) -> None:
    beside = {"confounders": cases[["log_vol"]], "groups": cases["site"]}
    found = associate(cases[["x"]], cases[["g"]], method="partial", **beside)
    assert only(found)["effect"] == pytest.approx(scalars["partial_r"], abs=1e-12)
    found = associate(cases[["x"]], cases[["g"]], method="partial_spearman", **beside)
    assert only(found)["effect"] == pytest.approx(scalars["partial_spearman"], abs=1e-12)


def test_linear_model_equals_lm(cases, scalars) -> None:
    found = only(
        associate(
            cases[["x"]],
            cases[["g"]],
            method="linear",
            confounders=cases[["log_vol"]],
            groups=cases["site"],
            per="unit",
        )
    )
    assert found["effect"] == pytest.approx(scalars["lm_x_beta"], rel=1e-10)
    assert found["p_value"] == pytest.approx(scalars["lm_x_p"], rel=1e-10)
    assert found["low"] < found["effect"] < found["high"]


def test_mixed_model_equals_lmer_with_satterthwaite(cases, scalars) -> None:
    found = only(
        associate(
            cases[["x"]],
            cases[["g"]],
            method="mixed",
            confounders=cases[["log_vol"]],
            groups=cases["site"],
            per="unit",
        )
    )
    # lmer stops when its optimizer does.
    assert found["effect"] == pytest.approx(scalars["lmer_x_beta"], abs=1e-9)
    assert found["effect"] / found["statistic"] == pytest.approx(scalars["lmer_x_se"], abs=1e-9)
    assert found["p_value"] == pytest.approx(scalars["lmer_x_p_satt"], abs=1e-8)
    share = scalars["lmer_sd_site"] ** 2
    assert found["site_share"] == pytest.approx(
        share / (share + scalars["lmer_sigma"] ** 2), abs=1e-6
    )


def test_cox_model_equals_coxph(cases, scalars) -> None:
    found = only(
        associate(
            cases[["s1"]],
            cases[["time", "event"]],
            method="cox",
            confounders=cases[["vol"]],
            per="unit",
        )
    )
    assert found["effect"] == pytest.approx(scalars["cox_s1_beta"], abs=1e-9)
    assert found["effect"] / found["statistic"] == pytest.approx(scalars["cox_s1_se"], abs=1e-9)


def test_limma_trend_equals_limma(counts, samples) -> None:
    reference = pd.read_csv(RNASEQ / "ref_limma_trend_feat.csv", index_col=0)
    found = associate(
        samples[["feat"]],
        normalize_counts(counts),
        method="limma_trend",
        confounders=samples[["vol"]],
        groups=samples["site"],
        per="unit",
    ).table.set_index("outcome")
    reference = reference.loc[found.index]
    np.testing.assert_allclose(found["effect"], reference["logFC"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["statistic"], reference["t"], rtol=1e-10)
    np.testing.assert_allclose(found["p_value"], reference["P.Value"], rtol=1e-10)
    np.testing.assert_allclose(found["q_value"], reference["adj.P.Val"], rtol=1e-10)


def test_negative_binomial_finds_what_deseq2_finds(counts, samples) -> None:
    reference = pd.read_csv(RNASEQ / "ref_deseq2_feat.csv", index_col=0)
    found = associate(
        samples[["feat"]],
        counts,
        method="negative_binomial",
        confounders=samples[["vol"]],
        groups=samples["site"],
        per="unit",
    ).table.set_index("outcome")
    reference = reference.loc[found.index]
    # pydeseq2, too, is within 0.0013 of the fold changes.
    np.testing.assert_allclose(found["effect"], reference["log2FoldChange"], atol=0.0013)
    hits = found["q_value"] < 0.05
    assert hits.sum() == 26
    assert (hits == (reference["padj"] < 0.05)).all()


# properties -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_equal_scipy(method: str) -> None:
    x, y = noise(30, 3, "f"), noise(30, 2, "g", 1)
    found = associate(x, y, method=method).table
    function = stats.pearsonr if method == "pearson" else stats.spearmanr
    for row in found.itertuples():
        r, p = function(x[row.feature], y[row.outcome])
        assert (row.effect, row.p_value) == pytest.approx((r, p), rel=1e-9)


def test_missing_values_cost_only_their_own_tests() -> None:
    x, y = noise(40, 3, "f"), noise(40, 2, "g", 1)
    holes = x.copy()
    holes.iloc[:7, 0] = np.nan
    y_holes = y.copy()
    y_holes.iloc[30:, 1] = np.nan
    confounders = noise(40, 1, "c", 2)
    found = associate(holes, y_holes, confounders=confounders)
    n = found.matrix("n")
    assert n.to_numpy().tolist() == [[33, 23], [40, 30], [40, 30]]
    rows = slice(7, 30)
    alone = associate(x.iloc[rows, [0]], y.iloc[rows, [1]], confounders=confounders.iloc[rows])
    both = found.table.set_index(["feature", "outcome"]).loc[("f0", "g1")]
    assert both["p_value"] == pytest.approx(only(alone)["p_value"], rel=1e-10)
    assert any("tests rest on 23 to 40 of 40 patients" in note for note in found.warnings)


def test_per_unit_and_per_standard_deviation_agree() -> None:
    x, y = noise(50, 2, "f") * 7, noise(50, 2, "g", 1)
    unit, sd = (associate(x, y, method="linear", per=per).matrix() for per in ("unit", "sd"))
    np.testing.assert_allclose(unit.mul(x.std(), axis=0), sd, rtol=1e-10)


def test_a_screen_keeps_the_smallest_and_adjusts_for_all(monkeypatch) -> None:
    x, y = noise(60, 40, "f"), noise(60, 50, "g", 1)
    x.iloc[:9, :3] = np.nan
    y["g7"] += 2 * x["f5"]
    for method in ("partial", "linear", "spearman"):
        whole = associate(x, y, method=method)
        kept = associate(x, y, method=method, keep=0.01)
        assert (whole.n_tests, kept.n_tests) == (2000, 2000)
        expected = whole.table[whole.table["p_value"] <= 0.01]
        columns = list(kept.table.columns)
        pd.testing.assert_frame_equal(
            kept.table.drop(columns="q_value"),
            expected[columns].drop(columns="q_value"),
            check_exact=False,
            rtol=1e-9,
        )
        # The step-up minimum may lie among those that were left out: never too small.
        assert (kept.table["q_value"] >= expected["q_value"] - 1e-12).all()
        assert kept.table["q_value"][0] == pytest.approx(expected["q_value"][0], rel=1e-9)


@pytest.mark.parametrize("correction", ["by", "holm", "bonferroni", "none"])
def test_a_screen_adjusts_by_every_rule(correction) -> None:
    x, y = noise(30, 10, "f"), noise(30, 10, "g", 1)
    y["g0"] += 3 * x["f0"]
    whole, kept = (associate(x, y, correction=correction, keep=keep) for keep in (None, 0.05))
    assert kept.table["q_value"][0] == pytest.approx(whole.table["q_value"][0], rel=1e-5)
    with pytest.raises(InputError, match="storey"):
        associate(x, y, correction="storey", keep=0.05)


def test_firth_answers_where_a_feature_parts_the_classes() -> None:
    x = noise(40, 2, "f")
    y = pd.DataFrame({"mutated": (x["f0"] > 0).map({True: "yes", False: "no"})})
    found = associate(x, y, method="logistic")
    table = found.table.set_index("feature")
    assert table.loc["f0", "firth"]
    assert not table.loc["f1", "firth"]
    assert 1 < table.loc["f0", "effect"] < 50
    assert any("Firth" in note for note in found.warnings)
    assert any('"yes" counts as 1' in note for note in found.warnings)


def test_a_hazard_ratio_without_end_is_no_estimate() -> None:
    time = np.arange(1.0, 21)
    x = pd.DataFrame({"f0": -time, "f1": np.sin(time)}, patients(20))
    y = pd.DataFrame({"time": time, "event": 1}, patients(20))
    found = associate(x, y, method="cox")
    assert found.table.set_index("feature")["p_value"].isna().to_dict() == {"f1": False, "f0": True}
    assert any("grows without end" in note for note in found.warnings)


def test_meta_analysis_joins_the_sites() -> None:
    x = noise(120, 1, "f")
    site = pd.Series(np.repeat(list("ABC"), 40), x.index)
    y = (0.6 * x["f0"] + noise(120, 1, "e", 1)["e0"] + 5 * (site == "B")).rename("gene")
    found = associate(x, y, method="site_meta", groups=site)
    row = only(found)
    assert row["n_sites"] == 3
    assert row["low"] < 0.6 / np.sqrt(1.36) < row["high"]
    assert any("Each site is tested by itself" in note for note in found.warnings)


def test_families_are_declared_and_adjusted_apart() -> None:
    x, y = noise(40, 3, "f"), noise(40, 4, "g", 1)
    found = associate(x, y, family="outcome")
    assert "3 features × 4 outcomes, 12 tests, the tests of each of 4 outcomes" in found.family
    assert "Benjamini and Hochberg" in found.family
    for _, own in found.table.groupby("outcome", observed=True):
        expected = stats.false_discovery_control(own["p_value"])
        np.testing.assert_allclose(own["q_value"], expected)
        assert (own["family"] == own["outcome"]).all()


def test_the_history_names_the_settings() -> None:
    (record,) = history_of(associate(noise(20, 1, "f"), noise(20, 1, "g", 1), method="pearson"))
    assert (record.verb, record.settings["method"]) == ("associate", "pearson")


@pytest.mark.parametrize("entry", list(METHODS), ids=METHODS.names())
def test_every_method_says_what_it_is_and_keeps_its_level(entry) -> None:
    assert entry.title
    assert entry.meaning.endswith(".")
    assert entry.limits.endswith(".")
    assert entry.doi.startswith("10.")
    n = 60
    x = noise(n, 40, "f", 3)
    rng = np.random.default_rng(4)
    site = pd.Series(rng.choice(list("ABCD"), n), x.index)
    y = {
        "number": noise(n, 5, "g", 5),
        "log": noise(n, 60, "g", 5) + 8,
        "classes": (noise(n, 3, "m", 5) > 0).astype(int),
        "count": pd.DataFrame(rng.negative_binomial(5, 0.05, (n, 150)), x.index).add_prefix("g"),
        "survival": pd.DataFrame(
            {"time": rng.exponential(size=n), "event": rng.integers(0, 2, n)}, x.index
        ),
    }[entry.outcome]
    x = x.iloc[:, :4] if entry.outcome == "count" else x
    beside = noise(n, 1, "c", 6) if entry.confounders else None
    found = associate(x, y, method=entry.name, confounders=beside, groups=site)
    p = found.table["p_value"]
    assert p.between(0, 1).all()
    assert 0.01 < (p < 0.05).mean() < 0.11
    assert (found.table["low"] <= found.table["high"]).all()


# permutation ------------------------------------------------------------------------------------


def test_permutation_p_values_are_those_of_the_t_test_for_normal_data() -> None:
    x, y, c = noise(40, 3, "f"), noise(40, 2, "g", 1), noise(40, 1, "c", 2)
    found = associate(x, y, confounders=c, n_permutations=2000).table
    np.testing.assert_allclose(found["p_permuted"], found["p_value"], atol=0.035)
    assert (found["p_max_t"] >= found["p_permuted"]).all()
    again = associate(x, y, confounders=c, n_permutations=2000).table
    pd.testing.assert_frame_equal(found, again)


def test_trap_12_permutations_stay_within_their_site() -> None:
    """Site shifts both: across sites chance alone would look rare."""
    rng = np.random.default_rng(1)
    site = pd.Series(np.repeat(["A", "B"], 20), patients(40))
    shift = 5.0 * (site == "B")
    x = pd.DataFrame({"f": rng.normal(size=40) + shift}, site.index)
    y = pd.DataFrame({"g": rng.normal(size=40) + shift}, site.index)
    blind = associate(x, y, method="pearson", n_permutations=500)
    within = associate(x, y, method="pearson", groups=site, n_permutations=500)
    assert blind.table["p_permuted"][0] < 0.01
    assert within.table["p_permuted"][0] > 0.05
    assert any("does not know of sites" in note for note in within.warnings)


def test_few_orders_are_told() -> None:
    site = pd.Series(np.repeat(list("ABCDE"), 2), patients(10))
    found = associate(noise(10, 1, "f"), noise(10, 1, "g", 1), groups=site, n_permutations=100)
    assert any("There are 32 orders" in note for note in found.warnings)


def test_permutations_refuse_holes_and_other_methods() -> None:
    x, y = noise(30, 2, "f"), noise(30, 1, "g", 1)
    x.iloc[0, 0] = np.nan
    with pytest.raises(InputError, match="nothing may be missing"):
        associate(x, y, n_permutations=10)
    with pytest.raises(InputError, match="takes no permutations. Choose one of linear"):
        associate(x, y > 0, method="logistic", n_permutations=10)


# the traps --------------------------------------------------------------------------------------


def test_trap_01_lesions_are_not_patients() -> None:
    lesions = noise(30, 2, "f").set_axis(np.repeat(patients(10), 3))
    outcome = noise(10, 1, "g", 1)
    with pytest.raises(InputError, match="10 patients more than once .* not independent"):
        associate(lesions, outcome)
    found = associate(lesions, outcome, aggregate="mean")
    assert found.n_patients == 10
    rows = lesions.set_axis([f"lesion{k}" for k in range(30)])
    owner = pd.Series(lesions.index, rows.index)
    again = associate(rows, outcome, unit=owner, aggregate="mean")
    pd.testing.assert_frame_equal(found.table, again.table)
    with pytest.raises(InputError, match='Did you mean "mean"'):
        associate(lesions, outcome, aggregate="men")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="outcomes hold 10 patients more than once"):
        associate(outcome, lesions)


def test_trap_03_an_outcome_that_differs_between_sites_is_told() -> None:
    site = pd.Series(np.repeat(list("AB"), 30), patients(60))
    x = noise(60, 3, "f").add(2.0 * (site == "B"), axis=0)
    y = pd.DataFrame({"EGFR": noise(60, 1, "g", 1)["g0"] + 2.0 * (site == "B")})
    blind = associate(x, y, method="pearson", groups=site)
    assert (blind.table["q_value"] < 0.05).all()
    assert any("looks like biology" in note for note in blind.warnings)
    aware = associate(x, y, method="partial", groups=site)
    assert (aware.table["p_value"] > 0.01).all()
    assert any("Sites are part of the model" in note for note in aware.warnings)
    assert "not accounted for" in associate(x, y).sites


def test_trap_04_what_harmonization_kept_is_not_tested() -> None:
    site = pd.Series(np.repeat(list("AB"), 30), patients(60))
    x, y = noise(60, 3, "f"), noise(60, 1, "g", 1)
    kept = harmonize(x, site, covariates=y)
    with pytest.raises(InputError, match='harmonized keeping "g0"'):
        associate(kept, y)
    assert len(associate(kept, noise(60, 1, "h", 2)).table) == 3


def test_trap_07_a_confounder_that_follows_from_the_sites_is_refused() -> None:
    site = pd.Series(np.repeat(list("ABC"), 10), patients(30))
    scanner = site.map({"A": "x", "B": "y", "C": "y"}).to_frame("scanner")
    with pytest.raises(InputError, match='"scanner" follows from the sites'):
        associate(noise(30, 1, "f"), noise(30, 1, "g", 1), confounders=scanner, groups=site)
    twice = noise(30, 1, "c").assign(d=lambda table: 2 * table["c0"] + 1)
    with pytest.raises(InputError, match='"d" follows from other confounders'):
        associate(noise(30, 1, "f"), noise(30, 1, "g", 1), confounders=twice)


@pytest.mark.parametrize("method", ["partial", "mixed", "site_meta", "linear", "logistic"])
def test_trap_07_an_outcome_that_sites_determine_is_refused(method: str) -> None:
    site = pd.Series(np.repeat(list("AB"), 10), patients(20))
    y = pd.DataFrame({"EGFR": (site == "B").astype(int)})
    with pytest.raises(InputError, match='"EGFR" is the same for all patients of each site'):
        associate(noise(20, 1, "f"), y, groups=site, method=method)


def test_trap_08_tiny_sites_and_flat_columns_are_told() -> None:
    site = pd.Series(["A"] * 15 + ["B"] * 14 + ["C"], patients(30))
    x = noise(30, 2, "f").assign(flat=1.0, empty=np.nan)
    y = noise(30, 2, "g", 1).assign(gone=np.nan)
    found = associate(x, y, groups=site)
    assert set(found.table["feature"]) == {"f0", "f1"}
    assert set(found.table["outcome"]) == {"g0", "g1"}
    assert np.isfinite(found.table["p_value"]).all()
    said = " ".join(found.warnings)
    assert "Fewer than 5 patients in C (1)" in said
    assert '1 feature ("flat") is the same for all patients: not tested.' in said
    assert '1 feature ("empty") has no value' in said
    assert '1 outcome ("gone") has no value' in said


def test_trap_10_features_that_follow_volume_are_told() -> None:
    volume = np.exp(noise(60, 1, "v")["v0"])
    x = noise(60, 1, "f", 1).assign(shape_MeshVolume=volume, big=volume + 0.01)
    y = pd.DataFrame({"stage": np.log(volume) + noise(60, 1, "g", 2)["g0"]})
    found = associate(x, y)
    assert any('1 feature ("big") follows the volume' in note for note in found.warnings)
    beside = associate(x[["f0", "big"]], y, confounders=x[["shape_MeshVolume"]])
    assert not any("follow" in note or "size alone" in note for note in beside.warnings)
    unknown = associate(x[["f0", "big"]], y)
    assert any("No feature or confounder is called a volume" in n for n in unknown.warnings)


def test_trap_10_volume_alone_makes_discoveries_and_adjusting_unmakes_them() -> None:
    rng = np.random.default_rng(0)
    raw = adjusted = 0
    for _ in range(40):
        volume = rng.normal(size=80)
        x = pd.DataFrame({"f": volume + 0.5 * rng.normal(size=80)}, patients(80))
        y = pd.DataFrame({"g": volume + 0.5 * rng.normal(size=80)}, patients(80))
        beside = pd.DataFrame({"volume": volume}, patients(80))
        raw += only(associate(x, y, method="pearson"))["p_value"] < 0.05
        adjusted += only(associate(x, y, confounders=beside))["p_value"] < 0.05
    assert raw == 40
    assert adjusted <= 6


def test_trap_11_voxels_are_refused() -> None:
    voxels = noise(500, 1, "f").set_axis(np.repeat(patients(5), 100))
    with pytest.raises(InputError, match="voxels of one patient are not independent"):
        associate(voxels, noise(5, 1, "g"))
    nested = voxels.set_index(np.arange(500), append=True)
    with pytest.raises(InputError, match="not known what a patient is"):
        associate(nested, noise(5, 1, "g"))


@pytest.mark.parametrize("method", ["pearson", "spearman", "partial", "linear", "logistic"])
def test_trap_13_p_values_never_leave_0_to_1(method: str) -> None:
    x = noise(30, 1, "f").assign(tail=np.arange(30) ** 3.0)
    y = pd.DataFrame({"same": x["f0"], "other": -x["tail"]}, x.index)
    y = (y > y.median()).astype(int) if method == "logistic" else y
    found = associate(x, y, method=method).table
    assert found[["p_value", "q_value"]].to_numpy().min() >= 0
    assert found[["p_value", "q_value"]].to_numpy().max() <= 1


def test_trap_14_counts_are_refused_where_they_do_not_belong(counts, samples) -> None:
    x = samples[["feat"]]
    for method in ("linear", "pearson", "partial", "limma_trend"):
        with pytest.raises(InputError, match="raw counts .* Normalize them first"):
            associate(x, counts, method=method)
    harmonized = harmonize(counts, samples["site"])
    with pytest.raises(InputError, match="give the original counts"):
        associate(x, harmonized, method="negative_binomial")
    few = counts.iloc[:, :5]
    with pytest.raises(InputError, match="Give library_sizes"):
        associate(x, few, method="negative_binomial")
    sizes = counts.sum(axis=1)
    assert len(associate(x, few, method="negative_binomial", library_sizes=sizes).table) == 5
    with pytest.raises(InputError, match="takes no library_sizes"):
        associate(x, x, method="pearson", library_sizes=sizes)


def test_trap_15_missingness_that_goes_with_the_outcome_is_told() -> None:
    x, y = noise(80, 2, "f"), noise(80, 1, "g", 1)
    x.loc[y["g0"] > 0.8, "f1"] = np.nan
    found = associate(x, y)
    (row,) = found.missing.to_dict("records")
    assert (row["first"], row["outcome"], row["n_missing"]) == ("f1", "g0", x["f1"].isna().sum())
    assert row["q_value"] < 1e-6
    assert any('"f1" is missing' in note and '"g0"' in note for note in found.warnings)
    whole = associate(noise(80, 2, "f"), y)
    assert whole.missing.empty
    assert not any("missing" in note for note in whole.warnings)
    assert any("No sites were given" in note for note in whole.warnings)


# bad input --------------------------------------------------------------------------------------


def refused(words: str, *tables, **settings) -> None:
    with pytest.raises(InputError, match=words):
        associate(*tables, **settings)


def test_bad_input_says_what_to_do() -> None:
    x, y = noise(20, 2, "f"), noise(20, 1, "g", 1)
    one = pd.Series("A", x.index)
    refused("There is one site", x, y, groups=one)
    refused("share no patient", x, y.add_prefix("Q", axis=0))
    refused("no other feature is there", x * 0, y)
    refused("no other outcome is there", x, y * np.nan)
    refused("has one class", x, y * 0, method="logistic")
    refused("has 20 values; this method takes two", x, y, method="logistic")
    text = x.astype(object)
    text.iloc[3, 0] = "n/a"
    refused('"f0" holds text: "n/a" of patient P003', text, y)
    refused("infinite", x.replace(x.iloc[0, 0], np.inf), y)
    age = pd.DataFrame({"age": ["61", "54", "unknown", *["70", "66"] * 8, "71"]}, x.index)
    refused('"age" holds text among numbers: "unknown"', x, y, confounders=age)
    names = pd.DataFrame({"name": [f"n{k}" for k in range(20)]}, x.index)
    refused("has 20 groups among 20 patients", x, y, confounders=names)
    refused("takes no confounders", x, y, method="pearson", confounders=y)
    refused("needs the site", x, y, method="mixed")
    refused("two columns", x, y, method="cox")
    refused("Did you mean", x, y, method="pearso")
    refused("it must lie above 0", x, y, keep=0.0)
    refused("are empty", x.iloc[:0], y)
    refused("No patient has a site", x, y, groups=pd.Series(["A", "B"], ["Q", "R"]))


def test_numbers_written_as_text_are_read() -> None:
    x, y = noise(20, 1, "f"), noise(20, 1, "g", 1)
    plain, text = associate(x, y), associate(x.astype(str), y)
    pd.testing.assert_frame_equal(plain.table, text.table)


def test_patients_of_one_table_only_are_counted() -> None:
    found = associate(noise(30, 1, "f"), noise(25, 1, "g", 1))
    assert found.n_patients == 25
    assert any("5 patients are in one of the tables only" in note for note in found.warnings)


# under the null ---------------------------------------------------------------------------------


def share_of_false_families(n_cohorts: int, method: str) -> float:
    """Share of null cohorts with any discovery at q < 0.05: the false discovery rate of a null."""
    false = 0
    for seed in range(n_cohorts):
        rng = np.random.default_rng(seed)
        site = pd.Series(rng.choice(list("ABC"), 60), patients(60))
        shift = site.map({"A": 0.0, "B": 1.0, "C": -2.0})
        x = noise(60, 12, "f", 2 * seed + 1000).add(shift, axis=0)
        y = noise(60, 5, "g", 2 * seed + 1001).add(2 * shift, axis=0)
        found = associate(x, y, method=method, groups=site)
        false += bool((found.table["q_value"] < 0.05).any())
    return false / n_cohorts


def test_false_discoveries_are_rare_in_null_cohorts() -> None:
    # 40 cohorts at 5 %: 6 or more happen once in 40 times; sites ignored give 40 of 40.
    assert share_of_false_families(40, "partial") <= 5 / 40
    assert share_of_false_families(5, "pearson") == 1.0


@pytest.mark.slow
@pytest.mark.very_slow
@pytest.mark.parametrize("method", ["partial", "partial_spearman", "linear", "mixed"])
def test_false_discoveries_are_held_over_200_null_cohorts(method: str) -> None:
    # The upper end of a 99 % interval of 200 cohorts at 5 %.
    assert share_of_false_families(200, method) <= 0.095


def test_values_that_are_no_counts_are_refused_with_a_remedy_that_exists() -> None:
    x = noise(40, 2, "f", 1)
    floats = np.log1p(noise(40, 120, "g", 2).abs())
    with pytest.raises(InputError, match="give the original counts") as refused:
        associate(x, floats, method="negative_binomial")
    assert "nature" not in str(refused.value)
