"""The Vessels dock: vessels around a region as a layer, a table by ring, and files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Vectors

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.vessels.dock import VesselsDock
from napari_radiogenomics.gui.vessels.layer import VESSELS, limits_of
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.vessels import measure_vessels

# Axes of the scan run against those of the patient.
GRID = Geometry((40, 40, 28), (1.0, 1.0, 1.5), (20.0, -9.0, 50.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1))
RINGS = {"ring_mm": (0.0, 12.0, 18.0)}


def scan_of(name="chest", scale=500.0):
    """A straight tube along the second axis, 9 mm from the region."""
    k, _, i = np.indices(GRID.shape)
    tube = np.exp(-((1.5 * (k - 14)) ** 2 + (i - 29) ** 2) / 4.0)
    noise = np.random.default_rng(0).normal(0, 3, GRID.shape)
    return Image((scale * tube + noise - 800).astype(np.float32), GRID, "HU", name, "CT")


def region_of():
    labels = np.zeros(GRID.shape, np.uint8)
    labels[12:17, 18:23, 18:21] = 1
    labels[14, 19:22, 19] = 2
    labels[:, :, :18] = 5
    return Segmentation(
        labels, GRID, (Label(1, "rim"), Label(2, "core"), Label(5, "lung")), name="expert"
    )


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    for data, settings, kind in layers_of([scan_of(), region_of()]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    dock = VesselsDock(viewer)
    qtbot.addWidget(dock)
    dock.form.values = RINGS
    dock.around.setCurrentIndex(dock.around.findData(1))
    return dock


def run(dock, qtbot):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()


def test_the_vessels_are_those_of_the_verb_at_their_place_in_the_patient(dock, viewer, qtbot):
    active = viewer.layers.selection.active
    assert dock.message.startswith("Find vessels measures")
    run(dock, qtbot)
    expected = measure_vessels(scan_of(), region_of(), label=1, **RINGS)
    pd.testing.assert_frame_equal(dock.found.regions, expected.regions)
    layer = dock.layer
    assert isinstance(layer, Vectors)
    assert len(layer.data) == sum(len(line) - 1 for line in expected.centerlines)
    starts = [layer.data_to_world(start)[::-1] for start in layer.data[:, 0]]
    drawn = np.concatenate([line[:-1] for line in expected.centerlines])
    np.testing.assert_allclose(starts, drawn, atol=1e-4)
    assert layer.metadata[VESSELS] is dock.found
    assert viewer.layers.selection.active is active
    assert "mm of vessels found" in dock.message


def test_the_table_has_a_row_a_measure_with_its_unit_and_a_column_a_ring(dock, qtbot):
    run(dock, qtbot)
    table = dock.table
    headers = [table.horizontalHeaderItem(column).text() for column in range(4)]
    assert headers == ["Measure", "0-12 mm", "12-18 mm", "0-18 mm"]
    rows = {table.item(row, 0).text(): row for row in range(table.rowCount())}
    assert {"Distance metric", "SOAM rad/mm", "Curvature /mm", "Volume mL"} <= set(rows)
    pieces = table.item(rows["Winding of pieces"], 0).toolTip()
    assert "local distance metric" in pieces  # the plain name, and the term
    assert "tight corkscrews" in table.item(rows["SOAM rad/mm"], 0).toolTip()
    assert float(table.item(rows["Distance metric"], 3).text()) == pytest.approx(1, abs=0.01)


def test_color_follows_the_chosen_measure_with_a_legend_in_its_unit(dock, qtbot):
    run(dock, qtbot)
    dock.color.setCurrentIndex(dock.color.findData("radius_mm"))
    assert dock.bar.ends[1].endswith(" mm")
    assert not dock.bar.isHidden()
    dock.color.setCurrentIndex(dock.color.findData("curvature"))
    assert dock.bar.ends[1].endswith("1/mm")
    # Each piece has the color of its value: the highest is the last color, and yellow.
    values = dock.layer.features["local"].to_numpy()
    dock.color.setCurrentIndex(dock.color.findData("local"))
    assert dock.layer.edge_color[values.argmax(), :3] == pytest.approx([0.99, 0.91, 0.14], abs=0.02)
    assert dock.layer.edge_color[values.argmin(), :3] == pytest.approx([0.27, 0.0, 0.33], abs=0.02)


def test_a_slice_shows_vessels_beside_it_and_lines_are_seen_from_afar(dock, viewer, qtbot):
    run(dock, qtbot)
    layer, step = dock.layer, max(GRID.spacing)
    z = np.array([layer.data_to_world(start)[0] for start in layer.data[:, 0]])
    around = []
    for slices in (0, 1, 4):  # the tube lies in one slice
        viewer.dims.set_point(0, z.mean() + slices * step)
        around.append(len(layer._view_indices))
    assert around[0] == around[1] > 0 == around[2]
    for zoom in (0.5, 2.0, 20.0):
        viewer.scene.camera.zoom = zoom
        wide = layer.edge_width * layer.scale[-1]
        assert wide * zoom >= 3.8
        assert wide >= 1.15


def test_a_near_loop_does_not_make_all_other_vessels_one_color():
    """A tenth of the length has a distance metric of 6, the rest 1 to 1.5."""
    values = np.r_[np.linspace(1.0, 1.5, 90), np.full(10, 6.0)]
    layer = Vectors(np.zeros((100, 2, 3)), features=pd.DataFrame({"distance_metric": values}))
    low, high = limits_of(layer, "distance_metric")
    assert low == pytest.approx(1.02, abs=0.02)
    assert 1.5 <= high < 2.5
    even = Vectors(np.zeros((3, 2, 3)), features=pd.DataFrame({"distance_metric": [1.0] * 3}))
    assert np.diff(limits_of(even, "distance_metric")) > 0


def test_the_map_is_a_hidden_layer_and_both_are_replaced_by_the_next_run(dock, viewer, qtbot):
    run(dock, qtbot)
    names = [layer.name for layer in viewer.layers]
    assert "Winding of vessel pieces" in names
    assert not viewer.layers["Winding of vessel pieces"].visible
    assert "The layer Winding of vessel pieces is hidden" in dock.message
    first = dock.layer
    dock.form.values = {"local_metric": "curvature"}
    run(dock, qtbot)
    assert first not in viewer.layers
    assert [layer.name for layer in viewer.layers if VESSELS in layer.metadata] == [
        "Curvature of vessel pieces",
        "Vessels",
    ]


def test_rings_are_clipped_to_the_chosen_organ(dock, qtbot):
    dock.organ.setCurrentIndex(dock.organ.findData(5))
    run(dock, qtbot)  # the vessel lies on the other side
    assert dock.found.lines == ()
    assert dock.layer is None
    assert "No vessel of" in dock.message
    assert dock.found.history[-1].settings["organ"] == 5


def test_vessels_of_another_scan_go(dock, viewer, qtbot):
    run(dock, qtbot)
    other = scan_of("other", 100.0)
    data, settings, _ = layers_of([other])[0]
    scan = viewer.layers["chest"]
    scan.data, scan.metadata = data, settings["metadata"]
    qtbot.waitUntil(lambda: dock.found is None, timeout=5000)
    assert not any(VESSELS in layer.metadata for layer in viewer.layers)
    assert dock.table.rowCount() == 0
    assert not dock.save_button.isEnabled()


def test_tables_are_saved_with_their_history(dock, qtbot, tmp_path):
    run(dock, qtbot)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.save_as(tmp_path / "around.csv")
    rings = pd.read_csv(tmp_path / "around.csv", index_col="region")
    each = pd.read_csv(tmp_path / "around-each.csv", index_col="vessel")
    assert list(rings.index) == list(dock.found.regions.index)
    assert len(each) == len(dock.found.lines)
    for name in ("around.csv", "around-each.csv"):
        assert read_history(tmp_path / name)[-1].settings["ring_mm"] == [0.0, 12.0, 18.0]
    assert "around.csv" in dock.message


def test_what_lacks_is_said(qtbot):
    dock = VesselsDock(ViewerModel())
    qtbot.addWidget(dock)
    assert dock.message.startswith("Open a scan")
    dock.start()
    assert "There is no scan" in dock.message
    dock.viewer.add_image(np.zeros((4, 4, 4)))
    dock.start()
    assert "There is no segmentation" in dock.message
    dock.viewer.add_labels(np.ones((4, 4, 4), int))
    dock.form.values = {"scales_mm": ()}
    dock.start()
    assert "Scales are empty" in dock.message
