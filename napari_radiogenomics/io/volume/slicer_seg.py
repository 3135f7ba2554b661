"""Segmentations of 3D Slicer (``.seg.nrrd``): names, colors, codes, layers and the whole grid.

Regions that overlap lie in several layers, and a label value may mean one region in one layer
and another in the next. Slicer stores only the box around the regions and keeps the grid of
the scan beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import GeometryError
from napari_radiogenomics.io.dicom.lattice import onto

__all__ = [
    "declare_layers",
    "is_slicer",
    "metadata_of",
    "scheme_of",
    "unlayered",
    "whole_grid",
]

_GRID = "Segmentation_ConversionParameters"
_TERMS = "TerminologyEntry:"
_PLACES = (1, 2, 5)  # of category, type and anatomic region in an entry


def is_slicer(metadata: Mapping[str, Any]) -> bool:
    """Whether a file's metadata names segments as 3D Slicer does."""
    return "Segment0_ID" in metadata or "Segment0_LabelValue" in metadata


def _segments(metadata: Mapping[str, Any]) -> list[tuple[int, int, Label]]:
    """Layer, stored value and label of each segment; label values are made unique."""
    found: list[tuple[int, int, Label]] = []
    used: set[int] = set()
    for number in range(len(metadata)):
        key = f"Segment{number}_"
        if not any(key + name in metadata for name in ("ID", "LabelValue", "Name")):
            break
        # Before layers were invented each segment had its own, with 1 inside.
        layer = int(
            metadata.get(key + "Layer", number if key + "LabelValue" not in metadata else 0)
        )
        stored = int(metadata.get(key + "LabelValue", 1))
        value = stored if stored not in used else max(used) + 1
        used.add(value)
        category, kind, region = _codes(str(metadata.get(key + "Tags", "")))
        name = str(metadata.get(key + "Name", ""))
        color = _color(metadata.get(key + "Color", ""))
        label = Label(value, name, color, category, kind, anatomic_region=region)
        found.append((layer, stored, label))
    return found


def _color(text: Any) -> tuple[int, int, int] | None:
    parts = [float(part) for part in str(text).split()]
    if len(parts) != 3:
        return None
    red, green, blue = (round(255 * part) for part in parts)
    return red, green, blue


def _codes(tags: str) -> tuple[Code | None, Code | None, Code | None]:
    """Category, type and anatomic region: ``…~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~…``."""
    entry = next((t for t in tags.split("|") if t.startswith(_TERMS)), "").split("~")
    category, kind, region = (Code.parse(entry[n]) if n < len(entry) else None for n in _PLACES)
    return (category, kind, region) if len(entry) > 2 else (None, None, None)


def scheme_of(metadata: Mapping[str, Any]) -> tuple[Label, ...]:
    """Labels of a file, empty where it is none of 3D Slicer."""
    return tuple(label for _, _, label in _segments(metadata))


def unlayered(array: NDArray[Any], metadata: Mapping[str, Any]) -> NDArray[Any]:
    """Give every region a value of its own.

    Parameters
    ----------
    array : ndarray, shape (Z, Y, X) or (L, Z, Y, X)
        Stored values of each layer.
    metadata : Mapping
        Of the file.
    """
    segments = _segments(metadata)
    changed = [(layer, old, new.value) for layer, old, new in segments if old != new.value]
    if not changed:
        return array
    layers = array if array.ndim == 4 else array[np.newaxis]
    top = max(label.value for _, _, label in segments)
    out = layers.astype(np.promote_types(array.dtype, np.min_scalar_type(top)))
    for layer, old, new in changed:
        if layer < len(layers):
            out[layer][layers[layer] == old] = new
    return out if array.ndim == 4 else out[0]


def whole_grid(segmentation: Segmentation) -> Segmentation:
    """Put a segmentation that was stored as a box back on the grid of its scan."""
    for geometry in _reference_grids(segmentation.metadata):
        if geometry.same_grid(segmentation.geometry):
            return segmentation
        labels = onto(segmentation.labels, segmentation.geometry, geometry)
        if labels is not None:
            return replace(segmentation, labels=labels, geometry=geometry)
    return segmentation


def _reference_grids(metadata: Mapping[str, Any]) -> list[Geometry]:
    """Grid of the scan: a matrix to world and six extents; read as LPS and as RAS.

    Versions differ in the convention; the one whose points coincide with the file's is right.
    """
    for entry in str(metadata.get(_GRID, "")).split("&"):
        name, _, rest = entry.partition("|")
        numbers = [part for part in rest.split("|")[0].split(";") if part.strip()]
        if name.strip() != "Reference image geometry" or len(numbers) != 22:
            continue
        try:
            values = np.array(numbers, float)
            low, high = values[16::2].astype(int), values[17::2].astype(int)
            matrix = values[:16].reshape(4, 4)
            matrix[:3, 3] += matrix[:3, :3] @ low
            size = (high - low + 1).tolist()
            return [Geometry.from_affine(matrix, size, ras=ras) for ras in (False, True)]
        except (ValueError, GeometryError):
            return []
    return []


def metadata_of(segmentation: Segmentation) -> dict[str, str]:
    """Names, colors, codes and layers of the labels, as 3D Slicer writes them."""
    keep: dict[str, str] = {}
    layers = segmentation.layers()
    for number, label in enumerate(segmentation.scheme):
        key = f"Segment{number}_"
        layer = next((n for n, array in enumerate(layers) if (array == label.value).any()), 0)
        color = label.color or (255, 255, 255)
        keep[key + "ID"] = f"Segment_{label.value}"
        keep[key + "Name"] = label.name
        keep[key + "LabelValue"] = str(label.value)
        keep[key + "Layer"] = str(layer)
        keep[key + "Color"] = " ".join(f"{channel / 255:.6f}" for channel in color)
        if label.category and label.type:
            codes = f"{_TERMS}Segmentation category and type~{label.category}~{label.type}~^^"
            place = f"~Anatomic codes~{label.anatomic_region}~^^" if label.anatomic_region else ""
            keep[key + "Tags"] = f"{codes}{place}|"
    return keep


def declare_layers(path: Path) -> None:
    """Call the first axis of a NRRD file a list of layers, as Slicer does, not a vector."""
    head, blank, voxels = path.read_bytes().partition(b"\n\n")
    path.write_bytes(head.replace(b"kinds: vector ", b"kinds: list ") + blank + voxels)
