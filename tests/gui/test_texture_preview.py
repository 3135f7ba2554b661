"""The live preview in the Texture dock: what is in sight, at once; the rest when asked."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import QSignalBlocker

from napari_radiogenomics import read, texture_maps, write
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.canvas.window_level import image_of
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.texture import preview as seen_planes
from napari_radiogenomics.gui.texture.dock import TextureDock
from napari_radiogenomics.gui.texture.flicker import FLICKER_KEY
from napari_radiogenomics.gui.texture.kernel_box import KernelBox, kernel_extent, on_canvas
from napari_radiogenomics.gui.texture.map_layer import is_preview, maps_of
from napari_radiogenomics.gui.texture.sheet import Sheet
from napari_radiogenomics.imaging.display import show

GRID = Geometry((12, 11, 8), (1.0, 1.5, 4.0), (-6.0, 5.0, 20.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1))
ENTROPY, MEAN = "original_firstorder_Entropy", "original_firstorder_Mean"


def scan_of(name="chest"):
    values = np.random.default_rng(1).normal(0, 60, GRID.shape).astype(np.float32)
    return Image(values, GRID, "HU", name, "CT")


def region_of(grid=GRID):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:7, 2:9, 3:10] = 1
    labels[2:4, 3:5, 4:6] = 2
    return Segmentation(labels, grid, (Label(1, "rim"), Label(2, "core")), name="expert")


def open_in(viewer, *objects):
    return [getattr(viewer, f"add_{kind}")(d, **kw) for d, kw, kind in layers_of(objects)]


def shown_dock(viewer, qtbot):
    dock = TextureDock(viewer)
    qtbot.addWidget(dock)
    dock.show()
    return dock


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    open_in(viewer, scan_of(), region_of())
    viewer.dims.set_point(0, viewer.layers["chest"].translate[0] + 3 * 4.0)
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    dock = shown_dock(viewer, qtbot)
    settle(dock, qtbot)
    return dock


def settle(dock, qtbot):
    """Wait until everything in sight is measured."""
    qtbot.wait(5)
    qtbot.waitUntil(
        lambda: not dock.looker.preview.busy and not dock.runner.running, timeout=60_000
    )
    qtbot.wait(5)


def run(dock, qtbot):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    settle(dock, qtbot)


def previews(viewer):
    return [layer for layer in viewer.layers if is_preview(layer)]


def expected(viewer, name=ENTROPY, **settings):
    """The finished map in this slice, on the whole grid of the canvas."""
    maps = texture_maps(scan_of(), region_of(), label=1, features=[name], **settings)
    whole = replace(maps[name], array=np.asarray(maps[name].array))
    slices = show(whole)[0].array
    return slices[round((viewer.dims.point[0] - viewer.layers["chest"].translate[0]) / 4.0)]


def in_sight(viewer, layer):
    """What a layer shows in this slice, on the grid of the scan."""
    low = np.rint(viewer.layers["chest"].world_to_data(layer.translate)).astype(int)
    index = round((viewer.dims.point[0] - layer.translate[0]) / 4.0)
    found = np.full(viewer.layers["chest"].data.shape[1:], np.nan)
    part = layer.data[index]
    found[low[1] : low[1] + part.shape[0], low[2] : low[2] + part.shape[1]] = part
    return found


def test_the_slice_in_sight_shows_its_texture_without_a_click(dock, viewer):
    (layer,) = previews(viewer)
    np.testing.assert_array_equal(in_sight(viewer, layer), expected(viewer))
    others = np.delete(layer.data, round((viewer.dims.point[0] - layer.translate[0]) / 4.0), 0)
    assert not np.isfinite(others).any()
    assert dock.message.startswith("Preview of entropy: ")
    assert viewer.layers.selection.active is not layer
    assert not maps_of(layer)
    assert not dock.save_button.isEnabled()


@pytest.mark.parametrize(
    "settings", [{"kernel_radius": 2}, {"bin_width": 5.0}, {"force_2d": True}], ids=str
)
def test_another_setting_shows_the_slice_again(dock, viewer, qtbot, settings):
    (layer,) = previews(viewer)
    dock.form.values = settings
    settle(dock, qtbot)
    assert previews(viewer) == [layer]
    np.testing.assert_array_equal(in_sight(viewer, layer), expected(viewer, **settings))


def test_another_feature_shows_the_slice_again_with_its_own_range(dock, viewer, qtbot):
    (layer,) = previews(viewer)
    dock.shown.setCurrentIndex(dock.shown.findData(MEAN))
    settle(dock, qtbot)
    np.testing.assert_array_equal(in_sight(viewer, layer), expected(viewer, MEAN))
    assert image_of(layer).unit == "HU"
    assert viewer.canvas.overlays["radiogenomics_legend"].text == "Mean\nHU"
    assert layer.contrast_limits[0] < 0 < layer.contrast_limits[1]
    dock.features.chosen = (*dock.features.chosen, "glcm_Contrast")
    settle(dock, qtbot)  # ticked last: it is what is looked at
    assert dock.shown.currentText().startswith("○ GLCM contrast")
    np.testing.assert_array_equal(
        in_sight(viewer, layer), expected(viewer, "original_glcm_Contrast")
    )


def test_another_slice_is_filled_and_only_that(dock, viewer, qtbot):
    (layer,) = previews(viewer)
    limits = layer.contrast_limits
    viewer.dims.set_point(0, viewer.dims.point[0] + 4.0)
    settle(dock, qtbot)
    np.testing.assert_array_equal(in_sight(viewer, layer), expected(viewer))
    filled = np.isfinite(layer.data).any(axis=(1, 2))
    assert filled.sum() == 2
    assert layer.contrast_limits == limits  # colors stay comparable from slice to slice


def test_painting_shows_the_slice_again(dock, viewer, qtbot):
    labels = viewer.layers["expert"]
    z = round((viewer.dims.point[0] - labels.translate[0]) / 4.0)
    labels.data_setitem((np.array([z]), np.array([0]), np.array([0])), 1)
    settle(dock, qtbot)
    (layer,) = previews(viewer)
    assert np.isfinite(in_sight(viewer, layer)[0, 0])


def test_the_preview_becomes_the_finished_map(dock, viewer, qtbot):
    (layer,) = previews(viewer)
    run(dock, qtbot)
    assert not previews(viewer)
    assert maps_of(layer).keys() == {ENTROPY, MEAN}
    assert len(viewer.layers) == 3
    shown = show(texture_maps(scan_of(), region_of(), label=1)[ENTROPY])[0]
    np.testing.assert_array_equal(layer.data, shown.array)
    np.testing.assert_allclose(layer.translate, shown.translate)
    np.testing.assert_array_equal(in_sight(viewer, layer), expected(viewer))


def test_finished_maps_are_shown_instead_of_a_preview_where_settings_are_theirs(
    dock, viewer, qtbot
):
    run(dock, qtbot)
    (finished,) = (layer for layer in viewer.layers if maps_of(layer))
    dock.form.values = {"kernel_radius": 2}
    settle(dock, qtbot)
    (preview,) = previews(viewer)
    assert preview.visible
    assert not finished.visible  # one map through another says nothing
    dock.form.values = {"kernel_radius": 1}
    settle(dock, qtbot)
    assert not previews(viewer)
    assert finished.visible
    dock.shown.setCurrentIndex(dock.shown.findData(MEAN))
    settle(dock, qtbot)
    assert image_of(finished) is maps_of(finished)[MEAN]
    assert not previews(viewer)


def test_a_hidden_dock_leaves_no_preview(dock, viewer, qtbot):
    run(dock, qtbot)
    dock.form.values = {"kernel_radius": 2}
    settle(dock, qtbot)
    (finished,) = (layer for layer in viewer.layers if maps_of(layer))
    dock.hide()
    assert not previews(viewer)
    assert finished.visible
    viewer.dims.set_point(0, viewer.dims.point[0] + 4.0)
    settle(dock, qtbot)
    assert not previews(viewer)
    dock.show()
    settle(dock, qtbot)
    assert previews(viewer)


def test_a_region_under_a_map_is_an_outline(dock, viewer, qtbot):
    labels = viewer.layers["expert"]
    assert labels.contour == 1  # its color would mix with that of the map
    labels.contour = 0
    dock.form.values = {"kernel_radius": 2}
    settle(dock, qtbot)
    assert labels.contour == 0  # as the person wants it
    labels.contour = 1
    dock.hide()
    assert labels.contour == 0


def test_the_preview_can_be_switched_off(dock, viewer, qtbot):
    dock.live.setChecked(False)
    settle(dock, qtbot)
    assert not previews(viewer)
    dock.form.values = {"kernel_radius": 2}
    settle(dock, qtbot)
    assert not previews(viewer)


def test_a_preview_never_hides_where_a_biopsy_was_taken(viewer, qtbot):
    biopsies = viewer.add_points([[1, 1, 1]])
    dock = shown_dock(viewer, qtbot)
    settle(dock, qtbot)
    assert previews(viewer)
    assert viewer.layers[-1] is biopsies


def test_a_removed_or_restored_preview_layer_does_no_harm(dock, viewer, qtbot):
    (layer,) = previews(viewer)
    viewer.layers.remove(layer)
    dock.form.values = {"kernel_radius": 2}
    settle(dock, qtbot)
    assert len(previews(viewer)) == 1
    viewer.layers.append(layer)  # as when the patient of before is opened again
    dock.form.values = {"kernel_radius": 1}
    settle(dock, qtbot)
    assert len(previews(viewer)) == 1
    assert layer not in viewer.layers


def test_the_rest_follows_on_its_own_when_wanted(dock, viewer, qtbot):
    dock.rest.setChecked(True)
    qtbot.waitUntil(lambda: any(map(maps_of, viewer.layers)), timeout=20_000)
    (finished,) = (layer for layer in viewer.layers if maps_of(layer))
    assert np.isfinite(finished.data).sum() == (region_of().labels == 1).sum()


def test_compiling_is_told_and_can_be_cancelled_at_once(dock, viewer, qtbot, monkeypatch):
    measure = Sheet.measure

    def compiling():
        while True:
            time.sleep(0.01)
            yield

    def first(sheet, part, *, progress):
        for _ in progress(compiling(), "Preparing the computation"):
            pass

    monkeypatch.setattr(Sheet, "measure", first)
    dock.form.values = {"kernel_radius": 2}
    qtbot.waitUntil(lambda: dock.message == "Preparing the computation …", timeout=3000)
    dock.live.setChecked(False)
    qtbot.waitUntil(lambda: not dock.looker.preview.busy, timeout=1000)
    dock.start()
    qtbot.waitUntil(lambda: dock.progress_bar.format().startswith("Preparing"), timeout=3000)
    with qtbot.waitSignal(dock.runner.ended, timeout=5000):
        dock.cancel()
    monkeypatch.setattr(Sheet, "measure", measure)


def test_a_run_fills_the_screen_outward(dock, viewer, qtbot, monkeypatch):
    import napari_radiogenomics.gui.texture.sheet as module

    monkeypatch.setattr(module, "_CHUNK", 1)
    measure, seen = Sheet.measure, []

    def slowly(sheet, part, **more):
        measure(sheet, part, **more)
        time.sleep(0.05)

    monkeypatch.setattr(Sheet, "measure", slowly)
    dock.runner.stepped.connect(
        lambda *_: seen.append(int(np.isfinite(previews(viewer)[0].data).sum()))
    )
    run(dock, qtbot)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_changing_a_setting_cancels_a_run_that_began_by_itself(dock, viewer, qtbot, monkeypatch):
    measure = Sheet.measure

    def slowly(sheet, part, *, progress):
        for _ in progress([0] * (500 if part.size > 100 else 0), "Blocks"):  # not a glance
            time.sleep(0.01)
        measure(sheet, part, progress=progress)

    dock.rest.setChecked(True)
    monkeypatch.setattr(Sheet, "measure", slowly)
    qtbot.waitUntil(lambda: dock.runner.running, timeout=20_000)
    monkeypatch.setattr(Sheet, "measure", measure)
    dock.rest.setChecked(False)
    dock.form.values = {"kernel_radius": 2}
    qtbot.waitUntil(lambda: not dock.runner.running, timeout=2000)
    wanted = expected(viewer, kernel_radius=2)

    def arrived():
        (layer,) = previews(viewer)
        np.testing.assert_array_equal(in_sight(viewer, layer), wanted)

    qtbot.waitUntil(arrived, timeout=20_000)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"bin_width": 0.0}, '"Bin width" is a number above 0'),
        ({"bin_width": 1e-6}, "gray levels"),
        ({"distances": (9,)}, "distances up to 2"),
    ],
)
def test_settings_that_mean_nothing_are_said_and_the_preview_comes_back(
    dock, viewer, qtbot, settings, told
):
    dock.features.chosen = ("glcm_Contrast",)
    before = dock.form.values
    dock.form.values = settings
    settle(dock, qtbot)
    assert told in dock.message
    assert not previews(viewer)
    dock.form.values = before
    settle(dock, qtbot)
    assert previews(viewer)
    assert dock.message.startswith("Preview of GLCM contrast")


def test_an_error_goes_when_the_settings_of_a_finished_map_come_back(dock, viewer, qtbot):
    run(dock, qtbot)
    for fails in (lambda: settle(dock, qtbot), dock.start):
        dock.form.values = {"bin_width": 1e-6}
        fails()
        qtbot.waitUntil(lambda: dock.tone == "error", timeout=20_000)
        assert 'set "Bin count"' in dock.message
        dock.form.values = {"bin_width": 25.0}
        settle(dock, qtbot)
        assert dock.tone == "plain"
        assert dock.message == "Entropy: finished with these settings. Save it."
        assert dock.current_map is not None


def test_grids_that_differ_are_said_at_once(qtbot):
    viewer = ViewerModel()
    open_in(viewer, scan_of(), region_of(Geometry((12, 11, 8), (1.0, 1.5, 4.0))))
    dock = shown_dock(viewer, qtbot)
    settle(dock, qtbot)
    assert "Resample" in dock.message


def test_an_empty_region_and_a_missing_one_are_no_errors_until_asked_for(viewer, qtbot):
    viewer.layers["expert"].data = np.zeros_like(viewer.layers["expert"].data)
    dock = shown_dock(viewer, qtbot)
    settle(dock, qtbot)
    assert not previews(viewer)
    dock.start()
    assert dock.message == 'Nothing is drawn in "expert". Paint the region first.'
    viewer.layers.remove("expert")
    settle(dock, qtbot)
    assert dock.message.startswith("Open a segmentation")


# The map that is shown


def test_the_limits_are_dragged_on_the_histogram(dock, viewer):
    (layer,) = previews(viewer)
    histogram = dock.section.histogram
    assert histogram.counts.sum() == np.isfinite(layer.data).sum()
    np.testing.assert_allclose(histogram.limits.getRegion(), layer.contrast_limits)
    histogram.limits.setRegion((0.5, 1.5))
    np.testing.assert_allclose(layer.contrast_limits, (0.5, 1.5))
    layer.contrast_limits = (0.7, 1.2)  # by napari's own slider
    np.testing.assert_allclose(histogram.limits.getRegion(), (0.7, 1.2))
    dock.section.fit_button.click()
    inside = layer.data[np.isfinite(layer.data)]
    np.testing.assert_allclose(layer.contrast_limits, np.percentile(inside, (1, 99)))


def test_opacity_fades_either_way(dock, viewer):
    (layer,) = previews(viewer)
    dock.section.opacity.setValue(20)
    assert layer.opacity == pytest.approx(0.2)
    layer.opacity = 0.9
    assert dock.section.opacity.value() == 90


def test_a_and_b(dock, viewer, qtbot):
    run(dock, qtbot)
    (layer,) = (layer for layer in viewer.layers if maps_of(layer))
    dock.section.flicker_button.click()
    qtbot.waitUntil(lambda: not layer.visible, timeout=3000)
    qtbot.waitUntil(lambda: layer.visible, timeout=3000)
    dock.section.flicker_button.click()
    assert layer.visible
    held = viewer.keymap[next(key for key in viewer.keymap if str(key) == FLICKER_KEY)](viewer)
    next(held)
    assert not layer.visible
    next(held, None)
    assert layer.visible


def test_a_and_b_end_where_the_dock_goes_out_of_sight(dock, viewer, qtbot):
    run(dock, qtbot)
    (layer,) = (layer for layer in viewer.layers if maps_of(layer))
    dock.section.flicker_button.click()
    qtbot.waitUntil(lambda: not layer.visible, timeout=3000)
    dock.hide()
    assert layer.visible
    assert not dock.section.flicker_button.isChecked()


def test_the_key_is_not_one_of_naparis():
    taken = {str(key) for keys in default_shortcuts.values() for key in keys}
    assert FLICKER_KEY not in taken


# Files


def test_all_maps_of_a_run_are_saved_with_their_history(dock, viewer, qtbot, tmp_path):
    with pytest.raises(InputError, match="no map yet"):
        dock.files.save_all(tmp_path)
    run(dock, qtbot)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save_all(tmp_path)
    assert "2 maps saved" in dock.message
    for name, image in dock.section.maps.items():
        again = read(tmp_path / f"{name}.nii.gz")
        np.testing.assert_array_equal(again.array, image.array)
        assert again.history[-1].verb == "texture_maps"
        assert again.history[-1].settings["kernel_radius"] == 1
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save_all(tmp_path / "nowhere")
    assert "does not exist" in dock.message


def test_run_again_sets_everything_as_it_was(dock, viewer, qtbot, tmp_path):
    dock.live.setChecked(False)
    dock.features.chosen = ("firstorder_Range", "glcm_Contrast")
    dock.label.value = 2
    dock.form.values = {"kernel_radius": 2, "bin_width": 10.0, "distances": (1, 2)}
    run(dock, qtbot)
    first = dock.section.maps
    path = tmp_path / "range.nii.gz"
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.save(path)
    dock.reset()
    dock.label.value = 1
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.run_again(path)
    assert dock.features.chosen == ("firstorder_Range", "glcm_Contrast")
    assert dock.label.value == 2
    values = dock.form.values
    assert (values["kernel_radius"], values["bin_width"], values["distances"]) == (2, 10.0, (1, 2))
    assert "The same voxels are open" in dock.message
    run(dock, qtbot)
    for name, image in dock.section.maps.items():
        np.testing.assert_array_equal(image.array, first[name].array)
    labels = viewer.layers["expert"]
    labels.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.files.run_again(path)
    assert "Other voxels are open now than those of its segmentation." in dock.message


def test_a_file_without_a_history_is_said(dock, tmp_path):
    path = write(scan_of(), tmp_path / "scan.nii.gz")
    with pytest.raises(InputError, match="no history of a texture map"):
        dock.files.run_again(path)


# The kernel around the mouse


def test_the_kernel_is_drawn_around_the_mouse_where_a_scan_is(dock, viewer, qtbot):
    viewer.canvas.size = (400, 600)
    viewer.scene.camera.zoom = 8.0
    viewer.mouse_over_canvas = True
    box = viewer.canvas.overlays["radiogenomics_kernel"]
    scan = viewer.layers["chest"]
    with QSignalBlocker(dock):
        viewer.cursor.position = tuple(scan.data_to_world((3, 5, 6)))
    qtbot.waitUntil(lambda: box.visible, timeout=2000)
    (top, left), (bottom, right) = box.position
    assert bottom - top == pytest.approx(3 * 1.5 * 8)
    assert right - left == pytest.approx(3 * 1.0 * 8)
    dock.form.values = {"kernel_radius": 2}
    assert box.position[1][1] - box.position[0][1] == pytest.approx(5 * 8)
    viewer.cursor.position = (1000.0, 0.0, 0.0)
    qtbot.waitUntil(lambda: not box.visible, timeout=2000)
    viewer.cursor.position = tuple(scan.data_to_world((3, 5, 6)))
    qtbot.waitUntil(lambda: box.visible, timeout=2000)
    dock.hide()
    assert not box.visible


def test_upright_views_draw_the_kernel_upright():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 5, 6)), axis_labels=("z", "y", "x"), units=("mm",) * 3)
    KernelBox(viewer)
    viewer.dims.order = (1, 0, 2)
    viewer.canvas.size = (100, 200)
    viewer.scene.camera.zoom, viewer.scene.camera.center = 10.0, (0.0, 1.0, 2.0)
    low = kernel_extent(Geometry((6, 5, 4)), (3.0, 2.0, 5.0), 1)
    viewer.scene.camera.orientation = ("away", "up", "right")
    (top, left), (bottom, right) = on_canvas(viewer, low)
    assert (top, bottom) == (50 - 10 * (4.5 - 1), 50 - 10 * (1.5 - 1))
    assert (left, right) == (100 + 10 * (3.5 - 2), 100 + 10 * (6.5 - 2))


def test_a_view_that_has_not_lost_its_axes_yet_shows_no_plane(monkeypatch):
    flat, deep = ViewerModel(), ViewerModel()
    deep.add_image(np.zeros((3, 4, 5, 6)))
    monkeypatch.setattr(seen_planes, "models", lambda viewer: [flat, deep])
    assert seen_planes.planes_in_sight(flat) == []
    assert len(seen_planes.planes_in_sight(deep)) == 1
