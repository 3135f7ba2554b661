"""Stacks of DICOM planes as `Image` objects: values, unit, name and source facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import FourthAxis, Image
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.io.dicom.grid import Grid, fit_grid, plane_matrix
from napari_radiogenomics.io.dicom.headers import class_name, listed
from napari_radiogenomics.io.dicom.pixels import stored, values
from napari_radiogenomics.io.dicom.planes import Plane, planes_of
from napari_radiogenomics.io.dicom.stacks import Stack, by_series_and_plane, split
from napari_radiogenomics.io.format import ReadOptions

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["image_of", "stacks_of"]

_PLANES = ("sagittal", "coronal", "axial")
# Facts of the scanner that say what a texture may depend on; none names a person.
_ACQUISITION = (
    "Manufacturer",
    "ManufacturerModelName",
    "ConvolutionKernel",
    "KVP",
    "MagneticFieldStrength",
    "EchoTime",
    "RepetitionTime",
    "SliceThickness",
    "ContrastBolusAgent",
)


def stacks_of(images: Mapping[Path, Dataset], where: Path) -> list[Stack]:
    """Sort image files into stacks, each of which becomes one image."""
    planes = [plane for path, header in images.items() for plane in planes_of(path, header)]
    groups = by_series_and_plane(planes)
    stacks = []
    for group in groups:
        series = group[0].header.get("SeriesInstanceUID", "")
        others = [g for g in groups if g[0].header.get("SeriesInstanceUID", "") == series]
        for stack in split(group, where):
            if len(others) > 1 and group[0].placed:
                stack = dataclasses.replace(
                    stack, notes=(*stack.notes, _mixed(group, others, where))
                )
            stacks.append(stack)
    return stacks


def _mixed(group: Sequence[Plane], others: Sequence[Sequence[Plane]], where: Path) -> str:
    kinds = [
        f"{len(g)} {_plane_name(g[0])} {g[0].header.Columns}×{g[0].header.Rows}" for g in others
    ]
    return (
        f"{where}: series {_series_name(group[0].header)} mixes slices of different orientation "
        f"or size ({listed(kinds)}); each kind is a scan of its own."
    )


def _plane_name(plane: Plane) -> str:
    if not plane.placed:
        return "unplaced"
    weights = np.abs(plane.normal)
    return ("oblique " if weights.max() < 0.99 else "") + _PLANES[int(weights.argmax())]


def _series_name(header: Dataset) -> str:
    text = str(header.get("SeriesDescription") or "").strip()
    number = header.get("SeriesNumber")
    if text:
        return text
    modality = str(header.get("Modality") or "image")
    return f"{modality} series {number}" if number is not None else modality


def image_of(stack: Stack, options: ReadOptions, where: Path) -> Image:
    """Decode the planes of a stack and put them on their grid.

    Raises
    ------
    GeometryError
        If the planes form no regular grid, or miss slices and ``options.gaps`` refuses that.
    """
    first = stack.volumes[0]
    grid = _grid(first, where)
    if grid.missing and options.gaps == "refuse":
        raise GeometryError(
            f"{_gap_text(grid, first, where)} Copy the whole series, or read it with "
            'gaps="blank", which keeps their places empty.'
        )
    planes = [plane for volume in stack.volumes for plane in volume]
    slices = values(stored(planes), planes)
    array, fill = _placed(slices, len(stack.volumes), grid, _padding(first[0]))
    axis, labels = stack.axis, stack.labels if stack.axis else ()
    if slices[0].ndim == 3:  # (N, Z, Y, X, 3) or (Z, Y, X, 3)
        array, axis, labels = _colors(array, where)
    header = first[0].header
    notes = [*stack.notes, *grid.notes, *_remarks(first[0], where)]
    if grid.missing:
        notes.append(
            f"{_gap_text(grid, first, where)} Their places are kept and hold {fill:g}; they are "
            "no measurement."
        )
    return Image(
        array,
        grid.geometry,
        unit=_unit(first[0]),
        name=" ".join([_series_name(header), *([] if stack.axis else stack.labels)]),
        modality=str(header.get("Modality", "")),
        fourth_axis=(options.fourth_axis or axis) if axis else "",
        fourth_labels=labels,
        blank_slices=grid.missing,
        notes=tuple(notes),
        metadata=_metadata(stack, grid, where),
    )


def _grid(planes: Sequence[Plane], where: Path) -> Grid:
    if planes[0].placed:
        return fit_grid(planes, where)
    plane = planes[0]
    size = int(plane.header.Columns), int(plane.header.Rows), 1
    known = (
        f"pixels {plane.spacing[0]:.3g} mm" if plane.spacing else "pixel size unknown, 1 mm taken"
    )
    note = (
        f"{where}: {plane.path.name} ({class_name(plane.header)}) says not where in the patient "
        f"it lies; it is placed at the origin ({known})."
    )
    direction = tuple(plane_matrix(plane).ravel())
    spacing = (*(plane.spacing or (1.0, 1.0)), plane.thickness or 1.0)
    return Grid(Geometry(size, spacing, direction=direction), (0,), (note,))


def _gap_text(grid: Grid, planes: Sequence[Plane], where: Path) -> str:
    """Say which slices are missing, between which files and where."""
    parts = []
    for n in range(1, len(planes)):
        low, high = grid.places[n - 1], grid.places[n]
        if high - low == 1:
            continue
        depths = [
            grid.geometry.index_to_world([0, 0, k]) @ planes[0].normal for k in (low + 1, high - 1)
        ]
        spots = f"{depths[0]:.2f}" + (f" to {depths[1]:.2f}" if high - low > 2 else "")
        parts.append(
            f"{high - low - 1} between {planes[n - 1].name} and {planes[n].name} (at {spots} mm "
            f"along the slice normal)"
        )
    total = len(grid.missing)
    slices = "slice is" if total == 1 else "slices are"
    return (
        f"{where}: {total} {slices} missing in series {_series_name(planes[0].header)}: "
        f"{listed(parts)}."
    )


def _placed(
    slices: Sequence[NDArray], volumes: int, grid: Grid, padding: float | None
) -> tuple[NDArray, float]:
    """Put slices in their places; returns (Z, Y, X) or (N, Z, Y, X) and the value of blanks."""
    shape = (volumes, grid.geometry.size[2], *slices[0].shape)
    dtype = slices[0].dtype
    fill = 0.0
    array = np.empty(shape, dtype)
    if grid.missing:
        fill = _fill(slices, padding)
        array[:, list(grid.missing)] = fill
    for number, plane in enumerate(slices):
        volume, place = divmod(number, len(grid.places))
        array[volume, grid.places[place]] = plane
    return (array if volumes > 1 else array[0]), fill


def _fill(slices: Sequence[NDArray], padding: float | None) -> float:
    lowest = min(float(plane.min()) for plane in slices)
    if padding is None:
        return lowest
    if slices[0].dtype.kind in "iu":
        limits = np.iinfo(slices[0].dtype)
        if not (limits.min <= padding <= limits.max and float(padding).is_integer()):
            return lowest
    return padding


def _padding(plane: Plane) -> float | None:
    """Value that the scanner gives to pixels it did not measure, in units of the image."""
    value = plane.header.get("PixelPaddingValue")
    if value is None:
        return None
    if isinstance(value, bytes):
        value = int.from_bytes(value, "little")
    if plane.header.get("PixelRepresentation") == 1 and value >= 1 << 15:
        value -= 1 << 16
    return float(value) * plane.slope + plane.intercept


def _colors(array: NDArray, where: Path) -> tuple[NDArray, FourthAxis, tuple[str, ...]]:
    if array.ndim == 5:
        raise InputError(
            f"{where} is a film in colour, which is no scan. Export its frames as grey images."
        )
    return np.moveaxis(array, -1, 0), "channel", ("red", "green", "blue")


def _unit(plane: Plane) -> str:
    header = plane.header
    modality = header.get("Modality")
    if modality == "CT":
        kind = str(header.get("RescaleType") or "HU")
        return "HU" if kind == "HU" and "LOCALIZER" not in (header.get("ImageType") or ()) else ""
    if modality == "PT":
        return {"BQML": "Bq/mL", "GML": "g/mL", "CNTS": "counts"}.get(
            str(header.get("Units", "")), str(header.get("Units", ""))
        )
    if modality == "RTDOSE":
        return {"GY": "Gy"}.get(str(header.get("DoseUnits", "")), "")
    return ""


def _remarks(plane: Plane, where: Path) -> list[str]:
    remarks = []
    if plane.header.get("PhotometricInterpretation") == "MONOCHROME1":
        remarks.append(
            f"{where}: series {_series_name(plane.header)} is MONOCHROME1: low values are meant "
            "to be shown bright. The values are kept as they are."
        )
    if plane.placed and "PixelSpacing" not in plane.header and "ImagerPixelSpacing" in plane.header:
        remarks.append(
            f"{where}: pixel size of {plane.path.name} is that at the detector, not in the patient."
        )
    return remarks


def _metadata(stack: Stack, grid: Grid, where: Path) -> dict[str, Any]:
    header = stack.volumes[0][0].header
    window = stack.volumes[0][len(stack.volumes[0]) // 2].window
    facts = {
        "path": str(where),
        "series": str(header.get("SeriesInstanceUID", "")),
        "study": str(header.get("StudyInstanceUID", "")),
        "frame_of_reference": str(header.get("FrameOfReferenceUID", "")),
        "sop_class": str(header.get("SOPClassUID", "")),
        "description": str(header.get("SeriesDescription") or ""),
        "series_number": str(header.get("SeriesNumber") or ""),
        "instances": _per_place(stack, grid, lambda plane: str(plane.header.SOPInstanceUID)),
        "source_files": _per_place(stack, grid, lambda plane: str(plane.path)),
        "acquisition": {k: str(header.get(k)) for k in _ACQUISITION if header.get(k)},
    }
    if window:
        facts["window"] = window[0][:2]
        facts["windows"] = window
    padding = _padding(stack.volumes[0][0])
    return facts if padding is None else {**facts, "padding_value": padding}


def _per_place(stack: Stack, grid: Grid, what: Any) -> tuple[Any, ...]:
    """One entry for each slice along k, "" where it is missing; nested for several volumes."""
    volumes = []
    for volume in stack.volumes:
        row = [""] * grid.geometry.size[2]
        for plane, place in zip(volume, grid.places, strict=True):
            row[place] = what(plane)
        volumes.append(tuple(row))
    return volumes[0] if len(volumes) == 1 else tuple(volumes)
