"""Names, colors, locks and visibility of labels on a layer, and what of it is to be saved."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.segmentation import Code, Label, Segmentation
from napari_radiogenomics.errors import InputError
from napari_radiogenomics.gui.layers.edits import is_edited, is_unsaved, mark_saved, object_of
from napari_radiogenomics.gui.layers.keys import PASSING, SOURCE
from napari_radiogenomics.gui.layers.layers import layers_of
from napari_radiogenomics.gui.segment.regions import (
    add_label,
    adopt,
    delete_label,
    entries,
    new_segmentation,
    recolor,
    rename,
    restore_erased,
    set_hidden,
    set_locked,
)

GRID = Geometry((6, 5, 4), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0), (0, 1, 0, 1, 0, 0, 0, 0, 1))
EDEMA = Code("79654002", "SCT", "Edema")


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1:3, 1:4, 1:3], labels[1:3, 1:4, 3:5] = 1, 4
    scheme = (Label(1, "core", (255, 0, 0)), Label(4, "edema", (0, 255, 0), type=EDEMA))
    scan = Image(np.zeros(GRID.shape, np.float32), GRID, "", "FLAIR", metadata={"scan_id": "S1"})
    drawn = Segmentation(labels, GRID, scheme, name="expert", metadata={"scan_id": "S1"})
    for data, settings, kind in layers_of([scan, drawn]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer.layers["expert"]


def names(layer):
    return {e.label.value: e.label.name for e in entries(layer)}


def shown_color(layer, value):
    return tuple(np.round(layer.get_color(value) * 255).astype(int)[:3])


def test_the_scheme_of_the_file_is_what_is_listed(layer):
    assert names(layer) == {1: "core", 4: "edema"}
    assert [e.label.color for e in entries(layer)] == [(255, 0, 0), (0, 255, 0)]
    assert all(e.drawn and e.visible and not e.locked for e in entries(layer))


def test_a_name_and_a_color_are_written_to_scheme_table_and_screen(viewer, layer):
    rename(viewer, layer, 4, " infiltration ")
    recolor(viewer, layer, 4, (10, 20, 30))
    saved = object_of(layer)
    assert saved["infiltration"].color == (10, 20, 30)
    assert saved["infiltration"].type == EDEMA  # its code stays
    assert layer.features.set_index("index")["name"].to_dict()[4] == "infiltration"
    assert shown_color(layer, 4) == (10, 20, 30)
    assert shown_color(layer, 1) == (255, 0, 0)
    np.testing.assert_array_equal(saved.labels, layer.metadata[SOURCE].labels)


def test_a_new_name_is_kept_and_unsaved_until_it_is_written(viewer, layer):
    assert not is_edited(layer)
    rename(viewer, layer, 1, "necrosis")
    assert is_edited(layer)
    assert is_unsaved(layer)
    mark_saved(layer.metadata, object_of(layer))
    assert not is_unsaved(layer)
    assert is_edited(layer)  # the file it is read from has the old name


@pytest.mark.parametrize(("name", "told"), [("", "needs a name"), ("core", "called")])
def test_names_are_not_empty_and_not_given_twice(viewer, layer, name, told):
    with pytest.raises(InputError, match=told):
        rename(viewer, layer, 4, name)


def test_an_added_label_is_free_named_and_drawn_with(viewer, layer):
    first, second = add_label(viewer, layer), add_label(viewer, layer, "cyst")
    assert (first.value, second.value) == (2, 3)
    assert names(layer) == {1: "core", 2: "label 2", 3: "cyst", 4: "edema"}
    assert layer.selected_label == 3
    layer.data_setitem((np.array([0]),) * 3, 3)
    assert object_of(layer)["cyst"].value == 3


def test_labels_end_with_their_type(viewer, layer):
    source = layer.metadata[SOURCE]
    every = tuple(Label(value) for value in range(1, 256))
    layer.metadata[SOURCE] = Segmentation(source.labels, source.geometry, every)
    with pytest.raises(InputError, match="end at 255"):
        add_label(viewer, layer)


def test_deleting_is_one_undo_step_that_gives_the_name_back(viewer, layer):
    before = np.array(layer.data)
    count = delete_label(viewer, layer, 4)
    assert count == (before == 4).sum()
    assert names(layer) == {1: "core"}
    assert is_unsaved(layer)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    restore_erased(viewer, layer)
    assert names(layer) == {1: "core", 4: "edema"}
    assert object_of(layer)["edema"].type == EDEMA


def test_a_locked_label_is_not_deleted(viewer, layer):
    set_locked(layer, 4, True)
    with pytest.raises(InputError, match="locked"):
        delete_label(viewer, layer, 4)
    assert (layer.data == 4).any()
    assert [e.locked for e in entries(layer)] == [False, True]


def test_a_hidden_label_is_transparent_and_still_there(layer):
    set_hidden(layer, 1, True)
    assert layer.get_color(1)[3] == 0
    assert layer.get_color(4)[3] == 1
    assert [e.visible for e in entries(layer)] == [False, True]
    set_hidden(layer, 1, False)
    assert layer.get_color(1)[3] == 1


def test_a_layer_of_napari_gets_the_grid_of_the_scan_it_lies_on(viewer, layer):
    scan = viewer.layers["FLAIR"]
    plain = viewer.add_labels(
        np.zeros(scan.data.shape, np.uint8), name="mine", scale=scan.scale, translate=scan.translate
    )
    plain.data[2, 1, 1] = 7
    adopt(plain, viewer.layers)
    assert names(plain) == {7: "label 7"}
    assert is_unsaved(plain)
    saved = object_of(plain)
    assert saved.geometry == GRID
    assert saved.metadata["scan_id"] == "S1"
    assert int((saved.labels == 7).sum()) == 1


def test_a_new_segmentation_is_empty_on_the_grid_of_the_scan(viewer, layer):
    made = new_segmentation(viewer, viewer.layers["FLAIR"])
    assert viewer.layers.selection.active is made
    assert not made.data.any()
    assert names(made) == {1: "tumour"}
    assert object_of(made).geometry == GRID
    assert not is_unsaved(made)


def test_overlapping_regions_keep_to_their_layers(viewer):
    masks = np.zeros((2, *GRID.shape), bool)
    masks[0, 1:3, 1:4], masks[1, 1:3, 2:5] = True, True
    scheme = (Label(1, "tumour"), Label(2, "vessel"))
    both = Segmentation.from_masks(masks, GRID, scheme, name="both")
    for data, settings, kind in layers_of([both]):
        getattr(viewer, f"add_{kind}")(data, **settings)
    one, two = viewer.layers
    assert (names(one), names(two)) == ({1: "tumour"}, {2: "vessel"})
    rename(viewer, one, 1, "lesion")
    added = add_label(viewer, two, "nerve")
    assert (names(one), names(two)) == ({1: "lesion"}, {2: "vessel", added.value: "nerve"})
    assert one.metadata[SOURCE] is two.metadata[SOURCE]


def test_what_is_there_for_the_moment_is_never_unsaved(viewer, layer):
    passing = viewer.add_labels(np.ones(layer.data.shape, np.uint8), metadata={PASSING: "preview"})
    assert not is_unsaved(passing)
    assert not is_edited(passing)
