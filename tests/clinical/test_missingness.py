"""What is missing is reported with what it hangs on; Little's test is right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from napari_radiogenomics import missingness_report
from napari_radiogenomics.clinical import mcar_test
from napari_radiogenomics.clinical.two_groups import compare
from napari_radiogenomics.errors import InputError


def with_gaps(seed: int, n: int = 60, by: str = "chance") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mix = np.array([[1, 0, 0], [0.6, 0.8, 0], [-0.3, 0.2, 0.9]])
    table = pd.DataFrame(
        rng.normal(size=(n, 3)) @ mix.T * [1, 20, 0.1] + [0, 60, 3], columns=list("abc")
    )
    if by == "chance":
        table = table.mask(rng.random(table.shape) < 0.2)
    else:
        table.loc[table["a"] > 0.4, "b"] = np.nan
    return table


def little_by_hand(table: pd.DataFrame) -> tuple[float, int]:
    """Little's χ² with the likelihood maximized by a general optimizer instead of EM."""
    values = ((table - table.mean()) / table.std(ddof=0)).dropna(how="all").to_numpy()
    p = values.shape[1]
    lower = np.tril_indices(p)

    def unpack(parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        root = np.zeros((p, p))
        root[lower] = parameters[p:]
        return parameters[:p], root @ root.T

    def loss(parameters: np.ndarray) -> float:
        mean, covariance = unpack(parameters)
        total = 0.0
        for row in values:
            seen = np.isfinite(row)
            total -= stats.multivariate_normal.logpdf(
                row[seen], mean[seen], covariance[np.ix_(seen, seen)], allow_singular=True
            )
        return total

    start = np.concatenate([np.zeros(p), np.eye(p)[lower]])
    mean, covariance = unpack(optimize.minimize(loss, start, method="BFGS", tol=1e-9).x)
    statistic, df = 0.0, -p
    for pattern in {tuple(np.isfinite(row)) for row in values}:
        seen = np.array(pattern)
        rows = [row[seen] for row in values if tuple(np.isfinite(row)) == pattern]
        apart = np.mean(rows, axis=0) - mean[seen]
        inverse = np.linalg.inv(covariance[np.ix_(seen, seen)])
        statistic += len(rows) * apart @ inverse @ apart
        df += int(seen.sum())
    return statistic, df


@pytest.mark.parametrize("by", ["chance", "value"])
def test_little_agrees_with_a_likelihood_maximized_by_other_means(by: str) -> None:
    table = with_gaps(3, n=24, by=by)
    statistic, df = little_by_hand(table)
    found = mcar_test(table)
    assert found.statistic == pytest.approx(statistic, rel=1e-4)
    assert found.df == df
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, df), rel=1e-3)


