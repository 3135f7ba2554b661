"""One patient, from hidden fields to files: scans, regions, samples, slides, rows of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.io.volume.simpleitk import write_volume
from napari_radiogenomics.simulate import brain, chest, scanner, vessels
from napari_radiogenomics.simulate.biopsies import add_samples
from napari_radiogenomics.simulate.fields import Tumor, box_around, make_tumor
from napari_radiogenomics.simulate.randomness import smooth_field, stream
from napari_radiogenomics.simulate.rows import Rows, write_transform
from napari_radiogenomics.simulate.sections import add_slides
from napari_radiogenomics.simulate.sites import grid_of
from napari_radiogenomics.simulate.stories import Patient, describe

__all__ = ["CORE", "EDEMA", "VIABLE", "FieldOfView", "make_patient"]

FieldOfView = Literal["organ", "tumor"]

CORE, EDEMA, VIABLE = 1, 2, 3
RING_MM = 18.0
_MARGIN_MM = 8.0


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


@dataclass(frozen=True)
class _Visit:
    """One session in the scanner."""

    seed: int
    phantom: _Phantom
    tumor: Tumor
    number: int
    grid: Geometry
    to_phantom: NDArray[np.float64]

    @property
    def patient(self) -> Patient:
        return self.phantom.patient

    @property
    def name(self) -> str:
        """Its name, and that of its frame."""
        return f"{self.patient.patient_id}-t{self.number}"

    def rng(self, *names: object) -> np.random.Generator:
        """Stream of what is drawn anew at each visit."""
        return stream(self.seed, self.patient.patient_id, *names, self.number)


def make_patient(
    seed: int,
    patient: Patient,
    folder: Path,
    *,
    view: FieldOfView = "organ",
    check: Callable[[], None] = lambda: None,
    visited: Callable[[], None] = lambda: None,
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
    visited : callable, optional
        Called when a visit is complete.

    Returns
    -------
    Rows
        For the tables of the cohort.
    """
    rows = Rows(truth=describe(patient))
    phantom = _phantom(seed, patient, view)
    for number, days in enumerate(patient.days):
        check()
        rows.add("timepoints", patient_id=patient.patient_id, timepoint=f"t{number}", days=days)
        visit = _visit(seed, phantom, number)
        check()
        _image(visit, folder, rows, check)
        _segment(visit, folder, rows)
        if number:
            _link(visit, folder, rows)
        else:
            add_samples(seed, patient, visit.tumor, rows)
            check()
            if patient.sectioned:
                add_slides(seed, patient.patient_id, visit.tumor, folder, rows, check)
        visited()
    return rows


def _visit(seed: int, phantom: _Phantom, number: int) -> _Visit:
    patient = phantom.patient
    tumor = make_tumor(
        seed,
        patient.patient_id,
        phantom.box,
        center=phantom.center,
        volume_ml=patient.volume_ml[number],
        baseline_ml=patient.volume_ml[0],
        activity=patient.activity,
    )
    grid = grid_of(patient.site, phantom.extent, phantom.view_center)
    to_phantom = np.linalg.inv(_moved(seed, phantom, number)).astype(np.float64)
    return _Visit(seed, phantom, tumor, number, grid, to_phantom)


def _image(visit: _Visit, folder: Path, rows: Rows, check: Callable[[], None]) -> None:
    """Scan the phantom in every role and write the files."""
    patient = visit.patient
    tubes = vessels.corkscrews(
        visit.seed, patient.patient_id, visit.tumor, distance=patient.distance, room=RING_MM
    )
    if visit.number == 0:
        lines = [points for points, _ in tubes]
        metric = float(np.mean([vessels.distance_metric(points) for points in lines]))
        angles = float(np.mean([vessels.sum_of_angles(points) for points in lines]))
        rows.truth |= {"distance_metric": round(metric, 4), "soam_rad_per_mm": round(angles, 4)}
    for role, array in _channels(visit, tubes, check):
        check()
        path = f"scans/{visit.name}-{role}.nii.gz"
        unit = "HU" if patient.is_ct else ""
        image = Image(array, visit.grid, unit=unit, modality=patient.site.modality)
        write_volume(image, folder / path)
        _add_scan(visit, role, path, unit, rows)


