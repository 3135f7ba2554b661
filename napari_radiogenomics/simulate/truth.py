"""What ``truth.json`` says: every planted story, its size, and how it is measured.

The sizes were measured on CT cohorts of 80 patients and more; a dozen patients are too few to
see them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from napari_radiogenomics.simulate import slides, stories
from napari_radiogenomics.simulate.sites import SITES
from napari_radiogenomics.simulate.stories import Patient

__all__ = ["STORIES", "truth"]

_BULK = "mean log2(CPM+1) of the set in the bulk sample"

STORIES: tuple[dict[str, Any], ...] = (
    {
        "id": "egfr_scanner",
        "claim": "Fine texture seems to tell EGFR; it is only the noise of site and scanner.",
        "true_effect": 0.0,
        "measure": "CT, discovery: standard deviation of each tumor voxel minus the mean of its "
        "two neighbors along i, 2 voxels or more inside; AUC for EGFR not wildtype",
        "size": {"auc_raw": 0.80, "auc_after_site_means_removed": 0.55},
        "tolerance": {"auc_raw": 0.06, "auc_after_site_means_removed": 0.07},
        "why": "EGFR is altered in 15, 42 and 80 % of the patients of sites A, B and C, whose "
        "noise is 8.5, 11 and 14.5 HU. Within a site the dose drifts a little with the "
        "referrals, which leaves about 0.55. In the validation cohort all sites have 45 %.",
    },
    {
        "id": "tortuosity_vegf",
        "claim": "Peritumoral vessels are the more tortuous, the more VEGF is active.",
        "true_effect": {"latent_correlation": stories.WINDING_WITH_VEGF},
        "measure": "CT: distance metric of the skeletons of vessels (above -640 HU) 2.5 to 20 mm "
        f"from the tumor, weighted by length; Spearman with VEGF_LIGAND_RECEPTOR, {_BULK}",
        "size": {"rho": 0.45, "rho_given_site_and_volume": 0.45},
        "tolerance": {"rho": 0.2, "rho_given_site_and_volume": 0.2},
        "why": "Angiogenesis drives the winding of the vessels, whatever the site and volume.",
    },
    {
        "id": "hypoxia_texture",
        "claim": "Coarse heterogeneity of the tumor follows hypoxia.",
        "true_effect": {"latent_correlation": stories.PATCHINESS_WITH_HYPOXIA},
        "measure": "CT: standard deviation within each region, 3 mm or more below the surface, "
        f"of the scan smoothed by 1.5 mm; Spearman with BUFFA_HYPOXIA, {_BULK}",
        "size": {"rho": 0.48, "rho_given_site_and_volume": 0.48},
        "tolerance": {"rho": 0.2, "rho_given_site_and_volume": 0.2},
        "why": "Patches of 3 mm that enhance less are those where hypoxia genes are higher; "
        "their contrast grows with the hypoxia of the patient.",
    },
    {
        "id": "volume_only",
        "claim": "The energy of the tumor seems to follow proliferation; it is only its volume.",
        "true_effect": 0.0,
        "measure": "CT: sum of (HU + 1000)² over the tumor times the voxel volume; Spearman with "
        f"HALLMARK_E2F_TARGETS, {_BULK}",
        "size": {"rho": 0.46, "rho_given_volume": 0.0},
        "tolerance": {"rho": 0.2, "rho_given_volume": 0.3},
        "why": "Larger tumors proliferate more (latent correlation "
        f"{stories.PROLIFERATION_WITH_VOLUME}); energy is a sum over the volume.",
    },
    {
        "id": "habitat_pathways",
        "claim": "Pathways follow habitats: hypoxia in the core, proliferation and vessels in "
        "the rim.",
        "true_effect": "programs change from core to rim; see fields",
        "measure": "Biopsies: mean log2(CPM+1) of a set, core minus rim within each patient; "
        "mean over patients",
        "size": {
            "BUFFA_HYPOXIA": 0.72,
            "HALLMARK_E2F_TARGETS": -0.60,
            "CRISTESCU_ANGIOGENESIS": -0.36,
            "HOUSEKEEPING": 0.05,
        },
        "tolerance": {
            "BUFFA_HYPOXIA": 0.2,
            "HALLMARK_E2F_TARGETS": 0.2,
            "CRISTESCU_ANGIOGENESIS": 0.2,
            "HOUSEKEEPING": 0.1,
        },
        "why": "RNA is drawn from the fields at the place of the biopsy.",
    },
    {
        "id": "vessel_chain",
        "claim": "Where VEGF is active, vessels wind around the tumor and microvessels are dense "
        "in it: across patients.",
        "true_effect": {"latent_correlation": stories.WINDING_WITH_VEGF},
        "measure": "CT: local distance metric of vessels 0 to 20 mm from the tumor, vessels per "
        f"mm² of the CD31 section, VEGF_LIGAND_RECEPTOR ({_BULK}); Spearman, sites held fixed. "
        "CD31 with HALLMARK_EPITHELIAL_MESENCHYMAL_TRANSITION is unrelated",
        "size": {"tortuosity_cd31": 0.41, "cd31_vegf": 0.74, "cd31_emt": 0.0},
        "tolerance": {"tortuosity_cd31": 0.2, "cd31_vegf": 0.2, "cd31_emt": 0.25},
        "why": "Angiogenesis drives the winding of the vessels around, the microvessels within "
        f"({slides.PER_MM2:.0f} exp({slides.WITH_ANGIOGENESIS} angiogenesis) a mm², few in the "
        "core) and the genes. A section of 3.5 mm × 4.4 mm shows one place, with more or less of "
        "the core: its density follows the angiogenesis of the tumor with 0.79, genes in the bulk "
        "do with 0.93. No vessel that winds lies on a section: within a tumor tortuosity and CD31 "
        "are unrelated.",
    },
    {
        "id": "hypoxia_section",
        "claim": "On a section, places that enhance less are those that CAIX stains.",
        "true_effect": "the same patches of 3 mm lower the signal and raise CAIX; see fields",
        "measure": "CT: intensity against the amount of CAIX stain on the section, linear trend, "
        "distance to the edge and slices taken out; random effects over patients",
        "size": {"r": -0.1},
        "tolerance": {"r": 0.1},
        "why": "The scan blurs patches of 3 mm with voxels of 2 mm, and CAIX shows hypoxia in "
        "nests: the link is there, and weak.",
    },
    {
        "id": "hypoxia_survival",
        "claim": "Hypoxia shortens survival.",
        "true_effect": {"log_hazard_per_sd": 0.55},
        "measure": "Cox model of os_days and os_event on hypoxia, age and stage",
        "size": {"log_hazard_per_sd": 0.55},
        "tolerance": {"log_hazard_per_sd": 0.3},
        "why": "Exponential survival with the hazard exp(0.55 hypoxia + 0.03 (age - 63) + "
        "0.25 stage + 0.3 frailty).",
    },
    {
        "id": "crp_missing_not_at_random",
        "claim": "C-reactive protein is measured more in the sick: its mean is biased.",
        "true_effect": {"log_odds_of_being_measured_per_sickness": 1.3},
        "measure": "Odds of crp_mg_l being present by stage",
        "size": {"direction": "present more often in higher stages"},
        "tolerance": {},
        "why": "Sickness = 0.7 hypoxia + 0.6 (stage - II) + 0.5 frailty.",
    },
)


def truth(
    settings: dict[str, object], patients: list[Patient], hidden: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the content of ``truth.json``."""
    used = {patient.site.name for patient in patients}
    return {
        "settings": settings,
        "stories": STORIES,
        "sites": [asdict(site) for site in SITES if site.name in used],
        "patients": {
            patient.patient_id: facts for patient, facts in zip(patients, hidden, strict=True)
        },
    }
