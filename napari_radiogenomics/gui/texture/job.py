"""One run of texture maps: it remembers whose voxels it measures, until its maps are shown.

A person may open another patient while a run is under way, and layers are then filled with
other voxels. So a finished run is shown only where the scan it measured is on the screen; until
then it waits in the state of the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.layers.edits import object_from
from napari_radiogenomics.gui.layers.keys import SOURCE
from napari_radiogenomics.gui.session import Session, session_of
from napari_radiogenomics.gui.texture.sheet import Plane, Sheet
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.provenance import record_of, with_history
from napari_radiogenomics.radiomics import texture_maps
from napari_radiogenomics.radiomics.voxelwise import plan_maps

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = [
    "Board",
    "Finished",
    "Job",
    "job_of",
    "maps_of_layers",
    "objects_of",
    "owners",
    "waiting_of",
]

T = TypeVar("T")

_WAITING = "texture.waiting"
# What tells one scan from another besides its voxels.
_FACTS = ("scan_id", "path", "series")
# Steps that the progress of a run is told in, however many voxels there are.
_STEPS = 20_000


@dataclass(frozen=True, eq=False)
class Job:
    """What a run measures.

    Attributes
    ----------
    layer : Layer
        Layer of the scan.
    source : Image or None
        What the layer showed when the run began; None for a layer of napari itself.
    voxels : ndarray
        Its voxels on the screen then.
    owner : str
        Patient of the open cohort, with the timepoint where there are several; else the scan.
    scan, region : layer data tuple
        The data, at the start.
    """

    layer: Layer
    source: Image | None
    voxels: NDArray
    owner: str
    scan: Any
    region: Any

    def shown_in(self, viewer: ViewerModel) -> bool:
        """Whether the scan that was measured is on the screen, in this layer or in another."""
        return any(self._is_shown_by(layer) for layer in viewer.layers)

    def _is_shown_by(self, layer: Layer) -> bool:
        source = layer.metadata.get(SOURCE)
        if isinstance(source, Image) and self.source is not None:
            return _same_scan(source, self.source)
        return layer is self.layer and self.source is source and layer.data is self.voxels


@dataclass(frozen=True, eq=False)
class Finished:
    """Maps of a run that ended well.

    Attributes
    ----------
    job : Job
        What was measured.
    maps : dict of str to Image
        By PyRadiomics' name.
    voxels : int
        Voxels of the region on the true grid.
    """

    job: Job
    maps: dict[str, Image]
    voxels: int


def _same_scan(one: Image, other: Image) -> bool:
    """Whether two objects hold the same scan, as after reading its file again."""
    if one is other:
        return True
    facts = zip(*([x.metadata.get(fact) for fact in _FACTS] for x in (one, other)), strict=True)
    return (
        all(a == b for a, b in facts)
        and one.geometry == other.geometry
        and np.array_equal(one.array, other.array, equal_nan=one.array.dtype.kind == "f")
    )


def job_of(viewer: ViewerModel, scan: Layer, region: Layer) -> Job:
    """Note what a run on two layers measures; what may be painted on meanwhile is copied.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    scan, region : Layer
        An Image and a Labels layer of it.
    """
    source = scan.metadata.get(SOURCE)
    source = source if isinstance(source, Image) else None
    owner = _owner(session_of(viewer), source) or f'"{scan.name}"'
    data, attributes, kind = region.as_layer_data_tuple()
    region_data = (np.array(data), attributes, kind)
    return Job(scan, source, scan.data, owner, scan.as_layer_data_tuple(), region_data)


def _owner(session: Session, source: Image | None) -> str:
    """Patient of a scan of the open cohort, with the timepoint where there are several."""
    cohort = session.cohort
    scan_id = "" if source is None else source.metadata.get("scan_id", "")
    if cohort is None or scan_id not in cohort.scans.index:
        return ""
    row = cohort.scans.loc[scan_id]
    patient = str(row["patient_id"])
    several = len(cohort.timepoints_of(patient)) > 1
    return f"{patient} {row['timepoint']}" if several else patient


@dataclass
class Board:
    """Where a run in the worker shows what it has so far; the screen looks when it likes."""

    sheet: Sheet | None = None


def maps_of_layers(
    job: Job,
    *,
    near: Plane = (0, 0.0),
    board: Board | None = None,
    progress: Progress = quiet,
    **settings: Any,
) -> Finished:
    """Map texture on the true grid of what two layers showed when the job was made.

    Parameters
    ----------
    job : Job
        What to measure; labels carry what was painted.
    near : tuple of int and float, optional
        The slice that is looked at: it is measured first, the others outward from it.
    board : Board, optional
        Gets the sheet of values while it fills.
    progress : Progress, optional
        As for `texture_maps`.
    **settings
        As for `texture_maps`; ``label`` is required.
    """
    image, segmentation = objects_of(job)
    record = record_of(texture_maps, image, segmentation, **settings)
    plan = plan_maps(image, segmentation, **settings, progress=progress)
    sheet = Sheet(plan)
    if board is not None:
        board.sheet = sheet
    report = iter(progress(range(_STEPS), "Maps"))
    for part in sheet.outward(near):
        share = _STEPS * part.size / sheet.known.size
        sheet.measure(part, progress=_in_steps(progress, report, share))
    for _ in report:  # to its end, so that 100 % are said
        pass
    maps = {name: plan.map_of(name, found) for name, found in sheet.values.items()}
    return Finished(job, with_history(maps, record), sheet.known.size)


def _in_steps(outer: Progress, report: Iterator[int], share: float) -> Progress:
    """Make the progress of a part: it advances the whole by a share of its steps.

    What has no known number of steps, as compiling, is told as it is.
    """

    def progress(steps: Iterable[T], what: str = "") -> Iterator[T]:
        if not isinstance(steps, Sized):
            yield from outer(steps, what)
            return
        done = 0
        for number, step in enumerate(steps, start=1):
            due = int(share * number / len(steps))
            for _ in range(max(due - done, 1)):  # one at least: here a cancel is heard
                next(report, None)
            done = due
            yield step

    return progress


def objects_of(job: Job) -> tuple[Image, Segmentation]:
    """Scan and segmentation of a job on their true grid."""
    image = object_from(*job.scan)
    data, attributes, kind = job.region
    return image, object_from(data, attributes, kind, [job.scan])


def waiting_of(viewer: ViewerModel) -> list[Finished]:
    """Runs whose scan was not on the screen when they ended; the list may be changed."""
    return session_of(viewer).state.setdefault(_WAITING, [])


def owners(runs: Iterable[Finished]) -> str:
    """Whose maps they are, each once: ``"P001 and P002"``."""
    return " and ".join(dict.fromkeys(run.job.owner for run in runs))
