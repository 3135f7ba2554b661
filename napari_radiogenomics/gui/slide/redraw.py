"""A layer is drawn again when tiles of it were read, whichever thread read them."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

__all__ = ["Redraw"]

# A redraw for each tile that arrives would keep the window busy.
_REDRAW_MS = 40


class Redraw(QObject):
    """Draws some milliseconds after the first of several tiles.

    Parameters
    ----------
    draw : callable
        Draws; called in the thread of the window.
    """

    _arrived = Signal()

    def __init__(self, draw: Callable[[], None]) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=_REDRAW_MS, singleShot=True)
        self._timer.timeout.connect(draw)
        self._arrived.connect(self._timer.start)

    def soon(self) -> None:
        """Draw soon; may be called in any thread."""
        self._arrived.emit()

    def stop(self) -> None:
        """Do not draw after all."""
        self._timer.stop()
