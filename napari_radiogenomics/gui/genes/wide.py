"""Docks that are wide go below the canvas."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["move_below"]


def move_below(widget: QWidget, height: int) -> bool:
    """Move the dock of a widget to the bottom of its window.

    Parameters
    ----------
    widget : QWidget
        Content of a dock.
    height : int
        Wanted height in pixels.

    Returns
    -------
    bool
        Whether it is in a dock of a window.
    """
    if not isalive(widget):
        return False
    dock: QWidget | None = widget
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    window = widget.window()
    if not isinstance(dock, QDockWidget) or not isinstance(window, QMainWindow):
        return False
    if not dock.isFloating():
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
    return True
