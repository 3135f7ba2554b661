"""A few walks in a real window: mouse, canvas, docks at 1366×768."""

from __future__ import annotations

import time

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QPushButton, QScrollArea

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.canvas.window_level import window_of
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.texture.map_layer import is_preview
from napari_radiogenomics.progress import quiet

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("opengl")]
GRID = Geometry((40, 40, 12), (2.0, 2.0, 5.0))
NONE, RIGHT = Qt.MouseButton.NoButton, Qt.MouseButton.RightButton


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    rng = np.random.default_rng(3)
    scan = Image(rng.normal(0, 80, GRID.shape).astype(np.float32), GRID, "HU", "chest", "CT")
    labels = np.zeros(GRID.shape, np.uint8)
    labels[3:9, 12:28, 12:28] = 1
    drawn = Segmentation(labels, GRID, (Label(1, "tumour"),), name="expert")
    for data, settings, kind in layers_of([scan, drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


@pytest.fixture
def docks(viewer, qtbot):
    found = {
        name: viewer.window.add_plugin_dock_widget("napari-radiogenomics", name, tabify=True)
        for name in ("Scan", "Texture")
    }
    qtbot.wait(200)
    return found


def canvas_of():
    """Find the widget that vispy draws on, as the mouse does."""
    widgets = (w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop")
    return next(widget for widget in widgets if widget.isVisible())


class Mouse:
    """Moves and presses on the canvas."""

    def __init__(self, qtbot):
        self.qtbot, self.widget = qtbot, canvas_of()

    def send(self, kind, x, y, button=NONE, buttons=NONE):
        place = QPointF(x, y)
        where = self.widget.mapToGlobal(place)
        event = QMouseEvent(kind, place, where, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.widget, event)
        self.qtbot.wait(15)

    def drag(self, start, stop):
        self.send(QEvent.Type.MouseButtonPress, *start, RIGHT, RIGHT)
        for part in np.linspace(0, 1, 6)[1:]:
            place = np.array(start) + part * (np.array(stop) - start)
            self.send(QEvent.Type.MouseMove, *place, NONE, RIGHT)
        self.send(QEvent.Type.MouseButtonRelease, *stop, RIGHT, NONE)


def test_right_drag_changes_the_window_and_not_the_zoom(viewer, docks, qtbot):
    scan, zoom = viewer.layers["chest"], viewer.scene.camera.zoom
    Mouse(qtbot).drag((200, 200), (290, 170))
    width, level = window_of(scan)
    assert width == pytest.approx(400 * np.exp(0.3), rel=0.02)
    assert level == pytest.approx(40 - 400 * 0.1, abs=4)
    assert viewer.scene.camera.zoom == zoom
    assert viewer.scene.camera.mouse_pan
    viewer.layers["chest"].visible = False
    Mouse(qtbot).drag((200, 200), (200, 300))
    assert viewer.scene.camera.zoom != zoom


def test_the_card_appears_under_the_mouse(viewer, docks, qtbot):
    mouse = Mouse(qtbot)
    QApplication.sendEvent(mouse.widget, QEvent(QEvent.Type.Enter))
    viewer.mouse_over_canvas = True
    center = mouse.widget.rect().center()
    mouse.send(QEvent.Type.MouseMove, center.x(), center.y())
    card = viewer.canvas.overlays["radiogenomics_hover"]
    qtbot.waitUntil(lambda: card.visible, timeout=2000)
    assert "tumour (1)" in card.text
    assert " HU" in card.text
    assert " mm" in card.text


def test_the_kernel_is_drawn_around_the_mouse(viewer, docks, qtbot):
    dock, widget = docks["Texture"]
    dock.raise_()
    qtbot.waitUntil(lambda: bool(widget.in_sight), timeout=3000)
    widget.form.values = {"kernel_radius": 3}
    mouse = Mouse(qtbot)
    QApplication.sendEvent(mouse.widget, QEvent(QEvent.Type.Enter))
    viewer.mouse_over_canvas = True
    center = mouse.widget.rect().center()
    mouse.send(QEvent.Type.MouseMove, center.x(), center.y())
    box = viewer.canvas.overlays["radiogenomics_kernel"]
    qtbot.waitUntil(lambda: box.visible, timeout=2000)
    (top, left), (bottom, right) = box.position
    edge = 2.0 * viewer.scene.camera.zoom  # of a voxel on the canvas
    assert (bottom - top, right - left) == pytest.approx((7 * edge, 7 * edge))
    middle = ((left + right) / 2, (top + bottom) / 2)
    assert np.abs(np.subtract(middle, (center.x(), center.y()))).max() <= edge / 2 + 1
    docks["Scan"][0].raise_()
    qtbot.waitUntil(lambda: not box.visible, timeout=2000)


def test_the_preview_ends_behind_another_tab_and_comes_back(viewer, docks, qtbot):
    dock, _ = docks["Texture"]
    dock.raise_()
    qtbot.waitUntil(lambda: any(map(is_preview, viewer.layers)), timeout=60_000)
    picture = viewer.screenshot(canvas_only=True, flash=False)
    docks["Scan"][0].raise_()
    qtbot.waitUntil(lambda: not any(map(is_preview, viewer.layers)), timeout=3000)
    assert (viewer.screenshot(canvas_only=True, flash=False) != picture).any()
    dock.raise_()
    qtbot.waitUntil(lambda: any(map(is_preview, viewer.layers)), timeout=60_000)


def test_the_walk_ends_in_a_picture_with_map_and_legend(viewer, docks, qtbot):
    _, dock = docks["Texture"]
    before = viewer.screenshot(canvas_only=True, flash=False)
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.run_button.click()
    qtbot.wait(200)
    after = viewer.screenshot(canvas_only=True, flash=False)
    assert viewer.canvas.overlays["radiogenomics_legend"].visible
    rows, columns = min(before.shape, after.shape)[:2]
    changed = (before[:rows, :columns] != after[:rows, :columns]).any(axis=-1)
    middle = tuple(slice(n * 2 // 5, n * 3 // 5) for n in changed.shape)
    assert changed[middle].mean() > 0.5  # the map on the tumour
    height, width = changed.shape
    assert changed[: height // 3, -width // 6 :].any()  # the legend in the corner


def activity_buttons(dock):
    buttons = [w for w in QApplication.allWidgets() if isinstance(w, QPushButton)]
    return [
        w for w in buttons if w.text() == "Cancel" and not dock.isAncestorOf(w)
        and type(w.parentWidget()).__name__ == "QtLabeledProgressBar"
    ]  # fmt: skip


def test_the_activity_bar_cancels_too(viewer, docks, qtbot):
    def work(*, progress=quiet):
        for _ in progress(range(1000), "Steps"):
            time.sleep(0.01)

    _, dock = docks["Texture"]
    dock.runner.run(work)
    qtbot.waitUntil(lambda: dock.progress_bar.maximum() == 1000, timeout=3000)
    qtbot.waitUntil(lambda: len(activity_buttons(dock)) == 1, timeout=3000)
    (cancel,) = activity_buttons(dock)
    with qtbot.waitSignal(dock.runner.ended, timeout=1000):
        cancel.click()
    assert dock.message.startswith("Cancelled")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_at_1366(viewer, docks, qtbot, theme):
    viewer.theme = theme
    for dock, widget in docks.values():
        dock.raise_()
        qtbot.wait(50)
        assert 300 <= widget.width() <= 460
        assert widget.minimumSizeHint().width() <= widget.width()
        for area in widget.findChildren(QScrollArea):
            inner = area.widget()
            assert inner.minimumSizeHint().width() <= area.viewport().width()
    picture = viewer.screenshot(canvas_only=False, flash=False)
    assert picture.shape[0] <= 768
    assert picture.shape[1] <= 1366


def test_the_legend_stands_in_the_main_view_alone_on_black(viewer, docks, qtbot):
    three_views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    three_views.show_three_views(viewer)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    viewer.theme = "light"
    _, dock = docks["Texture"]
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    qtbot.wait(100)
    seen = [model.layers[-1].colorbar.visible for model in models(viewer)]
    assert seen == [True, False, False]
    for model in models(viewer):
        np.testing.assert_array_equal(model.canvas.background_color, (0, 0, 0, 1))
