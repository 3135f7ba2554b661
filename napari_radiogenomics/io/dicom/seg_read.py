"""Reading DICOM SEG: frames to labels, on the grid of the scan they were drawn on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.dicom.grid import Grid, depth_groups, fit_grid
from napari_radiogenomics.io.dicom.lattice import Region, compose, onto
from napari_radiogenomics.io.dicom.pixels import frames_of
from napari_radiogenomics.io.dicom.planes import Plane, planes_of
from napari_radiogenomics.io.dicom.reference import Reference, find_references
from napari_radiogenomics.io.dicom.seg_write import label_value, whole_grid
from napari_radiogenomics.io.format import ReadOptions

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["read_seg"]


def read_seg(path: Path, options: ReadOptions, folder: dicom.Folder | None = None) -> Segmentation:
    """Read a DICOM SEG.

    Where the scan it was drawn on lies in the same folder, or is given, the labels come on the
    whole grid of that scan; else on the grid that its own frames make.

    ``options.reference`` is that scan, where it lies elsewhere; ``folder`` has the headers of the
    files beside it, where they were read already.

    Raises
    ------
    InputError
        If it is the segmentation of a slide.
    GeometryError
        If its frames form no regular grid.
    """
    header = dicom.read_header(path)
    planes = _planes(path, header)
    grid, places = _grid(path, header, planes)
    kind = str(header.get("SegmentationType", "BINARY"))
    scheme = _scheme(header)
    frames = frames_of(path)
    value_of = {int(i.SegmentNumber): label_value(i) for i in header.get("SegmentSequence") or []}
    segments = [value_of.get(_segment_of(header, n), 0) for n in range(len(planes))]
    labels, fractions = _voxels(kind, frames, segments, places, grid.geometry, scheme, header)
    facts = _facts(path, header, kind)
    references = find_references(path, options, folder, series=facts["source_series_all"])
    whole = whole_grid(header)
    if whole is not None:
        references.append(Reference(whole, "the grid it was written from", {}))
    labels, fractions, geometry, more, notes = _on_source(
        labels, fractions, grid.geometry, references, path
    )
    alone = (_alone(path, geometry),) if facts["source_series"] and not references else ()
    return Segmentation(
        labels,
        geometry,
        scheme,
        name=facts["description"] or path.stem,
        fractions=fractions,
        notes=(*grid.notes, *notes, *alone),
        metadata={**facts, **more},
    )


def _alone(path: Path, own: Geometry) -> str:
    """What reading a segmentation without its scan costs, and the remedy."""
    return (
        f"{path.name} was read without the scan it was drawn on: its grid is the box of its own "
        f"frames ({own}), which may be smaller than the scan, so that it has to be put onto the "
        "scan before measuring. Give the scan, read(path, reference=scan), or keep both in one "
        "folder."
    )


def _planes(path: Path, header: Dataset) -> list[Plane]:
    if "TotalPixelMatrixRows" in header or "ContainerIdentifier" in header:
        raise InputError(
            f"{path} is the segmentation of a tissue slide, not of a scan, and cannot be read as "
            "voxels. Export its regions as a label image beside the slide."
        )
    planes = planes_of(path, header)
    if not all(plane.placed for plane in planes):
        raise InputError(
            f"{path} says not where in the patient its frames lie. Export it with plane positions."
        )
    return planes


def _grid(path: Path, header: Dataset, planes: Sequence[Plane]) -> tuple[Grid, list[int]]:
    """Grid of the frames, and the slice of each frame."""
    first = planes[0].orientation
    for plane in planes:
        if np.abs(np.subtract(plane.orientation, first)).max() > 1e-3:  # type: ignore[arg-type]
            raise GeometryError(
                f"{path} holds frames of different orientation ({planes[0].name} and "
                f"{plane.name}). Export each orientation as a segmentation of its own."
            )
    groups = depth_groups(planes)
    spacing = [_spacing_between(header)]
    grid = fit_grid([group[0] for group in groups], path, sparse=[s for s in spacing if s])
    place_of = {
        id(plane): place
        for group, place in zip(groups, grid.places, strict=True)
        for plane in group
    }
    return grid, [place_of[id(plane)] for plane in planes]


def _groups(header: Dataset, frame: int) -> Iterator[Dataset]:
    groups = header.get("PerFrameFunctionalGroupsSequence") or []
    yield from groups[frame : frame + 1]
    yield from header.get("SharedFunctionalGroupsSequence") or []


def _spacing_between(header: Dataset) -> float | None:
    for group in _groups(header, 0):
        if group.get("PixelMeasuresSequence"):
            return float(group.PixelMeasuresSequence[0].get("SpacingBetweenSlices") or 0) or None
    return None


def _segment_of(header: Dataset, frame: int) -> int:
    for group in _groups(header, frame):
        if group.get("SegmentIdentificationSequence"):
            return int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
    return 0


def _voxels(
    kind: str,
    frames: NDArray,
    segments: Sequence[int],
    places: Sequence[int],
    geometry: Geometry,
    scheme: Sequence[Label],
    header: Dataset,
) -> tuple[NDArray[np.integer], NDArray[np.float32] | None]:
    if kind == "LABELMAP":
        labels = np.zeros(geometry.shape, frames.dtype)
        labels[list(places)] = frames
        background = header.get("PixelPaddingValue")
        if background not in (None, 0):
            labels[labels == background] = 0
        return labels, None
    if kind == "FRACTIONAL":
        fractions = np.zeros((len(scheme), *geometry.shape), np.float32)
        row = {label.value: n for n, label in enumerate(scheme)}
        top = float(header.get("MaximumFractionalValue") or 255)
        for frame, segment, place in zip(frames, segments, places, strict=True):
            fractions[row[segment], place] = frame / top
        return _likeliest(fractions, scheme), fractions
    regions = _regions(frames, segments, places)
    return compose(regions, geometry.shape, max(label.value for label in scheme)), None


def _likeliest(fractions: NDArray[np.float32], scheme: Sequence[Label]) -> NDArray[np.integer]:
    """Label of the largest fraction where it reaches one half."""
    values = np.array([label.value for label in scheme])
    best = values[fractions.argmax(axis=0)]
    best[fractions.max(axis=0) < 0.5] = 0
    return best.astype(np.uint8 if values.max() < 1 << 8 else np.uint16)


def _regions(frames: NDArray, segments: Sequence[int], places: Sequence[int]) -> Iterator[Region]:
    """One block for each segment, from its first to its last slice."""
    everything = slice(None)
    for segment in dict.fromkeys(sorted(segments)):
        own = [n for n, number in enumerate(segments) if number == segment]
        low, high = min(places[n] for n in own), max(places[n] for n in own)
        mask = np.zeros((high - low + 1, *frames.shape[1:]), bool)
        for n in own:
            mask[places[n] - low] |= frames[n] > 0
        yield segment, (slice(low, high + 1), everything, everything), mask


def _on_source(
    labels: NDArray[np.integer],
    fractions: NDArray[np.float32] | None,
    own: Geometry,
    references: Sequence[Reference],
    path: Path,
) -> tuple[
    NDArray[np.integer], NDArray[np.float32] | None, Geometry, dict[str, Any], tuple[str, ...]
]:
    """Put labels on the grid of their scan; where that cannot be, say so and keep their own."""
    for reference in references:
        moved = onto(labels, own, reference.geometry)
        if moved is None:
            continue
        parts = None if fractions is None else onto(fractions, own, reference.geometry)
        if fractions is None or parts is not None:
            return moved, parts, reference.geometry, reference.facts, ()
    if not references:
        return labels, fractions, own, {}, ()
    note = (
        f"{path.name} is {own}, {references[0].title} is {references[0].geometry}, and their "
        "voxels do not coincide; the segmentation stays on its own grid. Resample it onto the "
        "scan before measuring."
    )
    return labels, fractions, own, {}, (note,)


def _scheme(header: Dataset) -> tuple[Label, ...]:
    palette = _palette(header)
    labels = []
    for item in header.get("SegmentSequence") or []:
        number = int(item.SegmentNumber)
        if number < 1:
            continue  # the background of a LABELMAP
        labels.append(
            Label(
                label_value(item),
                str(item.get("SegmentLabel") or ""),
                _color(item) or palette.get(number),
                _code(item, "SegmentedPropertyCategoryCodeSequence"),
                _code(item, "SegmentedPropertyTypeCodeSequence"),
                _label_facts(item),
                _code(item, "AnatomicRegionSequence"),
            )
        )
    if not labels:
        raise InputError(f"{header.filename} names no segment. Export it again.")
    return tuple(labels)


def _label_facts(item: Dataset) -> dict[str, str]:
    names = {
        "algorithm_type": "SegmentAlgorithmType",
        "algorithm_name": "SegmentAlgorithmName",
        "tracking_id": "TrackingID",
        "tracking_uid": "TrackingUID",
        "description": "SegmentDescription",
    }
    facts = {key: str(item.get(name)) for key, name in names.items() if item.get(name)}
    code = _code(item, "SegmentedPropertyTypeModifierCodeSequence")
    if code is not None:
        facts["type_modifier"] = f"{code.meaning} ({code.value}, {code.scheme})"
    return facts


def _code(item: Dataset, name: str) -> Code | None:
    codes = item.get(name)
    if not codes:
        return None
    code = codes[0]
    value = code.get("CodeValue") or code.get("LongCodeValue") or code.get("URNCodeValue") or ""
    return Code(
        str(value), str(code.get("CodingSchemeDesignator", "")), str(code.get("CodeMeaning", ""))
    )


def _color(item: Dataset) -> tuple[int, int, int] | None:
    """RGB of a segment's CIELab color (D65, as highdicom and dcmqi take it)."""
    from skimage.color import lab2rgb

    value = item.get("RecommendedDisplayCIELabValue")
    if value is None or len(value) != 3:
        return None
    scaled = np.array(value, float) / 65535
    lab = scaled * [100, 255, 255] - [0, 128, 128]
    red, green, blue = np.round(255 * lab2rgb(lab)).astype(int)
    return int(red), int(green), int(blue)


