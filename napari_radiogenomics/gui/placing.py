"""Where docks of ours go: tabs of one another, on the right or, where they are wide, below.

A window grows until the docks beside each other all have their least size, and stays large. So
a dock of ours asks for nothing until it is a tab of those that are there.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from qtpy.compat import isalive
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QTabBar,
    QTabWidget,
    QWidget,
)

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["PlacedWidget", "Side", "call_shortly", "dock_of", "raise_dock", "tabs_along_the_edge"]

Side = Literal["right", "below"]
_AREAS = {
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "below": Qt.DockWidgetArea.BottomDockWidgetArea,
}
# Part of the window's height that a wide dock takes, within these pixels.
_SHARE, _LEAST, _MOST = 0.4, 260, 480
_LOW = (380, 340)
# Letters a little smaller than napari's, so that all names stand on a screen of 768 pixels.
_NARROW = """
QTabBar { font-size: 10px; }
QTabBar::tab { padding: 2px; margin: 0px; font-size: 10px; }
"""
_PLUGIN = " (napari-radiogenomics)"


def dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget is in; None where it is in none."""
    parent: QWidget | None = widget
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def call_shortly(dock: QDockWidget) -> None:
    """Leave the name of the plugin out of a title: tabs and title bars are too narrow for it."""
    dock.setWindowTitle(dock.windowTitle().removesuffix(_PLUGIN))
    bar = dock.titleBarWidget()  # napari's own, which does not follow
    for label in [] if bar is None else bar.findChildren(QLabel):
        label.setText(label.text().removesuffix(_PLUGIN))


def raise_dock(widget: QWidget) -> None:
    """Bring the tab of a widget to the front."""
    dock = dock_of(widget)
    if dock is not None:
        dock.show()
        dock.raise_()


class PlacedWidget(QWidget):
    """Content of a dock that becomes a tab of ours on its side when it is first shown.

    Attributes
    ----------
    side : {"right", "below"}
        Where: in the right column as long as the person keeps it there, or below the canvas.
    raised : Signal()
        It came to the front of the tabs: Qt takes the others for shown, so they get no event.
    lowered : Signal()
        Another tab came before it, or it was closed.
    in_front : bool
        Whether it is there.
    """

    raised = Signal()
    lowered = Signal()
    side: ClassVar[Side] = "right"
    in_front = False

    def __init__(self) -> None:
        super().__init__()
        if self.side == "below":
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.make_way()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt names it
        """Below: low, and no wider than the docks beside which it opens for a moment."""
        return QSize(*_LOW) if self.side == "below" else super().sizeHint()

    def make_way(self) -> None:
        """Be placed anew; until then ask for no height, and below the canvas for no width."""
        self._placed = False
        self._ask_for(1)

    def belong_to(self, owner: QWidget) -> None:
        """Go with what made it, as long as it has no dock of its own."""
        self._owner = owner
        self.setParent(owner)
        self.hide()

    def open_as(self, name: str, viewer: ViewerModel) -> None:
        """Stand in a dock of its own, in front; a model without a window has no docks."""
        window = getattr(viewer, "window", None)
        if window is not None and dock_of(self) in (None, dock_of(self._owner)):
            self.make_way()
            window.add_dock_widget(self, name=name, area="bottom")
        raise_dock(self)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt names it
        """Place the dock once it is shown."""
        super().showEvent(event)
        if not self._placed:
            QTimer.singleShot(0, self._place)

    def _ask_for(self, least: int) -> None:
        """Ask for a least size; 0 is what the content needs."""
        self.setMinimumHeight(least)
        if self.side == "below":
            self.setMinimumWidth(least)

    def _place(self) -> None:
        dock = dock_of(self)
        if dock is None or self._placed:
            return
        self._placed = True
        dock.visibilityChanged.connect(self._note_front)
        self._note_front(not self.visibleRegion().isEmpty())
        window = dock.window()
        if isinstance(window, QMainWindow) and not dock.isFloating():
            self._move(window, dock)
        self._ask_for(0)

    def _note_front(self, front: bool) -> None:
        before, self.in_front = self.in_front, front
        if front and not before:
            self.raised.emit()
        elif before and not front:
            self.lowered.emit()

    def _move(self, window: QMainWindow, dock: QDockWidget) -> None:
        area = _AREAS[self.side]
        if self.side == "right":
            call_shortly(dock)
            if window.dockWidgetArea(dock) != area:
                return  # the person wants it elsewhere
        others = [x for x in window.findChildren(PlacedWidget) if x._placed and x is not self]
        docks = [dock_of(other) for other in others if other.side == self.side]
        ours = [other for other in docks if other is not None and _is_in(window, other, area)]
        if set(ours) & set(window.tabifiedDockWidgets(dock)):
            return
        if ours:
            window.tabifyDockWidget(ours[-1], dock)
            _raise_soon(dock)
        if self.side == "right":
            tabs_along_the_edge(window)
        elif not ours:
            _below(window, dock)


def _is_in(window: QMainWindow, dock: QDockWidget, area: Qt.DockWidgetArea) -> bool:
    return bool(window.dockWidgetArea(dock) == area and not dock.isFloating())


def _raise_soon(dock: QDockWidget) -> None:
    """Raise a dock when it is a tab: Qt makes the tabs with its next layout."""

    def bring() -> None:
        if isalive(dock):
            dock.raise_()

    dock.raise_()
    QTimer.singleShot(0, bring)


def _below(window: QMainWindow, dock: QDockWidget) -> None:
    """Put a dock below the canvas, beside the layer list.

    Below the layer list it could not grow on a small screen: the list and the layer controls
    need most of its height.
    """
    window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
    window.addDockWidget(_AREAS["below"], dock)
    height = min(max(round(_SHARE * window.height()), _LEAST), _MOST)
    window.resizeDocks([dock], [height], Qt.Orientation.Vertical)


def tabs_along_the_edge(window: QMainWindow) -> None:
    """Write the names of the docks on the right along the edge, where there is room for all.

    Below the docks they would be cut off; with little room around them a small screen has all.
    """
    window.setTabPosition(_AREAS["right"], QTabWidget.TabPosition.East)
    QTimer.singleShot(0, partial(_narrow, window))


def _narrow(window: QMainWindow) -> None:
    if not isalive(window):
        return
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        bar.setStyleSheet(_NARROW)
        # Names that are cut to a letter say nothing; arrows reach those that have no room.
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)
