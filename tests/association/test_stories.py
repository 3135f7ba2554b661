"""The planted stories of the simulated cohort, measured and weighed: illusions and a discovery."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import Study, weigh_evidence
from napari_radiogenomics.extraction.measures.shuffled import PREFIX
from napari_radiogenomics.extraction.result import CohortFeatures

FOLDER = Path(__file__).parents[1] / "reference" / "cohort"
VESSELS, VEGF = "vessels_ring_0-20mm_distance_metric", "VEGF_LIGAND_RECEPTOR"
# Sizes that were planted, as truth.json of every simulated cohort says.
AUC_RAW, AUC_WITHOUT_SITE, RHO = 0.80, 0.55, 0.45


@pytest.fixture(scope="module")
def cohorts():
    features = CohortFeatures.load(FOLDER / "features.csv")
    outcomes = pd.read_csv(FOLDER / "outcomes.csv", index_col="patient_id")

    def study(name):
        own = features.table[features.table["cohort"] == name]
        image = [c for c in own if features.blocks[c] not in ("clinical", "shuffled")]
        control = [c for c in own if features.blocks[c] == "shuffled"]
        return Study(
            own[image].astype(float), outcomes, site=own["site"], name=name,
            volume=own["original_shape_MeshVolume"],
            shuffled=own[control].astype(float).rename(columns=lambda c: c.removeprefix(PREFIX)),
        )  # fmt: skip

    return study("discovery"), study("validation")


def test_the_egfr_signature_is_the_scanner(cohorts):
    card = weigh_evidence("wavelet-HHH_glcm_Contrast", "EGFR", *cohorts)
    assert card.conclusion == "illusion"
    assert abs(card["raw"].effect.value - AUC_RAW) < 0.06
    assert abs(card["harmonized"].effect.value - AUC_WITHOUT_SITE) < 0.07
    assert card["harmonized"].effect.low < 0.5 < card["harmonized"].effect.high
    assert "site and scanner" in card.summary


def test_tortuosity_follows_vegf_and_survives_everything(cohorts):
    expected = {"CRISTESCU_ANGIOGENESIS": 1, "HOUSEKEEPING": 0}
    card = weigh_evidence(VESSELS, VEGF, *cohorts, expected=expected)
    assert card.conclusion == "credible"
    for name in ("raw", "harmonized", "adjusted", "validation", "together"):
        effect = card[name].effect
        assert effect.low < RHO < effect.high, name
        assert effect.excludes_null, name
    assert card["CRISTESCU_ANGIOGENESIS"].verdict == card["HOUSEKEEPING"].verdict == "holds"


def test_energy_is_only_volume(cohorts):
    card = weigh_evidence("original_firstorder_TotalEnergy", "HALLMARK_E2F_TARGETS", *cohorts)
    assert card.conclusion == "illusion"
    assert card["volume"].verdict == card["adjusted"].verdict == "falls"
    assert "the volume of the tumour" in card.summary


def test_a_true_link_of_the_intensities_is_no_illusion_because_shuffled_voxels_keep_it(cohorts):
    card = weigh_evidence("original_glcm_JointEntropy", "HALLMARK_HYPOXIA", *cohorts)
    for name in ("raw", "harmonized", "adjusted", "volume", "folds"):
        assert card[name].verdict == "holds", name
    assert card["shuffled"].verdict == "open"
    assert card.conclusion in ("credible", "promising")
    assert "A caveat" in card.summary


def test_joined_intervals_are_as_wide_as_the_patients_allow(cohorts):
    card = weigh_evidence("original_firstorder_TotalEnergy", "HALLMARK_E2F_TARGETS", *cohorts)
    for name, n in (("sites", 65), ("together", 130)):
        effect = card[name].effect
        least = 2 * 1.959964 * np.sqrt(1 / (n - 3))  # Fisher's z of so many patients
        assert np.arctanh(effect.high) - np.arctanh(effect.low) > 0.999 * least, name


def test_hypoxia_makes_texture_coarse(cohorts):
    card = weigh_evidence("original_glcm_JointEntropy", "BUFFA_HYPOXIA", *cohorts)
    assert card.conclusion in ("credible", "promising")
    assert card["adjusted"].effect.low < 0.48 < card["adjusted"].effect.high
