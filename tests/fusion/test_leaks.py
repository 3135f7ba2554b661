"""No step can be fitted outside the folds: what a person would try with the public API fails."""

from __future__ import annotations

import inspect
import io

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from napari_radiogenomics import (
    ClinicalEncoder,
    ComBat,
    harmonize,
    normalize_counts,
    predict_patients,
    score_pathways,
)
from napari_radiogenomics.data import tests_made
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, fuse, permutation_importance
from napari_radiogenomics.fusion.checks.fitted_outside import refuse_fitted_outside
from napari_radiogenomics.fusion.learner import LEARNERS
from napari_radiogenomics.fusion.preparation import PREPARATIONS
from napari_radiogenomics.fusion.read_modality import read_patients
from napari_radiogenomics.genomics.normalization import NORMALIZATIONS
from napari_radiogenomics.genomics.scorer import SCORERS
from napari_radiogenomics.harmonization import CovBat, LongitudinalComBat
from napari_radiogenomics.io.tables_write import write_table
from napari_radiogenomics.provenance import history_of, write_history

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


def _one(X, sites, y):
    return ComBat().fit_transform(X, batch=sites, covariates=y.to_frame("y"))


def _two_steps(X, sites, y):
    return ComBat(unseen="standardize").fit(X, batch=sites).transform(X, batch=sites)


def _covariances(X, sites, y):
    return CovBat().fit_transform(X.iloc[:, :20], batch=sites)


def _again_and_again(X, sites, y):
    patient = pd.Series(np.arange(100) // 2, X.index)
    model = LongitudinalComBat()
    return model.fit_transform(X.iloc[:, :5], batch=sites, patient=patient)


@pytest.mark.parametrize("make", [_one, _two_steps, _covariances, _again_and_again])
def test_a_table_that_an_estimator_harmonized_is_refused(noise, make):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) // 3 % 2], imaging.index)
    even = make(imaging, sites, y)
    assert history_of(even)[-1].verb in ("ComBat", "CovBat", "LongitudinalComBat")
    for run in (lambda: fuse({"imaging": even}, y, **QUICK), lambda: LateFusion().fit(
            {"imaging": even}, y)):  # fmt: skip
        with pytest.raises(InputError, match=r'"imaging" went through \w+, which learned from all'):
            run()


def _concatenated(even, beside):
    return pd.concat([even, beside], axis=1)


def _joined(even, beside):
    return beside.join(even, how="inner")


def _merged(even, beside):
    return beside.merge(even.add_prefix("x"), left_index=True, right_index=True).sample(frac=1)


def _a_part(even, beside):
    return beside.iloc[:60].join(even["f7"])


def _an_array(even, beside):
    return pd.DataFrame(even.to_numpy(), even.index)


def _a_text_file(even, beside):
    return pd.read_csv(io.StringIO(even.to_csv()), index_col=0)


@pytest.mark.parametrize(
    "lose", [_concatenated, _joined, _merged, _a_part, _an_array, _a_text_file]
)
def test_harmonized_columns_are_known_again_in_a_table_that_lost_its_history(noise, lose):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    beside = pd.DataFrame({"age": np.arange(100) / 10}, imaging.index)
    table = lose(harmonize(imaging, sites), beside)
    assert not history_of(table)
    with pytest.raises(InputError, match=r'"x?(f7|f0|0)"( and \d+ more columns)? went through har'):
        fuse({"imaging": table}, y, **QUICK)
    # What was measured, and columns that harmonization left alone, are nobody's.
    refuse_fitted_outside({"imaging": lose(imaging, beside)})


def test_what_a_reference_site_keeps_is_not_taken_for_harmonized(noise):
    imaging, _ = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    harmonize(imaging, sites, reference="A")
    refuse_fitted_outside({"imaging": imaging[sites == "A"]})


@pytest.mark.parametrize("method", ["tmm", "rle", "upper_quartile", "median_of_ratios", "vst"])
def test_counts_normalized_over_all_samples_are_refused(noise, method):
    _, y = noise
    rng = np.random.default_rng(5)
    counts = pd.DataFrame(rng.negative_binomial(5, 0.05, (100, 80)), y.index).add_prefix("G")
    even = normalize_counts(counts, method=method)
    with pytest.raises(InputError, match="Give counts; each fold normalizes them anew"):
        LateFusion().fit({"rna": even}, y)
    with pytest.raises(InputError, match="went through normalize_counts"):
        LateFusion().fit({"rna": even.join(pd.DataFrame({"age": 1.0}, y.index))}, y)
    refuse_fitted_outside({"rna": counts})
    for alone in ("log_cpm", "clr"):
        refuse_fitted_outside({"rna": normalize_counts(counts, method=alone)})


def test_methods_that_say_they_see_one_sample_do(noise):
    rng = np.random.default_rng(5)
    counts = pd.DataFrame(rng.negative_binomial(5, 0.05, (30, 80))).add_prefix("G") + 1
    for entry in NORMALIZATIONS:
        given = counts / 7 if "count" not in entry.takes else counts
        nature = "TPM" if "count" not in entry.takes else "count"
        told = {"method": entry.name, "nature": nature, "log": entry.name in ("clr", "log2", "vst")}
        whole, half = (normalize_counts(t, **told).iloc[:15] for t in (given, given.iloc[:15]))
        assert np.allclose(whole, half, rtol=1e-9) == entry.single_sample, entry.name


