"""The live preview: the slices in sight show their texture while settings and slices change.

One glance runs at a time; what is asked meanwhile waits, and only the last of it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.forms.runner import Outcome, Runner
from napari_radiogenomics.gui.texture.glance import Ask, Kept, glance
from napari_radiogenomics.gui.texture.sheet import Plane

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["LivePreview", "planes_in_sight"]

# Settings and slices that change faster than this are looked at together.
_THROTTLE_MS = 30


def planes_in_sight(viewer: ViewerModel) -> list[Plane]:
    """Slices that the viewer and its linked views show, the main view's first.

    Parameters
    ----------
    viewer : ViewerModel
        Viewer.

    Returns
    -------
    list of Plane
        Empty in 3D, and where the world has no three axes.
    """
    found: list[Plane] = []
    for model in models(viewer):
        dims = model.dims
        # While layers come and go a view may have another number of axes for a moment.
        if dims.ndisplay == 2 and dims.ndim == viewer.dims.ndim >= 3:
            axis = dims.not_displayed[-1] if dims.not_displayed else 0
            plane = (axis - (dims.ndim - 3), float(viewer.dims.point[axis]))
            if plane[0] >= 0 and plane not in found:
                found.append(plane)
    return found


class LivePreview(QObject):
    """Keeps the slices in sight measured.

    Parameters
    ----------
    parent : QObject
        Owner.
    ask : callable
        Says what is wanted now; None for nothing. May raise `InputError`.

    Attributes
    ----------
    seen : Signal(Sheet)
        The slices in sight are measured.
    failed : Signal(str)
        What is wanted cannot be: why, and what to do.
    stopped : Signal()
        Nothing is wanted any more.
    waits : Signal(str)
        Something takes longer than a glance: what it is, as compiling after installation.
    """

    seen = Signal(object)
    failed = Signal(str)
    stopped = Signal()
    waits = Signal(str)

    def __init__(self, parent: QObject, ask: Callable[[], Ask | None]) -> None:
        super().__init__(parent)
        self._ask = ask
        self._kept = Kept()
        self._now: Ask | None = None
        self._again = False
        self.runner = Runner(self, activity=False)
        self.runner.ended.connect(self._end)
        self.runner.stepped.connect(self._tell)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_THROTTLE_MS)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether something is being measured, or soon will be."""
        return self.runner.running or self._timer.isActive()

    def refresh(self, event: object = None) -> None:
        """Look soon at what is wanted; many calls at once are one."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Want nothing: what runs is cancelled."""
        self._timer.stop()
        self._again = False
        self.runner.cancel()

    def forget(self) -> None:
        """Drop what is kept of a scan."""
        self.stop()
        self._kept = Kept()

    def _look(self) -> None:
        try:
            ask = self._ask()
        except InputError as error:
            self.stop()
            self.failed.emit(str(error))
            return
        if ask is None:
            self.stop()
            self.stopped.emit()
        elif not self.runner.running:
            self._run(ask)
        else:
            self._again = True
            if self._now is not None and ask.key != self._now.key:
                self.runner.cancel()

    def _run(self, ask: Ask) -> None:
        self._now, self._again = ask, False
        job = ask.make_job() if self._kept.voxels != ask.voxels else None
        self.runner.run(glance, ask, job, self._kept, title="Texture preview")

    def _tell(self, done: int, total: int, what: str) -> None:
        if not total and what and done:  # steps without a number take their time
            self.waits.emit(f"{what} …")

    def _end(self, outcome: Outcome) -> None:
        if self._again:
            self.refresh()
        if outcome.ok:
            self.seen.emit(outcome.value)
        elif outcome.expected and not outcome.cancelled:
            self.failed.emit(str(outcome.error))
