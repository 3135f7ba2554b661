"""Layers in LPS mm, and the way back to the true grid."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from npe2 import PluginManager

from napari_radiogenomics.data.geometry import Geometry
from napari_radiogenomics.data.image import Image
from napari_radiogenomics.data.samples import Samples
from napari_radiogenomics.data.segmentation import Label, Segmentation
from napari_radiogenomics.data.slide import Slide
from napari_radiogenomics.errors import GeometryError, InputError
from napari_radiogenomics.gui.layers.edits import (
    Edits,
    is_edited,
    is_unsaved,
    mark_saved,
    object_of,
)
from napari_radiogenomics.gui.layers.keys import AXES, SOURCE
from napari_radiogenomics.gui.layers.layers import (
    contrast_limits,
    image_layers,
    label_features,
    layers_of,
    segmentation_layers,
)
from napari_radiogenomics.io.files import read, write

SIZE, SPACING, ORIGIN = (5, 4, 3), (0.7, 1.1, 4.0), (-12.5, 33.0, 101.0)


def orientations():
    """All 48 permutations and flips of three axes."""
    for axes, signs in itertools.product(
        itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)
    ):
        matrix = np.zeros((3, 3))
        matrix[axes, range(3)] = signs
        yield Geometry(SIZE, SPACING, ORIGIN, tuple(matrix.ravel()))


def oblique():
    angle = np.radians(20)
    matrix = [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    return Geometry((12, 11, 6), (1.0, 1.0, 3.0), ORIGIN, tuple(np.ravel(matrix)))


def scan(geometry, **more):
    rng = np.random.default_rng(0)
    return Image(rng.normal(100, 20, geometry.shape).astype(np.float32), geometry, **more)


def tumour(geometry):
    labels = np.zeros(geometry.shape, np.uint8)
    labels[1:, 1:3, 1:3] = 1
    labels[0, 0, 0] = 4
    scheme = (Label(1, "enhancing", (255, 0, 0)), Label(4, "oedema", (0, 128, 255)))
    return Segmentation(labels, geometry, scheme, name="tumour")


def add(viewer, layers):
    from napari.layers import Layer

    return [viewer.add_layer(Layer.create(*layer)) for layer in layers]


@pytest.fixture(autouse=True, scope="module")
def _plugins():
    PluginManager.instance().discover()


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.mark.parametrize("geometry", orientations(), ids=lambda g: g.orientation)
def test_voxels_stand_at_their_lps_place(viewer, geometry):
    image = scan(geometry)
    (layer,) = add(viewer, image_layers(image))
    index = (3, 1, 2)  # i, j, k
    x, y, z = geometry.index_to_world(index)
    voxel = tuple(round(v) for v in layer.world_to_data((z, y, x)))
    assert layer.data[voxel] == image.array[index[::-1]]
    assert layer.axis_labels == AXES
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 3


@pytest.mark.parametrize("geometry", orientations(), ids=lambda g: g.orientation)
def test_an_edit_comes_back_on_the_true_grid_through_a_file(viewer, geometry, tmp_path):
    drawn = tumour(geometry)
    (layer,) = add(viewer, segmentation_layers(drawn))
    index = (4, 0, 1)
    x, y, z = geometry.index_to_world(index)
    place = tuple(np.array([round(v)]) for v in layer.world_to_data((z, y, x)))
    layer.data_setitem(place, 1)
    path = tmp_path / "tumour.nrrd"
    layer.save(str(path), plugin="napari-radiogenomics")
    back = read(path)
    expected = drawn.labels.copy()
    expected[index[::-1]] = 1
    np.testing.assert_array_equal(back.labels, expected)
    assert back.geometry.same_grid(geometry)
    np.testing.assert_allclose(back.geometry.affine, geometry.affine, atol=1e-6)
    assert [label.name for label in back.scheme] == ["enhancing", "oedema"]


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "mha"])
def test_an_oblique_scan_is_saved_untouched(viewer, tmp_path, ending):
    geometry = oblique()
    image, drawn = scan(geometry, name="t1"), tumour(geometry)
    layers = add(viewer, layers_of([image, drawn]))
    for layer, kind, array in zip(
        layers, ["image", "segmentation"], [image.array, drawn.labels], strict=True
    ):
        path = tmp_path / f"{layer.name}.{ending}"
        layer.save(str(path), plugin="napari-radiogenomics")
        back = read(path, kind)
        assert back.geometry.same_grid(geometry)
        np.testing.assert_array_equal(back.array if kind == "image" else back.labels, array)


def test_an_edit_on_an_oblique_scan_changes_only_voxels_there(viewer):
    drawn = tumour(oblique())
    (layer,) = add(viewer, segmentation_layers(drawn))
    place = np.argwhere(layer.data == 0)[layer.data.size // 3]
    layer.data_setitem(tuple(np.array([v]) for v in place), 4)
    after = object_of(layer)
    changed = np.argwhere(after.labels != drawn.labels)
    world = np.asarray(layer.data_to_world(place))[::-1]
    for k, j, i in changed:
        distance = np.abs(drawn.geometry.index_to_world((i, j, k)) - world)
        assert (distance <= np.array(layer.scale)[::-1] * 0.51).all()


def test_painting_does_not_reach_the_source(viewer):
    drawn = tumour(next(orientations()))
    before = drawn.labels.copy()
    (layer,) = add(viewer, segmentation_layers(drawn))
    layer.data_setitem((np.array([0]), np.array([0]), np.array([1])), 1)
    np.testing.assert_array_equal(drawn.labels, before)


def test_labels_have_names_volumes_and_colors_by_value(viewer):
    drawn = tumour(next(orientations()))
    (layer,) = add(viewer, segmentation_layers(drawn))
    table = layer.features.set_index("index")
    assert table.loc[4, "name"] == "oedema"
    assert table.loc[1, "volume_mL"] == pytest.approx(drawn.volume_ml(1), abs=1e-3)
    z, y, x = np.argwhere(layer.data == 4)[0]
    place = layer.data_to_world((z, y, x))
    viewer.dims.set_point(0, place[0])
    status = layer.get_status(place, world=True)
    assert "oedema" in status["coordinates"]
    np.testing.assert_allclose(layer.get_color(4), (0, 128 / 255, 1, 1), atol=1e-3)


def test_a_label_without_voxels_has_no_volume_and_background_none():
    geometry = Geometry((2, 2, 1))
    table = label_features(np.zeros((1, 2, 2), np.uint8), geometry, [Label(3, "core")])
    assert table["volume_mL"].tolist()[1] == 0
    assert np.isnan(table["volume_mL"][0])


def test_overlapping_regions_become_layers_and_come_back_whole(viewer, tmp_path):
    geometry = Geometry((6, 5, 4))
    masks = np.zeros((2, *geometry.shape), bool)
    masks[0, 1:3, 1:4, 1:4] = True
    masks[1, 2:4, 2:5, 2:5] = True
    drawn = Segmentation.from_masks(masks, geometry, (Label(1, "liver"), Label(2, "lesion")))
    liver, lesion = add(viewer, segmentation_layers(drawn))
    assert (liver.features["name"].tolist()[1:], lesion.features["name"].tolist()[1:]) == (
        ["liver"],
        ["lesion"],
    )
    lesion.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    lesion.save(str(tmp_path / "lesion.nii.gz"), plugin="napari-radiogenomics")
    alone = read(tmp_path / "lesion.nii.gz", "segmentation")
    assert alone.present == (2,)
    assert alone.mask(2).sum() == masks[1].sum() + 1


def test_channels_become_layers_and_time_a_slider(viewer):
    geometry = Geometry(SIZE, SPACING)
    array = np.random.default_rng(0).normal(size=(3, *geometry.shape)).astype(np.float32)
    channels = Image(
        array, geometry, name="MR", fourth_axis="channel", fourth_labels=("T1", "T2", "FLAIR")
    )
    layers = add(viewer, image_layers(channels))
    assert [layer.name for layer in layers] == ["MR T1", "MR T2", "MR FLAIR"]
    assert [layer.visible for layer in layers] == [True, False, False]
    np.testing.assert_array_equal(layers[2].metadata[SOURCE].array, array[2])
    (series,) = add(viewer, image_layers(replace(channels, fourth_axis="time", fourth_labels=())))
    assert series.axis_labels == ("time", *AXES)
    assert viewer.dims.axis_labels == ("time", *AXES)
    np.testing.assert_allclose(series.extent.world[:, 1:], layers[0].extent.world)
    assert len(image_layers(channels, fourth_axis="slider")) == 1


def test_windows_are_in_hu_for_ct_only():
    geometry = Geometry(SIZE)
    ct = scan(geometry, unit="HU")
    assert contrast_limits(ct) == (-160.0, 240.0)
    assert contrast_limits(ct, "bone") == (-100.0, 900.0)
    asked = replace(ct, metadata={"window": (-500.0, 1400.0)})
    assert contrast_limits(asked) == (-1200.0, 200.0)
    mr = scan(geometry)
    low, high = contrast_limits(mr, "lung")
    assert mr.array.min() <= low < high <= mr.array.max()
    with pytest.raises(InputError, match='Did you mean "brain"'):
        contrast_limits(ct, "brian")


def test_scans_lie_below_regions_and_only_the_first_is_seen():
    geometry = Geometry(SIZE)
    overlay = replace(scan(geometry, name="Entropy"), modality="map", unit="bits")
    objects = [overlay, tumour(geometry), scan(geometry, name="T1"), scan(geometry, name="T2")]
    layers = layers_of(objects)
    assert [settings["name"] for _, settings, _ in layers] == ["T1", "T2", "tumour", "Entropy"]
    assert [settings.get("visible", True) for _, settings, _ in layers] == [True, False, True, True]


def test_regions_of_a_hidden_scan_are_hidden_with_it():
    here, there, nowhere = Geometry(SIZE), Geometry(SIZE, SPACING), Geometry(SIZE, (9.0, 9.0, 9.0))
    scans = [scan(here, name="T1"), scan(there, name="CT")]
    layers = layers_of([*scans, *(tumour(grid) for grid in (here, there, nowhere))])
    seen = [settings["visible"] for _, settings, _ in layers]
    assert seen == [True, False, True, False, True]


def test_labels_added_by_hand_on_a_scan_get_its_true_grid(viewer):
    geometry = list(orientations())[17]
    (layer,) = add(viewer, image_layers(scan(geometry)))
    drawn = Labels(np.zeros(layer.data.shape, int), scale=layer.scale, translate=layer.translate)
    drawn.data[2, 1, 0] = 7
    mine = object_of(drawn, [layer])
    assert mine.geometry.same_grid(geometry)
    i, j, k = np.argwhere(mine.labels == 7)[0][::-1]
    np.testing.assert_allclose(
        mine.geometry.index_to_world((i, j, k))[::-1], drawn.data_to_world((2, 1, 0))
    )


def test_foreign_layers_keep_their_scale_and_rotated_ones_are_refused(viewer):
    flat = viewer.add_image(np.zeros((4, 5)), scale=(2, 3))
    assert object_of(flat).geometry.spacing == (3.0, 2.0, 1.0)
    turned = viewer.add_image(np.zeros((3, 4, 5)), rotate=30)
    with pytest.raises(GeometryError, match="rotated"):
        object_of(turned)
    with pytest.raises(InputError, match="points layer"):
        object_of(viewer.add_points([[0, 0, 0]]))


def test_an_image_that_was_changed_in_napari_is_saved_as_changed(viewer, tmp_path):
    geometry = list(orientations())[9]
    (layer,) = add(viewer, image_layers(scan(geometry)))
    layer.data = layer.data + 1
    path = write(object_of(layer), tmp_path / "plus.nrrd")
    np.testing.assert_allclose(read(path, "image").array, scan(geometry).array + 1, rtol=1e-6)


def test_edits_are_kept_with_the_layer_and_saving_clears_the_flag(viewer):
    geometry = Geometry(SIZE, SPACING)
    ct, labels = loaded = add(viewer, layers_of([scan(geometry), tumour(geometry)]))
    edits, heard, visit = Edits(), [], ("P1", "")
    edits.changed.connect(lambda: heard.append(edits.unsaved()))
    assert edits.keep(visit, loaded, loaded=loaded) == []
    labels.data_setitem((np.array([0]), np.array([1]), np.array([1])), 4)
    mine = viewer.add_points([[0, 0, 0]])
    assert edits.keep(visit, [ct, labels, mine], loaded=loaded) == [labels, mine]
    assert edits.unsaved() == {"P1"}
    assert edits.kept(visit) == [labels, mine]
    mark_saved(labels.metadata, object_of(labels))
    assert (is_edited(labels), is_unsaved(labels)) == (True, False)
    assert edits.keep(visit, loaded, loaded=loaded) == [labels]
    assert edits.unsaved() == frozenset()
    labels.undo()
    assert (is_edited(labels), is_unsaved(labels)) == (False, True)
    assert heard[-1] == frozenset()


def slide(name, size=(30, 40)):
    levels = tuple(np.zeros((size[0] >> n, size[1] >> n, 3), np.uint8) for n in range(2))
    return Slide(levels, (500.0, 500.0), stain="H&E", name=name)


def test_slides_lie_in_a_row_beyond_the_scan_and_above_it_in_order(viewer):
    for geometry in (list(orientations())[21], oblique()):
        viewer.layers.clear()
        layers = add(viewer, layers_of([slide("one"), slide("two"), scan(geometry, name="CT")]))
        assert [layer.name for layer in layers[1:]] == [
            f"{name} (H&E, beside the scan)" for name in ("one", "two")
        ]
        right = [layer.extent.world[1, -1] for layer in layers]
        left = [layer.extent.world[0, -1] for layer in layers]
        assert left[1] > right[0] + 5
        assert left[2] > right[1] + 5
        assert right[1] - left[1] == pytest.approx(39 * 0.5)  # between the middles of pixels


def test_a_slide_alone_is_beside_nothing(viewer):
    (layer,) = add(viewer, layers_of([slide("one")]))
    assert layer.name == "one (H&E)"
    np.testing.assert_allclose(layer.translate, 0)


def test_a_slice_without_biopsies_shows_none(opengl, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    grid = Geometry((40, 40, 12), (2.0, 2.0, 5.0), (-40.0, -40.0, 0.0))
    table = pd.DataFrame(
        {"sample_id": ["S1"], "patient_id": ["P1"], "x": [12.0], "y": [9.0], "z": [50.0]}
        | {"kind": "biopsy", "coord_system": "LPS", "unit": "mm", "precision": "point"}
    )
    biopsies = Samples.from_table(table)
    layers = add(viewer, layers_of([scan(grid), biopsies]))
    points = layers[1]

    def drawn(z):
        viewer.dims.set_point(0, z)
        points.visible = True
        with_points = viewer.screenshot(flash=False)
        points.visible = False
        return int((with_points != viewer.screenshot(flash=False)).any(axis=-1).sum())

    assert drawn(50.0) > 0
    assert drawn(5.0) == 0
