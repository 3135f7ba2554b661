"""Views of ours between the layer list and the scan: one at a time, with room made for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QSplitter, QWidget

from napari_radiogenomics.gui.attached import Attached, attached, is_attached, plain_viewer
from napari_radiogenomics.gui.placing import dock_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["show_beside"]

# The view's part of what it shares with the scan; with less room than this (pixels) one view of
# the scan remains.
_PART, _ROOM_FOR_ALL, _SETTLED_MS = 0.55, 900, 300


class _Views(Attached):
    """Views beside the scan of one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.known: list[QWidget] = []

    def others(self, view: QWidget) -> list[QDockWidget]:
        """Docks of the other views that are seen."""
        self.known = [one for one in self.known if isalive(one)]
        docks = [dock_of(one) for one in self.known if one is not view]
        return [dock for dock in docks if dock is not None and dock.isVisible()]


def _nothing() -> None:
    pass


def show_beside(
    viewer: ViewerModel,
    view: QWidget,
    title: str,
    *,
    fit: Callable[[], None] = _nothing,
    yields: bool = False,
) -> None:
    """Dock a view to the left of the scan and show it, in place of another one of ours.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer; of a model without a window nothing is docked.
    view : QWidget
        What to show; it hears its window's events.
    title : str
        Of the dock.
    fit : callable, optional
        Fits what is shown into the view, once that has its room.
    yields : bool, optional
        Stay unseen where another view of ours has the place.
    """
    viewer = plain_viewer(viewer)
    if not hasattr(viewer, "window"):
        return
    views = attached(viewer, _Views)
    others = views.others(view)
    dock = dock_of(view)
    if others and yields and dock is not None:
        return
    if dock is None:
        _make_room(viewer)
        dock = viewer.window.add_dock_widget(view, name=title, area="left")
        views.known.append(view)
        dock.window().installEventFilter(view)
        _move_beside(dock)
    elif dock.isVisible() and not others:
        return
    if others and yields:
        dock.hide()
        return
    for other in others:
        other.hide()
    dock.show()
    window = dock.window()
    if isinstance(window, QMainWindow) and not dock.isFloating():
        QTimer.singleShot(_SETTLED_MS, partial(_share, window, dock, fit))


def _move_beside(dock: QDockWidget) -> None:
    """Put a view between the layer list and the scan."""
    window = dock.window()
    if isinstance(window, QMainWindow):
        window.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock, Qt.Orientation.Horizontal)


def _make_room(viewer: ViewerModel) -> None:
    """Leave one view of the scan in a small window; the Scan dock brings the others back."""
    if find_spec("napari_orthogonal_views") is None:
        return
    from napari_radiogenomics.gui.canvas.three_views import ThreeViews

    if is_attached(viewer, ThreeViews):
        views = attached(viewer, ThreeViews)
        if views.shown and views.width < _ROOM_FOR_ALL:
            views.shown = False


def _share(window: QMainWindow, dock: QDockWidget, fit: Callable[[], None]) -> None:
    """Give the view its part of the room, and fit its content into that."""
    center = window.centralWidget() if isalive(window) and isalive(dock) else None
    if center is None:
        return
    for part in center.findChildren(QSplitter):
        part.updateGeometry()  # views that were closed would keep their room

    def resize() -> None:
        if isalive(dock) and isalive(center):
            room = round(_PART * (center.width() + dock.width()))
            window.resizeDocks([dock], [room], Qt.Orientation.Horizontal)

    def end() -> None:
        if isalive(dock):
            fit()

    for wait in (0, _SETTLED_MS):  # the room of views that were closed comes late
        QTimer.singleShot(wait, resize)
    QTimer.singleShot(2 * _SETTLED_MS, end)
