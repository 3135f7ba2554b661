"""The linked views: a crosshair where the slices meet, painting in each, room for pictures."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.cohort.refill import models
from napari_radiogenomics.gui.layers.layers import layers_of

pytest.importorskip("napari_orthogonal_views")

from napari_radiogenomics.gui.canvas.crosshair import crosshair_lines
from napari_radiogenomics.gui.canvas.three_views import (
    ThreeViews,
    show_three_views,
)

GRID = Geometry((30, 24, 20), (1.5, 1.5, 3.0), (-60.0, 40.0, 100.0))


def test_the_lines_meet_at_the_place_and_leave_it_free():
    ends = crosshair_lines((5.0, -3.0), 2.0).reshape(4, 2, 2)
    across, upright = ends[:2], ends[2:]
    assert (across[..., 1] == -3).all()
    assert (upright[..., 0] == 5).all()
    np.testing.assert_allclose(np.abs(across[:, 0, 0] - 5), 2)
    np.testing.assert_allclose(np.abs(upright[:, 0, 1] + 3), 2)
    assert np.abs(ends[:, 1]).max() > 1e4


def test_empty_views_have_the_color_of_the_main_one(monkeypatch):
    viewer, beside = ViewerModel(), ViewerModel()
    viewer.theme = "light"
    monkeypatch.setattr(ThreeViews, "models", lambda _: [beside])
    views = attached(viewer, ThreeViews)
    views.update()
    np.testing.assert_allclose(beside.canvas.background_color, viewer.canvas.background_color)
    light = np.array(beside.canvas.background_color)
    viewer.theme = "dark"
    np.testing.assert_allclose(beside.canvas.background_color, viewer.canvas.background_color)
    assert not np.allclose(light, beside.canvas.background_color)
    layer = beside.add_image(np.zeros((3, 4, 5)))
    np.testing.assert_allclose(beside.canvas.background_color, (0, 0, 0, 1))
    viewer.theme = "light"
    beside.layers.remove(layer)
    np.testing.assert_allclose(beside.canvas.background_color, light)


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_crosshair_and_brush_in_all_three_views(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    show_three_views(viewer)
    views = attached(viewer, ThreeViews)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    scan = Image(np.zeros(GRID.shape, np.float32), GRID, "HU", "chest", "CT")
    drawn = Segmentation(np.zeros(GRID.shape, np.uint8), GRID, (Label(1, "tumour"),), name="R1")
    for data, settings, kind in layers_of([scan, drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    place = (130.0, 55.0, -30.0)
    viewer.dims.set_point(range(3), place)
    qtbot.wait(100)
    for model in models(viewer):
        np.testing.assert_allclose(model.dims.point, place)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    cyan = (picture[..., 2] - picture[..., 0] > 80) & (picture[..., 1] - picture[..., 0] > 80)
    rows, columns = cyan.mean(axis=1), cyan.mean(axis=0)
    camera, (height, width) = viewer.scene.camera, picture.shape[:2]
    middle = np.array(camera.center[-2:])
    seen = np.array([rows.argmax(), columns.argmax()]) - np.array([height, width]) / 2
    np.testing.assert_allclose(seen / camera.zoom + middle, place[1:], atol=3 / camera.zoom)
    views.crosshair = False
    qtbot.wait(50)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    assert not ((picture[..., 2] - picture[..., 0]) > 80).any(axis=0).all()
    labels = viewer.layers["R1"]
    for number, model in enumerate(models(viewer)):
        here = (3 + number, 4, 5)
        model.layers["R1"].paint(here, 1)
        assert labels.data[here] == 1
    tabs = [w for w in QApplication.allWidgets() if type(w).__name__ == "MainControlsWidget"]
    assert tabs
    assert not any(tab.isVisible() for tab in tabs)
    views.shown = False
    assert len(models(viewer)) == 1


_COME_AND_GO = """
import napari, numpy as np
from qtpy.QtTest import QTest
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.three_views import ThreeViews
viewer = napari.Viewer()
views = attached(viewer, ThreeViews)
views.show()
QTest.qWait(200)
for crosshair in (True, False):
    views.crosshair = crosshair
    for _ in range(2):
        for number in range(2):
            viewer.add_image(np.full((6, 8, 9), number))
        QTest.qWait(100)
        while viewer.layers:
            viewer.layers.pop(0)
            QTest.qWait(100)
        viewer.add_image(np.zeros((8, 9, 3), np.uint8), rgb=True)
        QTest.qWait(100)
        viewer.layers.clear()
        QTest.qWait(100)
viewer.close()
print("lived")
"""


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_scans_and_slides_come_and_go_without_a_crash_of_software_opengl():
    ran = subprocess.run(
        [sys.executable, "-c", _COME_AND_GO], capture_output=True, text=True, check=False
    )
    assert "lived" in ran.stdout, ran.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.usefixtures("opengl")
def test_a_small_scan_over_time_opens_in_the_middle_and_stays_there(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    show_three_views(viewer)
    qtbot.waitUntil(lambda: len(models(viewer)) == 3, timeout=5000)
    grid = Geometry((8, 9, 6), (1.0, 1.0, 2.0), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
    array = np.random.default_rng(0).random((4, *grid.shape), np.float32)
    for data, settings, _ in layers_of([Image(array, grid, fourth_axis="time")]):
        viewer.add_image(data, **settings)
    qtbot.wait(100)
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], (-4.0, -3.5))
    for model in models(viewer):
        for z in (0.0, 8.0):
            model.dims.set_point(1, z)
            np.testing.assert_allclose(viewer.scene.camera.center[-2:], (-4.0, -3.5))
            assert viewer.dims.point[1] == z
