"""Sentences say what holds: who can answer, what thresholds are of, what is close to the target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics.cli.commands.fuse import _show_missing
from napari_radiogenomics.errors import DataWarning
from napari_radiogenomics.fusion import fuse, model_card
from napari_radiogenomics.fusion.advice_errors import bias_and_variance
from napari_radiogenomics.fusion.checks.target_leak import warn_of_near_target
from napari_radiogenomics.fusion.outcome import outcome_of
from napari_radiogenomics.fusion.tables import tables_of
from napari_radiogenomics.fusion.validation.measures import slope_ends

QUICK = {"folds": 3, "inner_folds": 3, "repeats": 1, "thorough": False}


@pytest.fixture(scope="module")
def found(cohort):
    return fuse(cohort.modalities, cohort.target, strategies=["late"], **QUICK)


@pytest.mark.parametrize(("missing", "gaps"), [(0.0, False), (0.2, True)])
def test_models_that_learned_without_gaps_are_said_to_have(missing, gaps):
    columns = ["error", "bias", "variance", "answered", "learned"]
    whole = pd.DataFrame([[0.2, 0.15, 0.05, 1.0, 40]] * 2, columns=columns)
    lost = pd.DataFrame([[np.nan, np.nan, np.nan, 0.0, 40], [0.22, 0.17, 0.05, 1.0, 40]],
                        columns=columns)  # fmt: skip
    names = ["early", "late"]
    trade_off = pd.concat([whole.assign(strategy=names, without=""),
                           lost.assign(strategy=names, without="rna")])  # fmt: skip
    table = pd.DataFrame({"optimism": [0.0, 0.0], "variance": [0.0, 0.0]}, names)
    lacks = pd.DataFrame({"modality": ["rna"], "missing": [missing]})
    said = bias_and_variance("survival", "late", table, trade_off, lacks)[-1]
    assert "early cannot answer them at all" in said
    assert ("learned here from patients who all have rna" in said) is not gaps
    assert said.endswith(".")


def test_the_curve_says_whom_each_strategy_answers(found, capsys):
    curve = pd.DataFrame({
        "strategy": ["rna alone", "late"] * 2, "missing": [0.0, 0.0, 0.4, 0.4],
        "value": [0.603, 0.654, 0.548, 0.613], "answered": [1.0, 1.0, 0.6, 1.0],
    })  # fmt: skip
    _show_missing(found, curve)
    lines = capsys.readouterr().out.splitlines()
    alone, late = (
        next(line for line in lines if line.startswith(n)) for n in ("rna alone", "late")
    )
    assert "0.548 (60%)" in alone
    assert "(" not in late
    assert any("the patients that are answered" in line for line in lines)


def test_the_card_says_whose_thresholds_were_validated(found):
    assert "by the thresholds that each fold had chosen" in model_card(found.model(), found)


def test_predictions_of_classes_have_no_event_column(found, draw):
    assert "event" not in found.predictions
    late = draw(2, n=80, kind="survival")
    times = fuse(late.modalities, late.target, strategies=["baseline"], **QUICK)
    assert set(times.predictions["event"]) == {True, False}


def test_ends_of_a_slope_far_from_one_are_not_told():
    assert slope_ends(0.959, 195.0, figures=3) == " (0.959 to above 10, not identified)"
    assert slope_ends(-40.0, 1.0) == " (below -10 to 1.00, not identified)"
    assert slope_ends(np.nan, 1.0) == ""


def _near(y, column):
    tables = {"clinical": pd.DataFrame({"gene": column, "age": np.arange(len(y)) % 7.0}, y.index)}
    outcome, patients = outcome_of(y)
    return tables_of(tables, patients), outcome


def test_a_column_that_is_the_target_with_a_few_errors_is_told_and_a_good_marker_is_not():
    rng = np.random.default_rng(1)
    y = pd.Series(rng.permutation(np.repeat(["mutated", "wildtype"], 50)),
                  [f"P{n}" for n in range(100)], name="EGFR")  # fmt: skip
    flipped = y.copy()
    flipped.iloc[np.flatnonzero(y == "mutated")[:4]] = "wildtype"
    with pytest.warns(DataWarning, match=r"close to EGFR: clinical: gene \(0\.96\)"):
        assert len(warn_of_near_target(*_near(y, flipped))) == 1
    marker = (y == "mutated") * 1.7 + rng.normal(size=100)  # an area of 0.94
    assert warn_of_near_target(*_near(y, marker)) == ()
    many = pd.DataFrame({f"g{n}": (y == "mutated") * 3.0 + rng.normal(size=100) for n in range(8)})
    outcome, patients = outcome_of(y)
    assert warn_of_near_target(tables_of({"rna": many}, patients), outcome) == ()
