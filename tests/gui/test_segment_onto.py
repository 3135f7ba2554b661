"""The button that brings regions onto a scan, and the threshold that begins with what is drawn."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_radiogenomics import Geometry, Image, Label, Segmentation
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.dock import SegmentDock

GRID = Geometry((20, 16, 8), (1.0, 1.0, 3.0))
COARSE = Geometry((10, 8, 8), (2.0, 2.0, 3.0), (0.5, 0.5, 0.0))


def opened(qtbot, drawn):
    values = np.random.default_rng(0).normal(100, 2, GRID.shape)
    values[2:6, 4:12, 4:14] += 100
    viewer = ViewerModel()
    for data, settings, kind in layers_of([Image(values, GRID, name="chest"), drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    return dock


def box(grid, place) -> Segmentation:
    labels = np.zeros(grid.shape, np.uint8)
    labels[place] = 1
    return Segmentation(labels, grid, (Label(1, "tumour"),), name="drawn")


def test_regions_come_onto_the_scan_as_a_new_layer(qtbot):
    drawn = box(COARSE, np.s_[2:6, 2:6, 2:7])
    dock = opened(qtbot, drawn)
    dock.draw.tools.choose("threshold")
    qtbot.waitUntil(lambda: "Onto scan" in dock.message, timeout=20_000)
    with qtbot.waitSignal(dock.desk.onto.runner.ended, timeout=20_000):
        dock.draw.onto_button.click()
    found = dock.viewer.layers["drawn on chest"]
    assert found is dock.draw.region.layer
    expected = np.zeros(GRID.shape, bool)
    expected[2:6, 4:12, 4:14] = True
    np.testing.assert_array_equal(np.asarray(found.data) == 1, expected)
    assert "drawn" in dock.viewer.layers
    dock.draw.onto_button.click()
    assert "already" in dock.message


def test_a_threshold_begins_with_what_is_drawn_and_erases_nothing(qtbot):
    dock = opened(qtbot, box(GRID, np.s_[3:5, 6:10, 6:12]))
    dock.draw.tools.choose("threshold")
    work, values = dock.desk.tools.work, dock.draw.tools.range
    assert "range is that of tumour" in dock.message
    qtbot.wait(600)  # longer than a preview waits for the next setting
    assert work.change is None
    assert not work.busy
    low, high = values.range
    assert 190 < low < 200 < high < 210
    values.range = (low, high)
    qtbot.waitUntil(lambda: work.change is not None and not work.busy, timeout=20_000)
    before, after = work.change.job.shown == 1, work.change.true == 1
    assert (after | before == after).all()
    tumour = np.zeros(GRID.shape, bool)
    tumour[2:6, 4:12, 4:14] = True
    assert not (after & ~tumour).any()
    assert after[tumour].mean() > 0.9


def test_a_threshold_of_nothing_waits_for_a_range(qtbot):
    dock = opened(qtbot, box(GRID, np.s_[:0]))
    dock.draw.tools.choose("threshold")
    assert "Set the range" in dock.message
    assert dock.desk.tools.work.change is None
