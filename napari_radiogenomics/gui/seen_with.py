"""A wide dock that is seen with the dock it belongs to: it goes with its tab, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QDockWidget

from napari_radiogenomics.gui.placing import PlacedWidget, dock_of, raise_dock

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["SeenWith"]

# A tab that is changed lowers one dock before it raises the other.
_LEFT_MS = 60


class SeenWith(QObject):
    """Hides a wide dock while another tab stands before its owner: it would halve that one.

    Parameters
    ----------
    sheet : PlacedWidget
        The wide dock, which belongs to its owner from now on.
    owner : PlacedWidget
        The dock that opens it.
    """

    def __init__(self, sheet: PlacedWidget, owner: PlacedWidget) -> None:
        super().__init__(sheet)
        self._sheet, self._owner = sheet, owner
        self._due: Callable[[], None] | None = None  # how it comes back
        self._left = QTimer(self, interval=_LEFT_MS, singleShot=True)
        self._left.timeout.connect(self._set_aside)
        sheet.belong_to(owner)
        owner.lowered.connect(self._left.start)
        owner.raised.connect(self._come_back)

    def open_as(self, name: str, viewer: ViewerModel) -> None:
        """Open the wide dock in front; while the owner is not, once that is again."""
        if self._is_left():
            self._due = partial(self._sheet.open_as, name, viewer)
        else:
            self._due = None
            self._sheet.open_as(name, viewer)

    def put_away(self) -> None:
        """Give the room of the wide dock back: it has nothing to show until it is opened again."""
        self._due = None
        dock = dock_of(self._sheet) if isalive(self._sheet) else None
        if dock is not None and dock is not dock_of(self._owner):
            dock.hide()

    def _is_left(self) -> bool:
        """Whether the owner is in a window that is seen, and not in front."""
        dock = dock_of(self._owner)
        if dock is None or self._owner.in_front:
            return False
        window = dock.parentWidget()
        return window is not None and window.isVisible() and not window.isMinimized()

    def _set_aside(self) -> None:
        if not isalive(self._owner) or not self._is_left():
            return
        dock = dock_of(self._sheet)
        opened = dock is not None and dock is not dock_of(self._owner)
        if dock is None or not opened or dock.isFloating() or not dock.isVisible():
            return  # also one that the person closed
        back = raise_dock if self._sheet.in_front else _show
        self._due = partial(back, self._sheet)
        dock.hide()

    def _come_back(self) -> None:
        self._left.stop()
        due, self._due = self._due, None
        if due is not None and isalive(self._sheet):
            due()


def _show(sheet: PlacedWidget) -> None:
    """Be a tab again, behind another one."""
    dock: QDockWidget | None = dock_of(sheet)
    if dock is not None:
        dock.show()
