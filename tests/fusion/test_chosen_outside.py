"""Columns that were chosen by their tests against the outcome are refused; families pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import associate
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import fuse
from napari_radiogenomics.fusion.checks.chosen_outside import refuse_chosen, warn_of_chosen
from napari_radiogenomics.fusion.outcome import outcome_of
from napari_radiogenomics.fusion.tables import tables_of

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False, "strategies": ["single"]}


@pytest.fixture(scope="module")
def searched():
    rng = np.random.default_rng(77)
    ids = [f"S{n:03d}" for n in range(90)]
    y = pd.Series(rng.choice(["mutated", "wildtype"], 90), ids, name="EGFR")
    imaging = pd.DataFrame(rng.normal(size=(90, 200)), ids).add_prefix("f")
    outcomes = pd.DataFrame({"IDH": rng.normal(size=90), "EGFR": (y == "mutated") * 1.0}, ids)
    found = associate(imaging, outcomes, method="pearson").table
    own = found[found["outcome"] == "EGFR"].sort_values("p_value")
    return imaging, y, list(own["feature"].astype(str))


def _checked(table, y):
    outcome, patients = outcome_of(y)
    tables = tables_of({"imaging": table}, patients)
    refuse_chosen(tables, outcome)
    return warn_of_chosen(tables, outcome)


@pytest.mark.parametrize("count", [1, 15, 60])
def test_the_columns_with_the_smallest_p_values_are_refused(searched, count):
    imaging, y, best = searched
    with pytest.raises(
        InputError, match="of the 200 that were tested against EGFR.*Give all.*before the search"
    ):
        fuse({"imaging": imaging[best[:count]]}, y, **QUICK)


def test_they_are_known_under_other_names_scales_classes_and_in_a_part_of_the_patients(searched):
    imaging, y, best = searched
    part = np.exp(imaging[best[:15]].iloc[10:80]).set_axis(range(15), axis=1)
    with pytest.raises(InputError, match="15 columns"):
        _checked(part.sample(frac=1, random_state=0), y.map({"mutated": 0, "wildtype": 1}))
    with pytest.raises(InputError, match="12 columns"):  # correlated ones left out of the best
        _checked(imaging[best[:24:2]], y)


def test_a_whole_table_a_family_and_other_outcomes_or_patients_pass(searched):
    imaging, y, best = searched
    rng = np.random.default_rng(1)
    other = pd.Series(rng.permutation(y), y.index)
    assert _checked(imaging, y) == ()
    assert _checked(imaging.iloc[:, :40], y) == ()
    assert _checked(imaging[best[15:60]], other) == ()
    assert _checked(imaging[best[100:]], y) == ()
    elsewhere = imaging[best[:15]].rename(lambda name: f"T{name}")
    assert _checked(elsewhere, y.rename(lambda name: f"T{name}")) == ()
    # Two tables together are all that was tested.
    fuse({"imaging": imaging[best[:15]], "more": imaging[best[15:]]}, y, **QUICK)


def test_a_choice_that_leans_on_the_p_values_is_told_and_has_no_star(searched):
    imaging, y, best = searched
    with pytest.warns(DataWarning, match="smaller p-values than"):
        found = fuse({"imaging": imaging[best[:8] + best[30:75:3]]}, y, **QUICK)
    assert found.star == ""
    assert found.doubts == found.warnings[:1]


def test_a_family_that_is_better_than_the_others_is_told_and_has_no_star():
    rng = np.random.default_rng(4)
    ids = [f"S{n:03d}" for n in range(100)]
    hidden = rng.normal(size=100)
    y = pd.Series(np.where(hidden + rng.normal(size=100) > 0, "mutated", "wildtype"), ids, name="y")
    glcm = pd.DataFrame(rng.normal(size=(100, 20)) + hidden[:, None], ids)
    noise = pd.DataFrame(rng.normal(size=(100, 100)), ids).add_prefix("original_glrlm_")
    imaging = glcm.add_prefix("original_glcm_").join(noise)
    associate(imaging, (y == "mutated").to_frame("y") * 1.0, method="pearson")
    family = imaging.filter(like="glcm")
    with pytest.warns(DataWarning, match="20 columns .* smaller p-values than"):
        found = fuse({"imaging": family}, y, **QUICK)
    assert found.star == ""
    with pytest.raises(InputError, match="19 columns"):  # a part of it was chosen by hand
        fuse({"imaging": family.iloc[:, 1:]}, y, **QUICK)


def _one_gap_each(table):
    rows = np.random.default_rng(1).integers(0, len(table), table.shape[1])
    return table.mask(np.arange(len(table))[:, None] == rows)


@pytest.mark.parametrize(
    "change", [lambda t: t.astype("f4"), _one_gap_each, lambda t: (20 * t).round().astype(int)]
)
def test_they_are_known_when_they_were_rounded_or_lost_a_value(searched, change):
    imaging, y, best = searched
    given = change(imaging[best[:15]]).set_axis(range(15), axis=1)
    with pytest.raises(InputError, match="15 columns"):
        _checked(given, y)
    # Other columns of the search, changed alike, pass.
    assert _checked(change(imaging[best[100:]]).add_prefix("x"), y) == ()


def test_a_part_of_the_outcome_that_was_tested_is_that_outcome():
    rng = np.random.default_rng(5)
    ids = [f"U{n:03d}" for n in range(90)]
    imaging = pd.DataFrame(rng.normal(size=(90, 200)), ids).add_prefix("f")
    level = pd.Series(rng.normal(size=90), ids, name="VEGFA")
    found = associate(imaging, level.to_frame(), method="pearson").table
    best = list(found.sort_values("p_value")["feature"].astype(str))
    high = (level > level.median()).astype(int)
    with pytest.raises(InputError, match="15 columns"):
        _checked(imaging[best[:15]], high)
    assert _checked(imaging[best[:15]], pd.Series(rng.permutation(high), ids)) == ()
