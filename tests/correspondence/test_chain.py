"""The chain of the founding example: winding vessels, CD31, VEGF, in simulated patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_radiogenomics import correspond_cohort, measure_tissue, open_cohort, simulate_cohort
from napari_radiogenomics.correspondence.chain import links_of
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.simulate import patient as simulated
from napari_radiogenomics.simulate import slides, vessels
from napari_radiogenomics.simulate.biopsies import add_samples
from napari_radiogenomics.simulate.counts import gene_sets, genes
from napari_radiogenomics.simulate.rows import Rows
from napari_radiogenomics.simulate.stories import Patient, draw_patients
from napari_radiogenomics.simulate.truth import STORIES

VEGF, E2F = "VEGF_LIGAND_RECEPTOR", "HALLMARK_E2F_TARGETS"
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
    assert links.loc[0, "low"] < PLANTED["tortuosity_cd31"] < links.loc[0, "high"]
    assert links.loc[1, "low"] < PLANTED["cd31_vegf"] < links.loc[1, "high"]
    assert links.loc[1, "p_value"] < 0.001
    unrelated = links_of(table[["cd31", E2F]], site).loc[0]
    assert unrelated["low"] < PLANTED["cd31_e2f"] < unrelated["high"]
    assert unrelated["p_value"] > 0.05


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder: Path = tmp_path_factory.mktemp("chain") / "cohort"
    simulate_cohort(
        folder, n_patients=80, n_validation=0, seed=1, modality="CT", field_of_view="tumor",
        timepoints=1, complete=True,
    )  # fmt: skip
    return open_cohort(folder)


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_the_chain_is_found_from_scans_slides_and_samples(cohort: Cohort) -> None:
    found = correspond_cohort(
        cohort, feature="vessels_distance_metric", tissue="vessels_per_mm2", score=VEGF
    )
    for row, planted in enumerate((PLANTED["tortuosity_cd31"], PLANTED["cd31_vegf"])):
        link = found.links.loc[row]
        assert link["low"] < planted < link["high"]
        assert link["p_value"] < 0.05
    assert found.pooled is not None
    assert found.pooled.low < 0 < found.pooled.high  # within a tumor they are unrelated
    unrelated = correspond_cohort(cohort, tissue="vessels_per_mm2", score=E2F).links.loc[1]
    assert unrelated["low"] < PLANTED["cd31_e2f"] < unrelated["high"]
    assert unrelated["p_value"] > 0.05


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_hypoxic_patches_coincide_on_sections_and_biopsies(cohort: Cohort) -> None:
    found = correspond_cohort(cohort, tissue="mean_od", score="BUFFA_HYPOXIA")
    assert found.pooled is not None
    assert found.pooled.low < SECTION["r"] < found.pooled.high
    assert found.pooled.p_value < 0.05
    assert found.samples is not None
    assert found.samples.r_within < 0
    assert found.samples.tests["p_value"].max() < 0.05
