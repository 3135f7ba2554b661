"""Patients who lack a modality, the event that is predicted, and what travels with a model."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.cli import main
from napari_radiogenomics.errors import DataWarning, InputError
from napari_radiogenomics.fusion import LateFusion, fuse
from napari_radiogenomics.fusion.advice import advise, of_second_cohort, trusted_strategy
from napari_radiogenomics.fusion.models.model_card import model_card
from napari_radiogenomics.fusion.models.model_file import load_model, save_model
from napari_radiogenomics.fusion.outcome import Outcome
from napari_radiogenomics.statistics.roc import area_under_curve

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def partly():
    """RNA of 55 of 100 patients, strong there; late fusion answers all and is as good there."""
    rng = np.random.default_rng(3)
    ids = [f"P{number:03}" for number in range(100)]
    latent = rng.normal(size=100)
    imaging = pd.DataFrame(rng.normal(size=(100, 8)) + 0.25 * latent[:, None], ids)
    rna = pd.DataFrame(rng.normal(size=(100, 12)) + 0.7 * latent[:, None], ids).iloc[:55]
    tables = {
        "imaging": imaging.add_prefix("f"),
        "rna": rna.add_prefix("g"),
        "clinical": pd.DataFrame({"age": rng.normal(size=100)}, ids),
    }
    target = pd.Series((latent > 0).astype(int), ids, name="EGFR")
    second = {name: (table.iloc[:40] + 0.01).rename("X{}".format) for name, table in tables.items()}
    second["rna"] = second["rna"].iloc[:10]
    external = (second, target.iloc[:40].rename("X{}".format))
    strategies = ["baseline", "single", "late"]
    return fuse(tables, target, strategies=strategies, external=external, **QUICK)


def test_strategies_are_compared_on_the_patients_that_both_answer(partly):
    pairs = partly.comparison.set_index(["strategy", "other"])
    name = next(pair for pair in pairs.index if set(pair) == {"rna alone", "late"})
    wide = partly.predictions.pivot(index=["fold", "patient_id"], columns="strategy", values="link")
    both = wide[["rna alone", "late"]].dropna()
    truth = partly.predictions.drop_duplicates("patient_id").set_index("patient_id")["outcome"]
    expected = [
        np.mean(
            [
                area_under_curve(truth[own.index.get_level_values(1)].to_numpy(), own[one]).value
                for _, own in both.groupby(level="fold")
            ]
        )
        for one in name
    ]
    row = pairs.loc[name]
    assert row["patients"] == 55
    assert [row["value"], row["other_value"]] == pytest.approx(expected)
    assert row["difference"] == pytest.approx(expected[0] - expected[1])


def test_what_answers_some_patients_is_not_advised_without_saying_so(partly):
    assert partly.table["auc"].idxmax() == "rna alone"
    assert partly.trusted == "late"
    assert "answer all patients" in partly.advice[0]
    assert "rna alone" in partly.advice[1]
    assert "answers 55% of the patients only; on the 55 that both answer" in partly.advice[1]


def _advised(difference, p_value):
    rows = {"auc": [0.9, 0.7], "auc_low": [0.8, 0.6], "auc_high": [0.95, 0.8]}
    rows |= {"answered": [0.5, 1.0], "variance": [0.01, 0.01], "features": [5.0, 5.0]}
    table = pd.DataFrame(rows | {"optimism": [0.0, 0.0]}, index=["rna alone", "late"])
    pair = {"strategy": "late", "other": "rna alone", "difference": -difference, "patients": 50}
    pair |= {"value": 0.9 - difference, "other_value": 0.9, "p_value": p_value}
    comparison = pd.DataFrame([pair])
    trusted = trusted_strategy("classification", table, comparison)
    outcome = Outcome("classification", np.repeat([0.0, 1], 50), np.ones(100, bool))
    none = pd.DataFrame()
    return trusted, advise(outcome, trusted, table, comparison, n_features=9, contrast=none,
                           ablation=none, missing=none, learning=none, trade_off=none)  # fmt: skip


def test_a_surely_better_one_for_some_names_the_best_for_all_beside_it():
    trusted, advice = _advised(0.15, 0.01)
    assert trusted == "rna alone"
    for words in ("for 50% of the patients", "0.90 against 0.75", "late is the best: AUC 0.70"):
        assert words in advice[0]
    assert _advised(0.15, 0.2)[0] == "late"
    assert _advised(-0.05, 0.01)[0] == "late"


def test_the_second_cohort_says_how_many_it_answers(partly):
    assert partly.external.loc["rna alone", "answered"] == 0.25
    assert partly.external.loc["late", "answered"] == 1
    assert any(text.startswith("In the second cohort late has AUC") for text in partly.advice)
    row = {"auc": [0.9, 0.7], "auc_low": [0.8, 0.6], "auc_high": [0.95, 0.8]}
    table = pd.DataFrame(row | {"answered": [0.25, 1.0]}, index=["rna alone", "late"])
    (told,) = of_second_cohort("classification", "rna alone", table)
    assert "rna alone answers 25% of the patients only" in told
    assert "late, which answers 100%, has AUC 0.70" in told
    card = model_card(partly.model("rna alone"), partly, strategy="rna alone")
    assert "- 55% of the patients answered" in card
    assert "25% of its patients answered" in card


def test_a_leak_is_told_wherever_the_advice_is(draw, tmp_path, capsys):
    cohort = draw(12, n=60)
    leak = cohort.modalities["clinical"].assign(EGFR=cohort.target)
    leak["code"] = (cohort.target == "mutated") + 0.0
    leak.to_csv(tmp_path / "patients.csv")
    out = tmp_path / "out"
    assert main(["fuse", str(tmp_path / "patients.csv"), "--outcome", "EGFR", "--clinical", "code",
                 "--folds", "3", "--inner-folds", "3", "--repeats", "1", "--no-thorough",
                 "--strategies", "single", "--output", str(out)]) == 0  # fmt: skip
    words = "1 column alone tells EGFR almost without error: clinical: code"
    printed = capsys.readouterr().out
    for text in (printed, (out / "advice.txt").read_text(), (out / "model.md").read_text()):
        assert f"Warning: {words}" in text


def test_the_event_is_the_named_class_and_is_told(cohort, draw):
    rna = {"rna": cohort.modalities["rna"]}
    other = draw(13)
    new = {"rna": other.modalities["rna"].rename("X{}".format)}
    external = (new, other.target.rename("X{}".format))
    options = {"strategies": ["single"], "external": external, **QUICK}
    plain = fuse(rna, cohort.target, **options)
    named = fuse(rna, cohort.target, event="wildtype", **options)
    assert 'The event is "mutated"' in " ".join(plain.advice)
    assert 'The event is "wildtype"' in " ".join(named.advice)
    for one, event in ((plain, "mutated"), (named, "wildtype")):
        table = one.patients()
        p = table["probability"].to_numpy()
        truth = table["outcome"].eq(event).to_numpy(float)
        assert area_under_curve(truth, p).value > 0.8
        assert one.external["auc"].iloc[0] > 0.8
        assert f'the probability of "{event}"' in model_card(one.model())
    with pytest.raises(InputError, match="the classes of EGFR are wildtype and mutated"):
        fuse(rna, cohort.target, event="mutatd", **QUICK)
    with pytest.raises(InputError, match="has no classes"):
        fuse(rna, draw(8, kind="regression").target, event="mutated", **QUICK)


def test_a_model_of_a_comparison_carries_its_validation(partly, tmp_path):
    for name in ("late", "rna alone"):
        path = save_model(partly.model(name), tmp_path / f"{name}.npz")
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        assert card == model_card(partly.model(name), partly, strategy=name)
        assert f"AUC {partly.table.loc[name, 'auc']:.3f}" in card
        assert "No validation was given" not in card
        assert model_card(load_model(path)) == card


def test_what_the_second_cohort_lacks_and_its_cost_are_told(draw, tmp_path):
    first, second = draw(21), draw(22)
    other = {
        "imaging": second.modalities["imaging"].drop(columns=["f0", "f3"]),
        "clinical": second.modalities["clinical"],
    }
    other = {name: table.rename(lambda p: f"X{p}") for name, table in other.items()}
    target = second.target.rename(lambda p: f"X{p}")
    with pytest.warns(DataWarning, match="Second cohort"):
        found = fuse(first.modalities, first.target, strategies=["single", "late"],
                     folds=3, inner_folds=3, repeats=1, thorough=False,
                     external=(other, target))  # fmt: skip
    text = next(t for t in found.warnings if "imaging alone" in t and "columns" in t)
    assert '2 of 25 columns of "imaging" are missing (f0, f3)' in text
    assert "of what the model goes by" in text
    own = found.without.query("strategy == 'late' and without == 'rna'").iloc[0]
    cost = f"AUC {found.table.loc['late', 'auc']:.2f} → {own['value']:.2f} without rna."
    assert any('There is no "rna"' in t and "late" in t and cost in t for t in found.warnings)
    assert any("nobody was answered without rna" in t and "rna alone" in t for t in found.warnings)
    assert f"Without rna: In its validation: {cost}" in model_card(found.model("late"))
    # The file carries it, so that it is told wherever the model is used.
    back = load_model(save_model(found.model("late"), tmp_path / "late.npz"))
    with pytest.warns(DataWarning, match=re.escape(cost)):
        back.predict_proba(other)
    alone = LateFusion(inner_folds=3).fit(first.modalities, first.target)
    with pytest.warns(DataWarning, match=r'no "rna".* costs was not measured'):
        alone.predict_proba(other)
