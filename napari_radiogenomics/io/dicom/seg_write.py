"""Writing DICOM SEG, with the scan that it was drawn on referenced."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import InputError, MissingDependency
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.dicom.source import Source, source_of

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["label_value", "whole_grid", "write_seg"]

# SegmentNumbers run 1, 2, 3 …, label values need not; and frames of empty slices are left out,
# so that the file alone does not tell the whole grid. Both are kept beside, in private blocks.
PRIVATE = "NAPARI-RADIOGENOMICS"
_GROUP, _VALUE, _GRID = 0x0063, 0x01, 0x02
_TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
_TISSUE = Code("85756007", "SCT", "Tissue")


def write_seg(segmentation: Segmentation, path: Path) -> None:
    """Write a segmentation as DICOM SEG.

    BINARY, or FRACTIONAL where it has fractions; ``metadata["segmentation_type"]`` asks for
    another. The scan is referenced by ``metadata["source_files"]`` or, where they are gone, by
    the UIDs that were read from them. The patient's name and birth date are not written,
    unless ``metadata["keep_patient"]`` is true.

    Parameters
    ----------
    segmentation : Segmentation
        Labels on any grid.
    path : Path
        File to write.

    Raises
    ------
    InputError
        If there is nothing to write, or the type asked for cannot hold it.
    MissingDependency
        If highdicom is not installed.
    """
    if find_spec("highdicom") is None:
        raise MissingDependency("highdicom", extra="dicom", purpose="write DICOM SEG")
    kind = _kind(segmentation)
    labels = _written(segmentation, kind)
    source = source_of(segmentation.metadata, segmentation.geometry)
    with dicom.quiet_pydicom():
        data = _dataset(segmentation, kind, labels, source)
        _finish(data, labels, source, segmentation.geometry)
        data.save_as(path, enforce_file_format=True)


def _dataset(
    segmentation: Segmentation, kind: str, labels: Sequence[Label], source: Source
) -> Dataset:
    import highdicom as hd
    from pydicom.uid import ExplicitVRLittleEndian

    slices = np.flatnonzero(_used(segmentation, kind))
    numbers = [label.value if kind == "LABELMAP" else n for n, label in enumerate(labels, start=1)]
    return hd.seg.Segmentation(
        source_images=source.headers,
        pixel_array=_pixels(segmentation, kind, labels, slices),
        segmentation_type=kind,
        segment_descriptions=list(map(_description, labels, numbers)),
        series_instance_uid=hd.UID(),
        series_number=300,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="napari-radiogenomics",
        manufacturer_model_name="napari-radiogenomics",
        software_versions=version("napari-radiogenomics"),
        device_serial_number="0",
        fractional_type=segmentation.metadata.get("fractional_type") or "PROBABILITY",
        max_fractional_value=255,
        content_label="SEGMENTATION",
        series_description=(segmentation.name or "Segmentation")[:64],
        specific_character_set="ISO_IR 192",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **_places(segmentation, slices),
    )


def _kind(segmentation: Segmentation) -> str:
    asked = str(segmentation.metadata.get("segmentation_type") or "").upper()
    if asked and asked not in _TYPES:
        raise InputError(f'DICOM SEG has no type "{asked}". Choose one of: {", ".join(_TYPES)}.')
    if asked == "LABELMAP" and segmentation.overlapping:
        raise InputError(
            "A LABELMAP cannot hold overlapping regions. Write it as BINARY: leave "
            'metadata["segmentation_type"] empty.'
        )
    if asked == "FRACTIONAL" and segmentation.fractions is None:
        raise InputError(
            "The segmentation holds labels, not fractions. Write it as BINARY: leave "
            'metadata["segmentation_type"] empty.'
        )
    return asked or ("BINARY" if segmentation.fractions is None else "FRACTIONAL")


def _written(segmentation: Segmentation, kind: str) -> tuple[Label, ...]:
    """Labels that the file holds, each with its segment."""
    if not segmentation.scheme or not _used(segmentation, kind).any():
        raise InputError(
            f'The segmentation "{segmentation.name}" is empty, and DICOM SEG cannot hold an empty '
            "one. Draw something first."
        )
    return segmentation.scheme


def _used(segmentation: Segmentation, kind: str) -> NDArray[np.bool_]:
    """Whether each slice holds anything, shape (Z,)."""
    array: NDArray[Any] = segmentation.labels
    if kind == "FRACTIONAL" and segmentation.fractions is not None:
        array = np.round(255 * segmentation.fractions)
    array = array if array.ndim == 4 else array[np.newaxis]
    return np.asarray(array.any(axis=(0, 2, 3)))


def _pixels(
    segmentation: Segmentation, kind: str, labels: Sequence[Label], slices: NDArray[np.intp]
) -> NDArray[Any]:
    """Frames for highdicom: (F, Y, X) segment numbers, or (F, Y, X, S) one channel a segment."""
    if kind == "FRACTIONAL" and segmentation.fractions is not None:
        return np.moveaxis(segmentation.fractions[:, slices], 0, -1).astype(np.float32)
    if segmentation.overlapping:
        layers = segmentation.labels[:, slices]
        return np.stack([(layers == label.value).any(axis=0) for label in labels], axis=-1)
    frames = segmentation.labels[slices]
    if kind == "LABELMAP":
        return frames.astype(np.uint8 if frames.max() < 1 << 8 else np.uint16)
    numbers = np.zeros(int(frames.max()) + 1, np.uint8 if len(labels) < 1 << 8 else np.uint16)
    for n, label in enumerate(labels):
        if label.value < len(numbers):
            numbers[label.value] = n + 1
    return numbers[frames]


def _places(segmentation: Segmentation, slices: NDArray[np.intp]) -> dict[str, Any]:
    import highdicom as hd

    geometry = segmentation.geometry
    along, down, across = geometry.spacing
    corners = geometry.index_to_world([[0, 0, int(k)] for k in slices])
    matrix = geometry.matrix
    return {
        "pixel_measures": hd.PixelMeasuresSequence((down, along), across, across),
        "plane_orientation": hd.PlaneOrientationSequence(
            "PATIENT", [*matrix[:, 0].tolist(), *matrix[:, 1].tolist()]
        ),
        "plane_positions": [hd.PlanePositionSequence("PATIENT", c.tolist()) for c in corners],
    }


def _description(label: Label, number: int) -> Any:
    import highdicom as hd

    facts = label.metadata
    method = str(facts.get("algorithm_type", "MANUAL"))
    method = method if method in ("MANUAL", "SEMIAUTOMATIC", "AUTOMATIC") else "MANUAL"
    algorithm = None
    if method != "MANUAL":
        algorithm = hd.AlgorithmIdentificationSequence(
            str(facts.get("algorithm_name") or "unknown"),
            hd.sr.CodedConcept("123109", "DCM", "Manual Processing")
            if method == "SEMIAUTOMATIC"
            else hd.sr.CodedConcept("123110", "DCM", "Artificial Intelligence"),
            "unknown",
        )
    tracked = bool(facts.get("tracking_id")) and bool(facts.get("tracking_uid"))
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label.name[:64],
        segmented_property_category=_concept(label.category or _TISSUE),
        segmented_property_type=_concept(label.type or _TISSUE),
        algorithm_type=method,
        algorithm_identification=algorithm,
        tracking_uid=str(facts["tracking_uid"]) if tracked else None,
        tracking_id=str(facts["tracking_id"]) if tracked else None,
        anatomic_regions=[_concept(label.anatomic_region)] if label.anatomic_region else None,
        display_color=hd.color.CIELabColor.from_rgb(*(label.color or (255, 255, 255))),
    )


def _concept(code: Code) -> Any:
    import highdicom as hd

    return hd.sr.CodedConcept(code.value, code.scheme, code.meaning[:64])


def _finish(data: Dataset, labels: Sequence[Label], source: Source, geometry: Geometry) -> None:
    """Keep our label values, descriptions and grid; leave out what refers to nothing."""
    numbers = [*geometry.size, *geometry.spacing, *geometry.origin, *geometry.direction]
    data.private_block(_GROUP, PRIVATE, create=True).add_new(_GRID, "FD", list(map(float, numbers)))
    described = [item for item in data.SegmentSequence if int(item.SegmentNumber) > 0]
    for item, label in zip(described, labels, strict=True):
        block = item.private_block(_GROUP, PRIVATE, create=True)
        block.add_new(_VALUE, "IS", label.value)
        if label.metadata.get("description"):
            item.SegmentDescription = str(label.metadata["description"])[:1024]
    measures = data.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = geometry.spacing[2]  # of the grid, not of the written frames
    if source.known:
        return
    for group in data.PerFrameFunctionalGroupsSequence:
        if "DerivationImageSequence" in group:
            del group.DerivationImageSequence
    for name in (
        "ReferencedSeriesSequence",
        "StudiesContainingOtherReferencedInstancesSequence",
        "SourceImageSequence",
    ):
        if name in data:
            delattr(data, name)


def label_value(item: Dataset) -> int:
    """Label value of a segment: ours where we wrote it, else its number."""
    try:
        return int(item.private_block(_GROUP, PRIVATE)[_VALUE].value)
    except KeyError:
        return int(item.SegmentNumber)


def whole_grid(data: Dataset) -> Geometry | None:
    """Return the whole grid of a segmentation that we wrote, empty slices included."""
    try:
        numbers = data.private_block(_GROUP, PRIVATE)[_GRID].value
    except KeyError:
        return None
    size = tuple(int(n) for n in numbers[:3])
    return Geometry(size, tuple(numbers[3:6]), tuple(numbers[6:9]), tuple(numbers[9:18]))  # type: ignore[arg-type]
