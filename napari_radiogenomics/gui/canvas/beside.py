"""Views of ours between the layer list and the scan: one at a time, with room made for it.

A view is seen with the dock that it belongs to. How wide it is, is decided in one place: a part
of what it shares with the scan, given to it whenever the sizes have come to rest. So it does not
matter what opens or closes around it, or when; a person who moves the border changes the part.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QSplitter, QWidget

from napari_radiogenomics.gui.attached import Attached, attached, is_attached, plain_viewer
from napari_radiogenomics.gui.placing import PlacedWidget, dock_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["PART", "REST_MS", "Place", "leave_beside", "show_beside"]

# The view's part of what it shares with the scan; with less room than this (pixels) one view of
# the scan remains. Sizes are at rest when none has changed for so long.
PART, _ROOM_FOR_ALL, REST_MS = 0.55, 900, 60
# Pixels that do not count; and how often a width is asked for, each time after twice the wait:
# views of the scan that were closed keep their room for a while.
_NEAR, _TRIES = 2, 7


def _nothing() -> None:
    pass


class Place(QObject):
    """Where a view stands: in a dock beside the central widget, seen with its owners.

    Parameters
    ----------
    dock : QDockWidget
        Of the view, in a window whose central widget is the scan.
    fit : callable, optional
        Fits what is shown into the view, once it has its room for the first time.

    Attributes
    ----------
    at_rest : bool
        Whether the view has its room, and nothing moves.
    part : float
        Of the width that view and scan have together.
    """

    def __init__(self, dock: QDockWidget, fit: Callable[[], None] = _nothing) -> None:
        super().__init__(dock)
        self.dock, self.part = dock, PART
        self._fit: Callable[[], None] | None = fit
        # Weakly: they hold the viewer, which has to go with its window.
        self._owners: WeakSet[PlacedWidget] = WeakSet()
        self._guests: WeakSet[PlacedWidget] = WeakSet()
        self._heard: WeakSet[PlacedWidget] = WeakSet()
        self.at_rest = False
        self._tries = 0
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._decide)
        dock.installEventFilter(self)
        center = self.window.centralWidget()
        if center is not None:
            center.installEventFilter(self)

    @property
    def window(self) -> QMainWindow:
        """The window, also of a dock that floats."""
        return self.dock.parentWidget()

    def belong_to(self, owner: PlacedWidget) -> None:
        """Be seen while this dock is in front, or another one that was named before."""
        if owner not in self._owners:
            self._owners.add(owner)
            self._listen_to(owner)

    def _listen_to(self, one: PlacedWidget) -> None:
        if one not in self._heard:
            self._heard.add(one)
            one.lowered.connect(self._look_again)

    def show(self, *, guest: bool = False) -> None:
        """Show the view; as a guest also beside the dock that is in front now."""
        self._guests = WeakSet(_in_front(self.window) if guest else [])
        for one in self._guests:
            self._listen_to(one)
        self._tries, self.at_rest = 0, False
        self.dock.show()
        self._look_again()

    def hide(self) -> None:
        """Hide the view, and give its room to the scan: Qt would widen the layer list."""
        if not self.dock.isVisible():
            return
        widths = {dock: dock.width() for dock in self._neighbors()}
        self.dock.hide()
        if widths and not self.dock.isFloating():
            self.window.resizeDocks([*widths], [*widths.values()], Qt.Orientation.Horizontal)

    def _neighbors(self) -> list[QDockWidget]:
        """Docks that share the side with the view."""
        docks = self.window.findChildren(
            QDockWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
        )
        left = Qt.DockWidgetArea.LeftDockWidgetArea
        return [
            dock
            for dock in docks
            if dock is not self.dock
            and dock.isVisible()
            and not dock.isFloating()
            and self.window.dockWidgetArea(dock) == left
        ]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Hear sizes change: by the person, or by what opens and closes around."""
        if event.type() == QEvent.Type.Resize:
            if self.at_rest and QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
                self._take_part()
            else:
                self._look_again()
        return bool(super().eventFilter(watched, event))

    @property
    def _together(self) -> int:
        """Width of view and scan together; 0 while the view has no place beside the scan."""
        center = self.window.centralWidget()
        if center is None or not self.dock.isVisible() or self.dock.isFloating():
            return 0
        return int(center.width() + self.dock.width())

    def _look_again(self) -> None:
        self._rest.start(REST_MS)

    def _take_part(self) -> None:
        if self._together:
            self.part = self.dock.width() / self._together

    def _decide(self) -> None:
        """Hide the view without its docks; else give it its part of the room."""
        if not isalive(self.dock):
            return
        if self._is_left():
            self.hide()
            return
        together = self._together
        if not together:
            return
        wanted = round(self.part * together)
        if abs(wanted - self.dock.width()) > _NEAR and self._tries < _TRIES:
            self._ask_for(wanted)
            return
        self._tries, self.at_rest = 0, True
        fit, self._fit = self._fit, None
        if fit is not None:
            fit()

    def _ask_for(self, width: int) -> None:
        """Ask for a width, and look again whether it came."""
        for splitter in self.window.centralWidget().findChildren(QSplitter):
            splitter.updateGeometry()
        self.window.resizeDocks([self.dock], [width], Qt.Orientation.Horizontal)
        self._rest.start(REST_MS * 2**self._tries)
        self._tries += 1

    def _is_left(self) -> bool:
        """Whether docks that it belongs to are there, and none of them is in front."""
        if not self.window.isVisible() or self.window.isMinimized():
            return False
        known = [one for one in (*self._owners, *self._guests) if isalive(one)]
        docked = [one for one in known if dock_of(one) is not None]
        return bool(docked) and not any(one.in_front for one in docked)


