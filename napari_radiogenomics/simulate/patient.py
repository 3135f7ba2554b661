"""One patient, from hidden fields to files: scans, regions, samples, slides, rows of tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry, flip_lps_ras
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.io.formats._volume import write_volume
from napari_radiogenomics.simulate import brain, chest, counts, scanner, slides, vessels
from napari_radiogenomics.simulate.fields import (
    PROGRAMS,
    Tumor,
    box_around,
    make_tumor,
    sample_at,
)
from napari_radiogenomics.simulate.randomness import smooth_field, stream
from napari_radiogenomics.simulate.sites import grid_of
from napari_radiogenomics.simulate.stories import Patient, describe

__all__ = ["CORE", "EDEMA", "VIABLE", "FieldOfView", "Rows", "make_patient"]

FieldOfView = Literal["organ", "tumor"]

CORE, EDEMA, VIABLE = 1, 2, 3
RING_MM = 18.0
_MARGIN_MM = 8.0
BIOPSY_RADIUS_MM = 1.5
BIOPSY_UNCERTAINTY_MM = 1.0


@dataclass
class Rows:
    """Rows that one patient adds to the tables of the cohort."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    expression: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        """Add a row to a table."""
        self.tables.setdefault(table, []).append(row)


@dataclass(frozen=True)
class _Phantom:
    """The body of one patient, the same at every timepoint."""

    patient: Patient
    lattice: Geometry
    box: Geometry
    center: NDArray[np.float64]
    view_center: NDArray[np.float64]
    extent: NDArray[np.float64]
    body: chest.Body
    whole: bool


def _phantom(seed: int, patient: Patient, view: FieldOfView) -> _Phantom:
    rng = stream(seed, patient.patient_id, "place")
    body = chest.Body(patient.side, float(rng.uniform(0.95, 1.05)))
    if patient.is_ct:
        center, middle = chest.tumor_center(body, rng), chest.field_center(body)
        extent, mm = chest.FIELD_OF_VIEW, chest.LATTICE_MM
    else:
        center, middle = brain.tumor_center(patient.side, rng), np.zeros(3)
        extent, mm = brain.FIELD_OF_VIEW, brain.LATTICE_MM
    radius = (3 * max(patient.volume_ml) * 1000 / (4 * np.pi)) ** (1 / 3)
    reach = 1.25 * radius + RING_MM + 2.0
    if view == "tumor":
        middle, extent = center, np.full(3, 2 * reach)
    size = np.ceil((extent + 2 * _MARGIN_MM) / mm).astype(int) + 1
    origin = middle - (size - 1) / 2 * mm
    lattice = Geometry(tuple(size), (mm,) * 3, tuple(origin))
    box = box_around(lattice, center, reach)
    return _Phantom(patient, lattice, box, center, middle, extent, body, view == "organ")


def _moved(seed: int, phantom: _Phantom, visit: int) -> NDArray[np.float64]:
    """How the person lies at a visit: from the phantom to the scan's frame, (4, 4)."""
    matrix = np.eye(4)
    if visit:
        from scipy.spatial.transform import Rotation

        rng = stream(seed, phantom.patient.patient_id, "position", visit)
        turn = Rotation.from_rotvec(rng.uniform(-2.5, 2.5, 3), degrees=True).as_matrix()
        shift = rng.uniform(-3, 3, 3)
        matrix[:3, :3] = turn
        matrix[:3, 3] = phantom.view_center + shift - turn @ phantom.view_center
    return matrix


def make_patient(
    seed: int,
    patient: Patient,
    folder: Path,
    *,
    view: FieldOfView = "organ",
    check: Callable[[], None] = lambda: None,
) -> Rows:
    """Simulate one patient and write the files.

    Parameters
    ----------
    seed : int
        Seed of the cohort.
    patient : Patient
        What is hidden.
    folder : Path
        The cohort's folder; the subfolders exist.
    view : {"organ", "tumor"}, optional
        Scan the whole lung or head, or only the tumour's surroundings.
    check : callable, optional
        Called between the stages; raises to stop.

    Returns
    -------
    Rows
        For the tables of the cohort.
    """
    rows = Rows(truth=describe(patient))
    phantom = _phantom(seed, patient, view)
    for visit, (days, volume) in enumerate(zip(patient.days, patient.volume_ml, strict=True)):
        check()
        rows.add("timepoints", patient_id=patient.patient_id, timepoint=f"t{visit}", days=days)
        tumor = make_tumor(
            seed,
            patient.patient_id,
            phantom.box,
            center=phantom.center,
            volume_ml=volume,
            baseline_ml=patient.volume_ml[0],
            activity=patient.activity,
        )
        check()
        _visit(seed, phantom, tumor, visit, folder, rows, check)
        if visit == 0:
            _sample(seed, patient, tumor, rows)
            check()
            if patient.sectioned:
                _section(seed, patient, tumor, folder, rows, check)
    return rows


