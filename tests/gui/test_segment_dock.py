"""The Segment dock: the walk from a label to a preview, one undo step and a message."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics import read
from napari_radiogenomics import segmentation as verbs
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.cohort.patient import Loaded, PatientView
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.keys import LOCKED, PASSING, SOURCE
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.dock import SegmentDock
from napari_radiogenomics.gui.segment.preview import preview_labels
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.segmentation.tool import TOOLS

# Sagittal order with flips: nothing of it is canonical.
TURNED = Geometry((16, 24, 24), (3.0, 1.0, 1.0), (5.0, -2.0, 3.0), (0, 0, -1, 1, 0, 0, 0, -1, 0))
ANGLE = np.deg2rad(20)
OBLIQUE = Geometry(
    (24, 24, 16),
    (1.0, 1.0, 3.0),
    direction=(1, 0, 0, 0, np.cos(ANGLE), -np.sin(ANGLE), 0, np.sin(ANGLE), np.cos(ANGLE)),
)
SCHEME = (Label(1, "tumour"), Label(2, "organ"))


def ball(grid, middle, radius):
    z, y, x = np.indices(grid.shape)
    k, j, i = (n * s for n, s in zip((z, y, x), grid.spacing[::-1], strict=True))
    c = [m * s for m, s in zip(middle, grid.spacing[::-1], strict=True)]
    return np.sqrt((k - c[0]) ** 2 + (j - c[1]) ** 2 + (i - c[2]) ** 2) <= radius


def case(grid=TURNED):
    middle = tuple(n // 2 for n in grid.shape)
    tumour = ball(grid, middle, 6.0)
    rng = np.random.default_rng(4)
    values = 100 + 200 * tumour + rng.normal(0, 5, grid.shape)
    labels = tumour.astype(np.uint8)
    labels[:2, :2, :2], labels[-1, -1, -1] = 2, 1  # an organ and a small island
    scan = Image(values.astype(np.float32), grid, "HU", "chest", "CT")
    return scan, Segmentation(labels, grid, SCHEME, name="expert")


def open_in(viewer, *objects):
    return [getattr(viewer, f"add_{kind}")(d, **kw) for d, kw, kind in layers_of(objects)]


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(viewer, qtbot):
    open_in(viewer, *case())
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    quiet(dock, qtbot)
    return dock


def quiet(dock, qtbot):
    """Wait for the newest preview and the newest measurement."""
    work, measured = dock.desk.tools.work, dock.desk.measured.work
    qtbot.waitUntil(lambda: not work.busy and not measured.busy, timeout=30_000)


def use(dock, qtbot, name, **settings):
    """Choose a tool and set it, as a person does; answer with its preview."""
    dock.draw.tools.choose(name)
    dock.draw.tools.forms[name].values = settings
    quiet(dock, qtbot)
    return dock.desk.tools.work.change


def preview_of(viewer):
    """The preview that is seen."""
    found = (x for x in viewer.layers if x.metadata.get(PASSING) == "preview" and x.visible)
    return next(found, None)


def test_everything_is_filled_in_before_the_person_looks(dock):
    assert dock.draw.scan.currentText() == "chest"
    assert dock.draw.region.currentText() == "expert"
    assert [e.label.name for e in dock.draw.table.entries] == ["tumour", "organ"]
    assert dock.draw.table.value == 1
    assert not dock.draw.apply_button.isEnabled()
    assert dock.message == "Choose a label and paint (P), or choose a tool."


def test_the_table_says_what_the_verb_measures_on_the_true_grid(dock):
    scan, drawn = case()
    expected = verbs.measure_regions(drawn, scan)
    table = dock.draw.table
    for row, value in enumerate((1, 2)):
        found = expected.loc[value]
        texts = [table.item(row, column).text() for column in range(3, 7)]
        assert float(texts[0]) == pytest.approx(found["volume_ml"], rel=0.01)
        mean, sd = (float(t) for t in texts[1].split("±"))
        assert mean == pytest.approx(found["mean"], rel=0.01)
        assert sd == pytest.approx(found["sd"], rel=0.01)
        across = [float(text) for text in texts[2].split("×")]
        assert across == pytest.approx([found["longest_mm"], found["perpendicular_mm"]], abs=0.5)
        exact = f"{found['longest_mm']:.1f} × {found['perpendicular_mm']:.1f} mm"
        assert table.item(row, 5).toolTip().startswith(exact)
        assert int(texts[3]) == found["pieces"]
    assert int(table.item(0, 6).text()) == 2


@pytest.mark.parametrize("grid", [TURNED, OBLIQUE], ids=["turned", "oblique"])
def test_the_preview_is_the_verb_and_apply_writes_it_as_one_undo_step(viewer, qtbot, grid):
    scan, drawn = case(grid)
    open_in(viewer, scan, drawn)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    layer = viewer.layers["expert"]
    before = np.array(layer.data)
    use(dock, qtbot, "margin", margin_mm=3.0)
    np.testing.assert_array_equal(layer.data, before)  # only shown
    expected = verbs.margin(drawn, label=1, margin_mm=3.0)
    assert dock.message.startswith("Preview: tumour ")
    assert f"→ {expected.volume_ml(1):.2f} mL" in dock.message
    preview = preview_of(viewer)
    assert ((preview.data > 0) == (dock.desk.tools.work.change.after != before)).all()
    dock.desk.tools.apply()
    assert preview_of(viewer) is None
    np.testing.assert_array_equal(object_of(layer).labels, expected.labels)
    assert dock.message.startswith("Margin: tumour ")
    assert layer.metadata[SOURCE].history[-1].verb == "margin"
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    np.testing.assert_array_equal(object_of(layer).labels, drawn.labels)
    layer.redo()
    np.testing.assert_array_equal(object_of(layer).labels, expected.labels)


def settings_of(dock, name):
    """Settings with which each tool changes something of the case, and how it is led there."""
    dock.draw.tools.range.range = (250.0, 400.0)
    layer = dock.desk.layer
    if name == "interpolate":
        layer.data_setitem(np.nonzero((layer.data == 1) & (np.indices(layer.data.shape)[0] % 2)), 0)
    elif name == "fill_holes":
        middle = tuple(n // 2 for n in layer.data.shape)
        layer.data_setitem(tuple(np.array([m]) for m in middle), 0)
    return {
        "combine": {"other": 2},
        "mask": {"inside": (), "outside": ()},
        "smooth": {"method": "opening", "radius_mm": 2.0},
        "refine": {"reach_mm": 4.0, "expansion": 0.5},
        "grow": {"background": 2, "reach_mm": 3.0},
        "classify_pixels": {"background": 2, "reach_mm": 3.0},
    }.get(name, {})


@pytest.mark.parametrize("name", sorted(set(TOOLS.names()) - {"contours"}))
def test_every_tool_has_a_preview_that_apply_writes(dock, viewer, qtbot, name):
    layer = dock.desk.layer
    settings = settings_of(dock, name)
    if name == "mask":
        dock.draw.tools.range.range = (300.0, 400.0)
    before = np.array(layer.data)
    change = use(dock, qtbot, name, **settings)
    assert change is not None, dock.message
    labels, erased = preview_labels(change)
    np.testing.assert_array_equal(preview_of(viewer).data, labels)
    np.testing.assert_array_equal(labels > 0, change.after != before)
    np.testing.assert_array_equal(labels == erased, (change.after == 0) & (before > 0))
    dock.desk.tools.apply()
    np.testing.assert_array_equal(layer.data, change.after)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_contours_are_taken_from_polygons_drawn_in_napari(dock, viewer, qtbot):
    layer = dock.desk.layer
    z = 12
    corners = np.array([[z, 2, 2], [z, 2, 9], [z, 9, 9], [z, 9, 2]], float)
    looks = {"scale": layer.scale, "translate": layer.translate}
    viewer.add_shapes([corners], shape_type="polygon", **looks)
    change = use(dock, qtbot, "contours", overwrite=True)
    places = np.argwhere(change.after != change.job.shown)
    assert set(places[:, 0]) == {z}
    assert 36 <= len(places) <= 64
    assert (places[:, 1:] >= 2).all()
    assert (places[:, 1:] <= 9).all()


def test_the_layer_of_a_preview_is_used_again_and_goes_with_the_tool(dock, viewer, qtbot):
    use(dock, qtbot, "margin", margin_mm=3.0)
    layer = preview_of(viewer)
    dock.desk.tools.apply()
    assert not layer.visible  # taking a layer out costs napari more than the edit itself
    use_again(dock, qtbot, margin_mm=6.0)
    assert preview_of(viewer) is layer
    dock.desk.tools.apply()
    dock.draw.tools.choose("")
    assert layer not in viewer.layers


@pytest.mark.parametrize(
    ("name", "guess"), [("label 2", 2), ("surrounding fat", 2), ("oedema", None)]
)
def test_a_second_label_that_is_no_region_is_the_background(qtbot, name, guess):
    scan, drawn = case()
    labels = np.where(drawn.labels == 2, 0, drawn.labels)
    viewer = ViewerModel()
    scheme = (Label(1, "tumour"), Label(2, name))
    open_in(viewer, scan, Segmentation(labels, drawn.geometry, scheme, name="expert"))
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    dock.draw.tools.choose("grow")
    field = dock.draw.tools.forms["grow"].fields["background"]
    assert field.value is None  # nothing of it is drawn
    place = (np.array([0, 0]), np.array([0, 0]), np.array([0, 1]))
    dock.desk.layer.data_setitem(place, 2)
    dock.desk.list_labels()
    assert field.value == guess
    pick(field, "none: fill the box")  # a person wants no background
    dock.desk.list_labels()
    assert field.value is None
    assert not field.undecided


def pick(field, text):
    """Choose in a list, as a person does."""
    row = field.widget.findText(text)
    field.widget.setCurrentIndex(row)
    field.widget.activated.emit(row)


def test_without_a_background_nothing_is_offered_until_a_person_wants_it(qtbot):
    scan, drawn = case()
    viewer = ViewerModel()
    scheme = (Label(1, "tumour"), Label(2, "oedema"))
    open_in(viewer, scan, Segmentation(drawn.labels, drawn.geometry, scheme, name="expert"))
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    assert use(dock, qtbot, "grow") is None
    assert dock.message.startswith("No background stroke: all that is in reach would be filled")
    assert preview_of(viewer) is None
    assert not dock.draw.apply_button.isEnabled()
    field = dock.draw.tools.forms["grow"].fields["background"]
    pick(field, "none: fill the box")
    quiet(dock, qtbot)
    change = dock.desk.tools.work.change
    np.testing.assert_array_equal(change.true, verbs.grow(drawn, scan).labels)
    pick(field, "oedema")
    quiet(dock, qtbot)
    change = dock.desk.tools.work.change
    np.testing.assert_array_equal(change.true, verbs.grow(drawn, scan, background=2).labels)


def test_a_background_that_was_guessed_stays_when_its_strokes_go(qtbot):
    scan, drawn = case()
    viewer = ViewerModel()
    scheme = (Label(1, "tumour"), Label(2))
    open_in(viewer, scan, Segmentation(drawn.labels, drawn.geometry, scheme, name="expert"))
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    assert use(dock, qtbot, "grow") is not None
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    assert not (dock.desk.layer.data == 2).any()
    field = dock.draw.tools.forms["grow"].fields["background"]
    assert field.value == 2
    dock.desk.labels.rename(2, "oedema")  # now it is a region
    assert field.value is None


def test_a_setting_makes_the_preview_anew_and_cancel_takes_it_back(dock, viewer, qtbot):
    small = use(dock, qtbot, "margin", margin_mm=3.0).voxels
    layer = preview_of(viewer)
    large = use_again(dock, qtbot, margin_mm=6.0).voxels
    assert large > small
    assert preview_of(viewer) is layer  # refilled, not made anew
    before = np.array(dock.desk.layer.data)
    dock.desk.tools.cancel()
    assert preview_of(viewer) is None
    assert dock.draw.tools.tool is None
    np.testing.assert_array_equal(dock.desk.layer.data, before)
    assert "Nothing was changed" in dock.message


def use_again(dock, qtbot, **settings):
    dock.draw.tools.forms[dock.draw.tools.tool.name].values = settings
    quiet(dock, qtbot)
    return dock.desk.tools.work.change


def test_painting_under_a_preview_makes_it_anew_before_it_can_be_applied(dock, viewer, qtbot):
    use(dock, qtbot, "margin", margin_mm=3.0)
    layer = dock.desk.layer
    layer.data_setitem((np.array([3]), np.array([3]), np.array([20])), 1)
    drawn = np.array(layer.data)
    dock.desk.tools.apply()  # at once, before the preview has followed
    assert "Press Apply when you have seen it" in dock.message
    quiet(dock, qtbot)
    np.testing.assert_array_equal(layer.data, drawn)
    assert preview_of(viewer).data[3, 3, 21] == 1
    dock.desk.tools.apply()
    assert layer.data[3, 3, 21] == 1


def test_without_preview_the_first_apply_shows_and_the_second_writes(dock, viewer, qtbot):
    dock.draw.preview_box.setChecked(False)
    dock.draw.tools.choose("islands")
    quiet(dock, qtbot)
    assert preview_of(viewer) is None
    before = np.array(dock.desk.layer.data)
    dock.draw.apply_button.click()
    quiet(dock, qtbot)
    np.testing.assert_array_equal(dock.desk.layer.data, before)
    assert "Nothing is written yet: press Apply again" in dock.message
    assert np.count_nonzero(preview_of(viewer).data) == 1
    dock.draw.apply_button.click()
    assert (dock.desk.layer.data == 1).sum() == (before == 1).sum() - 1
    assert preview_of(viewer) is None


def test_without_preview_another_setting_takes_back_what_apply_has_shown(dock, viewer, qtbot):
    dock.draw.preview_box.setChecked(False)
    before = np.array(dock.desk.layer.data)
    use(dock, qtbot, "margin", margin_mm=3.0)
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    assert use_again(dock, qtbot, margin_mm=6.0) is None
    assert preview_of(viewer) is None
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    np.testing.assert_array_equal(dock.desk.layer.data, before)
    np.testing.assert_array_equal(
        dock.desk.tools.work.change.true, verbs.margin(case()[1], label=1, margin_mm=6.0).labels
    )


def test_apply_writes_nothing_at_once_for_a_tool_that_was_just_chosen(dock, viewer, qtbot):
    before = np.array(dock.desk.layer.data)
    use(dock, qtbot, "ring", thickness_mm=3.0)
    for name in ("margin", "threshold"):  # the preview of the tool before counts no more
        dock.draw.tools.choose(name)
        assert preview_of(viewer) is None
        dock.draw.tools.range.suggest(80.0, 400.0)
        dock.draw.apply_button.click()
        quiet(dock, qtbot)
        np.testing.assert_array_equal(dock.desk.layer.data, before)
        assert preview_of(viewer) is not None


def test_a_preview_that_is_hidden_is_shown_again_before_it_is_written(dock, viewer, qtbot):
    use(dock, qtbot, "margin", margin_mm=3.0)
    before = np.array(dock.desk.layer.data)
    preview_of(viewer).visible = False
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    np.testing.assert_array_equal(dock.desk.layer.data, before)
    assert preview_of(viewer) is not None


def test_apply_is_off_where_nothing_would_change(dock, qtbot):
    button = dock.draw.apply_button
    assert use(dock, qtbot, "fill_holes") is None
    assert "would change nothing" in dock.message
    assert not button.isEnabled()
    assert use(dock, qtbot, "margin", margin_mm=3.0) is not None
    assert button.isEnabled()
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    assert dock.message.startswith("Margin: ")  # the tool rests; Apply would show it first
    assert button.isEnabled()
    dock.desk.undo()
    quiet(dock, qtbot)
    assert dock.message.startswith("Preview: ")


def test_apply_is_off_for_a_label_that_is_not_drawn_until_it_is(dock, qtbot):
    button = dock.draw.apply_button
    dock.desk.labels.add()
    dock.desk.choose(3)
    assert use(dock, qtbot, "margin", margin_mm=3.0) is None
    assert "does not occur" in dock.message
    assert not button.isEnabled()
    dock.desk.choose(1)
    quiet(dock, qtbot)
    assert button.isEnabled()
    dock.desk.choose(3)
    quiet(dock, qtbot)
    assert not button.isEnabled()
    dock.desk.layer.data_setitem((np.array([3]), np.array([3]), np.array([20])), 3)
    quiet(dock, qtbot)
    assert dock.desk.tools.work.change is not None
    assert button.isEnabled()


def test_polygons_that_come_later_are_followed(dock, viewer, qtbot):
    layer = dock.desk.layer
    assert use(dock, qtbot, "contours", overwrite=True) is None
    assert not dock.draw.apply_button.isEnabled()
    shapes = viewer.add_shapes(scale=layer.scale, translate=layer.translate, ndim=3)
    quiet(dock, qtbot)
    shapes.add_polygons(np.array([[12, 2, 2], [12, 2, 9], [12, 9, 9], [12, 9, 2]], float))
    quiet(dock, qtbot)
    assert dock.desk.tools.work.change is not None
    assert dock.draw.apply_button.isEnabled()


def test_a_click_says_which_piece_is_meant(dock, qtbot):
    layer = dock.desk.layer
    dock.draw.tools.choose("islands")
    dock.draw.tools.forms["islands"].values = {"action": "remove selected"}
    quiet(dock, qtbot)
    assert "Click on the piece" in dock.message
    small = next(p for p in np.argwhere(layer.data == 1) if not near_middle(layer, p))
    dock.desk.tools.take_click(layer.data_to_world(small))
    quiet(dock, qtbot)
    dock.desk.tools.apply()
    assert layer.data[tuple(small)] == 0
    assert (layer.data == 1).sum() > 100


def near_middle(layer, place):
    return np.abs(place - np.array(layer.data.shape) / 2).max() < 8


def test_a_new_label_of_a_tool_is_named_and_listed(dock, qtbot):
    use(dock, qtbot, "ring", thickness_mm=4.0)
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    assert dock.draw.table.entries[-1].label.name == "tumour, ring 4 mm"
    assert object_of(dock.desk.layer)["tumour, ring 4 mm"].value == 3


# What goes wrong


def test_a_locked_label_is_neither_shown_nor_changed(dock, viewer, qtbot):
    dock.desk.labels.lock(1, True)
    before = np.array(dock.desk.layer.data)
    assert use(dock, qtbot, "margin", margin_mm=3.0) is None
    assert "locked" in dock.message
    assert preview_of(viewer) is None
    assert not dock.draw.apply_button.isEnabled()
    dock.desk.tools.apply()
    quiet(dock, qtbot)
    np.testing.assert_array_equal(dock.desk.layer.data, before)
    dock.desk.labels.lock(1, False)
    quiet(dock, qtbot)
    assert dock.message.startswith("Preview: ")


def test_an_empty_label_says_what_to_do(dock, qtbot):
    dock.desk.labels.add()
    assert use(dock, qtbot, "margin") is None
    assert "does not occur" in dock.message
    dock.desk.choose(3)
    assert "Paint it" in dock.message


def test_seeds_of_one_label_say_what_lacks(dock, qtbot):
    layer = dock.desk.layer
    layer.data_setitem(np.nonzero(layer.data == 2), 0)
    assert use(dock, qtbot, "grow") is None
    assert "Draw a stroke of another label" in dock.message


def test_a_scan_on_another_grid_is_told_with_both_grids(dock, viewer, qtbot):
    other, _ = case(Geometry((10, 10, 10), (2.0, 2.0, 2.0)))
    open_in(viewer, Image(other.array, other.geometry, "HU", "other"))
    dock.draw.scan.layer = viewer.layers["other"]
    quiet(dock, qtbot)
    assert use(dock, qtbot, "threshold") is None
    assert "10×10×10" in dock.message
    assert dock.draw.table.item(0, 4).text() == "–"  # no mean of it
    assert dock.draw.table.item(0, 3).text() != "–"
    dock.draw.scan.layer = viewer.layers["chest"]
    quiet(dock, qtbot)
    assert dock.message.startswith("Preview: ")


def test_more_than_255_labels_are_refused_where_they_do_not_fit(dock, qtbot):
    assert use(dock, qtbot, "ring", into=None) is not None
    dock.draw.tools.choose("combine")
    change = dock.desk.tools.work.change
    quiet(dock, qtbot)
    change = use(dock, qtbot, "ring", thickness_mm=4.0)
    wide = np.where(change.after == 3, 300, change.after.astype(np.uint16))
    object.__setattr__(change, "after", wide)
    before = np.array(dock.desk.layer.data)
    dock.desk.tools.apply()
    assert "does not fit" in dock.message
    np.testing.assert_array_equal(dock.desk.layer.data, before)


def test_labels_with_gaps_and_beyond_255_are_worked_on_like_others(viewer, qtbot):
    scan, drawn = case()
    labels = np.where(drawn.labels == 1, 300, 3 * (drawn.labels == 2)).astype(np.uint16)
    wide = Segmentation(labels, drawn.geometry, name="expert")
    open_in(viewer, scan, wide)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    assert [e.label.value for e in dock.draw.table.entries] == [3, 300]
    dock.desk.choose(300)
    change = use(dock, qtbot, "margin", margin_mm=3.0)
    np.testing.assert_array_equal(change.true, verbs.margin(wide, label=300, margin_mm=3.0).labels)
    dock.desk.tools.apply()
    assert set(np.unique(dock.desk.layer.data)) == {0, 3, 300}


def test_a_range_of_a_scan_on_another_grid_is_told_before_painting(dock, viewer):
    other, _ = case(Geometry((10, 10, 10), (2.0, 2.0, 2.0)))
    open_in(viewer, Image(other.array, other.geometry, "HU", "other"))
    dock.draw.scan.layer = viewer.layers["other"]
    dock.draw.painting.within.setChecked(True)
    assert "a scan with the voxels of the segmentation" in dock.message


def test_labels_that_are_no_whole_numbers_are_refused(tmp_path):
    import SimpleITK as sitk

    sitk.WriteImage(sitk.GetImageFromArray(np.full((2, 3, 3), 0.5)), tmp_path / "soft.nrrd")
    with pytest.raises(InputError, match="whole"):
        read(tmp_path / "soft.nrrd", kind="segmentation")


def test_without_anything_open_it_says_what_to_do_first(viewer, qtbot):
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    assert dock.message == "Open a scan and its segmentation: drop the files on the window."
    dock.desk.labels.new()
    assert "Open a scan first" in dock.message
    dock.desk.tools.apply()
    assert "Choose a tool" in dock.message
    open_in(viewer, case()[0])
    assert "press New" in dock.message
    dock.desk.labels.new()
    assert [e.label.name for e in dock.draw.table.entries] == ["tumour"]
    assert "ready" in dock.message


# Painting and selection


def test_the_brush_keeps_to_locks_and_range_of_the_dock(dock, qtbot):
    layer = dock.desk.layer
    dock.desk.labels.lock(2, True)
    dock.draw.painting.range.range = (250.0, 400.0)
    dock.draw.painting.within.setChecked(True)
    before = np.array(layer.data)
    values = np.asarray(dock.draw.scan.layer.data)
    layer.n_edit_dimensions, layer.brush_size = 3, 60
    layer.paint(tuple(n // 2 for n in layer.data.shape), 1)
    painted = layer.data != before
    assert painted.sum() == 0 or values[painted].min() >= 250
    layer.paint(tuple(n // 2 for n in layer.data.shape), 3)
    assert (layer.data == 3).sum() > 100
    assert values[layer.data == 3].min() >= 250
    assert (layer.data[before == 2] == 2).all()
    dock.draw.painting.within.setChecked(False)
    layer.paint(tuple(n // 2 for n in layer.data.shape), 1)
    assert values[layer.data == 1].min() < 250
    assert (layer.data[before == 2] == 2).all()


def test_the_range_is_proposed_from_the_label(dock):
    dock.draw.painting.range.proposal_asked.emit()
    inside = dock.draw.scan.layer.data[dock.desk.layer.data == 1]
    low, high = dock.draw.painting.range.range
    assert low == pytest.approx(inside.mean() - 2 * inside.std(), abs=1)
    assert high == pytest.approx(inside.mean() + 2 * inside.std(), abs=1)


def test_a_click_in_the_table_goes_to_the_region_and_selects_it_everywhere(dock, viewer):
    dock.draw.table.chosen.emit(2)
    layer = dock.desk.layer
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    assert layer.data[tuple(here)] == 2
    assert layer.selected_label == 2
    assert viewer.layers.selection.active is layer  # napari's brush is at hand
    selection = session_of(viewer).selection
    assert (selection.label, selection.region) == (2, "organ")


def test_a_region_chosen_elsewhere_is_chosen_here(dock, viewer):
    session_of(viewer).select(label=2, region="organ")
    assert dock.draw.table.value == 2
    assert dock.desk.layer.selected_label == 2
    dock.desk.layer.selected_label = 1  # as napari's own control does
    assert dock.draw.table.value == 1
    assert session_of(viewer).selection.label == 1


def test_what_is_measured_follows_painting_and_undo(dock, qtbot):
    before = dock.draw.table.item(0, 3).text()
    dock.desk.layer.data_setitem(np.nonzero(dock.desk.layer.data == 0), 1)
    quiet(dock, qtbot)
    assert dock.draw.table.item(0, 3).text() != before
    dock.desk.undo()
    quiet(dock, qtbot)
    assert dock.draw.table.item(0, 3).text() == before


def test_the_table_is_copied_for_a_sheet(dock, qtbot):
    from qtpy.QtWidgets import QApplication

    dock.desk.labels.copy_table()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].startswith("label\tname\tvoxels\tvolume_ml")
    assert lines[1].startswith("1\ttumour\t")


def test_delete_and_undo_in_the_dock(dock, qtbot):
    dock.desk.layer.selected_label = 2
    dock.desk.labels.delete()
    quiet(dock, qtbot)
    assert [e.label.name for e in dock.draw.table.entries] == ["tumour"]
    dock.desk.undo()
    quiet(dock, qtbot)
    assert [e.label.name for e in dock.draw.table.entries] == ["tumour", "organ"]


def test_another_patient_puts_the_tool_away_and_keeps_no_preview(dock, viewer, qtbot):
    use(dock, qtbot, "margin", margin_mm=3.0)
    session_of(viewer).select(patient_id="P2")
    assert preview_of(viewer) is None
    assert dock.draw.tools.tool is None


def test_a_preview_is_not_kept_when_its_patient_is_left(viewer, qtbot):
    view, edits = PatientView(viewer), session_of(viewer).edits
    data = SimpleNamespace(problems=())
    view.show(Loaded("P1", "", data, layers_of(case())), edits)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    use(dock, qtbot, "margin", margin_mm=3.0)
    assert preview_of(viewer) is not None
    view.leave()
    assert list(viewer.layers) == []
    assert edits.kept(("P1", "")) == []


def test_a_lock_is_of_the_patient_and_not_of_the_layer(viewer, qtbot):
    view, edits = PatientView(viewer), session_of(viewer).edits
    data = SimpleNamespace(problems=())
    view.show(Loaded("P1", "", data, layers_of(case())), edits)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    dock.desk.labels.lock(1, True)
    scan, drawn = case()
    view.show(Loaded("P2", "", data, layers_of([scan, drawn])), edits)
    assert not viewer.layers["expert"].metadata.get(LOCKED)
    quiet(dock, qtbot)
    assert not any(e.locked for e in dock.draw.table.entries)
