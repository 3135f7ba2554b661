"""The scan a segmentation is written for, as the headers that DICOM SEG refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom import headers as dicom

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Source", "source_of"]

_CT = "1.2.840.10008.5.1.4.1.1.2"
_SEGMENTATIONS = (dicom.SEG, dicom.LABELMAP_SEG, dicom.RTSTRUCT)
# What a SEG takes over from its scan; the name and the birth date only where asked for.
_STUDY = (
    "PatientID",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
)
_PERSON = ("PatientName", "PatientBirthDate", "ReferringPhysicianName")
_NEEDED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "Modality",
    "Rows",
    "Columns",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "NumberOfFrames",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "ImageType",
)


@dataclass(frozen=True)
class Source:
    """Headers of the scan.

    Attributes
    ----------
    headers : list of Dataset
        One for each slice, or one multi-frame header.
    known : bool
        Whether such a scan exists; else the headers only carry the grid.
    """

    headers: list[Dataset]
    known: bool


def source_of(metadata: Mapping[str, Any], geometry: Geometry) -> Source:
    """Headers to refer to: read from the scan's files, or rebuilt from what is known of them."""
    person = _PERSON if metadata.get("keep_patient") else ()
    headers: list[Dataset] = []
    for file in dict.fromkeys(_flat(metadata.get("source_files", ()))):
        try:
            header = dicom.read_header(Path(file))
        except InputError:
            headers = []  # moved or damaged since it was read: its UIDs are still known
            break
        headers.append(_taken(header, person))
    if headers:
        return Source(headers, True)
    return _rebuilt(metadata, geometry)


def _flat(values: Any) -> list[str]:
    if isinstance(values, str):
        return [values] if values else []
    values = list(values)
    return _flat(values[0]) if values and isinstance(values[0], tuple) else [v for v in values if v]


def _taken(header: Dataset, person: Sequence[str]) -> Dataset:
    from pydicom import Dataset

    taken = Dataset()
    for name in (*_STUDY, *person, *_NEEDED):
        if name in header:
            taken[name] = header[name]
    return _completed(taken)


def _completed(header: Dataset) -> Dataset:
    """Give a header the attributes that must be there, empty where nothing is known."""
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"):
        if name not in header:
            setattr(header, name, "")
    for name in ("StudyID", "StudyDate", "StudyTime"):
        if name not in header:
            setattr(header, name, "")
    if "FrameOfReferenceUID" not in header:
        from pydicom.uid import generate_uid

        header.FrameOfReferenceUID = generate_uid()
    return header


def _rebuilt(metadata: Mapping[str, Any], geometry: Geometry) -> Source:
    """Headers from the UIDs that were kept, one for each slice; new ones where none were."""
    from pydicom import Dataset
    from pydicom.uid import generate_uid

    own = str(metadata.get("sop_class", "")) in _SEGMENTATIONS
    key = "source_instances" if own or metadata.get("source_instances") else "instances"
    instances = _flat(metadata.get(key, ()))
    series = metadata.get("source_series") or ("" if own else metadata.get("series", ""))
    sop = str(metadata.get("source_class") or ("" if own else metadata.get("sop_class", "")))
    known = bool(instances) and bool(series)
    study = str(metadata.get("study") or generate_uid())
    frame = str(metadata.get("frame_of_reference") or generate_uid())
    series = str(series or generate_uid())
    matrix = geometry.matrix
    headers = []
    for place, uid in enumerate(instances if known else [generate_uid()]):
        header = Dataset()
        header.SOPClassUID = sop or _CT
        header.SOPInstanceUID = uid
        header.StudyInstanceUID = study
        header.SeriesInstanceUID = series
        header.FrameOfReferenceUID = frame
        header.Modality = "OT"
        header.Columns, header.Rows, _ = geometry.size
        header.ImagePositionPatient = geometry.index_to_world([0, 0, place]).tolist()
        header.ImageOrientationPatient = [*matrix[:, 0].tolist(), *matrix[:, 1].tolist()]
        header.PixelSpacing = [geometry.spacing[1], geometry.spacing[0]]
        header.SliceThickness = geometry.spacing[2]
        headers.append(_completed(header))
    return Source(headers, known)