def _visit(
    seed: int,
    phantom: _Phantom,
    tumor: Tumor,
    visit: int,
    folder: Path,
    rows: Rows,
    check: Callable[[], None],
) -> None:
    patient, frame = phantom.patient, f"{phantom.patient.patient_id}-t{visit}"
    tubes = vessels.corkscrews(
        seed, patient.patient_id, tumor, distance=patient.distance, room=RING_MM
    )
    if visit == 0:
        centrelines = [points for points, _ in tubes]
        metric = np.mean([vessels.distance_metric(points) for points in centrelines])
        angles = np.mean([vessels.sum_of_angles(points) for points in centrelines])
        rows.truth["distance_metric"] = round(float(metric), 4)
        rows.truth["soam_rad_per_mm"] = round(float(angles), 4)
    from_phantom = _moved(seed, phantom, visit)
    to_phantom = np.linalg.inv(from_phantom)
    grid = grid_of(patient.site, phantom.extent, phantom.view_center)
    images = _scan(seed, phantom, tumor, tubes, visit, grid, to_phantom, check)
    for role, array in images.items():
        check()
        _write_scan(folder, patient, frame, visit, role, array, grid, rows)
    _segment(seed, phantom, tumor, visit, grid, to_phantom, folder, rows)
    if visit:
        path = f"transforms/{frame}_to_{patient.patient_id}-t0.json"
        _write_transform(folder / path, frame, f"{patient.patient_id}-t0", to_phantom)
        rows.add(
            "transforms", from_frame=frame, to_frame=f"{patient.patient_id}-t0", path=path,
            landmarks="", method="rigid, known from the simulation", error_mm=0.0,
        )  # fmt: skip


def _scan(
    seed: int,
    phantom: _Phantom,
    tumor: Tumor,
    tubes: list[vessels.Tube],
    visit: int,
    grid: Geometry,
    to_phantom: NDArray[np.float64],
    check: Callable[[], None],
) -> dict[str, NDArray[np.int16]]:
    patient, name = phantom.patient, phantom.patient.patient_id
    common = (phantom.lattice, grid, to_phantom, patient.site)
    if patient.is_ct:
        body = phantom.body if phantom.whole else None
        hu = chest.chest(
            seed, name, phantom.lattice, tumor, tubes, body=body, contrast=patient.contrast
        )
        check()
        rng = stream(seed, name, "noise", visit)
        return {"CT": scanner.ct(hu, *common, noise=patient.noise, rng=rng)}
    channels = brain.brain(
        seed, name, phantom.lattice, tumor, tubes,
        whole=phantom.whole, contrast=patient.contrast,
    )  # fmt: skip
    bias = scanner.coil(stream(seed, name, "coil", visit), phantom.lattice)
    images = {}
    for role, signal in channels.items():
        check()
        rng = stream(seed, name, "noise", visit, role)
        images[role] = scanner.mr(signal, *common, noise=patient.noise, bias=bias, rng=rng)
    return images


def _write_scan(
    folder: Path,
    patient: Patient,
    frame: str,
    visit: int,
    role: str,
    array: NDArray[np.int16],
    grid: Geometry,
    rows: Rows,
) -> None:
    site = patient.site
    path = f"scans/{frame}-{role}.nii.gz"
    unit = "HU" if patient.is_ct else ""
    write_volume(Image(array, grid, unit=unit), folder / path)
    # The charge through the tube goes with the inverse of the variance of the noise.
    charge = f"{40 * (12 / patient.noise) ** 2:.0f}" if patient.is_ct else ""
    rows.add(
        "scans",
        scan_id=f"{frame}-{role}",
        patient_id=patient.patient_id,
        timepoint=f"t{visit}",
        modality=site.modality,
        role=role,
        path=path,
        unit=unit,
        frame=frame,
        scanner=site.scanner,
        protocol=site.protocol,
        kvp=site.strength if patient.is_ct else "",
        tube_current_mas=charge,
        field_t="" if patient.is_ct else site.strength,
    )


