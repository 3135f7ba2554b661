"""`fuse`: the validation as a whole, its tables, its words, and the same numbers for one seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, brier_score_loss

from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import Cancelled, DataWarning, InputError
from napari_radiogenomics.fusion import EarlyFusion, LateFusion, fuse, missing_curve
from napari_radiogenomics.fusion.models.predictor import sigmoid
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.fusion.validation.final import plus_632
from napari_radiogenomics.fusion.validation.intervals import Held, corrected_t
from napari_radiogenomics.fusion.validation.measures import measures
from napari_radiogenomics.fusion.validation.metrics import (
    average_precision,
    balanced_accuracy,
    brier_score,
    net_benefit,
)
from napari_radiogenomics.fusion.validation.splits import bootstrap_splits, fold_splits, site_splits
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.provenance import history_of
from napari_radiogenomics.statistics.roc import area_under_curve

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def found(cohort):
    return fuse(cohort.modalities, cohort.target, groups=cohort.sites, folds=3, inner_folds=3)


def test_all_strategies_are_on_one_table(found):
    names = {"baseline", "early", "late", "hybrid", "cooperative", "volume alone", "rna alone"}
    assert names | {"imaging alone", "clinical alone"} == set(found.table.index)
    main = found.table[found.main]
    assert (found.table["auc_low"] <= main).all()
    assert (main <= found.table["auc_high"]).all()
    assert main["late"] > main["imaging alone"] > main["baseline"] + 0.1
    assert found.table.loc["early", "optimism"] > 0
    assert found.table.loc["late", "variance"] > 0


def test_raw_harmonized_site_out_and_volume_stand_side_by_side(found):
    kinds = ("raw", "harmonized", "leave_site_out", "volume_only")
    assert list(found.contrast) == [f"{k}{end}" for k in kinds for end in ("", "_low", "_high")]
    assert found.trusted in found.contrast.index


def test_every_patient_is_predicted_once_in_each_repeat(found, cohort):
    own = found.predictions[found.predictions["strategy"] == "late"]
    for _, repeat in own.groupby("repeat"):
        assert sorted(repeat["patient_id"]) == sorted(cohort.target.index)
    assert own["link"].notna().all()


def test_the_advice_names_a_strategy_and_what_each_modality_adds(found):
    words = " ".join(found.advice)
    assert found.trusted in found.advice[0]
    assert "imaging adds" in words
    assert "for each" in words
    assert set(found.ablation["modality"]) == {"imaging", "rna"}


def test_features_are_told_with_their_stability(found):
    own = found.importance[found.importance["strategy"] == "rna alone"]
    assert set(own.head(5)["feature"]) == {f"g{n}" for n in range(5)}
    assert own.head(5)["selected"].eq(1).all()
    shares = found.modalities[found.modalities["strategy"] == "late"].set_index("modality")["share"]
    assert shares["rna"] + shares["imaging"] > 0.8


def test_without_a_modality_only_late_fusion_still_answers(found):
    table = found.without.set_index(["strategy", "without"])
    assert table.loc[("late", "rna"), "answered"] == 1
    assert table.loc[("early", "rna"), "answered"] == 0
    assert np.isnan(table.loc[("early", "rna"), "value"])
    assert table.loc[("late", "rna"), "value"] < found.table.loc["late", "auc"]


def test_the_history_tells_how(found):
    (record,) = history_of(found)
    assert record.verb == "fuse"
    assert record.settings["folds"] == 3


def test_one_seed_gives_the_same_numbers_whatever_the_workers(cohort):
    runs = [
        fuse({"rna": cohort.modalities["rna"]}, cohort.target, strategies=["single"],
             learner="forest", learner_settings={"trees": 5}, seed=seed, workers=workers, **QUICK)
        for seed, workers in ((4, 1), (4, 2), (5, 1))
    ]  # fmt: skip
    pd.testing.assert_frame_equal(runs[0].predictions, runs[1].predictions)
    assert not np.allclose(runs[0].predictions["link"], runs[2].predictions["link"])


def test_the_order_of_rows_and_columns_of_other_tables_does_not_count(cohort):
    turned = {name: frame.iloc[::-1] for name, frame in cohort.modalities.items()}
    one, two = (
        fuse(tables, cohort.target, strategies=["late"], **QUICK)
        for tables in (cohort.modalities, turned)
    )
    np.testing.assert_allclose(one.predictions["link"], two.predictions["link"], rtol=1e-6)


@pytest.mark.parametrize(("kind", "main"), [("survival", "concordance"), ("regression", None)])
def test_times_and_numbers_are_fused_too(kind, main, draw):
    cohort = draw(8, kind=kind)
    found = fuse(cohort.modalities, cohort.target, strategies=["baseline", "late"], **QUICK)
    assert found.main == (main or "r_squared")
    better = found.table[found.main]
    assert better["late"] > better["baseline"] + 0.1
    if kind == "survival":
        row = found.table.loc["late"]
        assert 0.6 < row["uno_concordance"] < 1
        assert 0.6 < row["auc_at_median"] < 1
        assert row["integrated_brier"] < found.table.loc["baseline", "integrated_brier"]


def test_another_cohort_is_tested_with_its_own_sites(cohort, draw):
    other = draw(9)
    renamed = {n: t.rename(lambda name: f"X{name}") for n, t in other.modalities.items()}
    target = other.target.rename(lambda name: f"X{name}")
    found = fuse(
        cohort.modalities, cohort.target, strategies=["late"], external=(renamed, target), **QUICK
    )
    row = found.external.loc["late"]
    link = found.model("late").decision_function(renamed)
    area = area_under_curve(target == "mutated", link)
    assert (row["auc"], row["auc_low"]) == pytest.approx((area.value, area.low))
    with pytest.raises(InputError, match="were learned from"):
        fuse(cohort.modalities, cohort.target, strategies=["late"],
             external=(cohort.modalities, cohort.target), **QUICK)  # fmt: skip


def test_bootstrap_lies_between_the_patients_learned_from_and_those_left_out(cohort):
    rna = {"rna": cohort.modalities["rna"]}
    settings = QUICK | {"repeats": 4, "scheme": "bootstrap632"}
    found = fuse(rna, cohort.target, strategies={"early": EarlyFusion(inner_folds=3)}, **settings)
    left = found.folds["early"].mean()
    link = found.model("early").decision_function(rna)
    apparent = area_under_curve(cohort.target == "mutated", link).value
    assert left < found.table.loc["early", "auc"] < apparent
    assert found.table.loc["early", "auc"] == pytest.approx(
        plus_632(apparent, left, chance=0.5), abs=1e-9
    )


def test_sites_are_left_out_one_by_one(cohort):
    found = fuse(cohort.modalities, cohort.target, groups=cohort.sites, strategies=["late"],
                 **QUICK | {"scheme": "leave_site_out"})  # fmt: skip
    assert found.folds["test"].tolist() == ["site A", "site B", "site C"]
    for fold, name in enumerate("ABC"):
        own = found.predictions.loc[found.predictions["fold"] == fold, "site"]
        assert set(own) == {name}


def test_a_shuffled_outcome_gives_the_p_value(draw):
    cohort = draw(11, n=60)
    rna = {"rna": cohort.modalities["rna"]}
    found = fuse(rna, cohort.target, strategies=["single"], n_permutations=9, **QUICK)
    assert found.table.loc["rna alone", "p_permutation"] == pytest.approx(0.1)


def test_a_missing_modality_is_told_by_outcome(cohort):
    gone = cohort.target[cohort.target == "mutated"].index[:45]
    sparse = {**cohort.modalities, "rna": cohort.modalities["rna"].drop(gone)}
    with pytest.warns(DataWarning, match="Who has rna tells EGFR"):
        found = fuse(sparse, cohort.target, strategies=["late"], **QUICK)
    row = found.missing.set_index("modality").loc["rna"]
    assert row["missing_high"] > 0.6
    assert row["missing_low"] == 0
    assert row["p_value"] < 1e-6
    assert any("more often for one outcome" in sentence for sentence in found.advice)


def test_the_curve_of_a_missing_modality(cohort):
    curve = missing_curve(
        cohort.modalities, cohort.target, "rna", shares=(0, 0.5), strategies=["late", "single"],
        folds=3, inner_folds=3,
    ).set_index(["strategy", "missing"])  # fmt: skip
    assert curve.loc[("late", 0.5), "answered"] == 1
    assert curve.loc[("rna alone", 0.5), "answered"] == 0.5
    same = curve.loc[("imaging alone", 0.0), "value"]
    assert curve.loc[("imaging alone", 0.5), "value"] == same


def test_folds_are_balanced_over_outcome_and_site():
    rng = np.random.default_rng(0)
    strata, sites = rng.integers(0, 2, 90), rng.choice(["A", "B", "C"], 90)
    outcome = Outcome("classification", strata.astype(float), np.ones(90, bool))
    for split in fold_splits(outcome, sites, folds=5, repeats=2, seed=0):
        assert not set(split.train) & set(split.test)
        for stratum in (0, 1):
            for site in "ABC":
                own = (strata == stratum) & (sites == site)
                assert abs(own[split.test].sum() - own.sum() / 5) < 1
    for split in bootstrap_splits(strata, repeats=2, seed=0):
        assert not set(split.train) & set(split.test)
        assert len(split.train) == 90
    assert [split.title for split in site_splits(sites)] == ["site A", "site B", "site C"]


def test_measures_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 70).astype(float)
    p = np.round(np.clip(0.4 * y + 0.6 * rng.random(70), 0.01, 0.99), 1)
    assert average_precision(y, p) == pytest.approx(average_precision_score(y, p))
    assert balanced_accuracy(y, p) == pytest.approx(balanced_accuracy_score(y, p > 0.5))
    assert brier_score(y, p) == pytest.approx(brier_score_loss(y, p))
    benefit = net_benefit(y, p, np.array([0.25]))
    called = p >= 0.25
    assert benefit[0] == pytest.approx((y[called].sum() - (1 - y[called]).sum() / 3) / 70)


def test_calibration_finds_a_slope_and_an_intercept():
    rng = np.random.default_rng(1)
    link = rng.normal(size=1000)
    y = (rng.random(1000) < sigmoid(link)).astype(float)
    outcome = Outcome("classification", y, np.ones(1000, bool))
    for told, slope, intercept in ((link, 1, 0), (2 * link, 0.5, 0), (link - 1, 1, 1)):
        found = measures(outcome, [Held(0, np.arange(1000), told)], seed=0)
        low, high = found["calibration_slope"].low, found["calibration_slope"].high
        assert low < slope < high
        if slope == 1:
            assert found["calibration_intercept"].value == pytest.approx(intercept, abs=0.2)


def test_the_area_is_that_of_each_fold_averaged():
    # The classes are apart within folds, and the folds are not on one scale.
    outcome = Outcome("classification", np.array([0.0, 1, 0, 1]), np.ones(4, bool))
    folds = [Held(0, np.array([0, 1]), np.array([0.0, 1])),
             Held(0, np.array([2, 3]), np.array([5.0, 6]))]  # fmt: skip
    assert measures(outcome, folds, seed=0)["auc"].value == 1


def test_the_corrected_t_is_wider_than_the_plain_one():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.02, 0.05, 10)
    mean, low, high, p = corrected_t(differences, test_share=0.25)
    error = np.sqrt((1 / 10 + 0.25) * differences.var(ddof=1))
    assert (high - low) / 2 == pytest.approx(2.2621571627 * error)
    assert mean == pytest.approx(differences.mean())
    assert 0 < p < 1


def test_cancel_stops_between_folds(cohort):
    seen: list[int] = []

    def report(done, total, what):
        seen.append(done)

    progress = reporting(report, cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        fuse(cohort.modalities, cohort.target, strategies=["late"], workers=2, progress=progress,
             **QUICK)  # fmt: skip


def test_the_command_gives_the_same_numbers(cohort, tmp_path, capsys):
    patients = cohort.modalities["clinical"].assign(EGFR=cohort.target, where=cohort.sites)
    patients.to_csv(tmp_path / "patients.csv")
    cohort.modalities["rna"].to_csv(tmp_path / "rna.csv")
    arguments = ["fuse", str(tmp_path), "--outcome", "EGFR", "--clinical", "age", "sex"]
    arguments += ["--table", f"rna={tmp_path / 'rna.csv'}", "--site", "where", "--no-thorough"]
    arguments += ["--folds", "3", "--inner-folds", "3", "--repeats", "1", "--strategies", "late"]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    tables = {name: cohort.modalities[name] for name in ("rna", "clinical")}
    found = fuse(tables, cohort.target, groups=cohort.sites, strategies=["late"], **QUICK)
    told = pd.read_csv(tmp_path / "out" / "table.csv", index_col=0)
    assert told.loc["late", "auc"] == pytest.approx(found.table.loc["late", "auc"])
    assert "Trust" in (tmp_path / "out" / "model.md").read_text()
    assert "late" in capsys.readouterr().out
    assert main([*arguments[:2], "--outcome", "EGRF"]) == 2
    assert 'Did you mean "EGFR"' in capsys.readouterr().err
    assert main([*arguments, "--table", "rna"]) == 2
    assert "is not NAME=PATH" in capsys.readouterr().err


def test_models_can_be_given_with_their_settings(cohort):
    models = {"stacked": LateFusion(combine="stack", inner_folds=3)}
    found = fuse(cohort.modalities, cohort.target, strategies=models, **QUICK)
    assert list(found.table.index) == ["stacked"]
    with pytest.raises(InputError, match="not a fusion model"):
        fuse(cohort.modalities, cohort.target, strategies={"x": object()}, **QUICK)


def test_the_curve_goes_on_where_one_strategy_has_too_few_left(draw):
    cohort = draw(5, n=60)
    curve = missing_curve(
        {name: cohort.modalities[name] for name in ("imaging", "rna")}, cohort.target, "rna",
        shares=(0, 0.7), strategies=["single", "late"], folds=3, inner_folds=3,
    ).set_index(["strategy", "missing"])  # fmt: skip
    assert curve.loc[("rna alone", 0.7), "answered"] == 0
    assert np.isnan(curve.loc[("rna alone", 0.7), "value"])
    for name in ("late", "imaging alone"):
        assert curve.loc[(name, 0.7), "value"] > 0.5
