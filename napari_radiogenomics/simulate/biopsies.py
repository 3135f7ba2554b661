"""The RNA of a patient: bulk of the tumour, and biopsies at known places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import flip_lps_ras
from napari_radiogenomics.simulate import counts
from napari_radiogenomics.simulate.fields import PROGRAMS, Tumor, sample_at
from napari_radiogenomics.simulate.randomness import stream
from napari_radiogenomics.simulate.rows import Rows
from napari_radiogenomics.simulate.stories import Patient

__all__ = ["add_samples"]

BIOPSY_RADIUS_MM = 1.5
BIOPSY_UNCERTAINTY_MM = 1.0


def add_samples(seed: int, patient: Patient, tumor: Tumor, rows: Rows) -> None:
    """Bulk RNA of the tumour, and biopsies at known places."""
    name = patient.patient_id
    rng = stream(seed, name, "rna")
    inside = np.flatnonzero(tumor.mask)
    places = rng.choice(inside, min(200, len(inside)), replace=False)
    activity = np.stack([tumor.programs[p].ravel()[places] for p in PROGRAMS], axis=1)
    altered = ("EGFR",) if patient.mutated["EGFR"] else ()
    sample_id = f"{name}-bulk"
    log2 = counts.expected_log2(activity)
    rows.expression[sample_id] = counts.counts(log2, rng, altered=altered)
    rows.add(
        "samples", sample_id=sample_id, patient_id=name, timepoint="t0", kind="bulk",
        frame=f"{name}-t0", structure="tumor", selected_by="location", precision="tumour",
    )  # fmt: skip
    if patient.biopsied:
        _biopsies(seed, patient, tumor, altered, rows)


def _biopsies(
    seed: int, patient: Patient, tumor: Tumor, altered: tuple[str, ...], rows: Rows
) -> None:
    name, convention = patient.patient_id, patient.site.points
    rng = stream(seed, name, "biopsies")
    count = int(rng.integers(3, 6))
    structures = ["core" if number < count // 2 else "rim" for number in range(count)]
    taken: list[NDArray[np.float64]] = []
    truth = []
    for number, structure in enumerate(structures):
        point = _spread_point(rng, tumor, structure, taken)
        taken.append(point)
        ball = point + rng.uniform(-1, 1, (24, 3)) * BIOPSY_RADIUS_MM
        activity = np.stack(
            [sample_at(tumor.programs[p], tumor.geometry, ball) for p in PROGRAMS], axis=1
        )
        sample_id = f"{name}-b{number + 1}"
        log2 = counts.expected_log2(activity)
        rows.expression[sample_id] = counts.counts(log2, rng, altered=altered)
        error = np.clip(rng.normal(0, 0.5, 3), -1, 1) * BIOPSY_UNCERTAINTY_MM
        recorded = point + error
        recorded = flip_lps_ras(recorded) if convention == "RAS" else recorded
        x, y, z = (f"{value:.2f}" for value in recorded)
        rows.add(
            "samples", sample_id=sample_id, patient_id=name, timepoint="t0", kind="biopsy",
            frame=f"{name}-t0", coord_system=convention, unit="mm", x=x, y=y, z=z,
            radius_mm=BIOPSY_RADIUS_MM, uncertainty_mm=BIOPSY_UNCERTAINTY_MM,
            structure=structure, selected_by="location", precision="point",
        )  # fmt: skip
        means = {
            program: round(float(value), 3)
            for program, value in zip(PROGRAMS, activity.mean(axis=0), strict=True)
        }
        truth.append(
            {"sample_id": sample_id, "lps_mm": np.round(point, 3).tolist(), "activity": means}
        )
    rows.truth["biopsies"] = truth


def _spread_point(
    rng: np.random.Generator, tumor: Tumor, structure: str, taken: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """A place within a structure, 2.5 mm or more below the surface and far from the others."""
    part = tumor.core > 0.85 if structure == "core" else tumor.core < 0.15
    found = np.argwhere(part & (tumor.depth > 2.5))
    if not len(found):  # a lumpy tumour may have no full core: where it is most like one
        inside = np.argwhere(tumor.depth > 2.5)
        like = tumor.core[tuple(inside.T)] * (1 if structure == "core" else -1)
        found = inside[np.argsort(-like, kind="stable")[:40]]
    chosen = found[rng.integers(len(found), size=40)][:, ::-1]
    points = tumor.geometry.index_to_world(chosen)
    if not taken:
        return points[0]
    away = np.linalg.norm(points[:, None] - np.asarray(taken), axis=2).min(axis=1)
    return points[int(np.argmax(away))]
