"""The Scan dock: presets and numbers follow the scan that is meant, and it follows them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.canvas.dress import dress_canvas, dress_on_first_scan
from napari_radiogenomics.gui.canvas.looking import look_at_tumour
from napari_radiogenomics.gui.canvas.window_level import set_window, window_of
from napari_radiogenomics.gui.cohort.refill import Refill
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


@pytest.mark.parametrize(("unit", "modality"), [("HU", "CT"), ("", "MR"), ("", "")])
def test_a_scan_that_nobody_touched_is_not_set_by_hand(dock, viewer, unit, modality):
    values = np.random.default_rng(2).gamma(2, 300, GRID.shape).astype(np.float32)
    data, settings, _ = image_layers(Image(values, GRID, unit, "scan", modality))[0]
    viewer.add_image(data, **settings)
    assert dock.window_combo.currentText() != "by hand"


def test_the_window_of_the_file_is_the_preset_it_opens_with(dock, viewer):
    values = np.linspace(-1000, 1000, 120, dtype=np.float32).reshape(GRID.shape)
    image = Image(values, GRID, "HU", "CT", "CT", metadata={"window": (60.0, 350.0)})
    data, settings, _ = image_layers(image)[0]
    viewer.add_image(data, **settings)
    assert dock.window_combo.currentText() == "As the file asks · 350 / 60 HU"


def test_the_canvas_is_black_behind_scans_in_every_theme(viewer, qtbot):
    dress_canvas(viewer)
    assert viewer.canvas.background_color_override is None
    add(viewer)
    viewer.theme = "light"
    np.testing.assert_array_equal(viewer.canvas.background_color, (0, 0, 0, 1))
    viewer.layers.clear()
    assert viewer.canvas.background_color_override is None
    viewer.canvas.background_color_override = "red"
    add(viewer)
    np.testing.assert_array_equal(viewer.canvas.background_color, (1, 0, 0, 1))


def test_the_slice_with_most_of_the_newest_segmentation_is_shown(viewer):
    add(viewer)
    assert not look_at_tumour(viewer)
    drawn = np.zeros((2, *GRID.shape), np.uint8)
    drawn[0, 3, 1:3, 1:3] = 1
    drawn[1, 2, 1:4, 0] = 7
    for labels in drawn:
        viewer.add_labels(labels, scale=(3, 2, 1), translate=(10, 20, 30))
    before = viewer.dims.point
    viewer.add_labels(np.zeros(GRID.shape, np.uint8))
    assert viewer.dims.point == before
    assert look_at_tumour(viewer)
    assert viewer.dims.point[0] == pytest.approx(10 + 3 * 2)
    assert viewer.layers[-2].world_to_data(viewer.dims.point)[2] == pytest.approx(0, abs=0.5)


def test_only_the_first_scan_moves_the_view(viewer, qtbot):
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[4, 1:3, 1:3] = 1
    viewer.add_labels(labels)
    dress_on_first_scan(viewer)
    assert viewer.canvas.overlays.scale_bar.visible
    assert viewer.dims.point[0] == 4
    viewer.dims.set_point(0, 1)
    dress_on_first_scan(viewer)
    assert viewer.dims.point[0] == 1


def test_dressing_an_empty_viewer_is_safe(viewer, qtbot):
    dress_on_first_scan(viewer)
    add(viewer)
    assert viewer.canvas.overlays["radiogenomics_edge_left"].visible


def test_presets_are_those_of_the_scan_that_fills_the_layer(dock, viewer):
    layer = add(viewer)
    values = np.random.default_rng(1).gamma(3, 100, GRID.shape)
    data, settings, kind = image_layers(Image(values, GRID, "", "T1", "MR"))[0]
    with Refill(viewer, [layer]) as refill:
        assert refill.take(data, settings, kind) is layer
        refill.fill()
    assert dock.window_combo.currentText().startswith("Bright tissue")
    assert not any(text.startswith("Lung") for text in texts(dock.window_combo))
    assert dock.title.text() == "T1"
