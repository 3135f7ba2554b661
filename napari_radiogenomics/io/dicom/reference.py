"""The scan that a segmentation or a contour refers to: found beside it, or given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.io.dicom.grid import fit_grid
from napari_radiogenomics.io.dicom.headers import Folder, scan_folder
from napari_radiogenomics.io.dicom.images import stacks_of
from napari_radiogenomics.io.format import ReadOptions

__all__ = ["Reference", "find_references"]


@dataclass(frozen=True)
class Reference:
    """A scan, by its grid and its files.

    Attributes
    ----------
    geometry : Geometry
        Its grid.
    title : str
        What messages call it.
    facts : dict
        ``source_series``, ``source_files``, ``source_instances`` and ``source_class`` for the
        metadata of what is drawn on it.
    """

    geometry: Geometry
    title: str
    facts: dict[str, Any]


def find_references(
    path: Path,
    options: ReadOptions,
    folder: Folder | None,
    *,
    series: Iterable[str],
    frame_of_reference: str = "",
) -> list[Reference]:
    """List the scans that may be meant, most likely first.

    Parameters
    ----------
    path : Path
        File that refers to a scan.
    options : ReadOptions
        Its ``reference`` comes first.
    folder : Folder or None
        Headers of the files beside it, where they were read already.
    series : iterable of str
        SeriesInstanceUIDs referred to.
    frame_of_reference : str, optional
        Where none of the series lies there, scans of this frame of reference will do.
    """
    found = []
    if options.reference is not None:
        found.append(_given(options.reference))
    folder = scan_folder(path.parent) if folder is None else folder
    wanted = set(series)
    files = folder.images(wanted)
    if not files and frame_of_reference:
        files = {
            p: header
            for p, header in folder.images().items()
            if str(header.get("FrameOfReferenceUID", "")) == frame_of_reference
            and header.get("Modality") != "RTDOSE"
        }
    return found + (_beside(files, folder.path) if files else [])


def _given(reference: Any) -> Reference:
    geometry = getattr(reference, "geometry", None)
    if not isinstance(geometry, Geometry):
        raise InputError(
            f"The reference is a {type(reference).__name__}, which has no grid. Give the scan "
            "that was drawn on."
        )
    metadata = getattr(reference, "metadata", {})
    facts = {
        "source_series": metadata.get("series", ""),
        "source_files": metadata.get("source_files", ()),
        "source_instances": metadata.get("instances", ()),
        "source_class": metadata.get("sop_class", ""),
    }
    return Reference(geometry, getattr(reference, "name", "") or "the scan given", facts)


def _beside(files: dict[Path, Any], where: Path) -> list[Reference]:
    """Grids of the scans that the files hold, largest first; pixels are not read."""
    found = []
    for stack in stacks_of(files, where):
        planes = stack.volumes[0]
        if not planes[0].placed:
            continue
        try:
            grid = fit_grid(planes, where)
        except GeometryError:
            continue  # opening that scan tells what is wrong with it
        header = planes[0].header
        per_place = dict(zip(grid.places, planes, strict=True))
        rows = [per_place.get(k) for k in range(grid.geometry.size[2])]
        facts = {
            "source_series": str(header.get("SeriesInstanceUID", "")),
            "source_files": tuple("" if p is None else str(p.path) for p in rows),
            "source_instances": tuple(
                "" if p is None else str(p.header.SOPInstanceUID) for p in rows
            ),
            "source_class": str(header.get("SOPClassUID", "")),
        }
        title = str(header.get("SeriesDescription") or header.get("Modality") or "scan")
        found.append(Reference(grid.geometry, title, facts))
    return sorted(found, key=lambda reference: -reference.geometry.size[2])
