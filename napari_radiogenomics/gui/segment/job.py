"""One use of a tool on a layer: what it is given, what it gives, and how it is applied.

`ToolJob` is made on the screen's thread and holds copies; `run_tool` works on the true grid and
touches no layer, so that it runs in a worker; `apply_change` is one undo step of napari's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation, labels_present
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.gui.layers.edits import object_from
from napari_radiogenomics.gui.layers.keys import PART, SOURCE, TRUE
from napari_radiogenomics.gui.segment.guard import locked_of
from napari_radiogenomics.gui.segment.regions import scheme_with, write_scheme
from napari_radiogenomics.gui.segment.strokes import FROM_STROKES, Drawn, strokes_of
from napari_radiogenomics.imaging.display import show
from napari_radiogenomics.progress import Progress, quiet
from napari_radiogenomics.segmentation import changes
from napari_radiogenomics.segmentation.tool import Tool
from napari_radiogenomics.signature import describe

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

__all__ = [
    "Change",
    "ToolJob",
    "apply_change",
    "change_of",
    "drawn_by",
    "job_for",
    "other_scans",
    "regions_of",
    "run_tool",
    "scan_fitting",
    "scan_of",
    "with_strokes",
]

# Results of tools on oblique grids that are known exactly, after undo and redo too.
_MOST_STATES = 5


@dataclass(frozen=True, eq=False)
class ToolJob:
    """What a tool is to do.

    Attributes
    ----------
    tool : Tool
        The tool.
    layer : napari.layers.Labels
        The layer it works on.
    shown : ndarray
        Its labels on the screen, copied.
    region, scan, second : layer data tuple or None
        The segmentation, the scan and another segmentation, at this moment.
    settings : mapping
        Of the verb; ``locked`` among them.
    others : sequence of layer data tuple
        Further scans, for the tool that learns from several.
    points : sequence of ndarray
        Contours x, y, z in LPS mm, for the tool that takes them.
    known : sequence of Drawn
        Strokes behind regions that were grown before, for a tool that grows from strokes.
    """

    tool: Tool
    layer: Labels
    shown: NDArray[np.integer]
    region: Any
    scan: Any = None
    second: Any = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[Any] = ()
    points: Sequence[NDArray[np.float64]] = ()
    known: Sequence[Drawn] = ()


@dataclass(frozen=True, eq=False)
class Change:
    """What a tool would change.

    Attributes
    ----------
    job : ToolJob
        What was done.
    after : ndarray
        Labels of the screen with the change.
    true : ndarray
        Labels of the true grid with the change.
    scheme : tuple of Label
        Labels that are new.
    volumes : dict of int to tuple of float
        mL before and after of each label that changes, on the true grid.
    whole : bool
        Whether it is all that would change, or only what is seen of it by now.
    notes : tuple of str
        What a person should know of how it was found.
    drawn : tuple of Drawn
        The strokes it was grown from, with the labels before and after.
    """

    job: ToolJob
    after: NDArray[np.integer]
    true: NDArray[np.integer]
    scheme: tuple[Label, ...]
    volumes: dict[int, tuple[float, float]]
    whole: bool = True
    notes: tuple[str, ...] = ()
    drawn: tuple[Drawn, ...] = ()

    @property
    def voxels(self) -> int:
        """How many voxels of the screen change."""
        return int(np.count_nonzero(self.after != self.job.shown))


def job_for(
    tool: Tool,
    layer: Labels,
    scan: Layer | None,
    settings: Mapping[str, Any],
    *,
    second: Labels | None = None,
    others: Iterable[Layer] = (),
    points: Sequence[NDArray[np.float64]] = (),
) -> ToolJob:
    """Note what a tool is to do; what may be painted on meanwhile is copied.

    Raises
    ------
    InputError
        If the tool needs a scan and there is none.
    """
    if tool.needs_image and scan is None:
        raise InputError(f"{tool.title} works on the values of a scan. Open the scan first.")
    region = _copied(layer)
    return ToolJob(
        tool,
        layer,
        region[0],
        region,
        None if scan is None else scan.as_layer_data_tuple(),
        None if second is None else _copied(second),
        {**settings, "locked": tuple(sorted(locked_of(layer)))},
        [other.as_layer_data_tuple() for other in others],
        points,
    )


def _copied(layer: Labels) -> Any:
    data, attributes, kind = layer.as_layer_data_tuple()
    return np.array(data), attributes, kind


def scan_of(layer_data: Any) -> Image | None:
    """Return the scan of layer data; napari does not edit the voxels of images."""
    if layer_data is None:
        return None
    source = layer_data[1].get("metadata", {}).get(SOURCE)
    found = source if isinstance(source, Image) else object_from(*layer_data)
    return found if isinstance(found, Image) else None


def regions_of(layer_data: Any, others: Iterable[Any] = ()) -> Segmentation:
    """Return the segmentation of one Labels layer; of overlapping regions, those of this layer."""
    data, attributes, kind = layer_data
    found: Segmentation = object_from(data, attributes, kind, [x for x in others if x is not None])
    if found.overlapping:
        labels = found.layers()[attributes.get("metadata", {}).get(PART, 0)]
        present = labels_present(labels)
        scheme = tuple(label for label in found.scheme if label.value in present)
        found = replace(found, labels=labels, scheme=scheme)
    return replace(found, fractions=None)


def run_tool(job: ToolJob, *, progress: Progress = quiet) -> Change:
    """Do what a job says, on the true grid; no layer changes.

    Parameters
    ----------
    job : ToolJob
        As `job_for` made it.
    progress : Progress, optional
        Handed to the verb where it takes one.

    Raises
    ------
    InputError
        If the tool cannot do it, or nothing would change.
    GeometryError
        If scan and segmentation are on different grids.
    """
    before = regions_of(job.region, [job.scan])
    asked = with_strokes(job, before)
    after = _used(job, asked, progress)
    change = replace(change_of(job, before, after), drawn=drawn_by(job, before, asked, after))
    if not change.voxels:
        raise InputError(
            f"{job.tool.title} would change nothing here. Change a setting, the label or the slice."
        )
    return change


def with_strokes(job: ToolJob, before: Segmentation) -> Segmentation:
    """Regions as a tool should take them: strokes in place of what grew from them earlier."""
    if not job.known:
        return before
    background, chosen = (job.settings.get(name) for name in ("background", "labels"))
    strokes = strokes_of(
        before.labels,
        job.known,
        background=background,
        competing=None if chosen is None else {*chosen, background} - {None},
        locked=job.settings.get("locked", ()),
    )
    return replace(before, labels=strokes)


def drawn_by(
    job: ToolJob, before: Segmentation, asked: Segmentation, after: Segmentation
) -> tuple[Drawn, ...]:
    """What to remember of a tool that grows from strokes."""
    if job.tool.name not in FROM_STROKES:
        return ()
    return tuple(Drawn(one.labels, asked.labels) for one in (before, after))


def change_of(
    job: ToolJob, before: Segmentation, after: Segmentation, *, whole: bool = True
) -> Change:
    """Compare the regions before and after a tool, on the screen and on the true grid."""
    shown = np.asarray(job.shown)
    old, new = show(before)[0].array, show(after)[0].array
    # On an oblique grid only voxels that the tool changed: the screen may show more.
    seen = np.where(new != old, new, shown.astype(np.result_type(new, shown), copy=False))
    known = {label.value for label in before.scheme}
    added = tuple(label for label in after.scheme if label.value not in known)
    volumes = _volumes(before, after) if whole else {}
    return Change(job, seen, after.labels, added, volumes, whole)


def _used(job: ToolJob, before: Segmentation, progress: Progress) -> Segmentation:
    verb = inspect.unwrap(job.tool.verb)  # a preview needs no record
    form = describe(verb)
    names = [parameter.name for parameter in form.data]
    data: list[Any] = [before]
    for name in names[1:]:
        if name == "image":
            data.append(scan_fitting(job, before))
        elif name == "second":
            data.append(None if job.second is None else regions_of(job.second, [job.scan]))
        elif name == "others":
            data.append(other_scans(job, before))
        else:
            data.append(list(job.points))
    more = {"progress": progress} if form.takes_progress else {}
    found: Segmentation = verb(*data, **job.settings, **more)
    return found


def other_scans(job: ToolJob, before: Segmentation) -> list[Image]:
    """Return the further scans of a job that lie on the grid of its segmentation."""
    scans = (scan_of(other) for other in job.others)
    return [x for x in scans if x and x.geometry.same_grid(before.geometry)]


def scan_fitting(job: ToolJob, before: Segmentation) -> Image | None:
    """Return the scan; one on another grid is left out where the tool does without."""
    image = scan_of(job.scan)
    if image is None or image.geometry.same_grid(before.geometry):
        return image
    if not job.tool.needs_image and not _asks_for_values(job.settings):
        return None
    raise GeometryError(
        f'Scan "{image.name}" ({image.geometry}) and {before.called} '
        f"({before.geometry}) are on different grids. Choose the scan it was drawn on, or press "
        "Onto scan to resample the regions."
    )


def _asks_for_values(settings: Mapping[str, Any]) -> bool:
    return any(settings.get(name) is not None for name in ("low", "high"))


def _volumes(before: Segmentation, after: Segmentation) -> dict[int, tuple[float, float]]:
    ml = before.geometry.voxel_volume / 1000
    differs = before.labels != after.labels
    found = {}
    for value in labels_present(
        np.concatenate([before.labels[differs], after.labels[differs]]).astype(np.int64)
    ):
        counts = (int((one.labels == value).sum()) for one in (before, after))
        first, second = (count * ml for count in counts)
        found[value] = (first, second)
    return found


def apply_change(viewer: ViewerModel, change: Change) -> int:
    """Write a change into its layer, as one step that napari's undo takes back.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer with the layer.
    change : Change
        What `run_tool` found.

    Returns
    -------
    int
        How many voxels were written.

    Raises
    ------
    InputError
        If the layer was changed meanwhile, or its type does not hold a new label.
    """
    layer = change.job.layer
    if layer not in viewer.layers or not np.array_equal(layer.data, change.job.shown):
        raise InputError("The segmentation was changed meanwhile. Look at the preview again.")
    indices, values = changes(layer.data, change.after)
    source = layer.metadata.get(SOURCE)
    if change.scheme and isinstance(source, Segmentation):
        write_scheme(viewer, layer, scheme_with(source.scheme, *change.scheme))
    layer.data_setitem(indices, values)
    if isinstance(source, Segmentation) and source.geometry.is_oblique:
        known = (*layer.metadata.get(TRUE, ()), (np.array(layer.data), change.true))
        layer.metadata[TRUE] = known[-_MOST_STATES:]
    _record(viewer, change)
    return int(values.size)


def _record(viewer: ViewerModel, change: Change) -> None:
    """Add the tool and its settings to the history of the segmentation."""
    from napari_radiogenomics import __version__
    from napari_radiogenomics.provenance import Record

    layer = change.job.layer
    source = layer.metadata.get(SOURCE)
    if not isinstance(source, Segmentation):
        return
    settings = {name: value for name, value in change.job.settings.items() if value is not None}
    time = datetime.now(UTC).isoformat(timespec="seconds")
    versions = {"napari-radiogenomics": __version__}
    record = Record(change.job.tool.verb.__name__, settings, {}, versions, time)
    after = source.recorded(record)
    for other in viewer.layers:
        if other.metadata.get(SOURCE) is source:
            other.metadata[SOURCE] = after
