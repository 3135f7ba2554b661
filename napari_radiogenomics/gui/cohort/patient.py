"""One patient on the screen: what is loaded, in which order, and what is kept on leaving."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer, Points

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.attached import Attached
from napari_radiogenomics.gui.cohort.refill import Refill, batched, models, refillable, unselected
from napari_radiogenomics.gui.layers.edits import Edits, is_unsaved
from napari_radiogenomics.gui.layers.keys import PART, SOURCE
from napari_radiogenomics.gui.layers.layers import FourthAxisView, LayerData, layers_of
from napari_radiogenomics.progress import Progress, quiet

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_radiogenomics.data.cohort import Cohort
    from napari_radiogenomics.data.samples import Samples
    from napari_radiogenomics.io.cohorts import PatientData

__all__ = ["AT_FIRST", "OPEN_WITH", "Loaded", "PatientView", "load_layers", "patient_layers"]

OPEN_WITH = ("scans", "segmentations", "biopsies", "slides")
"""What a patient can be opened with."""
AT_FIRST = OPEN_WITH[:3]
"""What it is opened with at first; slides are large, so they come on request."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A patient that was read and is ready to be shown.

    Attributes
    ----------
    patient_id, timepoint : str
        Who, and when.
    layers : list of LayerData
        In drawing order.
    data : PatientData
        What was read, with its problems.
    """

    patient_id: str
    timepoint: str
    data: PatientData
    layers: list[LayerData] = field(default_factory=list)


def load_layers(
    cohort: Cohort,
    patient_id: str,
    *,
    timepoint: str = "",
    open_with: Collection[str] = OPEN_WITH,
    window: str = "auto",
    fourth_axis: FourthAxisView = "auto",
    progress: Progress = quiet,
) -> Loaded:
    """Read a patient and make its layers; touches no viewer, so it may run in a worker.

    Parameters
    ----------
    cohort : Cohort
        As opened.
    patient_id : str
        Whom to read.
    timepoint : str, optional
        One timepoint only.
    open_with : collection of str, optional
        Any of `OPEN_WITH`.
    window, fourth_axis
        As for `layers_of`.
    progress : Progress, optional
        Reports the files.
    """
    from napari_radiogenomics.io.cohorts import load_patient

    data = load_patient(
        cohort, patient_id, timepoint=timepoint, slides="slides" in open_with, progress=progress
    )
    shown, data = _on_the_scans(cohort, data)
    layers = patient_layers(shown, open_with=open_with, window=window, fourth_axis=fourth_axis)
    return Loaded(data.patient_id, timepoint, data, layers)


def _on_the_scans(cohort: Cohort, data: PatientData) -> tuple[PatientData, PatientData]:
    """Data with samples of other frames on its scans, and the data with what went wrong."""
    from napari_radiogenomics.data.problems import Problem
    from napari_radiogenomics.io.frames import in_frames

    if data.samples is None:
        return data, data
    frames = [str(scan.metadata.get("frame", "")) for scan in data.scans]
    try:
        return replace(data, samples=in_frames(cohort, data.samples, frames)), data
    except InputError as error:  # a broken transform hides the samples that need it, no scan
        file = cohort.files.get("transforms", "")
        problem = Problem(file, None, "path", str(error), "", "error", data.patient_id)
        return data, replace(data, problems=(*data.problems, problem))


def patient_layers(
    data: PatientData,
    *,
    open_with: Collection[str] = OPEN_WITH,
    window: str = "auto",
    fourth_axis: FourthAxisView = "auto",
) -> list[LayerData]:
    """Layers of what was read of a patient: scans at the bottom, biopsies on top."""
    objects: list[Any] = list(data.scans) if "scans" in open_with else []
    if "segmentations" in open_with:
        objects += data.segmentations
    if "slides" in open_with:
        objects += data.slides
    if "biopsies" in open_with and data.samples is not None:
        objects.append(_of_frames(data.samples, data.scans))
    layers = layers_of(objects, window=window, fourth_axis=fourth_axis)
    _hide_further_readers(layers)
    return _with_the_scan_of_the_tumour_seen(layers, data)


def _hide_further_readers(layers: list[LayerData]) -> None:
    """Of several segmentations of a scan, show the first: two readers at once hide each other."""
    first: dict[str, str] = {}
    for _, settings, kind in layers:
        facts = getattr(settings.get("metadata", {}).get(SOURCE), "metadata", {})
        if kind == "labels" and "segmentation_id" in facts:
            own = facts["segmentation_id"]
            settings["visible"] = first.setdefault(facts.get("scan_id", ""), own) == own


def _with_the_scan_of_the_tumour_seen(
    layers: list[LayerData], data: PatientData
) -> list[LayerData]:
    """Of several scans, show the one that the regions were drawn on."""
    wanted = {segmentation.metadata.get("scan_id") for segmentation in data.segmentations[:1]}
    scans = {id(scan) for scan in data.scans if scan.metadata.get("scan_id") in wanted}
    own = [x for x in layers if id(x[1]["metadata"].get(SOURCE)) in scans]
    if own:
        for _, settings, kind in layers:
            if kind == "image" and not settings.get("rgb"):
                settings["visible"] = settings is own[0][1]
    return layers


def _of_frames(samples: Samples, scans: Iterable[Any]) -> Samples:
    """Samples whose coordinates are in the frame of a scan; other frames need a transform."""
    frames = {str(scan.metadata.get("frame", "")) for scan in scans} | {""}
    return samples.select(samples.table["frame"].isin(frames).to_numpy())


class PatientView(Attached):
    """Swaps the layers of patients in a viewer and lets nothing that was drawn get lost.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show them. Layers that are there already are left alone.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._loaded: list[Layer] = []
        self._others: list[Layer] = list(self.viewer.layers)
        self._painted: list[Layer] = []
        self._pending: list[Layer] = []
        self._surplus: list[Layer] = []
        self._edits: Edits | None = None
        self.patient_id = ""
        self.timepoint = ""

    @property
    def layers(self) -> list[Layer]:
        """Layers of the open patient: read, restored, or made by the person meanwhile."""
        if not self.patient_id:
            return []
        foreign = [*self._others, *self._surplus]
        return [layer for layer in self.viewer.layers if layer not in foreign]

    def leave(self) -> None:
        """Take the open patient off the screen; what was drawn is kept."""
        self._remove([*self._leave(), *self._surplus])
        self._surplus.clear()

    def _leave(self) -> list[Layer]:
        """Keep what was drawn; answer with layers that may be filled with other voxels."""
        if not self.patient_id or self._edits is None:
            return []
        own = self.layers
        kept = self._edits.keep((self.patient_id, self.timepoint), own, loaded=self._loaded)
        spare = [layer for layer in own if layer not in kept and self._may_be_refilled(layer)]
        for layer in own:
            self._listen(layer, on=False)
        self._remove([layer for layer in own if layer not in spare])
        self._loaded, self.patient_id, self.timepoint = [], "", ""
        self._painted.clear()
        self._pending.clear()
        return spare

    def _remove(self, layers: list[Layer]) -> None:
        """Remove layers; napari collects garbage once for each, or once for a batch."""
        with batched(self.viewer) if len(layers) > 1 else nullcontext():
            for layer in layers:
                self.viewer.layers.remove(layer)

    def _may_be_refilled(self, layer: Layer) -> bool:
        """Whether its visuals can serve another patient; painted labels have an undo history."""
        return layer in self._loaded and layer not in self._painted and refillable(layer)

    def show(self, loaded: Loaded, edits: Edits, *, at_once: bool = True) -> list[Layer]:
        """Show a patient in place of the one before.

        Parameters
        ----------
        loaded : Loaded
            What `load_layers` gave.
        edits : Edits
            Where what was drawn is kept.
        at_once : bool, optional
            Add the hidden scans too, and remove those of the patient before. Otherwise
            `show_next` does it step by step, so that the tumour is seen first.

        Returns
        -------
        list of Layer
            Its layers, in drawing order.
        """
        spare = [*self._leave(), *(x for x in self._surplus if x in self.viewer.layers)]
        self._others = [layer for layer in self.viewer.layers if layer not in spare]
        self._edits, self.patient_id = edits, loaded.patient_id
        self.timepoint = loaded.timepoint
        kept = edits.kept((loaded.patient_id, loaded.timepoint))
        with Refill(self.viewer, spare) as refill:
            self._loaded = _made_of(loaded.layers, refill, kept)
            self._surplus = [] if at_once else [layer for layer in spare if not layer.visible]
            self._remove([layer for layer in spare if layer not in self._surplus])
            refill.fill()
            center = self._tumour()
            refill.look_at(center)
        seen = _seen(loaded.layers, self._loaded, kept)
        for layer in (*self._loaded, *(x for x in kept if x not in self._loaded)):
            if at_once or layer.visible or layer in kept or layer in self.viewer.layers:
                self._add(layer)
            else:
                self._pending.append(layer)
        if center is not None:
            self.go_to(center)  # layers that are new have moved the sliders
        for layer in seen:
            if not layer.visible:
                layer.visible = True
        self._choose_the_scan()
        self.fit()
        return self.layers

    def show_next(self) -> bool:
        """Remove what is left of the patient before, else add the next hidden layer.

        Returns
        -------
        bool
            Whether more is waiting.
        """
        if self._surplus:
            dims, here = self.viewer.dims, self.viewer.dims.point
            self._remove([layer for layer in self._surplus if layer in self.viewer.layers])
            self._surplus.clear()
            dims.set_point(range(dims.ndim), here[-dims.ndim :])  # napari moved it with its sliders
        elif self._pending:
            self._add(self._pending.pop(0))
        return bool(self._surplus or self._pending)

    def _add(self, layer: Layer) -> None:
        """Put a layer above the one that precedes it in the drawing order."""
        layers = self.viewer.layers
        before = self._loaded[: self._loaded.index(layer)] if layer in self._loaded else layers
        there = [layers.index(x) + 1 for x in before if x in layers]
        place = max(there, default=len(self._others))
        if layer not in layers:
            with nullcontext() if layer.visible else unselected(self.viewer):
                layers.insert(place, layer)
        elif layers.index(layer) < place:
            layers.move(layers.index(layer), place)
        self._listen(layer)

    def _listen(self, layer: Layer, *, on: bool = True) -> None:
        if not isinstance(layer, Labels):
            return
        for event in (layer.events.paint, layer.events.labels_update, layer.events.data):
            if on:
                event.connect(self._touched)
            else:
                event.disconnect(self._touched)

    def _touched(self, event: Any = None) -> None:
        self._painted.append(event.source)
        if self._edits is not None and self.patient_id:
            self._edits.touch(self.patient_id)

    def look_again(self) -> None:
        """Find out whether the open patient still has unsaved labels, as after saving."""
        if self._edits is not None and self.patient_id:
            unsaved = any(is_unsaved(layer) for layer in self.layers)
            self._edits.touch(self.patient_id, unsaved=unsaved)

    def go_to(self, position: tuple[float, float, float]) -> None:
        """Show the slices at a place.

        Parameters
        ----------
        position : tuple of float
            x, y, z in LPS mm.
        """
        dims = self.viewer.dims
        dims.set_point(range(dims.ndim - 3, dims.ndim), position[::-1])

    def fit(self) -> None:
        """Fit the scan and its regions to the canvas, in all linked views; slides may lie out."""
        names = {layer.name for layer in self.layers if _is_volume(layer)}
        if not self.patient_id or not names:
            return
        names |= {layer.name for layer in self.layers if isinstance(layer, Points)}
        for model in models(self.viewer):
            mine = [layer for layer in model.layers if layer.name in names]
            with model.events.reset_view.blocker():  # else the linked views fit themselves too
                # Measuring a part of the layers costs napari ten times as much as all of them.
                model.reset_view(layers=mine if len(mine) < len(model.layers) else None)

    def _tumour(self) -> tuple[float, float, float] | None:
        """Middle of the first regions that are drawn, of those read and those made here."""
        drawn = [layer for layer in (*self._loaded, *self.layers) if isinstance(layer, Labels)]
        return next((c for c in map(_center, drawn) if c is not None), None)

    def _choose_the_scan(self) -> None:
        volumes = [layer for layer in self.layers if _is_volume(layer)]
        if volumes:
            best = next((layer for layer in volumes if layer.visible), volumes[0])
            self.viewer.layers.selection.active = best


