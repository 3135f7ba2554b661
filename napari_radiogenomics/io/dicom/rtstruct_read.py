"""Reading RTSTRUCT: contours to labels, on the grid of the scan they were drawn on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.dicom import headers as dicom
from napari_radiogenomics.io.dicom.contours import plane_of, slabs
from napari_radiogenomics.io.dicom.lattice import Region, compose
from napari_radiogenomics.io.dicom.rasterize import rasterize
from napari_radiogenomics.io.dicom.reference import Reference, find_references
from napari_radiogenomics.io.format import ReadOptions

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["read_rtstruct"]

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR")
# A grid made from contours alone has no more voxels than this along an axis.
_LONGEST = 768


@dataclass(frozen=True, eq=False)
class Roi:
    """One region of a structure set: its label and its closed contours, (V, 3) each."""

    label: Label
    contours: tuple[NDArray[np.float64], ...]


def read_rtstruct(
    path: Path, options: ReadOptions, folder: dicom.Folder | None = None
) -> Segmentation:
    """Read an RTSTRUCT as labels.

    ``options.reference`` is the scan, where it does not lie in the same folder; ``folder`` has
    the headers of the files beside it, where they were read already.

    Raises
    ------
    InputError
        If it holds no closed contour.
    """
    header = dicom.read_header(path)
    rois, skipped = _rois(header, path)
    filled = [roi for roi in rois if roi.contours]
    if not filled:
        raise InputError(f"{path} holds no closed contour. {' '.join(skipped)}".rstrip())
    facts = _facts(path, header)
    references = find_references(
        path,
        options,
        folder,
        series=facts["source_series_all"],
        frame_of_reference=facts["frame_of_reference"],
    )
    reference, notes = _grid(references, filled, path)
    own = reference.facts.get("source_series", "") in facts["source_series_all"]
    remarks: list[str] = []
    regions = _regions(filled, reference, own, remarks)
    top = max(roi.label.value for roi in filled)
    return Segmentation(
        compose(regions, reference.geometry.shape, top),
        reference.geometry,
        tuple(roi.label for roi in filled),
        name=facts["description"] or path.stem,
        notes=(*notes, *(f"{path.name}: {remark}" for remark in (*skipped, *remarks))),
        metadata={**facts, **{k: v for k, v in reference.facts.items() if v}},
    )


def _regions(
    rois: Sequence[Roi], reference: Reference, own: bool, remarks: list[str]
) -> Iterator[Region]:
    for roi in rois:
        block, mask, notes = rasterize(roi.contours, reference.geometry, on_slices=own)
        remarks += [f"{roi.label.name}: {note}" for note in notes]
        if not mask.any():
            remarks.append(f"{roi.label.name}: holds the centre of no voxel; its label is empty.")
        yield roi.label.value, block, mask


def _rois(header: Dataset, path: Path) -> tuple[list[Roi], list[str]]:
    """Regions with their closed contours, and what was left out."""
    drawn = {
        int(item.get("ReferencedROINumber", -1)): item
        for item in header.get("ROIContourSequence") or []
    }
    kinds = {
        int(item.get("ReferencedROINumber", -1)): str(item.get("RTROIInterpretedType") or "")
        for item in header.get("RTROIObservationsSequence") or []
    }
    items = list(header.get("StructureSetROISequence") or [])
    numbers = [int(item.ROINumber) for item in items]
    usable = len(set(numbers)) == len(numbers) and min(numbers, default=1) >= 1
    rois, notes = [], []
    for place, (item, number) in enumerate(zip(items, numbers, strict=True), start=1):
        contour = drawn.get(number)
        facts = {
            "roi_number": str(number),
            "interpreted_type": kinds.get(number, ""),
            "description": str(item.get("ROIDescription") or ""),
            "algorithm_type": str(item.get("ROIGenerationAlgorithm") or ""),
        }
        name = str(item.get("ROIName") or "")
        value = number if usable else place
        known = {key: fact for key, fact in facts.items() if fact}
        label = Label(value, name, _color(contour), metadata=known)
        contours, more = _contours(contour, path)
        notes += [f"{label.name}: {note}" for note in more]
        rois.append(Roi(label, tuple(contours)))
    return rois, notes


def _color(item: Dataset | None) -> tuple[int, int, int] | None:
    values = None if item is None else item.get("ROIDisplayColor")
    if values is None or len(values) != 3:
        return None
    red, green, blue = (min(255, max(0, int(value))) for value in values)
    return red, green, blue


def _contours(item: Dataset | None, path: Path) -> tuple[list[NDArray[np.float64]], list[str]]:
    found: list[NDArray[np.float64]] = []
    left: Counter[str] = Counter()
    seen = set()
    for contour in (item.get("ContourSequence") if item is not None else None) or []:
        kind = str(contour.get("ContourGeometricType") or "CLOSED_PLANAR")
        points = _points(contour, path)
        if kind not in _CLOSED:
            left[f"{'point' if kind == 'POINT' else 'open contour'} skipped"] += 1
        elif len(points) < 3 or _flat_line(points):
            left["contour without an area skipped"] += 1
        elif points.tobytes() in seen:
            left["contour drawn twice and taken once"] += 1
        else:
            seen.add(points.tobytes())
            found.append(points)
    notes = [f"{count} {what}." for what, count in left.items()]
    return found, notes if found or left else ["it has no contour."]


def _points(contour: Dataset, path: Path) -> NDArray[np.float64]:
    data = contour.get_item("ContourData")
    raw = getattr(data, "value", None)
    # Text is split here: pydicom makes an object of each of the million numbers of a plan.
    values = raw.decode("ascii").split("\\") if isinstance(raw, bytes) else raw or []
    points = np.array([float(value) for value in values if value != ""])
    if len(points) % 3 or not np.isfinite(points).all():
        raise InputError(
            f"{path} has a contour of {len(points)} numbers, which are no points in space. "
            "Export it again."
        )
    return points.reshape(-1, 3)


def _flat_line(points: NDArray[np.float64]) -> bool:
    """Whether points lie on one line, and so enclose nothing."""
    sizes = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(sizes[1] <= 1e-6 * max(sizes[0], 1e-9))


def _grid(
    references: Sequence[Reference], rois: Sequence[Roi], path: Path
) -> tuple[Reference, list[str]]:
    if references:
        return references[0], []
    geometry = _own_grid([points for roi in rois for points in roi.contours])
    note = (
        f"{path.name}: the scan it was drawn on does not lie beside it; the contours are on a "
        f"grid made from their own spacing, {geometry}. Put it into the folder of the scan, or "
        "give the scan as reference."
    )
    return Reference(geometry, "", {}), [note]


def _own_grid(contours: Sequence[NDArray[np.float64]]) -> Geometry:
    """Grid along the planes of most contours, as fine as their points lie."""
    normals = [plane_of(points)[0] for points in contours]
    votes = [sum(abs(float(a @ b)) > 0.999 for b in normals[:200]) for a in normals[:200]]
    normal = _snapped(normals[int(np.argmax(votes))])
    first = np.eye(3)[1 if int(np.abs(normal).argmax()) == 0 else 0]
    first = first - (first @ normal) * normal
    first /= np.linalg.norm(first)
    direction = np.stack([first, np.cross(normal, first), normal], axis=1)
    parallel = [p for p, n in zip(contours, normals, strict=True) if abs(float(n @ normal)) > 0.999]
    depths = np.array([slab.depth for slab in slabs(parallel, normal, 0.01)])
    gaps = np.diff(depths)
    step = float(gaps.min()) if len(gaps) else 1.0
    edges = np.concatenate([np.linalg.norm(np.diff(p, axis=0), axis=1) for p in contours])
    pixel = min(max(float(np.median(edges[edges > 0])), 0.2), step, 1.0)
    places = np.concatenate(contours) @ direction  # (P, 3) along the axes of the grid
    low, high = places.min(axis=0), places.max(axis=0)
    pixel = max(pixel, float((high - low)[:2].max()) / _LONGEST)
    slack = 0.05  # text rounds points off their plane
    start = np.floor(low / pixel - 1) * pixel
    start[2] = depths[0] + np.floor((low[2] - depths[0]) / step + slack) * step
    size = np.ceil((high - start) / [pixel, pixel, step] + [1, 1, 1 - slack]).astype(int)
    origin = direction @ start
    return Geometry(tuple(size), (pixel, pixel, step), tuple(origin), tuple(direction.ravel()))


def _snapped(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The patient's axis where the normal is one but for rounding."""
    axis = np.eye(3)[int(np.abs(normal).argmax())]
    return axis if float(np.abs(normal) @ axis) > 1 - 1e-6 else normal


def _facts(path: Path, header: Dataset) -> dict[str, Any]:
    frames = header.get("ReferencedFrameOfReferenceSequence") or []
    series = [
        str(item.get("SeriesInstanceUID", ""))
        for frame in frames
        for study in frame.get("RTReferencedStudySequence") or []
        for item in study.get("RTReferencedSeriesSequence") or []
    ]
    frame = str(frames[0].get("FrameOfReferenceUID", "")) if frames else ""
    rois = header.get("StructureSetROISequence") or []
    if not frame and rois:
        frame = str(rois[0].get("ReferencedFrameOfReferenceUID", ""))
    return {
        "path": str(path),
        "series": str(header.get("SeriesInstanceUID", "")),
        "study": str(header.get("StudyInstanceUID", "")),
        "frame_of_reference": frame,
        "sop_class": str(header.get("SOPClassUID", "")),
        "description": str(
            header.get("StructureSetLabel") or header.get("SeriesDescription") or ""
        ),
        "source_series": series[0] if series else "",
        "source_series_all": tuple(series),
    }
