"""The base dock: message, progress, cancel, memory, layer combos; on a viewer's model."""

from __future__ import annotations

import time

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QScrollArea

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import Cancelled, InputError
from napari_radiogenomics.gui.forms.inputs import (
    LabelCombo,
    LayerCombo,
    belongs_to,
    is_region,
    is_scan,
)
from napari_radiogenomics.gui.forms.panel import Panel
from napari_radiogenomics.gui.layers.layers import image_layers, segmentation_layers
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.progress import quiet

GRID = Geometry((6, 5, 4), (1.0, 2.0, 3.0))


def count(number, *, steps: int = 3, wait: float = 0.0, progress=quiet):
    """Count to a number."""
    for _ in progress(range(steps), "Steps"):
        time.sleep(wait)
    return number * steps


class CountPanel(Panel):
    """A dock for the tests."""

    number: int | None = 4

    def __init__(self, viewer):
        super().__init__(viewer, count, name="count", purpose="Count.", run="Count")
        self.recall()

    def arguments(self):
        if self.number is None:
            raise InputError("There is no number. Give one.")
        return count, (self.number,), self.form.values

    def show_result(self, outcome):
        return f"Counted to {outcome.value}."


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def panel(viewer, qtbot):
    panel = CountPanel(viewer)
    qtbot.addWidget(panel)
    return panel


def add_scan(viewer, name="CT", grid=GRID, **facts):
    image = Image(np.zeros(grid.shape, np.float32), grid, "HU", name, "CT", metadata=facts)
    data, settings, _ = image_layers(image)[0]
    return viewer.add_image(data, **settings)


def add_region(viewer, name="expert", grid=GRID, value=1, **facts):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 1:3, 1:3] = value
    drawn = Segmentation(labels, grid, (Label(value, "tumour"),), name=name, metadata=facts)
    data, settings, _ = segmentation_layers(drawn)[0]
    return viewer.add_labels(data, **settings)


def test_run_says_what_happened(panel, qtbot):
    panel.run_button.click()
    assert not panel.run_button.isEnabled()
    assert panel.cancel_button.isEnabled()
    qtbot.waitUntil(lambda: not panel.runner.running, timeout=5000)
    assert panel.message == "Counted to 12."
    assert panel.run_button.isEnabled()
    assert not panel.cancel_button.isEnabled()


def test_what_lacks_is_said_in_the_message_line(panel):
    panel.number = None
    panel.start()
    assert panel.message == "There is no number. Give one."
    assert not panel.runner.running


def test_cancel_answers_long_before_the_end_of_the_work(panel, qtbot):
    panel.form.values = {"steps": 1000, "wait": 0.01}
    panel.start()
    qtbot.waitUntil(lambda: panel.progress_bar.maximum() == 1000, timeout=2000)
    with qtbot.waitSignal(panel.runner.ended, timeout=5000):  # its steps wait for 10 s
        panel.cancel_button.click()
        assert panel.message.startswith("Cancelling")
    assert panel.message.startswith("Cancelled")
    assert panel.progress_bar.value() == 0


def test_progress_is_shown_with_its_unit(panel, qtbot):
    panel.form.values = {"steps": 40, "wait": 0.01}
    panel.start()
    qtbot.waitUntil(lambda: panel.progress_bar.value() > 2, timeout=3000)
    assert panel.progress_bar.format() == "Steps %p %"
    qtbot.waitUntil(lambda: not panel.runner.running, timeout=5000)


def test_closing_a_dock_cancels_its_work(viewer, qtbot):
    ends = []

    def work(*, progress=quiet):
        try:
            for _ in progress(range(1000), "Steps"):
                time.sleep(0.01)
        except Cancelled as error:
            ends.append(str(error))
            raise

    panel = CountPanel(viewer)
    panel.runner.run(work)
    qtbot.waitUntil(lambda: panel.progress_bar.maximum() == 1000, timeout=2000)
    panel.deleteLater()
    qtbot.waitUntil(lambda: len(ends) == 1, timeout=2000)


def test_settings_are_remembered_for_the_session_and_reset(panel, viewer, qtbot):
    panel.form.values = {"steps": 7}
    again = CountPanel(viewer)
    qtbot.addWidget(again)
    assert again.form.values["steps"] == 7
    other = CountPanel(ViewerModel())
    qtbot.addWidget(other)
    assert other.form.values["steps"] == 3
    panel.reset_button.click()
    assert panel.form.is_default
    assert session_of(viewer).state["count"]["steps"] == 3


