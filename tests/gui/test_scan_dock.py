"""The Scan dock: presets and numbers follow the scan that is meant, and it follows them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.window_level import set_window, window_of
from napari_radiogenomics.gui.layers.layers import image_layers
from napari_radiogenomics.gui.scan_dock import ScanDock

GRID = Geometry((6, 5, 4))


def add(viewer, name="CT", unit="HU", modality="CT"):
    values = np.linspace(-1000, 1000, 120, dtype=np.float32).reshape(GRID.shape)
    data, settings, _ = image_layers(Image(values, GRID, unit, name, modality))[0]
    return viewer.add_image(data, **settings)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(viewer, qtbot):
    dock = ScanDock(viewer)
    qtbot.addWidget(dock)
    return dock


def texts(combo):
    return [combo.itemText(row) for row in range(combo.count())]


def test_without_a_scan_it_says_what_to_do(dock):
    assert dock.title.text() == "Open a scan to set its window."
    assert not dock.window_combo.isEnabled()
    assert not dock.width_box.isEnabled()


def test_presets_carry_width_level_and_unit(dock, viewer):
    add(viewer)
    assert "Abdomen · 400 / 40 HU" in texts(dock.window_combo)
    assert "Lung · 1400 / −500 HU" in texts(dock.window_combo)
    assert dock.window_combo.currentText() == "Abdomen · 400 / 40 HU"
    assert dock.width_box.text() == "400 HU"


def test_choosing_a_preset_changes_the_scan(dock, viewer):
    layer = add(viewer)
    row = next(r for r, t in enumerate(texts(dock.window_combo)) if t.startswith("Lung"))
    dock.window_combo.setCurrentIndex(row)
    dock.window_combo.activated.emit(row)
    assert window_of(layer) == (1400, -500)
    assert dock.level_box.value() == -500


def test_other_ways_to_change_it_are_followed(dock, viewer):
    layer = add(viewer)
    set_window(layer, 1000, 400)
    assert dock.window_combo.currentText().startswith("Bone")
    set_window(layer, 777, 10)
    assert dock.window_combo.currentText() == "by hand"
    assert dock.width_box.value() == pytest.approx(777)
    dock.level_box.setValue(25)
    assert window_of(layer) == pytest.approx((777, 25))


def test_it_follows_the_selected_scan(dock, viewer):
    first = add(viewer)
    second = add(viewer, "T1c", "", "MR")
    assert dock.window_combo.layer is second
    assert not any(text.startswith("Lung") for text in texts(dock.window_combo))
    viewer.layers.selection.active = first
    assert dock.title.text() == "CT"
    assert any(text.startswith("Lung") for text in texts(dock.window_combo))
    set_window(second, 3, 3)
    assert dock.width_box.value() == 400


def test_what_is_on_the_canvas_can_be_switched(dock, viewer):
    add(viewer)
    overlays = viewer.canvas.overlays
    assert overlays["radiogenomics_edge_left"].visible
    dock.letters.setChecked(False)
    assert not overlays["radiogenomics_edge_left"].visible
    dock.letters.setChecked(True)
    assert overlays["radiogenomics_edge_left"].visible
    dock.scale_bar.setChecked(False)
    assert not overlays.scale_bar.visible


def test_dressing_twice_adds_nothing(viewer, qtbot):
    dress_canvas(viewer)
    overlays, drags = len(viewer.canvas.overlays), len(viewer.mouse_drag_callbacks)
    viewer.canvas.overlays.scale_bar.visible = False
    dress_canvas(viewer)
    assert not viewer.canvas.overlays.scale_bar.visible
    assert len(viewer.canvas.overlays) == overlays
    assert len(viewer.mouse_drag_callbacks) == drags


def test_a_linked_view_repeats_neither_legend_nor_scale_bar(viewer, qtbot):
    dress_canvas(viewer, linked=True)
    assert not viewer.canvas.overlays.scale_bar.visible
    assert "radiogenomics_legend" not in viewer.canvas.overlays
