"""The hidden facts of cohorts that are large enough for tight bounds; no image is made."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from napari_radiogenomics.simulate.clinical import clinical_row, variant_rows
from napari_radiogenomics.simulate.stories import Patient, draw_patients, rank_auc

STAGES = ["I", "II", "III", "IV"]


@pytest.fixture(scope="module")
def many() -> list[Patient]:
    return draw_patients(11, "discovery", 900, modality="CT")


def _column(patients: list[Patient], program: str) -> np.ndarray:
    return np.array([patient.activity[program] for patient in patients])


@pytest.mark.parametrize("seed", range(6))
def test_egfr_is_confounded_in_every_cohort_of_a_hundred(seed: int) -> None:
    patients = [p for p in draw_patients(seed, "discovery", 100) if p.is_ct]
    noise = np.log([patient.noise for patient in patients])
    egfr = np.array([patient.mutated["EGFR"] for patient in patients])
    sites = np.array([patient.site.name for patient in patients])
    centered = noise.copy()
    for site in np.unique(sites):
        centered[sites == site] -= noise[sites == site].mean()
    assert 0.76 < rank_auc(noise, egfr) < 0.86
    assert 0.53 <= rank_auc(centered, egfr) <= 0.57


def test_the_validation_sites_are_not_confounded() -> None:
    patients = draw_patients(1, "validation", 400, modality="CT")
    noise = np.array([patient.noise for patient in patients])
    egfr = np.array([patient.mutated["EGFR"] for patient in patients])
    assert {patient.site.name for patient in patients} == {"F", "G"}
    assert 0.44 < rank_auc(noise, egfr) < 0.60


def test_latents_have_exactly_the_planned_correlations(many: list[Patient]) -> None:
    vegf, hypoxia = _column(many, "angiogenesis"), _column(many, "hypoxia")
    winding = np.log([patient.distance - 1 for patient in many])
    texture = np.log([patient.contrast for patient in many])
    volume = np.log([patient.volume_ml[0] for patient in many])
    assert np.corrcoef(vegf, hypoxia)[0, 1] == pytest.approx(0.35, abs=1e-6)
    assert np.corrcoef(vegf, winding)[0, 1] == pytest.approx(0.53, abs=0.02)  # clipped tails
    assert np.corrcoef(hypoxia, texture)[0, 1] == pytest.approx(0.60, abs=1e-6)
    assert np.corrcoef(vegf, volume)[0, 1] == pytest.approx(0, abs=0.02)
    assert np.corrcoef(_column(many, "proliferation"), volume)[0, 1] == pytest.approx(
        0.55, abs=0.02
    )


def test_no_latent_differs_by_site(many: list[Patient]) -> None:
    groups: dict[str, list[float]] = {}
    for patient in many:
        groups.setdefault(patient.site.name, []).append(patient.activity["angiogenesis"])
    means = [np.mean(values) for values in groups.values()]
    np.testing.assert_allclose(means, 0, atol=1e-9)


def test_sites_and_flags_have_their_shares() -> None:
    patients = draw_patients(2, "discovery", 100)
    assert sum(patient.is_ct for patient in patients) == 65
    assert sum(patient.biopsied for patient in patients) == 25
    assert sum(patient.sectioned for patient in patients) == 9
    assert sum(len(patient.days) > 1 for patient in patients) == 34
    assert any(len(patient.days) == 3 for patient in patients)
    assert len({patient.patient_id for patient in patients}) == 100


def test_crp_is_measured_more_in_the_sick(many: list[Patient]) -> None:
    rows = [clinical_row(11, patient) for patient in many]
    stage = np.array([STAGES.index(str(row["stage"])) for row in rows])
    measured = np.array([row["crp_mg_l"] != "" for row in rows])
    assert 0.3 < measured.mean() < 0.8
    assert measured[stage >= 2].mean() - measured[stage <= 1].mean() > 0.2


def test_survival_has_the_planted_hazard(many: list[Patient]) -> None:
    rows = [clinical_row(11, patient) for patient in many]
    days = np.array([row["os_days"] for row in rows], float)
    event = np.array([row["os_event"] for row in rows], bool)
    stage = np.array([STAGES.index(str(row["stage"])) for row in rows])
    age = np.array([row["age"] for row in rows], float)
    frailty = np.array([patient.frailty for patient in many])
    design = np.column_stack([_column(many, "hypoxia"), age - 63, stage, frailty])
    estimate = _cox(design, days, event)
    error = np.abs(estimate - [0.55, 0.03, 0.25, 0.3])
    assert (error < [0.1, 0.012, 0.12, 0.1]).all()


def _cox(design: np.ndarray, days: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Newton's method on the partial likelihood; ties are rare enough to be left as they fall."""
    order = np.argsort(-days, kind="stable")
    x, died = design[order], event[order]
    beta = np.zeros(x.shape[1])
    for _ in range(20):
        weight = np.exp(x @ beta)
        total = np.cumsum(weight)
        mean = np.cumsum(weight[:, None] * x, axis=0) / total[:, None]
        second = np.cumsum(weight[:, None, None] * x[:, :, None] * x[:, None, :], axis=0)
        information = (second / total[:, None, None] - mean[:, :, None] * mean[:, None, :])[died]
        beta = beta + np.linalg.solve(information.sum(axis=0), (x - mean)[died].sum(axis=0))
    return beta


def test_kras_and_egfr_avoid_each_other(many: list[Patient]) -> None:
    table = np.zeros((2, 2))
    for patient in many:
        table[int(patient.mutated["EGFR"]), int(patient.mutated["KRAS"])] += 1
    assert stats.fisher_exact(table).statistic < 0.4
    assert {row["gene"] for row in variant_rows(11, many[0])} == {"EGFR", "KRAS", "IDH1", "TP53"}


def test_patients_do_not_depend_on_the_number_of_timepoints() -> None:
    short = draw_patients(5, "discovery", 12, timepoints=1)
    whole = draw_patients(5, "discovery", 12)
    assert [p.volume_ml[0] for p in short] == [p.volume_ml[0] for p in whole]
    assert all(len(p.days) == 1 for p in short)
