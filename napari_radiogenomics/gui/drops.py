"""What was dropped: cohort, file or folder of files; and what follows once it is on screen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import napari
import napari.viewer
import numpy as np
from napari.layers import Labels

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.layers.layers import LayerData
from napari_radiogenomics.io.cohort_open import find_layout
from napari_radiogenomics.io.files import find_format
from napari_radiogenomics.io.format import FORMATS, Format
from napari_radiogenomics.io.layout import LAYOUTS
from napari_radiogenomics.io.scan_tree import EXAMPLE, has_scans

__all__ = [
    "dress_later",
    "files_of",
    "is_cohort",
    "is_scan_tree",
    "lying_apart",
    "on_another_grid",
    "readers_of_others",
    "scan_of",
]

# A folder with more volumes than this is rather a cohort than something to look at at once.
_MOST_VOLUMES = 20


def is_cohort(path: Path) -> bool:
    """Whether a folder, or a table of it, is a cohort of any layout; looks at names mostly.

    Parameters
    ----------
    path : Path
        Folder, ``cohort.toml``, or a table. A table of samples is opened as points.
    """
    try:
        if path.is_file():
            if any(form.claims(path) for form in _of_pixels()):
                return False
            form = _format_of(path)
            if form is not None:
                return "cohort" in form.kinds
        find_layout(path)
    except (InputError, OSError):
        return False
    return True


def _of_pixels() -> list[Format]:
    return [form for form in FORMATS if {"image", "segmentation", "slide"} & set(form.kinds)]


def _of_voxels() -> list[Format]:
    return [form for form in FORMATS if {"image", "segmentation"} & set(form.kinds)]


def _format_of(path: Path) -> Format | None:
    try:
        return find_format(path)
    except InputError:
        return None


def files_of(path: Path) -> list[Path]:
    """What to read of something that was dropped.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    list of Path
        The path itself; or, of a folder that is no format of its own, the volumes in it.

    Raises
    ------
    InputError
        If the folder holds nothing that can be opened, or too many volumes; says what was
        looked for.
    """
    if not path.is_dir() or _format_of(path) is not None:
        return [path]
    able = _of_voxels()
    volumes = [
        one
        for one in sorted(path.iterdir())
        if one.is_file() and any(form.claims(one) for form in able)
    ]
    if not volumes:
        raise InputError(_nothing_in(path, able))
    if len(volumes) > _MOST_VOLUMES:
        raise InputError(
            f"{path} holds {len(volumes)} volumes; no more than {_MOST_VOLUMES} are opened at "
            "once. Choose the files themselves, or open the folder in the Cohort dock with a "
            "pattern such as {patient_id}_{modality}.nii.gz."
        )
    return volumes


def is_scan_tree(path: Path) -> bool:
    """Whether a folder holds volumes in folders of its own only, as of patients.

    Parameters
    ----------
    path : Path
        What was dropped and is no cohort.
    """
    if not path.is_dir() or _format_of(path) is not None:
        return False
    directly = any(form.claims(one) for form in _of_voxels() for one in path.iterdir())
    return not directly and has_scans(path)


def readers_of_others(paths: Sequence[Path]) -> list[Callable[[str], list[LayerData]]]:
    """How other plugins read a folder that holds nothing of ours, such as one of pictures.

    Parameters
    ----------
    paths : sequence of Path
        What was dropped.

    Returns
    -------
    list of callable
        One for each plugin; none where it is no single folder, is ours, or holds nothing that
        anybody reads.
    """
    from npe2 import PluginManager, read

    def others(one: Path) -> set[str]:
        readers = PluginManager.instance().iter_compatible_readers([str(one)])
        return {reader.plugin_name for reader in readers} - {"napari-radiogenomics"}

    def pass_on(plugin: str, path: str) -> list[Any]:
        return list(read([path], stack=False, plugin_name=plugin))

    if len(paths) != 1 or not paths[0].is_dir() or is_cohort(paths[0]):
        return []
    (folder,) = paths
    files = [one for one in folder.iterdir() if one.is_file()]
    ours = _format_of(folder) is not None or any(
        form.claims(f) for form in _of_voxels() for f in files
    )
    if ours or not (folder.suffix == ".zarr" or any(map(others, files))):
        return []
    return [partial(pass_on, plugin) for plugin in sorted(others(folder))]


def _nothing_in(path: Path, able: Iterable[Format]) -> str:
    endings = ", ".join(dict.fromkeys(suffix for form in able for suffix in form.suffixes))
    layouts = "; ".join(layout.title for layout in LAYOUTS if layout.name != "pattern")
    return (
        f"Nothing in the folder {path} can be opened. Looked for a cohort ({layouts}), for a "
        f"DICOM series, and for volumes directly in it ({endings}). Choose the folder that holds "
        f"them; folders of patients open in the Cohort dock with a pattern such as {EXAMPLE}."
    )


def scan_of(
    objects: Iterable[Any], beside: Iterable[Any], shown: Iterable[Any] = ()
) -> Image | None:
    """Find the scan that a segmentation which was read without it refers to.

    Parameters
    ----------
    objects : iterable
        What was read.
    beside : iterable
        What else was read.
    shown : iterable, optional
        Layers that are there already.

    Returns
    -------
    Image or None
        Nothing where the segmentation lies on the grid of its scan already.
    """
    there = [getattr(layer, "metadata", {}).get(SOURCE) for layer in shown]
    scans = [x for x in (*beside, *there) if isinstance(x, Image) and x.modality != "map"]
    for obj in objects:
        series = obj.metadata.get("source_series") if isinstance(obj, Segmentation) else ""
        for scan in scans if series else ():
            same = scan.geometry.same_grid(obj.geometry)
            if scan.metadata.get("series") == series and not same:
                return scan
    return None


def on_another_grid(objects: Iterable[Any], shown: Iterable[Any] = ()) -> str:
    """Say which segmentations lie on the grid of no scan.

    Parameters
    ----------
    objects : iterable
        What was read.
    shown : iterable, optional
        Layers that are there already.

    Returns
    -------
    str
        One warning with both grids and the remedy; ``""`` where all fit, or no scan is there.
    """
    objects = list(objects)
    there = [getattr(layer, "metadata", {}).get(SOURCE) for layer in shown]
    scans = [x for x in (*objects, *there) if isinstance(x, Image) and x.modality != "map"]
    odd = [
        x
        for x in objects
        if isinstance(x, Segmentation)
        and not any(scan.geometry.same_grid(x.geometry) for scan in scans)
    ]
    if not (scans and odd):
        return ""
    drawn = "; ".join(f"{x.name} ({_grid(x.geometry)})" for x in odd)
    return (
        f"On the grid of no open scan: {drawn}. The scan {scans[0].name} has "
        f"{_grid(scans[0].geometry)}. Both are drawn where they lie in mm. Open the scan that the "
        "regions were drawn on; or bring them onto this one with Onto scan in the Segment dock "
        "(imaging.resample in Python)."
    )


def lying_apart(objects: Iterable[Any]) -> str:
    """Say which scans were read and lie where the first, which is shown, does not.

    Parameters
    ----------
    objects : iterable
        What was read.

    Returns
    -------
    str
        One note with what to do; ``""`` where all scans meet the first.
    """
    scans = [x for x in objects if isinstance(x, Image) and x.modality != "map"]
    boxes = [_box(scan.geometry) for scan in scans]
    apart = [
        scan.name
        for scan, (low, high) in zip(scans, boxes, strict=True)
        if (low > boxes[0][1]).any() or (high < boxes[0][0]).any()
    ]
    if not apart:
        return ""
    return (
        f"Shown: {scans[0].name}. Elsewhere in mm, as of another patient, and hidden: "
        f"{', '.join(apart)}. Open each alone, or all of them as a cohort in the Cohort dock."
    )


def _box(geometry: Geometry) -> tuple[Any, Any]:
    """Lowest and highest corner in mm."""
    ends = np.array(list(itertools.product(*((0, n - 1) for n in geometry.size))), float)
    world = geometry.index_to_world(ends)
    return world.min(axis=0), world.max(axis=0)


def _grid(geometry: Geometry) -> str:
    x, y, z = geometry.origin
    return f"{geometry}, first voxel at x {x:.1f}, y {y:.1f}, z {z:.1f}"


def dress_later(layers: Iterable[LayerData]) -> None:
    """Once napari has added scans, show scale bar and letters; with the first regions, the tumour.

    Does nothing where there is no window.

    Parameters
    ----------
    layers : iterable of LayerData
        What a reader is about to return.
    """
    viewer, layers = napari.current_viewer(), list(layers)
    if not isinstance(viewer, napari.viewer.Viewer) or not any(map(_is_volume, layers)):
        return
    from qtpy.QtCore import QTimer

    # Scan and regions that are dropped together come one after the other.
    drawn = any(kind == "labels" for _, _, kind in layers)
    first = drawn and not any(isinstance(layer, Labels) for layer in viewer.layers)
    QTimer.singleShot(0, lambda: _dress(viewer, first))


def _is_volume(layer: LayerData) -> bool:
    _, settings, kind = layer
    return kind in ("image", "labels") and not settings.get("rgb")


def _dress(viewer: napari.viewer.Viewer, first_regions: bool) -> None:
    if napari.current_viewer() is not viewer:
        return  # closed meanwhile
    from napari_radiogenomics.gui.canvas.dress import dress_on_first_scan
    from napari_radiogenomics.gui.canvas.empty_slice import visible_scan
    from napari_radiogenomics.gui.canvas.looking import look_at_scan, look_at_tumour
    from napari_radiogenomics.gui.cohort.refill import models

    dress_on_first_scan(viewer)
    if first_regions:
        look_at_tumour(viewer)  # also where another case was looked at and removed before
    scan = visible_scan(viewer)
    if look_at_scan(viewer) and scan is not None:
        for model in models(viewer):
            mine = [layer for layer in model.layers if layer.name == scan.name]
            with model.events.reset_view.blocker():  # else the linked views fit themselves too
                model.reset_view(layers=mine)
