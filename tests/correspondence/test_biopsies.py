"""Biopsies against a map: within their patients, whatever patients differ in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_radiogenomics import Geometry, Image, Samples, correspond_samples
from napari_radiogenomics.correspondence.within import Within, centered
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.provenance import history_of

GRID = Geometry((24, 24, 4), (1.0, 1.0, 3.0))


class Study:
    """Patients with maps, biopsies and scores of a planted effect within them."""

    def __init__(self, effect: float, patients: int = 12, each: int = 4, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        mean = rng.normal(size=patients) * 3
        noise = rng.normal(size=(patients, *GRID.shape))
        self.maps = {f"P{k:02}": Image(noise[k] + mean[k], GRID) for k in range(patients)}
        number = np.repeat(np.arange(patients), each)
        index = rng.integers(0, [24, 24, 4], (len(number), 3))
        value = noise[number, index[:, 2], index[:, 1], index[:, 0]]
        names = [f"b{k}" for k in range(len(number))]
        x, y, z = (index * GRID.spacing).T
        self.frame = pd.DataFrame({
            "sample_id": names, "patient_id": [f"P{k:02}" for k in number], "x": x, "y": y, "z": z,
            "coord_system": "LPS", "unit": "mm", "precision": "point",
        })  # fmt: skip
        score = effect * value + 2 * mean[number] + rng.normal(size=len(number)) * 0.5
        self.scores = pd.Series(score, names, name="VEGFA")

    def run(self, **settings: Any):
        quick = {"jitters": 0, "permutations": 499} | settings
        return correspond_samples(Samples.from_table(self.frame), self.scores, self.maps, **quick)


def table_of(rng: np.random.Generator, effect: float) -> Within:
    """20 patients × 4 biopsies; patients differ in both, by the same hidden cause."""
    patient = np.repeat(np.arange(20), 4)
    hidden = rng.normal(size=20)[patient] * 1.5
    x = hidden + rng.normal(size=80)
    y = hidden + effect * (x - hidden) + rng.normal(size=80)
    return Within(y, x, patient, np.empty((80, 0)))


def test_what_patients_differ_in_makes_no_effect_within_them() -> None:
    rng = np.random.default_rng(1)
    found: dict[str, list[float]] = {"pooled": [], "within": [], "shuffled": [], "flipped": []}
    for _ in range(300):
        one = table_of(rng, 0.0)
        found["pooled"].append(stats.pearsonr(one.x, one.y).pvalue)
        found["within"].append(one.slope().p_value)
        found["shuffled"].append(one.shuffled_p(199, rng))
        found["flipped"].append(one.flipped_p(199, rng))
    yes = {name: np.mean(np.array(p) <= 0.05) for name, p in found.items()}
    assert yes["pooled"] > 0.8
    for name in ("within", "shuffled", "flipped"):
        assert 0.025 <= yes[name] <= 0.075, name


def test_a_true_effect_is_found_with_power() -> None:
    rng = np.random.default_rng(2)
    slopes = [table_of(rng, 0.6).slope() for _ in range(60)]
    assert np.mean([one.p_value < 0.05 for one in slopes]) > 0.95
    assert np.mean([one.effect for one in slopes]) == pytest.approx(0.6, abs=0.05)
    assert np.mean([one.low < 0.6 < one.high for one in slopes]) > 0.85


def test_the_slope_is_that_of_fixed_effects_of_patients() -> None:
    one = table_of(np.random.default_rng(3), 0.3)
    x, y = (centered(values, one.patient)[0] for values in (one.x, one.y))
    assert one.slope().effect == pytest.approx(x @ y / (x @ x), rel=1e-9)
    assert one.r == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-9)


def test_signs_of_few_patients_are_all_tried() -> None:
    patient = np.repeat(np.arange(6), 2)
    x = np.tile([0.0, 1.0], 6)
    one = Within(x * 2 + patient, x, patient, np.empty((12, 0)))
    assert one.flipped_p(99, np.random.default_rng(0)) == 2 / 2**6


def test_the_planted_effect_is_found_at_the_right_voxels() -> None:
    found = Study(1.0).run()
    row = found.table.loc["within"]
    assert row["low"] < 1.0 < row["high"]
    assert (found.tests["p_value"] < 0.01).all()
    assert found.table.loc["between", "effect"] == pytest.approx(2.0, abs=0.5)
    assert found.skill_within > 0.6
    assert found.skill > 0.6
    assert found.text().startswith(f"Within 12 patients r = {found.r_within:.2f}, effect 0.9")
    assert found.r_within > 0.8
    assert history_of(found)[-1].verb == "correspond_samples"


def test_without_an_effect_patients_left_out_are_not_predicted() -> None:
    found = Study(0.0, seed=3).run()
    assert found.tests.loc["mixed model", "p_value"] > 0.05
    assert found.skill_within < 0.1
    assert found.skill > 0.5  # their means follow the map: that is no link of places


def test_positions_that_are_not_sure_weaken_the_effect() -> None:
    study = Study(1.0)
    sure, vague = (study.run(jitters=40, error_mm=error) for error in (0.1, 6.0))
    assert sure.jitter["effect"].median() == pytest.approx(sure.table.loc["within", "effect"])
    assert vague.jitter["effect"].quantile(0.95) < 0.6
    assert "when positions move" in vague.text()
    study.frame["uncertainty_mm"] = 6.0
    np.testing.assert_allclose(study.run(jitters=40).jitter, vague.jitter)


def test_a_covariate_is_taken_out_within_patients() -> None:
    study = Study(1.0)
    depth = pd.DataFrame({"depth": np.random.default_rng(5).normal(size=len(study.scores))},
                         study.scores.index)  # fmt: skip
    study.scores = study.scores + 4 * depth["depth"]
    samples = Samples.from_table(study.frame)
    alone = correspond_samples(samples, study.scores, study.maps, jitters=0)
    beside = correspond_samples(samples, study.scores, study.maps, depth, jitters=0)
    errors = [found.table.loc["within", "error"] for found in (alone, beside)]
    assert errors[1] < errors[0] / 4
    assert beside.table.loc["within", "effect"] == pytest.approx(1.0, abs=0.25)


def test_under_six_patients_there_is_no_p_value() -> None:
    found = Study(1.0, patients=5).run(jitters=5, error_mm=1.0)
    assert found.tests["p_value"].isna().all()
    assert found.table.loc["within", ["low", "high", "p_value"]].isna().all()
    assert found.jitter["p_value"].isna().all()
    assert found.table.loc["within", "effect"] == pytest.approx(1.0, abs=0.4)
    assert "no p-value" in found.text()


def test_samples_that_cannot_count_are_left_out_and_told() -> None:
    study = Study(1.0)
    study.frame.loc[0, "precision"] = "tumour"
    study.frame.loc[1, "x"] = 500.0
    study.scores["b2"] = np.nan
    del study.maps["P11"]
    found = study.run()
    assert len(found.samples) == 48 - 3 - 4
    said = " ".join(found.notes)
    for told in ("1 sample left out: not located as a point", "1 sample left out: no score",
                 "4 samples left out: no map of", "1 sample left out: the map has"):  # fmt: skip
        assert told in said


def test_a_biopsy_is_a_ball() -> None:
    study = Study(1.0)
    study.frame["radius_mm"] = 3.0
    narrow, wide = Study(1.0).run().samples["value"], study.run().samples["value"]
    spread = [centered(one.to_numpy(), np.repeat(np.arange(12), 4))[0].std()
              for one in (narrow, wide)]  # fmt: skip
    assert spread[1] < spread[0] / 2


def test_bad_input_is_refused() -> None:
    study = Study(1.0)
    with pytest.raises(InputError, match="jitters is a whole number, 0 or more"):
        study.run(jitters=-1)
    study.scores[:] = 1.0
    with pytest.raises(InputError, match="The score is the same for all biopsies"):
        study.run()
    lone = Study(1.0, each=1)
    with pytest.raises(InputError, match="0 patients have two biopsies or more"):
        lone.run()
    twice = Study(1.0)
    twice.scores = pd.concat([twice.scores, twice.scores[:1]])
    with pytest.raises(InputError, match='Sample "b0" has several scores'):
        twice.run()
    series = Study(1.0)
    series.maps["P00"] = Image(np.zeros((2, *GRID.shape)), GRID, fourth_axis="time")
    with pytest.raises(InputError, match="patient P00 holds several volumes"):
        series.run()


def test_words_and_endless_numbers_are_refused_by_name() -> None:
    study = Study(1.0)
    beside = pd.DataFrame({"site": "A"}, study.scores.index)
    with pytest.raises(InputError, match='covariate "site" of sample "b0" is "A"'):
        study.run(covariates=beside)
    with pytest.raises(InputError, match="covariates tell all of the score"):
        study.run(covariates=study.scores.to_frame())
    with pytest.raises(InputError, match="jitters is a whole number, 0 or more; got 1.5"):
        study.run(jitters=1.5)
    study.scores.iloc[3] = np.inf
    with pytest.raises(InputError, match='score "VEGFA" of sample "b3" is "inf"'):
        study.run()


def test_positions_of_unknown_error_are_not_moved() -> None:
    assert Study(1.0).run(jitters=20).jitter.empty


def test_positions_that_leave_the_map_are_told() -> None:
    told = "moved positions lie where the map has no value"
    assert not any(told in note for note in Study(1.0).run(jitters=20, error_mm=0.2).notes)
    assert any(told in note for note in Study(1.0).run(jitters=20, error_mm=30.0).notes)


def test_maps_in_two_units_have_no_effect_in_common() -> None:
    study = Study(1.0, patients=6)
    study.maps = {name: replace(image, unit="HU") for name, image in study.maps.items()}
    found = study.run()
    assert found.unit == "HU"
    assert " per HU (" in found.text()
    study.maps["P04"] = replace(study.maps["P04"], unit="")
    with pytest.raises(InputError, match="P00 is in HU, that of P04 in no unit"):
        study.run()
