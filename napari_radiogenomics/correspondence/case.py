"""One patient's scan, region and slide, brought together and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_radiogenomics.correspondence.choices import (
    INTENSITY,
    ORIGINAL,
    SUMMED_UP,
    VESSELS,
    TissueMap,
    feature_titles,
    require_feature,
    require_tissue,
)
from napari_radiogenomics.data.cohort import Cohort
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.io.frames import way_between
from napari_radiogenomics.io.patient import PatientData, load_patient
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.tissue.kinds import is_named
from napari_radiogenomics.tissue.measure import measure_tissue
from napari_radiogenomics.tissue.result import TissueMeasurement
from napari_radiogenomics.vessels.tortuosity import METRICS

__all__ = ["Case", "FeatureMap", "TissueOfCase", "feature_map", "open_case", "tissue_of"]


@dataclass(frozen=True, eq=False)
class Case:
    """What is compared of one patient.

    Attributes
    ----------
    patient_id : str
        Who.
    scan : Image
        The channel that is looked at.
    region : Segmentation
        On its grid.
    slide : Slide
        With the stain that the measure needs.
    transform : Transform
        From the slide to the scan.
    """

    patient_id: str
    scan: Image
    region: Segmentation
    slide: Slide
    transform: Transform


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """A feature of the scan: its map, and one number for the patient with its unit."""

    map: Image
    value: float
    unit: str


@dataclass(frozen=True, eq=False)
class TissueOfCase:
    """A measure of the slide: its map, one number for the section, and all that was measured."""

    map: Image
    value: float
    measured: TissueMeasurement


def open_case(
    cohort: Cohort,
    patient: str,
    tissue: str,
    *,
    role: str = "",
    stain: str = "",
    data: PatientData | None = None,
    progress: Progress = quiet,
) -> Case:
    """Find the scan, its region, the slide and what leads from one to the other.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patient : str
        Identifier or alias.
    tissue : str
        Name of `TISSUE_MAPS`: says which stain is needed.
    role : str, optional
        Channel of the scan; the one that was segmented without it.
    stain : str, optional
        Stain of the slide; the first that fits without it.
    data : PatientData, optional
        The patient as read already.
    progress : Progress, optional
        Reports files; may cancel.

    Raises
    ------
    InputError
        If there is no slide of the stain, no segmented scan in a frame that its transform leads
        to, or no such channel.
    """
    kind = require_tissue(tissue)
    found = data or load_patient(cohort, patient, progress=progress)
    slide = _slide(found, kind, stain)
    if not found.segmentations:
        raise InputError(f"{found.patient_id} has no segmentation. Draw the tumor first (Segment).")
    scans = {str(scan.metadata["scan_id"]): scan for scan in found.scans}
    frames: list[str] = []
    for region in found.segmentations:
        scan = scans.get(str(region.metadata["scan_id"]))
        if scan is None:
            continue
        frame = str(scan.metadata.get("frame", ""))
        way = way_between(cohort, slide.frame, frame) if slide.frame and frame else None
        if way is not None:
            return Case(found.patient_id, _channel(scan, scans, role, region), region, slide, way)
        frames.append(frame or "without a name")
    raise InputError(
        f'No transform leads from slide "{slide.name}" (frame "{slide.frame}") to a segmented scan '
        f"of {found.patient_id} (frame {', '.join(dict.fromkeys(frames)) or 'none'}). Register the "
        "slide (Register), or name the transform in transforms.csv."
    )


def _slide(data: PatientData, kind: TissueMap, stain: str) -> Slide:
    slides: Sequence[Slide] = data.slides
    if not slides:
        raise InputError(f"{data.patient_id} has no slide. Name one in slides.csv.")
    for slide in slides:
        named = slide.stain.casefold() == stain.casefold() if stain else True
        if named and is_named(slide.stain, kind.kind):
            return slide
    known = ", ".join(slide.stain or "unknown" for slide in slides)
    raise InputError(
        f"{kind.title} needs a slide stained for {stain or kind.stains}; {data.patient_id} has "
        f"{known}. Choose another measure, or name the stain in slides.csv."
    )


def _channel(scan: Image, scans: Mapping[str, Image], role: str, region: Segmentation) -> Image:
    if not role or scan.metadata.get("role") == role:
        return scan
    for other in scans.values():
        same_visit = other.metadata.get("timepoint") == scan.metadata.get("timepoint")
        if same_visit and other.metadata.get("role") == role:
            if other.geometry.same_grid(region.geometry):
                return other
            raise InputError(
                f'"{other.name}" and the segmentation "{region.name}" are on different grids. '
                "Resample the segmentation onto it (Segment), or choose another channel."
            )
    roles = ", ".join(sorted({str(one.metadata.get("role", "")) for one in scans.values()}))
    raise InputError(f'There is no channel "{role}". Channels: {roles}.')


def feature_map(
    scan: Image,
    region: Segmentation,
    feature: str,
    *,
    label: int | None = None,
    kernel_radius: int = 1,
    ring_mm: Sequence[float] = (0.0, 20.0),
    progress: Progress = quiet,
) -> FeatureMap:
    """Map a feature of the scan in a region.

    Parameters
    ----------
    scan : Image, shape (Z, Y, X)
    region : Segmentation
    feature : str
        Name of `feature_titles`.
    label : int, optional
        Of the region; all together without it.
    kernel_radius : int, optional
        Of texture, in voxels.
    ring_mm : sequence of float, optional
        Ring around the region in which vessels are measured; the map looks inside as well.
    progress : Progress, optional
        Reports; may cancel.

    Returns
    -------
    FeatureMap
        Its ``value`` is the mean over the region; of vessels, their measure in the ring. The
        distance metric is that of pieces of vessels, as on the map.
    """
    require_feature(feature)
    if feature.startswith(VESSELS):
        return _vessels(scan, region, feature.removeprefix(VESSELS), label, ring_mm, progress)
    found = scan
    if feature != INTENSITY:
        from napari_radiogenomics.radiomics.voxelwise import texture_maps

        family, _, name = feature.removeprefix(ORIGINAL).partition("_")
        found = texture_maps(
            scan, _one_region(region, label), families=[family], features=[name],
            kernel_radius=kernel_radius, progress=progress,
        )[feature]  # fmt: skip
    inside = region.mask(label) if label is not None else _any(region)
    values = np.asarray(found.array)[inside].astype(float)
    values = values[np.isfinite(values)]
    mean = float(values.mean()) if values.size else float("nan")
    return FeatureMap(_in_frame(found, scan, feature), mean, found.unit)


def _any(region: Segmentation) -> Any:
    return np.logical_or.reduce([layer > 0 for layer in region.layers()])


def _one_region(region: Segmentation, label: int | None) -> Segmentation:
    """The region alone, with one label: without a label, all regions together."""
    inside = region.mask(label) if label is not None else _any(region)
    whole = np.asarray(inside, np.uint8)
    return Segmentation(whole, region.geometry, (Label(1, "region"),), name=region.name)


def _in_frame(found: Image, scan: Image, feature: str) -> Image:
    """The map in the frame of its scan, whole in the memory: it is looked up at places."""
    metadata = {**found.metadata, "frame": str(scan.metadata.get("frame", "")), "feature": feature}
    return replace(found, array=np.asarray(found.array), metadata=metadata)


def _vessels(
    scan: Image,
    region: Segmentation,
    metric: str,
    label: int | None,
    ring_mm: Sequence[float],
    progress: Progress,
) -> FeatureMap:
    from napari_radiogenomics.vessels.measure import measure_vessels

    around = measure_vessels(
        scan, region, label=label, ring_mm=ring_mm, map_sigma_mm=0.0, progress=progress
    )
    # The inside is looked into for the map alone: what looks like a vessel in a tumor would
    # speak for those around it.
    local: Any = metric
    found = measure_vessels(
        scan, region, label=label, ring_mm=ring_mm, inside=True, local_metric=local,
        progress=progress,
    )  # fmt: skip
    if found.map is None or not around.lines:
        raise InputError(
            f"No vessel was found around the region of {scan.name}. Choose another feature."
        )
    value = float(around.regions.iloc[-1][SUMMED_UP[metric]])
    feature = f"{VESSELS}{metric}"
    image = _in_frame(found.map, scan, feature)
    title = {"title": feature_titles()[feature]}
    return FeatureMap(
        replace(image, metadata={**image.metadata, **title}), value, METRICS[metric].unit
    )


def tissue_of(
    slide: Slide, tissue: str, *, progress: Progress = quiet, **settings: Any
) -> TissueOfCase:
    """Measure a slide and take the map that is compared.

    Parameters
    ----------
    slide : Slide
    tissue : str
        Name of `TISSUE_MAPS`.
    progress : Progress, optional
        Reports tiles; may cancel.
    **settings
        As for `measure_tissue`.
    """
    kind = require_tissue(tissue)
    found = measure_tissue(slide, measure=kind.measure, progress=progress, **settings)
    return TissueOfCase(found.maps[tissue], float(found.table.iloc[0][tissue]), found)