def _seen(wanted: list[LayerData], made: list[Layer], kept: Collection[Layer]) -> list[Layer]:
    """Which of the made layers are to be seen; kept ones stay as the person left them."""
    pairs = zip(wanted, made, strict=True)
    return [x for (_, facts, _), x in pairs if facts.get("visible", True) and x not in kept]


def _made_of(wanted: list[LayerData], refill: Refill, kept: Collection[Layer]) -> list[Layer]:
    """Layers in the order wanted: kept ones, else spare ones filled anew, else new ones.

    What is seen takes the spare layers first, so that it is seen soonest.
    """
    known = {_identity(layer): layer for layer in kept if _identity(layer)}
    made: dict[int, Layer] = {}
    order = sorted(range(len(wanted)), key=lambda place: not wanted[place][1].get("visible", True))
    for place in order:
        data, settings, kind = wanted[place]
        identity = _identity_of(settings.get("metadata", {}), kind)
        layer = known.pop(identity, None) or refill.take(data, settings, kind)
        made[place] = layer or Layer.create(data, settings, kind)
    return [made[place] for place in range(len(wanted))]


def _is_volume(layer: Layer) -> bool:
    return isinstance(layer, Labels) or (isinstance(layer, ImageLayer) and not layer.rgb)


def _identity(layer: Layer) -> tuple[Any, ...] | None:
    kind = "labels" if isinstance(layer, Labels) else "other"
    return _identity_of(layer.metadata, kind)


def _identity_of(metadata: dict[str, Any], kind: str) -> tuple[Any, ...] | None:
    """Which part of which segmentation a labels layer shows; None for other layers."""
    facts = getattr(metadata.get(SOURCE), "metadata", {})
    if kind != "labels" or "segmentation_id" not in facts:
        return None
    return (facts["segmentation_id"], metadata.get(PART, 0))


def _center(layer: Labels) -> tuple[float, float, float] | None:
    """Place x, y, z of the slice with the most labelled voxels, at the voxel in their middle."""
    drawn = np.asarray(layer.data) > 0
    areas = drawn.sum(axis=(-2, -1))
    if areas.ndim != 1 or not areas.any():
        return None
    z = int(areas.argmax())
    y, x = np.rint(np.argwhere(drawn[z]).mean(axis=0))
    return tuple(layer.data_to_world((z, y, x))[::-1])