def test_little_holds_its_level_and_does_not_hang_on_units() -> None:
    p_values = [mcar_test(with_gaps(seed, n=120)).p_value for seed in range(60)]
    assert np.mean(np.array(p_values) < 0.05) < 0.12
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    table = with_gaps(1, by="value")
    scaled = table * [1000, 0.01, 1] + [5, -3, 1e4]
    assert mcar_test(scaled).statistic == pytest.approx(mcar_test(table).statistic, rel=1e-6)
    assert mcar_test(table).p_value < 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.fillna(0), "No value is missing"),
        (lambda t: t.assign(d=2 * t["a"]), "follows from others"),
        (lambda t: t.assign(d=4.0), "same in all patients"),
        (lambda t: t.assign(d=[1.0] + [np.nan] * (len(t) - 1)), "fewer than two"),
        (lambda t: t.head(3), "more patients than columns"),
    ],
)
def test_little_refuses_what_has_no_answer(change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mcar_test(change(with_gaps(1)))


def test_groups_are_compared_as_scipy_does() -> None:
    rng = np.random.default_rng(0)
    gone, values = rng.random(60) < 0.4, rng.normal(size=60)
    found = compare(gone, values)
    expected = stats.mannwhitneyu(values[gone], values[~gone])
    assert found.p_value == pytest.approx(expected.pvalue)
    codes = rng.integers(0, 3, 60)
    found = compare(gone, codes.astype(float), ["x", "y", "z"])
    table = [[int(((codes == c) & (gone == g)).sum()) for c in range(3)] for g in (True, False)]
    assert found.p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    few = np.array([True] * 5 + [False] * 7)
    sides = np.array([0.0] * 4 + [1.0] + [1.0] * 6 + [0.0])
    by_permutation = compare(few, sides, ["left", "right"])
    exact = stats.fisher_exact([[4, 1], [1, 6]]).pvalue
    assert by_permutation.test == "χ² by permutation"
    assert by_permutation.p_value == pytest.approx(exact, abs=0.01)
    assert by_permutation.effect == "uneven: missing in 80 % of left, 14 % of right"


def test_the_report_names_outcome_site_and_what_else() -> None:
    rng = np.random.default_rng(2)
    n = 120
    table = pd.DataFrame({
        "site": rng.choice(["A", "B", "C"], n),
        "dead": rng.integers(0, 2, n),
        "stage": rng.choice(["I", "II", "III"], n),
        "age": rng.normal(60, 8, n).round(),
    })  # fmt: skip
    table["crp"] = rng.normal(5, 1, n)
    table.loc[(table["stage"] == "I") & (rng.random(n) < 0.9), "crp"] = np.nan
    table["weight"] = rng.normal(70, 9, n).astype(object)
    table.loc[(table["site"] == "C") & (rng.random(n) < 0.8), "weight"] = "Not collected"
    table["egfr"] = np.where(rng.random(n) < 0.3, "unknown", "wildtype")
    table.loc[table["dead"] == 1, "cause"] = "tumor"
    table.loc[[0, 1, 2], "cause"] = "other"
    report = missingness_report(table, outcome="dead")
    assert report.columns.loc["weight", "written"].endswith('× "Not collected"')
    hits = report.tests[report.tests["q_value"] < 0.05]
    assert {("crp", "stage"), ("weight", "site"), ("cause", "dead")} <= set(
        zip(hits["column"], hits["against"], strict=True)
    )
    assert not (hits["column"] == "egfr").any()
    assert report.tests["role"].tolist() == sorted(
        report.tests["role"], key=["outcome", "site", ""].index
    )
    text = "\n".join(report.notes)
    assert "weight is not missing completely at random: site (site) is uneven: missing in" in text
    assert "No sign that egfr is missing by dead or site." in text
    assert int(report.patterns["patients"].sum()) == n
    assert report.patterns["patients"].is_monotonic_decreasing


def test_what_does_not_apply_is_told_apart_from_what_is_unknown(real_data) -> None:
    name = "nsclc_radiogenomics/NSCLCR01Radiogenomic_DATA_LABELS_2018-05-22_1500-shifted.csv"
    table = pd.read_csv(real_data(name), dtype=str, keep_default_na=False)
    report = missingness_report(table, outcome="Survival Status", site="Patient affiliation")
    text = "\n".join(report.notes)
    assert (
        "Pack Years is missing in all 48 patients with Smoking status = Nonsmoker and in 8 of 163 "
        "others: perhaps it does not apply there"
    ) in text
    assert "Recurrence Location is missing in all 156 patients with Recurrence = no" in text
    by_site = report.tests.query("column == '%GG' and role == 'site'").iloc[0]
    assert by_site["effect"] == "uneven: missing in 51 % of Stanford, 5 % of VA"
    assert "Little's test" in text


def test_a_table_without_gaps_says_so_and_others_are_refused() -> None:
    whole = pd.DataFrame({"age": range(20), "side": ["l", "r"] * 10})
    report = missingness_report(whole)
    assert report.tests.empty
    assert report.mcar is None
    assert report.notes == (
        "Little's test was not made: No value is missing; there is nothing to test.",
    )
    assert report.patterns["patients"].tolist() == [20]
    with pytest.raises(InputError, match='no column "aeg"'):
        missingness_report(whole, outcome="aeg")
    with pytest.raises(InputError, match="no patient"):
        missingness_report(whole.head(0))


def test_a_column_without_any_value_is_said_to_have_none() -> None:
    table = pd.DataFrame({"age": range(30), "crp": [None] * 30, "sex": ["M", "F"] * 15})
    found = missingness_report(table)
    assert found.notes == (
        "crp has no value in any of the 30 patients, and is in no test.",
        "Little's test was not made: of the columns that it takes (age, sex) none misses a value.",
    )


def test_trap_1_rows_that_repeat_a_patient_are_refused() -> None:
    table = pd.DataFrame(
        {"crp": [None, 2.0] * 20, "y": ["a", "b"] * 20}, [f"P{k}" for k in range(40)]
    )
    for twice in (
        pd.concat([table] * 2),
        pd.concat([table.rename_axis("patient_id")] * 2).reset_index(),
    ):
        with pytest.raises(
            InputError, match=r'40 patients are there more than once \("P0" 2 times'
        ):
            missingness_report(twice)
    assert missingness_report(table.rename_axis("patient_id").reset_index()).notes


def test_outcomes_are_named_and_one_class_is_told() -> None:
    table = pd.DataFrame({"crp": [None] * 10 + list(range(30)), "y": ["a", "b"] * 20})
    with pytest.raises(InputError, match="takes the names of columns, and a Series was given"):
        missingness_report(table, outcome=table["y"])
    found = missingness_report(table.assign(y="a", z=None), outcome=["y", "z"])
    assert 'The outcome y has one value ("a"), so that nothing is held against it.' in found.notes
    assert any(note.startswith("The outcome z has no value,") for note in found.notes)


def test_values_below_the_limit_of_detection_are_told() -> None:
    crp = ["<0.1"] * 12 + [str(k / 10 + 0.15) for k in range(38)]
    few = ["< 0,1", *(str(k / 7) for k in range(49))]
    found = missingness_report(
        pd.DataFrame({"crp": crp, "psa": few, "size": ["<2", "2-5", ">5", "2-5", "<2"] * 10})
    )
    said = " ".join(found.notes)
    assert 'crp holds values beyond a limit (12, such as "<0.1"): the column counts as text' in said
    assert 'psa holds values beyond a limit (1, such as "< 0,1"): they count as missing.' in said
    assert "size holds" not in said
