"""Make the tables of this folder: ``python make_tables.py FOLDER``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from napari_radiogenomics import (
    cohort_pathways,
    extract_cohort,
    mutation_table,
    open_cohort,
    simulate_cohort,
)
from napari_radiogenomics.progress import bar

HERE = Path(__file__).parent
EXTRACTION = {
    "families": ["firstorder", "glcm"],
    "features": [
        "Mean", "StandardDeviation", "Entropy", "Uniformity", "TotalEnergy",
        "glcm_Contrast", "glcm_JointEntropy", "glcm_Imc1",
    ],
    "image_types": ["Original", "Wavelet"],
    "voxel_array_shift": 1000,  # HU + 1000, so that no energy is of a negative value
}  # fmt: skip
MEASURES = {
    "features": {}, "shape": {}, "vessels": {"ring_mm": (0.0, 20.0)}, "clinical": {},
    "shuffled": {"image_types": ["Original"]},
}  # fmt: skip


def main(folder: Path) -> None:
    if not (folder / "cohort.toml").is_file():
        simulate_cohort(folder, n_patients=100, n_validation=100, seed=1, progress=bar)
    cohort = open_cohort(folder)
    lung = cohort.patients.index[cohort.patients["diagnosis"] == "lung adenocarcinoma"]
    features = extract_cohort(
        cohort, measures=MEASURES, patients=list(lung), extraction=EXTRACTION, progress=bar
    )
    sources = features.sources.assign(cached=False, seconds=0.0)
    replace(features, history=(), sources=sources).save(HERE / "features.csv")

    mutations = mutation_table(cohort).loc[lung, ["EGFR", "KRAS", "TP53"]].ne("wildtype")
    scores = cohort_pathways(cohort, gene_sets="programs", method="mean").round(4)
    bulk = scores.loc[[f"{patient}-bulk" for patient in lung]].set_axis(lung)
    outcomes = mutations.astype(int).join(bulk).rename_axis("patient_id")
    outcomes.to_csv(HERE / "outcomes.csv", lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
