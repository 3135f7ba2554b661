"""The hover card says where the cursor is and what each layer holds there."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.utils.interactions import mouse_move_callbacks

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.canvas.hover import card_lines, elide_middle, number_text, show_hover
from napari_radiogenomics.gui.layers.layers import image_layers, segmentation_layers

GRID = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (-3.0, 7.0, 11.0))


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    values = np.arange(120, dtype=np.float32).reshape(GRID.shape)
    data, settings, _ = image_layers(Image(values, GRID, "HU", "chest", "CT"))[0]
    viewer.add_image(data, **settings)
    return viewer


def at(k, j, i):
    """World position of a voxel in napari's order."""
    return tuple(GRID.index_to_world([i, j, k])[::-1])


def point(viewer, position):
    """Move the mouse as napari's canvas does."""
    viewer.cursor.position = position
    mouse_move_callbacks(viewer, SimpleNamespace(is_dragging=False))


def add_regions(viewer):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 2, 3] = 4
    tumour = Segmentation(labels, GRID, (Label(4, "enhancing tumour"),), name="expert")
    data, settings, _ = segmentation_layers(tumour)[0]
    return viewer.add_labels(data, **settings)


def test_the_card_says_mm_and_the_value_with_its_unit(viewer):
    lines = card_lines(viewer, at(1, 2, 3))
    assert lines == ["x 0.0 y 11.0 z 14.0 mm", "chest  45 HU"]


def test_layers_come_from_the_top_down_with_region_and_map(viewer):
    add_regions(viewer)
    texture = np.full(GRID.shape, np.nan, np.float32)
    texture[1, 2, 3] = 4.13271
    name = "original_firstorder_Entropy"
    data, settings, _ = image_layers(Image(texture, GRID, "bits", name, "map"))[0]
    layer = viewer.add_image(data, **settings)
    assert card_lines(viewer, at(1, 2, 3))[1:] == [
        "Entropy  4.133 bits",
        "enhancing tumour (4)",
        "chest  45 HU",
    ]
    assert card_lines(viewer, at(1, 2, 2))[1:] == ["chest  44 HU"]
    layer.visible = False
    assert len(card_lines(viewer, at(1, 2, 3))) == 3


def test_a_new_label_is_named_by_its_number(viewer):
    layer = add_regions(viewer)
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 9)
    assert card_lines(viewer, at(1, 2, 3))[1] == "label 9"


def test_points_are_named_by_their_sample(viewer):
    viewer.add_points(
        np.array([at(0, 0, 0), at(1, 2, 3)]),
        size=1,
        name="biopsies",
        features=pd.DataFrame({"sample_id": ["S1", "S2"]}),
        axis_labels=("z", "y", "x"),
        units=("mm",) * 3,
    )
    assert card_lines(viewer, at(1, 2, 3))[1] == "biopsies  S2"


def test_nothing_outside_the_layers_and_in_3d(viewer):
    assert card_lines(viewer, at(50, 0, 0)) == []
    viewer.dims.ndisplay = 3
    assert card_lines(viewer, at(1, 2, 3)) == []


def test_many_layers_are_counted_not_listed(viewer):
    for number in range(14):
        values = np.full(GRID.shape, number, np.float32)
        data, settings, _ = image_layers(Image(values, GRID, "", f"echo {number}", "MR"))[0]
        viewer.add_image(data, **settings)
    lines = card_lines(viewer, at(0, 0, 0))
    assert len(lines) == 9
    assert lines[-1] == "and 8 more"


def test_the_card_follows_the_cursor_and_leaves_with_it(viewer, qtbot):
    card = show_hover(viewer)
    text = viewer.canvas.overlays["radiogenomics_hover"]
    assert not text.visible
    viewer.mouse_over_canvas = True
    point(viewer, at(1, 2, 3))
    qtbot.waitUntil(lambda: text.visible and "45 HU" in text.text, timeout=2000)
    point(viewer, at(1, 2, 4))
    qtbot.waitUntil(lambda: "46 HU" in text.text, timeout=2000)
    viewer.mouse_over_canvas = False
    qtbot.waitUntil(lambda: not text.visible, timeout=2000)
    viewer.mouse_over_canvas = True
    card.enabled = False
    assert not text.visible
    assert show_hover(viewer) is card


