"""Where the slide view of a window is: between the layer list and the scan."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QSplitter

from napari_radiogenomics.gui.attached import Attached, attached, is_attached, plain_viewer
from napari_radiogenomics.gui.placing import dock_of
from napari_radiogenomics.gui.slide.view import SlideView

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["slide_view"]

_TITLE = "Slide view"
# The slide's part of what it shares with the scan; with less room than this (pixels) one view of
# the scan remains.
_PART, _ROOM_FOR_ALL, _SETTLED_MS = 0.55, 900, 300


class _Holder(Attached):
    """Keeps the slide view of a viewer."""

    view: SlideView | None = None


def slide_view(viewer: ViewerModel) -> SlideView:
    """Return the slide view of a window, docked to the left of the scan and shown.

    Parameters
    ----------
    viewer : napari.Viewer
        The main viewer; a model without a window gets a view that is not docked.
    """
    viewer = plain_viewer(viewer)
    holder = attached(viewer, _Holder)
    if holder.view is None or not isalive(holder.view):
        holder.view = SlideView(viewer)
    view = holder.view
    dock = dock_of(view)
    if dock is None and hasattr(viewer, "window"):
        _make_room(viewer)
        dock = viewer.window.add_dock_widget(view, name=_TITLE, area="left")
        _beside_the_scan(view, dock)
        dock.window().installEventFilter(view)
    if dock is not None:
        dock.show()
    return view


def _beside_the_scan(view: SlideView, dock: QDockWidget) -> None:
    """Put the view between the layer list and the scan, with half of what both have."""
    window = dock.window()
    if not isinstance(window, QMainWindow):
        return
    window.removeDockWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock, Qt.Orientation.Horizontal)
    QTimer.singleShot(_SETTLED_MS, lambda: _share(window, view, dock))


def _make_room(viewer: ViewerModel) -> None:
    """Leave one view of the scan in a small window; the Scan dock brings the others back."""
    if find_spec("napari_orthogonal_views") is None:
        return
    from napari_radiogenomics.gui.canvas.three_views import ThreeViews

    if is_attached(viewer, ThreeViews):
        views = attached(viewer, ThreeViews)
        if views.shown and views.width < _ROOM_FOR_ALL:
            views.shown = False


def _share(window: QMainWindow, view: SlideView, dock: QDockWidget) -> None:
    """Give the slide its part of the room, and fit it into that."""
    center = window.centralWidget() if isalive(window) and isalive(dock) else None
    if center is None:
        return
    for part in center.findChildren(QSplitter):
        part.updateGeometry()  # views that were closed would keep their room

    def resize() -> None:
        if isalive(dock):
            room = round(_PART * (center.width() + dock.width()))
            window.resizeDocks([dock], [room], Qt.Orientation.Horizontal)

    for wait in (0, _SETTLED_MS):  # the room of views that were closed comes late
        QTimer.singleShot(wait, resize)

    def fit() -> None:
        if isalive(view):
            view.fit()

    QTimer.singleShot(2 * _SETTLED_MS, fit)
