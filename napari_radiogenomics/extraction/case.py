"""A case: which scan and which regions of a patient are measured, opened when it is its turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.patient import PatientData, load_patient
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Case", "Opened", "Regions", "find_case", "input_files", "slide_files"]

Regions = Literal["whole", "each"]


@dataclass(frozen=True, eq=False)
class Case:
    """What is measured of one patient; small, so that it travels to another process.

    Attributes
    ----------
    patient_id, timepoint : str
        Who and when.
    cohort : Cohort
        The rows of this patient's files and nothing else.
    scan_id, segmentation_id : str
        What is measured, and where.
    labels : tuple of int or None
        Labels that count; all where None.
    regions : {"whole", "each"}
        Their union as one region, or each by itself.
    """

    patient_id: str
    timepoint: str
    cohort: Cohort
    scan_id: str
    segmentation_id: str
    labels: tuple[int, ...] | None = None
    regions: Regions = "whole"


class Opened:
    """A case with its images, which are read on first use.

    Parameters
    ----------
    case : Case
        Which.
    progress : Progress, optional
        May cancel between two files.
    """

    def __init__(self, case: Case, progress: Progress = quiet) -> None:
        self.case = case
        self._progress = progress

    @cached_property
    def _data(self) -> PatientData:
        return load_patient(
            self.case.cohort, self.case.patient_id, slides=False, progress=self._progress
        )

    @property
    def image(self) -> Image:
        """The scan."""
        found: Image = self._found(self._data.scans, "scan_id", self.case.scan_id)
        return found

    @cached_property
    def segmentation(self) -> Segmentation:
        """The regions that count; their union has label 1."""
        name = self.case.segmentation_id
        drawn: Segmentation = self._found(self._data.segmentations, "segmentation_id", name)
        return _chosen(drawn, self.case.labels, self.case.regions)

    @cached_property
    def slides(self) -> list[Slide]:
        """The slides of the visit; their pyramids are lazy."""
        case = self.case
        data = load_patient(
            case.cohort, case.patient_id, scans=False, segmentations=False, progress=self._progress
        )
        for problem in data.problems:
            if problem.level == "error":
                raise InputError(problem.what)
        return list(data.slides)

    def _found(self, many: Sequence[Any], key: str, name: str) -> Any:
        for one in many:
            if one.metadata[key] == name:
                return one
        problems = [problem for problem in self._data.problems if problem.level == "error"]
        what = problems[0].what if problems else "it was not found in its file."
        raise InputError(f"{name} could not be read: {what}")


def _chosen(drawn: Segmentation, labels: Sequence[int] | None, regions: Regions) -> Segmentation:
    """Leave the labels that count, as one region or several."""
    kept = [label for label in drawn.present if labels is None or label in labels]
    if not kept:
        wanted = "no voxel has a label" if labels is None else f"it has none of the labels {labels}"
        raise InputError(
            f"The segmentation {drawn.name} is empty: {wanted}. It has the labels "
            f"{', '.join(map(str, drawn.present)) or 'none'}."
        )
    if regions == "whole":
        inside = np.any([drawn.mask(label) for label in kept], axis=0)
        scheme = (Label(1, "whole region"),)
        whole = inside.astype(np.uint8)
        return replace(drawn, labels=whole, scheme=scheme, fractions=None)
    gone = [label for label in drawn.present if label not in kept]
    array = np.where(np.isin(drawn.labels, gone), 0, drawn.labels)
    return replace(drawn, labels=array.astype(drawn.labels.dtype), fractions=None)


def find_case(
    cohort: Cohort,
    patient_id: str,
    *,
    timepoint: str,
    role: str,
    reader: str,
    labels: tuple[int, ...] | None,
    regions: Regions,
) -> Case:
    """Choose scan and segmentation of a patient.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patient_id : str
        Who.
    timepoint : str
        When; the first where empty.
    role : str
        Role of the scan; the one the regions were drawn on where empty.
    reader : str
        Who drew; the first in the table where empty.
    labels, regions
        As for `Case`.

    Raises
    ------
    InputError
        If there is no such scan or segmentation.
    """
    visit = timepoint or cohort.timepoints_of(patient_id)[0]
    scans = cohort.scans_of(patient_id, visit)
    drawn = cohort.segmentations_of(patient_id, visit)
    if reader:
        drawn = drawn[drawn["reader"] == reader]
    when = f" at {visit}" if visit else ""
    if drawn.empty:
        by = f" by {reader}" if reader else ""
        raise InputError(f"{patient_id} has no segmentation{by}{when}. Draw one first.")
    if role:
        wanted = scans[scans["role"].str.casefold() == role.casefold()]
        if wanted.empty:
            known = ", ".join(sorted(set(scans["role"]) - {""})) or "none"
            raise InputError(
                f'{patient_id} has no scan with the role "{role}"{when}. Its roles: {known}.'
            )
        scan = str(wanted.index[0])
        own = drawn[drawn["scan_id"] == scan]
        drawn = own if not own.empty else drawn
    else:
        scan = str(drawn["scan_id"].iloc[0])
    part = _part(cohort, patient_id, visit, scan, drawn.iloc[:1])
    return Case(patient_id, visit, part, scan, str(drawn.index[0]), labels, regions)


def _part(
    cohort: Cohort, patient_id: str, timepoint: str, scan: str, drawn: pd.DataFrame
) -> Cohort:
    """The cohort with the rows of one case alone."""
    kept = dict.fromkeys([scan, str(drawn["scan_id"].iloc[0])])
    own = cohort.labels["segmentation_id"].isin(["", str(drawn.index[0])])
    ids = {"scans": list(kept), "segmentations": [str(drawn.index[0])]}
    return replace(
        cohort,
        root=cohort.root.absolute(),
        patients=cohort.patients.loc[[patient_id], []],
        timepoints=cohort.timepoints[cohort.timepoints["patient_id"] == patient_id],
        scans=cohort.scans.loc[list(kept)],
        segmentations=drawn,
        labels=cohort.labels[own],
        samples=cohort.samples.iloc[:0],
        slides=cohort.slides_of(patient_id, timepoint),
        transforms=cohort.transforms.iloc[:0],
        aliases=cohort.aliases.iloc[:0],
        expression=(),
        gene_sets=(),
        variants=(),
        features=(),
        problems=(),
        rows={
            name: {key: cohort.rows.get(name, {})[key] for key in keys
                   if key in cohort.rows.get(name, {})}
            for name, keys in ids.items()
        },
    )  # fmt: skip


def input_files(case: Case) -> Iterator[tuple[str, str]]:
    """Path of each input of a case as the cohort names it, with what it is.

    Parameters
    ----------
    case : Case
        Which.

    Yields
    ------
    id, path : str
        Id of a scan or segmentation, and its file or folder.
    """
    for table in (case.cohort.scans, case.cohort.segmentations):
        for identity, path in zip(table.index, table["path"], strict=True):
            yield str(identity), str(path)


def slide_files(case: Case) -> Iterator[tuple[str, str]]:
    """Path of each slide of a case, as `input_files` has the others."""
    slides = case.cohort.slides
    for identity, path in zip(slides.index, slides["path"], strict=True):
        if path:
            yield str(identity), str(path)
