"""Several patients: an effect each, random effects, a sign test, no p-value under six."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_radiogenomics import correspond, pool_correspondence
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of


def case(r: float, n_effective: float = 20.0, given: str = "linear trend") -> Correspondence:
    """What `correspond` would answer."""
    rows = [
        {"step": "detrended", "method": method, "r": r, "low": r - 0.1, "high": r + 0.1,
         "n_effective": n_effective, "p_value": 0.5, "p_surrogate": 0.5, "given": given}
        for method in ("pearson", "spearman")
    ]  # fmt: skip
    return Correspondence(pd.DataFrame(rows), pd.DataFrame(), ("a", "b"), 500, 0)


def cohort(*effects: float, **settings: Any) -> dict[str, Correspondence]:
    return {f"P{k}": case(r, **settings) for k, r in enumerate(effects)}


def test_the_summary_of_equal_patients_is_the_t_test_of_their_effects() -> None:
    """With equal variances the test of Knapp and Hartung is that of a mean."""
    effects = np.tanh([0.1, 0.5, 0.3, 0.9, 0.2, 0.7, 0.4])
    found = pool_correspondence(cohort(*effects))
    test = stats.ttest_1samp(np.arctanh(effects), 0)
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-6)
    assert np.arctanh(found.r) == pytest.approx(np.arctanh(effects).mean())
    interval = test.confidence_interval()
    assert np.arctanh([found.low, found.high]) == pytest.approx(list(interval), rel=1e-6)
    assert found.p_sign == pytest.approx(2 * 0.5**7)
    assert found.table["weight"].tolist() == pytest.approx([100 / 7] * 7)
    assert "positive in 7 of 7" in found.text()


def test_a_patient_worth_more_places_weighs_more() -> None:
    cases = cohort(*[0.1] * 6) | {"large": case(0.1, 200.0)}
    weight = pool_correspondence(cases).table["weight"]
    assert weight["large"] > 3 * weight["P0"]


def test_under_six_patients_there_is_no_p_value() -> None:
    found = pool_correspondence(cohort(0.5, 0.6, 0.4, 0.5, 0.6))
    assert np.isnan([found.p_value, found.p_sign, found.low, found.high]).all()
    assert found.r == pytest.approx(0.52, abs=0.01)
    assert "no p-value" in found.text()
    assert any("5 patients are too few" in note for note in found.notes)


def test_a_patient_too_smooth_counts_in_the_sign_test_alone() -> None:
    cases = cohort(*[0.3] * 6) | {"smooth": case(-0.9, 2.5)}
    found = pool_correspondence(cases)
    assert found.n_patients == 6
    assert found.table.loc["smooth", "weight"] == 0
    assert found.p_sign == pytest.approx(stats.binomtest(6, 7).pvalue)
    assert "smooth" in found.notes[0]


def test_the_size_over_patients_is_nominal() -> None:
    """Effects of chance alone, of as many places as patients are worth."""
    rng = np.random.default_rng(0)
    yes = []
    for _ in range(300):
        places = rng.integers(8, 60, 10)
        z = rng.normal(size=10) / np.sqrt(places - 3)
        cases = {f"P{k}": case(np.tanh(z[k]), float(places[k])) for k in range(10)}
        yes.append(pool_correspondence(cases).p_value < 0.05)
    assert 0.025 <= np.mean(yes) <= 0.075


def test_maps_of_several_patients_from_end_to_end(small: Any) -> None:
    cases = {}
    for k in range(6):
        shared, a, b = (small.noise(10 * k + j, 1.5) for j in range(3))
        maps = small.image(shared + a), small.image(shared + b)
        cases[f"P{k}"] = correspond(*maps, small.tumor, surrogates=0)
    found = pool_correspondence(cases, method="spearman")
    assert found.low < 0.5 < found.high
    assert found.p_value < 0.01
    assert history_of(found)[-1].settings["method"] == "spearman"
    other = correspond(*maps, small.tumor, surrogates=0, partial=())
    with pytest.raises(InputError, match="other settings of detrend or partial"):
        pool_correspondence(cases | {"P9": other})


def test_what_only_some_have_taken_out_is_told() -> None:
    cases = cohort(*[0.3] * 6) | {"thin": case(0.3, given="linear trend, slice")}
    assert "linear trend; linear trend, slice" in pool_correspondence(cases).notes[0]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="no patient"):
        pool_correspondence({})
    with pytest.raises(InputError, match='Did you mean "spearman"'):
        pool_correspondence(cohort(0.1), method="spaerman")
    with pytest.raises(InputError, match="Patient P0: give what correspond answered"):
        pool_correspondence({"P0": 0.3})
    with pytest.raises(InputError, match="No patient is worth more than 3 places"):
        pool_correspondence({"P0": replace(case(0.2, 2.0))})


def test_patients_are_joined_as_they_are_and_freed_of_a_trend() -> None:
    both = {
        name: replace(
            one, table=pd.concat([one.table.assign(step="raw", r=-0.6, given=""), one.table])
        )
        for name, one in cohort(*[0.1] * 6).items()
    }
    raw, last = (pool_correspondence(both, step=step) for step in ("raw", "last"))
    assert (round(raw.r, 3), raw.step) == (-0.6, "as they are")
    assert (round(last.r, 3), last.step) == (0.1, "freed of trend")
    with pytest.raises(InputError, match='no step "partialled". Steps: raw, detrended'):
        pool_correspondence(both, step="partialled")
