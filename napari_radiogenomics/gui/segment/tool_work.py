"""From a setting to a preview to one undo step: the work of the chosen tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_radiogenomics.errors import RadiogenomicsError
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.forms.runner import Outcome
from napari_radiogenomics.gui.segment.job import Change, ToolJob, apply_change, run_tool
from napari_radiogenomics.gui.segment.label_table import ml_text
from napari_radiogenomics.gui.segment.lesson_job import LessonJob, run_lesson
from napari_radiogenomics.gui.segment.preview import Preview
from napari_radiogenomics.gui.segment.regions import entries
from napari_radiogenomics.gui.segment.work import LatestWork

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["ToolWork", "change_text"]

_PAUSE_MS = 250
_MOST_TOLD = 3


def change_text(change: Change) -> str:
    """Say in mL what a change does to the labels that it changes most."""
    names = {entry.label.value: entry.label.name for entry in entries(change.job.layer)}
    names |= {label.value: label.name for label in change.scheme}
    ranked = sorted(change.volumes.items(), key=lambda item: -abs(item[1][1] - item[1][0]))
    told = [
        f"{names.get(value, f'label {value}')} {ml_text(before)} → {ml_text(after)} mL"
        for value, (before, after) in ranked[:_MOST_TOLD]
    ]
    more = len(ranked) - _MOST_TOLD
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


class ToolWork(QObject):
    """Previews a tool, newest wish first, and applies it.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.
    make : callable
        Answers with the job of the chosen tool, or None; raises what the person should read.
    parent : QObject
        Owner.

    Attributes
    ----------
    said : Signal(str, str)
        What happened, and its tone.
    busy_changed : Signal()
        The work began or ended.
    applied : Signal(object)
        A `Change` was written.
    shown : Signal(object)
        A `Change` is ready, with or without a preview.
    glimpsed : Signal(object)
        Part of a `Change` is known; emitted from the worker.
    live : bool
        Whether a preview is made without being asked for.
    change : Change or None
        What the preview shows.
    refused : bool
        Whether the tool cannot work here, or would change nothing, as things are.
    """

    said = Signal(str, str)
    busy_changed = Signal()
    applied = Signal(object)
    shown = Signal(object)
    glimpsed = Signal(object)

    def __init__(
        self, viewer: ViewerModel, make: Callable[[], ToolJob | None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._viewer, self._make_job = viewer, make
        self.live = True
        self.change: Change | None = None
        self.refused = False
        self._pressed = self._resting = self._writing = False
        self._written: Change | None = None
        self._job: ToolJob | None = None
        self.preview = attached(viewer, Preview)
        self.work = LatestWork(self._make, self, pause_ms=_PAUSE_MS, title="Preview")
        self.work.began.connect(self._began)
        self.work.ended.connect(self._ended)
        self.glimpsed.connect(self._glimpse)

    @property
    def busy(self) -> bool:
        """Whether a preview is being made."""
        return self.work.busy

    @property
    def ready(self) -> bool:
        """Whether what Apply would write is on the screen."""
        change, layer = self.change, self.preview.layer
        if change is None or self.busy or layer is None or not layer.visible:
            return False
        return _is_current(change)

    def wake(self, event: object = None) -> None:
        """Make a preview soon: a setting, the label or what is drawn changed."""
        self._resting = self._pressed = False
        self._written = None
        if self.live:
            self.work.ask()
        else:
            self.clear()

    def drawn(self, event: object = None) -> None:
        """Make a preview of what is drawn now, but not of what Apply itself has drawn."""
        if self._writing or (self._written is not None and _holds(self._written)):
            return
        stale = self.change is not None and not _is_current(self.change)
        waits = self.live and not self._resting and self.change is None
        if stale or waits or self.refused:
            self.wake()

    def turn(self) -> None:
        """Another tool is chosen: what the one before showed counts no more."""
        self.work.drop()
        self._put_aside()
        self.preview.hide()

    def clear(self) -> None:
        """Take the preview back; nothing was changed."""
        self.work.drop()
        self._put_aside()
        self.preview.clear()
        self.busy_changed.emit()

    def _put_aside(self) -> None:
        self.change = self._written = None
        self._pressed = self.refused = False

    def rest(self) -> None:
        """Take the preview back, and make none until a setting is touched."""
        self.clear()
        self._resting = True

    def allow(self, event: object = None) -> None:
        """Let the person try again: there may be now what was missing."""
        if self.refused and not self.busy:
            self.refused = False
            self.busy_changed.emit()

    def apply(self) -> None:
        """Write what the preview shows; where none is on the screen, only make it."""
        if self.ready and self.change is not None:
            self._write(self.change)
        elif self.busy:
            self.said.emit("The preview is being made. Press Apply when you have seen it.", "plain")
        else:
            self._pressed = True
            self.work.ask()

    def _make(self) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        try:
            job = self._make_job()
        except RadiogenomicsError as error:
            self._fail(str(error))
            return None
        if job is None:
            self.clear()
            self._refuse()
            return None
        self._job = job
        return run_lesson if isinstance(job, LessonJob) else run_tool, (job,)

    def _began(self) -> None:
        self.said.emit("Working …", "plain")
        self.busy_changed.emit()

    def _ended(self, outcome: Outcome) -> None:
        if outcome.ok:
            self._show(outcome.value)
        elif outcome.cancelled:
            self.change = None
            self.preview.hide()
            self.said.emit("Cancelled. Nothing was changed.", "plain")
        elif outcome.expected:
            self._fail(str(outcome.error))
        else:
            error = outcome.error
            self._fail(f"This should not have happened: {type(error).__name__}: {error}")
        self.busy_changed.emit()

    def _fail(self, text: str) -> None:
        self.change = None
        self.preview.clear()
        self.said.emit(text, "error")
        self._refuse()

    def _refuse(self) -> None:
        self._pressed, self.refused = False, True
        self.busy_changed.emit()

    def _glimpse(self, change: Change) -> None:
        """Show the slices that are known already, while the rest is being made."""
        wanted = (
            (self.live or self._pressed) and change.job is self._job and self.work.runner.running
        )
        if wanted and not self.work.runner.cancelling and _is_current(change):
            self.preview.show(change)
            self.said.emit("Preview of the slices in sight. The rest follows …", "plain")

    def _show(self, change: Change) -> None:
        if change.job.layer not in self._viewer.layers or not _is_current(change):
            self.work.ask()  # the person drew on; look again
            return
        self.shown.emit(change)
        self.change, self.refused = change, False
        self.preview.show(change)
        erased = bool(((change.after == 0) & (change.job.shown > 0)).any())
        hint = " Magenta is erased." if erased else ""
        what_next = "Apply, or change a setting."
        if self._pressed:
            what_next = "Nothing is written yet: press Apply again to write it."
        self._pressed = False
        text = f"Preview: {change_text(change)}.{hint} {what_next}"
        self.said.emit(" ".join([text, *change.notes]), "plain")

    def _write(self, change: Change) -> None:
        text = change_text(change)
        self.change, self._writing = None, True
        try:
            apply_change(self._viewer, change)
        except RadiogenomicsError as error:
            self._fail(str(error))
            return
        finally:
            self._writing = False
        self._written = change
        self.preview.hide()
        more = " A further stroke corrects it: those before are remembered." * bool(change.drawn)
        self.said.emit(f"{change.job.tool.title}: {text}. Undo takes it back.{more}", "good")
        self.applied.emit(change)
        self.busy_changed.emit()


def _is_current(change: Change) -> bool:
    """Whether the layer still holds what the change was made from."""
    data = change.job.layer.data
    return data.shape == change.job.shown.shape and np.array_equal(data, change.job.shown)


def _holds(change: Change) -> bool:
    """Whether the layer holds what a change has written."""
    return np.array_equal(change.job.layer.data, change.after)
