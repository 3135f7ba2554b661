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
        self._apply_after = self._resting = False
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

    def wake(self, event: object = None) -> None:
        """Make a preview soon: a setting, the label or what is drawn changed."""
        self._resting = False
        self._apply_after = False
        if self.live:
            self.work.ask()
        elif self.change is not None:
            self.clear()

    def drawn(self, event: object = None) -> None:
        """Make a preview of what is drawn now, unless the tool has just been applied."""
        stale = self.change is not None and not _is_current(self.change)
        if (self.live and not self._resting and self.change is None) or stale:
            self.wake()

    def clear(self) -> None:
        """Take the preview back; nothing was changed."""
        self.work.drop()
        self.change = None
        self._apply_after = False
        self.preview.clear()
        self.busy_changed.emit()

    def rest(self) -> None:
        """Take the preview back, and make none until a setting is touched."""
        self.clear()
        self._resting = True

    def apply(self) -> None:
        """Write what the preview shows; where there is none yet, make it first."""
        if self.change is not None and not self.busy and _is_current(self.change):
            self._write(self.change)
            return
        self._apply_after = True
        self.work.ask()

    def _make(self) -> tuple[Callable[..., Any], tuple[Any, ...]] | None:
        try:
            job = self._make_job()
        except RadiogenomicsError as error:
            self._fail(str(error))
            return None
        if job is None:
            self.clear()
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
            self.said.emit("Cancelled. Nothing was changed.", "plain")
        elif outcome.expected:
            self._fail(str(outcome.error))
        else:
            error = outcome.error
            self._fail(f"This should not have happened: {type(error).__name__}: {error}")
        self.busy_changed.emit()

    def _fail(self, text: str) -> None:
        self.change = None
        self._apply_after = False
        self.preview.clear()
        self.said.emit(text, "error")
        self.busy_changed.emit()

    def _glimpse(self, change: Change) -> None:
        """Show the slices that are known already, while the rest is being made."""
        wanted = self.live and change.job is self._job and self.work.runner.running
        if wanted and not self.work.runner.cancelling and _is_current(change):
            self.preview.show(change)
            self.said.emit("Preview of the slices in sight. The rest follows …", "plain")

    def _show(self, change: Change) -> None:
        if change.job.layer not in self._viewer.layers or not _is_current(change):
            self.work.ask()  # the person drew on; look again
            return
        self.shown.emit(change)
        if self._apply_after:
            self._write(change)
            return
        self.change = change
        self.preview.show(change)
        erased = bool(((change.after == 0) & (change.job.shown > 0)).any())
        hint = " Magenta is erased." if erased else ""
        self.said.emit(
            " ".join(
                [
                    f"Preview: {change_text(change)}.{hint} Apply, or change a setting.",
                    *change.notes,
                ]
            ),
            "plain",
        )

    def _write(self, change: Change) -> None:
        self._apply_after = False
        self._resting = True
        text = change_text(change)
        self.change = None
        try:
            apply_change(self._viewer, change)
        except RadiogenomicsError as error:
            self._fail(str(error))
            return
        self.preview.hide()
        self.said.emit(f"{change.job.tool.title}: {text}. Undo takes it back.", "good")
        self.applied.emit(change)
        self.busy_changed.emit()


def _is_current(change: Change) -> bool:
    """Whether the layer still holds what the change was made from."""
    data = change.job.layer.data
    return data.shape == change.job.shown.shape and np.array_equal(data, change.job.shown)
