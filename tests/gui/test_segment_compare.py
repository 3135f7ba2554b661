"""Two readers in the dock: the table is the verb's, the difference is seen, a consensus made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.forms.inputs import is_region
from napari_radiogenomics.gui.layers.edits import is_unsaved, object_of
from napari_radiogenomics.gui.layers.keys import PASSING
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.dock import SegmentDock
from napari_radiogenomics.segmentation import compare_segmentations, consensus

GRID = Geometry((14, 12, 8), (1.0, 1.0, 4.0), direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1))
SCHEME = (Label(1, "tumour"), Label(2, "edema"))


def reader(name, shift, *, edema=True):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:6, 3:8, 3 + shift : 8 + shift] = 1
    if edema:
        labels[2:4, 9:11, 2:9] = 2
    return Segmentation(labels, GRID, SCHEME, name=name)


READERS = [reader("A", 0), reader("B", 1), reader("C", 2, edema=False)]


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    for data, settings, kind in layers_of(READERS):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


@pytest.fixture
def page(viewer, qtbot):
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    page = dock.compare
    page.first.layer, page.second.layer = viewer.layers["A"], viewer.layers["B"]
    page.dock = dock
    return page


def wait(page, qtbot):
    qtbot.waitUntil(lambda: not page.runner.running, timeout=20_000)


def test_the_table_is_that_of_the_verb(page, qtbot):
    page.tolerance.setValue(0.5)
    page.compare()
    wait(page, qtbot)
    expected = compare_segmentations(READERS[0], READERS[1], tolerance_mm=0.5)
    pd.testing.assert_frame_equal(page.result, expected, check_like=True)
    assert page.table.item(0, 1).text() == f"{expected.loc[1, 'dice']:.3f}"
    assert page.table.item(1, 0).text() == "edema"
    assert page.dock.message.startswith("tumour: Dice 0.800")


def test_what_was_painted_meanwhile_is_compared(page, viewer, qtbot):
    layer = viewer.layers["B"]
    layer.data_setitem(np.nonzero(layer.data != viewer.layers["A"].data), 0)
    page.compare()
    wait(page, qtbot)
    assert page.result.loc[1, "dice"] == pytest.approx(2 * 80 / 180)


def test_a_label_of_one_reader_is_told_and_not_measured(page, viewer, qtbot):
    page.second.layer = viewer.layers["C"]
    page.compare()
    wait(page, qtbot)
    assert page.table.item(1, 3).text() == "–"
    assert "only the first has it" in page.dock.message


def test_the_difference_is_shown_once_and_never_taken_for_a_region(page, viewer, qtbot):
    page.compare()
    wait(page, qtbot)
    layer = page.show_difference()
    one, two = (viewer.layers[name].data == 1 for name in "AB")
    np.testing.assert_array_equal(layer.data == 1, one & two)
    np.testing.assert_array_equal(layer.data == 2, one & ~two)
    np.testing.assert_array_equal(layer.data == 3, two & ~one)
    page.show_difference()
    assert sum(x.metadata.get(PASSING) == "difference" for x in viewer.layers) == 1
    assert not any(is_region(x) for x in viewer.layers if x.metadata.get(PASSING))
    assert 'Orange: only "A"' in page.dock.message
    here = np.round(layer.world_to_data(viewer.dims.point)).astype(int)
    assert layer.data[tuple(here)] == 2


@pytest.mark.parametrize("method", ["STAPLE", "majority"])
def test_a_consensus_is_a_layer_to_be_saved(page, viewer, qtbot, method):
    page.method.setCurrentIndex(page.method.findData(method))
    assert page.readers.count() == 3
    page.make_consensus()
    wait(page, qtbot)
    layer = viewer.layers[f"consensus ({method})"]
    order = [viewer.layers[name] for name in "CBA"]  # as they are listed
    expected = consensus([object_of(x) for x in order], method=method)
    np.testing.assert_array_equal(object_of(layer).labels, expected.labels)
    assert is_unsaved(layer)
    assert "added" in page.dock.message


def test_one_reader_is_no_consensus(page):
    for row in range(1, page.readers.count()):
        page.readers.item(row).setCheckState(type(page.readers.item(row).checkState()).Unchecked)
    page.make_consensus()
    assert page.dock.message == "Tick two readers or more."


def test_other_grids_are_told_and_nothing_is_compared(page, viewer, qtbot):
    other = Segmentation(np.ones((3, 3, 3), np.uint8), Geometry((3, 3, 3)), name="small")
    for data, settings, kind in layers_of([other]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    page.second.layer = viewer.layers["small"]
    page.compare()
    wait(page, qtbot)
    assert page.result is None
    assert "3×3×3" in page.dock.message
    assert not page.difference_button.isEnabled()


def test_one_segmentation_is_not_compared_with_itself(viewer, qtbot):
    del viewer.layers["B"], viewer.layers["C"]
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    dock.compare.compare()
    assert "Open two segmentations" in dock.message


def test_two_are_proposed_where_there_are_two(viewer, qtbot):
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    assert dock.compare.first.layer is not dock.compare.second.layer


def test_the_table_goes_to_a_file(page, qtbot, tmp_path):
    page.save_as(tmp_path / "agreement.csv")
    assert "Compare two" in page.dock.message
    page.compare()
    wait(page, qtbot)
    page.save_as(tmp_path / "agreement.csv")
    read = pd.read_csv(tmp_path / "agreement.csv", index_col="label")
    assert read.loc[1, "dice"] == pytest.approx(0.8)
    page.save_as(tmp_path / "none" / "agreement.csv")
    assert "does not exist" in page.dock.message