def _channels(
    visit: _Visit, tubes: list[vessels.Tube], check: Callable[[], None]
) -> Iterator[tuple[str, NDArray[np.int16]]]:
    """Role and voxels of each scan of a visit."""
    phantom, patient, name = visit.phantom, visit.patient, visit.patient.patient_id
    lattice, drawn = phantom.lattice, (visit.seed, name, phantom.lattice, visit.tumor, tubes)
    common = (lattice, visit.grid, visit.to_phantom, patient.site)
    if patient.is_ct:
        body = phantom.body if phantom.whole else None
        hu = chest.chest(*drawn, body=body, contrast=patient.contrast)
        check()
        yield "CT", scanner.ct(hu, *common, noise=patient.noise, rng=visit.rng("noise"))
        return
    signals = brain.brain(*drawn, whole=phantom.whole, contrast=patient.contrast)
    bias = scanner.coil(visit.rng("coil"), lattice)
    for role, signal in signals.items():
        check()
        rng = visit.rng("noise", role)
        yield role, scanner.mr(signal, *common, noise=patient.noise, bias=bias, rng=rng)


def _add_scan(visit: _Visit, role: str, path: str, unit: str, rows: Rows) -> None:
    patient, site = visit.patient, visit.patient.site
    # The charge through the tube goes with the inverse of the variance of the noise.
    charge = f"{40 * (12 / patient.noise) ** 2:.0f}" if patient.is_ct else ""
    rows.add(
        "scans",
        scan_id=f"{visit.name}-{role}",
        patient_id=patient.patient_id,
        timepoint=f"t{visit.number}",
        modality=site.modality,
        role=role,
        path=path,
        unit=unit,
        frame=visit.name,
        scanner=site.scanner,
        protocol=site.protocol,
        kvp=site.strength if patient.is_ct else "",
        tube_current_mas=charge,
        field_t="" if patient.is_ct else site.strength,
    )


def _segment(visit: _Visit, folder: Path, rows: Rows) -> None:
    """Write the regions as each reader draws them."""
    patient = visit.patient
    role = "CT" if patient.is_ct else "T1c"
    readers = ["R1", "R2"] if patient.reread and visit.number == 0 else ["R1"]
    for reader in readers:
        name = f"{visit.name}-{reader}"
        path = f"segmentations/{name}-seg.nii.gz"
        write_volume(Segmentation(_labels(visit, reader), visit.grid), folder / path)
        rows.add(
            "segmentations", segmentation_id=name, scan_id=f"{visit.name}-{role}",
            path=path, source="expert", reader=reader,
        )  # fmt: skip


def _labels(visit: _Visit, reader: str) -> NDArray[np.uint8]:
    """Regions of one reader; the second one strays by about a millimetre."""
    seed, name, tumor = visit.seed, visit.patient.patient_id, visit.tumor
    depth = tumor.depth
    if reader != "R1":
        stray = smooth_field(stream(seed, name, reader), tumor.geometry, 6.0)
        depth = (depth + 0.9 * stray - 0.4).astype(np.float32)
    to_grid = (tumor.geometry, visit.grid, visit.to_phantom)
    inside = scanner.resample_field(depth, *to_grid) > 0
    core = scanner.resample_field(tumor.core, *to_grid) > 0.5
    labels = np.zeros(visit.grid.shape, np.uint8)
    if not visit.patient.is_ct:
        edema = brain.edema_of(seed, name, tumor, whole=visit.phantom.whole)
        labels[scanner.resample_field(edema, *to_grid) > 0] = EDEMA
    labels[inside] = VIABLE
    labels[inside & core] = CORE
    return labels


def _link(visit: _Visit, folder: Path, rows: Rows) -> None:
    """Write how a later visit lies to the first one."""
    first = f"{visit.patient.patient_id}-t0"
    path = f"transforms/{visit.name}_to_{first}.json"
    write_transform(folder / path, visit.name, first, visit.to_phantom)
    rows.add(
        "transforms", from_frame=visit.name, to_frame=first, path=path, landmarks="",
        method="rigid, known from the simulation", error_mm=0.0,
    )  # fmt: skip
