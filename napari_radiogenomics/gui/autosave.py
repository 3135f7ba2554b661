"""Every change of a labels layer is kept within seconds, and given back after a crash.

Strategy: a change starts a timer that is not started again by further ones, so that steady
painting is kept too. Then the voxels are copied and a worker writes them. A layer that leaves the
viewer before is written at once.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.qt.threading import create_worker
from napari.utils.colormaps import DirectLabelColormap
from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QTimer

from napari_radiogenomics.data.segmentation import CODES, Label, Segmentation
from napari_radiogenomics.errors import InputError, RadiogenomicsError
from napari_radiogenomics.gui.attached import Attached, attached, is_attached
from napari_radiogenomics.gui.cohort.patient import PatientView
from napari_radiogenomics.gui.layers.edits import is_unsaved
from napari_radiogenomics.gui.layers.keys import AXES, PART, PASSING, SOURCE, UNITS
from napari_radiogenomics.gui.layers.layers import label_colors
from napari_radiogenomics.gui.layers.scan_mark import drawn_scan, scan_mark, scans_of
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.io.recovery import (
    Drawing,
    Place,
    find_drawings,
    keep_drawing,
    put_aside,
    read_drawing,
    state_folder,
)
from napari_radiogenomics.provenance import content_hash

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Autosave", "SESSION"]

SESSION = f"{os.getpid():x}.{time.time_ns():x}"
"""Differs from one start of the program to the next."""
_WAIT_MS = 3000


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Call a method while its owner is there: Qt would hold the owner for ever."""
    weak = weakref.WeakMethod(method)

    def call() -> None:
        alive = weak()
        if alive is not None:
            alive()

    return call


