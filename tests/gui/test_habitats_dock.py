"""The Habitats dock: from the maps on the canvas to labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels

from napari_radiogenomics import habitat_model, load_patient, open_cohort, read, texture_maps
from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.forms.region_inputs import RegionInputs
from napari_radiogenomics.gui.habitats.dock import HabitatsDock
from napari_radiogenomics.gui.layers.edits import object_of
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.region_features.dock import RegionFeaturesDock
from napari_radiogenomics.gui.session import session_of
from napari_radiogenomics.gui.texture.dock import TextureDock
from napari_radiogenomics.gui.texture.map_layer import is_preview, maps_of, show_maps
from napari_radiogenomics.provenance import read_history
from napari_radiogenomics.radiomics.habitat_model import HabitatModel
from napari_radiogenomics.radiomics.habitats import find_habitats

GRID = Geometry((12, 14, 8), (1.0, 1.5, 4.0), (-6.0, 5.0, 20.0), (-1, 0, 0, 0, 1, 0, 0, 0, -1))


def scan_of():
    """Half of the tumour is dark and smooth, half is bright and rough."""
    rng = np.random.default_rng(1)
    values = rng.normal(0, 4, GRID.shape)
    values[:, 7:] = rng.normal(200, 80, values[:, 7:].shape)
    return Image(values.astype(np.float32), GRID, "HU", "chest", "CT")


def region_of():
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:7, 2:12, 2:10] = 1
    return Segmentation(labels, GRID, (Label(1, "tumour"),), name="expert")


def open_in(viewer, *objects):
    return [getattr(viewer, f"add_{kind}")(d, **kw) for d, kw, kind in layers_of(objects)]


def maps_for(features=("Mean", "StandardDeviation", "Range"), **settings):
    return texture_maps(
        scan_of(), region_of(), families=["firstorder"], features=list(features), **settings
    )


@pytest.fixture
def viewer():
    viewer = ViewerModel()
    open_in(viewer, scan_of(), region_of())
    show_maps(viewer, maps_for())
    return viewer


@pytest.fixture
def dock(viewer, qtbot):
    dock = HabitatsDock(viewer)
    qtbot.addWidget(dock)
    return dock


def run(dock, qtbot):
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.start()


def test_the_maps_on_the_canvas_are_ticked_before_the_person_looks(dock):
    assert list(dock.maps.chosen) == [f"original_firstorder_{n}" for n in (
        "Mean", "StandardDeviation", "Range"
    )]  # fmt: skip
    assert dock.region.currentText() == "expert"
    assert dock.label.value == 1
    assert dock.message.startswith("Find habitats")


def test_the_habitats_are_those_of_the_verb_and_those_planted(dock, viewer, qtbot):
    run(dock, qtbot)
    layer = dock.layer
    assert isinstance(layer, Labels)
    assert [x.name for x in viewer.layers if x.visible] == ["chest", layer.name]
    expected = find_habitats(maps_for(), region_of(), label=1)
    np.testing.assert_array_equal(object_of(layer).labels, expected.labels)
    found, inside = expected.labels, region_of().labels == 1
    planted = np.zeros(GRID.shape, int)
    planted[:, 7:] = 1
    agree = ((found == 2) == planted)[inside].mean()
    assert agree > 0.85
    assert dock.table.rowCount() == 2
    assert dock.table.item(0, 0).text() == "1 low Mean"
    assert dock.table.item(0, 0).toolTip() == expected.scheme[0].name
    assert dock.table.horizontalHeaderItem(3).text() == "Standard\ndeviation\nHU"
    assert dock.message.startswith("2 habitats")
    assert "numbered by their mean of Mean, lowest first" in dock.about.text()
    assert "original_" not in dock.about.text() + dock.message


def test_habitats_never_hide_where_a_biopsy_was_taken(dock, viewer, qtbot):
    biopsies = viewer.add_points([[1, 1, 1]])
    run(dock, qtbot)
    assert viewer.layers[-1] is biopsies


def test_finding_again_fills_the_same_layer(dock, viewer, qtbot):
    run(dock, qtbot)
    count = len(viewer.layers)
    dock.form.values = {"n": 3, "method": "gaussian_mixture"}
    run(dock, qtbot)
    assert len(viewer.layers) == count
    assert set(np.unique(dock.layer.data)) == {0, 1, 2, 3}
    assert dock.table.rowCount() == 3
    # Habitats are no region to find habitats in.
    assert dock.region.count() == 1


def test_the_region_is_that_of_the_maps(viewer, qtbot):
    labels = region_of().labels.copy()
    labels[1:7, 2:6, 2:10] = 2
    drawn = Segmentation(labels, GRID, (Label(1, "rim"), Label(2, "core")), name="two")
    viewer.layers.clear()
    open_in(viewer, scan_of(), drawn)
    show_maps(viewer, texture_maps(scan_of(), drawn, families=["firstorder"], label=2))
    dock = HabitatsDock(viewer)
    qtbot.addWidget(dock)
    assert dock.label.value == 2
    run(dock, qtbot)
    assert np.array_equal(dock.layer.data > 0, viewer.layers["two"].data == 2)


def test_a_row_chooses_its_habitat(dock, viewer, qtbot):
    run(dock, qtbot)
    dock.table.selectRow(1)
    assert dock.layer.selected_label == 2
    chosen = session_of(viewer).selection
    assert chosen.label is None  # no label of the segmentation that other docks measure
    assert chosen.region == dock.table.item(1, 0).toolTip()


def test_unticked_maps_are_left_out_and_maps_that_join_are_listed(dock, viewer, qtbot):
    dock.maps.list.checked = ["original_firstorder_Mean"]
    show_maps(viewer, maps_for(["Skewness"]))
    assert list(dock.maps.chosen) == ["original_firstorder_Mean", "original_firstorder_Skewness"]
    run(dock, qtbot)
    assert dock.table.columnCount() == 4


def test_habitats_are_saved_as_they_are_on_the_screen_with_their_history(dock, qtbot, tmp_path):
    run(dock, qtbot)
    assert not dock.save_button.isHidden()
    dock.layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.save(tmp_path / "habitats.seg.nrrd")
    assert "history beside it" in dock.message
    written = read(tmp_path / "habitats.seg.nrrd")
    np.testing.assert_array_equal(written.labels, object_of(dock.layer).labels)
    assert [x.name for x in written.scheme] == [x.name for x in object_of(dock.layer).scheme]
    assert read_history(tmp_path / "habitats.seg.nrrd")[-1].verb == "find_habitats"


def test_a_saved_model_finds_its_habitats_here(dock, viewer, qtbot, tmp_path):
    model = habitat_model([(maps_for(), region_of())], n=3)
    model.save(tmp_path / "lung.json")
    dock.load_model(str(tmp_path / "lung.json"))
    assert dock.models.which.currentText() == "3 habitats of 1 scan (lung.json)"
    assert not dock.form.isEnabled()  # a model brings its own settings
    run(dock, qtbot)
    expected = find_habitats(maps_for(), region_of(), label=1, model=model)
    np.testing.assert_array_equal(object_of(dock.layer).labels, expected.labels)
    with qtbot.waitSignal(dock.runner.ended, timeout=20_000):
        dock.save_model(str(tmp_path / "again.json"))
    assert HabitatModel.load(tmp_path / "again.json").features == model.features
    dock.models.which.setCurrentIndex(0)
    assert dock.form.isEnabled()
    (tmp_path / "other.json").write_text("{}")
    dock.load_model(str(tmp_path / "other.json"))
    assert "not a habitat model" in dock.message
    dock.learn()
    assert dock.message.startswith("No cohort is open.")


def test_habitats_are_learned_from_the_patients_of_the_cohort(viewer, qtbot):
    folder = Path(__file__).parents[2] / "sample_data" / "cohort"
    if not folder.is_dir():
        pytest.skip("the sample cohort is not in this checkout")
    cohort = open_cohort(folder)
    cohort = replace(cohort, patients=cohort.patients.loc[["P002", "P003", "P006"]])
    data = load_patient(cohort, "P002", slides=False)
    viewer.layers.clear()
    open_in(viewer, data.scans[0], data.segmentations[0])
    maps = texture_maps(
        data.scans[0], data.segmentations[0], families=["firstorder"], features=["Mean"], label=3
    )
    show_maps(viewer, maps)
    session_of(viewer).cohort = cohort
    dock = HabitatsDock(viewer)
    qtbot.addWidget(dock)
    dock.form.values = {"n": 2, "edge_mm": 2.0}
    with qtbot.waitSignal(dock.runner.ended, timeout=60_000):
        dock.learn()
    assert dock.message.startswith("Learned 2 habitats from 2 scans.")  # P006 has no CT
    model = dock.models.chosen
    assert (model.within, model.preparation.edge_mm) == ("cohort", 2.0)
    run(dock, qtbot)
    expected = find_habitats(maps, data.segmentations[0], label=3, model=model)
    np.testing.assert_array_equal(object_of(dock.layer).labels, expected.labels)


def test_what_lacks_is_said(dock, viewer, qtbot):
    dock.maps.list.checked = []
    dock.start()
    assert dock.message.startswith("No map is ticked.")
    for layer in [x for x in viewer.layers if x.name not in ("chest", "expert")]:
        viewer.layers.remove(layer)
    dock.start()
    assert dock.message.startswith("There are no maps.")


def test_a_segmentation_on_another_grid_is_said(dock, viewer, qtbot):
    other = Geometry((12, 14, 8), (1.0, 1.0, 1.0))
    labels = np.zeros(other.shape, np.uint8)
    labels[2:5, 2:5, 2:5] = 1
    (layer,) = open_in(viewer, Segmentation(labels, other, name="elsewhere"))
    dock.region.layer = layer
    run(dock, qtbot)
    assert "Resample" in dock.message


def test_habitats_are_no_docks_region_by_themselves_and_nothing_covers_them(qtbot):
    viewer = ViewerModel()
    open_in(viewer, scan_of(), region_of())
    viewer.dims.set_point(0, 12)
    texture = TextureDock(viewer)
    qtbot.addWidget(texture)
    with qtbot.waitExposed(texture):
        texture.show()
    texture.features.chosen = ("firstorder_Mean", "firstorder_Range")
    with qtbot.waitSignal(texture.runner.ended, timeout=60_000):
        texture.start()
    texture.form.values = {"kernel_radius": 2}  # other settings: a preview lies on the map
    qtbot.waitUntil(lambda: any(map(is_preview, viewer.layers)), timeout=20_000)
    habitats, features = HabitatsDock(viewer), RegionFeaturesDock(viewer)
    for other in (habitats, features):
        qtbot.addWidget(other)
    run(habitats, qtbot)
    found = habitats.layer
    qtbot.wait(400)  # both docks have looked at what came
    viewer.layers.selection.active = found
    viewer.dims.set_point(0, 8)
    qtbot.wait(400)
    assert [x.name for x in viewer.layers if x.visible] == ["chest", found.name]
    for combo in (texture.region, features.over.region):
        assert combo.currentText() == "expert"
    late = RegionInputs(viewer)  # a dock that is opened now
    qtbot.addWidget(late)
    assert late.region.currentText() == "expert"
    texture.form.values = {"kernel_radius": 1}  # the person asks for texture again
    qtbot.waitUntil(lambda: any(map(maps_of, (x for x in viewer.layers if x.visible))))
    texture.form.values = {"kernel_radius": 3}
    qtbot.waitUntil(lambda: any(is_preview(x) and x.visible for x in viewer.layers))
    late.region.layer = found  # only by hand
    assert late.region.layer is found


def test_without_its_region_no_habitat_takes_its_place(dock, viewer, qtbot):
    run(dock, qtbot)
    over = RegionInputs(viewer)
    qtbot.addWidget(over)
    viewer.layers.remove(viewer.layers["expert"])
    assert over.region.layer is None
    with pytest.raises(InputError, match="no segmentation"):
        over.layers()
