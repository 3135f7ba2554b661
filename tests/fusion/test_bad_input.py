"""What cannot be fused is refused in words, one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import LateFusion, fuse
from napari_radiogenomics.fusion.checks.target_leak import warn_of_target
from napari_radiogenomics.fusion.outcome import outcome_of
from napari_radiogenomics.fusion.tables import Tables

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["late"]}


def one_class(cohort):
    return cohort.modalities, cohort.target.replace("wildtype", "mutated"), {}


def three_classes(cohort):
    return cohort.modalities, pd.Series(list("abc") * 40, cohort.target.index), {}


def three_events(cohort):
    time = pd.Series(range(1, 121), cohort.target.index)
    return cohort.modalities, pd.DataFrame({"time": time, "event": time < 4}), {}


def three_cases(cohort):
    rare = pd.Series(0, cohort.target.index)
    rare.iloc[:3] = 1
    return cohort.modalities, rare, {}


def more_folds_than_patients(cohort):
    return cohort.modalities, cohort.target, {"folds": 121}


def more_folds_than_cases(cohort):
    some = cohort.target.copy()
    cases = some.index[some == "wildtype"][10:]
    return cohort.modalities, some.drop(cases), {"folds": 12}


def no_overlap(cohort):
    other = cohort.modalities["rna"].rename(lambda name: f"TCGA-{name}")
    return {**cohort.modalities, "rna": other}, cohort.target, {}


def no_patient_of_the_target(cohort):
    return cohort.modalities, cohort.target.rename(lambda name: f"X{name}"), {}


def patient_twice(cohort):
    imaging = cohort.modalities["imaging"]
    return {"imaging": pd.concat([imaging, imaging.iloc[:1]])}, cohort.target, {}


def patient_twice_in_the_target(cohort):
    return cohort.modalities, pd.concat([cohort.target, cohort.target.iloc[:1]]), {}


def column_twice(cohort):
    rna = cohort.modalities["rna"]
    return {"rna": pd.concat([rna, rna[["g1"]]], axis=1)}, cohort.target, {}


def text_in_numbers(cohort):
    rna = cohort.modalities["rna"].assign(g1="high")
    return {"rna": rna}, cohort.target, {"preparations": {"rna": "expression"}}


def infinite(cohort):
    rna = cohort.modalities["rna"].copy()
    rna.iloc[0, 0] = np.inf
    return {"rna": rna}, cohort.target, {}


def all_constant(cohort):
    return {"rna": cohort.modalities["rna"] * 0}, cohort.target, {}


def negative_time(cohort):
    target = pd.DataFrame({"time": -1.0, "event": 1}, cohort.target.index)
    return cohort.modalities, target, {}


def strange_event(cohort):
    target = pd.DataFrame({"time": 3.0, "event": 2}, cohort.target.index)
    return cohort.modalities, target, {}


def no_site(cohort):
    return cohort.modalities, cohort.target, {"groups": cohort.sites.iloc[1:]}


def sites_left_out_without_sites(cohort):
    return cohort.modalities, cohort.target, {"scheme": "leave_site_out"}


def unknown_strategy(cohort):
    return cohort.modalities, cohort.target, {"strategies": ["latest"]}


def unknown_scheme(cohort):
    return cohort.modalities, cohort.target, {"scheme": "kfolds"}


def no_modalities(cohort):
    return {}, cohort.target, {}


def an_empty_table(cohort):
    return {**cohort.modalities, "rna": cohort.modalities["rna"].iloc[:0]}, cohort.target, {}


def a_table_alone(cohort):
    return cohort.modalities["rna"], cohort.target, {}


def only_zeros(cohort):
    return cohort.modalities, pd.Series(0, cohort.target.index, name="EGFR"), {}


def respelled(cohort):
    extra = cohort.modalities["rna"].iloc[:1].rename(lambda name: f"{name.lower()} ")
    return {**cohort.modalities, "rna": pd.concat([cohort.modalities["rna"], extra])}, \
        cohort.target, {}  # fmt: skip


def respelled_target(cohort):
    return cohort.modalities, cohort.target.rename(lambda name: f" {name}"), {}


def respelled_sites(cohort):
    return cohort.modalities, cohort.target, {"groups": cohort.sites.rename(str.lower)}


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (only_zeros, "EGFR is 0 for all 120 patients, so that there is nothing to predict"),
        (respelled, '"P000" and "p000 " differ in blanks or capitals only'),
        (respelled_target, '"P000" and " P000" differ in blanks'),
        (respelled_sites, '"P000" and "p000" differ in blanks'),
        (one_class, "has 1 class .*two are needed"),
        (three_classes, "has 3 classes"),
        (three_events, "3 events in 120 patients; at least 10"),
        (three_cases, "3 cases of the rarer class"),
        (more_folds_than_patients, "120 patients cannot fill 121 folds"),
        (more_folds_than_cases, "10 cases of the rarer class cannot fill 12 folds"),
        (no_overlap, 'None of the 120 rows of "rna" is of a patient of the others'),
        (no_patient_of_the_target, "None of the 120 patients of the target"),
        (patient_twice, "P000. Lesions or scans of one patient must not be split"),
        (patient_twice_in_the_target, "more than one row in the target"),
        (column_twice, 'two columns "g1"'),
        (text_in_numbers, '"rna" cannot be prepared: 1 columns hold text, the first is "g1"'),
        (infinite, '"g0" holds infinite'),
        (all_constant, "None of the 30 columns varies"),
        (negative_time, "time of 0 or less"),
        (strange_event, "must hold 1"),
        (no_site, "1 patients have no site, the first is P000"),
        (sites_left_out_without_sites, "needs at least two sites"),
        (unknown_strategy, 'Did you mean "late"'),
        (unknown_scheme, 'Did you mean "kfold"'),
        (no_modalities, "There are no modalities"),
        (an_empty_table, 'modality "rna" has no patients'),
        (a_table_alone, "There are no modalities"),
    ],
)
def test_what_cannot_be_fused_is_refused(case, words, cohort):
    modalities, target, settings = case(cohort)
    with pytest.raises(InputError, match=words):
        fuse(modalities, target, **{**QUICK, **settings})


@pytest.mark.parametrize("kind", ["classification", "regression", "survival"])
def test_a_feature_that_is_the_target_is_told(kind, draw):
    cohort = draw(2, kind=kind)
    target = cohort.target
    twin = target["time"] if kind == "survival" else target
    copied = cohort.modalities["clinical"].assign(copy=twin)
    with pytest.warns(
        DataWarning, match="1 column alone tells .*: clinical: copy.* The target again"
    ):
        fuse({"clinical": copied}, target, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        fuse({"rna": cohort.modalities["rna"]}, target, **QUICK)


def test_patients_without_a_target_are_left_out(cohort):
    target = cohort.target.copy()
    target.iloc[:20] = None
    with pytest.warns(DataWarning, match="^20 of 120 patients have no EGFR and are left out.$"):
        found = fuse({"rna": cohort.modalities["rna"]}, target, **QUICK)
    assert found.predictions["patient_id"].nunique() == 100


def test_few_patients_end_with_the_main_run_where_less_cannot_be_learned(draw):
    cohort = draw(7, n=36)
    found = fuse(cohort.modalities, cohort.target, groups=cohort.sites, strategies=["single"],
                 folds=3, inner_folds=3, repeats=1)  # fmt: skip
    assert len(found.table) == 4
    # Half of 24 training patients are too few for a model; three quarters may be, too.
    assert found.learning["patients"].max() == 24
    assert len(found.learning) < 3


def test_a_patient_of_the_second_cohort_is_known_under_another_spelling(cohort):
    first, second = ({"rna": cohort.modalities["rna"].iloc[rows]}
                     for rows in (slice(0, 70), slice(69, 120)))  # fmt: skip
    second["rna"] = second["rna"].rename(str.lower)
    other = cohort.target.rename(str.lower)
    with pytest.raises(InputError, match="1 patients of the external cohort were learned from"):
        fuse(first, cohort.target.iloc[:70], external=(second, other.iloc[69:]), **QUICK)


def test_a_further_scan_of_a_patient_is_told(cohort):
    names = {"P005": "P004_2", "P007": "P006.1"}
    rna, target = cohort.modalities["rna"].rename(names), cohort.target.rename(names)
    with pytest.warns(DataWarning, match=r"2 ids may be .*P004_2 beside P004, P006\.1 beside P006"):
        found = fuse({"rna": rna}, target, **QUICK)
    assert "give one row a patient" in found.warnings[0]
    with pytest.warns(DataWarning, match="P004_2 beside P004"):
        LateFusion(inner_folds=3).fit({"rna": rna}, target)
    lone = {name: f"TCGA-{name[1:]}-01" for name in target.index}  # as everybody is called
    assert not fuse({"rna": rna.rename(lone)}, target.rename(lone), **QUICK).warnings


def _words(rng, y):
    """Seven words in no order, each of which has one class."""
    yes, no = np.array(["c", "g", "a", "f"]), np.array(["b", "e", "d"])
    return np.where(y, yes[rng.integers(0, 4, len(y))], no[rng.integers(0, 3, len(y))])


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_words_that_each_fix_the_target_are_told(kind, draw):
    own = draw(4, kind=kind)
    if kind == "classification":
        words = _words(np.random.default_rng(0), (own.target == "mutated").to_numpy())
    else:
        order = own.target.rank().to_numpy().astype(int) - 1
        words = np.array([f"{n * 7919 % 40:02d}w" for n in range(40)])[order // 3]
    telling = own.modalities["clinical"].assign(grade=words)
    with pytest.warns(DataWarning, match="clinical: grade"):
        fuse({"clinical": telling}, own.target, **QUICK)


def test_numbers_of_few_levels_that_fix_the_target_are_told(draw):
    own = draw(4)
    coded = pd.Series(_words(np.random.default_rng(0), (own.target == "mutated").to_numpy()))
    numbers = coded.map({w: n for n, w in enumerate("abcdefg")}).to_numpy(float)
    with pytest.warns(DataWarning, match="clinical: code"):
        fuse({"clinical": own.modalities["clinical"].assign(code=numbers)}, own.target, **QUICK)


@pytest.mark.parametrize("levels", [1, 3, 12, 40, 60, 120])
def test_words_of_chance_are_no_alarm(levels, draw):
    own = draw(4)
    outcome, _ = outcome_of(own.target)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        codes = np.arange(120) if levels == 120 else rng.integers(0, levels, 120)
        frame = pd.DataFrame({"word": [f"w{code}" for code in codes]})
        tables = Tables(np.arange(120), {"clinical": frame}, {"clinical": np.ones(120, bool)})
        assert warn_of_target(tables, outcome) == ()