def _palette(header: Dataset) -> dict[int, tuple[int, int, int]]:
    """RGB of each label of a LABELMAP with a palette."""
    names = [f"{color}PaletteColorLookupTable" for color in ("Red", "Green", "Blue")]
    if not all(f"{name}Data" in header for name in names):
        return {}
    count, first, bits = (int(v) for v in header[f"{names[0]}Descriptor"].value)
    dtype = "<u2" if bits == 16 else "u1"
    columns = [
        np.frombuffer(header[f"{name}Data"].value, dtype)[: count or 1 << 16] for name in names
    ]
    scale = 257 if bits == 16 else 1
    rows = np.stack(columns, axis=1) // scale
    return {first + n: (int(r), int(g), int(b)) for n, (r, g, b) in enumerate(rows)}


def _facts(path: Path, header: Dataset, kind: str) -> dict[str, Any]:
    references = header.get("ReferencedSeriesSequence") or []
    series = tuple(str(item.get("SeriesInstanceUID", "")) for item in references)
    instances = [
        instance for item in references for instance in item.get("ReferencedInstanceSequence") or []
    ]
    return {
        "path": str(path),
        "series": str(header.get("SeriesInstanceUID", "")),
        "study": str(header.get("StudyInstanceUID", "")),
        "frame_of_reference": str(header.get("FrameOfReferenceUID", "")),
        "sop_class": str(header.get("SOPClassUID", "")),
        "description": str(
            header.get("SeriesDescription") or header.get("ContentDescription") or ""
        ),
        "segmentation_type": kind,
        "fractional_type": str(header.get("SegmentationFractionalType") or ""),
        "source_series": series[0] if series else "",
        "source_series_all": series,
        "source_instances": tuple(str(i.ReferencedSOPInstanceUID) for i in instances),
        "source_class": str(instances[0].ReferencedSOPClassUID) if instances else "",
    }