class Autosave(Attached):
    """Keeps what is drawn in a viewer, and finds what an earlier session kept.

    Parameters
    ----------
    viewer : ViewerModel
        Whose labels layers are watched.

    Attributes
    ----------
    kept : Signal()
        Emitted when drawings were written.
    failed : Signal(str)
        Emitted with a message when one could not be.
    offers_changed : Signal()
        Emitted when there is more or less to recover.
    """

    kept = Signal()
    failed = Signal(str)
    offers_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.folder: Path = state_folder()
        self.session = SESSION
        self.kept_at: float | None = None
        self.offers: list[Drawing] = []
        self.elsewhere: list[Drawing] = []
        self._touched: weakref.WeakKeyDictionary[Layer, tuple[str, str, str]]
        self._touched = weakref.WeakKeyDictionary()
        self._files: weakref.WeakKeyDictionary[Layer, Path] = weakref.WeakKeyDictionary()
        self._states: weakref.WeakKeyDictionary[Layer, str] = weakref.WeakKeyDictionary()
        self._scans: weakref.WeakKeyDictionary[Layer, tuple[str, str]]
        self._scans = weakref.WeakKeyDictionary()
        self._writing: Any = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(_weakly(self.write))
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(_weakly(self.write_now))
        self.viewer.layers.events.inserted.connect(self._inserted)
        self.viewer.layers.events.removed.connect(self._removed)
        for layer in self.viewer.layers:
            self._listen(layer)
        session_of(self.viewer).cohort_changed.connect(self._use_cohort)
        self._use_cohort()
        self.look()

    # What is drawn

    def _use_cohort(self, _cohort: object = None) -> None:
        saved = session_of(self.viewer).edits.saved
        saved.disconnect(self._saved, missing_ok=True)
        saved.connect(self._saved)

    def _inserted(self, event: Any) -> None:
        self._listen(event.value)
        if isinstance(event.value, Labels | Image):
            self.look()

    def _listen(self, layer: Layer) -> None:
        if isinstance(layer, Labels):
            events = layer.events  # names and colors are in the metadata
            for event in (events.paint, events.labels_update, events.data, events.metadata):
                event.disconnect(self._changed)
                event.connect(self._changed)
            layer.events.set_data.disconnect(self._drawn_anew)
            layer.events.set_data.connect(self._drawn_anew)

    def _drawn_anew(self, event: Any) -> None:
        """Look again at a layer that was edited: napari tells of undo only so."""
        if event.source in self._states:
            self._changed(event)

    def _removed(self, event: Any) -> None:
        if event.value in self._touched:
            drawing = self._drawing(event.value)
            self._touched.pop(event.value, None)
            if drawing is not None:
                self._keep([(event.value, drawing)])

    def _changed(self, event: Any) -> None:
        layer = event.source
        if not layer.metadata.get(PASSING):
            self._touched[layer] = self._visit()
            if not self._timer.isActive():
                self._timer.start()

    def _visit(self) -> tuple[str, str, str]:
        cohort = session_of(self.viewer).cohort
        if cohort is None or not is_attached(self.viewer, PatientView):
            return "", "", ""
        view = attached(self.viewer, PatientView)
        return str(cohort.root), view.patient_id, view.timepoint

    def _place(self, layer: Layer, visit: tuple[str, str, str]) -> Place:
        facts = getattr(layer.metadata.get(SOURCE), "metadata", {})
        texts = {
            name: str(facts.get(name) or "") for name in ("scan_id", "segmentation_id", "path")
        }
        cohort, patient_id, timepoint = visit
        part = int(layer.metadata.get(PART, 0))
        return Place(cohort, patient_id, timepoint, part=part, name=layer.name, **texts)

    def _drawn_place(self, layer: Layer, visit: tuple[str, str, str]) -> Place:
        """Say of labels without a file what they are drawn on; that stays, whatever is opened."""
        place = self._place(layer, visit)
        if place.is_own and layer not in self._scans:
            scan = drawn_scan(layer, self.viewer.layers)
            if scan is None:
                return place
            facts = getattr(scan.metadata.get(SOURCE), "metadata", {})
            self._scans[layer] = scan_mark(scan), str(facts.get("path") or scan.name)
        mark, name = self._scans[layer] if place.is_own else ("", "")
        return replace(place, scan=mark, scan_name=name)

    def _drawing(self, layer: Layer) -> Drawing | None:
        """Copy of what is drawn; nothing where all of it is saved, or kept already."""
        source = layer.metadata.get(SOURCE)
        scheme = getattr(source, "scheme", ())
        state = content_hash([np.asarray(layer.data), [str(label) for label in scheme]])
        before = self._states.get(layer)
        self._states[layer] = state
        if not is_unsaved(layer):
            self._forget(layer)
            return None
        if state == before and layer in self._files:
            return None
        history = getattr(source, "history", ())
        painting = layer.mode not in ("pan_zoom", "transform")
        tool = str(layer.mode) if painting or not history else history[-1].verb
        place = self._drawn_place(layer, self._touched.get(layer, self._visit()))
        grid = tuple(layer.scale), tuple(layer.translate)
        return Drawing(place, np.array(layer.data), *grid, scheme, tool)

    def write(self) -> None:
        """Keep now what has changed; a worker writes it."""
        if self._writing is not None:
            self._timer.start()
            return
        changed = [(layer, self._drawing(layer)) for layer in list(self._touched)]
        self._touched.clear()
        drawings = [(layer, drawing) for layer, drawing in changed if drawing is not None]
        if not drawings:
            return
        quiet = {"_ignore_errors": True, "_start_thread": False}
        worker = create_worker(self._keep_quietly, drawings, **quiet)
        worker.returned.connect(self._written)
        worker.finished.connect(self._done)
        self._writing = worker
        worker.start()

    def _keep_quietly(self, drawings: list[tuple[Layer, Drawing]]) -> Any:
        try:
            return [
                (x, keep_drawing(drawing, self.folder, self.session)) for x, drawing in drawings
            ]
        except RadiogenomicsError as error:
            return str(error)  # napari takes an error that is returned for one that was raised

    def _keep(self, drawings: list[tuple[Layer, Drawing]]) -> None:
        self._written(self._keep_quietly(drawings))

    def _written(self, answer: Any) -> None:
        if isinstance(answer, str):
            self.failed.emit(answer)
            return
        for layer, path in answer:
            self._files[layer] = path
        self.kept_at = time.monotonic()
        self.kept.emit()
        for layer, _ in answer:
            if not is_unsaved(layer):  # saved while it was written
                self._forget(layer)

    def _done(self) -> None:
        self._writing = None

    @property
    def busy(self) -> bool:
        """Whether something waits to be kept, or is being written."""
        return bool(self._touched) or self._writing is not None

    def _forget(self, layer: Layer) -> None:
        path = self._files.pop(layer, None)
        if path is not None:
            path.unlink(missing_ok=True)

    def _saved(self, _segmentation: object) -> None:
        """After a proper save nothing is kept of what was written."""
        for layer in list(self._files):
            if not is_unsaved(layer):
                self._forget(layer)

    # What was drawn before a crash

    def look(self) -> list[Drawing]:
        """Find what earlier sessions kept of what is open; the rest is listed in ``elsewhere``."""
        before = self.offers, self.elsewhere
        kept = find_drawings(self.folder, but=self.session)
        visit = self._visit()
        places = [self._place(x, visit) for x in self.viewer.layers if isinstance(x, Labels)]
        keys = {place.key for place in places if not place.is_own}
        marks = {scan_mark(scan) for scan in scans_of(self.viewer.layers)} if kept else set()
        found: dict[str, Drawing] = {}
        others: dict[str, Drawing] = {}
        for drawing in kept:
            place = drawing.place
            open_now = place.key in keys or (place.is_own and _is_seen(place, visit, marks))
            of_visit = place.visit == visit and open_now
            (found if of_visit else others).setdefault(place.key, drawing)
        self.offers, self.elsewhere = list(found.values()), list(others.values())
        if [_files(old) for old in before] != [_files(self.offers), _files(self.elsewhere)]:
            self.offers_changed.emit()
        return self.offers

    def recover(self) -> int:
        """Bring back what is offered, each as one step that can be undone.

        Returns
        -------
        int
            How many segmentations were recovered.

        Raises
        ------
        InputError
            If one cannot be read, or no longer fits; it stays offered.
        """
        done = 0
        for offer in list(self.offers):
            if offer.file is not None:
                self._bring_back(read_drawing(offer.file))
                self._take_off(offer)
                done += 1
        return done

    def discard(self) -> Path | None:
        """Put aside what is offered; gives the folder where it is kept for 30 days."""
        moved = [path for offer in list(self.offers) for path in self._take_off(offer)]
        return moved[0].parent if moved else None

    def _take_off(self, offer: Drawing) -> list[Path]:
        """Withdraw an offer, and older ones of the same labels: they are put aside."""
        self.write_now()  # what was recovered is kept by this session before the file goes
        same = (
            other
            for other in find_drawings(self.folder, but=self.session)
            if other.place.key == offer.place.key
        )
        moved = [path for path in map(put_aside, same) if path is not None]
        self.offers = [one for one in self.offers if one.place.key != offer.place.key]
        self.offers_changed.emit()
        return moved

    def write_now(self) -> None:
        """Keep what has changed before going on."""
        changed = [(layer, self._drawing(layer)) for layer in list(self._touched)]
        self._touched.clear()
        drawings = [(layer, drawing) for layer, drawing in changed if drawing is not None]
        if drawings:
            self._keep(drawings)

    def _bring_back(self, drawing: Drawing) -> None:
        from napari_radiogenomics.gui.segment.regions import scheme_with, write_scheme
        from napari_radiogenomics.segmentation.edit import changes

        visit = self._visit()
        labels, key = (x for x in self.viewer.layers if isinstance(x, Labels)), drawing.place.key
        layer = next((x for x in labels if self._drawn_place(x, visit).key == key), None)
        if layer is None:
            self._add(drawing)
            return
        if layer.data.shape != drawing.labels.shape:
            raise InputError(
                f"What was drawn on {drawing.place.name} has {drawing.labels.shape} voxels and the "
                f"file now {layer.data.shape}: the file was changed since. Discard it, or put the "
                "earlier file back."
            )
        indices, values = changes(np.asarray(layer.data), drawing.labels)
        if values.size:
            layer.data_setitem(indices, values)
        source = layer.metadata.get(SOURCE)
        if isinstance(source, Segmentation):
            scheme = scheme_with(source.scheme, *_named_as(source.scheme, drawing.scheme))
            if scheme != source.scheme:
                write_scheme(self.viewer, layer, scheme)

    def _add(self, drawing: Drawing) -> None:
        """Make the layer again that the person had made."""
        looks = {}
        if drawing.scheme:
            looks["colormap"] = DirectLabelColormap(color_dict=label_colors(drawing.scheme))
        layer = Labels(
            drawing.labels,
            name=drawing.place.name,
            scale=drawing.scale,
            translate=drawing.translate,
            axis_labels=AXES[-drawing.labels.ndim :],
            units=UNITS[-drawing.labels.ndim :],
            **looks,
        )
        if drawing.place.scan:
            self._scans[layer] = drawing.place.scan, drawing.place.scan_name
        self.viewer.add_layer(layer)
        self._touched[layer] = drawing.place.visit


def _is_seen(place: Place, visit: tuple[str, str, str], marks: set[str]) -> bool:
    """Whether what a person drew without a file belongs to the open patient or to an open scan."""
    return any(visit) or (place.scan in marks if place.scan else not marks)


def _files(drawings: list[Drawing]) -> list[Path | None]:
    return [drawing.file for drawing in drawings]


def _named_as(known: tuple[Label, ...], drawn: tuple[Label, ...]) -> list[Label]:
    """Labels with the names, colors and codes that were kept; what else is known stays."""
    before = {label.value: label for label in known}
    facts = ("name", "color", *CODES)
    return [
        replace(before.get(one.value, one), **{key: getattr(one, key) for key in facts})
        for one in drawn
    ]