@pytest.mark.parametrize("method", [scorer.name for scorer in SCORERS])
def test_scores_that_look_at_all_samples_are_refused(noise, method):
    imaging, y = noise
    scorer = SCORERS[method]
    if scorer.takes == ("count",):
        imaging = pd.DataFrame(np.random.default_rng(3).poisson(30, (100, 60)), y.index)
        imaging = imaging.add_prefix("f")
    genes = {"one": [f"f{n}" for n in range(12)], "two": [f"f{n}" for n in range(20, 40)]}
    logs = imaging.iloc[:, :60]
    scores = score_pathways(logs, genes, method=method)
    half = score_pathways(logs.iloc[:50], genes, method=method)
    alike = np.corrcoef(scores.iloc[:50].to_numpy().ravel(), half.to_numpy().ravel())[0, 1]
    if scorer.single_sample or scorer.common_factor:
        assert alike > 1 - 1e-12
        refuse_fitted_outside({"pathways": scores})
        return
    assert alike < 1 - 1e-6
    with pytest.raises(InputError, match="Give the expression; each fold scores it anew"):
        fuse({"pathways": scores}, y, **QUICK)


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
    from napari_radiogenomics.fusion.models.bench import Bench
    from napari_radiogenomics.fusion.models.views import views_of
    from napari_radiogenomics.fusion.outcome import outcome_of
    from napari_radiogenomics.fusion.tables import tables_of

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
    tests_made.forget_tests()  # no run has weighed them yet
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


def _probability(imaging, y):
    model = EarlyFusion(inner_folds=3).fit({"imaging": imaging}, y)
    return model.predict_proba({"imaging": imaging})[:, 1]


def _log_odds(imaging, y):
    model = LateFusion(inner_folds=3, learner="forest").fit({"imaging": imaging}, y)
    return model.decision_function({"imaging": imaging}) * 2


def _of_each_patient(imaging, y):
    model = EarlyFusion(inner_folds=3).fit({"imaging": imaging}, y)
    return predict_patients(model, {"imaging": imaging})["probability"]


def _of_a_result(imaging, y):
    model = fuse({"imaging": imaging}, y, strategies=["single"], **QUICK).model()
    return np.log(model.predict_proba({"imaging": imaging})[:, 1])


def _left_out(imaging, y):
    found = fuse({"imaging": imaging}, y, strategies=["early"], **QUICK)
    return found.patients("early")["probability"]


@pytest.mark.parametrize(
    "say", [_probability, _log_odds, _of_each_patient, _of_a_result, _left_out]
)
def test_what_a_model_says_of_those_it_knows_is_no_modality(noise, say):
    imaging, y = noise
    beside = imaging.iloc[:, :15].add(y * 0.5, axis=0)  # something to learn
    score = pd.DataFrame({"score": pd.Series(np.asarray(say(beside, y)), y.index)})
    assert score["score"].nunique() > 50
    with pytest.raises(InputError, match='"score" went through'):
        fuse({"imaging": beside, "score": score}, y, **QUICK)
    refuse_fitted_outside({"imaging": beside})


def test_the_score_of_a_model_of_others_is_a_modality(noise):
    imaging, y = noise
    known, new = imaging.index[:60], imaging.index[60:]
    imaging = imaging.iloc[:, :15].add(y * 0.7, axis=0)
    model = EarlyFusion(inner_folds=3).fit({"imaging": imaging.loc[known]}, y[known])
    said = model.predict_proba({"imaging": imaging})[:, 1]
    score = pd.DataFrame({"score": said}, imaging.index)
    refuse_fitted_outside({"score": score.loc[new]})
    with pytest.raises(InputError, match='"score" went through a fitted EarlyFusion'):
        refuse_fitted_outside({"score": score.loc[known]})


def test_the_only_feature_is_not_taken_for_the_prediction_that_follows_it(noise):
    imaging, y = noise
    one = imaging[["f3"]].assign(f3=imaging["f3"] + y)
    model = EarlyFusion(inner_folds=3).fit({"imaging": one}, y)
    said = model.predict_proba({"imaging": one})[:, 1]
    assert abs(np.corrcoef(pd.Series(said).rank(), one["f3"].rank())[0, 1]) > 0.999
    refuse_fitted_outside({"imaging": one})


def test_clinical_facts_filled_in_over_all_patients_are_refused(noise):
    _, y = noise
    rng = np.random.default_rng(8)
    facts = pd.DataFrame({"age": rng.normal(60, 9, 100), "sex": rng.choice(["F", "M"], 100)})
    facts = facts.set_index(y.index)
    refuse_fitted_outside({"clinical": ClinicalEncoder().fit_transform(facts)})
    facts.iloc[:20, 0] = np.nan
    with pytest.raises(InputError, match="went through ClinicalEncoder.*fills them in anew"):
        fuse({"clinical": ClinicalEncoder().fit_transform(facts)}, y, **QUICK)


@pytest.mark.parametrize(
    "change", [lambda t: t * 2, np.exp, lambda t: t.rank(), lambda t: t.astype("f4")]
)
def test_harmonized_columns_are_known_again_when_they_were_changed(noise, change):
    imaging, y = noise
    sites = pd.Series(np.array(["A", "B"])[np.arange(100) % 2], imaging.index)
    even = pd.DataFrame(harmonize(imaging, sites).to_numpy(), imaging.index)
    with pytest.raises(InputError, match="more columns went through harmonize"):
        fuse({"imaging": change(even).astype(float)}, y, **QUICK)
    refuse_fitted_outside({"imaging": change(imaging).astype(float)})


def test_a_copy_of_the_target_with_one_error_is_told(noise):
    imaging, y = noise
    copy = y.where(y.index != "P7", 1 - y).astype(float)
    with pytest.warns(DataWarning, match="^1 column alone tells .* imaging: copy"):
        fuse({"imaging": imaging.iloc[:, :9].assign(copy=copy)}, y, strategies=["single"], **QUICK)
