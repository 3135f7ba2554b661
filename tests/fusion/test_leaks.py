"""No step can be fitted outside the folds: what a person would try with the public API fails."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from napari_radiogenomics import ComBat, harmonize
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, fuse, permutation_importance
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.preparation import PREPARATIONS
from napari_radiogenomics.fusion.read_modality import read_patients
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.provenance import write_history

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def noise():
    """Many features, and a target that has nothing to do with them."""
    rng = np.random.default_rng(0)
    ids = [f"P{n}" for n in range(100)]
    y = pd.Series(rng.integers(0, 2, 100), ids)
    return pd.DataFrame(rng.normal(size=(100, 400)), ids).add_prefix("f"), y


def test_no_preparation_can_be_told_the_outcome():
    for entry in PREPARATIONS:
        assert list(inspect.signature(entry.learn).parameters) == ["frame", "sites", "settings"]
        assert list(inspect.signature(entry.apply).parameters) == ["state", "frame", "sites"]
        words = set(entry.defaults)
        assert not words & {"outcome", "target", "y", "covariates", "keep"}


def test_harmonization_cannot_keep_the_outcome(noise):
    imaging, y = noise
    for wish in ({"covariates": y}, {"keep": y}, {"combat": ComBat()}):
        with pytest.raises(InputError, match="has no setting"):
            fuse({"imaging": imaging}, y, strategies=["late"],
                 preparations={"imaging": {"method": "imaging", **wish}}, **QUICK)  # fmt: skip


def test_a_table_that_was_harmonized_over_all_patients_is_refused(noise):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    even = harmonize(imaging, sites, covariates=y.to_frame("y"))
    for run in (fuse, permutation_importance):
        with pytest.raises(InputError, match='modality "imaging" went through harmonize'):
            run({"imaging": even}, y, groups=sites, folds=3, inner_folds=3)


def test_a_model_is_not_fitted_to_a_harmonized_table_either(noise):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    even = harmonize(imaging, sites)
    with pytest.raises(InputError, match='"imaging" went through harmonize'):
        EarlyFusion().fit({"imaging": even}, y)


def test_a_harmonized_table_is_refused_from_its_file_and_of_a_second_cohort(noise, tmp_path):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    even = harmonize(imaging, sites, covariates=y.to_frame("y"))
    file = write_table(even, tmp_path / "even.csv")
    write_history(even, file)
    with pytest.raises(InputError, match=r"even\.csv went through harmonize"):
        read_patients(file)
    half = imaging.index[:60]
    second = {"imaging": even.drop(half)}
    with pytest.raises(InputError, match='"imaging" went through harmonize'):
        fuse({"imaging": imaging.loc[half]}, y[half], strategies=["single"],
             external=(second, y.drop(half)), **QUICK)  # fmt: skip


def test_a_column_that_is_the_target_is_told_on_the_result(noise):
    imaging, y = noise
    told = imaging.assign(again=y + 0.0)
    with pytest.warns(DataWarning, match="imaging: again"):
        found = fuse({"imaging": told}, y, strategies=["single"], **QUICK)
    assert "again" in found.warnings[0]
    assert fuse({"imaging": imaging}, y, strategies=["single"], **QUICK).warnings == ()


def test_a_fitted_estimator_cannot_be_brought_in(noise):
    imaging, y = noise
    model = EarlyFusion(inner_folds=3, block_scaling="none").fit({"imaging": imaging}, y)
    apparent = model.predict_proba({"imaging": imaging})[:, 1]
    # A model that has seen all patients is fitted anew in each fold.
    found = fuse({"imaging": imaging}, y, strategies={"mine": model}, **QUICK)
    fresh = fuse({"imaging": imaging}, y, strategies={"mine": clone(model)}, **QUICK)
    pd.testing.assert_frame_equal(found.table, fresh.table)
    own = found.predictions.set_index("patient_id")["probability"]
    assert not np.allclose(own.reindex(y.index), apparent)


@pytest.mark.parametrize("name", ["fit_transform", "transform", "steps", "select", "harmonizer"])
def test_models_have_no_step_to_take_out(name):
    for model in (EarlyFusion(), LateFusion()):
        assert not hasattr(model, name)


def test_lesions_of_one_patient_cannot_be_split(noise):
    imaging, y = noise
    lesions = pd.concat([imaging, imaging + 0.01])
    with pytest.raises(InputError, match="more than one row"):
        fuse({"imaging": lesions}, pd.concat([y, y]), strategies=["late"], **QUICK)


def test_the_rows_of_a_patient_drawn_twice_share_an_inner_fold(noise):
    from napari_radiogenomics.fusion.bench import Bench
    from napari_radiogenomics.fusion.outcome import outcome_of
    from napari_radiogenomics.fusion.tables import tables_of
    from napari_radiogenomics.fusion.views import views_of

    imaging, y = noise
    outcome, patients = outcome_of(y)
    tables = tables_of({"imaging": imaging}, patients)
    rows = np.sort(np.random.default_rng(0).integers(0, 100, 100))
    bench = Bench(tables.take(rows), outcome.take(rows), views_of(tables.frames), inner_folds=4,
                  seed=0)  # fmt: skip
    folds = pd.Series(bench.numbers).groupby(rows).nunique()
    assert (folds == 1).all()
    assert len(np.unique(bench.numbers)) == 4


def test_the_test_patients_change_nothing_that_is_learned(noise):
    imaging, y = noise
    seen: list[pd.DataFrame] = []
    one = fuse({"imaging": imaging}, y, strategies=["single"], **QUICK)
    first = one.predictions.loc[one.predictions["fold"] == 0, "patient_id"]
    # One test patient of the first fold is made another; the others of it must not notice.
    changed = imaging.copy()
    changed.loc[first.iloc[0]] += 50.0
    two = fuse({"imaging": changed}, y, strategies=["single"], **QUICK)
    for result in (one, two):
        table = result.predictions[result.predictions["fold"] == 0].set_index("patient_id")
        seen.append(table.drop(first.iloc[0])["link"])
    pd.testing.assert_series_equal(*seen)
    assert len(seen[0]) > 20


def test_selection_outside_the_folds_would_have_shone(noise):
    # The trap itself, by hand: features chosen on all patients, then validated.
    imaging, y = noise
    gap = imaging[y == 1].mean() - imaging[y == 0].mean()
    chosen = gap.abs().nlargest(10).index
    leaky = fuse({"imaging": imaging[chosen]}, y, strategies=["single"], **QUICK)
    honest = fuse({"imaging": imaging}, y, strategies=["single"], **QUICK)
    assert leaky.table.loc["imaging alone", "auc"] > 0.75
    assert honest.table.loc["imaging alone", "auc"] < 0.65


def test_every_learner_is_told_the_training_patients_only():
    for entry in LEARNERS:
        names = list(inspect.signature(entry.fit).parameters)
        assert names == ["X", "outcome", "grid", "settings", "seed", "agreement"]
