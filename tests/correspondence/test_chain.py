"""The chain of the founding example: winding vessels, CD31, VEGF, in simulated patients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import (
    correspond_cohort,
    measure_tissue,
    open_cohort,
    pool_correspondence,
    simulate_cohort,
)
from napari_radiogenomics.correspondence.chain import links_of
from napari_radiogenomics.correspondence.cohort_sections import score_of_patients
from napari_radiogenomics.correspondence.result import Correspondence
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.genomics.cohort_scores import score_cohort
from napari_radiogenomics.simulate import patient as simulated
from napari_radiogenomics.simulate import slides, vessels
from napari_radiogenomics.simulate.biopsies import add_samples
from napari_radiogenomics.simulate.counts import gene_sets, genes
from napari_radiogenomics.simulate.rows import Rows
from napari_radiogenomics.simulate.stories import Patient, draw_patients
from napari_radiogenomics.simulate.truth import STORIES
from napari_radiogenomics.statistics.meta import Pooled, pool_effects

VEGF, E2F = "VEGF_LIGAND_RECEPTOR", "HALLMARK_E2F_TARGETS"
# Latents of winding and angiogenesis correlate with 0.53, by rank 0.51; a section shows one place
# of the tumor. In studies 11, 12 and 13, which no test looks at, its CD31 follows angiogenesis with
# 0.81, the genes of the bulk do with 0.91, and the scan shows the winding with 0.97.
EXPECTED = {"tortuosity_cd31": 0.51 * 0.81 * 0.97, "cd31_vegf": 0.81 * 0.91}
PLANTED = next(story["size"] for story in STORIES if story["id"] == "vessel_chain")
SECTION = next(story["size"] for story in STORIES if story["id"] == "hypoxia_section")


def _three(seed: int, patient: Patient) -> dict[str, float]:
    """Winding as planted, CD31 as measured on the drawn slide, genes as counted; no scan."""
    name = patient.patient_id
    tumor = simulated._visit(seed, simulated._phantom(seed, patient, "tumor"), 0).tumor
    tubes = vessels.corkscrews(seed, name, tumor, distance=patient.distance, room=simulated.RING_MM)
    section = next(one for one in slides.cut(seed, name, tumor) if one.stain == "CD31")
    picture = slides.draw_slide(seed, name, tumor, section)
    slide = Slide((picture,), (slides.MICRONS,) * 2, stain="CD31", name=name)
    rows = Rows(truth={})
    add_samples(seed, patient, tumor, rows)
    counts = np.asarray(rows.expression[f"{name}-bulk"], float)
    level = pd.Series(np.log2(1e6 * counts / counts.sum() + 1), genes().symbols)
    means = {key: float(level[list(gene_sets()[key])].mean()) for key in (VEGF, E2F)}
    return {
        "winding": float(np.mean([vessels.distance_metric(points) for points, _ in tubes])),
        "cd31": float(measure_tissue(slide).table["vessels_per_mm2"].iloc[0]),
        **means,
    }


@pytest.mark.slow
def test_winding_cd31_and_vegf_go_together_and_an_unrelated_gene_set_does_not() -> None:
    seed = 1
    patients = draw_patients(seed, "discovery", 30, modality="CT", timepoints=1, complete=True)
    table = pd.DataFrame({one.patient_id: _three(seed, one) for one in patients}).T
    site = pd.Series({one.patient_id: one.site.name for one in patients})
    links = links_of(table[["winding", "cd31", VEGF]], site)
    # 30 patients know z to 1.04 / sqrt(30 - 5) = 0.21 (0.40, z = 0.42, is significant one time in
    # two: not asked for) and to 0.23 near 0.80, whose z of 1.10 is 4.8 errors from 0.
    assert links.loc[0, "low"] < PLANTED["tortuosity_cd31"] < links.loc[0, "high"]
    assert links.loc[1, "low"] < PLANTED["cd31_vegf"] < links.loc[1, "high"]
    assert links.loc[1, "p_value"] < 0.001
    unrelated = links_of(table[["cd31", E2F]], site).loc[0]
    assert unrelated["low"] < PLANTED["cd31_e2f"] < unrelated["high"]
    assert unrelated["p_value"] > 0.05


def _study(folder: Path, seed: int, n_patients: int) -> Cohort:
    simulate_cohort(
        folder, n_patients=n_patients, n_validation=0, seed=seed, modality="CT",
        field_of_view="tumor", timepoints=1, complete=True,
    )  # fmt: skip
    return open_cohort(folder)


def _joined(links: list[pd.Series]) -> Pooled:
    """The same link of several studies, by Fisher's z and the variance that each states."""
    low, high = (np.arctanh([link[end] for link in links]) for end in ("low", "high"))
    return pool_effects((low + high) / 2, ((high - low) / (2 * 1.959964)) ** 2, model="fixed")


# One study of 48 patients at three sites knows z to 1.04 / sqrt(48 - 5) = 0.16, and would miss a
# planted 0.40 (z = 0.42) one time in four. Three know it to 0.09: the planted is 4.6 errors from 0.
@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_the_chain_is_found_from_scans_slides_and_samples(tmp_path: Path) -> None:
    chain, unrelated = [], []
    cases: dict[str, Correspondence] = {}
    for seed in (1, 3, 5):
        cohort = _study(tmp_path / str(seed), seed, 48)
        found = correspond_cohort(
            cohort, feature="vessels_distance_metric", tissue="vessels_per_mm2", score=VEGF
        )
        chain.append(found.links)
        cases |= {f"{seed}-{patient}": case for patient, case in found.cases.items()}
        truth = json.loads((cohort.root / "truth.json").read_text(encoding="utf-8"))["patients"]
        planted = pd.Series({name: facts["distance_metric"] for name, facts in truth.items()})
        # As fields of the cohort are to be recovered.
        assert found.patients["feature"].corr(planted, method="spearman") >= 0.8
        scores = score_of_patients(score_cohort(cohort, E2F))
        table = found.patients[["tissue"]].join(scores.rename("score"))
        unrelated.append(links_of(table, cohort.patients["site"]).loc[0])
    for row, name in enumerate(EXPECTED):
        link = _joined([links.loc[row] for links in chain])
        assert link.low < np.arctanh(EXPECTED[name]) < link.high
        assert link.low > 0
    chance = _joined(unrelated)
    assert chance.low < np.arctanh(PLANTED["cd31_e2f"]) < chance.high
    within = pool_correspondence(cases)
    assert within.low < 0 < within.high  # within a tumor they are unrelated


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_hypoxic_patches_coincide_on_sections_and_biopsies(tmp_path: Path) -> None:
    cohort = _study(tmp_path / "cohort", 1, 80)
    found = correspond_cohort(cohort, tissue="mean_od", score="BUFFA_HYPOXIA")
    assert found.pooled is not None
    assert found.pooled.low < SECTION["r"] < found.pooled.high
    assert found.pooled.p_value < 0.05
    assert found.samples is not None
    assert found.samples.r_within < 0
    assert found.samples.tests["p_value"].max() < 0.05
