"""What is said of patients left out: sets that cover, and what drove each prediction."""

from __future__ import annotations

import numpy as np
import pytest

from napari_radiogenomics.fusion import fuse
from napari_radiogenomics.fusion.explaining.conformal import conformal_p, conformal_set
from napari_radiogenomics.fusion.explaining.shares import MOST_SHARES

QUICK = {"folds": 4, "inner_folds": 4, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def found(cohort):
    return fuse(cohort.modalities, cohort.target, groups=cohort.sites,
                strategies=["single", "early", "late"], **QUICK)  # fmt: skip


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.97])
def test_p_values_give_the_sets_of_every_level(level):
    rng = np.random.default_rng(0)
    scores = {"0": np.sort(rng.random(30)), "1": np.sort(rng.random(17))}
    link = rng.normal(size=200)
    own = conformal_p(scores, link) > 1 - level
    np.testing.assert_array_equal(own, conformal_set(scores, link, level=level))


def test_sets_of_patients_left_out_hold_their_class(found):
    own = found.predictions[found.predictions["strategy"] == "late"]
    fits = np.where(own["outcome"] == 1, own["fits_1"], own["fits_0"])
    assert 0.8 <= (fits > 0.1).mean() <= 1.0
    assert (fits > 0.5).mean() < 0.75


def test_contributions_of_a_patient_add_up_to_the_prediction(found):
    table = found.contributions[found.contributions["strategy"] == "early"]
    links = found.predictions.query("strategy == 'early'").set_index("patient_id")["link"]
    sums = table.groupby("patient_id")["contribution"].sum()
    folds = found.predictions.query("strategy == 'early'").set_index("patient_id")["fold"]
    base = (links - sums).groupby(folds)  # the same for all patients of a fold
    assert found.contributions.attrs["scale"] == "link"
    assert (base.max() - base.min()).max() < 1e-9
    named = table[table["feature"] != ""].groupby("patient_id").size()
    assert named.max() <= MOST_SHARES


def test_mean_contributions_stand_beside_the_weights(found):
    table = found.importance[found.importance["strategy"] == "imaging alone"]
    own = found.contributions[found.contributions["strategy"] == "imaging alone"]
    named = own[own["feature"] != ""]
    assert (table["shap"] > 0).all()
    greatest = table.loc[table["shap"].idxmax(), "feature"]
    assert greatest in {f"f{k}" for k in range(5)}  # the five that hold the latent
    seen = named[named["feature"] == greatest]["contribution"].abs().sum()
    assert table["shap"].max() >= seen / own["patient_id"].nunique() - 1e-12


def test_numbers_get_an_interval(draw):
    cohort = draw(2, kind="regression")
    found = fuse(cohort.modalities, cohort.target, strategies=["early"], **QUICK)
    own = found.predictions
    inside = (own["low"] <= own["outcome"]) & (own["outcome"] <= own["high"])
    assert 0.8 <= inside.mean() <= 0.99


def test_times_have_neither(draw):
    cohort = draw(3, kind="survival")
    found = fuse(cohort.modalities, cohort.target, strategies=["late"], **QUICK)
    assert not {"low", "fits_0"} & set(found.predictions)


def test_forests_are_explained_in_votes(cohort):
    found = fuse(cohort.modalities, cohort.target, strategies=["single"], learner="forest",
                 learner_settings={"trees": 20}, **QUICK)  # fmt: skip
    assert found.contributions.attrs["scale"] == "share"
    named = found.contributions[found.contributions["feature"] != ""]
    assert named["contribution"].abs().max() < 1  # votes are shares
