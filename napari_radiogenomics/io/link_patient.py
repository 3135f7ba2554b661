"""Link the samples of a patient, or of all, with their segmentations, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.link import Links, join_links, link_samples
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.data.structures import StructureMap
from napari_radiogenomics.io.frames import in_frame
from napari_radiogenomics.io.patient import PatientData, load_patient
from napari_radiogenomics.io.structure_map import cohort_structures
from napari_radiogenomics.progress import Progress, quiet

__all__ = ["link_cohort", "link_patient"]


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
    links, notes = _link(cohort, data, known, tuple(tumor_labels), progress)
    return replace(links, notes=(*links.notes, *notes))


def _link(
    cohort: Cohort,
    data: PatientData,
    known: StructureMap,
    tumor_labels: tuple[int, ...],
    progress: Progress = quiet,
) -> tuple[Links, tuple[str, ...]]:
    """Links of a patient, and why samples of other frames have no place."""
    samples = data.samples
    if samples is None:
        return join_links([], name=data.patient_id), ()
    found: list[Links] = []
    notes: list[str] = []
    for segmentation in progress(data.segmentations, "Regions"):
        own = _samples_for(cohort, samples, segmentation, data.segmentations)
        notes += [note for note in own.notes if note not in samples.notes]
        if len(own):
            found.append(
                link_samples(own, segmentation, structures=known, tumor_labels=tumor_labels)
            )
    linked = {sample for links in found for sample in links.table["sample_id"]}
    rest = samples.select(~samples.table.index.isin(linked))
    if len(rest):
        found.append(_without_frame(link_samples(rest, structures=known), rest))
    # A frame that leads to one of two scans has its place.
    said = tuple(dict.fromkeys(notes)) if len(rest.located) else ()
    return join_links(found, name=data.patient_id), said


def _without_frame(links: Links, samples: Samples) -> Links:
    """Links that say of located samples that their frame is what keeps them from a place."""
    frames = samples.located.table["frame"]
    names = links.table["sample_id"].map(frames).fillna("")
    lost = (names != "") & (links.table["how"] == "tumor")
    table = links.table.copy()
    table.loc[lost, "warning"] = [f'no transform leads from its frame "{name}" to a scan'
                                  for name in names[lost]]  # fmt: skip
    return replace(links, table=table)


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
        links, said = _link(cohort, data, known, tuple(tumor_labels))
        found.append(links)
        notes += said
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
