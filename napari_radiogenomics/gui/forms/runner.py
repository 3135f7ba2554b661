"""Long work of a dock: one verb in a thread, with progress, cancel and an honest end.

The verb gets a `Progress` that reports to the dock and to napari's activity bar and that
stops it when the person cancels. Expected errors come back as an outcome for the message
line; anything else is a bug and goes to napari's notification with its traceback.
"""

from __future__ import annotations

import inspect
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import napari
from napari.qt.threading import FunctionWorker, create_worker
from napari.utils.notifications import notification_manager
from napari.utils.progress import cancelable_progress
from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_radiogenomics.errors import Cancelled, InputError, RadiogenomicsError
from napari_radiogenomics.progress import Progress, reporting

__all__ = ["Outcome", "Runner"]

# Steps are shown no more often than this: more would only cost time.
_EVERY_S = 0.04
# A job that ends sooner has no entry in the activity bar: making one takes napari 0.1 s.
_SHORT_MS = 300


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    value : object
        What the verb returned; None where it did not end well.
    error : Exception or None
        Why it did not.
    seconds : float
        How long it took.
    """

    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the verb ended well."""
        return self.error is None

    @property
    def cancelled(self) -> bool:
        """Whether the person stopped it."""
        return isinstance(self.error, Cancelled)

    @property
    def expected(self) -> bool:
        """Whether the error is one that a person can act on."""
        return isinstance(self.error, RadiogenomicsError)


class _Job:
    """One call in the worker's thread; napari shows its title."""

    def __init__(self, title: str, call: Callable[[], Any], cancelled: threading.Event) -> None:
        self.title, self.call, self.cancelled = title, call, cancelled

    def __repr__(self) -> str:
        return self.title

    def __call__(self) -> Outcome:
        start = time.perf_counter()
        try:
            value = self.call()
            if self.cancelled.is_set():
                raise Cancelled(f"{self.title} cancelled.")
        except RadiogenomicsError as error:
            return Outcome(error=error, seconds=time.perf_counter() - start)
        return Outcome(value, seconds=time.perf_counter() - start)


class _Activity(cancelable_progress):
    """Entry in napari's activity bar; its Cancel button cancels the runner."""

    def __init__(self, title: str, on_cancel: Callable[[], None]) -> None:
        super().__init__(total=0, desc=title)
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        """Cancel the job."""
        super().cancel()
        self._on_cancel()

    def show(self, done: int, total: int, what: str) -> None:
        """Show a step."""
        if total != self.total:  # type: ignore[has-type]
            self.total = total
        if what and what != self.desc.removesuffix(": "):
            self.set_description(what)
        self.update(done - self.n)


class Runner(QObject):
    """Runs one verb at a time in a worker.

    Parameters
    ----------
    parent : QObject, optional
        Owner; the job is cancelled when it goes.
    activity : bool, optional
        Tell of it in napari's activity bar; not for what runs many times a second.

    Attributes
    ----------
    started : Signal()
        The work has begun.
    stepped : Signal(int, int, str)
        Steps done, their total (0 when not known), what they are; a few a second.
    ended : Signal(Outcome)
        The work has ended, in any way.
    """

    started = Signal()
    stepped = Signal(int, int, str)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None, *, activity: bool = True) -> None:
        super().__init__(parent)
        self._tells = activity
        self._worker: FunctionWorker | None = None
        self._activity: _Activity | None = None
        self._long = QTimer(self, interval=_SHORT_MS, singleShot=True)
        self._long.timeout.connect(self._show_activity)
        self._title = ""
        self._cancelled = threading.Event()
        self._outcome = Outcome()
        self.stepped.connect(self._show_step)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.cancel)

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._worker is not None

    @property
    def cancelling(self) -> bool:
        """Whether the job was asked to stop and has not yet."""
        return self.running and self._cancelled.is_set()

    def run(self, verb: Callable[..., Any], *data: Any, title: str = "", **settings: Any) -> None:
        """Start a verb with its data and settings; progress is added where the verb takes it.

        Parameters
        ----------
        verb : callable
            What to run.
        *data, **settings
            Its arguments.
        title : str, optional
            What the person sees in the activity bar; made from the verb's name where empty.

        Raises
        ------
        InputError
            If a job is under way.
        """
        if self.running:
            raise InputError("The work before is still under way. Wait for it, or cancel it.")
        self._cancelled = cancelled = threading.Event()
        if "progress" in inspect.signature(verb).parameters:
            settings["progress"] = self._progress(cancelled)
        title = title or getattr(verb, "__name__", "work").replace("_", " ").capitalize()
        job = _Job(title, lambda: verb(*data, **settings), cancelled)
        self._outcome = Outcome(error=Cancelled(f"{title} cancelled."))
        worker = create_worker(job, _ignore_errors=True, _start_thread=False)
        worker.returned.connect(self._keep)
        worker.errored.connect(self._keep_error)
        worker.finished.connect(self._end)
        self._worker, self._title = worker, title
        if self._tells:
            self._long.start()
        worker.start()
        self.started.emit()

    def cancel(self) -> None:
        """Ask the job to stop at its next step; it ends with `Cancelled`."""
        self._cancelled.set()

    def _progress(self, cancelled: threading.Event) -> Progress:
        """Make the progress of a job; it is called in the worker's thread."""
        runner, last = weakref.ref(self), 0.0

        def report(done: int, total: int, what: str) -> None:
            nonlocal last
            now, owner = time.perf_counter(), runner()
            due = now - last >= _EVERY_S or (total and done == total)
            if due and owner is not None and isalive(owner):
                last = now
                owner.stepped.emit(done, total, what)

        return reporting(report, cancelled=self._should_stop(cancelled))

    def _should_stop(self, cancelled: threading.Event) -> Callable[[], bool]:
        """Make what the work asks: was it cancelled, or its dock or window closed."""
        runner = weakref.ref(self)

        def should_stop() -> bool:
            owner = runner()
            if cancelled.is_set() or owner is None or not isalive(owner):
                return True
            return owner._worker is not None and owner._worker.abort_requested

        return should_stop

    def _show_activity(self) -> None:
        """Enter a job that takes its time into napari's activity bar."""
        worker = self._worker
        if worker is None or napari.current_viewer() is None:
            return
        finished = worker.finished
        activity = _Activity(self._title, self._cancelled.set)
        if self._worker is not worker:  # napari handles events meanwhile, the end among them
            activity.close()
            return
        self._activity = activity
        finished.connect(activity.close)

    def _show_step(self, done: int, total: int, what: str) -> None:
        if self._activity is not None:
            self._activity.show(done, total, what)

    def _keep(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def _keep_error(self, error: Exception) -> None:
        self._outcome = Outcome(error=error)
        # napari's own relay does not reach workers of plain functions.
        notification_manager.receive_error(type(error), error, error.__traceback__)

    def _end(self) -> None:
        self._worker = None
        self._long.stop()
        if self._activity is not None:
            self._activity.close()
            self._activity = None
        self.ended.emit(self._outcome)
