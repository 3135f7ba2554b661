"""The measured cohort tells the planted stories in the columns that evidence is weighed on."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from napari_radiogenomics import CohortFeatures, missingness_report
from napari_radiogenomics.simulate.stories import rank_auc

HERE = Path(__file__).resolve().parents[1] / "reference" / "cohort"
FINE = "wavelet-HHH_glcm_Contrast"
WINDING = "vessels_ring_0-20mm_distance_metric"
COARSE = "original_glcm_JointEntropy"
ENERGY, VOLUME = "original_firstorder_TotalEnergy", "original_shape_MeshVolume"


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    features = CohortFeatures.load(HERE / "features.csv").table
    return features.join(pd.read_csv(HERE / "outcomes.csv", index_col="patient_id"))


@pytest.fixture(scope="module")
def discovery(measured) -> pd.DataFrame:
    return measured[measured["cohort"] == "discovery"]


def partial_rho(first: pd.Series, second: pd.Series, given: pd.DataFrame) -> float:
    design = np.column_stack([np.ones(len(first)), pd.get_dummies(given, dtype=float)])
    left, right = (
        values.rank() - design @ np.linalg.lstsq(design, values.rank(), rcond=None)[0]
        for values in (first, second)
    )
    return float(np.corrcoef(left, right)[0, 1])


def test_fine_texture_tells_egfr_until_the_site_is_removed(measured, discovery) -> None:
    mutated = discovery["EGFR"].to_numpy(bool)
    fine = np.log(discovery[FINE])
    raw = rank_auc(fine.to_numpy(), mutated)
    centered = fine - fine.groupby(discovery["site"]).transform("mean")
    assert raw == pytest.approx(0.80, abs=0.06)
    assert rank_auc(centered.to_numpy(), mutated) == pytest.approx(0.55, abs=0.07)
    other = measured[measured["cohort"] == "validation"]
    assert rank_auc(other[FINE].to_numpy(), other["EGFR"].to_numpy(bool)) < 0.6


def test_coarse_texture_tells_hypoxia_whatever_site_and_volume(discovery) -> None:
    raw = stats.spearmanr(discovery[COARSE], discovery["BUFFA_HYPOXIA"]).statistic
    given = discovery[["site", VOLUME]]
    assert raw == pytest.approx(0.48, abs=0.2)
    assert partial_rho(discovery[COARSE], discovery["BUFFA_HYPOXIA"], given) > 0.35


def test_tortuosity_tells_vegf_in_both_cohorts(measured, discovery) -> None:
    raw = stats.spearmanr(discovery[WINDING], discovery["VEGF_LIGAND_RECEPTOR"]).statistic
    given = discovery[["site", VOLUME]]
    adjusted = partial_rho(discovery[WINDING], discovery["VEGF_LIGAND_RECEPTOR"], given)
    assert raw == pytest.approx(0.45, abs=0.2)
    assert adjusted == pytest.approx(0.45, abs=0.2)
    other = measured[measured["cohort"] == "validation"]
    assert stats.spearmanr(other[WINDING], other["VEGF_LIGAND_RECEPTOR"]).statistic > 0.2


def test_energy_tells_proliferation_by_volume_alone(discovery) -> None:
    outcome = discovery["HALLMARK_E2F_TARGETS"]
    assert stats.spearmanr(discovery[ENERGY], outcome).statistic == pytest.approx(0.46, abs=0.2)
    assert stats.spearmanr(discovery[ENERGY], discovery[VOLUME]).statistic > 0.99
    given = discovery[[VOLUME]]
    assert abs(partial_rho(discovery[ENERGY], outcome, given)) < 0.3


def test_crp_is_missing_in_the_less_sick_and_the_report_says_so(measured) -> None:
    clinical = CohortFeatures.load(HERE / "features.csv").block("clinical")
    discovery = clinical[clinical["cohort"] == "discovery"]
    report = missingness_report(discovery, outcome=["os_event"])
    first = report.tests.query("column == 'crp_mg_l' and against == 'stage'").iloc[0]
    assert first["q_value"] < 0.01
    assert first["effect"].startswith("lower where missing")
    assert report.mcar is not None
    assert report.mcar.p_value < 0.01
    assert any("crp_mg_l is not missing completely at random: stage" in n for n in report.notes)
    assert any("No sign that crp_mg_l is missing by" in note for note in report.notes)


def test_the_tables_are_small_and_of_the_same_patients(measured) -> None:
    assert len(measured) == 130
    assert measured["EGFR"].notna().all()
    assert (measured["cohort"] == "discovery").sum() == 65
    assert sum(len(gzip.compress(f.read_bytes())) for f in HERE.iterdir()) < 300_000
