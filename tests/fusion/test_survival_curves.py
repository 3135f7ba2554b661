"""Survival at a time: curves against scikit-survival and planted truth, names, card, cancelling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import fuse, model_card
from napari_radiogenomics.errors import Cancelled
from napari_radiogenomics.fusion.survival_curves import calibration_at, roc_at, time_unit
from napari_radiogenomics.progress import reporting
from napari_radiogenomics.statistics.survival import area_at, survival_with_ends, uno_concordance


def _patients(n=400, seed=0):
    """Patients whose survival at 1.0 is known exactly, and is what is said of them."""
    rng = np.random.default_rng(seed)
    link = rng.normal(0, 1, n)
    own, censored = rng.exponential(np.exp(-link)), rng.exponential(3, n)
    table = pd.DataFrame({"time": np.minimum(own, censored), "event": own <= censored,
                          "link": link, "survival": np.exp(-np.exp(link))})  # fmt: skip
    table.attrs["at"] = 1.0
    return table


@pytest.fixture(scope="module")
def timed(draw):
    cohort = draw(2, n=90, kind="survival")
    target = cohort.target.set_axis(["os_days", "os_event"], axis=1)
    found = fuse(cohort.modalities, target, strategies=["single"], folds=3, inner_folds=3,
                 repeats=1, thorough=False)  # fmt: skip
    return found, target


def test_the_interval_is_that_of_scikit_survival():
    nonparametric = pytest.importorskip("sksurv.nonparametric")
    table = _patients(80)
    times, values, ends = nonparametric.kaplan_meier_estimator(
        table["event"], table["time"], conf_type="log-log"
    )
    at = float(times[40])
    expected = values[40], ends[0][40], ends[1][40]
    assert survival_with_ends(table["time"], table["event"], at) == pytest.approx(expected)


def test_where_nobody_was_watched_nothing_is_said():
    assert np.isnan(survival_with_ends([1, 2, 3], [1, 0, 0], 4)).all()
    value, low, high = survival_with_ends([5, 6, 7.0], [1, 1, 0], 4)
    assert (value, high) == (1, 1)
    assert low == pytest.approx(0.025 ** (1 / 3))
    assert survival_with_ends([1, 2, 3], [1, 1, 1], 4)[:2] == (0, 0)


def test_the_curve_encloses_the_area_at_that_time():
    table = _patients()
    x, y = roc_at(table, 1.0)
    area = area_at(table["time"], table["event"], table["link"], 1.0)
    assert np.trapezoid(y, x) == pytest.approx(area, abs=1e-12)
    ties = table.assign(link=table["link"].round())
    x, y = roc_at(ties, 1.0)
    assert np.trapezoid(y, x) == pytest.approx(
        area_at(ties["time"], ties["event"], ties["link"], 1.0), abs=1e-12
    )
    assert not roc_at(table, table["time"].max())[0].size


def test_true_probabilities_are_calibrated_and_wrong_ones_are_not():
    table = _patients(2000)
    good = calibration_at(table)
    assert good["patients"].sum() == 2000
    assert ((good["low"] < good["predicted"]) & (good["predicted"] < good["high"])).all()
    wrong = table.assign(survival=table["survival"] ** 3)
    wrong.attrs = table.attrs
    bad = calibration_at(wrong)
    assert (bad["observed"] > bad["predicted"]).all()
    assert (bad["low"] > bad["predicted"]).sum() >= 3


@pytest.mark.parametrize(
    ("name", "unit"),
    [("os_days", "days"), ("OS_MONTHS", "months"), ("PFS (years)", "years"), ("time", ""),
     ("survival.wks", "weeks"), ("day", "days"), ("birthday", ""), ("t [d]", "days")],
)  # fmt: skip
def test_the_unit_is_what_the_name_ends_in(name, unit):
    assert time_unit(name) == unit


def test_uno_takes_the_censoring_from_the_cases_it_judges():
    metrics = pytest.importorskip("sksurv.metrics")
    util = pytest.importorskip("sksurv.util")
    table = _patients(120)
    own = util.Surv.from_arrays(table["event"], table["time"])
    expected = metrics.concordance_index_ipcw(own, own, table["link"].to_numpy())[0]
    found = uno_concordance(table["time"], table["event"], table["link"])
    assert found.value == pytest.approx(expected, abs=1e-9)


def test_columns_keep_their_names_and_the_card_tells_of_times(timed):
    found, target = timed
    card = model_card(found.model(), found)
    row, events = found.table.loc[found.trusted], int(target["os_event"].sum())
    assert found.target == "os_days"
    assert card.startswith(f"# {found.trusted}: os_days, event: os_event\n")
    assert f"- 90 patients, {events} with the event, {90 - events} censored" in card
    assert "rarer class" not in card
    middle = float(target.loc[target["os_event"], "os_days"].median())
    assert found.model().fitted_.facts["median_event_time"] == middle
    for words, name in (
        ("Uno's C (censoring estimated from the patients left out)", "uno_concordance"),
        (f"AUC at {middle:.4g} days (median of the events)", "auc_at_median"),
        ("integrated Brier score", "integrated_brier"),
        ("calibration slope", "calibration_slope"),
    ):
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        assert f"- {words} {row[name]:.3f} ({low:.3f} to {high:.3f})\n" in card
    assert f"median follow-up: {found.patients().attrs['at']:.4g} days" in card
    assert "- times in days; " in card


def test_cancel_is_seen_within_a_fold(cohort):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 2

    with pytest.raises(Cancelled, match=r"^Folds cancelled\.$"):
        fuse(cohort.modalities, cohort.target, strategies=["single"], folds=3, inner_folds=3,
             thorough=False, progress=reporting(lambda *_: None, cancelled=cancelled))  # fmt: skip


def test_measures_are_steps_too(cohort):
    seen = set()
    fuse(cohort.modalities, cohort.target, strategies=["single"], folds=3, inner_folds=3,
         repeats=1, thorough=False, external=None,
         progress=reporting(lambda done, total, what: seen.add((what, total))))  # fmt: skip
    assert ("Measures", 4) in seen
