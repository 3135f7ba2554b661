"""Docks that are wide go below the canvas."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["move_below"]


# Part of the window's height that a wide dock takes, within these pixels.
_SHARE, _LEAST, _MOST = 0.4, 260, 480


def move_below(widget: QWidget) -> bool:
    """Move the dock of a widget to the bottom of its window, beside the layer list.

    Below the layer list it could not grow on a small screen: the list and the layer controls
    need most of its height.

    Parameters
    ----------
    widget : QWidget
        Content of a dock.

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
        left, bottom = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        window.setCorner(Qt.Corner.BottomLeftCorner, left)
        window.addDockWidget(bottom, dock)
        height = min(max(round(_SHARE * window.height()), _LEAST), _MOST)
        window.resizeDocks([dock], [height], Qt.Orientation.Vertical)
    return True
