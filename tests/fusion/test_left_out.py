"""Patients without an outcome, ids of two hospitals, and patients of whom nothing is known."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import open_cohort, predict_patients
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.extraction.result import CohortFeatures
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, SingleModality, fuse
from napari_radiogenomics.fusion.checks.blank_target import warn_of_blanks
from napari_radiogenomics.fusion.checks.same_id import require_one_site, warn_of_two_names
from napari_radiogenomics.fusion.cohort_tables import cohort_modalities
from napari_radiogenomics.fusion.outcome import Outcome, outcome_of
from napari_radiogenomics.fusion.validation.splits import fold_splits
from napari_radiogenomics.simulate.sample import sample_cohort

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}
IDS = [f"P{number:03}" for number in range(200)]


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    imaging = pd.DataFrame(rng.normal(size=(200, 4)), IDS).add_prefix("f")
    rna = pd.DataFrame(rng.normal(size=(120, 3)), IDS[:120]).add_prefix("g")
    return {"imaging": imaging, "rna": rna}


def _egfr(tables, blank):
    rng = np.random.default_rng(1)
    y = pd.Series(rng.integers(0, 2, 200).astype(float), IDS, name="EGFR")
    return y.mask(y.index.isin(blank))


def test_blank_outcomes_are_told_on_the_result(tables):
    y = _egfr(tables, IDS[::7][:20])
    with pytest.warns(DataWarning, match="^20 of 200 patients have no EGFR and are left out.$"):
        found = fuse(tables, y, strategies=["single"], **QUICK)
    assert any(text.startswith("20 of 200 patients have no EGFR") for text in found.warnings)
    assert found.doubts == ()
    with pytest.warns(DataWarning, match="20 of 200 patients have no EGFR"):
        SingleModality("imaging", inner_folds=3).fit(tables, y)


def test_blank_outcomes_of_a_second_cohort_are_told(tables):
    first, second = ({n: t[t.index.isin(own)] for n, t in tables.items()}
                     for own in (IDS[:100], IDS[100:]))  # fmt: skip
    y = _egfr(tables, IDS[100::9])
    with pytest.warns(DataWarning, match="Second cohort: 12 of 100 patients have no EGFR"):
        found = fuse(first, y[:100], strategies=["single"], external=(second, y[100:]), **QUICK)
    assert any(text.startswith("Second cohort: 12 of 100") for text in found.warnings)


def test_whom_the_target_does_not_name_was_not_asked_for(tables):
    y = _egfr(tables, [])[:150]
    outcome, _ = outcome_of(y)
    assert warn_of_blanks(tables, y, outcome) == ()


@pytest.mark.parametrize(
    ("blank", "words"),
    [
        (IDS[110:190], "88% of those without rna have no EGFR, 8% of those with it"),
        (IDS[1:100:2], "without EGFR are 50% at B, 0% at A"),
    ],
)
def test_blanks_that_go_with_a_modality_or_a_site_are_told(tables, blank, words):
    y, sites = _egfr(tables, blank), pd.Series(["A", "B"] * 100, IDS)
    outcome, _ = outcome_of(y)
    with pytest.warns(DataWarning, match=f"They are not like the rest: .*{words}"):
        warn_of_blanks(tables, y, outcome, sites)


def test_blanks_at_random_are_seldom_taken_for_a_pattern(tables):
    rng = np.random.default_rng(2)
    sites, told = pd.Series(["A", "B"] * 100, IDS), 0
    for _ in range(100):
        y = _egfr(tables, rng.permutation(IDS)[:40])
        with pytest.warns(DataWarning) as caught:
            warn_of_blanks(tables, y, outcome_of(y)[0], sites)
        told += "not like the rest" in str(caught[0].message)
    assert told <= 4  # of 100 at a level of 0.01 together


def test_a_time_without_an_event_is_blank(tables):
    rng = np.random.default_rng(3)
    target = pd.DataFrame({"time": rng.exponential(9, 200) + 1, "event": np.arange(200) % 2.0}, IDS)
    target.iloc[:5, 1], target.iloc[5:8, 0] = np.nan, np.nan
    with pytest.warns(DataWarning, match="^8 of 200 patients have no time"):
        warn_of_blanks(tables, target, outcome_of(target)[0])


@pytest.mark.parametrize("names", [("wildtype", "mutated"), ("a", "b"), ("z", "b"), (1, 0)])
def test_folds_do_not_hang_on_what_classes_are_called(names):
    rng = np.random.default_rng(4)
    y = pd.Series(np.array(["mutated", "wildtype"])[(rng.random(90) < 0.4).astype(int)], IDS[:90])
    sites = rng.choice(["A", "B", "C"], 90)
    renamed = y.map(dict(zip(("mutated", "wildtype"), names, strict=True)))
    one, other = (
        fold_splits(outcome_of(target)[0], sites, folds=5, repeats=2, seed=3)
        for target in (y, renamed)
    )
    assert all((a.test == b.test).all() for a, b in zip(one, other, strict=True))
    assert set(outcome_of(renamed)[0].classes) == set(names)


def _with_sites(tables, imaging, rna):
    return {
        "imaging": tables["imaging"].assign(site=imaging),
        "rna": tables["rna"].assign(Hospital=rna),
    }


def test_one_id_of_two_hospitals_is_refused(tables):
    two = _with_sites(tables, ["A", "B"] * 100, ["B", "A"] * 60)
    y = _egfr(tables, [])
    for run in (lambda: fuse(two, y, **QUICK), lambda: LateFusion().fit(two, y)):
        with pytest.raises(InputError, match='120 ids .*"P000", of a and of b.* put the site'):
            run()
    sites = pd.Series(["B"] * 200, IDS, name="center")
    one = {"imaging": two["imaging"]}
    with pytest.raises(InputError, match='100 ids .* in "imaging" and of another in the sites'):
        fuse(one, y, groups=sites, **QUICK)
    model = EarlyFusion(inner_folds=3).fit(tables, y)
    with pytest.raises(InputError, match="put the site before"):
        predict_patients(model, two)


def test_rows_of_two_hospitals_are_not_taken_for_lesions_of_one_patient(tables):
    both = pd.concat([tables["imaging"].assign(site="A"), tables["imaging"].assign(site="B")])
    with pytest.raises(InputError, match='200 ids are of two sites; the first is "P000"'):
        fuse({"imaging": both}, _egfr(tables, []), **QUICK)
    with pytest.raises(InputError, match="more than one row"):
        fuse({"imaging": both.assign(site="A")}, _egfr(tables, []), **QUICK)


@pytest.mark.parametrize(
    ("imaging", "rna"),
    [
        (["A", "B"] * 100, ["A ", "b"] * 60),  # spelling
        (["A", "B"] * 100, [1, 2] * 60),  # all written otherwise
        (["A", "B"] * 100, [None, "B"] * 60),
        (["A", "B"] * 100, [f"ward {n}" for n in range(120)]),  # no sites
    ],
)
def test_sites_that_agree_pass(tables, imaging, rna):
    two = _with_sites(tables, imaging, rna)
    require_one_site(two)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert warn_of_two_names(two) == ()


def test_one_hospital_each_of_another_name_is_told(tables):
    two = _with_sites(tables, "Oslo", "Rome")
    told = dict.fromkeys(two, "clinical")  # text is no measure
    with pytest.warns(DataWarning, match="one hospital under two names, or .* different patients"):
        found = fuse(two, _egfr(tables, []), strategies=["late"], preparations=told, **QUICK)
    assert any("of oslo and of rome" in text for text in found.warnings)


def test_a_cohort_whose_features_are_of_another_site_is_refused():
    cohort = open_cohort(sample_cohort())
    own = cohort.patients["site"]
    assert own.nunique() > 1
    own = pd.Series(np.where(np.arange(len(own)) % 2, "A", "B"), own.index)
    cohort.patients["site"] = own
    table = pd.DataFrame({"energy": np.arange(len(own)) * 1.5, "site": own})
    blocks = {"energy": "features", "site": "clinical"}
    features = CohortFeatures(table, blocks=blocks, failures=pd.DataFrame())
    assert list(cohort_modalities(features, cohort, ["imaging"]).tables) == ["imaging"]
    features.table["site"] = np.roll(own.to_numpy(), 1)
    with pytest.raises(InputError, match='ids are of one site in "features"'):
        cohort_modalities(features, cohort, ["imaging"])


def test_patients_of_whom_nothing_is_known_are_answered_with_the_reason(tables):
    y = _egfr(tables, [])
    known = {n: t.loc[IDS[:120]] for n, t in tables.items()}
    model = EarlyFusion(inner_folds=3).fit(known, y[:120])
    new = {n: t.loc[IDS[110:120]].copy() for n, t in tables.items()}
    new["rna"].iloc[0] = np.nan
    new["imaging"].iloc[1], new["rna"].iloc[1] = np.nan, np.nan
    table = predict_patients(model, new)
    rest = table.iloc[2:]
    assert (rest["unanswered"] == "").all()
    assert np.isfinite(rest["probability"]).all()
    assert table["unanswered"].iloc[0] == "imaging is known; the model reads imaging with rna"
    assert table["unanswered"].iloc[1].startswith("nothing is known; the model reads")
    assert (table["set"].iloc[:2] == "not answered").all()
    assert (table["class"].iloc[:2] == "").all()


def test_nobody_to_be_answered_is_refused(tables):
    y = _egfr(tables, [])[:120]
    model = SingleModality("rna", inner_folds=3).fit({"rna": tables["rna"]}, y)
    alone = {"imaging": tables["imaging"].iloc[:5]}
    with (
        pytest.warns(DataWarning),
        pytest.raises(InputError, match="None of the 5 patients can be answered.*reads rna"),
    ):
        predict_patients(model, alone)


def test_a_feature_that_is_the_target_is_not_trusted_in_the_advice(tables):
    y = _egfr(tables, [])
    tables["imaging"]["again"] = y * 2 + 1
    with pytest.warns(DataWarning, match="imaging: again"):
        found = fuse(tables, y, strategies=["single"], **QUICK)
    assert found.table.loc["imaging alone", "auc"] > 0.99
    assert "not to be believed while a column may be EGFR itself" in found.advice[0]
    assert not any(text.startswith("Trust") for text in found.advice)
    assert found.star == ""


def test_the_class_of_the_first_patient_is_the_first_stratum():
    values = np.array([1.0, 0, 1, 0])
    for y in (values, 1 - values):
        outcome = Outcome("classification", y, np.ones(4, bool), "x", ("a", "b"))
        assert outcome.strata().tolist() == [0, 1, 0, 1]
