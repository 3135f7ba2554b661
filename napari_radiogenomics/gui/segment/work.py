"""Work of which only the newest wish counts: previews and measurements while a person draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_radiogenomics.gui.forms.runner import Outcome, Runner

__all__ = ["LatestWork"]


class LatestWork(QObject):
    """Runs the newest of several wishes in a worker, after a pause; older ones are dropped.

    Parameters
    ----------
    make : callable
        Called when the work begins; answers with the function and its arguments, or None where
        there is nothing to do.
    parent : QObject
        Owner.
    pause_ms : int
        How long to wait for further wishes.
    title : str
        What the person sees in the activity bar.

    Attributes
    ----------
    began : Signal()
        The work began.
    ended : Signal(Outcome)
        The newest wish was done; those that were overtaken say nothing.
    """

    began = Signal()
    ended = Signal(object)

    def __init__(
        self,
        make: Callable[[], tuple[Callable[..., Any], tuple[Any, ...]] | None],
        parent: QObject,
        *,
        pause_ms: int,
        title: str,
    ) -> None:
        super().__init__(parent)
        self._make, self._title = make, title
        self._again = False
        self.runner = Runner(self)
        self.runner.ended.connect(self._done)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(pause_ms)
        self._pause.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether a wish is waiting or under way."""
        return self._pause.isActive() or self.runner.running

    def ask(self, event: object = None) -> None:
        """Wish for the work, from what is there after the pause."""
        self._pause.start()

    def drop(self) -> None:
        """Forget every wish."""
        self._pause.stop()
        self._again = False
        if self.runner.running:
            self._dropped = True
            self.runner.cancel()

    _dropped = False

    def _begin(self) -> None:
        if self.runner.running:
            self._again = True
            self.runner.cancel()
            return
        made = self._make()
        if made is not None:
            function, data = made
            self.runner.run(function, *data, title=self._title)
            self.began.emit()

    def _done(self, outcome: Outcome) -> None:
        again, self._again = self._again, False
        dropped, self._dropped = self._dropped, False
        if again:
            self._begin()
        elif not dropped and not self._pause.isActive():
            self.ended.emit(outcome)
