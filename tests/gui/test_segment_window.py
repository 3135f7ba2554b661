"""The Segment dock in a real window: a brush under a lock, a preview in three views, the keys."""

from __future__ import annotations

import time

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QScrollArea

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.layers.layers import layers_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("opengl")]
GRID = Geometry((40, 40, 12), (2.0, 2.0, 5.0))
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    values = np.random.default_rng(3).normal(0, 80, GRID.shape).astype(np.float32)
    labels = np.zeros(GRID.shape, np.uint8)
    labels[3:9, 10:20, 10:30], labels[3:9, 20:30, 10:30] = 1, 2
    scheme = (Label(1, "tumour"), Label(2, "organ at risk"))
    scan = Image(values, GRID, "HU", "chest", "CT")
    drawn = Segmentation(labels, GRID, scheme, name="expert")
    for data, settings, kind in layers_of([scan, drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    _, widget = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Segment")
    qtbot.waitUntil(lambda: not widget.desk.measured.work.busy, timeout=20_000)
    return widget


def canvas_of():
    widgets = (w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop")
    return next(widget for widget in widgets if widget.isVisible())


def drag(qtbot, start, stop):
    """Paint from one place of the canvas to another, as a hand does."""
    widget = canvas_of()

    def send(kind, x, y, button, held):
        place = QPointF(float(x), float(y))
        none = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, place, widget.mapToGlobal(place), button, held, none)
        QApplication.sendEvent(widget, event)
        qtbot.wait(15)

    send(QEvent.Type.MouseMove, *start, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    send(QEvent.Type.MouseButtonPress, *start, LEFT, LEFT)
    for part in np.linspace(0, 1, 8)[1:]:
        x, y = np.array(start) + part * (np.array(stop) - start)
        send(QEvent.Type.MouseMove, x, y, Qt.MouseButton.NoButton, LEFT)
    send(QEvent.Type.MouseButtonRelease, *stop, LEFT, Qt.MouseButton.NoButton)


def test_three_million_voxels_are_applied_for_little_more_than_napari_takes(
    make_napari_viewer, qtbot
):
    """A ratio, best of three, of processor time of the screen's thread."""
    grid = Geometry((400, 400, 30), (1.0, 1.0, 3.0))
    values = np.zeros(grid.shape, np.float32)
    values[5:25, 10:390, 3:398] = 100
    labels = np.zeros(grid.shape, np.uint8)
    labels[10:12, 100:110, 100:110] = 1
    viewer = make_napari_viewer(show=True)
    for data, settings, kind in layers_of([Image(values, grid), Segmentation(labels, grid)]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    _, dock = viewer.window.add_plugin_dock_widget("napari-radiogenomics", "Segment")
    work, took, theirs = dock.desk.tools.work, [], []
    drawn, plain = viewer.layers[-1], Labels(np.zeros_like(labels))
    for _ in range(4):  # the first one loads what it needs
        dock.draw.tools.choose("threshold")
        dock.draw.tools.range.range = (50, 200)
        dock.draw.tools.changed.emit()
        qtbot.waitUntil(lambda: work.change is not None and not work.busy, timeout=60_000)
        assert work.change.voxels > 3_000_000
        places = np.nonzero(values)
        before = time.thread_time()
        plain.data_setitem(places, 1)
        theirs.append(time.thread_time() - before)
        plain.undo()
        before = time.thread_time()
        dock.draw.apply_button.click()
        took.append(time.thread_time() - before)
        assert np.count_nonzero(drawn.data) > 3_000_000
        dock.desk.undo()
        dock.draw.tools.choose("")
        qtbot.waitUntil(lambda: not dock.desk.measured.work.busy, timeout=60_000)
    assert min(took[1:]) < 3 * min(theirs[1:])


def test_a_stroke_of_the_mouse_stops_at_a_locked_label_and_is_one_undo_step(viewer, dock, qtbot):
    layer = viewer.layers["expert"]
    viewer.layers.selection.active = layer
    dock.desk.labels.lock(2, True)
    layer.selected_label, layer.mode, layer.brush_size = 1, "paint", 8
    before, size = np.array(layer.data), canvas_of().size()
    x = size.width() / 2
    drag(qtbot, (x, size.height() * 0.2), (x, size.height() * 0.8))
    after = np.array(layer.data)
    assert ((before == 0) & (after == 1)).sum() > 20
    np.testing.assert_array_equal(after == 2, before == 2)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_a_preview_is_seen_in_three_views_and_goes(viewer, dock, qtbot):
    three_views = pytest.importorskip("napari_radiogenomics.gui.canvas.three_views")
    three_views.show_three_views(viewer)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    qtbot.waitUntil(lambda: all(len(m.layers) == 2 for m in models(viewer)), timeout=5000)
    work = dock.desk.tools.work
    dock.draw.tools.choose("ring")
    qtbot.waitUntil(lambda: work.change is not None, timeout=20_000)
    assert [len(model.layers) for model in models(viewer)] == [3, 3, 3]
    dock.desk.tools.apply()
    seen = [sum(x.visible for x in model.layers) for model in models(viewer)]
    assert seen == [2, 2, 2]
    dock.draw.tools.choose("")
    assert [len(model.layers) for model in models(viewer)] == [2, 2, 2]
    drawn = viewer.layers["expert"].data
    assert (drawn == 3).any()
    for model in models(viewer):
        np.testing.assert_array_equal(model.layers["expert"].data, drawn)
    # Painting in a linked view keeps to the locks as well.
    dock.desk.labels.lock(2, True)
    copy = models(viewer)[1].layers["expert"]
    middle = tuple(int(v) for v in np.argwhere(drawn == 2).mean(axis=0))
    copy.brush_size = 6
    copy.paint(middle, 1)
    assert viewer.layers["expert"].data[middle] == 2


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_at_1366(viewer, dock, qtbot, theme):
    viewer.theme = theme
    for place in range(dock.tabs.count()):
        dock.tabs.setCurrentIndex(place)
        qtbot.wait(50)
        assert dock.minimumSizeHint().width() <= dock.width()
        for area in dock.tabs.currentWidget().findChildren(QScrollArea):
            assert area.widget().minimumSizeHint().width() <= area.viewport().width()
    dock.tabs.setCurrentIndex(0)
    for name in dock.draw.tools.tools:
        dock.draw.tools.choose(name)
        qtbot.wait(20)
        for area in dock.draw.findChildren(QScrollArea):
            assert area.widget().minimumSizeHint().width() <= area.viewport().width()
    dock.desk.tools.cancel()
    table = dock.draw.table
    assert table.columnWidth(2) > 60  # names are read