def _in_front(window: QMainWindow) -> list[PlacedWidget]:
    found = window.findChildren(PlacedWidget)
    return [one for one in found if one.side == "right" and one.in_front]


class _Views(Attached):
    """Views beside the scan of one viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.known: list[tuple[QWidget, Place]] = []

    def place_of(self, view: QWidget) -> Place | None:
        """Place of a view; None before it was docked, and where its dock is closed for good."""
        self.known = [(one, place) for one, place in self.known if isalive(one) and isalive(place)]
        return next((place for one, place in self.known if one is view), None)

    def others(self, view: QWidget) -> list[Place]:
        """Places of the other views that are seen."""
        self.place_of(view)
        places = [place for one, place in self.known if one is not view]
        return [place for place in places if place.dock.isVisible()]


def show_beside(
    viewer: ViewerModel,
    view: QWidget,
    title: str,
    *,
    owner: PlacedWidget | None = None,
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
    owner : PlacedWidget, optional
        Dock that shows it: the view goes when neither this nor another owner is in front.
    fit : callable, optional
        Fits what is shown into the view, once that has its room for the first time.
    yields : bool, optional
        Stay unseen where another view of ours has the place; else stay with the dock that is in
        front, whosever it is.
    """
    viewer = plain_viewer(viewer)
    if not hasattr(viewer, "window"):
        return
    views = attached(viewer, _Views)
    others, place = views.others(view), views.place_of(view)
    if place is None:
        place = _dock(viewer, view, title, fit)
        if place is None:
            return
        views.known.append((view, place))
    if owner is not None:
        place.belong_to(owner)
    if others and yields:
        place.hide()
        return
    for other in others:
        other.hide()
    if others or not place.dock.isVisible():
        place.show(guest=yields)


def leave_beside(viewer: ViewerModel, view: QWidget) -> None:
    """Hide a view that has nothing to show any more, and give its room to the scan."""
    viewer = plain_viewer(viewer)
    place = attached(viewer, _Views).place_of(view) if is_attached(viewer, _Views) else None
    if place is not None:
        place.hide()


def _dock(viewer: ViewerModel, view: QWidget, title: str, fit: Callable[[], None]) -> Place | None:
    """Put a view between the layer list and the scan."""
    _make_room(viewer)
    dock = viewer.window.add_dock_widget(view, name=title, area="left")
    window = dock.window()
    if not isinstance(window, QMainWindow):
        return None
    window.installEventFilter(view)
    window.removeDockWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock, Qt.Orientation.Horizontal)
    return Place(dock, fit)


def _make_room(viewer: ViewerModel) -> None:
    """Leave one view of the scan in a small window; the Scan dock brings the others back."""
    if find_spec("napari_orthogonal_views") is None:
        return
    from napari_radiogenomics.gui.canvas.three_views import ThreeViews

    if is_attached(viewer, ThreeViews):
        views = attached(viewer, ThreeViews)
        if views.shown and views.width < _ROOM_FOR_ALL:
            views.shown = False
