"""Orientation letters, camera, legend: on a viewer's model, without a window."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.gui.attached import attached
from napari_radiogenomics.gui.canvas.dress import dress_canvas
from napari_radiogenomics.gui.canvas.legend import feature_title, letters_in, show_legend, top_map
from napari_radiogenomics.gui.canvas.overlays import (
    edge_letters,
    keep_text,
    show_orientation,
    show_scale_bar,
    stand_upright,
    upright_orientation,
)
from napari_radiogenomics.gui.canvas.scan_bar import ScanBar
from napari_radiogenomics.gui.canvas.ticks import ticks_of
from napari_radiogenomics.gui.layers.layers import SOURCE, image_layers

GRID = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (-3.0, 7.0, 11.0))
LABELS = ("z", "y", "x")
TO = {"x": "RL", "y": "AP", "z": "IS"}


def add(viewer: ViewerModel, image: Image):
    for data, settings, _ in image_layers(image):
        viewer.add_image(data, **settings)
    return viewer.layers[-1]


def scan(**more) -> Image:
    values = np.arange(120, dtype=np.float32).reshape(GRID.shape)
    return Image(values, GRID, **{"unit": "HU", "name": "chest", "modality": "CT"} | more)


def texture(name: str, unit: str) -> Image:
    return scan(name=name, unit=unit, modality="map")


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


def test_axial_slices_show_right_on_the_left_and_anterior_on_top(viewer):
    add(viewer, scan())
    letters = show_orientation(viewer).letters()
    assert letters == {"top": "A", "bottom": "P", "left": "R", "right": "L"}
    overlays = viewer.canvas.overlays
    assert overlays["radiogenomics_edge_left"].text == "R"
    assert overlays["radiogenomics_edge_left"].visible
    assert str(overlays["radiogenomics_edge_left"].position) == "middle_left"


def test_letters_follow_the_displayed_axes(viewer):
    add(viewer, scan())
    letters = show_orientation(viewer)
    stand_upright(viewer)
    viewer.dims.order = (1, 0, 2)
    assert letters.letters() == {"top": "S", "bottom": "I", "left": "R", "right": "L"}
    assert viewer.canvas.overlays["radiogenomics_edge_top"].text == "S"
    viewer.dims.order = (2, 0, 1)
    assert letters.letters() == {"top": "S", "bottom": "I", "left": "A", "right": "P"}
    viewer.dims.order = (0, 1, 2)
    assert letters.letters()["top"] == "A"


def test_letters_hide_in_3d_without_layers_and_on_unnamed_axes(viewer):
    letters = show_orientation(viewer)
    assert letters.letters() == {}
    viewer.add_image(np.zeros((2, 3, 4)))
    assert letters.letters() == {}
    viewer.layers.clear()
    add(viewer, scan())
    assert letters.letters()
    viewer.dims.ndisplay = 3
    assert letters.letters() == {}
    assert not viewer.canvas.overlays["radiogenomics_edge_top"].visible


def test_a_fourth_axis_does_not_move_the_letters(viewer):
    four = Image(np.zeros((3, *GRID.shape), np.float32), GRID, fourth_axis="time")
    add(viewer, four)
    assert show_orientation(viewer).letters()["right"] == "L"


def test_a_second_call_finds_the_first(viewer):
    assert show_orientation(viewer) is show_orientation(viewer)
    assert show_orientation(viewer) is not show_orientation(ViewerModel())
    assert keep_text(viewer, "a") is keep_text(viewer, "a", text="again")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_upright_views_are_right_handed_with_the_head_up(order):
    """Screen axes as vectors in the patient: right × down points away from the viewer."""
    depth, vertical, horizontal = upright_orientation(LABELS, order)
    unit = {"x": np.eye(3)[0], "y": np.eye(3)[1], "z": np.eye(3)[2]}
    d, v, h = (unit[LABELS[axis]] for axis in order)
    down = v if vertical == "down" else -v
    away = d if depth == "away" else -d
    assert horizontal == "right"
    np.testing.assert_array_equal(np.cross(h, down), away)
    assert (vertical == "up") == (LABELS[order[1]] == "z")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(("down", "right"), itertools.product((True, False), repeat=2))
def test_letters_name_the_patient_at_each_edge(order, down, right):
    letters = edge_letters(LABELS, order[1:], down=down, right=right)
    vertical, horizontal = TO[LABELS[order[1]]], TO[LABELS[order[2]]]
    assert letters["top"] + letters["bottom"] == (vertical if down else vertical[::-1])
    assert letters["left"] + letters["right"] == (horizontal if right else horizontal[::-1])


def test_upright_leaves_other_pictures_alone(viewer):
    viewer.add_image(np.zeros((2, 3, 4)))
    before = viewer.scene.camera.orientation
    stand_upright(viewer)
    viewer.dims.order = (1, 0, 2)
    assert viewer.scene.camera.orientation == before


def test_scale_bar_is_on(viewer):
    add(viewer, scan())
    show_scale_bar(viewer)
    assert viewer.canvas.overlays.scale_bar.visible
    assert str(viewer.layers.extent.units[0]) in ("mm", "millimeter")


def test_legend_names_the_map_on_top_with_its_unit(viewer):
    show_legend(viewer)
    title = viewer.canvas.overlays["radiogenomics_legend"]
    base = add(viewer, scan())
    assert not title.visible
    assert not base.colorbar.visible
    first = add(viewer, texture("original_firstorder_Entropy", "bits"))
    assert title.text == "Entropy\nbits"
    assert title.visible
    assert first.colorbar.visible
    second = add(viewer, texture("original_firstorder_Mean", "HU"))
    assert title.text == "Mean\nHU"
    assert second.colorbar.visible
    assert not first.colorbar.visible
    second.visible = False
    assert title.text == "Entropy\nbits"
    assert first.colorbar.visible
    viewer.layers.remove(first)
    assert not title.visible
    assert top_map(viewer) is None


def test_a_long_title_of_a_legend_leaves_room_for_the_letter_beside_it(viewer):
    show_legend(viewer)
    add(viewer, texture("BUFFA_HYPOXIA, virtual biopsy", "combined z"))
    title = viewer.canvas.overlays["radiogenomics_legend"]
    assert title.text == "BUFFA_HYPOXIA,\nvirtual biopsy\ncombined z"


def test_a_legend_on_a_small_canvas_leaves_the_letters_alone(viewer):
    """At 287 × 382 pixels: the title beside the letter above, the bar above that on the right."""
    show_legend(viewer)
    layer = add(viewer, texture("BUFFA_HYPOXIA, virtual biopsy", "combined z"))
    title = viewer.canvas.overlays["radiogenomics_legend"]
    wide = title.text, layer.colorbar.size
    viewer.canvas.size = (382, 287)
    lines = title.text.splitlines()
    assert lines == ["BUFFA_", "HYPOXIA,", "virtual…", "combined z"]
    assert all(len(line) <= letters_in(287) for line in lines)
    assert layer.colorbar.size[1] < 382 / 2 - 23 * len(lines)
    viewer.canvas.size = (800, 600)
    assert (title.text, layer.colorbar.size) == wide


def test_a_legend_in_a_low_view_is_one_line_with_its_limits(viewer):
    """At 300 × 170 pixels numbers at the bar would lie on each other, and it on the letter."""
    show_legend(viewer)
    layer = add(viewer, texture("Local distance metric of vessels, smoothed", "1/mm"))
    layer.contrast_limits = (0.25, 1.5)
    title = viewer.canvas.overlays["radiogenomics_legend"]
    wide = title.text, layer.colorbar.size, layer.colorbar.font_size, layer.colorbar.color
    viewer.canvas.size = (170, 300)
    first, second = title.text.splitlines()
    assert first == "Local…"
    assert second == "0.25 to 1.5 1/mm"
    assert layer.colorbar.color[3] == 0
    assert layer.colorbar.size[1] < 20
    layer.contrast_limits = (0.5, 1.0)
    assert title.text.splitlines()[1] == "0.5 to 1 1/mm"
    layer.contrast_limits = (0.25, 1.5)
    viewer.canvas.size = (300, 300)  # one line of the title, and a bar with its numbers
    assert title.text == "Local…\n1/mm"
    assert layer.colorbar.size[1] >= 50
    assert layer.colorbar.color is None
    viewer.canvas.size = (800, 600)
    assert (
        title.text, layer.colorbar.size, layer.colorbar.font_size, layer.colorbar.color
    ) == wide  # fmt: skip


def test_numbers_at_a_bar_are_two_or_more_and_never_on_each_other(viewer):
    """At 400 × 400 pixels 60, 70 … 120 would be one blot; some limits have one number between."""
    show_legend(viewer)
    layer = add(viewer, texture("original_firstorder_Mean", "HU"))
    layer.contrast_limits_range = (-1e6, 1e6)
    title, rng = viewer.canvas.overlays["radiogenomics_legend"], np.random.default_rng(3)
    written = set()
    for side in (280, 400, 800):
        viewer.canvas.size = (side, side)
        tried = [(57.0, 125.0), *(np.cumsum(rng.uniform(0.1, 90, 2)) for _ in range(25))]
        for low, high in tried:
            layer.contrast_limits = (low, high)
            numbers = layer.colorbar.color is None
            places = ticks_of(*map(float, layer.contrast_limits))
            apart = np.diff(places).min(initial=1.0) * layer.colorbar.size[1]
            fit = len(places) > 1 and apart >= 15
            assert fit or not numbers
            assert numbers != (f"{low:.3g} to {high:.3g}" in title.text)
            assert (numbers == fit) or side == 280  # too low for any
            written.add((side, numbers))
    assert written == {(280, False), *((side, on) for side in (400, 800) for on in (True, False))}


def test_a_bar_without_numbers_is_low_so_that_the_title_is_whole(viewer):
    show_legend(viewer)
    layer = add(viewer, texture("original_firstorder_MeanAbsoluteDeviation", "HU"))
    layer.contrast_limits_range = (-1e6, 1e6)
    viewer.canvas.size = (370, 287)  # a view in a window of 1366x768
    layer.contrast_limits = (56.2, 119.0)
    title = viewer.canvas.overlays["radiogenomics_legend"].text
    assert title == "Mean\nabsolute\ndeviation\n56.2 to 119\nHU"
    taken = 23 * len(title.splitlines()) + 46 + layer.colorbar.size[1]
    assert taken <= 370 / 2  # the bar ends above the letter in the middle


def test_the_letter_below_stands_beside_the_scale_bar_of_a_narrow_view(viewer):
    add(viewer, scan())
    show_orientation(viewer)
    letter = viewer.canvas.overlays["radiogenomics_edge_bottom"]
    where = []
    for width in (900, 300, 900):
        viewer.canvas.size = (400, width)
        where.append((letter.text, str(letter.position)))
    assert where == [("P", "bottom_center"), ("P", "bottom_left"), ("P", "bottom_center")]


def test_legend_follows_a_map_that_is_exchanged(viewer):
    show_legend(viewer)
    layer = add(viewer, texture("original_firstorder_Entropy", "bits"))
    layer.metadata = {SOURCE: texture("original_firstorder_Kurtosis", "")}
    assert viewer.canvas.overlays["radiogenomics_legend"].text == "Kurtosis\nno unit"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("original_firstorder_MeanAbsoluteDeviation", "Mean absolute deviation"),
        ("original_glcm_MCC", "Maximal correlation coefficient"),
        ("original_glcm_Imc1", "Informational measure of correlation 1"),
        ("original_glszm_LargeAreaHighGrayLevelEmphasis", "Large area high gray level emphasis"),
        ("wavelet-LLH_firstorder_Mean", "Mean (wavelet-LLH)"),
        ("my_own_map", "my_own_map"),
    ],
)
def test_feature_titles(name, title):
    assert feature_title(name) == title


def test_the_bar_of_the_scan_that_is_seen_has_its_unit(viewer):
    for unit, name, visible in (("HU", "CT", True), ("", "T1", False)):
        add(viewer, scan(unit=unit, name=name)).visible = visible
    dress_canvas(viewer)
    bar, title = attached(viewer, ScanBar), viewer.canvas.overlays["radiogenomics_scan_unit"]
    seen = [layer.colorbar.visible for layer in viewer.layers]
    assert (title.text, seen) == ("HU", [True, False])
    viewer.layers["CT"].visible, viewer.layers["T1"].visible = False, True
    seen = [layer.colorbar.visible for layer in viewer.layers]
    assert (title.text, seen) == ("no unit", [False, True])
    bar.enabled = False
    assert not any(layer.colorbar.visible for layer in viewer.layers)
    assert not title.visible
