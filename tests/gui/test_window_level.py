"""Window and level: presets, and dragging with the right button, without a window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Segmentation
from napari_radiogenomics.gui.canvas.window_level import (
    drag_with_right,
    image_of,
    presets_for,
    scan_to_window,
    set_window,
    window_of,
)
from napari_radiogenomics.gui.layers.layers import image_layers, segmentation_layers

GRID = Geometry((6, 5, 4))


def ct(**more) -> Image:
    values = np.linspace(-1000, 1000, 120, dtype=np.float32).reshape(GRID.shape)
    return Image(values, GRID, **{"unit": "HU", "modality": "CT", "name": "CT"} | more)


def add(viewer, image):
    data, settings, _ = image_layers(image)[0]
    return viewer.add_image(data, **settings)


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    drag_with_right(viewer)
    return viewer


class Drag:
    """Presses, moves and releases as napari's canvas does."""

    def __init__(self, viewer, *, button=2, modifiers=()):
        self.event = SimpleNamespace(
            type="mouse_press", button=button, modifiers=modifiers, pos=(100, 100), handled=False
        )
        self.moves = [
            found
            for callback in viewer.mouse_drag_callbacks
            if (found := callback(viewer, self.event)) is not None
        ]
        self._step()

    def _step(self):
        self.moves = [move for move in self.moves if next(move, "done") != "done"]

    def to(self, x, y):
        self.event.type, self.event.pos = "mouse_move", (x, y)
        self._step()
        return self

    def release(self):
        self.event.type = "mouse_release"
        self._step()


def test_dragging_right_widens_and_dragging_up_brightens(viewer):
    layer = add(viewer, ct())
    assert window_of(layer) == (400, 40)
    drag = Drag(viewer).to(200, 100)
    width, level = window_of(layer)
    assert width == pytest.approx(400 * np.exp(1 / 3))
    assert level == pytest.approx(40)
    drag.to(100, 70)
    width, level = window_of(layer)
    assert width == pytest.approx(400)
    assert level == pytest.approx(40 - 400 * 0.1)
    drag.release()


def test_the_camera_rests_during_the_drag_and_comes_back(viewer):
    add(viewer, ct())
    drag = Drag(viewer)
    assert drag.event.handled
    assert not viewer.scene.camera.mouse_pan
    drag.to(150, 150).release()
    assert viewer.scene.camera.mouse_pan


@pytest.mark.parametrize("how", [{"button": 1}, {"modifiers": ("Shift",)}])
def test_other_drags_are_naparis(viewer, how):
    layer = add(viewer, ct())
    drag = Drag(viewer, **how).to(200, 200)
    assert not drag.event.handled
    assert viewer.scene.camera.mouse_pan
    assert window_of(layer) == (400, 40)


def test_zoom_stays_without_a_scan_and_in_3d(viewer):
    plain = viewer.add_image(np.zeros(GRID.shape))
    limits = plain.contrast_limits
    assert not Drag(viewer).to(300, 300).event.handled
    assert plain.contrast_limits == limits
    layer = add(viewer, ct())
    viewer.dims.ndisplay = 3
    assert not Drag(viewer).to(300, 300).event.handled
    assert window_of(layer) == (400, 40)


def test_a_segmentation_that_is_painted_keeps_its_right_button(viewer):
    layer = add(viewer, ct())
    data, settings, _ = segmentation_layers(Segmentation(np.zeros(GRID.shape, np.uint8), GRID))[0]
    labels = viewer.add_labels(data, **settings)
    labels.mode = "paint"
    assert not Drag(viewer).to(300, 300).event.handled
    labels.mode = "pan_zoom"
    Drag(viewer).to(200, 100).release()
    assert window_of(layer)[0] > 400


def test_the_selected_layer_is_meant_else_the_topmost_visible_scan(viewer):
    below, above = add(viewer, ct()), add(viewer, ct(name="second"))
    texture = add(viewer, ct(modality="map", unit="bits"))
    viewer.layers.selection.active = below
    assert scan_to_window(viewer) is below
    viewer.layers.selection.active = texture
    assert scan_to_window(viewer) is texture
    viewer.layers.selection.active = None
    assert scan_to_window(viewer) is above
    above.visible = False
    assert scan_to_window(viewer) is below


def test_a_window_never_closes(viewer):
    layer = add(viewer, ct())
    set_window(layer, 0, 40)
    low, high = layer.contrast_limits
    assert high > low
    drag = Drag(viewer)
    for _ in range(5):
        drag.to(-100_000, 100)
    assert layer.contrast_limits[1] > layer.contrast_limits[0]


def test_presets_of_ct_of_mr_and_of_the_file():
    # DICOM's Window Center comes first, then its Window Width.
    names = [preset.name for preset in presets_for(ct(metadata={"window": (50.0, 350.0)}))]
    assert names[:5] == ["As the file asks", "Abdomen", "Bone", "Brain", "Lung"]
    asked = presets_for(ct(metadata={"window": (50.0, 350.0)}))[0]
    assert (asked.width, asked.level) == (350, 50)
    mr = [preset.name for preset in presets_for(ct(modality="MR", unit=""))]
    assert mr == ["Bright tissue", "1st to 99th percentile", "5th to 95th percentile", "Full range"]


def test_a_file_of_hu_without_a_unit_gets_presets_that_are_said_to_be_assumed():
    values = np.linspace(-1024, 1500, np.prod(GRID.shape)).astype(np.int16).reshape(GRID.shape)
    names = [preset.name for preset in presets_for(Image(values, GRID))]
    assert names[0] == "Abdomen (assumed HU)"
    assert "Lung (assumed HU)" in names
    for other in (values - values.min(), values + 0.5, values // 100):
        assert "assumed" not in presets_for(Image(other, GRID))[0].name
    assert "assumed" not in presets_for(Image(values, GRID, modality="MR"))[0].name


def test_percentile_presets_agree_with_numpy():
    values = np.random.default_rng(1).normal(size=GRID.shape)
    preset = presets_for(Image(values, GRID))[1]
    low, high = np.percentile(values, (1, 99))
    assert preset.level - preset.width / 2 == pytest.approx(low)
    assert preset.level + preset.width / 2 == pytest.approx(high)


def test_presets_leave_undefined_voxels_out():
    values = np.full(GRID.shape, np.nan)
    assert presets_for(Image(values, GRID)) == []
    values[0, 0, :2] = 1, 3
    assert presets_for(Image(values, GRID))[-1].width == 2


def test_image_of_refuses_what_is_no_scan(viewer):
    assert image_of(viewer.add_image(np.zeros((4, 4)))) is None
    assert image_of(viewer.add_points(np.zeros((1, 3)))) is None
    assert image_of(add(viewer, ct())).unit == "HU"
