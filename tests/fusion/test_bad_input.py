"""What cannot be fused is refused in words, one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import fuse

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


@pytest.mark.parametrize(
    ("case", "words"),
    [
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
    with pytest.warns(DataWarning, match="clinical: copy.* Are they the target"):
        fuse({"clinical": copied}, target, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        fuse({"rna": cohort.modalities["rna"]}, target, **QUICK)


def test_patients_without_a_target_are_left_out(cohort):
    target = cohort.target.copy()
    target.iloc[:20] = None
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