def test_the_card_waits_until_the_mouse_has_pointed(qtbot):
    viewer = ViewerModel()
    text = show_hover(viewer)._text
    viewer.mouse_over_canvas = True  # as napari has it when a window opens under the mouse
    qtbot.wait(50)
    grid = Geometry((6, 5, 4), origin=(-3.0, -2.0, -1.0))
    data, settings, _ = image_layers(Image(np.ones(grid.shape, np.float32), grid))[0]
    viewer.add_image(data, **settings)
    viewer.dims.set_point(0, 1.0)
    viewer.dims.order = (1, 0, 2)  # a view of other slices: z was not displayed, and is now
    viewer.dims.set_point(1, 2.0)
    viewer.dims.order = (0, 1, 2)
    qtbot.wait(100)
    assert any(viewer.cursor.position)  # napari's own doing
    assert not text.visible
    point(viewer, (1.0, 1.0, 2.0))
    qtbot.waitUntil(lambda: text.visible, timeout=2000)
    point(viewer, (1.0, 0.0, 0.0))  # and now the place itself is pointed at
    qtbot.waitUntil(lambda: "x 0.0 y 0.0" in text.text, timeout=2000)
    assert text.visible


def test_a_narrow_canvas_gets_narrow_lines_that_keep_the_value(viewer):
    viewer.layers[0].name = "TCGA-06-0133_2002-11-09_T1_post-contrast"
    viewer.canvas.size = (300, 360)
    lines = card_lines(viewer, at(1, 2, 3))
    assert lines[:2] == ["x 0.0 y 11.0", "z 14.0 mm"]
    assert max(map(len, lines)) <= 18
    assert lines[2].endswith("  45 HU")
    viewer.canvas.size = (700, 1000)
    assert card_lines(viewer, at(1, 2, 3))[0] == "x 0.0 y 11.0 z 14.0 mm"


def test_the_letters_of_the_card_are_smaller_on_a_small_scan(viewer):
    card, sizes = show_hover(viewer), []
    for size in ((368, 287), (700, 1000)):
        viewer.canvas.size = size
        card.point(at(1, 2, 3))
        card.update()
        sizes.append(card._text.font_size)
    assert sizes[0] < sizes[1]


def test_many_moves_are_few_updates(viewer, qtbot, monkeypatch):
    import napari_radiogenomics.gui.canvas.hover as hover

    seen = []
    monkeypatch.setattr(hover, "card_lines", lambda viewer: seen.append(1) or ["x"])
    show_hover(viewer)
    viewer.mouse_over_canvas = True
    for i in range(200):
        point(viewer, (0.0, 0.0, float(i)))
    qtbot.wait(100)
    assert 1 <= len(seen) <= 5


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (-3.5, "−3.5"), (1234567, "1234567"), (1e-7, "1e−07")]
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_short_names_stay_and_long_ones_keep_both_ends():
    assert elide_middle("T1c") == "T1c"
    short = elide_middle("abcdefghijklmnopqrstuvwxyz0123456789", 11)
    assert len(short) == 11
    assert short.startswith("abcde")
    assert short.endswith("56789")


def test_a_gene_of_a_region_is_wrapped_and_no_number_is_cut():
    from napari_radiogenomics.gui.canvas.hover import _wrapped

    text = "VEGFA 10.3 log2 CPM (● point, n=3)"
    lines = _wrapped(text, 18)
    assert " ".join(line.strip() for line in lines) == text
    assert all(len(line) <= 18 for line in lines)
    assert _wrapped(text, 40) == [text]