def test_the_message_is_colored_by_its_tone_and_the_theme(panel, viewer):
    panel.say("bad", "error")
    dark = panel.message_line.styleSheet()
    viewer.theme = "light"
    assert panel.message_line.styleSheet() != dark
    panel.say("fine")
    assert panel.message_line.toolTip() == "<p>fine</p>"


def test_the_dock_scrolls_and_is_narrow(panel):
    assert panel.findChild(QScrollArea) is not None
    assert 320 <= panel.minimumWidth() <= panel.sizeHint().width() <= 420
    assert panel.minimumSizeHint().height() < 400


def test_tab_goes_in_reading_order(panel, qtbot):
    panel.show()
    wanted = [panel.form.fields["steps"].widget, panel.run_button]
    places = [widget.mapTo(panel, widget.rect().topLeft()).y() for widget in wanted]
    assert places == sorted(places)
    seen, widget = [], wanted[0]
    for _ in range(40):
        widget = widget.nextInFocusChain()
        seen.append(widget)
    assert seen.index(panel.form.fields["wait"].widget) < seen.index(panel.run_button)
    assert seen.index(panel.run_button) < seen.index(panel.cancel_button)


def test_a_closed_dock_leaves_the_viewer_alone(viewer, qtbot):
    panel = CountPanel(viewer)
    combo = LayerCombo(viewer, is_scan, empty="none")
    gone = []
    for widget in (panel, combo):
        widget.destroyed.connect(lambda: gone.append(1))
        widget.deleteLater()
    qtbot.waitUntil(lambda: len(gone) == 2, timeout=2000)
    viewer.theme = "light"
    layer = add_scan(viewer)
    layer.name = "other"


def test_combos_are_filled_from_the_layers_and_follow_the_selection(viewer, qtbot):
    first, region = add_scan(viewer, "first"), add_region(viewer)
    combo = LayerCombo(viewer, is_scan, empty="none")
    qtbot.addWidget(combo)
    assert combo.layer is first
    second = add_scan(viewer, "second")
    assert combo.layers == [second, first]
    viewer.layers.selection.active = first
    assert combo.layer is first
    viewer.layers.selection.active = region
    assert combo.layer is first
    first.name = "renamed"
    assert combo.currentText() == "renamed"
    assert combo.toolTip() == "renamed"
    viewer.layers.remove(first)
    assert combo.layer is second
    viewer.layers.clear()
    assert combo.layer is None
    assert combo.currentText() == "none"
    assert not combo.isEnabled()


def test_a_change_of_layer_is_told_once(viewer, qtbot):
    combo = LayerCombo(viewer, is_scan, empty="none")
    qtbot.addWidget(combo)
    seen = []
    combo.chosen.connect(lambda: seen.append(combo.layer))
    first = add_scan(viewer)
    add_region(viewer)
    assert seen == [first]


def test_maps_pictures_and_4d_are_no_scans(viewer):
    assert is_scan(add_scan(viewer))
    grid = GRID
    image = Image(np.zeros(grid.shape), grid, "bits", "map", "map")
    data, settings, _ = image_layers(image)[0]
    assert not is_scan(viewer.add_image(data, **settings))
    assert not is_scan(viewer.add_image(np.zeros((4, 4, 3), np.uint8), rgb=True))
    assert not is_scan(viewer.add_image(np.zeros((2, 2, 4, 4))))
    assert not is_scan(add_region(viewer))
    assert is_region(viewer.layers[-1])


def test_a_segmentation_belongs_to_the_scan_of_its_id_else_of_its_grid(viewer):
    scan = add_scan(viewer, scan_id="S1")
    other = add_scan(viewer, grid=Geometry((6, 5, 4), (2.0, 2.0, 2.0)), scan_id="S2")
    mine = add_region(viewer, scan_id="S1")
    assert belongs_to(mine, scan)
    assert not belongs_to(mine, other)
    nameless = add_region(viewer)
    assert belongs_to(nameless, scan)
    assert not belongs_to(nameless, other)
    assert not belongs_to(mine, None)


def test_regions_are_listed_by_name_as_they_are_drawn(viewer, qtbot):
    combo = LabelCombo()
    qtbot.addWidget(combo)
    assert combo.value is None
    layer = add_region(viewer, value=2)
    combo.show_layer(layer)
    assert combo.currentText() == "tumour (2)"
    assert combo.value == 2
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 5)
    combo.refresh()
    assert [combo.itemText(row) for row in range(combo.count())] == ["tumour (2)", "label 5"]
    assert combo.value == 2
    layer.data = np.zeros_like(layer.data)
    combo.refresh()
    assert combo.value is None
    assert not combo.isEnabled()
