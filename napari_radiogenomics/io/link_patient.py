"""Link the samples of a patient, or of all, with their segmentations, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.link import Links, join_links, link_samples
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.structures import StructureMap
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.patient import PatientData, load_patient
from napari_radiogenomics.io.structure_map import cohort_structures
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_frame", "link_cohort", "link_patient"]


def link_patient(
    cohort: Cohort,
    data: PatientData,
    *,
    structures: StructureMap | None = None,
    tumor_labels: Sequence[int] = (),
    progress: Progress = quiet,
) -> Links:
    """Link the samples of a patient with each segmentation of their frame and timepoint.

    Parameters
    ----------
    cohort : Cohort
        As opened; its scans and transforms say what is in which frame.
    data : PatientData
        What `load_patient` read.
    structures : StructureMap, optional
        Regions that stand for structures; those of the cohort (``structures.csv``) or of the
        Ivy atlas where not given.
    tumor_labels : sequence of int, optional
        Labels that are tumor; all where not given.
    progress : Progress, optional
        Reports, may cancel.

    Returns
    -------
    Links
        Without rows where the patient has no samples; by structure name alone where there is
        no segmentation.

    Raises
    ------
    InputError
        If a transform or ``structures.csv`` cannot be read.
    """
    known = structures or cohort_structures(cohort)
    samples = data.samples
    if samples is None:
        return join_links([], name=data.patient_id)
    found = []
    for segmentation in progress(data.segmentations, "Regions"):
        own = _samples_for(cohort, samples, segmentation, data.segmentations)
        if len(own):
            found.append(
                link_samples(own, segmentation, structures=known, tumor_labels=tumor_labels)
            )
    linked = {sample for links in found for sample in links.table["sample_id"]}
    rest = samples.select(~samples.table.index.isin(linked))
    if len(rest):
        found.append(link_samples(rest, structures=known))
    return join_links(found, name=data.patient_id)


def link_cohort(
    cohort: Cohort,
    *,
    patients: Sequence[str] = (),
    structures: StructureMap | None = None,
    tumor_labels: Sequence[int] = (),
    progress: Progress = quiet,
) -> Links:
    """Link the samples of all patients, each with the first segmentation of each scan.

    Parameters
    ----------
    cohort : Cohort
        As opened; segmentations are read, scans are not.
    patients : sequence of str, optional
        Which; all that have samples where not given.
    structures, tumor_labels
        As for `link_patient`.
    progress : Progress, optional
        Reports the patients, may cancel.

    Returns
    -------
    Links
        ``notes`` name the patients whose segmentation could not be read.

    Raises
    ------
    InputError
        If a patient is unknown.
    """
    known = structures or cohort_structures(cohort)
    wanted = [cohort.resolve(one) for one in patients]
    wanted = wanted or list(dict.fromkeys(cohort.samples["patient_id"]))
    found: list[Links] = []
    notes: list[str] = []
    for patient in progress(wanted, "Patients"):
        data = load_patient(cohort, patient, scans=False, slides=False)
        notes += [str(p) for p in data.problems if p.level == "error"]
        first = {seg.metadata["scan_id"]: seg for seg in reversed(data.segmentations)}
        data = replace(data, segmentations=list(reversed(first.values())))
        found.append(link_patient(cohort, data, structures=known, tumor_labels=tumor_labels))
    links = join_links(found, name=cohort.name)
    return replace(links, notes=(*links.notes, *notes))


def _samples_for(
    cohort: Cohort, samples: Samples, segmentation: Segmentation, others: Sequence[Segmentation]
) -> Samples:
    """Samples of the timepoint of a segmentation, in its frame or brought into it."""
    scan = cohort.scans.loc[segmentation.metadata["scan_id"]]
    times = {str(cohort.scans.at[o.metadata["scan_id"], "timepoint"]) for o in others}
    own = samples.table["timepoint"]
    # A sample of a timepoint without a segmentation is shown on every one that there is.
    same = (own == scan["timepoint"]) | (own == "") | ~own.isin(times)
    return in_frame(cohort, samples.select(same), str(scan["frame"]))


def in_frame(cohort: Cohort, samples: Samples, frame: str) -> Samples:
    """Samples in a frame: those of it, those without a place, and others by a transform.

    Parameters
    ----------
    cohort : Cohort
        Its transforms.
    samples : Samples
        Of one patient.
    frame : str
        Frame of a scan; all samples where it is empty.

    Returns
    -------
    Samples
        In LPS mm where a transform brought them; those that no transform brings are left out.

    Raises
    ------
    InputError
        If the file of a transform cannot be read.
    """
    table = samples.table
    located = table[["x", "y", "z"]].notna().all(axis=1).to_numpy()
    frames = table["frame"].to_numpy()
    here = ~located | (frames == frame) | (frames == "") | (not frame)
    moved = table.copy()
    for other in dict.fromkeys(frames[~here]):
        matrix = _matrix(cohort, str(other), frame)
        mask = (frames == other) & located
        if matrix is None or (table.loc[mask, "coord_system"] == "voxel").any():
            continue
        points = samples.select(mask).points_lps()  # (N, 3)
        moved.loc[mask, ["x", "y", "z"]] = points @ matrix[:3, :3].T + matrix[:3, 3]
        moved.loc[mask, ["coord_system", "unit", "frame"]] = ["LPS", "mm", frame]
        here = here | mask
    return replace(samples, table=moved[here])


def _matrix(cohort: Cohort, moving: str, fixed: str) -> NDArray[np.float64] | None:
    """(4, 4) matrix from mm of one frame to mm of another; None where there is none."""
    transforms = cohort.transforms
    for first, second, inverse in ((moving, fixed, False), (fixed, moving, True)):
        found: pd.DataFrame = transforms[
            (transforms["from_frame"] == first) & (transforms["to_frame"] == second)
        ]
        for path in found["path"]:
            if path:
                matrix = _read_matrix(cohort.file(path))
                return np.asarray(np.linalg.inv(matrix), float) if inverse else matrix
    return None


def _read_matrix(path: Path) -> NDArray[np.float64]:
    try:
        matrix = np.array(json.loads(path.read_text("utf-8"))["matrix"], float)
        usable = matrix.shape == (4, 4) and abs(np.linalg.det(matrix)) > 1e-12
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds no transform ({error}). Write a JSON with a 4×4 matrix."
        ) from error
    if not usable:
        raise InputError(f"The matrix of {path} is no invertible 4×4 matrix. Mend it.")
    return matrix