def _segment(
    seed: int,
    phantom: _Phantom,
    tumor: Tumor,
    visit: int,
    grid: Geometry,
    to_phantom: NDArray[np.float64],
    folder: Path,
    rows: Rows,
) -> None:
    patient = phantom.patient
    role = "CT" if patient.is_ct else "T1c"
    readers = ["R1", "R2"] if patient.reread and visit == 0 else ["R1"]
    for reader in readers:
        labels = _labels(seed, phantom, tumor, grid, to_phantom, reader)
        name = f"{patient.patient_id}-t{visit}-{reader}"
        path = f"segmentations/{name}-seg.nii.gz"
        write_volume(Segmentation(labels, grid), folder / path)
        rows.add(
            "segmentations", segmentation_id=name, scan_id=f"{patient.patient_id}-t{visit}-{role}",
            path=path, source="expert", reader=reader,
        )  # fmt: skip


def _labels(
    seed: int,
    phantom: _Phantom,
    tumor: Tumor,
    grid: Geometry,
    to_phantom: NDArray[np.float64],
    reader: str,
) -> NDArray[np.uint8]:
    """Regions as a reader draws them; the second one strays by about a millimetre."""
    name = phantom.patient.patient_id
    depth = tumor.depth
    if reader != "R1":
        stray = smooth_field(stream(seed, name, reader), tumor.geometry, 6.0)
        depth = depth + 0.9 * stray - 0.4
    to_grid = (tumor.geometry, grid, to_phantom)
    inside = scanner.resample_field(depth, *to_grid) > 0
    core = scanner.resample_field(tumor.core, *to_grid) > 0.5
    labels = np.zeros(grid.shape, np.uint8)
    if not phantom.patient.is_ct:
        edema = brain.edema_of(seed, name, tumor, whole=phantom.whole)
        labels[scanner.resample_field(edema, *to_grid) > 0] = EDEMA
    labels[inside] = VIABLE
    labels[inside & core] = CORE
    return labels


def _sample(seed: int, patient: Patient, tumor: Tumor, rows: Rows) -> None:
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
    chosen = found[rng.integers(len(found), size=40)][:, ::-1]
    points = tumor.geometry.index_to_world(chosen)
    if not taken:
        return points[0]
    away = np.linalg.norm(points[:, None] - np.asarray(taken), axis=2).min(axis=1)
    return points[int(np.argmax(away))]


def _section(
    seed: int,
    patient: Patient,
    tumor: Tumor,
    folder: Path,
    rows: Rows,
    check: Callable[[], None],
) -> None:
    name = patient.patient_id
    for number, section in enumerate(slides.cut(seed, name, tumor)):
        check()
        stain, frame = section.stain, f"{name}-{section.stain}"
        path = f"slides/{name}_{stain}.ome.tiff"
        pixels = slides.draw_slide(seed, name, tumor, section)
        slides.write_slide(pixels, folder / path, name=name, stain=stain)
        rows.add(
            "slides", slide_id=frame, patient_id=name, timepoint="t0", sample_id="",
            stain={"HE": "H&E"}.get(stain, stain), path=path, um_per_pixel=slides.MICRONS,
            frame=frame, section=number + 1,
        )  # fmt: skip
        stem = f"transforms/{frame}_to_{name}-t0"
        _write_transform(folder / f"{stem}.json", frame, f"{name}-t0", section.matrix)
        error = _write_landmarks(seed, name, section, folder / f"{stem}-landmarks.csv")
        rows.add(
            "transforms", from_frame=frame, to_frame=f"{name}-t0", path=f"{stem}.json",
            landmarks=f"{stem}-landmarks.csv", method="rigid, known from the simulation",
            error_mm=round(error, 3),
        )  # fmt: skip


def _write_transform(path: Path, moving: str, fixed: str, matrix: NDArray[np.float64]) -> None:
    content = {
        "from_frame": moving,
        "to_frame": fixed,
        "world": "LPS",
        "unit": "mm",
        "matrix": np.round(matrix, 9).tolist(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_landmarks(seed: int, name: str, section: slides.Section, path: Path) -> float:
    """Six pairs of points, marked with 0.15 mm of error; return the root mean square error."""
    rng = stream(seed, name, "landmarks", section.stain)
    places = np.array([[0.2, 0.2], [0.8, 0.25], [0.5, 0.5], [0.25, 0.8], [0.75, 0.8], [0.5, 0.15]])
    size = np.array(slides.SIZE[::-1]) * slides.MICRONS / 1000
    moving = (places + rng.uniform(-0.05, 0.05, places.shape)) * size
    error = rng.normal(0, 0.15, (len(places), 3))
    fixed = section.to_world(moving) + error
    table = pd.DataFrame({"name": [f"L{number + 1}" for number in range(len(places))]})
    table[["fixed_x", "fixed_y", "fixed_z"]] = np.round(fixed, 3)
    table[["moving_x", "moving_y"]] = np.round(moving, 3)
    table["moving_z"] = 0.0
    table.to_csv(path, index=False, lineterminator="\n")
    return float(np.sqrt((error**2).sum(axis=1).mean()))
