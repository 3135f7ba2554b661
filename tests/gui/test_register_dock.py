"""The Register dock: pairs placed in turn, their errors as they are placed, overlay and saving."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_radiogenomics import open_cohort, read_landmarks, read_transform, register
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.data.transform import Transform
from napari_radiogenomics.gui.cohort.patient import load_layers
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.register.overlay import make_overlay
from napari_radiogenomics.gui.register.pairs import Pairs
from napari_radiogenomics.gui.register.stage import COLOR, WORST, Stage
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.map_layer import show_maps
from napari_radiogenomics.io.patient import load_slide
from napari_radiogenomics.simulate.sample import sample_cohort

SCAN = Image(np.arange(24.0 * 10).reshape(6, 8, 5), Geometry((5, 8, 6), (2, 2, 3)),
             metadata={"frame": "CT"})  # fmt: skip
SLIDE = Slide((np.full((40, 60, 3), 90, np.uint8),), (100.0, 100.0), frame="HE", name="HE")


def click(model: ViewerModel, position, *, drag: bool = False) -> None:
    """Press at a place of a canvas, and release."""
    event = SimpleNamespace(type="mouse_press", position=position, button=1)
    for callback in list(model.mouse_drag_callbacks):
        if not isinstance(getattr(callback, "__self__", None), Stage):
            continue  # napari's own
        steps = callback(model, event)
        next(steps)
        for kind in ("mouse_move", "mouse_release")[not drag :]:
            event.type = kind
            next(steps, None)
        event.type = "mouse_press"


# Without a screen


def test_pairs_are_placed_in_turn_renumbered_never_and_undone():
    pairs = Pairs()
    for n in range(3):
        assert pairs.expected == "fixed"
        pairs.place("fixed", (n, n * n, 1))
        assert pairs.expected == "moving"
        pairs.place("moving", (n, 2 * n, 0))
    pairs.delete(1)
    assert [pair.name for pair in pairs.items] == ["L1", "L3"]
    pairs.place("moving", (7, 7, 0))
    assert pairs.items[-1].name == "L2"
    assert pairs.expected == "fixed"  # the open pair lacks it
    assert len(pairs.landmarks()) == 2
    pairs.move(0, "fixed", (9, 9, 9))
    pairs.undo()
    pairs.undo()
    pairs.undo()
    assert [pair.name for pair in pairs.items] == ["L1", "L2", "L3"]
    np.testing.assert_array_equal(pairs.landmarks().fixed[2], [2, 4, 1])


def test_a_click_is_a_place_in_mm_and_a_drag_is_none():
    seen = []
    model = ViewerModel()
    stage = Stage(model, "fixed", SCAN, own=True, clicked=lambda *place: seen.append(place))
    click(model, (6.0, 4.0, 2.0))
    click(model, (6.0, 4.0, 2.0), drag=True)
    flat = ViewerModel()
    Stage(flat, "moving", SLIDE, own=True, clicked=lambda *place: seen.append(place))
    click(flat, (1.5, 2.5))
    assert seen == [("fixed", (2.0, 4.0, 6.0)), ("moving", (2.5, 1.5, 0.0))]
    stage.close()
    click(model, (6.0, 4.0, 2.0))
    assert len(seen) == 2
    assert not model.layers


def test_landmarks_are_numbered_on_both_canvases_in_one_color_the_worst_in_red():
    pairs = Pairs()
    for n in range(4):
        pairs.place("fixed", (n, n, 3.0))
        pairs.place("moving", (n, n, 0))
    for side, one in (("fixed", SCAN), ("moving", SLIDE)):
        model = ViewerModel()
        stage = Stage(model, side, one, own=True, clicked=lambda *_: None)
        stage.show_pairs(pairs.items, worst="L2")
        layer = stage.points
        assert [name.strip() for name in layer.features["name"]] == ["L1", "L2", "L3", "L4"]
        colors = [tuple(np.round(color * 255).astype(int)[:3]) for color in layer.border_color]
        known = [tuple(int(c[n : n + 2], 16) for n in (1, 3, 5)) for c in (COLOR, WORST)]
        assert colors == [known[n] for n in (0, 1, 0, 0)]
        world = np.array([layer.data_to_world(point) for point in layer.data])
        np.testing.assert_allclose(world[:, ::-1][:, :2], [[n, n] for n in range(4)])


def test_a_scan_is_looked_at_as_near_as_its_section_and_names_do_not_heap():
    """A section of 6 mm on a scan of 200 mm: landmarks lie within a few pixels of each other."""
    chest = Image(np.zeros((20, 100, 100), np.float32), Geometry((100, 100, 20), (2, 2, 3)))
    pairs = Pairs()
    for n in range(4):
        pairs.place("fixed", (120.0 + n, 80.0 - n, 30.0))
        pairs.place("moving", (n, n, 0))
    model = ViewerModel()
    model.add_image(chest.array, scale=(3, 2, 2), axis_labels=("z", "y", "x"))
    model.reset_view()
    far = model.scene.camera.zoom
    stage = Stage(model, "fixed", chest, own=False, clicked=lambda *_: None)
    stage.look_near(pairs.items, 6.0)
    seen = min(model.canvas.size) / model.scene.camera.zoom
    assert model.scene.camera.zoom > 3 * far
    assert 20 < seen < 60
    assert model.scene.camera.center[-2:] == pytest.approx((78.5, 121.5))
    model.scene.camera.zoom *= 2  # the person's own: nothing moves
    stage.look_near(pairs.items, 6.0)
    assert min(model.canvas.size) / model.scene.camera.zoom == pytest.approx(seen / 2)
    stage.show_pairs(pairs.items)
    assert [name for name in stage.points.text.values if name] == ["   L4"]
    stage.show_pairs(pairs.items, chosen="L2")
    assert [name for name in stage.points.text.values if name] == ["   L2"]
    assert max(stage.points.canvas_size_limits) < 15


def test_the_slices_go_to_the_landmarks_where_their_rings_are_seen():
    """Two groups of landmarks: in the slice halfway between them none would be seen."""
    pairs = Pairs()
    for z in (0.0, 0.0, 3.0, 12.0, 12.0, 12.0):
        pairs.place("fixed", (4.0, 6.0, z))
        pairs.place("moving", (1.0, 2.0, 0))
    model = ViewerModel()
    model.add_image(SCAN.array, scale=(3, 2, 2), axis_labels=("z", "y", "x"))
    model.dims.set_point((0, 1, 2), (15.0, 0.0, 0.0))
    model.scene.camera.zoom = 500.0  # nearer than a section: the slices go there all the same
    stage = Stage(model, "fixed", SCAN, own=False, clicked=lambda *_: None)
    stage.go_to_middle(())
    assert model.dims.point == (15.0, 0.0, 0.0)
    stage.go_to_middle(pairs.items)
    assert model.dims.point == (3.0, 6.0, 4.0)
    assert model.scene.camera.center[-2:] == pytest.approx((6.0, 4.0))
    assert model.scene.camera.zoom == 500.0
    stage.show_pairs(pairs.items)
    assert len(stage.points._view_data) > 0


def test_rings_of_close_landmarks_stay_apart_at_any_zoom_and_other_slices_are_seen_faintly():
    """A section of 3 mm on voxels of 3 mm: rings of one size would lie on each other."""
    places = [(4.0, 6.0, 3.0), (4.6, 6.2, 3.4), (5.8, 6.0, 3.0), (4.0, 8.0, 9.0)]
    pairs = Pairs()
    for n, place in enumerate(places):
        pairs.place("fixed", place)
        pairs.place("moving", (n, n, 0))
    model = ViewerModel()
    model.add_image(SCAN.array, scale=(3, 2, 2), axis_labels=("z", "y", "x"))
    stage = Stage(model, "fixed", SCAN, own=False, clicked=lambda *_: None)
    stage.show_pairs(pairs.items, worst="L4")
    stage.go_to_middle(pairs.items)
    rings, faint = stage.points, stage.elsewhere
    for layer in (rings, faint):
        world = np.array([layer.data_to_world(point) for point in layer.data])
        np.testing.assert_allclose(world[:, ::-1], places)  # nothing is moved into the slice
        mm = np.asarray(layer.size) * layer.scale[0]
        for one, other in combinations(range(4), 2):
            apart = np.hypot(*(world[one] - world[other])[1:])
            assert mm[[one, other]].mean() < 0.9 * apart
    assert (len(rings._view_data), len(faint._view_data)) == (3, 4)
    assert faint.opacity < rings.opacity
    assert model.layers.index(faint) < model.layers.index(rings)
    assert [axis.step for axis in model.dims.range] == [3, 2, 2]  # sliders step as before
    stage.see(False)
    assert not faint.visible
    stage.close()
    assert [layer.name for layer in model.layers] == ["Image"]
    flat = Stage(ViewerModel(), "moving", SLIDE, own=True, clicked=lambda *_: None)
    flat.show_pairs(pairs.items)
    assert flat.elsewhere is None


def test_landmarks_leave_the_scan_with_their_dock_and_are_back_with_it():
    seen = []
    pairs = Pairs()
    pairs.place("fixed", (2.0, 4.0, 6.0))
    model = ViewerModel()
    stage = Stage(model, "fixed", SCAN, own=True, clicked=lambda *place: seen.append(place))
    stage.show_pairs(pairs.items)
    stage.see(False)
    assert not stage.points.visible
    click(model, (6.0, 4.0, 2.0))  # meant for another dock
    stage.show_pairs(pairs.items)
    assert not stage.points.visible
    stage.see(True)
    assert stage.points.visible
    click(model, (6.0, 4.0, 2.0))
    assert len(seen) == 1


def test_the_scan_lies_on_the_slide_where_the_transform_says():
    """A slide across the scan at z = 6 mm, turned by nothing: pixels are those of that slice."""
    matrix = np.eye(4)
    matrix[:3, 3] = [0, 0, -6.0]
    overlay = make_overlay(Transform.of(matrix, "CT", "HE"), SCAN, SLIDE)
    assert overlay.side == "moving"
    grid = overlay.image.geometry
    at = np.round(grid.world_to_index([4.0, 2.0, 0.0])).astype(int)
    assert overlay.image.array[0, at[1], at[0]] == pytest.approx(SCAN.array[2, 1, 2], abs=0.05)
    whole, looks = overlay.layer(checkerboard=False, opacity=0.4)
    board, _ = overlay.layer(checkerboard=True, opacity=0.4)
    assert looks["opacity"] == 0.4
    assert (whole[..., 3] > 0).mean() == 1
    assert 0.4 < (board[..., 3] > 0).mean() < 0.6
    other = make_overlay(Transform((), "CT", "MR"), SCAN, replace(SCAN, metadata={"frame": "MR"}))
    data, _ = other.layer(checkerboard=True, opacity=1.0)
    assert other.side == "fixed"
    assert 0.2 < np.isnan(data).mean() < 0.8


def test_the_grays_of_an_overlay_are_those_of_what_lies_under_the_slide():
    """A tumor of 40 to 80 HU: in the window of its organ it would be one white."""
    rng = np.random.default_rng(0)
    array = np.full((6, 8, 5), -850.0)
    array[2] = rng.uniform(40, 80, (8, 5))
    window = {"frame": "CT", "WindowCenter": -600, "WindowWidth": 1200}
    chest = replace(SCAN, array=array, unit="HU", modality="CT", metadata=window)
    matrix = np.eye(4)
    matrix[:3, 3] = [0, 0, -6.0]
    overlay = make_overlay(Transform.of(matrix, "CT", "HE"), chest, SLIDE)
    colors, _ = overlay.layer(checkerboard=False, opacity=1.0)
    gray, values = colors[..., 0], overlay.image.array[0]
    assert np.percentile(gray, 5) < 0.2
    assert np.percentile(gray, 95) > 0.8
    assert np.corrcoef(gray.ravel(), values.ravel())[0, 1] > 0.99
    even = make_overlay(
        Transform.of(matrix, "CT", "HE"), replace(chest, array=np.full_like(array, 40.0)), SLIDE
    )
    assert np.isfinite(even.layer(checkerboard=False, opacity=1.0)[0]).all()


# On canvases


@pytest.fixture
def opened(opengl, tmp_path, qtbot):
    """A copy of the sample cohort at its first patient, and the dock."""
    from napari_radiogenomics.gui.register.dock import RegisterDock
    from napari_radiogenomics.gui.register.view import sides_view

    folder = tmp_path / "cohort"
    shutil.copytree(sample_cohort(), folder)
    viewer = ViewerModel()
    session = session_of(viewer)
    session.cohort = open_cohort(folder)
    loaded = load_layers(session.cohort, "P001", timepoint="t0", open_with=("scans",))
    for layer in loaded.layers:
        viewer.layers.append(Layer.create(*layer))
    session.select(patient_id="P001", timepoint="t0")
    dock = RegisterDock(viewer)
    qtbot.addWidget(dock)
    yield dock, folder
    view = sides_view(viewer)
    view.shut()
    view.deleteLater()
    qtbot.wait(50)


def test_from_clicks_to_a_transform_in_the_cohort(opened, qtbot):
    dock, folder = opened
    viewer = dock.viewer
    titles = [dock.sides.moving.itemText(n) for n in range(dock.sides.moving.count())]
    assert titles == ["P001-t0-CT", "P001-HE (H&E)", "P001-CD31 (CD31)", "P001-CAIX (CAIX)"]
    assert "Show two sides first" in dock.box.next_label.text()
    scan = object_of(viewer.layers["P001-t0-CT"])
    drawn = show_maps(viewer, {"x": replace(scan, modality="map", unit="")})
    dock.show_sides()
    assert not drawn.visible  # landmarks are placed on the anatomy
    viewer.layers.remove(drawn)
    stem = "transforms/P001-HE_to_P001-t0"
    landmarks = read_landmarks(folder / f"{stem}-landmarks.csv")
    moving = dock.stages["moving"].model
    for n, (fixed, slide) in enumerate(zip(landmarks.fixed, landmarks.moving, strict=True)):
        click(viewer, fixed[::-1])
        click(viewer, fixed[::-1] + 1)  # it is the slide's turn
        assert "waits for its place on the moving side" in dock.message
        click(moving, slide[1::-1])
        assert len(dock.pairs.complete()) == n + 1
    slide = load_slide(session_of(viewer).cohort, "P001-HE")
    scan = dock.stages["fixed"].object
    expected = register(slide, scan, landmarks)
    table = dock.box.table
    shown = [[float(table.item(r, c).text()) for c in (1, 2)] for r in range(6)]
    wanted = expected.landmarks[["residual_mm", "left_out_mm"]].to_numpy()
    np.testing.assert_allclose(shown, wanted, atol=0.00501)
    assert f"worst {expected.worst}" in dock.box.sum_label.text()
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert "6 landmarks, RMS" in dock.message
    told = dock.message + dock.box.sum_label.text()
    assert dock.found.warnings
    assert all(told.count(warning) == 1 for warning in dock.found.warnings)
    np.testing.assert_allclose(dock.found.transform.matrix, expected.transform.matrix, atol=1e-9)
    overlay = dock.stages["moving"].overlay
    assert overlay in moving.layers
    dock.over.slider.setValue(80)
    assert overlay.opacity == pytest.approx(0.8)
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.save_in_cohort()
    assert f"It counts in place of {stem}.json; that file stays." in dock.message
    again = open_cohort(folder).transforms
    pair = {"P001-t0", "P001-HE"}
    ends = zip(again["from_frame"], again["to_frame"], strict=True)
    (row,) = (again.loc[key] for key, two in zip(again.index, ends, strict=True) if {*two} == pair)
    assert row["to_frame"] == "P001-HE"
    assert (folder / f"{stem}.json").is_file()
    saved = read_transform(folder / row["path"])
    np.testing.assert_allclose(saved.matrix, expected.transform.matrix, atol=1e-9)
    assert session_of(viewer).selection.patient_id == "P001"
    assert row["error_mm"] == pytest.approx(expected.left_out_rms_mm, abs=1e-3)
    # What is wrong is said, and undone.
    rows = open_cohort(folder).transforms
    dock.delete(0)
    assert_not_saved(dock)
    dock.undo()  # the landmarks that it was found by
    assert dock.over.keep_button.isEnabled()
    assert not dock.over.why_label.text()
    dock.form.values = dock.form.values | {"method": "thin-plate"}
    assert_not_saved(dock)
    for _ in range(4):
        dock.delete(0)
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()
    assert dock.tone == "error"
    assert_not_saved(dock)
    assert open_cohort(folder).transforms.equals(rows)
    assert "needs 4 landmarks" in dock.box.sum_label.text()
    assert "are 2" in dock.box.sum_label.text()
    dock.undo()
    assert len(dock.pairs.items) == 3


def assert_not_saved(dock) -> None:
    """What was found before is not what is on the screen."""
    buttons = dock.over.keep_button, dock.over.save_button
    assert not any(button.isEnabled() for button in buttons)
    assert all("Register again" in button.toolTip() for button in buttons)
    assert "Register again" in dock.over.why_label.text()
    dock.save_in_cohort()
    assert not dock.runner.running
    assert dock.tone == "error"
    assert "Register again" in dock.message


def test_landmarks_of_a_table_are_in_sight_on_the_scan(opened):
    dock, folder = opened
    dock.show_sides()
    dims = dock.viewer.dims
    dims.set_point((0, 1, 2), [high.stop for high in dims.range])
    dock.load_pairs(folder / "transforms/P001-HE_to_P001-t0-landmarks.csv")
    depths = [pair.fixed[2] for pair in dock.pairs.items]
    assert min(depths) - dims.range[0].step < dims.point[0] < max(depths) + dims.range[0].step
    assert len(dock.stages["fixed"].points._view_data) > 0


def fill(viewer: ViewerModel, patient: str) -> None:
    """Show a patient in the layers that are there, as the Cohort dock does."""
    cohort = session_of(viewer).cohort
    (data, looks, _), *_ = load_layers(cohort, patient, timepoint="t0", open_with=("scans",)).layers
    viewer.layers[0].data = data
    viewer.layers[0].metadata, viewer.layers[0].name = looks["metadata"], looks["name"]


def test_a_click_on_another_patient_is_no_landmark_and_pairs_are_back_with_theirs(opened, qtbot):
    dock, _ = opened
    viewer, session = dock.viewer, session_of(dock.viewer)
    dock.show_sides()
    moving = dock.stages["moving"].model
    for n in range(3):
        click(viewer, (-20.0, 5.0 * n, -40.0))
        click(moving, (1.0, n * n))
    placed = dock.pairs.items
    session.select(patient_id="P002", timepoint="t0")
    fill(viewer, "P002")
    click(viewer, (-25.0, 5.0, -40.0))
    dock.place("fixed", (-40.0, 5.0, -25.0))
    assert not dock.stages
    assert not dock.pairs.items
    assert "P001-t0-CT and P001-HE (H&E) are not open any more" in dock.message
    assert "3 pairs are kept" in dock.message
    assert not moving.layers
    assert [layer.name for layer in viewer.layers] == ["P002-t0-CT"]
    assert dock.sides.fixed.currentText() == "P002-t0-CT"
    dock.show_sides()
    assert not dock.pairs.items  # these are other sides
    session.select(patient_id="P001", timepoint="t0")
    fill(viewer, "P001")
    qtbot.waitUntil(lambda: bool(dock.stages), timeout=5_000)
    assert dock.pairs.items == placed
    assert dock._frames() == ("P001-t0", "P001-HE")
    assert "3 pairs of before are back" in dock.message
    viewer.layers[0].name = "other"  # the same patient, another scan in the layer
    click(viewer, (-25.0, 5.0, -40.0))
    assert not dock.stages


def test_the_scan_is_the_fixed_side_whatever_is_there_first(opened):
    dock, _ = opened
    viewer = dock.viewer
    viewer.layers.clear()  # slides alone, as before a patient's scans are read
    fill_anew = load_layers(session_of(viewer).cohort, "P001", timepoint="t0", open_with=("scans",))
    viewer.layers.append(Layer.create(*fill_anew.layers[0]))
    chosen = dock.sides.fixed.currentText(), dock.sides.moving.currentText()
    assert chosen == ("P001-t0-CT", "P001-HE (H&E)")


def test_a_slide_is_drawn_between_its_pixels(opengl, qtbot):
    """The nearest pixels alone make squares of a fine grain."""
    model = ViewerModel()
    stage = Stage(model, "moving", SLIDE, own=True, clicked=lambda *_: None)
    assert model.layers[0].interpolation2d == "linear"
    stage.close()


def test_in_a_window_the_sides_take_the_place_of_the_slide(qtbot, make_napari_viewer):
    from napari_radiogenomics.gui.placing import dock_of, raise_dock
    from napari_radiogenomics.gui.register.view import sides_view
    from napari_radiogenomics.gui.slide.placing import slide_view
    from napari_radiogenomics.gui.workspace import open_workspace

    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1366, 768)
    slides = open_workspace(viewer, three_views=False)["Slide"]
    _, register_dock = viewer.window.add_plugin_dock_widget(
        "napari-radiogenomics", "Register", tabify=True
    )
    viewer.add_image(np.zeros((6, 40, 30)), name="scan", axis_labels=("z", "y", "x"))
    viewer.add_image(np.zeros((6, 40, 30)), name="later", axis_labels=("z", "y", "x"))
    raise_dock(slides)
    slides.take([SLIDE])
    qtbot.waitUntil(lambda: slides.current is not None, timeout=20_000)
    slide = slide_view(viewer)
    qtbot.waitUntil(lambda: slides.in_front and dock_of(slide).isVisible(), timeout=5_000)
    raise_dock(register_dock)
    register_dock.show_sides()
    sides = sides_view(viewer)
    shown = [dock_of(view) for view in (sides, slide)]
    assert [dock.isVisible() for dock in shown] == [True, False]
    raise_dock(slides)
    qtbot.waitUntil(lambda: [d.isVisible() for d in shown] == [False, True], timeout=5_000)
    raise_dock(register_dock)
    qtbot.waitUntil(lambda: [d.isVisible() for d in shown] == [True, False], timeout=5_000)
    qtbot.wait(1_000)  # the sizes settle
    assert viewer.window.geometry()[2] <= 1366
    assert sides.width() > 150
    for view in (slide, sides):
        view.shut()
    viewer.window.remove_dock_widget("all")
    for view in (slide, sides):
        view.deleteLater()
    qtbot.wait(50)
