"""Views beside the scan: their width whatever opens and closes, and the docks they go with."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas import beside
from napari_radiogenomics.gui.canvas.beside import Place
from napari_radiogenomics.gui.placing import PlacedWidget

ROOM = 20  # pixels: a border, and rounding


@pytest.fixture
def window(qtbot):
    """A window of a small screen: layer list, scan, a column on the right."""
    window = QMainWindow()
    qtbot.addWidget(window)
    center = QWidget()
    center.setMinimumSize(1, 1)
    window.setCentralWidget(center)
    for area, width in ((Qt.DockWidgetArea.LeftDockWidgetArea, 300),
                        (Qt.DockWidgetArea.RightDockWidgetArea, 330)):  # fmt: skip
        side = QWidget()
        side.setMinimumWidth(width)
        window.addDockWidget(area, _dock(window, side))
    window.resize(1366, 768)
    window.show()
    return window


def _dock(window: QMainWindow, widget: QWidget) -> QDockWidget:
    dock = QDockWidget(window)
    dock.setWidget(widget)
    return dock


@pytest.fixture
def place(window):
    view = QWidget()
    view.setMinimumSize(1, 1)
    dock = _dock(window, view)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock, Qt.Orientation.Horizontal)
    fitted = []
    place = Place(dock, lambda: fitted.append(dock.width()))
    place.fitted = fitted
    return place


def sheet_of(window: QMainWindow) -> QDockWidget:
    """A wide dock that asks for more than there is beside the view."""
    wide = QWidget()
    wide.setMinimumSize(520, 260)
    dock = _dock(window, wide)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    dock.hide()
    return dock


def share(place: Place) -> float:
    center = place.window.centralWidget()
    return place.dock.width() / (place.dock.width() + center.width())


def rests(place: Place, qtbot) -> None:
    qtbot.waitUntil(lambda: place.at_rest, timeout=5_000)


@pytest.mark.parametrize("first", ["view", "sheet"])
def test_the_view_has_its_part_however_often_it_and_the_sheet_come_and_go(
    window, place, qtbot, first
):
    sheet = sheet_of(window)
    place.dock.hide()
    parts = []
    for _ in range(4):
        shows = [place.show, sheet.show]
        for show in shows if first == "view" else reversed(shows):
            show()
        rests(place, qtbot)
        parts.append(share(place))
        sheet.hide()
        qtbot.wait(2 * beside.REST_MS)
        rests(place, qtbot)
        parts.append(share(place))
        place.hide()
    assert parts == pytest.approx([beside.PART] * 8, abs=0.03)
    assert len(place.fitted) == 1  # what the person looks at stays when the view comes back


def test_a_view_with_nothing_to_show_gives_its_room_to_the_scan(window, place, qtbot, monkeypatch):
    viewer, view = ViewerModel(), place.dock.widget()
    monkeypatch.setattr(viewer.__class__, "window", None, raising=False)
    attached(viewer, beside._Views).known.append((view, place))
    beside.show_beside(viewer, view, "view")
    rests(place, qtbot)
    scan = window.centralWidget().width()
    beside.leave_beside(viewer, view)
    assert not place.dock.isVisible()
    qtbot.waitUntil(lambda: window.centralWidget().width() > 1.5 * scan, timeout=5_000)
    beside.show_beside(viewer, view, "view")
    assert place.dock.isVisible()


def test_a_person_chooses_the_part_and_it_is_kept(window, place, qtbot, monkeypatch):
    place.show()
    rests(place, qtbot)
    with monkeypatch.context() as pressed:
        pressed.setattr(QApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
        window.resizeDocks([place.dock], [200], Qt.Orientation.Horizontal)
        qtbot.waitUntil(lambda: abs(place.dock.width() - 200) < ROOM, timeout=5_000)
    chosen = place.part
    assert chosen == pytest.approx(share(place), abs=0.03)
    assert chosen < beside.PART - 0.1
    place.dock.hide()
    place.show()
    rests(place, qtbot)
    assert share(place) == pytest.approx(chosen, abs=0.03)


def test_room_that_comes_late_is_taken_and_what_cannot_be_is_let_be(window, place, qtbot):
    center = window.centralWidget()
    center.setMinimumWidth(550)  # views of the scan that are being closed
    place.show()
    qtbot.wait(6 * beside.REST_MS)
    assert share(place) < beside.PART - 0.2
    assert not place.at_rest
    center.setMinimumWidth(1)
    rests(place, qtbot)
    assert share(place) == pytest.approx(beside.PART, abs=0.03)
    center.setMinimumWidth(550)
    rests(place, qtbot)
    qtbot.waitUntil(lambda: share(place) < beside.PART - 0.2, timeout=5_000)
    qtbot.wait(2 * beside.REST_MS)
    qtbot.waitUntil(lambda: place.at_rest, timeout=15_000)


def test_the_room_of_a_hidden_view_is_the_scans(window, place, qtbot):
    layers = window.findChildren(QDockWidget)[0]
    place.show()
    rests(place, qtbot)
    before, scan = layers.width(), window.centralWidget().width()
    place.hide()
    qtbot.waitUntil(lambda: window.centralWidget().width() > scan + 100, timeout=5_000)
    assert abs(layers.width() - before) < ROOM


def front(owner: PlacedWidget, front: bool) -> None:
    owner._note_front(front)


def test_a_view_is_seen_with_its_docks_alone(window, place, qtbot):
    owners = [PlacedWidget() for _ in range(2)]
    for one in owners:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, _dock(window, one))
        one._placed = True
        front(one, False)
    first, second = owners
    front(first, True)
    place.belong_to(first)
    place.belong_to(second)
    place.show()
    rests(place, qtbot)
    front(first, False)
    front(second, True)  # another that uses it
    qtbot.wait(3 * beside.REST_MS)
    assert place.dock.isVisible()
    front(second, False)
    qtbot.waitUntil(lambda: not place.dock.isVisible(), timeout=5_000)
    front(first, True)
    place.show()
    rests(place, qtbot)
    assert place.dock.isVisible()
    assert share(place) == pytest.approx(beside.PART, abs=0.03)


def test_a_view_opened_from_another_dock_goes_with_that(window, place, qtbot):
    owner, other = PlacedWidget(), PlacedWidget()
    for one, shown in ((owner, False), (other, True)):
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, _dock(window, one))
        one._placed = True
        front(one, shown)
    place.belong_to(owner)
    place.show(guest=True)
    rests(place, qtbot)
    assert place.dock.isVisible()
    front(other, False)
    qtbot.waitUntil(lambda: not place.dock.isVisible(), timeout=5_000)
